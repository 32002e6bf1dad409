/**
 * What the controller knows: living brokers, topics, assignments, leaders and ISRs, deletions under way. It is a value: decisions
 * (`decide.ts`) describe changes, `applyChanges` makes the next state out of them, once their znode writes have succeeded. A new
 * controller builds the same value by reading the znodes.
 */
import type { BrokerRegistration, PartitionStateRecord, ReplicaAssignment } from './znodes.ts';

export interface LiveBroker {
  registration: BrokerRegistration;
  /** czxid of the registration. */
  brokerEpoch: number;
}

export interface PartitionState extends PartitionStateRecord {
  /** Version of the state znode. */
  partitionEpoch: number;
}

export interface Partition {
  assignment: ReplicaAssignment;
  /** Null until the first leader was elected: the partition is new. */
  state: PartitionState | null;
}

export interface Topic {
  topicId: string;
  partitions: ReadonlyMap<number, Partition>;
}

export interface TopicPartition {
  topic: string;
  partition: number;
}

/** A deletion under way: it has begun once StopReplica was sent, and is over when no replica is left in `remaining`. */
export interface Deletion {
  begun: boolean;
  /** `partition:brokerId` of replicas that were not reported as deleted. */
  remaining: ReadonlySet<string>;
}

export interface ClusterState {
  controllerId: number;
  controllerEpoch: number;
  liveBrokers: ReadonlyMap<number, LiveBroker>;
  shuttingDown: ReadonlySet<number>;
  topics: ReadonlyMap<string, Topic>;
  deletions: ReadonlyMap<string, Deletion>;
  /** `topic-partition:brokerId` of replicas on log directories that failed. */
  offlineReplicas: ReadonlySet<string>;
}

export type StateChange =
  | { kind: 'brokers'; liveBrokers: ReadonlyMap<number, LiveBroker>; shuttingDown: ReadonlySet<number> }
  | { kind: 'shuttingDown'; brokerId: number }
  | { kind: 'topic'; topic: string; topicId: string }
  | { kind: 'topicGone'; topic: string }
  | { kind: 'assignment'; topic: string; partition: number; assignment: ReplicaAssignment }
  | { kind: 'partitionState'; topic: string; partition: number; state: PartitionState }
  | { kind: 'deletion'; topic: string; deletion: Deletion }
  | { kind: 'replicaOffline'; topic: string; partition: number; brokerId: number }
  | { kind: 'replicasOfBrokerOnline'; brokerId: number };

export function emptyClusterState(controllerId: number, controllerEpoch: number): ClusterState {
  return {
    controllerId,
    controllerEpoch,
    liveBrokers: new Map(),
    shuttingDown: new Set(),
    topics: new Map(),
    deletions: new Map(),
    offlineReplicas: new Set(),
  };
}

export const offlineKey = (topic: string, partition: number, brokerId: number): string =>
  `${topic}-${partition}:${brokerId}`;
export const replicaKey = (partition: number, brokerId: number): string => `${partition}:${brokerId}`;

/** Whether a broker's replica of a partition can lead or follow. */
export function isReplicaAlive(state: ClusterState, topic: string, partition: number, brokerId: number): boolean {
  return state.liveBrokers.has(brokerId) && !state.offlineReplicas.has(offlineKey(topic, partition, brokerId));
}

export function* allPartitions(state: ClusterState): Generator<[topic: string, partition: number, value: Partition]> {
  for (const [topic, { partitions }] of state.topics) {
    for (const [partition, value] of partitions) yield [topic, partition, value];
  }
}

/** The state after `changes`, in order. Untouched parts are shared with `state`. */
export function applyChanges(state: ClusterState, changes: readonly StateChange[]): ClusterState {
  if (changes.length === 0) return state;
  const topics = new Map(state.topics);
  const copied = new Set<string>();
  const deletions = new Map(state.deletions);
  let { liveBrokers, shuttingDown, offlineReplicas } = state;

  /** The partitions of a topic, ours to change. */
  const partitionsOf = (topic: string): Map<number, Partition> => {
    const current = topics.get(topic);
    if (current === undefined) return new Map(); // the topic went away meanwhile: the change has no place
    if (copied.has(topic)) return current.partitions as Map<number, Partition>;
    const partitions = new Map(current.partitions);
    topics.set(topic, { ...current, partitions });
    copied.add(topic);
    return partitions;
  };

  for (const change of changes) {
    switch (change.kind) {
      case 'brokers':
        ({ liveBrokers, shuttingDown } = change);
        break;
      case 'shuttingDown':
        shuttingDown = new Set([...shuttingDown, change.brokerId]);
        break;
      case 'topic':
        topics.set(change.topic, { topicId: change.topicId, partitions: topics.get(change.topic)?.partitions ?? new Map() });
        copied.delete(change.topic);
        break;
      case 'topicGone':
        topics.delete(change.topic);
        deletions.delete(change.topic);
        break;
      case 'assignment': {
        const partitions = partitionsOf(change.topic);
        partitions.set(change.partition, {
          state: partitions.get(change.partition)?.state ?? null,
          assignment: change.assignment,
        });
        break;
      }
      case 'partitionState': {
        const partitions = partitionsOf(change.topic);
        const partition = partitions.get(change.partition);
        if (partition !== undefined) partitions.set(change.partition, { ...partition, state: change.state });
        break;
      }
      case 'deletion':
        deletions.set(change.topic, change.deletion);
        break;
      case 'replicaOffline':
        offlineReplicas = new Set([...offlineReplicas, offlineKey(change.topic, change.partition, change.brokerId)]);
        break;
      case 'replicasOfBrokerOnline':
        offlineReplicas = new Set([...offlineReplicas].filter((key) => !key.endsWith(`:${change.brokerId}`)));
        break;
    }
  }
  return { ...state, liveBrokers, shuttingDown, topics, deletions, offlineReplicas };
}
