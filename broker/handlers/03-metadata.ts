/**
 * Metadata (0–12): brokers, controller, and topics with their leaders, as this broker knows them. v1 null means all topics and empty
 * none (v0: empty means all), v4 may forbid auto-creation, v8 authorized operations, v12 asks by topic id.
 *
 * An unknown topic is created when that is allowed; the client is told LEADER_NOT_AVAILABLE and asks again.
 */
import { isInternalTopic } from '../protocol/internal-topics.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import type { MetadataRequest, MetadataResponse } from '../protocol/messages/03-metadata.ts';
import { metadata } from '../protocol/messages/03-metadata.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import type { MutationGate } from '../quota/mutation-quota.ts';
import type { Answer, Handler, RequestContext } from '../server/handler.ts';
import { CLOSE_CONNECTION } from '../server/handler.ts';
import type { MetadataCache, PartitionInfo } from '../server/metadata-cache.ts';
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED, TOPIC_OPERATIONS } from './authorized-operations.ts';

export interface MetadataDependencies {
  readonly cache: MetadataCache;
  readonly clusterId: string;
  readonly isAutoCreationEnabled: boolean;
  /** Creates a topic on behalf of a client; the error code it is to be answered with. */
  readonly autoCreate: (topic: string, mayMutate?: MutationGate) => Promise<number>;
}

type TopicAnswer = MetadataResponse['topics'][number];

export class MetadataHandler implements Handler<MetadataRequest, MetadataResponse> {
  readonly api = metadata;
  private readonly deps: MetadataDependencies;

  constructor(deps: MetadataDependencies) {
    this.deps = deps;
  }

  handle(request: MetadataRequest, context: RequestContext): Answer<MetadataResponse> | Promise<Answer<MetadataResponse>> {
    const { cache } = this.deps;
    const { apiVersion } = context;
    const asked = request.topics;
    // Versions 10 and 11 carry ids that nobody may use; a name may be null only where an id can stand in for it.
    if (asked !== null && apiVersion < 12 && asked.some(({ name, topicId }) => name === null || topicId !== ZERO_UUID))
      return CLOSE_CONNECTION;
    if (asked === null || (apiVersion === 0 && asked.length === 0)) {
      return this.answer(
        request,
        context,
        [...cache.topicNames()].map((topic) => this.topic(topic, request, context)),
      );
    }
    if (asked.some(({ topicId }) => topicId !== ZERO_UUID)) {
      const ids = new Set(asked.map(({ topicId }) => topicId).filter((topicId) => topicId !== ZERO_UUID));
      const topics = [...ids].map((topicId) => {
        const name = cache.topicName(topicId);
        return name === undefined
          ? this.refusal(null, topicId, ErrorCode.UNKNOWN_TOPIC_ID)
          : this.topic(name, request, context);
      });
      return this.answer(request, context, topics);
    }
    const names = [...new Set(asked.map(({ name }) => name!))];
    const unknown = names.filter((name) => !cache.hasTopic(name));
    const known = names.filter((name) => cache.hasTopic(name)).map((name) => this.topic(name, request, context));
    if (unknown.length === 0) return this.answer(request, context, known);
    return this.answerUnknown(request, context, known, unknown);
  }

  private async answerUnknown(
    request: MetadataRequest,
    context: RequestContext,
    known: readonly TopicAnswer[],
    unknown: readonly string[],
  ): Promise<Answer<MetadataResponse>> {
    const mayCreate = this.deps.isAutoCreationEnabled && request.allowAutoTopicCreation;
    const mayMutate = mayCreate ? context.quotas?.mutationGate('background') : undefined;
    const refused = await Promise.all(
      unknown.map(async (name) => {
        const errorCode = mayCreate ? await this.deps.autoCreate(name, mayMutate) : this.unknownTopicError(name);
        return this.refusal(name, ZERO_UUID, errorCode);
      }),
    );
    return this.answer(request, context, [...refused, ...known]);
  }

  private unknownTopicError(name: string): number {
    return /^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..'
      ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      : ErrorCode.INVALID_TOPIC_EXCEPTION;
  }

  private answer(request: MetadataRequest, context: RequestContext, topics: TopicAnswer[]): MetadataResponse {
    const { cache, clusterId } = this.deps;
    return {
      throttleTimeMs: 0,
      brokers: cache.brokers(context.listenerName).map(({ id, host, port, rack }) => ({ nodeId: id, host, port, rack })),
      clusterId,
      controllerId: cache.controllerId,
      topics,
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
    };
  }

  private refusal(name: string | null, topicId: string, errorCode: number): TopicAnswer {
    const isInternal = name !== null && isInternalTopic(name);
    return { errorCode, name, topicId, isInternal, partitions: [], topicAuthorizedOperations: OPERATIONS_NOT_ASKED };
  }

  private topic(name: string, request: MetadataRequest, context: RequestContext): TopicAnswer {
    const { cache } = this.deps;
    return {
      errorCode: ErrorCode.NONE,
      name,
      topicId: cache.topicId(name),
      isInternal: isInternalTopic(name),
      partitions: cache.partitionsOf(name).map(([index, info]) => this.partition(index, info, context)),
      topicAuthorizedOperations: request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : OPERATIONS_NOT_ASKED,
    };
  }

  private partition(
    partitionIndex: number,
    info: PartitionInfo,
    context: RequestContext,
  ): TopicAnswer['partitions'][number] {
    const { cache } = this.deps;
    const { apiVersion, listenerName } = context;
    const reachable = (id: number): boolean => cache.endpoint(id, listenerName) !== null;
    // Version 0 left out replicas that cannot be reached, and said so; later ones name them all.
    const replicaNodes = apiVersion === 0 ? info.replicas.filter(reachable) : [...info.replicas];
    const isrNodes = apiVersion === 0 ? info.isr.filter(reachable) : [...info.isr];
    const common = {
      partitionIndex,
      leaderEpoch: info.leaderEpoch,
      replicaNodes,
      isrNodes,
      offlineReplicas: [...info.offlineReplicas],
    };
    if (reachable(info.leader)) {
      const isPartial = replicaNodes.length < info.replicas.length || isrNodes.length < info.isr.length;
      return { errorCode: isPartial ? ErrorCode.REPLICA_NOT_AVAILABLE : ErrorCode.NONE, leaderId: info.leader, ...common };
    }
    const errorCode =
      cache.isAlive(info.leader) && apiVersion >= 6 ? ErrorCode.LISTENER_NOT_FOUND : ErrorCode.LEADER_NOT_AVAILABLE;
    return { errorCode, leaderId: -1, ...common };
  }
}
