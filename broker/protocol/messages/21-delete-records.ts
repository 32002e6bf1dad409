/**
 * DeleteRecords: moves the start of logs; offset -1 is the high watermark. v2 flexible.
 */
import { api, array, i16, i32, i64, str, type Infer } from '../schema.ts';

export const deleteRecords = api({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexible: 2,
  request: {
    topics: array({ name: str, partitions: array({ partitionIndex: i32, offset: i64 }) }),
    timeoutMs: i32,
  },
  response: {
    throttleTimeMs: i32,
    topics: array({
      name: str,
      partitions: array({ partitionIndex: i32, lowWatermark: i64, errorCode: i16 }),
    }),
  },
});
export type DeleteRecordsRequest = Infer<typeof deleteRecords.request>;
export type DeleteRecordsResponse = Infer<typeof deleteRecords.response>;
