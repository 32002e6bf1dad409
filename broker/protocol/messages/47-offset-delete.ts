/**
 * OffsetDelete: forgets a group's positions for topics it does not subscribe to (KIP-496).
 */
import { api, array, i16, i32, str, type Infer } from '../schema.ts';

export const offsetDelete = api({
  key: 47,
  name: 'OffsetDelete',
  versions: [0, 0],
  request: {
    groupId: str,
    topics: array({ name: str, partitions: array({ partitionIndex: i32 }) }),
  },
  response: {
    errorCode: i16,
    throttleTimeMs: i32,
    topics: array({ name: str, partitions: array({ partitionIndex: i32, errorCode: i16 }) }),
  },
});
export type OffsetDeleteRequest = Infer<typeof offsetDelete.request>;
export type OffsetDeleteResponse = Infer<typeof offsetDelete.response>;
