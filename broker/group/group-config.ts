/** The settings groups depend on, under the broker's keys, with Kafka 3.4's defaults. */
export interface GroupConfig {
  /** `group.min.session.timeout.ms`, `group.max.session.timeout.ms`: what a member may ask for. */
  readonly groupMinSessionTimeoutMs: number;
  readonly groupMaxSessionTimeoutMs: number;
  /** `group.initial.rebalance.delay.ms`: how long an empty group waits for more members after its first. */
  readonly groupInitialRebalanceDelayMs: number;
  /** `group.max.size`. */
  readonly groupMaxSize: number;
  /** `offset.metadata.max.bytes`: counted in characters, as Kafka does. */
  readonly offsetMetadataMaxBytes: number;
  /** `offsets.retention.minutes`, `offsets.retention.check.interval.ms`. */
  readonly offsetsRetentionMinutes: number;
  readonly offsetsRetentionCheckIntervalMs: number;
  /** `offsets.commit.timeout.ms`, `offsets.commit.required.acks`. */
  readonly offsetsCommitTimeoutMs: number;
  readonly offsetsCommitRequiredAcks: number;
  /** `offsets.topic.*`: how `__consumer_offsets` is created. */
  readonly offsetsTopicNumPartitions: number;
  readonly offsetsTopicReplicationFactor: number;
  readonly offsetsTopicSegmentBytes: number;
  /** `offsets.topic.compression.codec`: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  readonly offsetsTopicCompressionCodec: number;
}

export const defaultGroupConfig: GroupConfig = {
  groupMinSessionTimeoutMs: 6_000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 3_000,
  groupMaxSize: 0x7fff_ffff,
  offsetMetadataMaxBytes: 4_096,
  offsetsRetentionMinutes: 7 * 24 * 60,
  offsetsRetentionCheckIntervalMs: 600_000,
  offsetsCommitTimeoutMs: 5_000,
  offsetsCommitRequiredAcks: -1,
  offsetsTopicNumPartitions: 50,
  offsetsTopicReplicationFactor: 3,
  offsetsTopicSegmentBytes: 104_857_600,
  offsetsTopicCompressionCodec: 0,
};

/**
 * A member that has never completed a rebalance can't send heartbeats yet, and its connection can't be seen to close while
 * its JoinGroup waits: after this long it is dropped, and comes again if it is still there.
 */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60_000;

/**
 * Ids handed out with MEMBER_ID_REQUIRED and not yet used, per group: a client that only ever asks for ids must not fill
 * the memory.
 */
export const PENDING_MEMBERS_MAX = 10_000;
