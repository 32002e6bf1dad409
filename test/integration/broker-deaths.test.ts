/**
 * Brokers are killed, stopped and held up while a producer writes with acks=all and idempotence. Afterwards everything
 * acknowledged is there, once, at the offset that the producer was told, in its order. `CHAOS_ROUNDS` makes a soak of it;
 * `CHAOS_SEED` replays the order.
 */
import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin } from '../../broker/client/admin.ts';
import { negotiate } from '../../broker/client/cluster.ts';
import { Connection } from '../../broker/client/connection.ts';
import { Producer } from '../../broker/client/producer.ts';
import { fetch } from '../../broker/protocol/messages/01-fetch.ts';
import { metadata } from '../../broker/protocol/messages/03-metadata.ts';
import { iterateRecords } from '../../broker/records/iterate-records.ts';
import { batchSizeOf, lastOffsetOf } from '../../broker/records/record-batch.ts';
import { createPrng } from '../../shared/base/prng.ts';
import { RealCluster } from './real-cluster.ts';

const ROUNDS = Number(process.env['CHAOS_ROUNDS'] ?? 4);
const SEED = Number(process.env['CHAOS_SEED'] ?? 20261122);
const TOPIC = 'ledger';
const PARTITIONS = 3;
const SEND_EVERY_MS = 5;
/** A broker that hangs with its connections open keeps its session: the shortest that the coordinator grants. */
const SESSION_TIMEOUT_MS = 4_000;
const RECOVERY_PATIENCE_MS = 60_000;

interface Acked {
  readonly offset: number;
  readonly number: number;
}

describe('a cluster whose brokers die', function () {
  this.timeout(120_000 + ROUNDS * 90_000);
  let cluster: RealCluster;
  before(async () => {
    cluster = new RealCluster();
    await cluster.start(1, 3, {
      'zookeeper.session.timeout.ms': String(SESSION_TIMEOUT_MS),
      'replica.lag.time.max.ms': '5000',
    });
  });
  after(() => cluster.close());

  it(`loses nothing that it acknowledged in ${ROUNDS} rounds, and doubles and reorders nothing`, async () => {
    const prng = createPrng(SEED);
    await createTopic();
    const ledger = new Ledger();
    ledger.begin();
    for (let round = 1; round <= ROUNDS; round++) {
      const broker = cluster.brokers[prng.int(3)]!;
      const how = (['SIGKILL', 'SIGTERM', 'SIGSTOP', 'SIGKILL'] as const)[prng.int(4)]!;
      await ledger.grows(200);
      if (how === 'SIGSTOP') {
        broker.signal('SIGSTOP');
        await sleep(prng.int(2) === 0 ? 1_000 : SESSION_TIMEOUT_MS + 2_000);
        broker.signal('SIGCONT');
      } else {
        await broker.end(how);
        await ledger.grows(100, `after ${how} of ${broker.name} in round ${round}`);
        await broker.start();
      }
      await ledger.grows(100, `after ${broker.name} is back from ${how} in round ${round}`);
      await everyoneInSync();
    }
    // All at once, as when somebody trips over the cable.
    await ledger.grows(200);
    await Promise.all([...cluster.brokers, ...cluster.coordinators].map((server) => server.end('SIGKILL')));
    await Promise.all([...cluster.coordinators, ...cluster.brokers].map((server) => server.start()));
    await ledger.grows(100, 'after all were killed at once');
    await everyoneInSync();
    const acked = await ledger.end();
    expect(ledger.failures).to.deep.equal([]);
    for (let partition = 0; partition < PARTITIONS; partition++)
      check(acked[partition]!, await readAll(partition), partition);
  });

  /** Writes numbers to each partition in turn, and notes where they were acknowledged. */
  class Ledger {
    readonly failures: string[] = [];
    private readonly producer = new Producer({ bootstrap: cluster.bootstrap, clientId: 'ledger', requestTimeoutMs: 5_000 });
    private readonly acked: Acked[][] = Array.from({ length: PARTITIONS }, () => []);
    private count = 0;
    private ackedCount = 0;
    private timer: NodeJS.Timeout | null = null;

    begin(): void {
      this.timer = setInterval(() => this.write(), SEND_EVERY_MS);
    }

    private write(): void {
      const number = this.count++;
      const partition = number % PARTITIONS;
      this.producer.send({ topic: TOPIC, partition, key: null, value: Buffer.from(String(number)) }, (error, _, offset) => {
        if (error !== null) this.failures.push(`${number}: ${error.message}`);
        else this.acked[partition]!.push({ offset, number });
        this.ackedCount += 1;
      });
    }

    /** Resolves when `more` were acknowledged than now. */
    async grows(more: number, when = ''): Promise<void> {
      const wanted = this.ackedCount + more;
      const deadline = performance.now() + RECOVERY_PATIENCE_MS;
      while (this.ackedCount < wanted) {
        if (performance.now() > deadline) throw new Error(`Writes do not go on ${when}: ${this.ackedCount} of ${wanted}`);
        await sleep(20);
      }
    }

    async end(): Promise<Acked[][]> {
      if (this.timer !== null) clearInterval(this.timer);
      await this.producer.flush();
      await this.producer.close();
      return this.acked;
    }
  }

  async function createTopic(): Promise<void> {
    const admin = new Admin({ bootstrap: cluster.bootstrap, clientId: 'test' });
    await admin.createTopic({ name: TOPIC, numPartitions: PARTITIONS, replicationFactor: 3, assignments: [], configs: [] });
    admin.close();
  }

  async function connect(port: number): Promise<Connection> {
    const connection = await Connection.connect({ host: '127.0.0.1', port, clientId: 'test' });
    await negotiate(connection);
    return connection;
  }

  async function describeTopic(): Promise<{ leaderId: number; isrNodes: number[]; partitionIndex: number }[]> {
    const connection = await connect(cluster.brokers[0]!.port);
    try {
      const { topics } = await connection.request(metadata, { topics: [{ name: TOPIC }] });
      return topics[0]!.partitions;
    } finally {
      connection.close();
    }
  }

  async function everyoneInSync(): Promise<void> {
    const deadline = performance.now() + RECOVERY_PATIENCE_MS;
    for (;;) {
      const partitions = await describeTopic();
      if (partitions.length === PARTITIONS && partitions.every(({ isrNodes }) => isrNodes.length === 3)) return;
      if (performance.now() > deadline) throw new Error(`The ISRs stay ${JSON.stringify(partitions)}`);
      await sleep(100);
    }
  }

  async function readAll(partition: number): Promise<Acked[]> {
    const { leaderId } = (await describeTopic()).find(({ partitionIndex }) => partitionIndex === partition)!;
    const connection = await connect(cluster.brokers[leaderId]!.port);
    const read: Acked[] = [];
    for (let offset = 0; ;) {
      const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes: 4_000_000 }];
      const request = { replicaId: -1, maxWaitMs: 0, minBytes: 0, topics: [{ topic: TOPIC, partitions }] };
      const { responses } = await connection.request(fetch, request, { version: 12 });
      const records = responses[0]!.partitions[0]!.records ?? Buffer.alloc(0);
      if (records.length === 0) break;
      for (let at = 0; at < records.length; at += batchSizeOf(records, at)) {
        for (const record of iterateRecords(records, at))
          read.push({ offset: record.offset, number: Number(record.value!.toString()) });
        offset = lastOffsetOf(records, at) + 1;
      }
    }
    connection.close();
    return read;
  }

  function check(acked: readonly Acked[], read: readonly Acked[], partition: number): void {
    const byOffset = new Map(read.map(({ offset, number }) => [offset, number]));
    const lost = acked.filter(({ offset, number }) => byOffset.get(offset) !== number);
    expect(lost, `lost in partition ${partition}`).to.deep.equal([]);
    const numbers = read.map(({ number }) => number);
    expect(new Set(numbers).size, `doubled in partition ${partition}`).to.equal(numbers.length);
    expect(numbers, `reordered in partition ${partition}`).to.deep.equal([...numbers].sort((a, b) => a - b));
  }
});
