/** Several brokers in one cluster: orders over the wire, and a controller that goes. */
import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { metadata } from '../../../broker/protocol/messages/03-metadata.ts';
import { createTopics } from '../../../broker/protocol/messages/19-create-topics.ts';
import type { Broker } from '../../../broker/server/broker.ts';
import { TestCluster } from './test-cluster.ts';

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
});
