/**
 * What must hold after every step.
 *
 * - SingleLeaderPerEpoch: no two brokers lead a partition in one leader epoch.
 * - AcknowledgedNeverLost: what acks=all acknowledged is, at its offset, in the log of whoever leads in the latest epoch.
 * - IsrHoldsCommitted: every member of the written ISR has all that the latest leader's high watermark covers, alike.
 * - CommittedIsStable: what lies below any replica's high watermark, so that consumers may see it, never changes.
 * - MonotonicHighWatermark: a replica's high watermark does not go back while it lives.
 * - DenseOffsets: a log has every offset once, and its epochs never go back.
 * - FencedBeforeExpiry: a broker whose session ended by its grace has stopped acting as a leader.
 */
import { baseOffsetOf, lastOffsetOf, partitionLeaderEpochOf } from '../../../broker/records/record-batch.ts';
import { partitionStateZnode } from '../../../broker/controller/znodes.ts';
import type { SimBroker } from './broker.ts';
import type { Cluster, SimPartition } from './cluster.ts';
import { identityOf } from './disk-log.ts';

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** A partition's history as the checks have seen it. */
interface Seen {
  /** Records below the highest high watermark that any replica ever had. */
  readonly committed: number[];
  /** First offset and records of what was acknowledged. */
  readonly acknowledged: { readonly baseOffset: number; readonly records: readonly number[] }[];
  readonly leaderOfEpoch: Map<number, number>;
  /** By the broker's life. */
  readonly highWatermarks: Map<SimBroker, number>;
  /** What the checks depend on, as it was when they were last made. */
  signature: string;
}

export class Invariants {
  private readonly cluster: Cluster;
  private readonly seen = new Map<string, Seen>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    for (const { name } of cluster.partitions) {
      this.seen.set(name, {
        committed: [],
        acknowledged: [],
        leaderOfEpoch: new Map(),
        highWatermarks: new Map(),
        signature: '',
      });
    }
  }

  acknowledged(partition: SimPartition, identity: number, baseOffset: number, count: number): void {
    const records = Array.from({ length: count }, (_, at) => identity * 8 + at);
    this.seen.get(partition.name)!.acknowledged.push({ baseOffset, records });
  }

  sessionExpired(brokerId: number, byGrace: boolean): void {
    const broker = this.cluster.brokers.get(brokerId)!;
    if (!byGrace || !broker.process.isAlive) return;
    // A process that is held up acts on nothing until it goes on, and then looks at its clock first.
    this.hold(broker.isFenced || broker.process.isHeldUp, 'FencedBeforeExpiry', `broker ${brokerId} is not fenced`);
  }

  check(): void {
    for (const partition of this.cluster.partitions) this.checkPartition(partition);
  }

  private checkPartition(at: SimPartition): void {
    const seen = this.seen.get(at.name)!;
    const alive = [...this.cluster.brokers.values()].filter(({ process }) => process.isAlive);
    const signature = this.signatureOf(at, seen, alive);
    if (signature === seen.signature) return;
    seen.signature = signature;
    let latest: SimBroker | null = null;
    let latestEpoch = -1;
    for (const broker of alive) {
      const partition = broker.replicas.partition(at.topic, at.partition);
      const log = broker.logs.get(at.name);
      if (partition === undefined || log === undefined || partition.log === null) continue;
      this.checkLog(at, broker.id, log.batches);
      const { highWatermark } = partition;
      const isForward = highWatermark >= (seen.highWatermarks.get(broker) ?? 0);
      this.hold(isForward, 'MonotonicHighWatermark', `${at.name} at ${broker.id}`);
      seen.highWatermarks.set(broker, highWatermark);
      this.checkCommitted(at, seen, broker, [...log.records(highWatermark)], highWatermark);
      if (partition.leader === null) continue;
      const { leaderEpoch } = partition;
      const known = seen.leaderOfEpoch.get(leaderEpoch);
      const both = `${at.name}: ${known} and ${broker.id} in ${leaderEpoch}`;
      this.hold(known === undefined || known === broker.id, 'SingleLeaderPerEpoch', both);
      seen.leaderOfEpoch.set(leaderEpoch, broker.id);
      if (leaderEpoch > latestEpoch) [latest, latestEpoch] = [broker, leaderEpoch];
    }
    // One that has not heard of its successor acknowledges nothing any more, whatever it still believes.
    const isLatest = latestEpoch === Math.max(...seen.leaderOfEpoch.keys());
    if (latest !== null && isLatest) this.checkLeader(at, seen, latest, latestEpoch);
  }

  private signatureOf(at: SimPartition, seen: Seen, alive: readonly SimBroker[]): string {
    const znode = this.cluster.coordinator.znodes.get(partitionStateZnode.path(at.topic, at.partition))!;
    let signature = `${znode.version} ${seen.acknowledged.length}`;
    for (const { id, logs, replicas } of alive) {
      const partition = replicas.partition(at.topic, at.partition);
      const { changeCount = 0 } = logs.get(at.name) ?? {};
      signature += ` ${id}:${changeCount}:${partition?.highWatermark}:${partition?.leaderEpoch}:${partition?.leader === null}`;
    }
    return signature;
  }

  private checkLog(at: SimPartition, brokerId: number, batches: readonly Buffer[]): void {
    let offset = 0;
    let epoch = -1;
    for (const batch of batches) {
      const dense = baseOffsetOf(batch, 0) === offset && partitionLeaderEpochOf(batch, 0) >= epoch;
      this.hold(dense, 'DenseOffsets', `${at.name} at ${brokerId}: ${baseOffsetOf(batch, 0)} where ${offset} is next`);
      offset = lastOffsetOf(batch, 0) + 1;
      epoch = partitionLeaderEpochOf(batch, 0);
    }
  }

  private checkCommitted(at: SimPartition, seen: Seen, broker: SimBroker, records: number[], highWatermark: number): void {
    const where = `${at.name} at ${broker.id}`;
    this.hold(records.length === highWatermark, 'CommittedIsStable', `${where} lacks records below ${highWatermark}`);
    for (let offset = 0; offset < records.length; offset++) {
      const known = seen.committed[offset];
      if (known === undefined) seen.committed[offset] = records[offset]!;
      else this.hold(known === records[offset], 'CommittedIsStable', `${where}: offset ${offset} was another record`);
    }
  }

  private checkLeader(at: SimPartition, seen: Seen, leader: SimBroker, leaderEpoch: number): void {
    const log = leader.logs.get(at.name)!;
    const records = [...log.records(log.nextOffset)];
    for (const { baseOffset, records: acknowledged } of seen.acknowledged) {
      for (const [index, record] of acknowledged.entries()) {
        const isThere = records[baseOffset + index] === record;
        const text = `${at.name}: offset ${baseOffset + index} at leader ${leader.id} of epoch ${leaderEpoch}`;
        this.hold(isThere, 'AcknowledgedNeverLost', text);
      }
    }
    const znode = this.cluster.coordinator.znodes.get(partitionStateZnode.path(at.topic, at.partition))!;
    const state = partitionStateZnode.decode(at.topic, at.partition, znode.data);
    if (state.leaderEpoch !== leaderEpoch) return;
    const { highWatermark } = leader.replicas.partition(at.topic, at.partition)!;
    for (const member of state.isr) {
      const held = this.written(at, member);
      for (let offset = 0; offset < highWatermark; offset++) {
        const text = `${at.name}: ISR member ${member} lacks ${offset}, below the high watermark of ${leader.id}`;
        this.hold(held[offset] === records[offset], 'IsrHoldsCommitted', text);
      }
    }
  }

  /** The records that a broker has in its file, dead or alive. */
  private written(at: SimPartition, brokerId: number): number[] {
    const records: number[] = [];
    for (const batch of this.cluster.disk(brokerId, at.name).batches) {
      const base = baseOffsetOf(batch, 0);
      for (let offset = base; offset <= lastOffsetOf(batch, 0); offset++)
        records.push(identityOf(batch) * 8 + (offset - base));
    }
    return records;
  }

  private hold(holds: boolean, invariant: string, text: string): void {
    if (!holds) throw new InvariantViolation(`${invariant} at ${this.cluster.world.nowMs.toFixed(1)} ms: ${text}`);
  }
}
