/**
 * ListOffsets (0–7). v0 lists segment starts, v1 finds one offset by time, v2 read committed, v4 leader epochs, v5 may say
 * OFFSET_NOT_AVAILABLE (LEADER_NOT_AVAILABLE before), v7 the record with the newest timestamp (KIP-734).
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import { listOffsets, type ListOffsetsRequest } from '../protocol/messages/02-list-offsets.ts';
import type { Draft } from '../protocol/schema.ts';
import {
  DEBUGGING_REPLICA_ID,
  listLegacyOffsets,
  listOffset,
  noOffset,
  type OffsetAnswer,
} from '../replication/list-offsets.ts';
import type { ReplicaManager } from '../replication/replica-manager.ts';
import type { Handler, RequestContext } from '../server/handler.ts';

type ListOffsetsAnswer = Draft<typeof listOffsets.response>;
type PartitionQuery = ListOffsetsRequest['topics'][number]['partitions'][number];
type PartitionAnswer = ListOffsetsAnswer['topics'][number]['partitions'][number];

export class ListOffsetsHandler implements Handler<ListOffsetsRequest, ListOffsetsAnswer> {
  readonly api = listOffsets;
  private readonly replicas: ReplicaManager;

  constructor(replicas: ReplicaManager) {
    this.replicas = replicas;
  }

  async handle(request: ListOffsetsRequest, { apiVersion }: RequestContext): Promise<ListOffsetsAnswer> {
    const duplicates = duplicatePartitions(request);
    const topics = await Promise.all(
      request.topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(
          partitions.map((query) => {
            if (apiVersion === 0) return this.answerLegacy(request, name, query);
            if (duplicates.has(`${name}-${query.partitionIndex}`)) return answer(query, noOffset(ErrorCode.INVALID_REQUEST));
            return this.answer(request, name, query, apiVersion);
          }),
        ),
      })),
    );
    return { throttleTimeMs: 0, topics };
  }

  private async answer(
    request: ListOffsetsRequest,
    topic: string,
    query: PartitionQuery,
    apiVersion: number,
  ): Promise<PartitionAnswer> {
    const partition = this.replicas.partition(topic, query.partitionIndex);
    if (partition === undefined) return answer(query, noOffset(this.replicas.absence(topic, query.partitionIndex)));
    const found = await listOffset(partition, {
      replicaId: request.replicaId,
      readCommitted: request.isolationLevel === 1,
      currentLeaderEpoch: query.currentLeaderEpoch,
      timestamp: query.timestamp,
    });
    if (found.errorCode === ErrorCode.OFFSET_NOT_AVAILABLE && apiVersion < 5) {
      return answer(query, noOffset(ErrorCode.LEADER_NOT_AVAILABLE));
    }
    return answer(query, found);
  }

  private async answerLegacy(request: ListOffsetsRequest, topic: string, query: PartitionQuery): Promise<PartitionAnswer> {
    const { partitionIndex, timestamp, maxNumOffsets } = query;
    const partition = this.replicas.partition(topic, partitionIndex);
    const onlyLeader = request.replicaId !== DEBUGGING_REPLICA_ID;
    const errorCode = partition?.checkAccess(-1, onlyLeader) ?? this.replicas.absence(topic, partitionIndex);
    if (partition === undefined || errorCode !== ErrorCode.NONE) return { partitionIndex, errorCode };
    const oldStyleOffsets = await listLegacyOffsets(partition, request.replicaId, timestamp, maxNumOffsets);
    return { partitionIndex, errorCode, oldStyleOffsets };
  }
}

function answer({ partitionIndex }: PartitionQuery, found: OffsetAnswer): PartitionAnswer {
  const { errorCode, timestamp, offset, leaderEpoch } = found;
  return { partitionIndex, errorCode, timestamp, offset, leaderEpoch };
}

function duplicatePartitions(request: ListOffsetsRequest): Set<string> {
  const seen = new Set<string>();
  const duplicates = new Set<string>();
  for (const { name, partitions } of request.topics) {
    for (const { partitionIndex } of partitions) {
      const key = `${name}-${partitionIndex}`;
      if (seen.has(key)) duplicates.add(key);
      seen.add(key);
    }
  }
  return duplicates;
}
