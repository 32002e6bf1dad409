/**
 * OffsetForLeaderEpoch: where a leader epoch ended. v1 tells the epoch found, v2 throttle time and fencing by current
 * epoch, v3 replica id, v4 flexible.
 */
import { api, array, defaulted, i16, i32, i64, since, str, type Infer } from '../schema.ts';

export const offsetForLeaderEpoch = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [0, 4],
  flexible: 4,
  request: {
    replicaId: since(3, i32, -2),
    topics: array({
      topic: str,
      partitions: array({
        partition: i32,
        currentLeaderEpoch: since(2, i32, -1),
        leaderEpoch: i32,
      }),
    }),
  },
  response: {
    throttleTimeMs: since(2, i32, 0),
    topics: array({
      topic: str,
      partitions: array({
        errorCode: i16,
        partition: i32,
        leaderEpoch: since(1, i32, -1),
        endOffset: defaulted(i64, -1),
      }),
    }),
  },
});
export type OffsetForLeaderEpochRequest = Infer<typeof offsetForLeaderEpoch.request>;
export type OffsetForLeaderEpochResponse = Infer<typeof offsetForLeaderEpoch.response>;
