/**
 * Fetch: reads record batches; consumers and followers use the same message. v1 throttle time, v3 a limit for the whole
 * answer, v4 read committed, v5 log start offset, v7 fetch sessions (KIP-227), v9 fences by leader epoch, v10 allows zstd,
 * v11 reads from a near replica (KIP-392), v12 flexible and detects divergence (KIP-595), v13 topic ids (KIP-516).
 */
import {
  api,
  array,
  between,
  defaulted,
  i16,
  i32,
  i64,
  i8,
  nullable,
  records,
  since,
  str,
  struct,
  tagged,
  until,
  uuid,
  ZERO_UUID,
  type Infer,
} from '../schema.ts';

export const fetch = api({
  key: 1,
  name: 'Fetch',
  versions: [0, 13],
  flexible: 12,
  request: {
    clusterId: tagged(0, 12, nullable(str), null),
    replicaId: i32,
    maxWaitMs: i32,
    minBytes: i32,
    maxBytes: since(3, i32, 0x7fff_ffff),
    isolationLevel: since(4, i8, 0),
    sessionId: since(7, i32, 0),
    sessionEpoch: since(7, i32, -1),
    topics: array({
      topic: until(12, str, ''),
      topicId: since(13, uuid, ZERO_UUID),
      partitions: array({
        partition: i32,
        currentLeaderEpoch: since(9, i32, -1),
        fetchOffset: i64,
        lastFetchedEpoch: since(12, i32, -1),
        logStartOffset: since(5, i64, -1),
        partitionMaxBytes: i32,
      }),
    }),
    forgottenTopicsData: since(
      7,
      array({
        topic: between(7, 12, str, ''),
        topicId: since(13, uuid, ZERO_UUID),
        partitions: array(i32),
      }),
      [],
    ),
    rackId: since(11, str, ''),
  },
  response: {
    throttleTimeMs: since(1, i32, 0),
    errorCode: since(7, i16, 0),
    sessionId: since(7, i32, 0),
    responses: array({
      topic: until(12, str, ''),
      topicId: since(13, uuid, ZERO_UUID),
      partitions: array({
        partitionIndex: i32,
        errorCode: i16,
        highWatermark: i64,
        lastStableOffset: since(4, i64, -1),
        logStartOffset: since(5, i64, -1),
        divergingEpoch: tagged(0, 12, struct({ epoch: defaulted(i32, -1), endOffset: defaulted(i64, -1) })),
        currentLeader: tagged(1, 12, struct({ leaderId: defaulted(i32, -1), leaderEpoch: defaulted(i32, -1) })),
        snapshotId: tagged(2, 12, struct({ endOffset: defaulted(i64, -1), epoch: defaulted(i32, -1) })),
        abortedTransactions: since(4, nullable(array({ producerId: i64, firstOffset: i64 })), []),
        preferredReadReplica: since(11, i32, -1),
        records: nullable(records),
      }),
    }),
  },
});
export type FetchRequest = Infer<typeof fetch.request>;
export type FetchResponse = Infer<typeof fetch.response>;
