/**
 * AllocateProducerIds: a broker takes a block of producer ids from the controller (KIP-730).
 */
import { api, defaulted, i16, i32, i64, type Infer } from '../schema.ts';

export const allocateProducerIds = api({
  key: 67,
  name: 'AllocateProducerIds',
  versions: [0, 0],
  flexible: 0,
  request: { brokerId: i32, brokerEpoch: defaulted(i64, -1) },
  response: {
    throttleTimeMs: i32,
    errorCode: i16,
    producerIdStart: i64,
    producerIdLen: i32,
  },
});
export type AllocateProducerIdsRequest = Infer<typeof allocateProducerIds.request>;
export type AllocateProducerIdsResponse = Infer<typeof allocateProducerIds.response>;
