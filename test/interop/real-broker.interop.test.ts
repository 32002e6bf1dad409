/**
 * A real Kafka 3.4 broker that lives on the coordinator: all that it keeps there (registration, controllership, topics, dynamic
 * configs, ISRs) has to work, and to go on when the coordinator dies under it. With INTEROP_TARGET=kafka the coordinator is
 * Apache ZooKeeper 3.8.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import kafkajs from 'kafkajs';
import { CoordinatorClient } from '../../shared/client/client.ts';
import { juteTransport } from '../../shared/client/jute-transport.ts';
import { Coordinator } from './support/coordinator.ts';
import { client, consume, createTopic, withAdmin } from './support/kafkajs.ts';
import { Program, runOk } from './support/process.ts';
import { brokerAnswers, freePort, kafkaTool, waitForAnswer } from './support/servers.ts';

const BROKER_READY_TIMEOUT_MS = 90_000;
const SESSION_TIMEOUT_MS = 18_000; // Kafka's default.

describe('a real Kafka 3.4 broker on the coordinator', () => {
  let coordinator: Coordinator;
  let znodes: CoordinatorClient;
  let directory: string;
  let broker: Program;
  let bootstrap: string;

  before(async () => {
    coordinator = await Coordinator.start();
    znodes = await CoordinatorClient.connect({ servers: `${coordinator.address}/kafka`, transport: juteTransport(), connectTimeoutMs: 20_000 });
    directory = mkdtempSync(join(tmpdir(), 'interop-real-broker-'));
    const port = await freePort();
    bootstrap = `127.0.0.1:${port}`;
    const lines = [
      'broker.id=7',
      `listeners=PLAINTEXT://${bootstrap}`,
      `log.dirs=${join(directory, 'logs')}`,
      `zookeeper.connect=${coordinator.address}/kafka`,
      `zookeeper.session.timeout.ms=${SESSION_TIMEOUT_MS}`,
      'offsets.topic.replication.factor=1',
      'offsets.topic.num.partitions=4',
      'group.initial.rebalance.delay.ms=0',
      'log.cleaner.dedupe.buffer.size=4194304',
    ];
    writeFileSync(join(directory, 'server.properties'), `${lines.join('\n')}\n`);
    await startBroker();
  });

  after(async () => {
    await znodes.close();
    await broker.stop('SIGTERM', 30_000);
    await coordinator.close();
    rmSync(directory, { recursive: true, force: true });
  });

  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(`${coordinator.program.transcript()}${broker.transcript()}`);
  });

  async function startBroker(): Promise<void> {
    broker = new Program(kafkaTool, ['kafka-server-start', join(directory, 'server.properties')], {
      cwd: directory,
      env: { KAFKA_HEAP_OPTS: '-Xmx384M -Xms128M' },
    });
    await waitForAnswer(broker, () => brokerAnswers(Number(bootstrap.split(':')[1])), BROKER_READY_TIMEOUT_MS);
  }

  const json = async (path: string): Promise<Record<string, unknown>> =>
    JSON.parse(String(Buffer.from((await znodes.getData(path)).data ?? [])) || '{}') as Record<string, unknown>;

  async function produce(topic: string, values: readonly string[], partition?: number): Promise<void> {
    const producer = client(bootstrap).producer();
    await producer.connect();
    try {
      await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value, ...(partition === undefined ? {} : { partition }) })) });
    } finally {
      await producer.disconnect();
    }
  }

  /** Waits until `probe` holds, for what the controller does on its own time. */
  async function eventually(what: string, probe: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await probe())) {
      if (Date.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  it('registers, becomes controller and lays out its znodes', async () => {
    const registration = await json('/brokers/ids/7');
    expect(registration).to.include({ host: '127.0.0.1', version: 5 });
    expect(registration['endpoints']).to.deep.equal([`PLAINTEXT://${bootstrap}`]);
    expect(await json('/controller')).to.include({ brokerid: 7 });
    expect((await json('/cluster/id'))['id']).to.be.a('string');
    expect((await json('/feature'))['status']).to.be.a('number');
  });

  it('makes a topic, takes records, gives them back and remembers a group', async () => {
    await createTopic('first', 3, bootstrap);
    expect((await json('/brokers/topics/first'))['partitions']).to.deep.equal({ 0: [7], 1: [7], 2: [7] });
    expect(await json('/brokers/topics/first/partitions/1/state')).to.include({ leader: 7, leader_epoch: 0 });
    const values = Array.from({ length: 300 }, (_unused, i) => `record ${i}`);
    await produce('first', values);
    const consumed = await consume('first', values.length, bootstrap);
    expect(consumed.map(({ message }) => String(message.value)).toSorted()).to.deep.equal(values.toSorted());
    await withAdmin((admin) => admin.setOffsets({ groupId: 'keeper', topic: 'first', partitions: [{ partition: 0, offset: '5' }] }), bootstrap);
  });

  it('follows dynamic configs, of a topic and of the broker', async () => {
    await runOk(kafkaTool, ['kafka-configs', '--bootstrap-server', bootstrap, '--alter', '--broker', '7', '--add-config', 'log.cleaner.threads=2']);
    expect((await json('/config/brokers/7'))['config']).to.deep.equal({ 'log.cleaner.threads': '2' });
    await withAdmin(async (admin) => {
      const configEntries = [{ name: 'retention.ms', value: '3600000' }];
      await admin.alterConfigs({ validateOnly: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: 'first', configEntries }] });
    }, bootstrap);
    expect((await json('/config/topics/first'))['config']).to.deep.equal({ 'retention.ms': '3600000' });
    // Not what was written, but what the broker heard: it reads the znode when its watch on /config/changes fires.
    await broker.waitFor(/Processing override for entityPath: brokers\/7 with config: .*log\.cleaner\.threads/);
    await broker.waitFor(/Processing override for entityPath: topics\/first with config: .*retention\.ms/);
    const { stdout } = await runOk(kafkaTool, ['kafka-configs', '--bootstrap-server', bootstrap, '--describe', '--broker', '7']);
    expect(stdout).to.match(/^ {2}log\.cleaner\.threads=2 sensitive=false synonyms=\{DYNAMIC_BROKER_CONFIG:log\.cleaner\.threads=2, DEFAULT_CONFIG/m);
  });

  it('adds partitions, and deletes a topic', async () => {
    await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic: 'first', count: 5 }] }), bootstrap);
    await eventually('a leader of partition 4', async () => (await znodes.exists('/brokers/topics/first/partitions/4/state')) !== null);
    await produce('first', ['in the new one'], 4);
    await createTopic('passing', 2, bootstrap);
    await withAdmin((admin) => admin.deleteTopics({ topics: ['passing'] }), bootstrap);
    await eventually('the deleted topic gone', async () => (await znodes.exists('/brokers/topics/passing')) === null);
    expect((await znodes.getChildren('/admin/delete_topics')).children).to.deep.equal([]);
  });

  it('keeps its session and its role when the coordinator is killed and comes back', async () => {
    const before = await znodes.exists('/brokers/ids/7');
    const controllerBefore = await znodes.exists('/controller');
    for (let round = 1; round <= 2; round++) {
      await coordinator.kill();
      // Records need no coordinator.
      await produce('first', [`while it is away ${round}`], 0);
      await coordinator.launch();
      await createTopic(`after-${round}`, 1, bootstrap);
      await produce(`after-${round}`, ['x']);
    }
    const after = await znodes.exists('/brokers/ids/7');
    expect(after).to.deep.equal(before);
    expect(await znodes.exists('/controller')).to.deep.equal(controllerBefore);
    expect(broker.stdout).not.to.match(/Session expired|session has expired|Creating \/brokers\/ids\/7 .*\n[\s\S]*Creating \/brokers\/ids\/7 /);
    // Watches that stood before the outage still fire.
    await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic: 'after-1', count: 2 }] }), bootstrap);
    await eventually('a leader of the added partition', async () => (await znodes.exists('/brokers/topics/after-1/partitions/1/state')) !== null);
  });

  it('is gone from the tree when it stops, and finds everything again', async () => {
    await broker.stop('SIGTERM', 60_000);
    expect(await znodes.exists('/brokers/ids/7')).to.equal(null);
    expect(await znodes.exists('/controller')).to.equal(null);
    await startBroker();
    // It serves before its controller has told it of the topics.
    await eventually('its topics', async () => {
      const topics = await withAdmin((admin) => admin.listTopics(), bootstrap);
      return ['after-1', 'after-2', 'first'].every((topic) => topics.includes(topic));
    });
    const [offsets] = await withAdmin((admin) => admin.fetchOffsets({ groupId: 'keeper', topics: ['first'] }), bootstrap);
    expect(offsets?.partitions.find(({ partition }) => partition === 0)?.offset).to.equal('5');
    expect(await consume('first', 303, bootstrap)).to.have.length(303);
    const { stdout } = await runOk(kafkaTool, ['kafka-configs', '--bootstrap-server', bootstrap, '--describe', '--broker', '7']);
    expect(stdout).to.include('log.cleaner.threads=2');
  });
});
