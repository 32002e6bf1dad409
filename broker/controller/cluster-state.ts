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

/** A deletion under way: over when no replica is left in `remaining`. */
export interface Deletion {
  /** Everybody was told to forget the topic. Until then (a reassignment has to end first) it goes on as if nothing was. */
  begun: boolean;
  /** `partition:brokerId` of replicas that were not reported as deleted. */
  remaining: ReadonlySet<string>;
  /** Those of them whose broker was sent StopReplica and has not answered: each is asked once at a time. */
  asked: ReadonlySet<string>;
}

export interface ClusterState {
  controllerId: number;
  controllerEpoch: number;
  liveBrokers: ReadonlyMap<number, LiveBroker>;
  shuttingDown: ReadonlySet<number>;
  topics: ReadonlyMap<string, Topic>;
  /** Names by topic id, of all `topics`. */
  topicNames: ReadonlyMap<string, string>;
  deletions: ReadonlyMap<string, Deletion>;
  /** `topic-partition:brokerId` of replicas on log directories that failed. */
  offlineReplicas: ReadonlySet<string>;
  /** `topic-partition` of those whose state znode cannot be read: they are left alone until somebody repairs it. */
  unreadable: ReadonlySet<string>;
}

export type StateChange =
  | { kind: 'brokers'; liveBrokers: ReadonlyMap<number, LiveBroker>; shuttingDown: ReadonlySet<number> }
  | { kind: 'shuttingDown'; brokerId: number }
  | { kind: 'topic'; topic: string; topicId: string }
  | { kind: 'topicGone'; topic: string }
  | { kind: 'assignment'; topic: string; partition: number; assignment: ReplicaAssignment }
  | { kind: 'partitionState'; topic: string; partition: number; state: PartitionState }
  | { kind: 'unreadable'; topic: string; partition: number }
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
    topicNames: new Map(),
    deletions: new Map(),
    offlineReplicas: new Set(),
    unreadable: new Set(),
  };
}

const offlineKey = (topic: string, partition: number, brokerId: number): string =>
  `${topic}-${partition}:${brokerId}`;
export const replicaKey = (partition: number, brokerId: number): string => `${partition}:${brokerId}`;
export const partitionKey = (topic: string, partition: number): string => `${topic}-${partition}`;

/** Whether a broker's replica of a partition can lead or follow, now and after its broker's controlled shutdown. */
export function isReplicaAlive(state: ClusterState, topic: string, partition: number, brokerId: number): boolean {
  return !state.shuttingDown.has(brokerId) && isReplicaThere(state, topic, partition, brokerId);
}

/** Whether a broker's replica can lead or follow now: that of a broker about to stop still does. */
export function isReplicaThere(state: ClusterState, topic: string, partition: number, brokerId: number): boolean {
  if (!state.liveBrokers.has(brokerId)) return false;
  // Nearly always empty, and asked for every replica of the cluster.
  return state.offlineReplicas.size === 0 || !state.offlineReplicas.has(offlineKey(topic, partition, brokerId));
}

export function isBeingReassigned({ addingReplicas, removingReplicas }: ReplicaAssignment): boolean {
  return addingReplicas.length > 0 || removingReplicas.length > 0;
}

export function partitionOf(state: ClusterState, { topic, partition }: TopicPartition): Partition | undefined {
  return state.topics.get(topic)?.partitions.get(partition);
}

export function* allPartitions(state: ClusterState): Generator<[topic: string, partition: number, value: Partition]> {
  for (const [topic, { partitions }] of state.topics) {
    for (const [partition, value] of partitions) yield [topic, partition, value];
  }
}

/** The state after `changes`, in order. Untouched parts are shared with `state`. */
export function applyChanges(state: ClusterState, changes: readonly StateChange[]): ClusterState {
  return changes.length === 0 ? state : new Changer(state, false).apply(changes);
}

/**
 * As `applyChanges`, for who holds the only reference to `state`: its maps are changed in place, so that a change costs the same
 * in a cluster of any size. `state` must not be used any more.
 */
export function absorbChanges(state: ClusterState, changes: readonly StateChange[]): ClusterState {
  return changes.length === 0 ? state : new Changer(state, true).apply(changes);
}

/** Copies what it changes, once, unless it owns it. */
class Changer {
  private readonly state: ClusterState;
  private readonly owns: boolean;
  private topics: Map<string, Topic>;
  private topicNames: Map<string, string>;
  private topicsAreOurs: boolean;
  private readonly copied = new Set<string>();

  constructor(state: ClusterState, owns: boolean) {
    this.state = state;
    this.owns = owns;
    this.topics = state.topics as Map<string, Topic>;
    this.topicNames = state.topicNames as Map<string, string>;
    this.topicsAreOurs = owns;
  }

  apply(changes: readonly StateChange[]): ClusterState {
    let { liveBrokers, shuttingDown, offlineReplicas, deletions, unreadable } = this.state;
    for (const change of changes) {
      switch (change.kind) {
        case 'brokers':
          ({ liveBrokers, shuttingDown } = change);
          break;
        case 'shuttingDown':
          shuttingDown = new Set([...shuttingDown, change.brokerId]);
          break;
        case 'topic':
          this.setTopic(change.topic, change.topicId);
          break;
        case 'topicGone':
          this.removeTopic(change.topic);
          if (!deletions.has(change.topic)) break;
          if (deletions === this.state.deletions) deletions = new Map(deletions);
          (deletions as Map<string, Deletion>).delete(change.topic);
          break;
        case 'assignment': {
          const partitions = this.partitionsOf(change.topic);
          const state = partitions?.get(change.partition)?.state ?? null;
          partitions?.set(change.partition, { assignment: change.assignment, state });
          break;
        }
        case 'partitionState': {
          const partitions = this.partitionsOf(change.topic);
          const known = partitions?.get(change.partition);
          if (known === undefined) break;
          partitions?.set(change.partition, { assignment: known.assignment, state: change.state });
          if (unreadable.size > 0) unreadable = without(unreadable, partitionKey(change.topic, change.partition));
          break;
        }
        case 'unreadable':
          unreadable = new Set([...unreadable, partitionKey(change.topic, change.partition)]);
          break;
        case 'deletion':
          if (deletions === this.state.deletions) deletions = new Map(deletions);
          (deletions as Map<string, Deletion>).set(change.topic, change.deletion);
          break;
        case 'replicaOffline':
          // A log directory holds thousands of replicas, and they fail together: one copy for all of them.
          if (offlineReplicas === this.state.offlineReplicas) offlineReplicas = new Set(offlineReplicas);
          (offlineReplicas as Set<string>).add(offlineKey(change.topic, change.partition, change.brokerId));
          break;
        case 'replicasOfBrokerOnline':
          offlineReplicas = new Set([...offlineReplicas].filter((key) => !key.endsWith(`:${change.brokerId}`)));
          break;
      }
    }
    const { topics, topicNames } = this;
    return { ...this.state, liveBrokers, shuttingDown, topics, topicNames, deletions, offlineReplicas, unreadable };
  }

  private ownTopics(): void {
    if (this.topicsAreOurs) return;
    this.topics = new Map(this.topics);
    this.topicNames = new Map(this.topicNames);
    this.topicsAreOurs = true;
  }

  private setTopic(topic: string, topicId: string): void {
    this.ownTopics();
    const known = this.topics.get(topic);
    if (known !== undefined) this.topicNames.delete(known.topicId);
    this.topics.set(topic, { topicId, partitions: known?.partitions ?? new Map() });
    this.topicNames.set(topicId, topic);
    if (known === undefined) this.copied.add(topic);
  }

  private removeTopic(topic: string): void {
    const known = this.topics.get(topic);
    if (known === undefined) return;
    this.ownTopics();
    this.topics.delete(topic);
    if (this.topicNames.get(known.topicId) === topic) this.topicNames.delete(known.topicId);
  }

  /** The partitions of a topic, ours to change; undefined when it went away meanwhile, and the change has no place. */
  private partitionsOf(topic: string): Map<number, Partition> | undefined {
    const current = this.topics.get(topic);
    if (current === undefined) return undefined;
    if (this.owns || this.copied.has(topic)) return current.partitions as Map<number, Partition>;
    this.ownTopics();
    const partitions = new Map(current.partitions);
    this.topics.set(topic, { ...current, partitions });
    this.copied.add(topic);
    return partitions;
  }
}

function without(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  return set.has(key) ? new Set([...set].filter((other) => other !== key)) : set;
}
