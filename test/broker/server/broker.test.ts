import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { produce } from '../../../broker/protocol/messages/00-produce.ts';
import { fetch } from '../../../broker/protocol/messages/01-fetch.ts';
import { metadata } from '../../../broker/protocol/messages/03-metadata.ts';
import { findCoordinator } from '../../../broker/protocol/messages/10-find-coordinator.ts';
import { createTopics } from '../../../broker/protocol/messages/19-create-topics.ts';
import { deleteTopics } from '../../../broker/protocol/messages/20-delete-topics.ts';
import { initProducerId } from '../../../broker/protocol/messages/22-init-producer-id.ts';
import { describeConfigs } from '../../../broker/protocol/messages/32-describe-configs.ts';
import { createPartitions } from '../../../broker/protocol/messages/37-create-partitions.ts';
import { describeCluster } from '../../../broker/protocol/messages/60-describe-cluster.ts';
import { ZERO_UUID } from '../../../broker/protocol/schema.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { iterateRecords } from '../../../broker/records/iterate-records.ts';
import type { Broker } from '../../../broker/server/broker.ts';
import { describeFatal } from '../../../broker/settings/fatal-error.ts';
import type { CoordinatorClient } from '../../../shared/client/client.ts';
import type { TestClient } from './test-cluster.ts';
import { TestCluster } from './test-cluster.ts';

type TopicSpec = Parameters<typeof createTopics.request.encode>[1]['topics'][number];

const topic = (name: string, more: Partial<TopicSpec> = {}): TopicSpec => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...more,
});

async function create(client: TestClient, ...topics: TopicSpec[]) {
  return (await client.call(createTopics, { topics, timeoutMs: 20_000 })).topics;
}

const batch = (...values: string[]): Buffer =>
  buildBatch({ records: values.map((value) => ({ key: null, value: Buffer.from(value), timestamp: 1_700_000_000_000 })) });

async function send(client: TestClient, name: string, records: Buffer, acks = -1) {
  const topicData = [{ name, partitionData: [{ index: 0, records }] }];
  const { responses } = await client.call(produce, { transactionalId: null, acks, timeoutMs: 10_000, topicData });
  return responses[0]!.partitionResponses[0]!;
}

/** All values of partition 0, from the beginning. */
async function read(client: TestClient, name: string): Promise<string[]> {
  const partition = {
    partition: 0,
    fetchOffset: 0,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: 1 << 20,
  };
  const request = {
    replicaId: -1,
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1 << 20,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic: name, partitions: [partition] }],
    forgottenTopicsData: [],
    rackId: '',
  };
  const { responses } = await client.call(fetch, request, 11);
  const values: string[] = [];
  const records = responses[0]?.partitions[0]?.records ?? Buffer.alloc(0);
  let at = 0;
  while (at < records.length) {
    for (const record of iterateRecords(records, at)) values.push(record.value?.toString() ?? '');
    at += 12 + records.readInt32BE(at + 8);
  }
  return values;
}

const json = async (session: CoordinatorClient, path: string): Promise<Record<string, unknown>> =>
  JSON.parse(Buffer.from((await session.getData(path)).data!).toString()) as Record<string, unknown>;

/** The reason why something fails. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'it succeeded',
    (error: unknown) => describeFatal(error),
  );
}

describe('a broker', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await new TestCluster().start();
  });
  afterEach(() => cluster.close());

  it('registers itself, becomes the controller and lays its znodes out as Kafka does', async () => {
    const broker = await cluster.broker(7, { 'broker.rack': 'r1' });
    const session = await cluster.session();
    const { children } = await session.getChildren('/');
    expect([...children].sort()).to.deep.equal(
      ['admin', 'brokers', 'cluster', 'config', 'consumers', 'controller', 'controller_epoch', 'feature'].concat([
        'isr_change_notification',
        'latest_producer_id_block',
        'log_dir_event_notification',
        'zookeeper',
      ]),
    );
    const registration = await json(session, '/brokers/ids/7');
    expect(registration).to.deep.include({
      features: {},
      host: '127.0.0.1',
      port: broker.port,
      jmx_port: -1,
      rack: 'r1',
      version: 5,
    });
    expect(await json(session, '/controller')).to.deep.include({ version: 2, brokerid: 7, kraftControllerEpoch: -1 });
    expect((await json(session, '/cluster/id'))['id']).to.equal(broker.clusterId);
    expect(Buffer.from((await session.getData('/controller_epoch')).data!).toString()).to.equal('1');
    const stored = readFileSync(join(cluster.dir, 'logs-7', 'meta.properties'), 'utf8');
    expect(stored).to.contain('broker.id=7').and.to.contain(`cluster.id=${broker.clusterId}`);
  });

  it('creates, describes, grows and deletes topics', async () => {
    const broker = await cluster.broker();
    const client = await cluster.client(broker);
    const session = await cluster.session();
    const [created] = await create(
      client,
      topic('t', { numPartitions: 2, configs: [{ name: 'retention.ms', value: '5000' }] }),
    );
    expect(created).to.include({ errorCode: 0, numPartitions: 2, replicationFactor: 1 });
    expect(created!.configs!.find(({ name }) => name === 'retention.ms')).to.include({ value: '5000', configSource: 1 });

    const topicZnode = await json(session, '/brokers/topics/t');
    expect(topicZnode).to.deep.equal({
      removing_replicas: {},
      partitions: { 0: [0], 1: [0] },
      topic_id: created!.topicId,
      adding_replicas: {},
      version: 3,
    });
    expect(await json(session, '/config/topics/t')).to.deep.equal({ version: 1, config: { 'retention.ms': '5000' } });
    const state = await json(session, '/brokers/topics/t/partitions/1/state');
    expect(state).to.deep.equal({ controller_epoch: 1, leader: 0, version: 1, leader_epoch: 0, isr: [0] });
    expect(readdirSync(join(cluster.dir, 'logs-0', 't-0'))).to.include.members([
      'partition.metadata',
      'leader-epoch-checkpoint',
    ]);

    const growth = { topics: [{ name: 't', count: 3, assignments: null }], timeoutMs: 20_000, validateOnly: false };
    expect((await client.call(createPartitions, growth)).results).to.deep.equal([
      { name: 't', errorCode: 0, errorMessage: null },
    ]);
    expect((await client.call(createPartitions, growth)).results[0]).to.include({
      errorCode: ErrorCode.INVALID_PARTITIONS,
      errorMessage: 'Topic already has 3 partitions.',
    });
    const asked = { topics: [{ name: null, topicId: created!.topicId }], allowAutoTopicCreation: false };
    const described = (await client.call(metadata, asked)).topics[0]!;
    expect(described).to.include({ name: 't', topicId: created!.topicId, errorCode: 0 });
    expect(
      described.partitions.map(({ partitionIndex, leaderId, isrNodes }) => [partitionIndex, leaderId, isrNodes]),
    ).to.deep.equal([
      [0, 0, [0]],
      [1, 0, [0]],
      [2, 0, [0]],
    ]);

    const deletion = { topics: [{ name: null, topicId: created!.topicId }], topicNames: [], timeoutMs: 20_000 };
    expect((await client.call(deleteTopics, deletion)).responses[0]).to.include({ name: 't', errorCode: 0 });
    expect((await client.call(metadata, asked)).topics[0]).to.include({ errorCode: ErrorCode.UNKNOWN_TOPIC_ID });
    await broker.controller.idle();
    while ((await session.exists('/brokers/topics/t')) !== null) await broker.controller.idle();
    expect(await session.exists('/admin/delete_topics/t')).to.equal(null);
    expect(await session.exists('/config/topics/t')).to.equal(null);
    expect((await client.call(deleteTopics, deletion)).responses[0]).to.include({ errorCode: ErrorCode.UNKNOWN_TOPIC_ID });
    expect((await create(client, topic('t')))[0]).to.include({ errorCode: 0 });
  });

  it('keeps what was produced over a restart', async () => {
    const broker = await cluster.broker();
    const client = await cluster.client(broker);
    await create(client, topic('t'));
    expect(await send(client, 't', batch('one', 'two'))).to.include({ errorCode: 0, baseOffset: 0 });
    expect(await read(client, 't')).to.deep.equal(['one', 'two']);
    await cluster.stop(broker);
    expect(existsSync(join(cluster.dir, 'logs-0', '.kafka_cleanshutdown'))).to.equal(true);
    const again = await cluster.broker();
    const reader = await cluster.client(again);
    expect(await read(reader, 't')).to.deep.equal(['one', 'two']);
    expect(await send(reader, 't', batch('three'))).to.include({ errorCode: 0, baseOffset: 2 });
  });

  it('creates a topic because a client asks for it, where that is allowed', async () => {
    const broker = await cluster.broker(0, { 'num.partitions': '3' });
    const client = await cluster.client(broker);
    const ask = async (name: string, allowAutoTopicCreation: boolean) =>
      (await client.call(metadata, { topics: [{ name, topicId: ZERO_UUID }], allowAutoTopicCreation }, 9)).topics[0]!;
    expect(await ask('auto', false)).to.include({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
    expect(await ask('auto', true)).to.include({ errorCode: ErrorCode.LEADER_NOT_AVAILABLE });
    await broker.cache.waitUntil(() => broker.cache.partitionCount('auto') === 3, 20_000);
    expect((await ask('auto', true)).partitions).to.have.length(3);
    expect(await ask('../etc', true)).to.include({ errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION });
  });

  it('tells about itself', async () => {
    const broker = await cluster.broker(4, { 'log.retention.hours': '1' });
    const client = await cluster.client(broker);
    expect(await client.call(describeCluster, { includeClusterAuthorizedOperations: true })).to.deep.include({
      clusterId: broker.clusterId,
      controllerId: 4,
      brokers: [{ brokerId: 4, host: '127.0.0.1', port: broker.port, rack: null }],
      clusterAuthorizedOperations: 8096,
    });
    await create(client, topic('t', { configs: [{ name: 'segment.ms', value: '1000' }] }));
    const resources = [
      { resourceType: 2, resourceName: 't', configurationKeys: ['segment.ms', 'retention.ms', 'min.insync.replicas'] },
      { resourceType: 4, resourceName: '4', configurationKeys: ['log.retention.hours'] },
      { resourceType: 4, resourceName: '5', configurationKeys: null },
      { resourceType: 2, resourceName: 'no', configurationKeys: null },
    ];
    const { results } = await client.call(describeConfigs, {
      resources,
      includeSynonyms: true,
      includeDocumentation: false,
    });
    const entries = Object.fromEntries(results[0]!.configs.map((entry) => [entry.name, entry]));
    expect(entries['segment.ms']).to.deep.include({
      value: '1000',
      configSource: 1,
      synonyms: [{ name: 'segment.ms', value: '1000', source: 1 }],
    });
    expect(entries['retention.ms']).to.deep.include({ value: '3600000', configSource: 5, synonyms: [] });
    expect(entries['min.insync.replicas']).to.deep.include({
      value: '1',
      synonyms: [{ name: 'min.insync.replicas', value: '1', source: 5 }],
    });
    expect(results[1]!.configs[0]).to.deep.include({ value: '1', configSource: 4, configType: 3, readOnly: true });
    expect(results[2]).to.include({
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'Unexpected broker id, expected 4 or empty string, but received 5',
    });
    expect(results[3]).to.include({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
  });

  it('hands out producer ids in blocks, and coordinates groups', async () => {
    const broker = await cluster.broker();
    const client = await cluster.client(broker);
    const session = await cluster.session();
    const ask = { transactionalId: null, transactionTimeoutMs: 1000, producerId: -1, producerEpoch: -1 };
    expect(await client.call(initProducerId, ask)).to.include({ errorCode: 0, producerId: 0, producerEpoch: 0 });
    expect(await client.call(initProducerId, ask)).to.include({ producerId: 1 });
    expect(await json(session, '/latest_producer_id_block')).to.deep.equal({
      version: 1,
      broker: 0,
      block_start: '0',
      block_end: '999',
    });
    const find = async () => await client.call(findCoordinator, { key: 'g', keyType: 0, coordinatorKeys: [] }, 3);
    expect(await find()).to.include({ errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE });
    await broker.cache.waitUntil(() => broker.cache.partitionCount('__consumer_offsets') === 2, 20_000);
    expect(await find()).to.include({ errorCode: 0, nodeId: 0, port: broker.port });
    expect((await json(session, '/config/topics/__consumer_offsets'))['config']).to.deep.equal({
      'compression.type': 'producer',
      'cleanup.policy': 'compact',
      'segment.bytes': '104857600',
    });
  });

  describe('asked for a topic that cannot be', () => {
    let client: TestClient;
    beforeEach(async () => {
      client = await cluster.client(await cluster.broker());
      await create(client, topic('taken'), topic('with.dot'));
    });
    const long = 'x'.repeat(250);
    const cases: [string, TopicSpec, number, string | null][] = [
      ['one that exists', topic('taken'), ErrorCode.TOPIC_ALREADY_EXISTS, "Topic 'taken' already exists."],
      [
        'a slash',
        topic('a/b'),
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        "Topic name is invalid: 'a/b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
      ],
      ['two dots', topic('..'), ErrorCode.INVALID_TOPIC_EXCEPTION, "Topic name is invalid: '..' is not allowed"],
      ['no name', topic(''), ErrorCode.INVALID_TOPIC_EXCEPTION, 'Topic name is invalid: the empty string is not allowed'],
      [
        'a long name',
        topic(long),
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        `Topic name is invalid: the length of '${long}' is longer than the max allowed length 249`,
      ],
      [
        'a collision',
        topic('with_dot'),
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        "Topic 'with_dot' collides with existing topics: with.dot",
      ],
      [
        'no partitions',
        topic('n', { numPartitions: 0 }),
        ErrorCode.INVALID_PARTITIONS,
        'Number of partitions must be larger than 0.',
      ],
      [
        'too many replicas',
        topic('n', { replicationFactor: 3 }),
        ErrorCode.INVALID_REPLICATION_FACTOR,
        'Replication factor: 3 larger than available brokers: 1.',
      ],
      [
        'a wrong config value',
        topic('n', { configs: [{ name: 'retention.ms', value: 'long' }] }),
        ErrorCode.INVALID_CONFIG,
        'Invalid value long for configuration retention.ms: Not a number of type LONG',
      ],
      [
        'an unknown config',
        topic('n', { configs: [{ name: 'no.such', value: '1' }] }),
        ErrorCode.INVALID_CONFIG,
        'Unknown topic config name: no.such',
      ],
      [
        'a null config',
        topic('n', { configs: [{ name: 'retention.ms', value: null }] }),
        ErrorCode.INVALID_CONFIG,
        'Null value not supported for topic configs: retention.ms',
      ],
      [
        'gaps in the assignment',
        topic('n', { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 1, brokerIds: [0] }] }),
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        'partitions should be a consecutive 0-based integer sequence',
      ],
    ];
    for (const [what, spec, errorCode, errorMessage] of cases) {
      it(`refuses ${what}, and creates the others`, async () => {
        const results = await create(client, spec, topic('fine'));
        expect(results.find(({ name }) => name === spec.name)).to.include({ errorCode, errorMessage });
        expect(results.find(({ name }) => name === 'fine')).to.include({ errorCode: 0 });
      });
    }

    it('refuses a topic that is named twice, and writes nothing in a dry run', async () => {
      const [twice] = await create(client, topic('n'), topic('n'));
      expect(twice).to.include({
        errorCode: ErrorCode.INVALID_REQUEST,
        errorMessage: 'Found multiple entries for this topic.',
      });
      const dry = await client.call(createTopics, { topics: [topic('n')], timeoutMs: 1000, validateOnly: true });
      expect(dry.topics[0]).to.include({ errorCode: 0 });
      expect((await create(client, topic('n')))[0]).to.include({ errorCode: 0 });
    });
  });

  it('refuses corrupt batches and goes on', async () => {
    const broker = await cluster.broker();
    const client = await cluster.client(broker);
    await create(client, topic('t'));
    const damage = async (change: (records: Buffer) => void) => {
      const records = batch('one', 'two');
      change(records);
      return (await send(client, 't', records)).errorCode;
    };
    expect(await damage((records) => (records[records.length - 1]! ^= 1))).to.equal(ErrorCode.CORRUPT_MESSAGE); // the CRC
    expect(await damage((records) => (records[16] = 9))).to.equal(ErrorCode.CORRUPT_MESSAGE); // magic
    expect(await damage((records) => records.writeInt32BE(99, 57))).to.not.equal(0); // count
    expect(await send(client, 't', batch('three'))).to.include({ errorCode: 0, baseOffset: 0 });
    expect(await read(client, 't')).to.deep.equal(['three']);
  });

  describe('and its coordinator', () => {
    it('waits for it as long as told, then says what it could not reach', async () => {
      await cluster.stopCoordinator();
      const began = performance.now();
      const why = await refusal(cluster.broker(0, { 'zookeeper.connection.timeout.ms': '300' }));
      expect(performance.now() - began).to.be.at.least(290);
      expect(why).to.match(
        /^kafka\.zookeeper\.ZooKeeperClientTimeoutException: Timed out waiting for connection while in state: CONNECTING/,
      );
      expect(why).to.contain(`127.0.0.1:${cluster.coordinatorPort}`);
      await cluster.restartCoordinator();
    });

    it('refuses a chroot that is no path', async () => {
      const why = await refusal(
        cluster.broker(0, { 'zookeeper.connect': `127.0.0.1:${cluster.coordinatorPort}/bad//chroot` }),
      );
      expect(why).to.equal(
        'java.lang.IllegalArgumentException: Invalid path string "/bad//chroot" caused by empty node name specified @5',
      );
    });

    it('keeps everything under a chroot, which it creates', async () => {
      const broker = await cluster.broker(0, { 'zookeeper.connect': `127.0.0.1:${cluster.coordinatorPort}/apps/kafka` });
      await create(await cluster.client(broker), topic('t'));
      const session = await cluster.session();
      expect(await session.exists('/apps/kafka/brokers/topics/t')).to.not.equal(null);
      expect(await session.exists('/brokers')).to.equal(null);
    });

    it('serves on while it is away, and works with it again when it is back', async () => {
      const broker = await cluster.broker(0, { 'zookeeper.session.timeout.ms': '4000' });
      const client = await cluster.client(broker);
      await create(client, topic('t'));
      await cluster.stopCoordinator();
      expect(await send(client, 't', batch('meanwhile'))).to.include({ errorCode: 0 });
      await cluster.restartCoordinator();
      expect((await create(client, topic('later')))[0]).to.include({ errorCode: 0 });
    });

    it('registers again, with a new epoch, when its session is lost', async () => {
      const broker = await cluster.broker();
      const client = await cluster.client(broker);
      await create(client, topic('t'));
      const session = await cluster.session();
      const before = (await session.exists('/brokers/ids/0'))!;
      const { sessionId, password } = broker.link.client;
      // Whoever has a session's id and password can close it.
      const { CoordinatorClient } = await import('../../../shared/client/client.ts');
      const thief = await CoordinatorClient.connect({
        servers: `127.0.0.1:${cluster.coordinatorPort}`,
        session: { sessionId, password },
      });
      await thief.close();
      let after = await session.exists('/brokers/ids/0');
      while (after === null || after.czxid === before.czxid) after = await session.exists('/brokers/ids/0');
      expect(after.ephemeralOwner).to.not.equal(before.ephemeralOwner);
      while (!broker.controller.isActive) await session.sync('/');
      await broker.controller.idle();
      expect(Buffer.from((await session.getData('/controller_epoch')).data!).toString()).to.equal('2');
      expect(await send(client, 't', batch('still here'))).to.include({ errorCode: 0 });
      expect((await create(client, topic('again')))[0]).to.include({ errorCode: 0 });
    });

    it('asks it for an id when it has none, and keeps that', async () => {
      const logs = { 'log.dirs': join(cluster.dir, 'generated') };
      const first = await cluster.broker(-1, logs);
      expect(first.brokerId).to.equal(1001);
      await cluster.stop(first);
      const again = await cluster.broker(-1, logs);
      expect(again.brokerId).to.equal(1001);
      expect((await cluster.broker(-1, { 'log.dirs': join(cluster.dir, 'other') })).brokerId).to.equal(1002);
    });
  });

  describe('that must not start', () => {
    let first: Broker;
    beforeEach(async () => {
      first = await cluster.broker(1);
    });

    it('says that its id is taken by a living broker', async () => {
      const why = await refusal(cluster.broker(1, { 'log.dirs': join(cluster.dir, 'elsewhere') }));
      expect(why).to.equal('org.apache.zookeeper.KeeperException$NodeExistsException: KeeperErrorCode = NodeExists');
      expect((await create(await cluster.client(first), topic('t')))[0]).to.include({ errorCode: 0 });
    });

    it('says that its log directory is in use', async () => {
      const why = await refusal(cluster.broker(2, { 'log.dirs': join(cluster.dir, 'logs-1') }));
      // A directory of another broker is noticed by its lock before it is looked into.
      expect(why).to.equal(
        `org.apache.kafka.common.KafkaException: Failed to acquire lock on file .lock in ${join(cluster.dir, 'logs-1')}. A Kafka instance in another process or thread is using this directory.`,
      );
      expect((await create(await cluster.client(first), topic('t')))[0]).to.include({ errorCode: 0 });
    });

    it('says that its port is in use, and never registers', async () => {
      const why = await refusal(cluster.broker(2, { listeners: `PLAINTEXT://127.0.0.1:${first.port}` }));
      expect(why).to.match(
        new RegExp(
          `^org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:${first.port}: Address already in use.\n`,
        ),
      );
      const session = await cluster.session();
      expect((await session.getChildren('/brokers/ids')).children).to.deep.equal(['1']);
    });

    it('says that its log directory belongs to another broker or another cluster', async () => {
      await cluster.stop(first);
      const dirs = { 'log.dirs': join(cluster.dir, 'logs-1') };
      expect(await refusal(cluster.broker(3, dirs))).to.match(
        /^kafka\.common\.InconsistentBrokerIdException: Configured broker\.id 3 doesn't match stored broker\.id Some\(1\) in meta\.properties\./,
      );
      writeFileSync(
        join(cluster.dir, 'logs-1', 'meta.properties'),
        'version=0\nbroker.id=1\ncluster.id=AnotherClusterAltogether\n',
      );
      expect(await refusal(cluster.broker(1))).to.match(
        /^kafka\.common\.InconsistentClusterIdException: The Cluster ID .{22} doesn't match stored clusterId Some\(AnotherClusterAltogether\)/,
      );
    });

    it('says that none of its log directories can be made', async () => {
      const file = join(cluster.dir, 'a-file');
      writeFileSync(file, '');
      const why = await refusal(cluster.broker(2, { 'log.dirs': join(file, 'logs') }));
      expect(why).to.contain(
        `Shutdown broker because none of the specified log dirs from ${join(file, 'logs')} can be created or validated`,
      );
    });
  });
});
