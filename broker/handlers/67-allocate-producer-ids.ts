/**
 * AllocateProducerIds (0): the controller hands a broker a block of 1000 producer ids (KIP-730), noted in
 * `/latest_producer_id_block`.
 */
import { createLogger } from '../../shared/telemetry/logger.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { allocateProducerIds, type AllocateProducerIdsRequest } from '../protocol/messages/67-allocate-producer-ids.ts';
import type { Draft } from '../protocol/schema.ts';
import type { ProducerIdBlock } from '../replication/producer-ids.ts';
import type { Handler } from '../server/handler.ts';

const logger = createLogger('kafka.controller.KafkaController');

type BlockAnswer = Draft<typeof allocateProducerIds.response>;

export interface AllocateProducerIdsOptions {
  readonly isActiveController: () => boolean;
  /** The czxid of a broker's registration, or null when it isn't registered. */
  readonly brokerEpoch: (brokerId: number) => number | null;
  /** Advances the znode on behalf of a broker. */
  readonly allocateProducerIdBlock: (brokerId: number) => Promise<ProducerIdBlock>;
}

export class AllocateProducerIdsHandler implements Handler<AllocateProducerIdsRequest, BlockAnswer> {
  readonly api = allocateProducerIds;
  private readonly options: AllocateProducerIdsOptions;

  constructor(options: AllocateProducerIdsOptions) {
    this.options = options;
  }

  async handle(request: AllocateProducerIdsRequest): Promise<BlockAnswer> {
    const { brokerId } = request;
    if (!this.options.isActiveController()) return refuse(ErrorCode.NOT_CONTROLLER);
    const brokerEpoch = this.options.brokerEpoch(brokerId);
    if (brokerEpoch === null) return refuse(ErrorCode.BROKER_ID_NOT_REGISTERED);
    if (brokerEpoch !== request.brokerEpoch) return refuse(ErrorCode.STALE_BROKER_EPOCH);
    try {
      const { start, length } = await this.options.allocateProducerIdBlock(brokerId);
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, producerIdStart: start, producerIdLen: length };
    } catch (error) {
      logger.warn(`Could not allocate a block of producer ids for broker ${brokerId}`, { error });
      return refuse(ErrorCode.UNKNOWN_SERVER_ERROR);
    }
  }
}

function refuse(errorCode: number): BlockAnswer {
  return { throttleTimeMs: 0, errorCode, producerIdStart: 0, producerIdLen: 0 };
}
