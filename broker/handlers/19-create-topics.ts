/**
 * CreateTopics (0–7), at the controller. Each topic stands for itself: some may be created and others refused. The answer waits until
 * the new partitions have leaders, at most `timeoutMs`. v1 dry run, v4 defaults (-1), v5 tells what was created, v6 is refused what exceeds
 * the client's quota (KIP-599), v7 topic ids.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { CreateTopicsRequest, CreateTopicsResponse } from '../protocol/messages/19-create-topics.ts';
import { createTopics } from '../protocol/messages/19-create-topics.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import type { MutationGate } from '../quota/mutation-quota.ts';
import type { Handler, RequestContext } from '../server/handler.ts';
import { topicConfigEntries } from '../settings/config-entries.ts';
import type { SettingsView } from '../settings/config-entries.ts';
import type { CreatedTopic, TopicAdmin } from '../server/topic-admin.ts';
import { AdminError } from '../server/topic-admin.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

export interface CreateTopicsDependencies {
  readonly admin: TopicAdmin;
  readonly isController: () => boolean;
  readonly settings: SettingsView;
  readonly logger: Logger;
}

type TopicRequest = CreateTopicsRequest['topics'][number];
type TopicAnswer = CreateTopicsResponse['topics'][number];

const METADATA_TOPIC = '__cluster_metadata';

export class CreateTopicsHandler implements Handler<CreateTopicsRequest, CreateTopicsResponse> {
  readonly api = createTopics;
  private readonly deps: CreateTopicsDependencies;

  constructor(deps: CreateTopicsDependencies) {
    this.deps = deps;
  }

  async handle(request: CreateTopicsRequest, context: RequestContext): Promise<CreateTopicsResponse> {
    const byName = new Map<string, TopicRequest[]>();
    for (const topic of request.topics) byName.set(topic.name, [...(byName.get(topic.name) ?? []), topic]);
    const deadlineMs = performance.now() + request.timeoutMs;
    const mayMutate = context.quotas?.mutationGate(context.apiVersion >= 6 ? 'strict' : 'permissive');
    const topics = await Promise.all(
      [...byName.values()].map((requests) => this.answer(requests, request, deadlineMs, mayMutate)),
    );
    return { throttleTimeMs: 0, topics };
  }

  private async answer(
    requests: readonly TopicRequest[],
    request: CreateTopicsRequest,
    deadlineMs: number,
    mayMutate?: MutationGate,
  ): Promise<TopicAnswer> {
    const topic = requests[0]!;
    if (!this.deps.isController()) return refusal(topic.name, ErrorCode.NOT_CONTROLLER, null);
    if (requests.length > 1) return refusal(topic.name, ErrorCode.INVALID_REQUEST, 'Found multiple entries for this topic.');
    if (topic.name === METADATA_TOPIC)
      return refusal(topic.name, ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'Authorization failed.');
    let created: CreatedTopic;
    try {
      created = await this.deps.admin.create(
        {
          name: topic.name,
          partitionCount: topic.numPartitions,
          replicationFactor: topic.replicationFactor,
          assignment: new Map(topic.assignments.map(({ partitionIndex, brokerIds }) => [partitionIndex, brokerIds])),
          configs: new Map(topic.configs.map(({ name, value }) => [name, value])),
        },
        request.validateOnly,
        mayMutate,
      );
    } catch (error) {
      if (error instanceof AdminError) return refusal(topic.name, error.errorCode, error.toldMessage);
      this.deps.logger.error(`Error processing create topic request for ${topic.name}`, { error });
      return refusal(topic.name, ErrorCode.UNKNOWN_SERVER_ERROR, (error as Error).message);
    }
    if (!request.validateOnly) {
      const hasLeaders = await this.deps.admin.waitForLeaders(
        topic.name,
        created.assignment.keys(),
        deadlineMs - performance.now(),
      );
      if (!hasLeaders) return { ...refusal(topic.name, ErrorCode.REQUEST_TIMED_OUT, null), topicId: created.topicId };
    }
    return this.success(topic.name, created);
  }

  private success(name: string, { topicId, assignment, configs }: CreatedTopic): TopicAnswer {
    return {
      name,
      topicId,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      topicConfigErrorCode: ErrorCode.NONE,
      numPartitions: assignment.size,
      replicationFactor: assignment.get(0)?.length ?? -1,
      configs: topicConfigEntries(this.deps.settings, configs).map((entry) => ({
        name: entry.name,
        value: entry.value,
        readOnly: entry.readOnly,
        configSource: entry.configSource,
        isSensitive: entry.isSensitive,
      })),
    };
  }
}

function refusal(name: string, errorCode: number, errorMessage: string | null): TopicAnswer {
  return {
    name,
    topicId: ZERO_UUID,
    errorCode,
    errorMessage,
    topicConfigErrorCode: 0,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  };
}
