/**
 * AlterPartitionReassignments: starts, replaces or (null replicas) cancels reassignments (KIP-455).
 */
import { api, array, defaulted, i16, i32, nullable, str, type Infer } from '../schema.ts';

export const alterPartitionReassignments = api({
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: [0, 0],
  flexible: 0,
  request: {
    timeoutMs: defaulted(i32, 60000),
    topics: array({
      name: str,
      partitions: array({ partitionIndex: i32, replicas: defaulted(nullable(array(i32)), null) }),
    }),
  },
  response: {
    throttleTimeMs: i32,
    errorCode: i16,
    errorMessage: nullable(str),
    responses: array({
      name: str,
      partitions: array({ partitionIndex: i32, errorCode: i16, errorMessage: nullable(str) }),
    }),
  },
});
export type AlterPartitionReassignmentsRequest = Infer<typeof alterPartitionReassignments.request>;
export type AlterPartitionReassignmentsResponse = Infer<typeof alterPartitionReassignments.response>;
