/**
 * InitProducerId: a producer id for an idempotent or transactional producer. v2 flexible, v3 may bump an epoch it holds
 * (KIP-360), v4 says PRODUCER_FENCED.
 */
import { api, defaulted, i16, i32, i64, nullable, since, str, type Infer } from '../schema.ts';

export const initProducerId = api({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 4],
  flexible: 2,
  request: {
    transactionalId: nullable(str),
    transactionTimeoutMs: i32,
    producerId: since(3, i64, -1),
    producerEpoch: since(3, i16, -1),
  },
  response: {
    throttleTimeMs: i32,
    errorCode: i16,
    producerId: defaulted(i64, -1),
    producerEpoch: i16,
  },
});
export type InitProducerIdRequest = Infer<typeof initProducerId.request>;
export type InitProducerIdResponse = Infer<typeof initProducerId.response>;
