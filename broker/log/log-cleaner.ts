/**
 * The log cleaner: picks the dirtiest log of those whose topic is compacted, has it compacted, puts the new segments in place
 * and writes down how far it came. One after another, as many at a time as `log.cleaner.threads`; when nothing needs it,
 * it looks again after `log.cleaner.backoff.ms`. A log that cannot be compacted is left alone until the broker starts anew.
 */
import { isCompacted } from './log-config.ts';
import type { CleanerExecutor } from './cleaner-thread.ts';
import { FileSystemError } from './file.ts';
import { dirtyRatio } from './log-cleaning.ts';
import type { CleanableLog } from './log-cleaning.ts';
import type { LogDir } from './log-dir.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Clock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Scheduler } from './scheduler.ts';
import type { CleanJob, CleanResult } from './segment-cleaner.ts';
import { StorageError } from './storage-error.ts';

export interface CleanerConfig {
  /** `log.cleaner.enable`. */
  readonly enabled: boolean;
  readonly threads: number;
  readonly dedupeBufferBytes: number;
  readonly dedupeLoadFactor: number;
  readonly ioBytesPerSecondMax: number;
  readonly backoffMs: number;
}

export const defaultCleanerConfig: CleanerConfig = {
  enabled: true,
  threads: 1,
  dedupeBufferBytes: 134_217_728,
  dedupeLoadFactor: 0.9,
  ioBytesPerSecondMax: Number.MAX_VALUE,
  backoffMs: 15_000,
};

export interface CleanerHost {
  readonly dirs: readonly LogDir[];
  /** By name: `topic-partition`. */
  readonly logs: ReadonlyMap<string, PartitionLog>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  makeExecutor(): CleanerExecutor;
  failDir(dir: LogDir, error: Error, message: string): void;
}

interface Choice {
  readonly name: string;
  readonly log: PartitionLog;
  readonly cleanable: CleanableLog;
}

export class LogCleaner {
  private readonly host: CleanerHost;
  private config: CleanerConfig;
  /** Where the last compaction of each log ended, by name. */
  private readonly checkpoints = new Map<string, number>();
  private readonly busy = new Set<PartitionLog>();
  private readonly uncleanable = new WeakSet<PartitionLog>();
  private readonly executors: CleanerExecutor[] = [];
  private readonly idle: CleanerExecutor[] = [];
  private readonly running = new Set<Promise<void>>();
  private cancelLook = (): void => undefined;
  private looking: Promise<void> | null = null;
  private stopped = true;

  constructor(host: CleanerHost, config: CleanerConfig) {
    this.host = host;
    this.config = config;
  }

  /** Takes over what the directories know of earlier compactions. */
  restore(checkpoints: ReadonlyMap<string, number>): void {
    for (const [name, offset] of checkpoints) this.checkpoints.set(name, offset);
  }

  start(): void {
    if (!this.config.enabled || this.config.threads < 1) return;
    this.stopped = false;
    this.lookAfter(this.config.backoffMs);
  }

  /** `log.cleaner.*` settings changed at run time. */
  reconfigure(config: CleanerConfig): void {
    const before = this.config;
    this.config = config;
    if (!this.stopped && config.backoffMs < before.backoffMs) this.lookAfter(config.backoffMs);
  }

  /** Compaction ends, where it is: what is not in place yet is dropped. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelLook();
    await Promise.all(this.executors.splice(0).map((executor) => executor.close()));
    await this.looking;
    await Promise.all(this.running);
  }

  /** The log was deleted, or its history was replaced from `offset` on. */
  forget(name: string, offset = 0): void {
    const known = this.checkpoints.get(name);
    if (known === undefined || known <= offset) return;
    if (offset > 0) this.checkpoints.set(name, offset);
    else this.checkpoints.delete(name);
  }

  /** Where the last compaction of a log ended, null when there was none. */
  checkpointOf(name: string): number | null {
    return this.checkpoints.get(name) ?? null;
  }

  private lookAfter(delayMs: number): void {
    this.cancelLook();
    this.cancelLook = this.host.scheduler.after(delayMs, () => {
      this.looking ??= this.look().finally(() => (this.looking = null));
    });
  }

  /** Gives idle threads work while there is any. */
  private async look(): Promise<void> {
    while (!this.stopped && this.running.size < this.config.threads) {
      const choice = await this.choose();
      if (choice === null || this.stopped) break;
      this.busy.add(choice.log);
      const run: Promise<void> = this.clean(choice).finally(() => {
        this.busy.delete(choice.log);
        this.running.delete(run);
        if (!this.stopped) this.lookAfter(0);
      });
      this.running.add(run);
    }
    if (!this.stopped && this.running.size === 0) this.lookAfter(this.config.backoffMs);
  }

  /** The dirtiest log that is due. */
  private async choose(): Promise<Choice | null> {
    let best: Choice | null = null;
    for (const [name, log] of [...this.host.logs]) {
      if (!isCompacted(log.config) || !log.isOnline || this.busy.has(log) || this.uncleanable.has(log)) continue;
      try {
        const cleanable = await log.cleanable(this.checkpointOf(name), this.host.clock.wallMs());
        const ratio = dirtyRatio(cleanable);
        const due = cleanable.cleanableBytes > 0 && (cleanable.overdue || ratio > log.config.minCleanableDirtyRatio);
        if (due && (best === null || ratio > dirtyRatio(best.cleanable))) best = { name, log, cleanable };
      } catch (error) {
        this.failed(log, name, error);
      }
    }
    return best;
  }

  /** Compacts every log that is due, one after the other. For tests and tools; returns how many. */
  async cleanNow(): Promise<number> {
    let count = 0;
    for (let choice = await this.choose(); choice !== null; choice = await this.choose()) {
      await this.clean(choice);
      count++;
    }
    return count;
  }

  private async clean({ name, log, cleanable }: Choice): Promise<void> {
    const { host, config } = this;
    const executor = this.idle.pop() ?? this.addExecutor();
    const startedMs = host.clock.monotonicMs();
    const job: CleanJob = {
      name,
      directory: log.directory,
      segments: cleanable.segments.map(({ baseOffset, size, modifiedMs }) => ({ baseOffset, size, modifiedMs })),
      firstDirtyOffset: cleanable.firstDirtyOffset,
      firstUncleanableOffset: cleanable.firstUncleanableOffset,
      nowMs: host.clock.wallMs(),
      deleteRetentionMs: log.config.deleteRetentionMs,
      segmentBytes: log.config.segmentBytes,
      indexIntervalBytes: log.config.indexIntervalBytes,
      dedupeBufferBytes: Math.floor(config.dedupeBufferBytes / Math.max(1, config.threads)),
      dedupeLoadFactor: config.dedupeLoadFactor,
      bytesPerSecondMax: config.ioBytesPerSecondMax,
      producers: log.lastOfProducers(),
    };
    const sizes = new Map(cleanable.segments.map((segment) => [segment, segment.size] as const));
    try {
      const result = await executor.clean(job);
      if (this.host.logs.get(name) !== log) return;
      if (!(await log.replaceSegments(cleanable.segments, sizes, result))) return;
      this.checkpoints.set(name, result.endOffset);
      await this.writeCheckpoint(log.logDir);
      host.logger.info(summaryOf(job, result, host.clock.monotonicMs() - startedMs));
    } catch (error) {
      // A thread that was ended by the stop leaves its work undone; the next start drops it.
      if (!this.stopped || error instanceof StorageError) this.failed(log, name, error);
    } finally {
      if (this.executors.includes(executor)) this.idle.push(executor);
    }
  }

  private addExecutor(): CleanerExecutor {
    const executor = this.host.makeExecutor();
    this.executors.push(executor);
    return executor;
  }

  private failed(log: PartitionLog, name: string, error: unknown): void {
    const { host } = this;
    if (error instanceof StorageError || !log.isOnline || host.logs.get(name) !== log) return; // reported, or gone meanwhile
    const reason = error instanceof Error ? error : new Error(String(error));
    const dir = host.dirs.find((each) => each.path === log.logDir);
    if (reason instanceof FileSystemError && dir !== undefined) {
      host.failDir(dir, reason, `Failed to clean up log for ${name} in dir ${log.logDir} due to IOException`);
      return;
    }
    this.uncleanable.add(log);
    host.logger.warn(
      `Unexpected exception thrown when cleaning log ${name}: ${reason.message}. Marking its partition (${name}) as uncleanable`,
      { error: reason },
    );
  }

  private async writeCheckpoint(directory: string): Promise<void> {
    const { host } = this;
    const dir = host.dirs.find((each) => each.path === directory);
    if (dir === undefined || !dir.online) return;
    const offsets = new Map<string, number>();
    for (const [name, offset] of this.checkpoints) {
      if (host.logs.get(name)?.logDir === directory) offsets.set(name, offset);
    }
    await dir.writeCleanerOffsets(offsets);
  }
}

function summaryOf(job: CleanJob, result: CleanResult, ms: number): string {
  const saved = result.bytesRead === 0 ? 0 : 100 * (1 - result.bytesKept / result.bytesRead);
  const keyless = result.keyless === 0 ? '' : `, ${result.keyless} records without a key dropped`;
  return (
    `Cleaned log ${job.name} (dirty section = [${job.firstDirtyOffset}, ${result.endOffset}]) in ${Math.round(ms)} ms: ` +
    `${result.recordsRead} records became ${result.recordsKept}, ${result.bytesRead} bytes ${result.bytesKept} ` +
    `(${saved.toFixed(1)}% size reduction), ${result.keyCount} keys${keyless}`
  );
}
