/**
 * Topics that come into being because somebody asked for them: a client's metadata request (`auto.create.topics.enable`), or a
 * coordinator that needs its internal topic. Each is created once at a time, however many ask.
 */
import type { Logger } from '../../shared/telemetry/logger.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { OFFSETS_TOPIC, TRANSACTION_STATE_TOPIC } from '../protocol/internal-topics.ts';
import { invalidTopicName } from '../controller/topic-names.ts';
import type { MutationGate } from '../quota/mutation-quota.ts';
import type { BrokerSettings } from '../settings/settings.ts';
import type { MetadataCache } from './metadata-cache.ts';
import type { NewTopic, TopicAdmin } from './topic-admin.ts';
import { AdminError } from './topic-admin.ts';

export class AutoTopics {
  private readonly admin: Pick<TopicAdmin, 'create'>;
  private readonly cache: Pick<MetadataCache, 'hasBeenTold'>;
  private readonly settings: BrokerSettings;
  private readonly logger: Logger;
  private readonly underWay = new Set<string>();

  constructor(options: {
    admin: Pick<TopicAdmin, 'create'>;
    cache: Pick<MetadataCache, 'hasBeenTold'>;
    settings: BrokerSettings;
    logger: Logger;
  }) {
    this.admin = options.admin;
    this.cache = options.cache;
    this.settings = options.settings;
    this.logger = options.logger;
  }

  /**
   * Creates a topic and says what the client that asked for it is answered: 5 LEADER_NOT_AVAILABLE means "ask again". So does a
   * broker that has just started and knows neither topics nor brokers yet, where the original finds that no replication factor
   * fits no brokers: clients give up at that error, though the topic is there all the time.
   */
  async create(topic: string, mayMutate?: MutationGate): Promise<number> {
    if (invalidTopicName(topic) !== null) return ErrorCode.INVALID_TOPIC_EXCEPTION;
    if (this.underWay.has(topic)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    return await this.createOnce(this.definition(topic), mayMutate);
  }

  /** Creates an internal topic unless it exists; failures are logged, the next to need it tries again. */
  async ensure(topic: NewTopic, mayMutate?: MutationGate): Promise<void> {
    if (!this.underWay.has(topic.name)) await this.createOnce(topic, mayMutate);
  }

  private async createOnce(topic: NewTopic, mayMutate?: MutationGate): Promise<number> {
    if (!this.cache.hasBeenTold) return ErrorCode.LEADER_NOT_AVAILABLE;
    this.underWay.add(topic.name);
    try {
      await this.admin.create(topic, false, mayMutate);
      return ErrorCode.LEADER_NOT_AVAILABLE;
    } catch (error) {
      if (error instanceof AdminError) {
        if (error.errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) return ErrorCode.LEADER_NOT_AVAILABLE;
        this.logger.info(`Error processing create topic request for ${topic.name}: ${error.message}`);
        return error.errorCode;
      }
      this.logger.error(`Error processing create topic request for ${topic.name}`, { error });
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    } finally {
      this.underWay.delete(topic.name);
    }
  }

  private definition(name: string): NewTopic {
    const { settings } = this;
    const make = (partitionCount: number, replicationFactor: number, configs: Record<string, string>): NewTopic => ({
      name,
      partitionCount,
      replicationFactor,
      assignment: new Map(),
      configs: new Map(Object.entries(configs)),
    });
    switch (name) {
      case OFFSETS_TOPIC:
        return make(settings.offsetsTopicNumPartitions, settings.offsetsTopicReplicationFactor, {
          'compression.type': 'producer',
          'cleanup.policy': 'compact',
          'segment.bytes': String(settings.offsetsTopicSegmentBytes),
        });
      case TRANSACTION_STATE_TOPIC:
        return make(settings.transactionStateLogNumPartitions, settings.transactionStateLogReplicationFactor, {
          'unclean.leader.election.enable': 'false',
          'compression.type': 'uncompressed',
          'cleanup.policy': 'compact',
          'min.insync.replicas': String(settings.transactionStateLogMinIsr),
          'segment.bytes': String(settings.transactionStateLogSegmentBytes),
        });
      default:
        return make(settings.numPartitions, settings.defaultReplicationFactor, {});
    }
  }
}
