/**
 * OffsetFetch (9): a group's stored positions. A partition without one answers offset -1, not an error.
 *
 * v0 reads them from the coordination service; v2 takes null for all topics and has one error for the group (before, each
 * partition carries it); v5 leader epochs; v7 may insist on stable offsets (88 while one is on its way); v8 asks for several
 * groups at once.
 */
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import type { LegacyOffsets } from '../group/legacy-offsets.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { offsetFetch } from '../protocol/messages/09-offset-fetch.ts';
import type { OffsetFetchRequest, OffsetFetchResponse } from '../protocol/messages/09-offset-fetch.ts';
import type { Handler } from '../server/handler.ts';

export interface OffsetFetchDependencies {
  readonly groups: GroupCoordinator;
  readonly legacyOffsets: LegacyOffsets;
  readonly partitionExists: (topic: string, partition: number) => boolean;
}

type TopicResult = OffsetFetchResponse['topics'][number];

export function offsetFetchHandler(deps: OffsetFetchDependencies): Handler<OffsetFetchRequest, OffsetFetchResponse> {
  const { groups } = deps;
  return {
    api: offsetFetch,
    handle(request, { apiVersion }) {
      if (apiVersion === 0) return fetchFromZnodes(request, deps);
      if (apiVersion >= 8) {
        const fetched = request.groups.map(({ groupId, topics }) => ({
          groupId,
          ...groups.fetchOffsets(groupId, topics, request.requireStable),
        }));
        return { throttleTimeMs: 0, topics: [], errorCode: ErrorCode.NONE, groups: fetched };
      }
      const { errorCode, topics } = groups.fetchOffsets(request.groupId, request.topics, request.requireStable);
      const failed = errorCode !== ErrorCode.NONE && apiVersion === 1;
      return { throttleTimeMs: 0, topics: failed ? withError(request, errorCode) : topics, errorCode, groups: [] };
    },
  };
}

function withError(request: OffsetFetchRequest, errorCode: ErrorCode): TopicResult[] {
  return (request.topics ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => resultOf(partitionIndex, -1, errorCode)),
  }));
}

async function fetchFromZnodes(
  request: OffsetFetchRequest,
  { legacyOffsets, partitionExists }: OffsetFetchDependencies,
): Promise<OffsetFetchResponse> {
  const topics: TopicResult[] = [];
  for (const { name, partitionIndexes } of request.topics ?? []) {
    const partitions: TopicResult['partitions'] = [];
    for (const partitionIndex of partitionIndexes) {
      const known = partitionExists(name, partitionIndex);
      const offset = known ? await legacyOffsets.get(request.groupId, name, partitionIndex) : null;
      // Old clients know "no offset" only as this error.
      const errorCode = offset === null ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.NONE;
      partitions.push(resultOf(partitionIndex, offset ?? -1, errorCode));
    }
    topics.push({ name, partitions });
  }
  return { throttleTimeMs: 0, topics, errorCode: ErrorCode.NONE, groups: [] };
}

function resultOf(partitionIndex: number, committedOffset: number, errorCode: ErrorCode): TopicResult['partitions'][number] {
  return { partitionIndex, committedOffset, committedLeaderEpoch: -1, metadata: '', errorCode };
}
