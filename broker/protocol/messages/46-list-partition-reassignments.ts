/**
 * ListPartitionReassignments: reassignments under way (KIP-455).
 */
import { api, array, defaulted, i16, i32, nullable, str, type Infer } from '../schema.ts';

export const listPartitionReassignments = api({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: [0, 0],
  flexible: 0,
  request: {
    timeoutMs: defaulted(i32, 60000),
    topics: defaulted(nullable(array({ name: str, partitionIndexes: array(i32) })), null),
  },
  response: {
    throttleTimeMs: i32,
    errorCode: i16,
    errorMessage: nullable(str),
    topics: array({
      name: str,
      partitions: array({
        partitionIndex: i32,
        replicas: array(i32),
        addingReplicas: array(i32),
        removingReplicas: array(i32),
      }),
    }),
  },
});
export type ListPartitionReassignmentsRequest = Infer<typeof listPartitionReassignments.request>;
export type ListPartitionReassignmentsResponse = Infer<typeof listPartitionReassignments.response>;
