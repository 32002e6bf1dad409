/**
 * AddPartitionsToTxn: partitions join a transaction. v2 says PRODUCER_FENCED, v3 flexible.
 */
import { api, array, i16, i32, i64, str, type Infer } from '../schema.ts';

export const addPartitionsToTxn = api({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 3],
  flexible: 3,
  request: {
    transactionalId: str,
    producerId: i64,
    producerEpoch: i16,
    topics: array({ name: str, partitions: array(i32) }),
  },
  response: {
    throttleTimeMs: i32,
    results: array({ name: str, results: array({ partitionIndex: i32, errorCode: i16 }) }),
  },
});
export type AddPartitionsToTxnRequest = Infer<typeof addPartitionsToTxn.request>;
export type AddPartitionsToTxnResponse = Infer<typeof addPartitionsToTxn.response>;
