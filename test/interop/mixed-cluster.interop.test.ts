/**
 * Two brokers of ours and one real Kafka 3.4 broker in one cluster, on our coordinator: each replicates from the other
 * kind's leaders, gets its orders from the other kind's controller, and moves in and out of ISRs at its word, while
 * producers write with acks=all. In the end nothing acknowledged is missing, and every byte of the logs agrees.
 */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getDataOrNull } from '../../broker/controller/read-state.ts';
import { CoordinatorClient } from '../../shared/client/client.ts';
import { nodeTransport } from '../../shared/client/node-transport.ts';
import type { Admin } from 'kafkajs';
import { eventually, ServerCluster } from './support/cluster.ts';
import { allInSync, compareRecords, partitionsOf, patientClient, readAll, Sender } from './support/recorders.ts';

const TOPIC = 'mixed';
const PARTITIONS = 6;
/** Brokers 0 and 1 are ours. */
const REAL = 2;
/** The real broker's session has to run out, with Kafka's defaults. */
const PATIENCE_MS = 60_000;

describe('a cluster of our brokers and a real Kafka 3.4 broker', function () {
  this.timeout(300_000);
  let cluster: ServerCluster;
  let znodes: CoordinatorClient;
  let admin: Admin;
  let senders: Sender[] = [];

  before(async () => {
    cluster = await ServerCluster.start({
      coordinators: ['vivarium'],
      brokers: ['vivarium', 'vivarium', 'kafka'],
      broker: { 'min.insync.replicas': 2, 'default.replication.factor': 3, 'log.cleaner.dedupe.buffer.size': 4_194_304 },
    });
    znodes = await CoordinatorClient.connect({ servers: cluster.connectString, transport: nodeTransport() });
    const kafka = patientClient(cluster.bootstrap);
    admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({
      topics: [{ topic: TOPIC, numPartitions: PARTITIONS, replicationFactor: 3 }],
      waitForLeaders: true,
    });
    senders = [
      new Sender(kafka, TOPIC, PARTITIONS, 'plain', false),
      new Sender(kafka, TOPIC, PARTITIONS, 'idempotent', true),
    ];
  });
  after(async () => {
    await Promise.all(senders.map((sender) => sender.stop()));
    await admin.disconnect();
    await znodes.close();
    await cluster.close();
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(`What the servers said is in ${cluster.writeLogs()}\n`);
  });

  async function controllerId(): Promise<number | null> {
    const znode = await getDataOrNull(znodes, '/controller');
    if (znode === null) return null;
    const { data } = znode;
    return (JSON.parse(Buffer.from(data ?? []).toString()) as { brokerid: number }).brokerid;
  }

  const inSync = (): Promise<unknown> => eventually('everybody in sync', () => allInSync(admin, TOPIC), PATIENCE_MS);

  /** Waits until more was acknowledged to both senders than now. */
  async function writesGoOn(): Promise<void> {
    const before = senders.map(({ acknowledged }) => acknowledged.size);
    await eventually(
      'acknowledged writes',
      async () =>
        Promise.resolve(senders.every(({ acknowledged }, at) => acknowledged.size > before[at]! + 50) ? true : null),
      PATIENCE_MS,
    );
  }

  /** Waits until some broker says that this is so of all leaders. */
  const untilLeaders = (what: string, holds: (leaders: ReadonlySet<number>) => boolean): Promise<true> =>
    eventually(
      what,
      async () => {
        const partitions = await partitionsOf(admin, TOPIC);
        return partitions !== null && holds(new Set(partitions.map(({ leader }) => leader))) ? true : null;
      },
      PATIENCE_MS,
    );

  it('spreads leaders over both kinds, and all are in sync', async () => {
    await inSync();
    await untilLeaders('leaders of both kinds', (leaders) => leaders.size === 3 && [0, 1, REAL].every((id) => leaders.has(id)));
    await writesGoOn();
  });

  it('goes on when the real broker is killed, and takes it back', async () => {
    await cluster.killBroker(REAL);
    await untilLeaders('other leaders than the dead broker', (leaders) => !leaders.has(REAL));
    await writesGoOn();
    cluster.launchBroker(REAL);
    await cluster.brokerReady(REAL);
    await inSync();
  });

  it('obeys the real broker when that becomes the controller', async () => {
    // Ours are always quicker to take the place: it is the real one's when they are gone.
    await Promise.all([0, 1].map((at) => cluster.killBroker(at)));
    await eventually('the real one is the controller', async () => ((await controllerId()) === REAL ? true : null), PATIENCE_MS);
    for (const at of [0, 1]) cluster.launchBroker(at);
    await cluster.brokersReady();
    await inSync();
    expect(await controllerId()).to.equal(REAL);
    await admin.createTopics({
      topics: [{ topic: 'of-the-real-one', numPartitions: 3, replicationFactor: 3 }],
      waitForLeaders: true,
    });
    await eventually('its topic in sync', () => allInSync(admin, 'of-the-real-one'), PATIENCE_MS);
    await writesGoOn();
  });

  it('moves leaders away before one of ours stops, at the word of the real controller', async () => {
    await cluster.brokers[0]!.program!.stop('SIGTERM', 30_000);
    await untilLeaders('other leaders than the one that stops', (leaders) => !leaders.has(0));
    await writesGoOn();
    cluster.launchBroker(0);
    await cluster.brokerReady(0);
    await inSync();
  });

  it('has lost nothing, and every byte of the logs agrees', async () => {
    await Promise.all(senders.map((sender) => sender.stop()));
    await inSync();
    const acknowledged = new Map(senders.flatMap((sender) => [...sender.acknowledged]));
    expect(acknowledged.size).to.be.above(500);
    expect(compareRecords(acknowledged, await readAll(cluster.bootstrap, TOPIC, PARTITIONS))).to.deep.equal({
      lost: [],
      doubled: [],
      disordered: [],
    });
    await cluster.stop();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const [first, ...others] = [0, 1, REAL].map((broker) => recordsOf(broker, partition));
      expect(first!.length).to.be.above(0);
      for (const other of others) expect(other.equals(first!), `partition ${partition}`).to.equal(true);
    }
  });

  function recordsOf(broker: number, partition: number): Buffer {
    const directory = join(cluster.logDirectory(broker), `${TOPIC}-${partition}`);
    const segments = readdirSync(directory)
      .filter((name) => name.endsWith('.log'))
      .sort();
    return Buffer.concat(segments.map((name) => readFileSync(join(directory, name))));
  }
});
