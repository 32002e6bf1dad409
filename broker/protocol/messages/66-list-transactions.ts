/**
 * ListTransactions: transactional ids that a broker coordinates (KIP-664).
 */
import { api, array, i16, i32, i64, str, type Infer } from '../schema.ts';

export const listTransactions = api({
  key: 66,
  name: 'ListTransactions',
  versions: [0, 0],
  flexible: 0,
  request: { stateFilters: array(str), producerIdFilters: array(i64) },
  response: {
    throttleTimeMs: i32,
    errorCode: i16,
    unknownStateFilters: array(str),
    transactionStates: array({ transactionalId: str, producerId: i64, transactionState: str }),
  },
});
export type ListTransactionsRequest = Infer<typeof listTransactions.request>;
export type ListTransactionsResponse = Infer<typeof listTransactions.response>;
