/**
 * AddOffsetsToTxn: a group's offsets join a transaction. v2 says PRODUCER_FENCED, v3 flexible.
 */
import { api, i16, i32, i64, str, type Infer } from '../schema.ts';

export const addOffsetsToTxn = api({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 3],
  flexible: 3,
  request: {
    transactionalId: str,
    producerId: i64,
    producerEpoch: i16,
    groupId: str,
  },
  response: { throttleTimeMs: i32, errorCode: i16 },
});
export type AddOffsetsToTxnRequest = Infer<typeof addOffsetsToTxn.request>;
export type AddOffsetsToTxnResponse = Infer<typeof addOffsetsToTxn.response>;
