/** Replication among three brokers: records on all of them, leaders that go and come back, ISRs that shrink and grow. */
import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { produce } from '../../../broker/protocol/messages/00-produce.ts';
import { fetch } from '../../../broker/protocol/messages/01-fetch.ts';
import { offsetCommit } from '../../../broker/protocol/messages/08-offset-commit.ts';
import { offsetFetch } from '../../../broker/protocol/messages/09-offset-fetch.ts';
import { findCoordinator } from '../../../broker/protocol/messages/10-find-coordinator.ts';
import { createTopics } from '../../../broker/protocol/messages/19-create-topics.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { iterateRecords } from '../../../broker/records/iterate-records.ts';
import { batchSizeOf } from '../../../broker/records/record-batch.ts';
import type { Broker } from '../../../broker/server/broker.ts';
import { TestCluster } from './test-cluster.ts';

const WAIT_MS = 30_000;

describe('replication', () => {
  let cluster: TestCluster;
  let brokers: Map<number, Broker>;
  beforeEach(async () => {
    cluster = await new TestCluster().start();
    brokers = new Map();
    for (const id of [1, 2, 3]) await start(id);
    await everyoneKnows((broker) => broker.cache.brokers('PLAINTEXT').length === 3);
  });
  afterEach(() => cluster.close());

  async function start(id: number, more: Record<string, string> = {}): Promise<Broker> {
    // Short enough to see an ISR shrink, long enough for a machine that is busy with something else.
    const broker = await cluster.broker(id, {
      'replica.lag.time.max.ms': '1500',
      'replica.fetch.wait.max.ms': '100',
      ...more,
    });
    brokers.set(id, broker);
    return broker;
  }

  async function stop(id: number): Promise<void> {
    const broker = brokers.get(id)!;
    brokers.delete(id);
    await cluster.stop(broker);
  }

  async function everyoneKnows(holds: (broker: Broker) => boolean): Promise<void> {
    for (const broker of brokers.values())
      expect(await broker.cache.waitUntil(() => holds(broker), WAIT_MS), `broker ${broker.brokerId}`).to.equal(true);
  }

  const isrIs =
    (...isr: number[]) =>
    (broker: Broker) =>
      [...(broker.cache.getPartition('t', 0)?.isr ?? [])].sort().join() === isr.join();

  async function create(replicas: number[], configs: Record<string, string> = {}): Promise<void> {
    const controller = [...brokers.values()].find(({ controller: { isActive } }) => isActive)!;
    const client = await cluster.client(controller);
    const topic = {
      name: 't',
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [{ partitionIndex: 0, brokerIds: replicas }],
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    };
    const { topics } = await client.call(createTopics, { topics: [topic], timeoutMs: WAIT_MS });
    expect(topics[0]).to.include({ errorCode: ErrorCode.NONE });
    await everyoneKnows((broker) => broker.cache.hasPartition('t', 0));
  }

  async function send(to: Broker, values: string[], acks = -1): Promise<number> {
    const client = await cluster.client(to);
    const records = buildBatch({
      records: values.map((value) => ({ key: null, value: Buffer.from(value), timestamp: Date.now() })),
    });
    const { responses } = await client.call(produce, {
      acks,
      timeoutMs: WAIT_MS,
      topicData: [{ name: 't', partitionData: [{ index: 0, records }] }],
    });
    client.close();
    return responses[0]!.partitionResponses[0]!.errorCode;
  }

  /** What a consumer sees at `broker`, leader or not. */
  async function read(broker: Broker, offset = 0): Promise<{ errorCode: number; highWatermark: number; values: string[] }> {
    const client = await cluster.client(broker);
    const { responses } = await client.call(
      fetch,
      {
        replicaId: -1,
        maxWaitMs: 0,
        minBytes: 1,
        topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 1_000_000 }] }],
      },
      12,
    );
    client.close();
    const { errorCode, highWatermark, records } = responses[0]!.partitions[0]!;
    const values: string[] = [];
    const bytes = records ?? Buffer.alloc(0);
    for (let at = 0; at < bytes.length; at += batchSizeOf(bytes, at)) {
      for (const record of iterateRecords(bytes, at)) values.push(record.value!.toString());
    }
    return { errorCode, highWatermark, values };
  }

  /** Until the broker's own replica shows consumers everything up to `highWatermark`. */
  async function reads(broker: Broker, highWatermark: number): Promise<string[]> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const seen = await read(broker);
      if (seen.highWatermark === highWatermark) return seen.values;
      if (performance.now() > deadline)
        throw new Error(`The high watermark of broker ${broker.brokerId} is ${seen.highWatermark}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('puts what acks=all acknowledged on all of them, byte by byte', async () => {
    await create([1, 2, 3]);
    expect(await send(brokers.get(1)!, ['a', 'b'])).to.equal(ErrorCode.NONE);
    expect(await send(brokers.get(1)!, ['c'])).to.equal(ErrorCode.NONE);
    for (const broker of brokers.values()) expect(await reads(broker, 3)).to.deep.equal(['a', 'b', 'c']);
    expect(await send(brokers.get(2)!, ['d'])).to.equal(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  });

  it('goes on with another leader when one stops, which catches up when it comes back', async () => {
    await create([1, 2, 3], { 'min.insync.replicas': '2' });
    expect(await send(brokers.get(1)!, ['a'])).to.equal(ErrorCode.NONE);
    await stop(1);
    await everyoneKnows((broker) => broker.cache.getPartition('t', 0)?.leader === 2);
    expect(await send(brokers.get(2)!, ['b'])).to.equal(ErrorCode.NONE);
    await everyoneKnows(isrIs(2, 3));
    const first = await start(1);
    await everyoneKnows(isrIs(1, 2, 3));
    expect(await send(brokers.get(2)!, ['c'])).to.equal(ErrorCode.NONE);
    expect(await reads(first, 3)).to.deep.equal(['a', 'b', 'c']);
  });

  it('refuses acks=all below min.insync.replicas, and takes it again when a replica is back', async () => {
    await create([1, 2], { 'min.insync.replicas': '2' });
    await stop(2);
    await everyoneKnows(isrIs(1));
    expect(await send(brokers.get(1)!, ['a'])).to.equal(ErrorCode.NOT_ENOUGH_REPLICAS);
    expect(await send(brokers.get(1)!, ['b'], 1)).to.equal(ErrorCode.NONE);
    await start(2);
    await everyoneKnows(isrIs(1, 2));
    expect(await send(brokers.get(1)!, ['c'])).to.equal(ErrorCode.NONE);
    expect(await reads(brokers.get(2)!, 2)).to.deep.equal(['b', 'c']);
  });

  it('cuts what a leader had alone when another one was elected uncleanly', async () => {
    await create([1, 2], { 'unclean.leader.election.enable': 'true' });
    expect(await send(brokers.get(1)!, ['a'])).to.equal(ErrorCode.NONE);
    await stop(2);
    await everyoneKnows(isrIs(1));
    expect(await send(brokers.get(1)!, ['lost 1', 'lost 2'])).to.equal(ErrorCode.NONE);
    await stop(1);
    const second = await start(2);
    await everyoneKnows((broker) => broker.cache.getPartition('t', 0)?.leader === 2);
    expect(await send(second, ['b'])).to.equal(ErrorCode.NONE);
    const first = await start(1);
    await everyoneKnows(isrIs(1, 2));
    expect(await send(second, ['c'])).to.equal(ErrorCode.NONE);
    expect(await reads(first, 3)).to.deep.equal(['a', 'b', 'c']);
  });

  it('sends a consumer to the replica in its rack, which serves it', async () => {
    const racks = (id: number) => ({
      'broker.rack': `rack-${id}`,
      'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
    });
    for (const id of [1, 2]) {
      await stop(id);
      await start(id, racks(id));
    }
    await everyoneKnows((broker) => broker.cache.brokers('PLAINTEXT').length === 3);
    await create([1, 2]);
    expect(await send(brokers.get(1)!, ['a'])).to.equal(ErrorCode.NONE);
    await reads(brokers.get(2)!, 1);
    const client = await cluster.client(brokers.get(1)!);
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }];
    const request = { replicaId: -1, maxWaitMs: 0, minBytes: 1, topics: [{ topic: 't', partitions }] };
    const ask = async (rackId: string) =>
      (await client.call(fetch, { ...request, rackId }, 12)).responses[0]!.partitions[0]!;
    expect((await ask('rack-2')).preferredReadReplica).to.equal(2);
    expect((await ask('rack-1')).preferredReadReplica).to.equal(-1);
    expect((await ask('elsewhere')).preferredReadReplica).to.equal(-1);
    expect((await read(brokers.get(2)!)).values).to.deep.equal(['a']);
  });

  it('moves a group to another coordinator, which knows what was committed', async () => {
    for (const id of [1, 2, 3]) {
      await stop(id);
      await start(id, { 'offsets.topic.replication.factor': '3', 'offsets.topic.num.partitions': '1' });
    }
    await everyoneKnows((broker) => broker.cache.brokers('PLAINTEXT').length === 3);
    await create([1, 2, 3]);
    const coordinator = await coordinatorOf('g', [...brokers.values()]);
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 42, committedMetadata: 'here' }] }];
    const committed = await (await cluster.client(coordinator)).call(offsetCommit, { groupId: 'g', topics });
    expect(committed.topics[0]!.partitions[0]!.errorCode).to.equal(ErrorCode.NONE);
    await stop(coordinator.brokerId);
    const successor = await coordinatorOf('g', [...brokers.values()]);
    expect(successor.brokerId).to.not.equal(coordinator.brokerId);
    const client = await cluster.client(successor);
    const asked = { groups: [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] }] };
    for (const deadline = performance.now() + WAIT_MS; performance.now() < deadline;) {
      const { groups } = await client.call(offsetFetch, asked);
      // It may still be reading its partition.
      if (
        groups[0]!.errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ||
        groups[0]!.errorCode === ErrorCode.NOT_COORDINATOR
      )
        continue;
      expect(groups[0]!.topics[0]!.partitions[0]).to.include({ committedOffset: 42, metadata: 'here' });
      return;
    }
    throw new Error('The successor has not read the group');
  });

  async function coordinatorOf(groupId: string, among: Broker[]): Promise<Broker> {
    const client = await cluster.client(among[0]!);
    for (const deadline = performance.now() + WAIT_MS; performance.now() < deadline;) {
      const { coordinators } = await client.call(findCoordinator, { keyType: 0, coordinatorKeys: [groupId] });
      const found = brokers.get(coordinators[0]!.nodeId);
      if (coordinators[0]!.errorCode === ErrorCode.NONE && found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('The group has no coordinator');
  }
});
