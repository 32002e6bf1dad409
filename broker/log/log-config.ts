/**
 * The 26 topic configs of Kafka 3.4: each declared once, with the broker setting that gives its default. `topicSettings` is
 * the table that CreateTopics checks against and DescribeConfigs answers from; `LogConfig` is what a partition's log works
 * with.
 */
import { SettingError, atLeast, between, eachOf, oneOf, parseSetting } from '../../shared/settings/schema.ts';
import type { Setting, SettingType, SettingValue, Validator } from '../../shared/settings/schema.ts';

const LONG_MAX = 2 ** 63;
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** A batch of magic 0 with an empty record: the smallest segment Kafka lets one ask for. */
const SEGMENT_BYTES_MIN = 14;

/** A broker setting that a topic's default comes from, and what its unit is worth in the topic config's. */
export interface BrokerSynonym {
  readonly name: string;
  readonly factor?: number;
}

export interface TopicSetting<T extends SettingValue = SettingValue> extends Setting<T> {
  /** In order of precedence; the first is what DescribeConfigs and the documentation name. */
  readonly synonyms: readonly BrokerSynonym[];
}

function setting<T extends SettingValue>(
  name: string,
  type: SettingType,
  fallback: T,
  synonyms: readonly (string | BrokerSynonym)[],
  doc: string,
  more: { validator?: Validator; status?: Setting['status'] } = {},
): TopicSetting<T> {
  const named = synonyms.map((synonym) => (typeof synonym === 'string' ? { name: synonym } : synonym));
  return { name, type, default: fallback, synonyms: named, doc, ...more };
}

const hours = (name: string): BrokerSynonym => ({ name, factor: 3_600_000 });
const minutes = (name: string): BrokerSynonym => ({ name, factor: 60_000 });

/** `*`, or `partition:broker` pairs. */
function throttledReplicas(name: string): Validator {
  const form = '[partitionId]:[brokerId],[partitionId]:[brokerId],...';
  return {
    allowed: form,
    check: (value) => {
      const entries = Array.isArray(value) ? value.map(String) : [];
      const fine = entries.every((entry) => /^\d+:\d+$/.test(entry)) || entries.join(',').trim() === '*';
      return fine ? null : `${name} must be the literal '*' or a list of replicas in the following format: ${form}`;
    },
  };
}

const messageFormatVersion: Validator = {
  allowed: 'a version of Kafka, 0.8.0 to 3.4',
  check: (value) =>
    /^(0\.(8\.[0-2]|9\.0|10\.[0-2]|11\.0)|[12]\.\d|3\.[0-4])(\.\d+)*(-IV\d+)?$/.test(String(value))
      ? null
      : `Version ${String(value)} is not a valid version`,
};

/** Field of `LogConfig` → its declaration. */
export const topicSettings = {
  cleanupPolicy: setting<readonly string[]>(
    'cleanup.policy',
    'list',
    ['delete'],
    ['log.cleanup.policy'],
    'delete drops old segments, compact keeps the last value of each key.',
    { validator: eachOf('compact', 'delete') },
  ),
  compressionType: setting<string>(
    'compression.type',
    'string',
    'producer',
    ['compression.type'],
    'Codec of what is stored; producer keeps what the producer chose.',
    { validator: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer') },
  ),
  deleteRetentionMs: setting<number>(
    'delete.retention.ms',
    'long',
    DAY_MS,
    ['log.cleaner.delete.retention.ms'],
    'How long tombstones stay after compaction saw them.',
    { validator: atLeast(0) },
  ),
  fileDeleteDelayMs: setting<number>(
    'file.delete.delay.ms',
    'long',
    60_000,
    ['log.segment.delete.delay.ms'],
    'Time between the end of a segment and the removal of its files.',
    { validator: atLeast(0) },
  ),
  flushMessages: setting<number>(
    'flush.messages',
    'long',
    LONG_MAX,
    ['log.flush.interval.messages'],
    'Records after which the partition is forced to the disk.',
    { validator: atLeast(1) },
  ),
  flushMs: setting<number>(
    'flush.ms',
    'long',
    LONG_MAX,
    ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'],
    'Age of unforced records at which the partition is forced to the disk.',
    { validator: atLeast(0) },
  ),
  followerThrottledReplicas: setting<readonly string[]>(
    'follower.replication.throttled.replicas',
    'list',
    [],
    ['follower.replication.throttled.replicas'],
    'Replicas whose followers fetch no faster than the throttle.',
    { validator: throttledReplicas('follower.replication.throttled.replicas') },
  ),
  indexIntervalBytes: setting<number>(
    'index.interval.bytes',
    'int',
    4096,
    ['log.index.interval.bytes'],
    'Bytes of log per entry of the offset index.',
    { validator: atLeast(0) },
  ),
  leaderThrottledReplicas: setting<readonly string[]>(
    'leader.replication.throttled.replicas',
    'list',
    [],
    ['leader.replication.throttled.replicas'],
    'Replicas that are served no faster than the throttle.',
    { validator: throttledReplicas('leader.replication.throttled.replicas') },
  ),
  maxCompactionLagMs: setting<number>(
    'max.compaction.lag.ms',
    'long',
    LONG_MAX,
    ['log.cleaner.max.compaction.lag.ms'],
    'Age at which a record makes its log due for compaction.',
    { validator: atLeast(1) },
  ),
  maxMessageBytes: setting<number>(
    'max.message.bytes',
    'int',
    1_048_588,
    ['message.max.bytes'],
    'Largest record batch taken.',
    { validator: atLeast(0) },
  ),
  messageDownconversionEnable: setting<boolean>(
    'message.downconversion.enable',
    'boolean',
    true,
    ['log.message.downconversion.enable'],
    'Whether old clients get batches rewritten in their format.',
    { status: 'planned' },
  ),
  messageFormatVersion: setting<string>(
    'message.format.version',
    'string',
    '3.0-IV1',
    ['log.message.format.version'],
    'Record format; since 3.0 always the newest.',
    { validator: messageFormatVersion, status: 'inapplicable' },
  ),
  messageTimestampDifferenceMaxMs: setting<number>(
    'message.timestamp.difference.max.ms',
    'long',
    LONG_MAX,
    ['log.message.timestamp.difference.max.ms'],
    "Largest distance of a client's stamp from this clock.",
    { validator: atLeast(0) },
  ),
  messageTimestampType: setting<string>(
    'message.timestamp.type',
    'string',
    'CreateTime',
    ['log.message.timestamp.type'],
    'Whose clock stamps records.',
    { validator: oneOf('CreateTime', 'LogAppendTime') },
  ),
  minCleanableDirtyRatio: setting<number>(
    'min.cleanable.dirty.ratio',
    'double',
    0.5,
    ['log.cleaner.min.cleanable.ratio'],
    'Share of uncompacted bytes that makes a log due for compaction.',
    { validator: between(0, 1) },
  ),
  minCompactionLagMs: setting<number>(
    'min.compaction.lag.ms',
    'long',
    0,
    ['log.cleaner.min.compaction.lag.ms'],
    'Age before which a record is not compacted.',
    { validator: atLeast(0) },
  ),
  minInsyncReplicas: setting<number>(
    'min.insync.replicas',
    'int',
    1,
    ['min.insync.replicas'],
    'In-sync replicas that acks=all needs.',
    { validator: atLeast(1) },
  ),
  preallocate: setting<boolean>(
    'preallocate',
    'boolean',
    false,
    ['log.preallocate'],
    'Whether segment files get their full size at once.',
    { status: 'planned' },
  ),
  retentionBytes: setting<number>(
    'retention.bytes',
    'long',
    -1,
    ['log.retention.bytes'],
    'Size of the partition above which its oldest segments are deleted, -1 for any.',
  ),
  retentionMs: setting<number>(
    'retention.ms',
    'long',
    WEEK_MS,
    ['log.retention.ms', minutes('log.retention.minutes'), hours('log.retention.hours')],
    'Age at which a segment may be deleted, -1 for never.',
    { validator: atLeast(-1) },
  ),
  segmentBytes: setting<number>(
    'segment.bytes',
    'int',
    1_073_741_824,
    ['log.segment.bytes'],
    'Size at which a segment is closed and the next one begun.',
    { validator: atLeast(SEGMENT_BYTES_MIN) },
  ),
  segmentIndexBytes: setting<number>(
    'segment.index.bytes',
    'int',
    10_485_760,
    ['log.index.size.max.bytes'],
    'Largest offset index of a segment.',
    { validator: atLeast(4) },
  ),
  segmentJitterMs: setting<number>(
    'segment.jitter.ms',
    'long',
    0,
    ['log.roll.jitter.ms', hours('log.roll.jitter.hours')],
    'Random part taken off segment.ms, so that partitions do not roll at once.',
    { validator: atLeast(0) },
  ),
  segmentMs: setting<number>(
    'segment.ms',
    'long',
    WEEK_MS,
    ['log.roll.ms', hours('log.roll.hours')],
    'Age at which a segment is closed.',
    { validator: atLeast(1) },
  ),
  uncleanLeaderElectionEnable: setting<boolean>(
    'unclean.leader.election.enable',
    'boolean',
    false,
    ['unclean.leader.election.enable'],
    'Whether a replica outside the ISR may lead when no other is left.',
  ),
} as const;

type Table = typeof topicSettings;
type Field = keyof Table;

export type LogConfig = { readonly [F in Field]: Table[F] extends TopicSetting<infer T> ? T : never };

const fieldOf = new Map<string, Field>(
  (Object.keys(topicSettings) as Field[]).map((field) => [topicSettings[field].name, field]),
);

/** The names, sorted as Kafka lists them. */
export const topicSettingNames: readonly string[] = [...fieldOf.keys()].sort();

/** The declaration of a topic config, or undefined for a name that is none. */
export function topicSetting(name: string): TopicSetting | undefined {
  const field = fieldOf.get(name);
  return field === undefined ? undefined : topicSettings[field];
}

/** The configs of a topic that nobody configured, on a broker that nobody configured. */
export const defaultLogConfig: LogConfig = Object.freeze(
  Object.fromEntries((Object.keys(topicSettings) as Field[]).map((field) => [field, topicSettings[field].default])),
) as LogConfig;

/**
 * Topic defaults as the broker's own settings give them. `brokerValue` answers with the parsed value of a broker setting, or
 * null/undefined where it is not set; of several synonyms the first that is set wins.
 */
export function logDefaultsFrom(brokerValue: (name: string) => SettingValue | undefined): LogConfig {
  const values: Record<string, SettingValue> = { ...defaultLogConfig };
  for (const field of Object.keys(topicSettings) as Field[]) {
    for (const { name, factor } of topicSettings[field].synonyms) {
      const value = brokerValue(name) ?? null;
      if (value === null) continue;
      values[field] = typeof value === 'number' && factor !== undefined ? Math.max(value * factor, -1) : value;
      break;
    }
  }
  return values as LogConfig;
}

/**
 * A topic's config: the broker's defaults with the topic's own entries over them. Throws `SettingError` for an unknown name,
 * a wrong value, and values that contradict each other. `overrides` is a `Map` or a plain object of property texts.
 */
export function logConfigFrom(
  brokerDefaults: LogConfig,
  overrides: ReadonlyMap<string, string> | Readonly<Record<string, string>>,
): LogConfig {
  const entries = overrides instanceof Map ? [...overrides] : Object.entries(overrides as Record<string, string>);
  if (entries.length === 0) return brokerDefaults;
  const values: Record<string, SettingValue> = { ...brokerDefaults };
  for (const [name, text] of entries) {
    const field = fieldOf.get(name);
    if (field === undefined) throw invalidTopicConfigName(name);
    values[field] = parseSetting(topicSettings[field] as Setting, text);
  }
  const config = values as LogConfig;
  if (config.minCompactionLagMs > config.maxCompactionLagMs) {
    throw new SettingError(
      `conflict topic config setting min.compaction.lag.ms (${config.minCompactionLagMs}) > ` +
        `max.compaction.lag.ms (${config.maxCompactionLagMs})`,
    );
  }
  return config;
}

/** Kafka's refusal of a name that is no topic config. */
function invalidTopicConfigName(name: string): SettingError {
  return new SettingError(`Unknown topic config name: ${name}`);
}

export function isCompacted(config: LogConfig): boolean {
  return config.cleanupPolicy.includes('compact');
}

export function isDeleted(config: LogConfig): boolean {
  return config.cleanupPolicy.includes('delete');
}

/** Age at which a segment is rolled: compaction that has a deadline cannot wait for segment.ms. */
export function segmentAgeMaxMs(config: LogConfig): number {
  return isCompacted(config) ? Math.min(config.maxCompactionLagMs, config.segmentMs) : config.segmentMs;
}
