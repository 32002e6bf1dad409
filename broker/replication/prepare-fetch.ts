/** Whether a partition may be read from an offset, and everything of a fetch's answer but the records. */
import type { EpochEnd } from '../log/leader-epochs.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import type { FetchablePartition, FetchParameters, FetchPartitionResult } from './fetch-types.ts';
import { emptyResult } from './fetch-types.ts';
import type { Partition } from './partition.ts';

/** The records are to be read below `partition.fetchEnd` if there is no error. */
export function prepareFetch(
  partition: Partition,
  request: FetchablePartition,
  parameters: FetchParameters,
): FetchPartitionResult {
  const { index, topicId } = partition;
  if (request.topicId !== ZERO_UUID && topicId !== ZERO_UUID && request.topicId !== topicId) {
    return emptyResult(index, ErrorCode.INCONSISTENT_TOPIC_ID);
  }
  const refusal = partition.checkAccess(request.currentLeaderEpoch, parameters.onlyLeader);
  if (refusal !== ErrorCode.NONE) return emptyResult(index, refusal);
  const log = partition.log!;
  if (parameters.replicaId >= 0 && partition.leader?.follower(parameters.replicaId) === undefined) {
    // With an epoch that matches ours, it may be a replica that we haven't been told of yet: let it try again.
    const known = request.currentLeaderEpoch >= 0;
    return emptyResult(index, known ? ErrorCode.UNKNOWN_LEADER_EPOCH : ErrorCode.NOT_LEADER_OR_FOLLOWER);
  }
  const { fetchOffset } = request;
  let divergence: EpochEnd | null = null;
  if (request.lastFetchedEpoch >= 0) {
    const end = partition.endOfEpoch(request.lastFetchedEpoch);
    if (end === null || fetchOffset < log.logStartOffset) return emptyResult(index, ErrorCode.OFFSET_OUT_OF_RANGE);
    if (end.leaderEpoch < request.lastFetchedEpoch || end.endOffset < fetchOffset) divergence = end;
  }
  if (divergence === null && (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset)) {
    return emptyResult(index, ErrorCode.OFFSET_OUT_OF_RANGE);
  }
  const result = emptyResult(index, ErrorCode.NONE);
  result.highWatermark = partition.highWatermark;
  result.lastStableOffset = partition.lastStableOffset;
  result.logStartOffset = log.logStartOffset;
  if (parameters.readCommitted) result.abortedTransactions = [];
  if (divergence !== null) result.divergingEpoch = { epoch: divergence.leaderEpoch, endOffset: divergence.endOffset };
  return result;
}
