/**
 * The log directories of a broker, and which partition's log is in which: known from the moment it is decided, so that two that are
 * made at once don't count the same directory as the emptiest. Names are `topic-partition`. What lies in a directory is `log-dir.ts`.
 */
import path from 'node:path';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { FileSystemError } from './file.ts';
import type { FileSystem } from './file.ts';
import { LogDir, LogStartError } from './log-dir.ts';
import type { BrokerIdentity } from './log-dir.ts';

export class LogDirs {
  readonly all: readonly LogDir[];
  private readonly homes = new Map<string, LogDir>();
  /** Where partitions that are not here yet are to be made. */
  private readonly preferred = new Map<string, LogDir>();

  constructor(paths: readonly string[], fileSystem: FileSystem, logger: Logger) {
    this.all = paths.map((directory) => new LogDir(directory, fileSystem, logger));
  }

  get online(): readonly LogDir[] {
    return this.all.filter((dir) => dir.online);
  }

  get livePaths(): readonly string[] {
    return this.online.map((dir) => dir.path);
  }

  get offlinePaths(): readonly string[] {
    return this.all.filter((dir) => !dir.online).map((dir) => dir.path);
  }

  find(directory: string): LogDir | undefined {
    return this.all.find((dir) => dir.path === directory);
  }

  /** Locks each directory and checks whose it is; one that cannot be used is `failed`. Throws `LogStartError` when none is left. */
  async acquire(identity: BrokerIdentity, nowMs: () => number, failed: (dir: LogDir, error: FileSystemError, message: string) => void): Promise<void> {
    const paths = this.all.map((dir) => dir.path);
    if (new Set(paths).size < paths.length) {
      throw new LogStartError('org.apache.kafka.common.KafkaException', `Duplicate log directory found: ${paths.join(', ')}`);
    }
    for (const dir of this.all) {
      try {
        await dir.acquire();
        await dir.claim(identity, nowMs());
        await dir.takeCleanShutdown();
      } catch (error) {
        if (!(error instanceof FileSystemError)) throw error;
        failed(dir, error, `Failed to create or validate data directory ${dir.path}`);
      }
    }
    this.requireOne(`none of the specified log dirs from ${paths.join(', ')} can be created or validated`);
  }

  /** Throws `LogStartError` when no directory is left. */
  requireOne(why: string): void {
    if (this.online.length > 0) return;
    throw new LogStartError('org.apache.kafka.common.errors.KafkaStorageException', `Shutdown broker because ${why}`);
  }

  release(): void {
    for (const dir of this.all) dir.release();
  }

  /** The log was found there. Throws `LogStartError` when it was found elsewhere before. */
  foundIn(dir: LogDir, name: string): void {
    const twin = this.homes.get(name);
    if (twin !== undefined) throw duplicateDirectories(name, dir.path, twin.path);
    this.homes.set(name, dir);
  }

  movedTo(dir: LogDir, name: string): void {
    this.homes.set(name, dir);
  }

  forget(name: string): void {
    this.homes.delete(name);
  }

  /** Has a log that is not here yet made there when it comes. */
  prefer(dir: LogDir, name: string): void {
    this.preferred.set(name, dir);
  }

  /** The home of a new log: where it is preferred, else the emptiest. Undefined when no directory is left. */
  choose(name: string): LogDir | undefined {
    const preferred = this.preferred.get(name);
    this.preferred.delete(name);
    const dir = preferred?.online === true ? preferred : this.emptiest();
    if (dir !== undefined) this.homes.set(name, dir);
    return dir;
  }

  private emptiest(): LogDir | undefined {
    const counts = new Map(this.online.map((dir) => [dir, 0]));
    for (const dir of this.homes.values()) if (counts.has(dir)) counts.set(dir, counts.get(dir)! + 1);
    return [...counts].sort(([, a], [, b]) => a - b)[0]?.[0];
  }
}

/** The refusal of a partition that is in two directories. */
function duplicateDirectories(name: string, one: string, other: string): LogStartError {
  return new LogStartError(
    'java.lang.IllegalStateException',
    `Duplicate log directories for ${name} are found in both ${path.join(one, name)} and ${path.join(other, name)}. It is likely ` +
      'because log directory failure happened while broker was replacing current replica with future replica. Recover broker from this ' +
      'failure by manually deleting one of the two directories for this partition. It is recommended to delete the partition in the ' +
      'log directory that is known to have failed recently.',
  );
}
