/**
 * What happens to logs in the background: old segments are deleted, unforced records are forced to the disk, silent
 * producers are forgotten, and checkpoints are written.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { LogDir } from './log-dir.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Scheduler } from './scheduler.ts';
import { StorageError } from './storage-error.ts';

export interface UpkeepIntervals {
  /** `log.retention.check.interval.ms`. */
  readonly retentionCheckIntervalMs?: number;
  /** `log.flush.scheduler.interval.ms`: how often logs are looked at for `flush.ms`. */
  readonly flushCheckIntervalMs?: number;
  /** `log.flush.offset.checkpoint.interval.ms`. */
  readonly recoveryPointCheckpointIntervalMs?: number;
  /** `log.flush.start.offset.checkpoint.interval.ms`. */
  readonly logStartCheckpointIntervalMs?: number;
  /** `producer.id.expiration.check.interval.ms`. */
  readonly producerIdExpirationCheckIntervalMs?: number;
}

export interface UpkeepHost {
  readonly dirs: readonly LogDir[];
  /** By name: `topic-partition`. */
  readonly logs: ReadonlyMap<string, PartitionLog>;
  /** As last checkpointed, by name. */
  readonly highWatermarks: ReadonlyMap<string, number>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly intervals: UpkeepIntervals;
  failDir(dir: LogDir, error: Error, message: string): void;
}

/** Work begins a while after the start, which has enough to do. */
const FIRST_DELAY_MS = 30_000;
/** Intervals above it mean never: it is 24 days, and the longest a timer takes. */
const INTERVAL_MAX_MS = 0x7fff_ffff;

export class LogUpkeep {
  private readonly host: UpkeepHost;
  private readonly timers = new Set<() => void>();
  private readonly flushedMs = new WeakMap<PartitionLog, number>();
  private stopped = false;

  constructor(host: UpkeepHost) {
    this.host = host;
  }

  start(): void {
    const { intervals, clock } = this.host;
    this.every(intervals.retentionCheckIntervalMs ?? 300_000, async () => void (await this.applyRetention()));
    this.every(intervals.flushCheckIntervalMs ?? Number.POSITIVE_INFINITY, () => this.flushDue());
    this.every(intervals.recoveryPointCheckpointIntervalMs ?? 60_000, () => this.checkpointRecoveryPoints());
    this.every(intervals.logStartCheckpointIntervalMs ?? 60_000, () => this.checkpointLogStarts());
    this.every(intervals.producerIdExpirationCheckIntervalMs ?? 600_000, async () => {
      for (const log of this.host.logs.values()) log.removeExpiredProducers(clock.wallMs());
    });
  }

  stop(): void {
    this.stopped = true;
    for (const cancel of this.timers) cancel();
    this.timers.clear();
  }

  /** Runs `task` again and again, each time `intervalMs` after it was done. */
  private every(intervalMs: number, task: () => Promise<void>): void {
    if (intervalMs > INTERVAL_MAX_MS) return;
    const again = (delayMs: number): void => this.later(delayMs, () => task().then(() => again(intervalMs)));
    again(Math.min(intervalMs, FIRST_DELAY_MS));
  }

  /** Runs `task` once, unless everything stops before. */
  later(delayMs: number, task: () => Promise<void>): void {
    if (this.stopped) return;
    const cancel = this.host.scheduler.after(delayMs, () => {
      this.timers.delete(cancel);
      void task();
    });
    this.timers.add(cancel);
  }

  /** Applies every topic's retention now. Returns how many segments went. */
  async applyRetention(): Promise<number> {
    let count = 0;
    await this.onEachLog(async (log, name) => {
      const highWatermark = Math.max(this.host.highWatermarks.get(name) ?? log.logStartOffset, log.highWatermark);
      count += await log.deleteOldSegments(this.host.clock.wallMs(), highWatermark);
    });
    return count;
  }

  private flushDue(): Promise<void> {
    const nowMs = this.host.clock.monotonicMs();
    return this.onEachLog(async (log) => {
      if (nowMs - (this.flushedMs.get(log) ?? 0) < log.config.flushMs) return;
      this.flushedMs.set(log, nowMs);
      await log.flush();
    });
  }

  private async onEachLog(task: (log: PartitionLog, name: string) => Promise<void>): Promise<void> {
    for (const [name, log] of [...this.host.logs]) {
      if (this.host.logs.get(name) !== log || this.stopped) continue;
      try {
        await task(log, name);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error; // its directory went offline, and was reported
      }
    }
  }

  checkpointRecoveryPoints(): Promise<void> {
    return this.onEachDir((dir) => dir.writeRecoveryPoints(this.offsetsIn(dir, (log) => log.recoveryPoint)));
  }

  /** Only of logs whose start is not the start of a segment: the others can be told from the files' names. */
  checkpointLogStarts(): Promise<void> {
    const start = (log: PartitionLog): number | null =>
      log.logStartOffset > log.firstSegmentOffset ? log.logStartOffset : null;
    return this.onEachDir((dir) => dir.writeLogStarts(this.offsetsIn(dir, start)));
  }

  checkpointHighWatermarks(): Promise<void> {
    const { highWatermarks } = this.host;
    return this.onEachDir((dir) =>
      dir.writeHighWatermarks(this.offsetsIn(dir, (_, name) => highWatermarks.get(name) ?? null)),
    );
  }

  private offsetsIn(dir: LogDir, offsetOf: (log: PartitionLog, name: string) => number | null): Map<string, number> {
    const offsets = new Map<string, number>();
    for (const [name, log] of this.host.logs) {
      const offset = log.logDir === dir.path ? offsetOf(log, name) : null;
      if (offset !== null) offsets.set(name, offset);
    }
    return offsets;
  }

  /** Runs `task` for every directory that is well; one where it fails is so no longer. */
  async onEachDir(task: (dir: LogDir) => Promise<void>): Promise<void> {
    const live = this.host.dirs.filter((dir) => dir.online);
    await Promise.all(
      live.map(async (dir) => {
        try {
          await task(dir);
        } catch (error) {
          const reason = error instanceof Error ? error : new Error(String(error));
          this.host.failDir(dir, reason, `Disk error while writing checkpoints in directory ${dir.path}: ${reason.message}`);
        }
      }),
    );
  }
}

/**
 * Runs `step` for every item, at most `concurrency` at a time. The first failure is thrown when those under way are done.
 */
export async function forEachBounded<T>(
  items: readonly T[],
  concurrency: number,
  step: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      try {
        await step(items[next++]!);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
