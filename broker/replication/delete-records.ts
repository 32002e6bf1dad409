/**
 * DeleteRecords: moves a partition's log start, and waits until every live replica has moved its own, which their
 * fetches tell.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { Partition } from './partition.ts';

export interface DeleteRecordsResult {
  errorCode: number;
  /** The smallest log start among the live replicas; -1 on refusal. */
  lowWatermark: number;
}

/** Stands for "up to the high watermark". */
const HIGH_WATERMARK = -1;

/** Moves the log start to `offset`. `requested` is where all replicas have to get, or null when it was refused. */
export function moveLogStart(
  partition: Partition,
  offset: number,
): { result: DeleteRecordsResult; requested: number | null } {
  const refuse = (errorCode: number): { result: DeleteRecordsResult; requested: null } => {
    return { result: { errorCode, lowWatermark: -1 }, requested: null };
  };
  const access = partition.checkAccess(-1, true);
  if (access !== ErrorCode.NONE) return refuse(access);
  const log = partition.log!;
  if (!log.config.cleanupPolicy.includes('delete')) return refuse(ErrorCode.POLICY_VIOLATION);
  const requested = offset === HIGH_WATERMARK ? partition.highWatermark : offset;
  if (requested < 0 || requested > partition.highWatermark) return refuse(ErrorCode.OFFSET_OUT_OF_RANGE);
  if (requested > log.logStartOffset) log.advanceLogStart(requested);
  return { result: { errorCode: ErrorCode.NONE, lowWatermark: -1 }, requested };
}
