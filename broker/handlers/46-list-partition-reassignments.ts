/** ListPartitionReassignments (0, KIP-455), at the controller: those under way, of some partitions or (null) of all. */
import type { TopicPartition } from '../controller/cluster-state.ts';
import { partitionOf } from '../controller/cluster-state.ts';
import type { Controller } from '../controller/controller.ts';
import { reassignmentsUnderWay } from '../controller/reassign.ts';
import { ErrorCode, errorMessage } from '../protocol/error-codes.ts';
import type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '../protocol/messages/46-list-partition-reassignments.ts';
import { listPartitionReassignments } from '../protocol/messages/46-list-partition-reassignments.ts';
import type { Handler } from '../server/handler.ts';

type Topic = ListPartitionReassignmentsResponse['topics'][number];

export function listPartitionReassignmentsHandler(
  controller: Pick<Controller, 'state'>,
): Handler<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse> {
  return {
    api: listPartitionReassignments,
    handle(request) {
      const { state } = controller;
      if (state === null) {
        const errorCode = ErrorCode.NOT_CONTROLLER;
        return { throttleTimeMs: 0, errorCode, errorMessage: errorMessage(errorCode), topics: [] };
      }
      const among = request.topics?.flatMap(({ name, partitionIndexes }) =>
        partitionIndexes.map((partition): TopicPartition => ({ topic: name, partition })),
      );
      const topics = new Map<string, Topic>();
      for (const at of reassignmentsUnderWay(state, among ?? null)) {
        let topic = topics.get(at.topic);
        if (topic === undefined) topics.set(at.topic, (topic = { name: at.topic, partitions: [] }));
        const { replicas, addingReplicas, removingReplicas } = partitionOf(state, at)!.assignment;
        topic.partitions.push({
          partitionIndex: at.partition,
          replicas: [...replicas],
          addingReplicas: [...addingReplicas],
          removingReplicas: [...removingReplicas],
        });
      }
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: '', topics: [...topics.values()] };
    },
  };
}
