/**
 * Where a group's coordinator is: the leader of the partition of `__consumer_offsets` that keeps it. Asking creates the
 * topic when it isn't there yet. The client is told COORDINATOR_NOT_AVAILABLE, and asks again, until that partition has a
 * living leader.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import { OFFSETS_TOPIC } from '../protocol/internal-topics.ts';
import type { MutationGate } from '../quota/mutation-quota.ts';
import type { GroupConfig } from './group-config.ts';

/** A topic to be created as the cluster's own. */
export interface InternalTopic {
  readonly name: string;
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

export interface Endpoint {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** What the finder knows of the cluster: the broker's metadata cache. */
export interface ClusterView {
  hasTopic(topic: string): boolean;
  /** The living leader of a partition, as clients of `listenerName` reach it; null while there is none. */
  leaderEndpoint(topic: string, partition: number, listenerName: string): Endpoint | null;
}

export interface CoordinatorFinderOptions {
  readonly config: GroupConfig;
  readonly cluster: ClusterView;
  readonly partitionFor: (groupId: string) => number;
  /**
   * Creates the topic unless it exists. Resolves when that is settled (it may take longer until this broker has heard of
   * it), and says for itself why it could not; called again by the next client that asks. Its partitions count against the
   * quota of the client that asked first.
   */
  readonly ensureTopic: (topic: InternalTopic, mayMutate?: MutationGate) => Promise<void>;
}

export interface FoundCoordinator {
  readonly errorCode: ErrorCode;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

const UNAVAILABLE: FoundCoordinator = { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, nodeId: -1, host: '', port: -1 };

export class CoordinatorFinder {
  private readonly options: CoordinatorFinderOptions;
  private creating = false;

  constructor(options: CoordinatorFinderOptions) {
    this.options = options;
  }

  findGroupCoordinator(groupId: string, listenerName: string, mayMutate?: MutationGate): FoundCoordinator {
    const { cluster, partitionFor } = this.options;
    if (cluster.hasTopic(OFFSETS_TOPIC)) {
      const endpoint = cluster.leaderEndpoint(OFFSETS_TOPIC, partitionFor(groupId), listenerName);
      if (endpoint !== null) {
        const { id: nodeId, host, port } = endpoint;
        return { errorCode: ErrorCode.NONE, nodeId, host, port };
      }
    } else {
      this.createOffsetsTopic(mayMutate);
    }
    return UNAVAILABLE;
  }

  /**
   * Transactions have no `__transaction_state` to be coordinated by yet: as in a cluster where its leaders are still to
   * come.
   */
  findTransactionCoordinator(): FoundCoordinator {
    return UNAVAILABLE;
  }

  /** Any number of clients may ask while the topic comes into being: it is created once. */
  private createOffsetsTopic(mayMutate?: MutationGate): void {
    if (this.creating) return;
    this.creating = true;
    const done = (): void => {
      this.creating = false;
    };
    this.options.ensureTopic(offsetsTopicOf(this.options.config), mayMutate).then(done, done);
  }
}

function offsetsTopicOf(config: GroupConfig): InternalTopic {
  return {
    name: OFFSETS_TOPIC,
    numPartitions: config.offsetsTopicNumPartitions,
    replicationFactor: config.offsetsTopicReplicationFactor,
    configs: {
      'compression.type': 'producer',
      'cleanup.policy': 'compact',
      'segment.bytes': String(config.offsetsTopicSegmentBytes),
    },
  };
}
