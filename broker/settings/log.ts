/** Topics' defaults and everything about the logs. Most have a twin per topic, declared in `broker/log/log-config.ts`. */
import { atLeast, between, eachOf, oneOf } from '../../shared/settings/schema.ts';
import {
  bool,
  double,
  inapplicable,
  int,
  list,
  long,
  LONG_MAX,
  optionalInt,
  optionalLong,
  optionalString,
  planned,
  string,
} from './kinds.ts';
import { metadataVersion } from './validators.ts';

export const topicSettings = {
  numPartitions: int('num.partitions', 1, 'Partitions of a topic whose creator did not say how many.', atLeast(1)),
  defaultReplicationFactor: int('default.replication.factor', 1, 'Replicas of a topic whose creator did not say how many.'),
  autoCreateTopicsEnable: bool('auto.create.topics.enable', true, 'Whether asking for an unknown topic creates it.'),
  deleteTopicEnable: bool('delete.topic.enable', true, 'Whether topics can be deleted.'),
  minInsyncReplicas: int('min.insync.replicas', 1, 'In-sync replicas that an acks=all write needs.', atLeast(1)),
  compressionType: string(
    'compression.type',
    'producer',
    'Codec of stored batches; producer keeps what arrives.',
    oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
  ),
  messageMaxBytes: int('message.max.bytes', 1048588, 'Largest record batch taken, as it is after compression.', atLeast(0)),
};

export const logSettings = {
  logDir: string('log.dir', '/tmp/kafka-logs', 'Directory of the logs when log.dirs is not set.'),
  logDirs: optionalString('log.dirs', 'Directories of the logs, comma-separated.'),
  logSegmentBytes: int(
    'log.segment.bytes',
    1073741824,
    'Size at which a segment is closed and the next one begun.',
    atLeast(14),
  ),
  logRollMs: optionalLong('log.roll.ms', 'Age at which a segment is closed; wins over log.roll.hours.'),
  logRollHours: int('log.roll.hours', 168, 'Age at which a segment is closed.', atLeast(1)),
  logRollJitterMs: optionalLong('log.roll.jitter.ms', 'Random part taken off that age; wins over log.roll.jitter.hours.'),
  logRollJitterHours: int('log.roll.jitter.hours', 0, 'Random part taken off that age.', atLeast(0)),
  logRetentionMs: optionalLong(
    'log.retention.ms',
    'Age at which a segment may be deleted, -1 for never; wins over minutes and hours.',
  ),
  logRetentionMinutes: optionalInt('log.retention.minutes', 'Age at which a segment may be deleted; wins over hours.'),
  logRetentionHours: int('log.retention.hours', 168, 'Age at which a segment may be deleted.'),
  logRetentionBytes: long(
    'log.retention.bytes',
    -1,
    'Size of a partition above which its oldest segments are deleted, -1 for any.',
  ),
  logRetentionCheckIntervalMs: long(
    'log.retention.check.interval.ms',
    300000,
    'How often deletable segments are looked for.',
    atLeast(1),
  ),
  logCleanupPolicy: list(
    'log.cleanup.policy',
    ['delete'],
    'delete drops old segments, compact keeps the last value of each key.',
    eachOf('compact', 'delete'),
  ),
  logIndexSizeMaxBytes: int('log.index.size.max.bytes', 10485760, 'Largest offset index of a segment.', atLeast(4)),
  logIndexIntervalBytes: int('log.index.interval.bytes', 4096, 'Bytes of log per entry of the offset index.', atLeast(0)),
  logFlushIntervalMessages: long(
    'log.flush.interval.messages',
    LONG_MAX,
    'Records after which a partition is forced to the disk.',
    atLeast(1),
  ),
  logFlushSchedulerIntervalMs: long(
    'log.flush.scheduler.interval.ms',
    LONG_MAX,
    'How often partitions that are due are forced to the disk.',
  ),
  logFlushIntervalMs: optionalLong(
    'log.flush.interval.ms',
    'Age of unforced records at which a partition is forced to the disk.',
  ),
  logFlushOffsetCheckpointIntervalMs: int(
    'log.flush.offset.checkpoint.interval.ms',
    60000,
    'How often recovery points are written down.',
    atLeast(0),
  ),
  logFlushStartOffsetCheckpointIntervalMs: int(
    'log.flush.start.offset.checkpoint.interval.ms',
    60000,
    'How often log start offsets are written down.',
    atLeast(0),
  ),
  logSegmentDeleteDelayMs: long(
    'log.segment.delete.delay.ms',
    60000,
    'Time between the end of a segment or partition and the removal of its files.',
    atLeast(0),
  ),
  logPreallocate: planned(bool('log.preallocate', false, 'Whether segment files get their full size at once.')),
  numRecoveryThreadsPerDataDir: inapplicable(
    int('num.recovery.threads.per.data.dir', 1, 'Threads that open logs at a start.', atLeast(1)),
  ),
  logMessageFormatVersion: planned(
    string('log.message.format.version', '3.0-IV1', 'Record format; since 3.0 always the newest.', metadataVersion),
  ),
  logMessageTimestampType: string(
    'log.message.timestamp.type',
    'CreateTime',
    'Whose clock stamps records.',
    oneOf('CreateTime', 'LogAppendTime'),
  ),
  logMessageTimestampDifferenceMaxMs: long(
    'log.message.timestamp.difference.max.ms',
    LONG_MAX,
    "Largest distance of a client's stamp from this clock.",
    atLeast(0),
  ),
  logMessageDownconversionEnable: planned(
    bool('log.message.downconversion.enable', true, 'Whether old clients get batches rewritten in their format.'),
  ),
};

export const cleanerSettings = {
  logCleanerEnable: bool('log.cleaner.enable', true, 'Whether compacted topics are compacted.'),
  logCleanerThreads: int('log.cleaner.threads', 1, 'Logs compacted at a time.', atLeast(0)),
  logCleanerIoMaxBytesPerSecond: double(
    'log.cleaner.io.max.bytes.per.second',
    Number.MAX_VALUE,
    'Limit of what compaction reads and writes.',
  ),
  logCleanerDedupeBufferSize: long('log.cleaner.dedupe.buffer.size', 134217728, 'Memory for the keys of a compaction.'),
  logCleanerIoBufferSize: inapplicable(
    int('log.cleaner.io.buffer.size', 524288, 'Memory for reading and writing in a compaction.', atLeast(0)),
  ),
  logCleanerIoBufferLoadFactor: double('log.cleaner.io.buffer.load.factor', 0.9, 'How full the table of keys may become.'),
  logCleanerBackoffMs: long('log.cleaner.backoff.ms', 15000, 'Pause when nothing needs compaction.', atLeast(0)),
  logCleanerMinCleanableRatio: double(
    'log.cleaner.min.cleanable.ratio',
    0.5,
    'Share of uncompacted bytes that makes a log due.',
    between(0, 1),
  ),
  logCleanerDeleteRetentionMs: long(
    'log.cleaner.delete.retention.ms',
    86400000,
    'How long tombstones stay after compaction saw them.',
    atLeast(0),
  ),
  logCleanerMinCompactionLagMs: long(
    'log.cleaner.min.compaction.lag.ms',
    0,
    'Age before which a record is not compacted.',
    atLeast(0),
  ),
  logCleanerMaxCompactionLagMs: long(
    'log.cleaner.max.compaction.lag.ms',
    LONG_MAX,
    'Age at which a record makes its log due.',
    atLeast(1),
  ),
};
