/** AlterPartitionReassignments (0, KIP-455), at the controller: starts, replaces or (null replicas) cancels reassignments. */
import { partitionKey } from '../controller/cluster-state.ts';
import type { Controller } from '../controller/controller.ts';
import { ErrorCode, errorMessage } from '../protocol/error-codes.ts';
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../protocol/messages/45-alter-partition-reassignments.ts';
import { alterPartitionReassignments } from '../protocol/messages/45-alter-partition-reassignments.ts';
import type { Handler } from '../server/handler.ts';

export function alterPartitionReassignmentsHandler(
  controller: Controller,
): Handler<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse> {
  return {
    api: alterPartitionReassignments,
    async handle({ topics }) {
      const requests = topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, replicas }) => ({ topic: name, partition: partitionIndex, replicas })),
      );
      const refusals = await controller.alterReassignments(requests);
      if (refusals === null) {
        const errorCode = ErrorCode.NOT_CONTROLLER;
        return { throttleTimeMs: 0, errorCode, errorMessage: errorMessage(errorCode), responses: [] };
      }
      const responses = topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          ...(refusals.get(partitionKey(name, partitionIndex)) ?? { errorCode: ErrorCode.NONE, errorMessage: null }),
        })),
      }));
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: '', responses };
    },
  };
}
