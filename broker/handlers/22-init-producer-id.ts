/**
 * InitProducerId (0–4): a producer id and epoch 0 for an idempotent producer, from any broker. v3 may name the id it holds
 * (KIP-360), which matters to transactions only.
 *
 * With a transactional id the transaction coordinator answers; until this broker has one, it says that it is not it.
 */
import { createLogger } from '../../shared/telemetry/logger.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { initProducerId, type InitProducerIdRequest } from '../protocol/messages/22-init-producer-id.ts';
import type { Draft } from '../protocol/schema.ts';
import type { ProducerIds } from '../replication/producer-ids.ts';
import type { Handler } from '../server/handler.ts';

const logger = createLogger('kafka.server.KafkaApis');

type InitProducerIdAnswer = Draft<typeof initProducerId.response>;

export class InitProducerIdHandler implements Handler<InitProducerIdRequest, InitProducerIdAnswer> {
  readonly api = initProducerId;
  private readonly producerIds: ProducerIds;

  constructor(producerIds: ProducerIds) {
    this.producerIds = producerIds;
  }

  async handle(request: InitProducerIdRequest): Promise<InitProducerIdAnswer> {
    const { transactionalId, producerId, producerEpoch } = request;
    if ((producerId === -1) !== (producerEpoch === -1)) return refuse(ErrorCode.INVALID_REQUEST);
    if (transactionalId === '') return refuse(ErrorCode.INVALID_REQUEST);
    if (transactionalId !== null) return refuse(ErrorCode.NOT_COORDINATOR);
    try {
      return {
        throttleTimeMs: 0,
        errorCode: ErrorCode.NONE,
        producerId: await this.producerIds.allocate(),
        producerEpoch: 0,
      };
    } catch (error) {
      // Retriable for every client, as REQUEST_TIMED_OUT is not for older ones.
      logger.warn('No producer id could be had from the controller', { error });
      return refuse(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    }
  }
}

function refuse(errorCode: number): InitProducerIdAnswer {
  return { throttleTimeMs: 0, errorCode, producerId: -1, producerEpoch: -1 };
}
