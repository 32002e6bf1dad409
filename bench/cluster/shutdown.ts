/**
 * What a controlled shutdown costs those who write: a broker that leads partitions gets SIGTERM while acks=all writes go to those
 * partitions one after the other. The client refreshes its metadata at once wherever it was refused or lost the connection, of
 * each broker in turn, so that the pause is the servers'.
 *
 * Checked on the way: no write is lost, each partition ends where its acknowledged writes say at least.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Admin, offsetsOf } from '../../broker/client/admin.ts';
import { openConnection } from '../../broker/client/cluster.ts';
import type { Connection } from '../../broker/client/connection.ts';
import { ErrorCode, errorName } from '../../broker/protocol/error-codes.ts';
import { produce } from '../../broker/protocol/messages/00-produce.ts';
import { metadata } from '../../broker/protocol/messages/03-metadata.ts';
import { electLeaders } from '../../broker/protocol/messages/43-elect-leaders.ts';
import { buildBatch } from '../../broker/records/build-batch.ts';
import { eventually, type ServerCluster } from '../../test/interop/support/cluster.ts';

const host = '127.0.0.1';
/** Writes before the broker is stopped, and after it has ended: the longest pause is among those between. */
const WRITES_AROUND = 300;
const WRITE_TIMEOUT_MS = 60_000;

interface Leader {
  readonly id: number;
  readonly epoch: number;
}

/** Writes to the partitions of one topic in turn, each write when the one before was acknowledged. */
class SequentialWriter {
  private readonly topic: string;
  private readonly ports: readonly number[];
  private readonly connections = new Map<number, Promise<Connection>>();
  private leaders = new Map<number, Leader>();
  private askNext = 0;
  private readonly records = buildBatch({ records: [{ key: null, value: Buffer.alloc(100, 'v'), timestamp: Date.now() }] });
  /** When each write was acknowledged. */
  readonly ackedAtMs: number[] = [];
  /** The newest acknowledged offset of each partition. */
  readonly offsets = new Map<number, number>();
  readonly refusals = new Map<string, number>();

  constructor(topic: string, ports: readonly number[]) {
    this.topic = topic;
    this.ports = ports;
  }

  async write(partition: number): Promise<void> {
    const deadline = performance.now() + WRITE_TIMEOUT_MS;
    for (;;) {
      const why = await this.tryOnce(partition);
      if (why === null) return;
      this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
      if (performance.now() > deadline) throw new Error(`${this.topic}-${partition} could not be written in ${WRITE_TIMEOUT_MS} ms: ${why}`);
      await this.refresh();
      await nextTurn();
    }
  }

  /** Null, or why it was refused. */
  private async tryOnce(partition: number): Promise<string | null> {
    const leader = this.leaders.get(partition);
    if (leader === undefined || leader.id < 0) return 'no leader';
    try {
      const connection = await this.connect(leader.id);
      const topicData = [{ name: this.topic, partitionData: [{ index: partition, records: this.records }] }];
      const { responses } = await connection.request(produce, { acks: -1, timeoutMs: 30_000, topicData });
      const answer = responses[0]!.partitionResponses[0]!;
      if (answer.errorCode !== ErrorCode.NONE) return errorName(answer.errorCode);
      this.ackedAtMs.push(performance.now());
      this.offsets.set(partition, answer.baseOffset);
      return null;
    } catch (error) {
      return (error as Error).name;
    }
  }

  /** Asks the next broker; what is older than what is known already does not count. */
  private async refresh(): Promise<void> {
    try {
      const connection = await this.connect(this.askNext++ % this.ports.length);
      const { topics } = await connection.request(metadata, { topics: [{ name: this.topic }] });
      for (const { partitionIndex, leaderId, leaderEpoch } of topics[0]!.partitions) {
        if (leaderEpoch >= (this.leaders.get(partitionIndex)?.epoch ?? -1)) this.leaders.set(partitionIndex, { id: leaderId, epoch: leaderEpoch });
      }
    } catch {
      // That broker is gone: the next one is asked.
    }
  }

  private connect(id: number): Promise<Connection> {
    const known = this.connections.get(id);
    if (known !== undefined) return known;
    const opening = openConnection({ host, port: this.ports[id]!, clientId: 'bench' });
    this.connections.set(id, opening);
    const forget = (): void => {
      if (this.connections.get(id) === opening) this.connections.delete(id);
    };
    opening.then((connection) => connection.onClose(forget), forget);
    return opening;
  }

  /** A client has its connections when the shutdown comes. */
  async connectAll(): Promise<void> {
    for (const id of this.ports.keys()) await this.connect(id);
    await this.refresh();
  }

  async close(): Promise<void> {
    for (const opening of [...this.connections.values()]) (await opening).close();
  }
}

/** The longest pause between two acknowledgements of each of `rounds` shutdowns, the brokers taking turns (and one is the controller). */
export async function shutdownPauses(cluster: ServerCluster, partitions: number, rounds: number): Promise<number[]> {
  const pauses: number[] = [];
  const ids = [...cluster.brokers.keys()];
  const topicOf = (id: number): string => `led-by-${id}-${partitions}`;
  for (const id of ids) await createLedBy(cluster, topicOf(id), id, ids, partitions);
  for (let round = 0; round < rounds; round++) {
    const id = ids[round % ids.length]!;
    const { pauseMs, refusals } = await shutDownOnce(cluster, id, topicOf(id), partitions);
    pauses.push(pauseMs);
    const reasons = [...refusals].map(([why, count]) => `${count} × ${why}`).join(', ');
    process.stderr.write(`shutdown ${round + 1} of a leader of ${partitions}: ${pauseMs.toFixed(1)} ms (${reasons})\n`);
    await comeBack(cluster, id, topicOf(id));
  }
  return pauses;
}

async function withAdmin<T>(cluster: ServerCluster, work: (admin: Admin) => Promise<T>): Promise<T> {
  const bootstrap = cluster.brokers.map(({ port }) => ({ host, port }));
  const admin = new Admin({ bootstrap, clientId: 'bench', timeoutMs: 60_000 });
  try {
    return await work(admin);
  } finally {
    admin.close();
  }
}

async function createLedBy(cluster: ServerCluster, name: string, leader: number, ids: readonly number[], partitions: number): Promise<void> {
  const others = ids.filter((id) => id !== leader);
  const assignments = Array.from({ length: partitions }, (_, partitionIndex) => ({
    partitionIndex,
    brokerIds: [leader, ...(partitionIndex % 2 === 0 ? others : [...others].reverse())],
  }));
  const topic = { name, numPartitions: -1, replicationFactor: -1, assignments, configs: [{ name: 'min.insync.replicas', value: '2' }] };
  await withAdmin(cluster, (admin) => admin.createTopic(topic));
  await inSync(cluster, name, leader);
}

/** Waits until each broker says that all replicas are in sync and `leader` leads. */
async function inSync(cluster: ServerCluster, name: string, leader: number): Promise<void> {
  for (const { port } of cluster.brokers) {
    await eventually(`${name} led by ${leader} and in sync`, async () => {
      try {
        const connection = await openConnection({ host, port, clientId: 'bench' });
        try {
          const { topics } = await connection.request(metadata, { topics: [{ name }] });
          const { partitions } = topics[0]!;
          const good = partitions.every(({ leaderId, isrNodes, replicaNodes }) => leaderId === leader && isrNodes.length === replicaNodes.length);
          return partitions.length > 0 && good ? true : null;
        } finally {
          connection.close();
        }
      } catch {
        return null; // it is still starting
      }
    });
  }
}

interface Outcome {
  readonly pauseMs: number;
  readonly refusals: ReadonlyMap<string, number>;
}

async function shutDownOnce(cluster: ServerCluster, id: number, topic: string, partitions: number): Promise<Outcome> {
  const writer = new SequentialWriter(topic, cluster.brokers.map(({ port }) => port));
  await writer.connectAll();
  let stoppedAtMs = Infinity;
  let ended = false;
  let failure: unknown = null;
  let next = 0;
  for (let count = 0; count < WRITES_AROUND; count++) await writer.write(next++ % partitions);
  writer.refusals.clear();
  const stopping = cluster.brokers[id]!.program!.stop('SIGTERM', 60_000).then(
    () => (ended = true),
    (error: unknown) => ((failure = error), (ended = true)),
  );
  stoppedAtMs = performance.now();
  while (!ended) await writer.write(next++ % partitions);
  await stopping;
  if (failure !== null) throw failure as Error;
  for (let count = 0; count < WRITES_AROUND; count++) await writer.write(next++ % partitions);
  await check(cluster, topic, writer);
  await writer.close();
  const { ackedAtMs } = writer;
  let pauseMs = 0;
  for (let at = 1; at < ackedAtMs.length; at++) {
    if (ackedAtMs[at]! > stoppedAtMs) pauseMs = Math.max(pauseMs, ackedAtMs[at]! - ackedAtMs[at - 1]!);
  }
  return { pauseMs, refusals: writer.refusals };
}

async function check(cluster: ServerCluster, name: string, { offsets }: SequentialWriter): Promise<void> {
  await withAdmin(cluster, async (admin) => {
    const [topic] = await admin.describeTopics([name]);
    for (const { partitionIndex, leaderId } of topic!.partitions) {
      const newest = offsets.get(partitionIndex);
      if (newest === undefined) continue;
      const [end] = await offsetsOf(await admin.cluster.broker(leaderId), name, [partitionIndex], -1);
      if (end!.offset <= newest) throw new Error(`Offset ${newest} of ${name}-${partitionIndex} was acknowledged, and its log ends at ${end!.offset}`);
    }
  });
}

async function comeBack(cluster: ServerCluster, id: number, topic: string): Promise<void> {
  cluster.launchBroker(id);
  await cluster.brokerReady(id);
  await eventually(`broker ${id} leads ${topic} again`, async () => {
    const led = await withAdmin(cluster, async (admin) => {
      const { partitions } = (await admin.describeTopics([topic]))[0]!;
      if (partitions.some(({ isrNodes, replicaNodes }) => isrNodes.length < replicaNodes.length)) return false;
      await admin.toController(electLeaders, { electionType: 0, topicPartitions: null, timeoutMs: 30_000 });
      return partitions.every(({ leaderId }) => leaderId === id);
    });
    return led ? true : null;
  });
  await inSync(cluster, topic, id);
}
