/**
 * ListOffsets: finds offsets by timestamp; -1 asks for the end, -2 for the start, -3 (v7) for the newest timestamp.
 * v0 lists several offsets, v1 gives one with its timestamp, v2 isolation level, v4 leader epochs, v6 flexible, v7 newest
 * timestamp (KIP-734).
 */
import { api, array, i16, i32, i64, i8, since, str, until, type Infer } from '../schema.ts';

export const listOffsets = api({
  key: 2,
  name: 'ListOffsets',
  versions: [0, 7],
  flexible: 6,
  request: {
    replicaId: i32,
    isolationLevel: since(2, i8, 0),
    topics: array({
      name: str,
      partitions: array({
        partitionIndex: i32,
        currentLeaderEpoch: since(4, i32, -1),
        timestamp: i64,
        maxNumOffsets: until(0, i32, 1),
      }),
    }),
  },
  response: {
    throttleTimeMs: since(2, i32, 0),
    topics: array({
      name: str,
      partitions: array({
        partitionIndex: i32,
        errorCode: i16,
        oldStyleOffsets: until(0, array(i64), []),
        timestamp: since(1, i64, -1),
        offset: since(1, i64, -1),
        leaderEpoch: since(4, i32, -1),
      }),
    }),
  },
});
export type ListOffsetsRequest = Infer<typeof listOffsets.request>;
export type ListOffsetsResponse = Infer<typeof listOffsets.response>;
