/** Consumer groups, their offsets, and transactions. */
import { atLeast } from '../../shared/settings/schema.ts';
import { inapplicable, int, INT_MAX, long, planned, short } from './kinds.ts';

export const groupSettings = {
  groupMinSessionTimeoutMs: int('group.min.session.timeout.ms', 6000, 'Shortest session a group member may ask for.'),
  groupMaxSessionTimeoutMs: int('group.max.session.timeout.ms', 1800000, 'Longest session a group member may ask for.'),
  groupInitialRebalanceDelayMs: int(
    'group.initial.rebalance.delay.ms',
    3000,
    'How long the first rebalance of an empty group waits for more members.',
  ),
  groupMaxSize: int('group.max.size', INT_MAX, 'Members a group may have.', atLeast(1)),
  offsetMetadataMaxBytes: int('offset.metadata.max.bytes', 4096, 'Largest text that may be committed with an offset.'),
  offsetsLoadBufferSize: inapplicable(
    int('offsets.load.buffer.size', 5242880, 'Bytes read at a time when offsets are loaded.', atLeast(1)),
  ),
  offsetsTopicReplicationFactor: short('offsets.topic.replication.factor', 3, 'Replicas of __consumer_offsets.', atLeast(1)),
  offsetsTopicNumPartitions: int('offsets.topic.num.partitions', 50, 'Partitions of __consumer_offsets.', atLeast(1)),
  offsetsTopicSegmentBytes: int('offsets.topic.segment.bytes', 104857600, 'Segment size of __consumer_offsets.', atLeast(1)),
  offsetsTopicCompressionCodec: planned(
    int('offsets.topic.compression.codec', 0, 'Codec of __consumer_offsets: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.'),
  ),
  offsetsRetentionMinutes: int(
    'offsets.retention.minutes',
    10080,
    'How long offsets of an empty group are kept.',
    atLeast(1),
  ),
  offsetsRetentionCheckIntervalMs: long(
    'offsets.retention.check.interval.ms',
    600000,
    'How often such offsets are looked for.',
    atLeast(1),
  ),
  offsetsCommitTimeoutMs: int('offsets.commit.timeout.ms', 5000, 'How long a commit waits for its replicas.', atLeast(1)),
  offsetsCommitRequiredAcks: short('offsets.commit.required.acks', -1, "acks of a commit's write."),
};

export const transactionSettings = {
  transactionalIdExpirationMs: planned(
    int('transactional.id.expiration.ms', 604800000, 'How long an unused transactional id is kept.', atLeast(1)),
  ),
  transactionMaxTimeoutMs: planned(
    int('transaction.max.timeout.ms', 900000, 'Longest timeout a transaction may ask for.', atLeast(1)),
  ),
  transactionStateLogMinIsr: int(
    'transaction.state.log.min.isr',
    2,
    'min.insync.replicas of __transaction_state.',
    atLeast(1),
  ),
  transactionStateLogLoadBufferSize: inapplicable(
    int('transaction.state.log.load.buffer.size', 5242880, 'Bytes read at a time when transactions are loaded.', atLeast(1)),
  ),
  transactionStateLogReplicationFactor: short(
    'transaction.state.log.replication.factor',
    3,
    'Replicas of __transaction_state.',
    atLeast(1),
  ),
  transactionStateLogNumPartitions: int(
    'transaction.state.log.num.partitions',
    50,
    'Partitions of __transaction_state.',
    atLeast(1),
  ),
  transactionStateLogSegmentBytes: int(
    'transaction.state.log.segment.bytes',
    104857600,
    'Segment size of __transaction_state.',
    atLeast(1),
  ),
  transactionAbortTimedOutTransactionCleanupIntervalMs: planned(
    int(
      'transaction.abort.timed.out.transaction.cleanup.interval.ms',
      10000,
      'How often timed-out transactions are looked for.',
      atLeast(1),
    ),
  ),
  transactionRemoveExpiredTransactionCleanupIntervalMs: planned(
    int(
      'transaction.remove.expired.transaction.cleanup.interval.ms',
      3600000,
      'How often expired transactional ids are looked for.',
      atLeast(1),
    ),
  ),
  producerIdExpirationMs: int(
    'producer.id.expiration.ms',
    86400000,
    'How long the sequence numbers of a silent producer are kept.',
    atLeast(1),
  ),
};
