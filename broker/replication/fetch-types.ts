/** What a fetch asks of a partition and what it gets: the words that sessions, partitions and the purgatory share. */
import type { Draft } from '../protocol/schema.ts';
import type { fetch } from '../protocol/messages/01-fetch.ts';

export type FetchResponseDraft = Draft<typeof fetch.response>;

/** One partition of a fetch request, flattened. Epochs are -1 where the request has none. */
export interface FetchablePartition {
  /** Null when the request gave a topic id that we have no name for. */
  readonly topic: string | null;
  readonly topicId: string;
  readonly partition: number;
  readonly fetchOffset: number;
  readonly partitionMaxBytes: number;
  readonly currentLeaderEpoch: number;
  readonly lastFetchedEpoch: number;
  /** A follower's log start; -1 for consumers. */
  readonly logStartOffset: number;
}

/** What holds for all partitions of a fetch. */
export interface FetchParameters {
  /** A follower's broker id; negative for consumers. */
  readonly replicaId: number;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** Old clients (v0 to v2) take no more than they asked for, even if no batch is that small. */
  readonly hardMaxBytes: boolean;
  readonly readCommitted: boolean;
  /** Followers and old consumers read from the leader only. */
  readonly onlyLeader: boolean;
  /** Where a consumer says it is, and the listener it came in by; an empty rack is none. */
  readonly rackId: string;
  readonly listenerName: string;
}

/** One partition's part of a fetch response, ready to be encoded. `records` shares memory with the log. */
export interface FetchPartitionResult {
  partitionIndex: number;
  errorCode: number;
  highWatermark: number;
  lastStableOffset: number;
  logStartOffset: number;
  divergingEpoch: { epoch: number; endOffset: number };
  currentLeader: { leaderId: number; leaderEpoch: number };
  snapshotId: { endOffset: number; epoch: number };
  abortedTransactions: { producerId: number; firstOffset: number }[] | null;
  preferredReadReplica: number;
  records: Buffer | null;
}

/** Shared by all results that don't diverge: encoders read it, nobody writes it. */
const NO_EPOCH_END: { epoch: number; endOffset: number } = Object.freeze({ epoch: -1, endOffset: -1 });
const NO_LEADER = Object.freeze({ leaderId: -1, leaderEpoch: -1 });
const NO_SNAPSHOT = Object.freeze({ endOffset: -1, epoch: -1 });

export const EMPTY_RECORDS: Buffer = Buffer.alloc(0);

/** A refusal, or a partition without records yet: offsets are unknown (-1). */
export function emptyResult(partitionIndex: number, errorCode: number): FetchPartitionResult {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    divergingEpoch: NO_EPOCH_END,
    currentLeader: NO_LEADER,
    snapshotId: NO_SNAPSHOT,
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: EMPTY_RECORDS,
  };
}
