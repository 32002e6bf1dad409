/**
 * WriteTxnMarkers: a transaction coordinator has markers appended by partition leaders. v1 flexible.
 */
import { api, array, bool, i16, i32, i64, str, type Infer } from '../schema.ts';

export const writeTxnMarkers = api({
  key: 27,
  name: 'WriteTxnMarkers',
  versions: [0, 1],
  flexible: 1,
  request: {
    markers: array({
      producerId: i64,
      producerEpoch: i16,
      transactionResult: bool,
      topics: array({ name: str, partitionIndexes: array(i32) }),
      coordinatorEpoch: i32,
    }),
  },
  response: {
    markers: array({
      producerId: i64,
      topics: array({ name: str, partitions: array({ partitionIndex: i32, errorCode: i16 }) }),
    }),
  },
});
export type WriteTxnMarkersRequest = Infer<typeof writeTxnMarkers.request>;
export type WriteTxnMarkersResponse = Infer<typeof writeTxnMarkers.response>;
