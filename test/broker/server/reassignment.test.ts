/** Partitions on the move, and a controller that keeps its head: three brokers in one process, on a coordinator of their own. */
import { expect } from 'chai';
import { produce } from '../../../broker/protocol/messages/00-produce.ts';
import { listOffsets } from '../../../broker/protocol/messages/02-list-offsets.ts';
import { createTopics } from '../../../broker/protocol/messages/19-create-topics.ts';
import { deleteTopics } from '../../../broker/protocol/messages/20-delete-topics.ts';
import { electLeaders } from '../../../broker/protocol/messages/43-elect-leaders.ts';
import { describeConfigs } from '../../../broker/protocol/messages/32-describe-configs.ts';
import { incrementalAlterConfigs } from '../../../broker/protocol/messages/44-incremental-alter-configs.ts';
import { alterPartitionReassignments } from '../../../broker/protocol/messages/45-alter-partition-reassignments.ts';
import { listPartitionReassignments } from '../../../broker/protocol/messages/46-list-partition-reassignments.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import type { Broker } from '../../../broker/server/broker.ts';
import type { CoordinatorClient } from '../../../shared/client/client.ts';
import { ZERO_UUID } from '../../../broker/protocol/schema.ts';
import { TestCluster } from './test-cluster.ts';

describe('a cluster on the move', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let brokers: Broker[];
  let zk: CoordinatorClient;
  beforeEach(async () => {
    cluster = await new TestCluster().start();
    brokers = [];
    for (const id of [1, 2, 3]) brokers.push(await start(id));
    zk = await cluster.session();
    await everyoneKnows((broker) => broker.cache.brokers('PLAINTEXT').length === 3);
  });
  afterEach(() => cluster.close());

  /** Leaders only move when they are told to: no rebalance of the controller's own. */
  const start = (id: number): Promise<Broker> => cluster.broker(id, { 'auto.leader.rebalance.enable': 'false' });

  async function everyoneKnows(holds: (broker: Broker) => boolean): Promise<void> {
    for (const broker of brokers) expect(await broker.cache.waitUntil(() => holds(broker), 60_000), `broker ${broker.brokerId}`).to.equal(true);
  }
  const controller = (): Broker => brokers.find((broker) => broker.controller.isActive)!;
  const partition = (broker: Broker, topic = 't') => broker.cache.getPartition(topic, 0);
  const isOn = (...ids: number[]) => (broker: Broker) =>
    partition(broker)?.replicas.join() === ids.join() && ids.every((id) => partition(broker)!.isr.includes(id));

  async function create(name: string, brokerIds: number[]): Promise<void> {
    const client = await cluster.client(controller());
    const topic = { name, numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds }], configs: [] };
    expect((await client.call(createTopics, { topics: [topic], timeoutMs: 30_000 })).topics[0]!.errorCode).to.equal(0);
    await everyoneKnows((broker) => (partition(broker, name)?.leader ?? -1) > 0);
  }
  async function reassign(replicas: number[] | null): Promise<number> {
    const client = await cluster.client(controller());
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, replicas }] }];
    return (await client.call(alterPartitionReassignments, { timeoutMs: 30_000, topics })).responses[0]!.partitions[0]!.errorCode;
  }
  const leaderOf = (id: number): Broker => brokers.find(({ brokerId }) => brokerId === id)!;
  async function append(count: number): Promise<void> {
    const client = await cluster.client(leaderOf(partition(controller())!.leader));
    for (let n = 0; n < count; n++) {
      const records = buildBatch({ records: [{ key: null, value: Buffer.from(`record ${n}`), timestamp: 1 }] });
      const answer = await client.call(produce, { acks: -1, timeoutMs: 30_000, topicData: [{ name: 't', partitionData: [{ index: 0, records }] }] });
      expect(answer.responses[0]!.partitionResponses[0]!.errorCode).to.equal(0);
    }
  }
  async function endOffset(leader: number): Promise<number> {
    const client = await cluster.client(leaderOf(leader));
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1 }] }];
    return (await client.call(listOffsets, { replicaId: -1, isolationLevel: 0, topics })).topics[0]!.partitions[0]!.offset;
  }
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    const deadline = performance.now() + 60_000;
    while (!(await holds())) {
      expect(performance.now(), 'it never came about').to.be.below(deadline);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  it('moves a partition with its records from broker to broker', async () => {
    await create('t', [1]);
    await append(20);
    expect(await reassign([2, 3])).to.equal(0);
    await everyoneKnows(isOn(2, 3));
    expect(await endOffset(2)).to.equal(20);
    await append(5);
    expect(await reassign([3])).to.equal(0);
    await everyoneKnows((broker) => isOn(3)(broker) && partition(broker)!.leader === 3);
    expect(await endOffset(3)).to.equal(25);
    const client = await cluster.client(controller());
    expect((await client.call(listPartitionReassignments, { timeoutMs: 10_000, topics: null })).topics).to.deep.equal([]);
  });

  it('waits as long as a throttle says so', async () => {
    await create('t', [1]);
    await append(5);
    const client = await cluster.client(controller());
    const set = async (resourceType: number, resourceName: string, value: string | null, ...names: string[]): Promise<void> => {
      const configs = names.map((name) => ({ name, configOperation: value === null ? 1 : 0, value }));
      const answer = await client.call(incrementalAlterConfigs, { resources: [{ resourceType, resourceName, configs }], validateOnly: false });
      expect(answer.responses[0]!.errorCode).to.equal(0);
    };
    const rates = ['leader.replication.throttled.rate', 'follower.replication.throttled.rate'];
    await set(2, 't', '*', 'leader.replication.throttled.replicas', 'follower.replication.throttled.replicas');
    await set(4, '', '0', ...rates); // nothing at all
    // Changes are taken up in order: who knows of the rate knows of the replicas.
    const resources = [{ resourceType: 4, resourceName: '', configurationKeys: null }];
    for (const broker of brokers) {
      const asked = await cluster.client(broker);
      await until(async () => (await asked.call(describeConfigs, { resources })).results[0]!.configs.length === rates.length);
    }
    expect(await reassign([2])).to.equal(0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { topics } = await client.call(listPartitionReassignments, { timeoutMs: 10_000, topics: null });
    expect(topics).to.deep.equal([{ name: 't', partitions: [{ partitionIndex: 0, replicas: [2, 1], addingReplicas: [2], removingReplicas: [1] }] }]);
    await set(4, '', null, ...rates);
    await everyoneKnows(isOn(2));
    expect(await endOffset(2)).to.equal(5);
  });

  it('hands leadership to the preferred replica, by request and by the old znode', async () => {
    await create('t', [1, 2]);
    await everyoneKnows(isOn(1, 2));
    expect(await reassign([2, 1])).to.equal(0);
    await everyoneKnows(isOn(2, 1));
    const client = await cluster.client(controller());
    const answer = await client.call(electLeaders, { electionType: 0, topicPartitions: [{ topic: 't', partitions: [0] }], timeoutMs: 30_000 });
    expect(answer.replicaElectionResults[0]!.partitionResult[0]).to.include({ partitionId: 0, errorCode: 0 });
    expect(partition(controller())!.leader).to.equal(2);
    expect(await reassign([1, 2])).to.equal(0);
    await everyoneKnows(isOn(1, 2));
    await zk.create('/admin/preferred_replica_election', '{"version":1,"partitions":[{"topic":"t","partition":0}]}');
    await everyoneKnows((broker) => partition(broker)!.leader === 1);
    await until(async () => (await zk.exists('/admin/preferred_replica_election')) === null);
  });

  it('carries out what the old reassignment znode asks for, and removes it', async () => {
    await create('t', [1]);
    await append(3);
    await zk.create('/admin/reassign_partitions', '{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[3]},{"topic":"no","partition":0,"replicas":[1]}]}');
    await everyoneKnows(isOn(3));
    await until(async () => (await zk.exists('/admin/reassign_partitions')) === null);
    expect(await endOffset(3)).to.equal(3);
  });

  it('goes on with a reassignment and a deletion under another controller', async () => {
    const first = controller();
    const [a, b] = brokers.filter((broker) => broker !== first).map(({ brokerId }) => brokerId) as [number, number];
    await create('t', [a]);
    await create('gone', [a, b]);
    await append(7);
    // What the controller leaves behind when it dies after its first writes: it follows only new partitions in this znode.
    const { data } = await zk.getData('/brokers/topics/t');
    const record = JSON.parse(Buffer.from(data!).toString()) as Record<string, unknown>;
    const halfWay = { ...record, partitions: { 0: [b, a] }, adding_replicas: { 0: [b] }, removing_replicas: { 0: [a] } };
    await zk.setData('/brokers/topics/t', JSON.stringify(halfWay));
    brokers = brokers.filter((broker) => broker !== first);
    await cluster.stop(first);
    await zk.create('/admin/delete_topics/gone');
    await everyoneKnows(isOn(b));
    await everyoneKnows((broker) => !broker.cache.hasTopic('gone'));
    await until(async () => (await zk.exists('/brokers/topics/gone')) === null);
    expect(await endOffset(b)).to.equal(7);
  });

  it('deletes a topic while one of its brokers is away, and the rest when that is back', async () => {
    const away = brokers.find((broker) => !broker.controller.isActive)!;
    const { brokerId } = away;
    await create('t', [controller().brokerId, brokerId]);
    brokers = brokers.filter((broker) => broker !== away);
    await cluster.stop(away);
    await everyoneKnows((broker) => !broker.cache.isAlive(brokerId));
    const client = await cluster.client(controller());
    const answer = await client.call(deleteTopics, { topics: [{ name: 't', topicId: ZERO_UUID }], timeoutMs: 30_000 });
    expect(answer.responses[0]!.errorCode).to.equal(0);
    expect(await zk.exists('/admin/delete_topics/t')).to.not.equal(null);
    brokers.push(await start(brokerId));
    await until(async () => (await zk.exists('/admin/delete_topics/t')) === null);
    expect(await zk.exists('/brokers/topics/t')).to.equal(null);
  });

  it('lets a replica lead that is not in sync, once the topic allows that', async () => {
    const [a, b] = brokers.filter((broker) => !broker.controller.isActive) as [Broker, Broker];
    await create('t', [a.brokerId, b.brokerId]);
    await everyoneKnows(isOn(a.brokerId, b.brokerId));
    brokers = [controller()];
    await cluster.stop(b);
    await everyoneKnows((broker) => partition(broker)!.isr.join() === String(a.brokerId));
    await cluster.stop(a);
    await everyoneKnows((broker) => partition(broker)!.leader === -1);
    brokers.push(await start(b.brokerId));
    await everyoneKnows((broker) => broker.cache.isAlive(b.brokerId));
    const client = await cluster.client(controller());
    const configs = [{ name: 'unclean.leader.election.enable', configOperation: 0, value: 'true' }];
    await client.call(incrementalAlterConfigs, { resources: [{ resourceType: 2, resourceName: 't', configs }], validateOnly: false });
    await everyoneKnows((broker) => partition(broker)?.leader === b.brokerId);
    expect(JSON.parse(Buffer.from((await zk.getData('/brokers/topics/t/partitions/0/state')).data!).toString())).to.deep.include({
      isr: [b.brokerId],
    });
  });

  it('survives znodes of nonsense', async () => {
    await create('t', [1]);
    const nonsense = '{"version":';
    for (const path of ['/brokers/topics/broken', '/admin/reassign_partitions', '/brokers/ids/77']) await zk.create(path, nonsense);
    await zk.create('/brokers/topics/no-such-brokers', '{"version":3,"partitions":{"0":[55,56]},"adding_replicas":{},"removing_replicas":{}}');
    await zk.create('/brokers/topics/odd', '{"version":99,"partitions":{"x":[1]}}');
    await zk.create('/admin/preferred_replica_election', '{"partitions":[{"topic":1}]}');
    await zk.create('/admin/delete_topics/never-was');
    await zk.create('/isr_change_notification/isr_change_0000000001', nonsense);
    await zk.create('/log_dir_event_notification/log_dir_event_0000000001', '{"broker":"x"}');
    const paths = ['/admin/preferred_replica_election', '/admin/delete_topics/never-was'];
    for (const path of paths) await until(async () => (await zk.exists(path)) === null);
    for (const parent of ['/isr_change_notification', '/log_dir_event_notification']) {
      await until(async () => (await zk.getChildren(parent)).children.length === 0);
    }
    await create('after', [2]);
    await zk.setData('/brokers/topics/t/partitions/0/state', nonsense);

    const first = controller();
    brokers = brokers.filter((broker) => broker !== first);
    await cluster.stop(first);
    await everyoneKnows((broker) => broker.cache.controllerId !== first.brokerId && broker.cache.controllerId > 0);
    await create('after-that', [brokers[0]!.brokerId]);
    await zk.setData('/brokers/topics/broken', '{"version":2,"partitions":{"0":[2,3]}}');
    await everyoneKnows((broker) => (partition(broker, 'broken')?.leader ?? -1) > 0);
  });
});
