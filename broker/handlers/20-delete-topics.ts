/**
 * DeleteTopics (0–6), at the controller, by name or (v6) by id. The answer waits until the topics are gone, at most `timeoutMs`. v5 is
 * refused what exceeds the client's quota (KIP-599).
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { DeleteTopicsRequest, DeleteTopicsResponse } from '../protocol/messages/20-delete-topics.ts';
import { deleteTopics } from '../protocol/messages/20-delete-topics.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import type { MutationGate } from '../quota/mutation-quota.ts';
import type { Answer, Handler, RequestContext } from '../server/handler.ts';
import { CLOSE_CONNECTION } from '../server/handler.ts';
import type { MetadataCache } from '../server/metadata-cache.ts';
import type { TopicAdmin } from '../server/topic-admin.ts';
import { AdminError } from '../server/topic-admin.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

export interface DeleteTopicsDependencies {
  readonly admin: TopicAdmin;
  readonly cache: MetadataCache;
  readonly isController: () => boolean;
  readonly isDeletionEnabled: boolean;
  readonly logger: Logger;
}

type TopicAnswer = DeleteTopicsResponse['responses'][number];

export class DeleteTopicsHandler implements Handler<DeleteTopicsRequest, DeleteTopicsResponse> {
  readonly api = deleteTopics;
  private readonly deps: DeleteTopicsDependencies;

  constructor(deps: DeleteTopicsDependencies) {
    this.deps = deps;
  }

  async handle(request: DeleteTopicsRequest, context: RequestContext): Promise<Answer<DeleteTopicsResponse>> {
    const asked = [...request.topics, ...request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }))];
    if (asked.some(({ name, topicId }) => (name === null) === (topicId === ZERO_UUID))) return CLOSE_CONNECTION;
    const deadlineMs = performance.now() + request.timeoutMs;
    const mayMutate = context.quotas?.mutationGate(context.apiVersion >= 5 ? 'strict' : 'permissive');
    const responses = await Promise.all(asked.map((topic) => this.answer(topic, context.apiVersion, deadlineMs, mayMutate)));
    return { throttleTimeMs: 0, responses };
  }

  private async answer(
    asked: { name: string | null; topicId: string },
    apiVersion: number,
    deadlineMs: number,
    mayMutate?: MutationGate,
  ): Promise<TopicAnswer> {
    const { admin, cache, isController, isDeletionEnabled, logger } = this.deps;
    const result = (errorCode: number, name: string | null = asked.name): TopicAnswer => ({
      name,
      topicId: asked.topicId,
      errorCode,
      errorMessage: null,
    });
    if (!isController()) return result(ErrorCode.NOT_CONTROLLER);
    if (!isDeletionEnabled) return result(apiVersion < 3 ? ErrorCode.INVALID_REQUEST : ErrorCode.TOPIC_DELETION_DISABLED);
    const name = asked.name ?? cache.topicName(asked.topicId);
    if (name === undefined) return result(ErrorCode.UNKNOWN_TOPIC_ID);
    if (!cache.hasTopic(name)) return result(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name);
    try {
      await admin.requestDeletion(name, mayMutate);
    } catch (error) {
      if (error instanceof AdminError) return result(error.errorCode, name);
      logger.error(`Error processing delete topic request for topic ${name}`, { error });
      return result(ErrorCode.UNKNOWN_SERVER_ERROR, name);
    }
    const isGone = await admin.waitForAbsence(name, deadlineMs - performance.now());
    return result(isGone ? ErrorCode.NONE : ErrorCode.REQUEST_TIMED_OUT, name);
  }
}
