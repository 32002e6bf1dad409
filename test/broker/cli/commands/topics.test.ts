import { expect } from 'chai';
import { topics } from '../../../../broker/cli/commands/topics.ts';
import { ScriptedBroker } from '../../client/scripted-broker.ts';
import { runCommand, type Outcome } from '../fake-io.ts';

const STAMP = '[2026-11-22 11:07:01,123]';

describe('kafka-topics', () => {
  let broker: ScriptedBroker;

  beforeEach(async () => {
    broker = await ScriptedBroker.start();
    broker.serveTopics({ b: 1, a: 2, __consumer_offsets: 1 });
    broker.on(32, (request: { resources: { resourceName: string }[] }) => ({
      throttleTimeMs: 0,
      results: request.resources.map(({ resourceName }) => ({
        errorCode: 0,
        errorMessage: null,
        resourceType: 2,
        resourceName,
        configs: [
          {
            name: 'retention.ms',
            value: '1000',
            readOnly: false,
            configSource: resourceName === 'a' ? 1 : 5,
            isSensitive: false,
          },
          { name: 'min.insync.replicas', value: '2', readOnly: false, configSource: 5, isSensitive: false },
        ],
      })),
    }));
  });
  afterEach(() => broker.close());

  const run = (...args: string[]): Promise<Outcome> =>
    runCommand(topics, ['--bootstrap-server', `127.0.0.1:${broker.port}`, ...args]);
  const answerCreate = (errorCode: number, errorMessage: string | null): void =>
    broker.on(19, (request: { topics: { name: string }[] }) => ({
      topics: request.topics.map(({ name }) => ({ name, errorCode, errorMessage })),
    }));

  it('lists names in order', async () => {
    expect(await run('--list')).to.deep.equal({ status: 0, out: '__consumer_offsets\na\nb\n', err: '' });
    expect((await run('--list', '--exclude-internal')).out).to.equal('a\nb\n');
    expect((await run('--list', '--topic', 'a|x')).out).to.equal('a\n');
  });

  it('describes topics and their partitions', async () => {
    const { out, status } = await run('--describe', '--topic', 'a');
    expect(status).to.equal(0);
    expect(out).to.equal(
      'Topic: a\tPartitionCount: 2\tReplicationFactor: 1\tConfigs: retention.ms=1000\n' +
        '\tTopic: a\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\n' +
        '\tTopic: a\tPartition: 1\tLeader: 1\tReplicas: 1\tIsr: 1\n',
    );
    expect((await run('--describe', '--topic', 'b')).out).to.contain('\tConfigs: \n');
    expect((await run('--describe', '--topics-with-overrides')).out).to.match(/^Topic: a\t[^\n]*\n$/);
    expect((await run('--describe', '--topic', 'b', '--under-min-isr-partitions')).out).to.contain(
      '\tTopic: b\tPartition: 0',
    );
    expect((await run('--describe', '--unavailable-partitions')).out).to.equal('');
  });

  it('says that a topic was created, with a warning for doubtful names', async () => {
    answerCreate(0, null);
    expect(await run('--create', '--topic', 'new', '--config', 'a=b')).to.deep.equal({
      status: 0,
      out: 'Created topic new.\n',
      err: '',
    });
    expect(broker.received.find(({ key }) => key === 19)!.request).to.have.nested.property('topics[0].numPartitions', -1);
    expect((await run('--create', '--topic', 'a.b')).out).to.match(
      /^WARNING: Due to limitations in metric names.*\nCreated topic a\.b\.\n$/,
    );
  });

  it('shows refusals on both streams', async () => {
    answerCreate(36, "Topic 'a' already exists.");
    expect(await run('--create', '--topic', 'a')).to.deep.equal({
      status: 1,
      out: "Error while executing topic command : Topic 'a' already exists.\n",
      err: `${STAMP} ERROR org.apache.kafka.common.errors.TopicExistsException: Topic 'a' already exists.\n (kafka.admin.TopicCommand$)\n`,
    });
    expect(await run('--create', '--topic', 'a', '--if-not-exists')).to.deep.equal({ status: 0, out: '', err: '' });
  });

  it('tells values that cannot be before it asks a broker', async () => {
    const { err, status } = await run('--create', '--topic', 'new', '--config', 'retention.ms=x');
    expect(status).to.equal(1);
    expect(err).to.contain('ERROR org.apache.kafka.common.config.ConfigException: Invalid value x for configuration retention.ms');
    const count = await run('--create', '--topic', 'new', '--partitions', 'x');
    expect(count.err).to.contain('\nCaused by: java.lang.NumberFormatException: For input string: "x"\n');
    expect(broker.received.some(({ key }) => key === 19)).to.equal(false);
  });

  it('misses topics that are not there, unless told not to', async () => {
    for (const action of [['--describe'], ['--delete'], ['--alter', '--partitions', '3']]) {
      const { out, status } = await run(...action, '--topic', 'zzz');
      expect([status, out]).to.deep.equal([
        1,
        "Error while executing topic command : Topic 'zzz' does not exist as expected\n",
      ]);
      expect((await run(...action, '--topic', 'zzz', '--if-exists')).status).to.equal(0);
    }
  });

  it('refuses options that do not go together', async () => {
    const firstLine = async (...args: string[]): Promise<string> => {
      const { status, out, err } = await run(...args);
      expect([status, out]).to.deep.equal([1, '']);
      return err.split('\n')[0]!;
    };
    const exactlyOne = 'Command must include exactly one action: --list, --describe, --create, --alter or --delete';
    expect(await firstLine('--list', '--create')).to.equal(exactlyOne);
    expect(await firstLine('--create')).to.equal('Missing required argument "[topic]"');
    expect(await firstLine('--list', '--config', 'a=b')).to.equal('Option "[config]" can\'t be used with option "[list]"');
    expect(await firstLine('--alter', '--topic', 'a')).to.equal('Missing required argument "[partitions]"');
    expect(await firstLine('--bogus')).to.equal(
      'Exception in thread "main" joptsimple.UnrecognizedOptionException: bogus is not a recognized option',
    );
  });
});
