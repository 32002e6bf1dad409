/**
 * A decision of the controller: what to write to znodes, what that makes of the cluster's state, and what to tell brokers
 * afterwards. In this order: an order never speaks of what is not written.
 */
import type { ClusterState, StateChange, TopicPartition } from './cluster-state.ts';
import { topicZnode } from './znodes.ts';

export type ZnodeWrite =
  | { op: 'create'; path: string; data: Buffer | null }
  /** Persistent and without data; fine if it is there. */
  | { op: 'ensure'; path: string }
  /** `version` is what the znode must have; -1 for any. */
  | { op: 'set'; path: string; data: Buffer; version: number }
  /** With everything below it; fine if it is not there. */
  | { op: 'deleteTree'; path: string };

export type Order =
  | { kind: 'leaderAndIsr'; brokerId: number; partitions: readonly (TopicPartition & { isNew: boolean })[]; full: boolean }
  | { kind: 'updateMetadata'; brokerIds: readonly number[]; partitions: readonly TopicPartition[] }
  | { kind: 'stopReplica'; brokerId: number; partitions: readonly (TopicPartition & { deletePartition: boolean })[] };

export interface Decision {
  writes: readonly ZnodeWrite[];
  changes: readonly StateChange[];
  orders: readonly Order[];
}

/** Partitions by topic and number, without a string for each: a new controller names every replica of the cluster. */
type PartitionMap<T> = Map<string, Map<number, T>>;

function partitionsOf<T>(map: PartitionMap<T>, topic: string): Map<number, T> {
  let partitions = map.get(topic);
  if (partitions === undefined) map.set(topic, (partitions = new Map()));
  return partitions;
}

/** Collects a decision. Orders to one broker are joined, so that each gets at most one request of a kind. */
export class DecisionBuilder {
  private readonly writes: (ZnodeWrite | { op: 'rewriteTopic'; topic: string; version: number })[] = [];
  private readonly changes: StateChange[] = [];
  private readonly leaderAndIsr = new Map<number, PartitionMap<boolean>>();
  private readonly stopReplica = new Map<number, (TopicPartition & { deletePartition: boolean })[]>();
  private readonly metadata: PartitionMap<true> = new Map();
  private readonly fullMetadataFor = new Set<number>();
  private readonly ensured = new Set<string>();
  private readonly rewritten = new Set<string>();
  private metadataToAll = false;
  private full = false;

  write(write: ZnodeWrite): this {
    this.writes.push(write);
    return this;
  }

  /** Makes sure of a znode, once per decision. */
  ensure(path: string): this {
    if (!this.ensured.has(path)) this.writes.push({ op: 'ensure', path });
    this.ensured.add(path);
    return this;
  }

  /** Writes the topic's znode, once per decision, as the state after it has it. `version` as of `set`. */
  rewriteTopic(topic: string, version: number): this {
    if (!this.rewritten.has(topic)) this.writes.push({ op: 'rewriteTopic', topic, version });
    this.rewritten.add(topic);
    return this;
  }

  change(change: StateChange): this {
    this.changes.push(change);
    return this;
  }

  /** Tells `brokerIds` to lead or follow, and everybody where the leader is. */
  tellReplicas(brokerIds: Iterable<number>, at: TopicPartition, isNew = false): this {
    for (const brokerId of brokerIds) {
      let topics = this.leaderAndIsr.get(brokerId);
      if (topics === undefined) this.leaderAndIsr.set(brokerId, (topics = new Map()));
      const partitions = partitionsOf(topics, at.topic);
      partitions.set(at.partition, isNew || partitions.get(at.partition) === true);
    }
    return this.tellEverybody(at);
  }

  tellEverybody(at: TopicPartition): this {
    partitionsOf(this.metadata, at.topic).set(at.partition, true);
    return this;
  }

  /** UpdateMetadata goes out to everybody even if no partition changed: the brokers did. */
  tellBrokers(): this {
    this.metadataToAll = true;
    return this;
  }

  /** These get every partition's metadata. */
  tellEverything(brokerIds: Iterable<number>): this {
    for (const brokerId of brokerIds) this.fullMetadataFor.add(brokerId);
    return this;
  }

  /** The LeaderAndIsr requests name all replicas of their brokers; others are stray. */
  asFull(): this {
    this.full = true;
    return this;
  }

  stop(brokerId: number, at: TopicPartition, deletePartition: boolean): this {
    const partitions = this.stopReplica.get(brokerId);
    if (partitions === undefined) this.stopReplica.set(brokerId, [{ ...at, deletePartition }]);
    else partitions.push({ ...at, deletePartition });
    return this;
  }

  /** `after` is the state that the changes lead to: it says who is alive to be told, and what all partitions are. */
  build(after: ClusterState): Decision {
    return { writes: this.writesFor(after), changes: this.changes, orders: this.ordersFor(after) };
  }

  private writesFor(after: ClusterState): ZnodeWrite[] {
    return this.writes.flatMap((write): ZnodeWrite[] => {
      if (write.op !== 'rewriteTopic') return [write];
      const { topic, version } = write;
      const known = after.topics.get(topic);
      if (known === undefined) return [];
      const partitions = new Map([...known.partitions].map(([index, { assignment }]) => [index, assignment]));
      const data = topicZnode.encode({ topicId: known.topicId, partitions });
      return [{ op: 'set', path: topicZnode.path(topic), data, version }];
    });
  }

  private ordersFor(after: ClusterState): Order[] {
    const orders: Order[] = [];
    const full = [...this.fullMetadataFor].filter((id) => after.liveBrokers.has(id));
    const others = [...after.liveBrokers.keys()].filter((id) => !this.fullMetadataFor.has(id)).sort((a, b) => a - b);
    const metadata = listed(this.metadata).map(([topic, partition]) => ({ topic, partition }));
    // Followers look their leader up in what UpdateMetadata said, so new brokers hear that first.
    if (full.length > 0) {
      orders.push({ kind: 'updateMetadata', brokerIds: full, partitions: everyPartition(after) });
    }
    if (others.length > 0 && this.metadataToAll && metadata.length === 0) {
      orders.push({ kind: 'updateMetadata', brokerIds: others, partitions: [] });
    }
    for (const [brokerId, topics] of this.leaderAndIsr) {
      if (!after.liveBrokers.has(brokerId)) continue;
      const partitions = listed(topics).map(([topic, partition, isNew]) => ({ topic, partition, isNew }));
      orders.push({ kind: 'leaderAndIsr', brokerId, partitions, full: this.full });
    }
    if (others.length > 0 && metadata.length > 0)
      orders.push({ kind: 'updateMetadata', brokerIds: others, partitions: metadata });
    for (const [brokerId, partitions] of this.stopReplica) {
      if (after.liveBrokers.has(brokerId)) orders.push({ kind: 'stopReplica', brokerId, partitions });
    }
    return orders;
  }

  get changesSoFar(): readonly StateChange[] {
    return this.changes;
  }
}

function listed<T>(map: PartitionMap<T>): [topic: string, partition: number, value: T][] {
  const list: [string, number, T][] = [];
  for (const [topic, partitions] of map) {
    for (const [partition, value] of partitions) list.push([topic, partition, value]);
  }
  return list;
}

function everyPartition(state: ClusterState): TopicPartition[] {
  const list: TopicPartition[] = [];
  for (const [topic, { partitions }] of state.topics) {
    for (const partition of partitions.keys()) list.push({ topic, partition });
  }
  return list;
}
