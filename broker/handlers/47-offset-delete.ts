/**
 * OffsetDelete (47): forgets a group's positions. Errors of the group: 14, 15, 16, 24, 68 it has members and is no
 * `consumer` group, 69; of a partition: 3 nobody knows it, 86 the group consumes its topic.
 */
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import type { TopicPartition } from '../group/offsets.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { offsetDelete } from '../protocol/messages/47-offset-delete.ts';
import type { OffsetDeleteRequest, OffsetDeleteResponse } from '../protocol/messages/47-offset-delete.ts';
import type { Handler } from '../server/handler.ts';

export interface OffsetDeleteDependencies {
  readonly groups: GroupCoordinator;
  readonly partitionExists: (topic: string, partition: number) => boolean;
}

type PartitionResult = OffsetDeleteResponse['topics'][number]['partitions'][number];

export function offsetDeleteHandler(deps: OffsetDeleteDependencies): Handler<OffsetDeleteRequest, OffsetDeleteResponse> {
  return {
    api: offsetDelete,
    async handle(request) {
      const known: TopicPartition[] = [];
      const results: PartitionResult[] = []; // of the known, in their order
      const topics = request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => {
          const result: PartitionResult = { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
          if (!deps.partitionExists(name, partitionIndex)) return result;
          known.push({ topic: name, partition: partitionIndex });
          results.push(result);
          return result;
        }),
      }));
      const { errorCode, partitionErrors } = await deps.groups.deleteOffsets(request.groupId, known);
      partitionErrors.forEach((partitionError, i) => (results[i]!.errorCode = partitionError));
      return { errorCode, throttleTimeMs: 0, topics: errorCode === ErrorCode.NONE ? topics : [] };
    },
  };
}
