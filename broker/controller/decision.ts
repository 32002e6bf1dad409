/**
 * A decision of the controller: what to write to znodes, what that makes of the cluster's state, and what to tell brokers
 * afterwards. In this order: an order never speaks of what is not written.
 */
import type { ClusterState, StateChange, TopicPartition } from './cluster-state.ts';

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

/** Collects a decision. Orders to one broker are joined, so that each gets at most one request of a kind. */
export class DecisionBuilder {
  private readonly writes: ZnodeWrite[] = [];
  private readonly changes: StateChange[] = [];
  private readonly leaderAndIsr = new Map<number, Map<string, TopicPartition & { isNew: boolean }>>();
  private readonly stopReplica = new Map<number, (TopicPartition & { deletePartition: boolean })[]>();
  private readonly metadata = new Map<string, TopicPartition>();
  private readonly fullMetadataFor: number[] = [];
  private readonly ensured = new Set<string>();
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

  change(change: StateChange): this {
    this.changes.push(change);
    return this;
  }

  /** Tells `brokerIds` to lead or follow, and everybody where the leader is. */
  tellReplicas(brokerIds: Iterable<number>, at: TopicPartition, isNew = false): this {
    for (const brokerId of brokerIds) {
      let partitions = this.leaderAndIsr.get(brokerId);
      if (partitions === undefined) this.leaderAndIsr.set(brokerId, (partitions = new Map()));
      const key = `${at.topic}-${at.partition}`;
      partitions.set(key, { ...at, isNew: isNew || (partitions.get(key)?.isNew ?? false) });
    }
    return this.tellEverybody(at);
  }

  tellEverybody(at: TopicPartition): this {
    this.metadata.set(`${at.topic}-${at.partition}`, at);
    return this;
  }

  /** UpdateMetadata goes out to everybody even if no partition changed: the brokers did. */
  tellBrokers(): this {
    this.metadataToAll = true;
    return this;
  }

  /** These get every partition's metadata. */
  tellEverything(brokerIds: readonly number[]): this {
    this.fullMetadataFor.push(...brokerIds);
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
    const alive = [...after.liveBrokers.keys()].sort((a, b) => a - b);
    const orders: Order[] = [];
    const full = this.fullMetadataFor.filter((id) => after.liveBrokers.has(id));
    const others = alive.filter((id) => !full.includes(id));
    const metadata = [...this.metadata.values()];
    // Followers look their leader up in what UpdateMetadata said, so new brokers hear that first.
    if (full.length > 0) {
      const everything = [...after.topics].flatMap(([topic, { partitions }]) =>
        [...partitions.keys()].map((partition) => ({ topic, partition })),
      );
      orders.push({ kind: 'updateMetadata', brokerIds: full, partitions: everything });
    }
    if (others.length > 0 && this.metadataToAll && metadata.length === 0) {
      orders.push({ kind: 'updateMetadata', brokerIds: others, partitions: [] });
    }
    for (const [brokerId, partitions] of this.leaderAndIsr) {
      if (!after.liveBrokers.has(brokerId)) continue;
      orders.push({ kind: 'leaderAndIsr', brokerId, partitions: [...partitions.values()], full: this.full });
    }
    if (others.length > 0 && metadata.length > 0)
      orders.push({ kind: 'updateMetadata', brokerIds: others, partitions: metadata });
    for (const [brokerId, partitions] of this.stopReplica) {
      if (after.liveBrokers.has(brokerId)) orders.push({ kind: 'stopReplica', brokerId, partitions });
    }
    return { writes: this.writes, changes: this.changes, orders };
  }

  get changesSoFar(): readonly StateChange[] {
    return this.changes;
  }
}
