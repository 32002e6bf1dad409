/**
 * OffsetCommit: stores a group's positions. v1 membership and a timestamp per partition, v2 a retention instead, v3
 * throttle time, v5 drops the retention (KIP-211), v6 leader epochs, v7 static members (KIP-345), v8 flexible.
 */
import { api, array, between, i16, i32, i64, nullable, since, str, type Infer } from '../schema.ts';

export const offsetCommit = api({
  key: 8,
  name: 'OffsetCommit',
  versions: [0, 8],
  flexible: 8,
  request: {
    groupId: str,
    generationId: since(1, i32, -1),
    memberId: since(1, str, ''),
    groupInstanceId: since(7, nullable(str), null),
    retentionTimeMs: between(2, 4, i64, -1),
    topics: array({
      name: str,
      partitions: array({
        partitionIndex: i32,
        committedOffset: i64,
        committedLeaderEpoch: since(6, i32, -1),
        commitTimestamp: between(1, 1, i64, -1),
        committedMetadata: nullable(str),
      }),
    }),
  },
  response: {
    throttleTimeMs: since(3, i32, 0),
    topics: array({ name: str, partitions: array({ partitionIndex: i32, errorCode: i16 }) }),
  },
});
export type OffsetCommitRequest = Infer<typeof offsetCommit.request>;
export type OffsetCommitResponse = Infer<typeof offsetCommit.response>;
