/**
 * DeleteTopics. v1 throttle time, v4 flexible, v5 messages and quota errors, v6 by topic id (KIP-516).
 */
import { api, array, defaulted, i16, i32, nullable, since, str, until, uuid, ZERO_UUID, type Infer } from '../schema.ts';

export const deleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  versions: [0, 6],
  flexible: 4,
  request: {
    topics: since(6, array({ name: defaulted(nullable(str), null), topicId: uuid }), []),
    topicNames: until(5, array(str), []),
    timeoutMs: i32,
  },
  response: {
    throttleTimeMs: since(1, i32, 0),
    responses: array({
      name: nullable(str, 6),
      topicId: since(6, uuid, ZERO_UUID),
      errorCode: i16,
      errorMessage: since(5, nullable(str), null),
    }),
  },
});
export type DeleteTopicsRequest = Infer<typeof deleteTopics.request>;
export type DeleteTopicsResponse = Infer<typeof deleteTopics.response>;
