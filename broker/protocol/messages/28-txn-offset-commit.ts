/**
 * TxnOffsetCommit: stores positions that count once the transaction commits. v2 leader epochs, v3 flexible with membership,
 * to fence zombies (KIP-447).
 */
import { api, array, i16, i32, i64, nullable, since, str, type Infer } from '../schema.ts';

export const txnOffsetCommit = api({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 3],
  flexible: 3,
  request: {
    transactionalId: str,
    groupId: str,
    producerId: i64,
    producerEpoch: i16,
    generationId: since(3, i32, -1),
    memberId: since(3, str, ''),
    groupInstanceId: since(3, nullable(str), null),
    topics: array({
      name: str,
      partitions: array({
        partitionIndex: i32,
        committedOffset: i64,
        committedLeaderEpoch: since(2, i32, -1),
        committedMetadata: nullable(str),
      }),
    }),
  },
  response: {
    throttleTimeMs: i32,
    topics: array({ name: str, partitions: array({ partitionIndex: i32, errorCode: i16 }) }),
  },
});
export type TxnOffsetCommitRequest = Infer<typeof txnOffsetCommit.request>;
export type TxnOffsetCommitResponse = Infer<typeof txnOffsetCommit.response>;
