import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { produce } from '../../../broker/protocol/messages/00-produce.ts';
import { listOffsets } from '../../../broker/protocol/messages/02-list-offsets.ts';
import { createTopics } from '../../../broker/protocol/messages/19-create-topics.ts';
import { describeConfigs } from '../../../broker/protocol/messages/32-describe-configs.ts';
import { alterConfigs } from '../../../broker/protocol/messages/33-alter-configs.ts';
import { incrementalAlterConfigs } from '../../../broker/protocol/messages/44-incremental-alter-configs.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { TestCluster, type TestClient } from '../server/test-cluster.ts';

const TOPIC = 2, BROKER = 4, BROKER_LOGGER = 8; // prettier-ignore
const SET = 0, DELETE = 1, APPEND = 2, SUBTRACT = 3; // prettier-ignore
type Operation = { name: string; configOperation: number; value: string | null };

describe('AlterConfigs and IncrementalAlterConfigs', () => {
  const cluster = new TestCluster();
  let client: TestClient;

  before(async () => {
    await cluster.start();
    client = await cluster.client(await cluster.broker(0, { 'log.retention.check.interval.ms': '50', 'log.initial.task.delay.ms': '50' }));
  });
  after(() => cluster.close());

  const create = async (name: string): Promise<string> => {
    const topics = [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
    const answer = await client.call(createTopics, { topics, timeoutMs: 10_000 });
    expect(answer.topics[0]!.errorCode).to.equal(0);
    return name;
  };
  const alter = async (resourceName: string, configs: Operation[], validateOnly = false, resourceType = TOPIC): Promise<[number, string | null]> => {
    const answer = await client.call(incrementalAlterConfigs, { resources: [{ resourceType, resourceName, configs }], validateOnly });
    return [answer.responses[0]!.errorCode, answer.responses[0]!.errorMessage];
  };
  const set = (name: string, value: string): Operation => ({ name, configOperation: SET, value });
  const overrides = async (resourceName: string): Promise<Record<string, string | null>> => {
    const resources = [{ resourceType: TOPIC, resourceName, configurationKeys: null }];
    const { results } = await client.call(describeConfigs, { resources });
    return Object.fromEntries(results[0]!.configs.filter(({ configSource }) => configSource === 1).map(({ name, value }) => [name, value]));
  };
  const append = async (name: string, size: number): Promise<number> => {
    const records = buildBatch({ records: [{ key: null, value: Buffer.alloc(size), timestamp: Date.now() }] });
    const topicData = [{ name, partitionData: [{ index: 0, records }] }];
    const answer = await client.call(produce, { acks: -1, timeoutMs: 10_000, topicData });
    return answer.responses[0]!.partitionResponses[0]!.errorCode;
  };
  /** A change is announced, so it acts a moment after the answer. */
  const eventually = async (holds: () => Promise<boolean>): Promise<void> => {
    const deadline = performance.now() + 20_000;
    while (!(await holds())) {
      expect(performance.now(), 'it never came about').to.be.below(deadline);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  it('sets, deletes, and leaves the rest alone', async () => {
    const topic = await create('single');
    expect(await alter(topic, [set('retention.ms', '1000'), set('segment.bytes', '5000')])).to.deep.equal([0, null]);
    expect(await overrides(topic)).to.deep.equal({ 'retention.ms': '1000', 'segment.bytes': '5000' });
    await alter(topic, [{ name: 'retention.ms', configOperation: DELETE, value: null }]);
    expect(await overrides(topic)).to.deep.equal({ 'segment.bytes': '5000' });
  });

  it('adds to lists and takes from them', async () => {
    const topic = await create('lists');
    const change = (configOperation: number, value: string): Promise<unknown> => alter(topic, [{ name: 'cleanup.policy', configOperation, value }]);
    await change(APPEND, 'compact');
    expect(await overrides(topic)).to.deep.equal({ 'cleanup.policy': 'delete,compact' });
    await change(APPEND, 'compact');
    expect(await overrides(topic)).to.deep.equal({ 'cleanup.policy': 'delete,compact' });
    await change(SUBTRACT, 'delete');
    expect(await overrides(topic)).to.deep.equal({ 'cleanup.policy': 'compact' });
    expect(await alter(topic, [{ name: 'retention.ms', configOperation: APPEND, value: '1' }])).to.deep.equal([
      ErrorCode.INVALID_CONFIG,
      'Config value append is not allowed for config key: retention.ms',
    ]);
  });

  it('replaces all with AlterConfigs', async () => {
    const topic = await create('whole');
    await alter(topic, [set('retention.ms', '1000')]);
    const resources = [{ resourceType: TOPIC, resourceName: topic, configs: [{ name: 'segment.bytes', value: '5000' }] }];
    const { responses } = await client.call(alterConfigs, { resources, validateOnly: false });
    expect(responses[0]).to.include({ errorCode: 0, errorMessage: null });
    expect(await overrides(topic)).to.deep.equal({ 'segment.bytes': '5000' });
  });

  it('loses no change when several come at once', async () => {
    const topic = await create('busy');
    const changes = [set('retention.ms', '1'), set('segment.bytes', '2000'), set('flush.ms', '3'), set('segment.ms', '4')];
    await Promise.all(changes.map((change) => alter(topic, [change])));
    expect(Object.keys(await overrides(topic))).to.have.lengthOf(changes.length);
  });

  it('refuses in the words of the original, and then changes nothing', async () => {
    const topic = await create('strict');
    expect(await alter('nope', [set('retention.ms', '1')])).to.deep.equal([
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      "The topic 'nope' does not exist.",
    ]);
    expect(await alter(topic, [set('foo', '1')])).to.deep.equal([ErrorCode.INVALID_CONFIG, 'Unknown topic config name: foo']);
    expect(await alter(topic, [set('retention.ms', 'x')])).to.deep.equal([
      ErrorCode.INVALID_CONFIG,
      "Invalid config value for resource ConfigResource(type=TOPIC, name='strict'): " +
        'Invalid value x for configuration retention.ms: Not a number of type LONG',
    ]);
    expect(await alter(topic, [{ name: 'retention.ms', configOperation: SET, value: null }])).to.deep.equal([
      ErrorCode.INVALID_REQUEST,
      'Null value not supported for : retention.ms',
    ]);
    expect(await alter(topic, [set('flush.ms', '1'), set('flush.ms', '2')])).to.deep.equal([
      ErrorCode.INVALID_REQUEST,
      'Error due to duplicate config keys',
    ]);
    expect(await alter('7', [set('num.io.threads', '8')], false, BROKER)).to.deep.equal([
      ErrorCode.INVALID_REQUEST,
      'Unexpected broker id, expected 0, but received 7',
    ]);
    expect((await alter('0', [set('num.io.threads', '99')], false, BROKER))[0]).to.equal(ErrorCode.INVALID_REQUEST);
    expect(await alter('0', [set('listener.name.plaintext.ssl.keystore.password', 'x')], false, BROKER)).to.deep.equal([
      ErrorCode.INVALID_CONFIG,
      "Invalid config value for resource ConfigResource(type=BROKER, name='0'): Password encoder secret not configured",
    ]);
    expect(await alter(topic, [set('retention.ms', '1')], true)).to.deep.equal([0, null]);
    expect(await overrides(topic)).to.deep.equal({});
  });

  it("changes all brokers' defaults and a broker's own, which win, without a restart", async () => {
    const topic = await create('defaults');
    await alter('', [set('message.max.bytes', '1000')], false, BROKER);
    await eventually(async () => (await append(topic, 2000)) === ErrorCode.MESSAGE_TOO_LARGE);
    await alter('0', [set('message.max.bytes', '5000')], false, BROKER);
    await eventually(async () => (await append(topic, 2000)) === 0);
    const resources = [{ resourceType: BROKER, resourceName: '0', configurationKeys: ['message.max.bytes'] }];
    const { results } = await client.call(describeConfigs, { resources, includeSynonyms: true });
    expect(results[0]!.configs[0]!.synonyms.map(({ value, source }) => [value, source])).to.deep.equal([
      ['5000', 2],
      ['1000', 3],
      ['1048588', 5],
    ]);
    for (const name of ['', '0']) await alter(name, [{ name: 'message.max.bytes', configOperation: DELETE, value: null }], false, BROKER);
    await eventually(async () => (await append(topic, 9000)) === 0);
  });

  it('changes log levels, and says what cannot be one', async () => {
    const change = (name: string, configOperation: number, value: string | null) =>
      alter('0', [{ name, configOperation, value }], false, BROKER_LOGGER);
    const levels = async (): Promise<Record<string, string | null>> => {
      const resources = [{ resourceType: BROKER_LOGGER, resourceName: '0', configurationKeys: ['root', 'kafka.server.KafkaServer'] }];
      const { results } = await client.call(describeConfigs, { resources });
      return Object.fromEntries(results[0]!.configs.map(({ name, value }) => [name, value]));
    };
    const before = (await levels())['root'];
    expect(await change('kafka.server.KafkaServer', SET, 'ERROR')).to.deep.equal([0, null]);
    expect(await levels()).to.deep.equal({ root: before, 'kafka.server.KafkaServer': 'ERROR' });
    expect(await change('kafka.server.KafkaServer', DELETE, null)).to.deep.equal([0, null]);
    expect(await levels()).to.deep.equal({ root: before, 'kafka.server.KafkaServer': before });
    expect(await change('no.such.logger', SET, 'INFO')).to.deep.equal([ErrorCode.INVALID_CONFIG, 'Logger no.such.logger does not exist!']);
    expect(await change('kafka.server.KafkaServer', SET, 'LOUD')).to.deep.equal([
      ErrorCode.INVALID_CONFIG,
      'Cannot set the log level of kafka.server.KafkaServer to LOUD as it is not a supported log level. Valid log levels are TRACE, ERROR, INFO, FATAL, DEBUG, WARN',
    ]);
    expect(await change('root', DELETE, null)).to.deep.equal([
      ErrorCode.INVALID_REQUEST,
      'Removing the log level of the root logger is not allowed',
    ]);
  });

  it('changes the size of a message without a restart', async () => {
    const topic = await create('small');
    expect(await append(topic, 2000)).to.equal(0);
    await alter(topic, [set('max.message.bytes', '1000')]);
    await eventually(async () => (await append(topic, 2000)) === ErrorCode.MESSAGE_TOO_LARGE);
    await alter(topic, [{ name: 'max.message.bytes', configOperation: DELETE, value: null }]);
    await eventually(async () => (await append(topic, 2000)) === 0);
  });

  it('changes segment size and retention without a restart', async () => {
    const topic = await create('short');
    const answer = (): ReturnType<typeof startOf> => startOf(client, topic);
    await append(topic, 500);
    expect(await answer()).to.equal(0);
    await alter(topic, [set('segment.bytes', '600'), set('retention.bytes', '0')]);
    // Every record now begins a segment, and whatever is behind the active one goes.
    await eventually(async () => (await append(topic, 500)) === 0 && (await answer()) > 0);
  });
});

async function startOf(client: TestClient, name: string): Promise<number> {
  const topics = [{ name, partitions: [{ partitionIndex: 0, timestamp: -2 }] }];
  const answer = await client.call(listOffsets, { replicaId: -1, isolationLevel: 0, topics });
  return answer.topics[0]!.partitions[0]!.offset;
}
