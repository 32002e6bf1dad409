/** What replication needs of a partition's log. `broker/log/partition-log.ts` is the real one; tests may hand in a small one. */
import type { LeaderEpochs } from '../log/leader-epochs.ts';
import type { LogConfig } from '../log/log-config.ts';

/** Who appends: it decides what is checked. `replication` brings batches that have their offsets already. */
export type AppendOrigin = 'client' | 'coordinator' | 'replication';

export interface RecordError {
  batchIndex: number;
  batchIndexErrorMessage?: string | null;
}

export interface LogAppendOptions {
  readonly origin: AppendOrigin;
  readonly leaderEpoch: number;
  readonly nowMs: number;
}

export type LogAppendOutcome =
  | {
      readonly ok: true;
      /** Of a duplicate: the offsets that it was given when it first came. */
      readonly baseOffset: number;
      readonly lastOffset: number;
      /** -1 unless the topic stamps records with their append time. */
      readonly logAppendTimeMs: number;
      /** Resolves when the file has the bytes. One promise for all appends that travel in one write. */
      readonly written: Promise<void>;
    }
  | {
      readonly ok: false;
      readonly errorCode: number;
      readonly message: string;
      readonly recordErrors?: readonly RecordError[];
    };

export interface TimestampedOffset {
  readonly offset: number;
  readonly timestamp: number;
  readonly leaderEpoch: number;
}

export interface ReplicaLog {
  /** The log directory that holds the partition's: high watermarks are checkpointed per directory. */
  readonly logDir: string;
  readonly topicId: string;
  readonly config: LogConfig;
  readonly leaderEpochs: LeaderEpochs;
  readonly logStartOffset: number;
  /** Every record below it is in the file. */
  readonly logEndOffset: number;
  append(records: Buffer, options: LogAppendOptions): LogAppendOutcome;
  /** Whole batches, from the one that contains `startOffset`. `minOneBatch`: the first one comes even if it exceeds `maxBytes`. */
  read(
    startOffset: number,
    maxBytes: number,
    options: { readonly maxOffsetExclusive: number; readonly minOneBatch: boolean },
  ): Buffer | Promise<Buffer>;
  /** The first record stamped `timestampMs` or later. */
  offsetForTimestamp(timestampMs: number): TimestampedOffset | null | Promise<TimestampedOffset | null>;
  /** The record with the newest stamp. */
  offsetOfMaxTimestamp(): TimestampedOffset | null | Promise<TimestampedOffset | null>;
  /** Where each segment begins and when it was last written, oldest first. */
  segmentStarts(): { readonly baseOffset: number; readonly modifiedMs: number }[];
  /** Records below `offset` are gone from now on; never goes back. */
  advanceLogStart(offset: number): void;
}
