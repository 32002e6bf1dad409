/**
 * Fetch (0–13). v3 a limit for the whole answer, v4 read committed, v5 log start offsets, v7 sessions (KIP-227), v9
 * fences by leader epoch (KIP-320), v10 zstd, v11 consumers may read from followers (KIP-392), v12 divergence, v13
 * topic ids (KIP-516).
 *
 * Versions 0 to 3 know only the message formats before 0.11: batches are rewritten for them, unless
 * `message.downconversion.enable` is off (35). Records are slices of the log: nothing is copied on their way out.
 */
import type { Clock } from '../../shared/base/clock.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { fetch, type FetchRequest } from '../protocol/messages/01-fetch.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import type { FetchContext, FetchSessionCache, SessionAnswer } from '../replication/fetch-session.ts';
import type {
  FetchParameters,
  FetchPartitionResult,
  FetchResponseDraft,
  FetchablePartition,
} from '../replication/fetch-types.ts';
import { emptyResult } from '../replication/fetch-types.ts';
import { downConvert } from '../replication/legacy-format.ts';
import type { ReplicaManager } from '../replication/replica-manager.ts';
import type { RequestQuotas } from '../quota/client-quotas.ts';
import type { Answer, Handler, RequestContext } from '../server/handler.ts';

export interface FetchHandlerOptions {
  readonly replicas: ReplicaManager;
  readonly sessions: FetchSessionCache;
  /** Names of topic ids; null for one that the cluster doesn't have. */
  readonly topicName: (topicId: string) => string | null;
  readonly clock: Clock;
  /** `fetch.max.bytes`: no answer holds more, bar one batch. */
  readonly fetchMaxBytes: number;
}

export class FetchHandler implements Handler<FetchRequest, FetchResponseDraft> {
  readonly api = fetch;
  private readonly options: FetchHandlerOptions;

  constructor(options: FetchHandlerOptions) {
    this.options = options;
  }

  handle(request: FetchRequest, context: RequestContext): Answer<FetchResponseDraft> | Promise<Answer<FetchResponseDraft>> {
    const { replicas, sessions, topicName, clock, fetchMaxBytes } = this.options;
    const { apiVersion } = context;
    const session = sessions.open(request, apiVersion, topicName, clock.monotonicMs());
    // Followers have quotas of their own (`ReplicationThrottle`).
    const isFollower = request.replicaId >= 0;
    if (isFollower) context.quotas?.exempt();
    const quotas = isFollower ? null : context.quotas;
    if (session.errorCode !== ErrorCode.NONE) return this.finish(session, [], request, apiVersion, quotas);
    const maxBytes = Math.min(request.maxBytes, fetchMaxBytes, quotas === null ? Infinity : quotas.fetchSizeMax);
    const parameters: FetchParameters = {
      replicaId: request.replicaId,
      maxWaitMs: request.maxWaitMs,
      minBytes: Math.min(request.minBytes, maxBytes),
      maxBytes,
      hardMaxBytes: apiVersion <= 2,
      readCommitted: request.isolationLevel === 1,
      onlyLeader: request.replicaId >= 0 || (request.replicaId === -1 && apiVersion < 11),
      rackId: request.rackId,
      listenerName: context.listenerName,
    };
    const results = replicas.fetch(session.partitions, parameters, (listener) => context.onClose(listener));
    if (!(results instanceof Promise)) return this.finish(session, results, request, apiVersion, quotas);
    return results.then((settled) => this.finish(session, settled, request, apiVersion, quotas));
  }

  private finish(
    session: FetchContext,
    results: FetchPartitionResult[],
    request: FetchRequest,
    apiVersion: number,
    quotas: RequestQuotas | null,
  ): FetchResponseDraft {
    // Before anything is rewritten for old clients: that is work, in vain if the client has to wait.
    if (quotas?.mayFetch(() => this.sizeOf(session.preview(results), apiVersion)) === false) return this.respond(session.answerNothing());
    if (apiVersion < 10) this.suitOldClient(session.partitions, results, request, apiVersion);
    return this.respond(session.answer(results, this.options.clock.monotonicMs()));
  }

  private sizeOf(answer: SessionAnswer, apiVersion: number): number {
    const writer = new Writer();
    fetch.response.encode(writer, this.respond(answer), apiVersion);
    return writer.size;
  }

  /** Rewrites, in place, what a client of this version would not understand. */
  private suitOldClient(
    partitions: readonly FetchablePartition[],
    results: FetchPartitionResult[],
    request: FetchRequest,
    apiVersion: number,
  ): void {
    for (let i = 0; i < results.length; i += 1) {
      const result = results[i]!;
      const { topic, partition, fetchOffset } = partitions[i]!;
      // Clients of before log dir failures (KIP-112) would take 56 for fatal; this makes them look for the leader.
      if (apiVersion <= 5 && result.errorCode === ErrorCode.KAFKA_STORAGE_ERROR)
        result.errorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER;
      const config = topic === null ? undefined : this.options.replicas.partition(topic, partition)?.log?.config;
      if (config?.compressionType === 'zstd') {
        results[i] = emptyResult(partition, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
      } else if (apiVersion <= 3 && result.records !== null && result.records.length > 0) {
        const fromFollower = request.replicaId >= 0;
        const magic = apiVersion <= 1 ? 0 : 1;
        if (!fromFollower && config?.messageDownconversionEnable === false) {
          results[i] = emptyResult(partition, ErrorCode.UNSUPPORTED_VERSION);
        } else {
          const converted = downConvert(result.records, magic, fetchOffset);
          if (converted === null) results[i] = emptyResult(partition, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
          else result.records = converted;
        }
      }
    }
  }

  /** Groups neighbours of one topic, in the session's order. */
  private respond({ errorCode, sessionId, partitions, results }: SessionAnswer): FetchResponseDraft {
    const responses: { topic: string; topicId: string; partitions: FetchPartitionResult[] }[] = [];
    let last: (typeof responses)[number] | undefined;
    for (let i = 0; i < partitions.length; i += 1) {
      const { topic, topicId } = partitions[i]!;
      const same = last !== undefined && (topicId === ZERO_UUID ? last.topic === topic : last.topicId === topicId);
      if (!same) responses.push((last = { topic: topic ?? '', topicId, partitions: [] }));
      last!.partitions.push(results[i]!);
    }
    return { throttleTimeMs: 0, errorCode, sessionId, responses };
  }
}
