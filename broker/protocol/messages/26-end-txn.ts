/**
 * EndTxn: commits or aborts a transaction. v2 says PRODUCER_FENCED, v3 flexible.
 */
import { api, bool, i16, i32, i64, str, type Infer } from '../schema.ts';

export const endTxn = api({
  key: 26,
  name: 'EndTxn',
  versions: [0, 3],
  flexible: 3,
  request: {
    transactionalId: str,
    producerId: i64,
    producerEpoch: i16,
    committed: bool,
  },
  response: { throttleTimeMs: i32, errorCode: i16 },
});
export type EndTxnRequest = Infer<typeof endTxn.request>;
export type EndTxnResponse = Infer<typeof endTxn.response>;
