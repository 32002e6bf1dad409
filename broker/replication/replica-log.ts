/** What replication needs of a partition's log: the part of `PartitionLog` that a test's small one has to have, too. */
import type { PartitionLog } from '../log/partition-log.ts';

export type {
  AppendOptions,
  AppendOrigin,
  AppendResult as LogAppendOutcome,
  RecordError,
  TimestampedOffset,
} from '../log/partition-log.ts';

export type ReplicaLog = Pick<
  PartitionLog,
  | 'logDir'
  | 'topicId'
  | 'config'
  | 'leaderEpochs'
  | 'logStartOffset'
  | 'logEndOffset'
  | 'nextOffset'
  | 'firstUnstableOffset'
  | 'firstSegmentOffset'
  | 'activeSegmentOffset'
  | 'append'
  | 'read'
  | 'offsetForTimestamp'
  | 'offsetOfMaxTimestamp'
  | 'advanceLogStart'
  | 'onHighWatermark'
  | 'truncateTo'
  | 'restartAt'
  | 'settled'
>;
