/**
 * Produce (0–9). v3 takes exactly one batch of magic 2 a partition, older versions message sets, which are rewritten;
 * v5 log start offsets, v7 zstd, v8 says what was wrong with which record (KIP-467).
 *
 * acks 1 answers when this broker's file has the records, -1 when every in-sync replica has them. 0 has no answer: an error
 * closes the connection, so that the producer looks for the leader again.
 */
import { createLogger } from '../../shared/telemetry/logger.ts';
import { ErrorCode, errorName } from '../protocol/error-codes.ts';
import { produce, type ProduceRequest } from '../protocol/messages/00-produce.ts';
import type { Draft } from '../protocol/schema.ts';
import { Codec, batchSizeOf, codecOf, isTransactional } from '../records/record-batch.ts';
import type { AppendResult } from '../replication/append-operation.ts';
import { LegacyFormatError, isLegacyFormat, upConvert } from '../replication/legacy-format.ts';
import type { AppendEntry, ReplicaManager } from '../replication/replica-manager.ts';
import { CLOSE_CONNECTION, type Answer, type Handler, type RequestContext } from '../server/handler.ts';

const logger = createLogger('kafka.server.KafkaApis');

type ProduceAnswer = Draft<typeof produce.response>;
const EMPTY = Buffer.alloc(0);
/** Admin tools may write to internal topics. */
const ADMIN_CLIENT_ID = '__admin_client';
const MAGIC_AT = 16;
/** Offset, length, and what is before the magic byte. */
const HEADER_SIZE_UP_TO_MAGIC = 17;
const RECORD_OVERHEAD_V0 = 14;
const LOG_OVERHEAD = 12;

/**
 * What a version-3 producer may send: one complete batch of magic 2, and zstd only from v7. NONE or the refusal.
 * Trailing bytes that are no batch are left out of the append, as Kafka leaves them out.
 */
export function checkRecords(records: Buffer, apiVersion: number): number {
  const size = nextBatchSize(records, 0);
  if (size < 0) return ErrorCode.CORRUPT_MESSAGE;
  if (size === 0 || records[MAGIC_AT] !== 2) return ErrorCode.INVALID_RECORD;
  if (apiVersion < 7 && codecOf(records, 0) === Codec.zstd) return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
  const following = nextBatchSize(records, size);
  if (following < 0) return ErrorCode.CORRUPT_MESSAGE;
  return following === 0 ? ErrorCode.NONE : ErrorCode.INVALID_RECORD;
}

/** Size of the batch at `position`; 0 when there is no complete one; -1 when no batch looks like that. */
function nextBatchSize(records: Buffer, position: number): number {
  const remaining = records.length - position;
  if (remaining < HEADER_SIZE_UP_TO_MAGIC) return 0;
  const size = batchSizeOf(records, position);
  if (size < LOG_OVERHEAD + RECORD_OVERHEAD_V0 || records[position + MAGIC_AT]! > 2) return -1;
  return size > remaining ? 0 : size;
}

export class ProduceHandler implements Handler<ProduceRequest, ProduceAnswer> {
  readonly api = produce;
  private readonly replicas: ReplicaManager;

  constructor(replicas: ReplicaManager) {
    this.replicas = replicas;
  }

  handle(request: ProduceRequest, context: RequestContext): Answer<ProduceAnswer> | Promise<Answer<ProduceAnswer>> {
    const { apiVersion, quotas } = context;
    if (quotas !== null) {
      // At once, not when the records are in the log: what comes next should not be taken up if this was too much.
      quotas.produced(context.requestSize);
      if (request.acks === 0) quotas.exempt();
    }
    const entries: AppendEntry[] = [];
    let transactional = false;
    for (const { name, partitionData } of request.topicData) {
      for (const { index, records } of partitionData) {
        const entry = takeEntry(name, index, records ?? EMPTY, apiVersion);
        entries.push(entry);
        if (entry.refusal === ErrorCode.NONE && isTransactional(entry.records, 0)) transactional = true;
      }
    }
    if (transactional && request.transactionalId === null) {
      return this.answer(
        request,
        context,
        entries.map((entry) => refusal(entry, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)),
      );
    }
    const results = this.replicas.append({
      acks: request.acks,
      timeoutMs: request.timeoutMs,
      origin: 'client',
      internalTopicsAllowed: context.clientId === ADMIN_CLIENT_ID,
      entries,
    });
    if (!(results instanceof Promise)) return this.answer(request, context, results);
    return results.then((settled) => this.answer(request, context, settled));
  }

  /** `results` are in the order of the request's partitions. */
  private answer(request: ProduceRequest, context: RequestContext, results: readonly AppendResult[]): Answer<ProduceAnswer> {
    if (request.acks === 0) return this.silence(request, context, results);
    const responses: ProduceAnswer['responses'][number][] = [];
    let next = 0;
    for (const { name, partitionData } of request.topicData) {
      responses.push({ name, partitionResponses: results.slice(next, next + partitionData.length) });
      next += partitionData.length;
    }
    return { responses, throttleTimeMs: 0 };
  }

  private silence(
    request: ProduceRequest,
    context: RequestContext,
    results: readonly AppendResult[],
  ): Answer<ProduceAnswer> {
    if (results.every(({ errorCode }) => errorCode === ErrorCode.NONE)) return null;
    const topics = request.topicData.flatMap(({ name, partitionData }) =>
      partitionData.map(({ index }) => `${name}-${index}`),
    );
    const errors = results.flatMap(({ errorCode }, i) =>
      errorCode === 0 ? [] : [`${topics[i]} -> ${errorName(errorCode)}`],
    );
    logger.info(
      `Closing connection due to error during produce request with correlation id ${context.correlationId} ` +
        `from client id ${context.clientId} with ack=0: ${errors.join(', ')}`,
    );
    return CLOSE_CONNECTION;
  }
}

function takeEntry(topic: string, partition: number, records: Buffer, apiVersion: number): AppendEntry {
  if (apiVersion < 3 && isLegacyFormat(records)) {
    try {
      return { topic, partition, records: upConvert(records), refusal: ErrorCode.NONE };
    } catch (error) {
      if (!(error instanceof LegacyFormatError)) throw error;
      return { topic, partition, records, refusal: ErrorCode.CORRUPT_MESSAGE };
    }
  }
  const error = checkRecords(records, apiVersion);
  if (error !== ErrorCode.NONE) return { topic, partition, records, refusal: error };
  const size = batchSizeOf(records, 0);
  return { topic, partition, records: size === records.length ? records : records.subarray(0, size), refusal: error };
}

function refusal(entry: AppendEntry, errorCode: number): AppendResult {
  return {
    index: entry.partition,
    errorCode,
    baseOffset: -1,
    lastOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    recordErrors: [],
    errorMessage: null,
  };
}
