/**
 * What a run must not leave behind, however it ends: the process groups that it started and its temporary directories. A run that
 * comes to its end gives each back itself; one that fails, or is ended by a signal, does so here.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const groups = new Set<number>();
const directories = new Set<string>();

/** Has the process group killed at this process's exit, unless `groupEnded` comes first. */
export function groupStarted(group: number): void {
  groups.add(group);
}

export function groupEnded(group: number): void {
  groups.delete(group);
}

/** Signals every process of the group; says whether there was one. */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Makes a directory that is removed by `removeTemporaryDirectory`, or else at this process's exit. */
export function temporaryDirectory(prefix: string): string {
  const directory = mkdtempSync(join(tmpdir(), prefix));
  directories.add(directory);
  return directory;
}

export function removeTemporaryDirectory(directory: string): void {
  // A process that was killed a moment ago may still finish a system call that makes a file.
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  directories.delete(directory);
}

process.on('exit', () => {
  for (const group of groups) signalGroup(group, 'SIGKILL');
  for (const directory of directories) removeTemporaryDirectory(directory);
});

// By default these end the process without an `exit` event.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(128 + constants.signals[signal]));
