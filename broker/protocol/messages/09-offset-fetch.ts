/**
 * OffsetFetch: reads a group's positions. v1 reads them from Kafka (v0 from the coordination service), v2 null for all
 * topics and an error for the group, v3 throttle time, v5 leader epochs, v6 flexible, v7 may insist on offsets without
 * pending transactions (KIP-447), v8 several groups (KIP-709).
 */
import { api, array, between, bool, defaulted, i16, i32, i64, nullable, since, str, until, type Infer } from '../schema.ts';

export const offsetFetch = api({
  key: 9,
  name: 'OffsetFetch',
  versions: [0, 8],
  flexible: 6,
  request: {
    groupId: until(7, str, ''),
    topics: until(7, nullable(array({ name: str, partitionIndexes: array(i32) }), 2), []),
    groups: since(
      8,
      array({
        groupId: str,
        topics: nullable(array({ name: str, partitionIndexes: array(i32) })),
      }),
      [],
    ),
    requireStable: since(7, bool, false),
  },
  response: {
    throttleTimeMs: since(3, i32, 0),
    topics: until(
      7,
      array({
        name: str,
        partitions: array({
          partitionIndex: i32,
          committedOffset: i64,
          committedLeaderEpoch: between(5, 7, i32, -1),
          metadata: nullable(str),
          errorCode: i16,
        }),
      }),
      [],
    ),
    errorCode: between(2, 7, i16, 0),
    groups: since(
      8,
      array({
        groupId: str,
        topics: array({
          name: str,
          partitions: array({
            partitionIndex: i32,
            committedOffset: i64,
            committedLeaderEpoch: defaulted(i32, -1),
            metadata: nullable(str),
            errorCode: i16,
          }),
        }),
        errorCode: i16,
      }),
      [],
    ),
  },
});
export type OffsetFetchRequest = Infer<typeof offsetFetch.request>;
export type OffsetFetchResponse = Infer<typeof offsetFetch.response>;
