/** Logs on a disk in memory, and batches to put into them. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { FewAtATime } from '../../../broker/log/few-at-a-time.ts';
import { HandlePool } from '../../../broker/log/handle-pool.ts';
import { IndexCache } from '../../../broker/log/index-cache.ts';
import type { FileSystem } from '../../../broker/log/file.ts';
import { defaultLogConfig, logConfigFrom } from '../../../broker/log/log-config.ts';
import type { LogConfig } from '../../../broker/log/log-config.ts';
import type { LogSurroundings } from '../../../broker/log/log-state.ts';
import { TickWriter } from '../../../broker/log/log-writer.ts';
import { MemoryFileSystem } from '../../../broker/log/memory-file-system.ts';
import { PartitionLog } from '../../../broker/log/partition-log.ts';
import type { AppendOptions, PartitionLogOptions } from '../../../broker/log/partition-log.ts';
import type { Scheduler } from '../../../broker/log/scheduler.ts';
import { TailBudget } from '../../../broker/log/tail-pages.ts';
import type { TailLimits } from '../../../broker/log/tail-pages.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import type { BatchOptions } from '../../../broker/records/build-batch.ts';
import { iterateRecords } from '../../../broker/records/iterate-records.ts';
import { batchSizeOf, lastOffsetOf } from '../../../broker/records/record-batch.ts';

export const NOW_MS = 1_790_000_000_000;

/** A clock that stands still until it is told otherwise. */
export class TestClock implements Clock {
  nowMs = NOW_MS;
  wallMs(): number {
    return this.nowMs;
  }
  monotonicMs(): number {
    return this.nowMs;
  }
}

/** Timers fire when `advance` passes them; "soon" is as soon as in production. */
export class TestScheduler implements Scheduler {
  private now = 0;
  private timers: { readonly due: number; readonly task: () => void }[] = [];

  after(delayMs: number, task: () => void): () => void {
    const timer = { due: this.now + delayMs, task };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((other) => other !== timer));
  }

  soon(task: () => void): void {
    setImmediate(task);
  }

  get pending(): number {
    return this.timers.length;
  }

  advance(ms: number): void {
    this.now += ms;
    const due = this.timers.filter((timer) => timer.due <= this.now);
    this.timers = this.timers.filter((timer) => timer.due > this.now);
    for (const timer of due) timer.task();
  }
}

export class RecordingLogger implements Logger {
  readonly lines: string[] = [];
  error(message: string): void {
    this.lines.push(`ERROR ${message}`);
  }
  warn(message: string): void {
    this.lines.push(`WARN ${message}`);
  }
  info(message: string): void {
    this.lines.push(`INFO ${message}`);
  }
  debug(): void {}
}

export interface TestSurroundings extends LogSurroundings {
  readonly scheduler: TestScheduler;
  readonly clock: TestClock;
  readonly logger: RecordingLogger;
  readonly failures: Error[];
}

export function surroundings(
  fileSystem: FileSystem = new MemoryFileSystem(),
  {
    tail,
    openFilesMax = 64,
    indexCacheBytes = 1 << 20,
  }: { tail?: TailLimits; openFilesMax?: number; indexCacheBytes?: number } = {},
): TestSurroundings {
  const scheduler = new TestScheduler();
  const failures: Error[] = [];
  return {
    fileSystem,
    handles: new HandlePool(fileSystem, openFilesMax),
    indexes: new IndexCache(indexCacheBytes),
    tail: new TailBudget(tail),
    writer: new TickWriter(scheduler),
    epochWrites: new FewAtATime(2),
    scheduler,
    clock: new TestClock(),
    logger: new RecordingLogger(),
    random: () => 0.5,
    producerIdExpirationMs: 86_400_000,
    onFailure: (error) => failures.push(error),
    failures,
  };
}

export function config(overrides: Record<string, string | number> = {}): LogConfig {
  const texts = Object.entries(overrides).map(([name, value]) => [name, String(value)] as const);
  return logConfigFrom(defaultLogConfig, new Map(texts));
}

export function openLog(around: LogSurroundings, options: Partial<PartitionLogOptions> = {}): Promise<PartitionLog> {
  return PartitionLog.open({
    topic: 't',
    partition: 0,
    directory: '/logs/t-0',
    config: config(),
    surroundings: around,
    topicId: 'z1kEJjtzQFGK8QGLdNU5yA',
    ...options,
  });
}

/** A batch of records with these values, as a producer sends it. */
export function batchOf(
  values: readonly string[],
  options: BatchOptions & { timestamp?: number; key?: string } = {},
): Buffer {
  const { timestamp = NOW_MS, key, ...rest } = options;
  const records = values.map((value) => ({
    key: key === undefined ? null : Buffer.from(key),
    value: Buffer.from(value),
    timestamp,
  }));
  return buildBatch({ records, ...rest });
}

export const CLIENT: AppendOptions = { origin: 'client', leaderEpoch: 0, nowMs: NOW_MS };

/** Appends a batch, waits until it is written, and returns its base offset; throws the refusal. */
export async function put(log: PartitionLog, batch: Buffer, options: Partial<AppendOptions> = {}): Promise<number> {
  const result = log.append(batch, { ...CLIENT, ...options });
  if (!result.ok) throw new Error(`refused with ${result.errorCode}: ${result.message}`);
  await result.written;
  return result.baseOffset;
}

export interface SeenRecord {
  readonly offset: number;
  readonly value: string;
}

/** The records of whole batches, from `startOffset` on. */
export function recordsOf(batches: Buffer, startOffset = 0): SeenRecord[] {
  const seen: SeenRecord[] = [];
  for (let at = 0; at < batches.length; at += batchSizeOf(batches, at)) {
    for (const record of iterateRecords(batches, at)) {
      if (record.offset >= startOffset) seen.push({ offset: record.offset, value: String(record.value) });
    }
  }
  return seen;
}

/** Reads from `startOffset` to the end of the log, answer by answer. */
export async function readAll(log: PartitionLog, startOffset = log.logStartOffset, maxBytes = 4096): Promise<SeenRecord[]> {
  const seen: SeenRecord[] = [];
  let next = startOffset;
  while (next < log.logEndOffset) {
    const batches = await log.read(next, maxBytes, { maxOffsetExclusive: log.logEndOffset, minOneBatch: true });
    if (batches.length === 0) break;
    seen.push(...recordsOf(batches, next));
    for (let at = 0; at < batches.length; at += batchSizeOf(batches, at)) next = lastOffsetOf(batches, at) + 1;
  }
  return seen;
}
