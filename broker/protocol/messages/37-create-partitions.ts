/**
 * CreatePartitions: grows topics. v1 throttles late, v2 flexible, v3 quota errors (KIP-599).
 */
import { api, array, bool, defaulted, i16, i32, nullable, str, type Infer } from '../schema.ts';

export const createPartitions = api({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexible: 2,
  request: {
    topics: array({
      name: str,
      count: i32,
      assignments: nullable(array({ brokerIds: array(i32) })),
    }),
    timeoutMs: i32,
    validateOnly: bool,
  },
  response: {
    throttleTimeMs: i32,
    results: array({ name: str, errorCode: i16, errorMessage: defaulted(nullable(str), null) }),
  },
});
export type CreatePartitionsRequest = Infer<typeof createPartitions.request>;
export type CreatePartitionsResponse = Infer<typeof createPartitions.response>;
