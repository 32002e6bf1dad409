/** Client quotas of a whole broker, through the wire: set as administrators set them, and felt as clients feel them. */
import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { produce } from '../../../broker/protocol/messages/00-produce.ts';
import { fetch } from '../../../broker/protocol/messages/01-fetch.ts';
import { metadata } from '../../../broker/protocol/messages/03-metadata.ts';
import { findCoordinator } from '../../../broker/protocol/messages/10-find-coordinator.ts';
import { createTopics } from '../../../broker/protocol/messages/19-create-topics.ts';
import { deleteTopics } from '../../../broker/protocol/messages/20-delete-topics.ts';
import { createPartitions } from '../../../broker/protocol/messages/37-create-partitions.ts';
import { alterClientQuotas } from '../../../broker/protocol/messages/49-alter-client-quotas.ts';
import type { Api } from '../../../broker/protocol/schema.ts';
import { ZERO_UUID } from '../../../broker/protocol/schema.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import type { Broker } from '../../../broker/server/broker.ts';
import { TestCluster } from './test-cluster.ts';
import type { TestClient } from './test-cluster.ts';

describe('client quotas', () => {
  const cluster = new TestCluster();
  let broker: Broker;
  let admin: TestClient;
  before(async () => {
    await cluster.start();
    broker = await cluster.broker();
    admin = await cluster.client(broker, 'admin');
    const topic = { name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    await admin.call(createTopics, { topics: [topic], timeoutMs: 30_000, validateOnly: false });
  });
  after(() => cluster.close());

  const set = async (entity: Record<string, string | null>, quotas: Record<string, number | null>): Promise<void> => {
    const entry = {
      entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
      ops: Object.entries(quotas).map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
    };
    const { entries } = await admin.call(alterClientQuotas, { entries: [entry], validateOnly: false });
    expect(entries[0]!.errorCode).to.equal(ErrorCode.NONE);
  };
  /** On a connection of its own: one that was throttled is not read for a while. */
  const ask = async <Req, Res, Draft>(clientId: string, api: Api<Req, Res, Draft, never>, request: Draft, version?: number): Promise<Res> => {
    const client = await cluster.client(broker, clientId);
    try {
      return await client.call(api, request, version);
    } finally {
      client.close();
    }
  };
  /** A change is announced, and in force a moment later: asks until it is. */
  const until = async <T>(attempt: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> => {
    for (;;) {
      const answer = await attempt();
      if (isWanted(answer)) return answer;
    }
  };
  const isThrottled = ({ throttleTimeMs }: { throttleTimeMs: number }): boolean => throttleTimeMs > 0;
  const isNotThrottled = ({ throttleTimeMs }: { throttleTimeMs: number }): boolean => throttleTimeMs === 0;

  const records = (size: number): Buffer => buildBatch({ records: [{ key: null, value: Buffer.alloc(size), timestamp: 1 }] });
  const production = (size: number, acks = -1, topic = 't') => ({
    transactionalId: null,
    acks,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records: records(size) }] }],
  });
  const everything = { topics: null, allowAutoTopicCreation: false };

  /** What is sent now is not answered, though others' later requests are; the connection is closed then. */
  const expectUnread = async (client: TestClient): Promise<void> => {
    let isAnswered = false;
    const answer = client.call(metadata, everything).then(
      () => (isAnswered = true),
      () => undefined, // it is closed below
    );
    for (let i = 0; i < 3; i++) await admin.call(metadata, everything);
    client.close();
    await answer;
    expect(isAnswered).to.equal(false);
  };

  it('throttle a producer, whose connection is not read meanwhile, and let it go when they are taken away', async () => {
    await set({ 'client-id': 'p' }, { producer_byte_rate: 10 });
    const answer = await until(() => ask('p', produce, production(1000)), isThrottled);
    expect(answer.responses[0]!.partitionResponses[0]!.errorCode).to.equal(ErrorCode.NONE);
    // Over 100 bytes a second where 10 are allowed: more than nine times the ten seconds of the windows.
    expect(answer.throttleTimeMs).to.be.greaterThan(90_000);

    const held = await cluster.client(broker, 'p');
    expect(isThrottled(await held.call(produce, production(10)))).to.equal(true);
    await expectUnread(held);

    // Two at once: the first one is too much already, and the second not taken up.
    const hasty = await cluster.client(broker, 'p');
    const first = hasty.call(produce, production(10));
    const second = hasty.call(produce, production(10)).catch(() => 'closed');
    const { baseOffset } = (await first).responses[0]!.partitionResponses[0]!;
    await expectUnread(hasty);
    expect(await second).to.equal('closed');
    const next = await ask('other', produce, production(10));
    expect(next.responses[0]!.partitionResponses[0]!.baseOffset).to.equal(baseOffset + 1);

    const silent = await cluster.client(broker, 'p');
    const unanswered = silent.call(produce, production(10, 0)).catch(() => undefined); // it is closed, as it has no answer
    await expectUnread(silent);
    await unanswered;

    expect(isThrottled(await ask('other', produce, production(1000)))).to.equal(false);
    await set({ 'client-id': 'p' }, { producer_byte_rate: null });
    await until(() => ask('p', produce, production(1000)), isNotThrottled);
  });

  it('hold a user to what is said of it before what is said of its client', async () => {
    await set({ 'client-id': 'u' }, { producer_byte_rate: 1 });
    await until(() => ask('u', produce, production(1000)), isThrottled);
    await set({ user: 'ANONYMOUS', 'client-id': 'u' }, { producer_byte_rate: 1e9 });
    await until(() => ask('u', produce, production(1000)), isNotThrottled);
    await set({ user: 'ANONYMOUS', 'client-id': 'u' }, { producer_byte_rate: null });
    await until(() => ask('u', produce, production(1000)), isThrottled);
    await set({ 'client-id': 'u' }, { producer_byte_rate: null });
  });

  it('make answers to a consumer small, and then empty, and its session lives on', async () => {
    for (let i = 0; i < 20; i++) await ask('filler', produce, production(1000));
    await set({ 'client-id': 'c' }, { consumer_byte_rate: 300 });
    const [topicId] = (await admin.call(metadata, { topics: [{ name: 't', topicId: ZERO_UUID }], allowAutoTopicCreation: false })).topics.map(
      (topic) => topic.topicId,
    );
    const partition = { partition: 0, currentLeaderEpoch: -1, fetchOffset: 0, lastFetchedEpoch: -1, logStartOffset: -1, partitionMaxBytes: 1 << 20 };
    const read = (sessionId: number, sessionEpoch: number) =>
      ask('c', fetch, {
        ...{ replicaId: -1, maxWaitMs: 0, minBytes: 1, maxBytes: 1 << 20, isolationLevel: 0, sessionId, sessionEpoch },
        ...{ topics: [{ topicId: topicId!, partitions: [partition] }], forgottenTopicsData: [], rackId: '' },
      });
    const sizeOf = ({ responses }: Awaited<ReturnType<typeof read>>): number =>
      responses.flatMap(({ partitions }) => partitions).reduce((size, { records: bytes }) => size + (bytes?.length ?? 0), 0);
    // Ten seconds' worth at once; before the quota is in force it is everything.
    const first = await until(() => read(0, 0), (answer) => isThrottled(answer) || sizeOf(answer) <= 3000);
    expect(first.throttleTimeMs).to.equal(0);
    expect(sizeOf(first)).to.be.within(1000, 3000);
    expect(first.sessionId).to.be.greaterThan(0);
    const second = await read(first.sessionId, 1);
    expect(second.throttleTimeMs).to.be.greaterThan(0);
    expect([second.errorCode, second.sessionId, second.responses]).to.deep.equal([ErrorCode.NONE, first.sessionId, []]);
    await set({ 'client-id': 'c' }, { consumer_byte_rate: null });
    let epoch = 2;
    const last = await until(() => read(first.sessionId, epoch++), isNotThrottled);
    expect(last.errorCode).to.equal(ErrorCode.NONE);
    expect(sizeOf(last)).to.be.greaterThan(20_000);
    // A full fetch has no session yet, and gets none while it is throttled.
    await set({ 'client-id': 'c' }, { consumer_byte_rate: 1 });
    const full = await until(() => read(0, 0), isThrottled);
    expect([full.errorCode, full.sessionId, full.responses]).to.deep.equal([ErrorCode.NONE, 0, []]);
  });

  it('throttle for the time that requests take, for a second at most', async () => {
    await set({ 'client-id': 'm' }, { request_percentage: 0.000_001 });
    const { throttleTimeMs } = await until(() => ask('m', metadata, everything), isThrottled);
    expect(throttleTimeMs).to.equal(1000);
  });

  it('refuse topics, partitions and deletions, or have older clients wait', async () => {
    await set({ 'client-id': 'k' }, { controller_mutation_rate: 0.1 });
    const topic = (name: string, numPartitions: number) => ({ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] });
    const create = (name: string, numPartitions: number, version: number, validateOnly = false) =>
      ask('k', createTopics, { topics: [topic(name, numPartitions)], timeoutMs: 30_000, validateOnly }, version);
    const grow = (name: string, count: number, version: number) =>
      ask('k', createPartitions, { topics: [{ name, count, assignments: null }], timeoutMs: 30_000, validateOnly: false }, version);
    const remove = (name: string, version: number) => {
      const named = version < 6 ? { topics: [], topicNames: [name] } : { topics: [{ name, topicId: ZERO_UUID }], topicNames: [] };
      return ask('k', deleteTopics, { ...named, timeoutMs: 30_000 }, version);
    };

    // Takes what there is (1.1) and more, and waits for nothing.
    let count = 0;
    const refused = await until(() => create(`k${count++}`, 5, 7), ({ topics }) => topics[0]!.errorCode !== ErrorCode.NONE);
    expect(count).to.be.greaterThan(1);
    expect(refused.topics[0]).to.deep.include({ errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED, errorMessage: null, numPartitions: -1 });
    expect(refused.throttleTimeMs).to.be.within(1, 39_000);
    expect(broker.cache.hasTopic(`k${count - 1}`)).to.equal(false);
    expect((await create('dry', 5, 7, true)).topics[0]!.errorCode, 'a dry run takes nothing').to.equal(ErrorCode.NONE);

    const grown = await grow('k0', 6, 3);
    expect([grown.results[0]!.errorCode, grown.results[0]!.errorMessage]).to.deep.equal([ErrorCode.THROTTLING_QUOTA_EXCEEDED, null]);
    const kept = await remove('k0', 6);
    expect(kept.responses[0]!.errorCode).to.equal(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
    expect([grown, kept].every(isThrottled)).to.equal(true);

    const created = await create('old', 5, 5);
    expect(created.topics[0]!.errorCode).to.equal(ErrorCode.NONE);
    const grownOld = await grow('old', 6, 2);
    expect(grownOld.results[0]!.errorCode).to.equal(ErrorCode.NONE);
    const removed = await remove('old', 4);
    expect(removed.responses[0]!.errorCode).to.equal(ErrorCode.NONE);
    expect([created, grownOld, removed].every(isThrottled)).to.equal(true);
  });

  it('count the topic of groups’ offsets, which comes into being when a client looks for its coordinator', async () => {
    await set({ 'client-id': 'g' }, { controller_mutation_rate: 0.001 });
    let count = 0;
    const create = () => {
      const topic = { name: `g${count++}`, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
      return ask('g', createTopics, { topics: [topic], timeoutMs: 30_000, validateOnly: false }, 7);
    };
    const owesOne = await until(create, isThrottled);
    expect(owesOne.throttleTimeMs).to.be.lessThan(1_000_000);
    const find = () => ask('g', findCoordinator, { key: 'group', keyType: 0, coordinatorKeys: ['group'] });
    const { throttleTimeMs } = await until(find, ({ coordinators }) => coordinators[0]!.errorCode === ErrorCode.NONE);
    expect(throttleTimeMs, 'looking does not wait for it').to.equal(0);
    const owesThree = await create();
    expect(owesThree.topics[0]!.errorCode).to.equal(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
    expect(owesThree.throttleTimeMs).to.be.within(2_500_000, 3_000_000);
  });

  it('leave followers and the controller alone', async () => {
    const second = await cluster.broker(1);
    await set({ user: null }, { consumer_byte_rate: 1, request_percentage: 0.000_001 });
    await until(() => ask('x', metadata, everything), isThrottled);
    const topic = { name: 'two', numPartitions: 1, replicationFactor: 2, assignments: [], configs: [{ name: 'min.insync.replicas', value: '2' }] };
    const created = await ask('x', createTopics, { topics: [topic], timeoutMs: 30_000, validateOnly: false });
    expect(created.topics[0]!.errorCode).to.equal(ErrorCode.NONE);
    const leader = broker.cache.getPartition('two', 0)!.leader;
    const at = [broker, second].find(({ brokerId }) => brokerId === leader)!;
    // More than a follower could fetch in all the time that producing may take, if it were held to what clients are.
    for (let i = 0; i < 2; i++) {
      const client = await cluster.client(at, 'y');
      const { responses } = await client.call(produce, production(1000, -1, 'two'));
      expect(responses[0]!.partitionResponses[0]!.errorCode).to.equal(ErrorCode.NONE);
      client.close();
    }
    await set({ user: null }, { consumer_byte_rate: null, request_percentage: null });
  });
});
