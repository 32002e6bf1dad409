/** kafkajs, the pure JavaScript client: producers with every codec, groups that rebalance, offsets, and its admin. */
import { expect } from 'chai';
import type { Consumer, KafkaMessage } from 'kafkajs';
import { client, codecs, consume, createTopic, withAdmin } from './support/kafkajs.ts';
import { bootstrap, freshName } from './support/shared-pair.ts';

/** A record as the tests compare it. */
function plain(message: KafkaMessage): Record<string, unknown> {
  const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]));
  return { offset: Number(message.offset), key: message.key?.toString() ?? null, value: message.value?.toString() ?? null, headers };
}

/** Resolves when `probe`, asked after each call of the returned `changed`, holds. */
function condition(probe: () => boolean): { readonly met: Promise<void>; readonly changed: () => void } {
  let resolveMet: () => void;
  const met = new Promise<void>((resolve) => (resolveMet = resolve));
  return { met, changed: () => probe() && resolveMet() };
}

describe('kafkajs producer', () => {
  for (const [name, compression] of Object.entries(codecs)) {
    it(`brings keys, values, headers and timestamps back unchanged, compressed with ${name}`, async () => {
      const topic = freshName(`kafkajs-${name}`);
      await createTopic(topic);
      const producer = client().producer();
      await producer.connect();
      const messages = [
        { key: 'first', value: 'eins', headers: { colour: 'grün' }, timestamp: '1600000000000' },
        { key: null, value: 'keyless', timestamp: '1600000000001' },
        { key: 'tombstone', value: null, timestamp: '1600000000002' },
        { key: 'large', value: 'long '.repeat(20_000), timestamp: '1600000000003' },
      ];
      const [sent] = await producer.send({ topic, compression, acks: -1, messages });
      await producer.disconnect();
      expect(sent?.errorCode).to.equal(0);
      expect(sent?.baseOffset).to.equal('0');
      const records = await consume(topic, messages.length);
      expect(records.map(({ message }) => plain(message))).to.deep.equal(
        messages.map(({ key, value, headers = {} }, offset) => ({ offset, key, value, headers })),
      );
      expect(records.map(({ message }) => message.timestamp)).to.deep.equal(messages.map(({ timestamp }) => timestamp));
    });
  }

  it('writes with acks=0 and acks=1', async () => {
    const topic = freshName('acks');
    await createTopic(topic);
    const producer = client().producer();
    await producer.connect();
    await producer.send({ topic, acks: 0, messages: [{ value: 'no answer' }] });
    const [sent] = await producer.send({ topic, acks: 1, messages: [{ value: 'answered' }] });
    await producer.disconnect();
    expect(sent?.baseOffset).to.equal('1');
    expect((await consume(topic, 2)).map(({ message }) => String(message.value))).to.deep.equal(['no answer', 'answered']);
  });

  it('sends idempotently: sequences go on over many batches in six partitions', async () => {
    const topic = freshName('idempotent');
    await createTopic(topic, 6);
    const producer = client().producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    for (let batch = 0; batch < 10; batch++) {
      const messages = Array.from({ length: 60 }, (_unused, index) => ({ partition: index % 6, value: `${batch}:${index}` }));
      await producer.send({ topic, acks: -1, messages });
    }
    await producer.disconnect();
    const records = await consume(topic, 600);
    for (let partition = 0; partition < 6; partition++) {
      const values = records.filter((record) => record.partition === partition).map(({ message }) => String(message.value));
      const expected = Array.from({ length: 100 }, (_unused, index) => `${Math.floor(index / 10)}:${(index % 10) * 6 + partition}`);
      expect(values).to.deep.equal(expected);
    }
  });
});

describe('kafkajs consumer group', () => {
  it('spreads partitions over two members, moves them when one leaves, and loses and repeats nothing', async () => {
    const topic = freshName('rebalance');
    const groupId = freshName('rebalancing');
    await createTopic(topic, 6);
    const producer = client().producer();
    await producer.connect();
    const seen = new Map<string, number>();
    const assigned = new Map<Consumer, readonly number[]>();
    const members: Consumer[] = [];
    let changed = () => {};
    const join = async () => {
      const member = client().consumer({ groupId, sessionTimeout: 10_000, rebalanceTimeout: 10_000, heartbeatInterval: 300, maxWaitTimeInMs: 200 });
      members.push(member);
      member.on('consumer.group_join', ({ payload }) => {
        assigned.set(member, payload.memberAssignment[topic] ?? []);
        changed();
      });
      await member.connect();
      await member.subscribe({ topic, fromBeginning: true });
      await member.run({
        eachMessage: async ({ message }) => {
          const value = String(message.value);
          seen.set(value, (seen.get(value) ?? 0) + 1);
          changed();
        },
      });
      return member;
    };
    const until = async (probe: () => boolean) => {
      const state = condition(probe);
      changed = state.changed;
      changed();
      await state.met;
    };
    const send = async (round: string) => {
      await producer.send({ topic, messages: Array.from({ length: 60 }, (_unused, index) => ({ partition: index % 6, value: `${round} ${index}` })) });
    };

    try {
      const first = await join();
      await until(() => assigned.get(first)?.length === 6);
      await send('alone');
      await until(() => seen.size === 60);

      const second = await join();
      await until(() => assigned.get(first)?.length === 3 && assigned.get(second)?.length === 3);
      expect([...(assigned.get(first) ?? []), ...(assigned.get(second) ?? [])].sort()).to.deep.equal([0, 1, 2, 3, 4, 5]);
      await send('together');
      await until(() => seen.size === 120);

      const description = await withAdmin((admin) => admin.describeGroups([groupId]));
      expect(description.groups[0]).to.include({ groupId, state: 'Stable', protocolType: 'consumer', protocol: 'RoundRobinAssigner' });
      expect(description.groups[0]?.members).to.have.length(2);

      await first.disconnect();
      await until(() => assigned.get(second)?.length === 6);
      await send('left behind');
      await until(() => seen.size === 180);
      expect([...seen.values()].every((times) => times === 1), 'each record was seen once').to.equal(true);
    } finally {
      for (const member of members) await member.disconnect();
      await producer.disconnect();
    }
  });

  it('goes on where commits left it, and rereads what was not committed', async () => {
    const topic = freshName('commits');
    const groupId = freshName('committing');
    await createTopic(topic);
    const producer = client().producer();
    await producer.connect();
    await producer.send({ topic, messages: Array.from({ length: 10 }, (_unused, index) => ({ value: String(index) })) });
    await producer.disconnect();

    const readFrom = async (commitAt?: number): Promise<string[]> => {
      const consumer = client().consumer({ groupId, maxWaitTimeInMs: 200 });
      const values: string[] = [];
      const last = condition(() => values.at(-1) === '9');
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachMessage: async ({ message }) => {
          values.push(String(message.value));
          last.changed();
        },
      });
      await last.met;
      if (commitAt !== undefined) await consumer.commitOffsets([{ topic, partition: 0, offset: String(commitAt), metadata: 'so far' }]);
      await consumer.disconnect();
      return values;
    };

    expect(await readFrom(6)).to.deep.equal(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(await withAdmin((admin) => admin.fetchOffsets({ groupId, topics: [topic] }))).to.deep.equal([
      { topic, partitions: [{ partition: 0, offset: '6', metadata: 'so far' }] },
    ]);
    expect(await readFrom()).to.deep.equal(['6', '7', '8', '9']);
    expect(await readFrom(), 'without a commit the same once more').to.deep.equal(['6', '7', '8', '9']);
  });
});

describe('kafkajs admin', () => {
  it('creates, lists, describes, widens and deletes topics', async () => {
    const topic = freshName('administered');
    await withAdmin(async (admin) => {
      expect(await admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '3600000' }] }] })).to.equal(true);
      expect(await admin.createTopics({ topics: [{ topic }] }), 'it exists already').to.equal(false);
      expect(await admin.listTopics()).to.include(topic);
      const { brokers, controller } = await admin.describeCluster();
      expect(brokers.map(({ host, port }) => `${host}:${port}`)).to.deep.equal([bootstrap()]);
      const nodeId = brokers[0]?.nodeId;
      expect(controller).to.equal(nodeId);

      const partitionsNow = async () => {
        const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
        return [...(metadata.topics[0]?.partitions ?? [])].sort((a, b) => a.partitionId - b.partitionId);
      };
      const described = await partitionsNow();
      expect(described.map(({ partitionId, leader, replicas, isr }) => ({ partitionId, leader, replicas, isr }))).to.deep.equal(
        [0, 1].map((partitionId) => ({ partitionId, leader: nodeId, replicas: [nodeId], isr: [nodeId] })),
      );
      await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] });
      await eventually(async () => (await partitionsNow()).length === 5);

      await admin.deleteTopics({ topics: [topic] });
      await eventually(async () => !(await admin.listTopics()).includes(topic));
    });
  });

  it('describes configs: a topic\'s own, the defaults, and the broker\'s', async () => {
    const topic = freshName('configured');
    await withAdmin(async (admin) => {
      await admin.createTopics({ topics: [{ topic, configEntries: [{ name: 'retention.ms', value: '3600000' }] }] });
      const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topic }] });
      const entries = new Map(resources[0]?.configEntries.map((entry) => [entry.configName, entry]));
      expect(entries.get('retention.ms')).to.include({ configValue: '3600000', isDefault: false, readOnly: false });
      expect(entries.get('cleanup.policy')?.configValue).to.equal('delete');
      expect(entries.get('segment.bytes')?.configValue).to.equal('1073741824');
      expect(entries.size).to.equal(26);

      const [broker] = (await admin.describeCluster()).brokers;
      const answer = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 4, name: String(broker?.nodeId), configNames: ['num.io.threads', 'broker.id'] }] });
      const values = Object.fromEntries(answer.resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]) ?? []);
      expect(values).to.deep.equal({ 'num.io.threads': '8', 'broker.id': String(broker?.nodeId) });
    });
  });

  it('lists, describes and deletes groups, and sets and resets their offsets', async () => {
    const topic = freshName('offsets');
    const groupId = freshName('administered-group');
    await createTopic(topic, 2);
    const producer = client().producer();
    await producer.connect();
    await producer.send({ topic, messages: [0, 1, 1].map((partition) => ({ partition, value: 'x' })) });
    await producer.disconnect();
    await withAdmin(async (admin) => {
      expect((await admin.fetchTopicOffsets(topic)).sort((a, b) => a.partition - b.partition)).to.deep.equal([
        { partition: 0, offset: '1', high: '1', low: '0' },
        { partition: 1, offset: '2', high: '2', low: '0' },
      ]);
      await admin.setOffsets({ groupId, topic, partitions: [{ partition: 1, offset: '1' }] });
      const offsetsNow = async () => {
        const [ofTopic] = await admin.fetchOffsets({ groupId, topics: [topic] });
        return [...(ofTopic?.partitions ?? [])].sort((a, b) => a.partition - b.partition).map(({ offset }) => offset);
      };
      expect(await offsetsNow()).to.deep.equal(['-1', '1']);
      const listed = (await admin.listGroups()).groups.find((group) => group.groupId === groupId);
      expect(listed).to.deep.equal({ groupId, protocolType: 'consumer' });
      const described = (await admin.describeGroups([groupId])).groups[0];
      expect(described).to.include({ errorCode: 0, state: 'Empty' });
      await admin.resetOffsets({ groupId, topic, earliest: true });
      expect(await offsetsNow()).to.deep.equal(['-2', '-2']);
      await admin.deleteGroups([groupId]);
      expect((await admin.listGroups()).groups.map((group) => group.groupId)).not.to.include(groupId);
    });
  });

  it('finds the offset of a timestamp', async () => {
    const topic = freshName('by-timestamp');
    await createTopic(topic);
    const producer = client().producer();
    await producer.connect();
    for (const timestamp of [1000, 2000, 3000]) await producer.send({ topic, messages: [{ value: 'x', timestamp: String(timestamp) }] });
    await producer.disconnect();
    await withAdmin(async (admin) => {
      const offsetAt = async (timestamp: number) => (await admin.fetchTopicOffsetsByTimestamp(topic, timestamp))[0]?.offset;
      expect(await offsetAt(1000)).to.equal('0');
      expect(await offsetAt(1001)).to.equal('1');
      expect(await offsetAt(3000)).to.equal('2');
      expect(await offsetAt(3001), 'past the last: the end').to.equal('3');
    });
  });
});

/** Asks again until the answer is yes: for what a cluster takes up on its own time, as metadata. */
async function eventually(probe: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await probe())) {
    if (Date.now() > deadline) throw new Error(`Still not so after ${timeoutMs} ms: ${probe}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
