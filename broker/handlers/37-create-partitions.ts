/**
 * CreatePartitions (0–3), at the controller: makes topics grow. The answer waits until the new partitions have leaders. v3 is refused what
 * exceeds the client's quota (KIP-599).
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { CreatePartitionsRequest, CreatePartitionsResponse } from '../protocol/messages/37-create-partitions.ts';
import { createPartitions } from '../protocol/messages/37-create-partitions.ts';
import type { MutationGate } from '../quota/mutation-quota.ts';
import type { Handler, RequestContext } from '../server/handler.ts';
import type { TopicAdmin } from '../server/topic-admin.ts';
import { AdminError } from '../server/topic-admin.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

export interface CreatePartitionsDependencies {
  readonly admin: TopicAdmin;
  readonly isController: () => boolean;
  readonly isBeingDeleted: (topic: string) => boolean;
  readonly logger: Logger;
}

type TopicRequest = CreatePartitionsRequest['topics'][number];
type Result = CreatePartitionsResponse['results'][number];

export class CreatePartitionsHandler implements Handler<CreatePartitionsRequest, CreatePartitionsResponse> {
  readonly api = createPartitions;
  private readonly deps: CreatePartitionsDependencies;

  constructor(deps: CreatePartitionsDependencies) {
    this.deps = deps;
  }

  async handle(request: CreatePartitionsRequest, context: RequestContext): Promise<CreatePartitionsResponse> {
    const byName = new Map<string, TopicRequest[]>();
    for (const topic of request.topics) byName.set(topic.name, [...(byName.get(topic.name) ?? []), topic]);
    const deadlineMs = performance.now() + request.timeoutMs;
    const mayMutate = context.quotas?.mutationGate(context.apiVersion >= 3 ? 'strict' : 'permissive');
    const results = await Promise.all(
      [...byName.values()].map((requests) => this.answer(requests, request.validateOnly, deadlineMs, mayMutate)),
    );
    return { throttleTimeMs: 0, results };
  }

  private async answer(
    requests: readonly TopicRequest[],
    validateOnly: boolean,
    deadlineMs: number,
    mayMutate?: MutationGate,
  ): Promise<Result> {
    const { admin, isController, isBeingDeleted, logger } = this.deps;
    const { name, count, assignments } = requests[0]!;
    const result = (errorCode: number, errorMessage: string | null = null): Result => ({ name, errorCode, errorMessage });
    if (!isController()) return result(ErrorCode.NOT_CONTROLLER);
    if (requests.length > 1) return result(ErrorCode.INVALID_REQUEST, 'Duplicate topic in request.');
    if (isBeingDeleted(name)) return result(ErrorCode.INVALID_TOPIC_EXCEPTION, 'The topic is queued for deletion.');
    try {
      const wanted = assignments?.map(({ brokerIds }) => brokerIds) ?? null;
      const added = await admin.grow(name, count, wanted, validateOnly, mayMutate);
      if (validateOnly) return result(ErrorCode.NONE);
      const hasLeaders = await admin.waitForLeaders(name, added, deadlineMs - performance.now());
      return result(hasLeaders ? ErrorCode.NONE : ErrorCode.REQUEST_TIMED_OUT);
    } catch (error) {
      if (error instanceof AdminError) return result(error.errorCode, error.toldMessage);
      logger.error(`Error processing create partitions request for ${name}`, { error });
      return result(ErrorCode.UNKNOWN_SERVER_ERROR, (error as Error).message);
    }
  }
}
