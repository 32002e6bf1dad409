/**
 * How somebody moves to real Kafka without stopping: a real Kafka 3.4 broker joins two of ours on our ensemble, the topics are
 * reassigned to it and back while records are produced, and it takes the controller's place. And the other half: three brokers of
 * ours on a real ZooKeeper ensemble.
 */
import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Admin } from 'kafkajs';
import { eventually, ServerCluster } from './support/cluster.ts';
import { runOk } from './support/process.ts';
import { allInSync, compareRecords, partitionsOf, patientClient, readAll, Sender } from './support/recorders.ts';
import { kafkaTool, repository } from './support/servers.ts';

const PARTITIONS = 3;
const TOPIC = 'moved';
/** Brokers 0 and 1 are ours. */
const REAL = 2;

async function controllerOf(admin: Admin): Promise<number> {
  return (await admin.describeCluster()).controller ?? -1;
}

/** The bytes of a partition's log on each broker. */
function logsOf(cluster: ServerCluster, topic: string, partition: number): Buffer[] {
  return cluster.brokers.map((_, at) => readFileSync(join(cluster.logDirectory(at), `${topic}-${partition}`, '00000000000000000000.log')));
}

/** Moves all partitions by our tool or by Kafka's, and returns when they are there. */
async function reassign(cluster: ServerCluster, replicas: readonly number[], tool: 'ours' | 'kafka'): Promise<void> {
  const file = join(cluster.directory, 'reassignment.json');
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition, replicas }));
  writeFileSync(file, JSON.stringify({ version: 1, partitions }));
  const run = async (action: string): Promise<string> => {
    const args = ['--bootstrap-server', cluster.bootstrap, '--reassignment-json-file', file, action];
    const program = tool === 'kafka' ? kafkaTool : join(repository, 'bin/kafka-reassign-partitions.sh');
    return (await runOk(program, tool === 'kafka' ? ['kafka-reassign-partitions', ...args] : args, { timeoutMs: 120_000 })).stdout;
  };
  await run('--execute');
  await eventually(`${TOPIC} is on ${replicas.join(',')}`, async () => {
    const shown = await run('--verify');
    return /still in progress/.test(shown) || !/is completed/.test(shown) ? null : true;
  });
}

describe('moving from our brokers to a real one', function () {
  this.timeout(600_000);
  let cluster: ServerCluster;
  let admin: Admin;
  let sender: Sender;

  before(async () => {
    cluster = await ServerCluster.start({
      coordinators: ['vivarium', 'vivarium', 'vivarium'],
      brokers: ['vivarium', 'vivarium', 'kafka'],
      broker: { 'min.insync.replicas': 1, 'auto.leader.rebalance.enable': 'false', 'inter.broker.protocol.version': '3.4' },
    });
    const kafka = patientClient(cluster.bootstrap);
    admin = kafka.admin();
    await admin.connect();
    const replicaAssignment = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, replicas: [partition % 2, 1 - (partition % 2)] }));
    await admin.createTopics({ topics: [{ topic: TOPIC, replicaAssignment }], waitForLeaders: true });
    sender = new Sender(kafka, TOPIC, PARTITIONS, 'exact', true);
  });
  after(async () => {
    await sender?.stop();
    await admin?.disconnect();
    await cluster?.close();
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(`What the servers said is in ${cluster.writeLogs()}\n`);
  });

  const goesOn = async (): Promise<void> => {
    const before = sender.acknowledged.size;
    await eventually('records acknowledged', () => Promise.resolve(sender.acknowledged.size > before + 100 ? true : null));
  };

  it('takes the topic to the real broker by its own tool, under load', async () => {
    await goesOn();
    await reassign(cluster, [REAL], 'kafka');
    await eventually('the real one leads', async () => ((await partitionsOf(admin, TOPIC))?.every(({ leader }) => leader === REAL) === true ? true : null));
    await goesOn();
  });

  it('makes the real one the controller when ours are gone, and ours obey it when they are back', async () => {
    await Promise.all([cluster.killBroker(0), cluster.killBroker(1)]);
    await eventually('the real one is the controller', async () => ((await controllerOf(admin).catch(() => -1)) === REAL ? true : null));
    await goesOn();
    for (const at of [0, 1]) cluster.launchBroker(at);
    await cluster.brokersReady();
    const live = async (): Promise<number> => (await admin.describeCluster()).brokers.length;
    await eventually('three brokers in the metadata', async () => ((await live().catch(() => 0)) === 3 ? true : null));
    await admin.createTopics({ topics: [{ topic: 'of-the-real-one', numPartitions: 3, replicationFactor: 3 }], waitForLeaders: true });
    await eventually('all replicas in sync', () => allInSync(admin, 'of-the-real-one'));
    expect(await controllerOf(admin)).to.equal(REAL);
  });

  it('brings the topic back to all three by our tool, at the word of the real controller', async () => {
    await reassign(cluster, [0, 1, REAL], 'ours');
    await eventually('all replicas in sync', () => allInSync(admin, TOPIC));
    await goesOn();
  });

  it('lost nothing on the way, and every byte of the logs agrees', async () => {
    await sender.stop();
    const stored = await readAll(cluster.bootstrap, TOPIC, PARTITIONS);
    expect(compareRecords(sender.acknowledged, stored)).to.deep.equal({ lost: [], doubled: [], disordered: [] });
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const equal = async (): Promise<true | null> => {
        const [first, ...others] = logsOf(cluster, TOPIC, partition);
        return first!.length > 0 && others.every((other) => other.equals(first!)) ? true : null;
      };
      await eventually(`equal logs of partition ${partition}`, equal, 20_000);
    }
  });
});

describe('three brokers of ours on a real ZooKeeper ensemble', function () {
  this.timeout(300_000);
  let cluster: ServerCluster;

  before(async () => {
    cluster = await ServerCluster.start({
      coordinators: ['kafka', 'kafka', 'kafka'],
      brokers: ['vivarium', 'vivarium', 'vivarium'],
      broker: { 'min.insync.replicas': 2 },
    });
  });
  after(() => cluster?.close());
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(`What the servers said is in ${cluster.writeLogs()}\n`);
  });

  it('go on when a member of the ensemble and one of them are killed', async () => {
    const kafka = patientClient(cluster.bootstrap);
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS, replicationFactor: 3 }], waitForLeaders: true });
    const sender = new Sender(kafka, TOPIC, PARTITIONS, 'exact', true);
    try {
      await eventually('records acknowledged', () => Promise.resolve(sender.acknowledged.size > 200 ? true : null));
      await cluster.killCoordinator(1);
      await cluster.killBroker(1);
      const before = sender.acknowledged.size;
      await eventually('records acknowledged again', () => Promise.resolve(sender.acknowledged.size > before + 200 ? true : null));
      cluster.launchCoordinator(1);
      await cluster.coordinatorsReady();
      cluster.launchBroker(1);
      await cluster.brokerReady(1);
      await eventually('all replicas in sync', () => allInSync(admin, TOPIC));
    } finally {
      await sender.stop();
      await admin.disconnect();
    }
    const stored = await readAll(cluster.bootstrap, TOPIC, PARTITIONS);
    expect(compareRecords(sender.acknowledged, stored)).to.deep.equal({ lost: [], doubled: [], disordered: [] });
  });
});
