/** What the replica manager is given, asked and listened to with. */
import type { Clock } from '../../shared/base/clock.ts';
import type { Scheduler } from '../log/scheduler.ts';
import type { AlterPartitionRequest, AlterPartitionResponse } from '../protocol/messages/56-alter-partition.ts';
import type { LeaderConnection } from './leader-connection.ts';
import type { FetcherLimits } from './replica-fetcher.ts';
import type { AppendOrigin, ReplicaLog } from './replica-log.ts';
import type { ReplicationThrottle } from './replication-throttle.ts';
import type { ReplicaSelector } from './replica-selector.ts';

/** The logs on this broker's disks, as replication uses them: `broker/log/log-manager.ts` is the real one. */
export interface ReplicaLogs {
  /**
   * Opens the log of a partition, creating it when there is none. A log without topic id gets this one, unless it is zero.
   */
  getOrCreate(
    topic: string,
    partition: number,
    topicId: string,
    options?: { readonly isNew?: boolean },
  ): Promise<ReplicaLog>;
  /** Takes the partition's files away, at once for whoever asks and on the disk a while later. Fine if there are none. */
  delete(topic: string, partition: number): Promise<void>;
  /** Last checkpointed high watermark, or 0. */
  checkpointedHighWatermark(topic: string, partition: number): number;
  /** Writes the high watermarks of all partitions, a file per log directory. */
  checkpointHighWatermarks(partitions: Iterable<HighWatermark>): Promise<void>;
}

export interface HighWatermark {
  readonly topic: string;
  readonly partition: number;
  readonly logDir: string;
  readonly highWatermark: number;
}

/** What the broker knows of the cluster. */
export interface ClusterView {
  hasPartition(topic: string, partition: number): boolean;
  isAlive(brokerId: number): boolean;
}

/** How followers reach their leaders, and leaders the controller. */
export interface ReplicationOptions {
  /** `num.replica.fetchers`. */
  readonly fetchersPerLeader: number;
  readonly limits: FetcherLimits;
  readonly connect: (leaderId: number, clientId: string) => Promise<LeaderConnection>;
  /** Asks the controller; rejects when there is none, or no answer. */
  readonly alterPartition: (request: AlterPartitionRequest, versionMax: number) => Promise<AlterPartitionResponse>;
  /** Of the registration that stands. */
  readonly brokerEpoch: () => number;
  /** The followers' side of the throttle. */
  readonly throttle?: ReplicationThrottle | undefined;
  /** The leaders' side. */
  readonly leaderThrottle?: ReplicationThrottle | undefined;
}

export interface ReplicaManagerOptions {
  readonly brokerId: number;
  readonly logs: ReplicaLogs;
  readonly cluster: ClusterView;
  readonly clock: Clock;
  readonly scheduler?: Scheduler;
  readonly replication: ReplicationOptions;
  /**
   * Whether the cluster may have given this broker up without its knowing: then it must not act as a leader. Asked each
   * time, because a process that was held up for long runs before its timers.
   */
  readonly isFenced?: () => boolean;
  /**
   * Lets consumers read from followers near them (KIP-392); `rackOf` gives null for a broker that its listener doesn't
   * reach.
   */
  readonly readFrom?: {
    readonly select: ReplicaSelector;
    readonly rackOf: (brokerId: number, listenerName: string) => string | null;
  };
  /** `replica.lag.time.max.ms`. */
  readonly replicaLagTimeMaxMs?: number;
  /** `replica.high.watermark.checkpoint.interval.ms`. */
  readonly highWatermarkCheckpointIntervalMs?: number;
  /**
   * A log directory stopped taking writes or giving reads: the broker goes on with the others, or stops when it was the
   * last.
   */
  readonly onLogDirFailure?: (logDir: string, error: unknown) => void;
}

export interface AppendEntry {
  readonly topic: string;
  readonly partition: number;
  readonly records: Buffer;
  /** Not NONE (0): refused before it came here; answered in its place. */
  readonly refusal?: number;
}

export interface AppendRequest {
  /** 0, 1 or -1; anything else is refused. */
  readonly acks: number;
  readonly timeoutMs: number;
  readonly origin: AppendOrigin;
  /** Clients may not write to `__consumer_offsets` and `__transaction_state`; coordinators may. */
  readonly internalTopicsAllowed: boolean;
  readonly entries: readonly AppendEntry[];
}

/** A partition begins to be led by this broker, or ceases to be. */
export interface LeadershipListener {
  becameLeader(topic: string, partition: number, leaderEpoch: number): void;
  /** `deleted`: the replica is gone, not only the leadership. */
  resigned(topic: string, partition: number, leaderEpoch: number, deleted: boolean): void;
}
