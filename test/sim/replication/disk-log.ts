/**
 * A partition's log on a simulated disk. What was appended reaches the file a moment later; a killed broker loses what did
 * not. Epochs are found again in the batches, as a recovery does.
 */
import { LeaderEpochs } from '../../../broker/log/leader-epochs.ts';
import type { LogConfig } from '../../../broker/log/log-config.ts';
import {
  baseOffsetOf,
  batchSizeOf,
  lastOffsetDeltaOf,
  lastOffsetOf,
  maxTimestampOf,
  partitionLeaderEpochOf,
  setBaseOffset,
  setPartitionLeaderEpoch,
} from '../../../broker/records/record-batch.ts';
import type { AppendOptions, LogAppendOutcome, ReplicaLog } from '../../../broker/replication/replica-log.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';

/** What a log leaves on the disk. */
export interface DiskContent {
  batches: readonly Buffer[];
  highWatermark: number;
}

/** A batch is known by its newest timestamp: the simulation gives each one of its own. */
export const identityOf = (batch: Buffer): number => maxTimestampOf(batch, 0);

export interface DiskLogOptions {
  readonly topicId: string;
  readonly config: LogConfig;
  readonly content: DiskContent | null;
  /** Calls back when a write of this moment has reached the file. */
  readonly afterWrite: (done: () => void) => void;
  /** What is in the file now. */
  readonly saved: (batches: readonly Buffer[]) => void;
}

export class DiskLog implements ReplicaLog {
  readonly logDir = '/disk';
  readonly topicId: string;
  readonly config: LogConfig;
  readonly leaderEpochs = new LeaderEpochs();
  readonly firstUnstableOffset = null;
  readonly firstSegmentOffset = 0;
  readonly activeSegmentOffset = 0;
  readonly logStartOffset = 0;
  logEndOffset = 0;
  nextOffset = 0;
  batches: Buffer[] = [];
  /** Grows with everything that happens to the log. */
  changeCount = 0;
  private readonly options: DiskLogOptions;
  private writing: PromiseWithResolvers<void> | null = null;
  private waiting: PromiseWithResolvers<void> | null = null;

  constructor(options: DiskLogOptions) {
    this.options = options;
    this.topicId = options.topicId;
    this.config = options.config;
    for (const batch of options.content?.batches ?? []) this.place(batch);
    this.logEndOffset = this.nextOffset;
  }

  /** The records below `end`, each by its batch and its place in it. */
  *records(end: number): IterableIterator<number> {
    for (const batch of this.batches) {
      const base = baseOffsetOf(batch, 0);
      const last = lastOffsetOf(batch, 0);
      for (let offset = base; offset <= last && offset < end; offset++) yield identityOf(batch) * 8 + (offset - base);
    }
  }

  private place(batch: Buffer): void {
    this.changeCount += 1;
    this.batches.push(batch);
    this.leaderEpochs.assign(partitionLeaderEpochOf(batch, 0), baseOffsetOf(batch, 0));
    this.nextOffset = lastOffsetOf(batch, 0) + 1;
  }

  append(records: Buffer, { origin, leaderEpoch }: AppendOptions): LogAppendOutcome {
    const baseOffset = this.nextOffset;
    if (origin === 'replication') {
      for (let at = 0; at < records.length; at += batchSizeOf(records, at)) {
        const batch = Buffer.from(records.subarray(at, at + batchSizeOf(records, at)));
        if (baseOffsetOf(batch, 0) !== this.nextOffset) {
          return { ok: false, errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, message: `offset ${baseOffsetOf(batch, 0)}` };
        }
        this.place(batch);
      }
    } else {
      const batch = Buffer.from(records);
      setBaseOffset(batch, 0, baseOffset);
      setPartitionLeaderEpoch(batch, 0, leaderEpoch);
      this.place(batch);
    }
    const written = this.write();
    return { ok: true, baseOffset, lastOffset: this.nextOffset - 1, logAppendTimeMs: -1, duplicate: false, written };
  }

  private write(): Promise<void> {
    if (this.writing !== null) {
      this.waiting ??= Promise.withResolvers<void>();
      return this.waiting.promise;
    }
    const writing = (this.writing = Promise.withResolvers<void>());
    const end = this.nextOffset;
    this.options.afterWrite(() => {
      this.logEndOffset = end;
      this.changeCount += 1;
      this.options.saved(this.batches.filter((batch) => lastOffsetOf(batch, 0) < end));
      this.writing = null;
      writing.resolve();
      const next = this.waiting;
      this.waiting = null;
      if (next !== null) void this.write().then(() => next.resolve());
    });
    return writing.promise;
  }

  async settled(): Promise<void> {
    while (this.writing !== null) await this.writing.promise;
  }

  read(startOffset: number, maxBytes: number, limits: { maxOffsetExclusive: number; minOneBatch: boolean }): Buffer {
    const found: Buffer[] = [];
    let size = 0;
    const end = Math.min(limits.maxOffsetExclusive, this.logEndOffset);
    for (const batch of this.batches) {
      if (lastOffsetOf(batch, 0) < startOffset) continue;
      if (lastOffsetOf(batch, 0) >= end) break;
      if (size + batch.length > maxBytes && !(limits.minOneBatch && size === 0)) break;
      found.push(batch);
      size += batch.length;
    }
    return Buffer.concat(found);
  }

  async truncateTo(offset: number): Promise<void> {
    await this.settled();
    await new Promise<void>((resolve) => this.options.afterWrite(resolve));
    while (this.batches.length > 0 && lastOffsetOf(this.batches.at(-1)!, 0) >= offset) this.batches.pop();
    this.cut();
  }

  async restartAt(): Promise<void> {
    await this.truncateTo(0);
  }

  private cut(): void {
    this.changeCount += 1;
    const last = this.batches.at(-1);
    this.nextOffset = last === undefined ? 0 : baseOffsetOf(last, 0) + lastOffsetDeltaOf(last, 0) + 1;
    this.logEndOffset = this.nextOffset;
    this.leaderEpochs.truncateFromEnd(this.nextOffset);
    this.options.saved([...this.batches]);
  }

  offsetForTimestamp(): Promise<null> {
    return Promise.resolve(null);
  }

  offsetOfMaxTimestamp(): Promise<null> {
    return Promise.resolve(null);
  }

  advanceLogStart(): boolean {
    return false;
  }

  onHighWatermark(): void {
    // No transactions are simulated.
  }
}
