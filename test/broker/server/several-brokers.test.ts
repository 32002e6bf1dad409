/** Several brokers in one cluster: orders over the wire, and a controller that goes. */
import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { metadata } from '../../../broker/protocol/messages/03-metadata.ts';
import { createTopics } from '../../../broker/protocol/messages/19-create-topics.ts';
import type { Broker } from '../../../broker/server/broker.ts';
import { produce } from '../../../broker/protocol/messages/00-produce.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { TestCluster, type TestClient } from './test-cluster.ts';

describe('several brokers', () => {
  let cluster: TestCluster;
  let brokers: Broker[];
  beforeEach(async () => {
    cluster = await new TestCluster().start();
    brokers = [];
    for (const id of [1, 2, 3]) brokers.push(await cluster.broker(id));
    await everyoneKnows((broker) => broker.cache.brokers('PLAINTEXT').length === 3);
  });
  afterEach(() => cluster.close());

  async function everyoneKnows(holds: (broker: Broker) => boolean): Promise<void> {
    for (const broker of brokers)
      expect(await broker.cache.waitUntil(() => holds(broker), 20_000), `broker ${broker.brokerId}`).to.equal(true);
  }

  async function create(broker: Broker, name: string, numPartitions: number) {
    const client = await cluster.client(broker);
    const topic = { name, numPartitions, replicationFactor: 1, assignments: [], configs: [] };
    return (await client.call(createTopics, { topics: [topic], timeoutMs: 20_000 })).topics[0]!;
  }

  it('know each other, and spread a topic', async () => {
    expect(brokers.map(({ controller }) => controller.isActive)).to.deep.equal([true, false, false]);
    expect(await create(brokers[1]!, 't', 6)).to.include({ errorCode: ErrorCode.NOT_CONTROLLER });
    expect(await create(brokers[0]!, 't', 6)).to.include({ errorCode: 0 });
    await everyoneKnows((broker) => broker.cache.partitionCount('t') === 6);
    const client = await cluster.client(brokers[2]!);
    const { topics, controllerId } = await client.call(metadata, { topics: null, allowAutoTopicCreation: false });
    expect(controllerId).to.equal(1);
    const leaders = topics[0]!.partitions.map(({ leaderId }) => leaderId).sort();
    expect(leaders).to.deep.equal([1, 1, 2, 2, 3, 3]);
  });

  it('get another controller when theirs goes, which finishes what the old one had not seen', async () => {
    expect(await create(brokers[0]!, 't', 3)).to.include({ errorCode: 0 });
    const [first, ...others] = brokers as [Broker, Broker, Broker];
    brokers = others;
    await cluster.stop(first);
    await everyoneKnows((broker) => broker.cache.controllerId > 1 && !broker.cache.isAlive(1));
    const controller = others.find(({ brokerId }) => brokerId === others[0]!.cache.controllerId)!;
    expect(controller.controller.isActive).to.equal(true);
    const orphans = controller.cache.partitionsOf('t').filter(([, { leader }]) => leader === -1);
    expect(orphans.map(([, { replicas }]) => replicas)).to.deep.equal([[1]]);
    expect(await create(controller, 'later', 4)).to.include({ errorCode: 0 });

    brokers = [...others, await cluster.broker(1)];
    await everyoneKnows(
      (broker) =>
        broker.cache.partitionsOf('t').length === 3 && broker.cache.partitionsOf('t').every(([, { leader }]) => leader > 0),
    );
  });

  it('hear from a controller that stops who leads now, before there is another', async () => {
    const [first, ...others] = brokers as [Broker, Broker, Broker];
    const client = await cluster.client(first);
    const assignments = Array.from({ length: 20 }, (_, partitionIndex) => ({ partitionIndex, brokerIds: [1, 2, 3] }));
    const topic = { name: 't', numPartitions: -1, replicationFactor: -1, assignments, configs: [] };
    expect((await client.call(createTopics, { topics: [topic], timeoutMs: 20_000 })).topics[0]).to.include({ errorCode: 0 });
    await everyoneKnows((broker) => broker.cache.partitionCount('t') === 20);
    const told = new Map<number, number>();
    for (const { brokerId, cache } of others) {
      cache.onUpdate(() => {
        const hasMoved = cache.partitionsOf('t').every(([, { leader }]) => leader === 2);
        if (hasMoved && !told.has(brokerId)) told.set(brokerId, cache.controllerId);
      });
    }
    brokers = others;
    await cluster.stop(first);
    await everyoneKnows((broker) => told.has(broker.brokerId));
    expect([...told.values()]).to.deep.equal([1, 1]);
  });

  it('stop though the coordinator is gone', async () => {
    expect(await create(brokers[0]!, 't', 3)).to.include({ errorCode: 0 });
    await cluster.stopCoordinator();
    await Promise.all(brokers.map((broker) => cluster.stop(broker)));
    brokers = [];
    await cluster.restartCoordinator();
  });

  it('talk among themselves by one listener, and tell clients the addresses of theirs', async () => {
    const listeners = {
      listeners: 'INSIDE://127.0.0.1:0,OUTSIDE://127.0.0.1:0',
      'listener.security.protocol.map': 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT',
      'inter.broker.listener.name': 'INSIDE',
    };
    await Promise.all(brokers.map((broker) => cluster.stop(broker)));
    brokers = [];
    for (const id of [1, 2]) brokers.push(await cluster.broker(id, listeners));
    await everyoneKnows((broker) => broker.cache.brokers('OUTSIDE').length === 2);
    const [first, second] = brokers as [Broker, Broker];
    const portOf = (broker: Broker, name: string) =>
      broker.listeners.find(({ listenerName }) => listenerName === name)!.port;
    const controller = first.controller.isActive ? first : second;
    const connection = await cluster.clientAt(portOf(controller, 'OUTSIDE'));
    const topic = { name: 't', numPartitions: 1, replicationFactor: 2, assignments: [], configs: [] };
    expect((await connection.call(createTopics, { topics: [topic], timeoutMs: 20_000 })).topics[0]).to.include({
      errorCode: 0,
    });
    const told = async (client: TestClient) =>
      (await client.call(metadata, { topics: null })).brokers.map(({ port }) => port).sort();
    for (const name of ['INSIDE', 'OUTSIDE']) {
      const ports = brokers.map((broker) => portOf(broker, name)).sort();
      expect(await told(await cluster.clientAt(portOf(second, name)))).to.deep.equal(ports);
    }
    await everyoneKnows((broker) => (broker.cache.getPartition('t', 0)?.leader ?? -1) > 0);
    // All that replication needs goes by the inside.
    const leader = brokers.find((broker) => broker.cache.getPartition('t', 0)?.leader === broker.brokerId)!;
    const client = await cluster.clientAt(portOf(leader, 'OUTSIDE'));
    const records = buildBatch({ records: [{ key: null, value: Buffer.from('x'), timestamp: Date.now() }] });
    const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
    const { responses } = await client.call(produce, { acks: -1, timeoutMs: 20_000, topicData });
    expect(responses[0]!.partitionResponses[0]!.errorCode).to.equal(ErrorCode.NONE);
    const { endpoints } = JSON.parse(await registrationOf(1)) as { endpoints: string[] };
    expect(endpoints).to.deep.equal(first.listeners.map(({ listenerName, port }) => `${listenerName}://127.0.0.1:${port}`));
  });

  async function registrationOf(id: number): Promise<string> {
    const session = await cluster.session();
    return Buffer.from((await session.getData(`/brokers/ids/${id}`)).data!).toString();
  }
});
