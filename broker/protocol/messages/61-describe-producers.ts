/**
 * DescribeProducers: idempotent and transactional producers a partition knows (KIP-664).
 */
import { api, array, defaulted, i16, i32, i64, nullable, str, type Infer } from '../schema.ts';

export const describeProducers = api({
  key: 61,
  name: 'DescribeProducers',
  versions: [0, 0],
  flexible: 0,
  request: { topics: array({ name: str, partitionIndexes: array(i32) }) },
  response: {
    throttleTimeMs: i32,
    topics: array({
      name: str,
      partitions: array({
        partitionIndex: i32,
        errorCode: i16,
        errorMessage: defaulted(nullable(str), null),
        activeProducers: array({
          producerId: i64,
          producerEpoch: i32,
          lastSequence: defaulted(i32, -1),
          lastTimestamp: defaulted(i64, -1),
          coordinatorEpoch: i32,
          currentTxnStartOffset: defaulted(i64, -1),
        }),
      }),
    }),
  },
});
export type DescribeProducersRequest = Infer<typeof describeProducers.request>;
export type DescribeProducersResponse = Infer<typeof describeProducers.response>;
