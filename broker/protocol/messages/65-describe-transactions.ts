/**
 * DescribeTransactions: state of transactional ids (KIP-664).
 */
import { api, array, i16, i32, i64, str, type Infer } from '../schema.ts';

export const describeTransactions = api({
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexible: 0,
  request: { transactionalIds: array(str) },
  response: {
    throttleTimeMs: i32,
    transactionStates: array({
      errorCode: i16,
      transactionalId: str,
      transactionState: str,
      transactionTimeoutMs: i32,
      transactionStartTimeMs: i64,
      producerId: i64,
      producerEpoch: i16,
      topics: array({ topic: str, partitions: array(i32) }),
    }),
  },
});
export type DescribeTransactionsRequest = Infer<typeof describeTransactions.request>;
export type DescribeTransactionsResponse = Infer<typeof describeTransactions.response>;
