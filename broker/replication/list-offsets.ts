/** Finds a partition's offsets: its ends, and records by their timestamps. */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { Partition } from './partition.ts';

export const LATEST_TIMESTAMP = -1;
export const EARLIEST_TIMESTAMP = -2;
const MAX_TIMESTAMP = -3;
/** Asks any replica, leader or not: for debugging. */
export const DEBUGGING_REPLICA_ID = -2;

export interface OffsetsQuery {
  /** A follower's broker id, -1 for consumers, -2 for debugging. */
  readonly replicaId: number;
  readonly readCommitted: boolean;
  /** Of the client; -1 for no check. */
  readonly currentLeaderEpoch: number;
  /** Milliseconds since the epoch, or one of the constants above. */
  readonly timestamp: number;
}

export interface OffsetAnswer {
  readonly errorCode: number;
  readonly timestamp: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

export function noOffset(errorCode: number): OffsetAnswer {
  return { errorCode, timestamp: -1, offset: -1, leaderEpoch: -1 };
}

/**
 * Answers a query. Consumers never hear of offsets that they can't read yet; and while a new leader's high watermark
 * may still be behind what the old one had shown them, they hear OFFSET_NOT_AVAILABLE rather than an end that seems to
 * go back (KIP-207).
 */
export async function listOffset(partition: Partition, query: OffsetsQuery): Promise<OffsetAnswer> {
  const refusal = partition.checkAccess(query.currentLeaderEpoch, query.replicaId !== DEBUGGING_REPLICA_ID);
  if (refusal !== ErrorCode.NONE) return noOffset(refusal);
  const log = partition.log!;
  const isConsumer = query.replicaId === -1;
  const end = !isConsumer ? log.logEndOffset : query.readCommitted ? partition.lastStableOffset : partition.highWatermark;
  const unsure = isConsumer && partition.leader !== null && partition.leader.highWatermarkLagsEpochStart;
  switch (query.timestamp) {
    case LATEST_TIMESTAMP:
      if (unsure) return noOffset(ErrorCode.OFFSET_NOT_AVAILABLE);
      return { errorCode: ErrorCode.NONE, timestamp: -1, offset: end, leaderEpoch: partition.leaderEpoch };
    case EARLIEST_TIMESTAMP: {
      const first = log.leaderEpochs.earliestEntry;
      const leaderEpoch = first !== null && first.startOffset <= log.logStartOffset ? first.leaderEpoch : -1;
      return { errorCode: ErrorCode.NONE, timestamp: -1, offset: log.logStartOffset, leaderEpoch };
    }
    default: {
      const newest = query.timestamp === MAX_TIMESTAMP;
      const found = await (newest ? log.offsetOfMaxTimestamp() : log.offsetForTimestamp(query.timestamp));
      if (found === null) return noOffset(unsure ? ErrorCode.OFFSET_NOT_AVAILABLE : ErrorCode.NONE);
      if (found.offset >= end) return noOffset(unsure ? ErrorCode.OFFSET_NOT_AVAILABLE : ErrorCode.NONE);
      return { errorCode: ErrorCode.NONE, timestamp: found.timestamp, offset: found.offset, leaderEpoch: found.leaderEpoch };
    }
  }
}

/**
 * The answer of version 0: up to `maxCount` of the offsets where the log, its newest segment and its end are, newest
 * first, and only such as lie before the first record of `timestamp`. Consumers get the high watermark in place of what
 * lies beyond it.
 */
export async function listLegacyOffsets(
  partition: Partition,
  replicaId: number,
  timestamp: number,
  maxCount: number,
): Promise<number[]> {
  const log = partition.log!;
  const { logStartOffset } = log;
  if (timestamp === EARLIEST_TIMESTAMP) return maxCount > 0 ? [logStartOffset] : [];
  const end = replicaId === -1 ? partition.highWatermark : log.logEndOffset;
  const limit = timestamp === LATEST_TIMESTAMP ? end : ((await log.offsetForTimestamp(timestamp))?.offset ?? end);
  const marks = [end, log.activeSegmentOffset, log.firstSegmentOffset].map((offset) => Math.max(offset, logStartOffset));
  const offsets = [...new Set(marks)].filter((offset) => offset <= Math.min(limit, end));
  return offsets.slice(0, Math.max(0, maxCount));
}
