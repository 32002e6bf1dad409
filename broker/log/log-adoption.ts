/**
 * The moment in which a log goes on with the files of its copy in another directory. It is one step of the event loop, when
 * nothing is on its way to the files: what was appended before is in both, what comes later goes to the copy's files. Then the
 * directories get their names, the new one first (a crash in between leaves two, and the next start says so), and only then
 * later appends count as written.
 */
import path from 'node:path';
import { LEADER_EPOCH_FILE, encodeEpochs } from './checkpoint-files.ts';
import type { LogState } from './log-state.ts';

/** Part of the log's chain of work. False when something was appended meanwhile that the copy does not have. */
export async function adoptCopy(state: LogState, copy: LogState, directory: string, retired: string): Promise<boolean> {
  const { fileSystem, handles } = state.surroundings;
  await copy.idle();
  await fileSystem.replaceFile(path.join(copy.directory, LEADER_EPOCH_FILE), encodeEpochs(state.epochs.entries));
  const caughtUp = state.nextOffset === state.logEndOffset && copy.logEndOffset === state.logEndOffset;
  if (!caughtUp) return false;
  const before = { segments: state.segments, directory: state.directory };
  const from = copy.directory;
  let release = (): void => undefined;
  // What is appended from here on is acknowledged when a start would find it.
  state.hold = new Promise((resolve) => (release = resolve));
  state.segments = copy.segments;
  state.snapshots = copy.snapshots;
  state.recoveryPoint = copy.recoveryPoint;
  state.directory = directory;
  state.pages.clear();
  copy.pages.clear();
  copy.closed = true;
  for (const segment of state.segments) segment.moveTo(directory);
  try {
    await handles.renameDirectory(from, directory);
    await fileSystem.syncDirectory(path.dirname(directory));
    for (const segment of before.segments) await segment.releaseFiles();
    await fileSystem.rename(before.directory, retired);
    await fileSystem.syncDirectory(path.dirname(retired));
  } finally {
    state.hold = null;
    release();
  }
  return true;
}
