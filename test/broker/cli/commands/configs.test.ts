import { expect } from 'chai';
import { configs } from '../../../../broker/cli/commands/configs.ts';
import type { IncrementalAlterConfigsRequest } from '../../../../broker/protocol/messages/44-incremental-alter-configs.ts';
import { ScriptedBroker } from '../../client/scripted-broker.ts';
import { runCommand, type Outcome } from '../fake-io.ts';

describe('kafka-configs', () => {
  let broker: ScriptedBroker;

  beforeEach(async () => {
    broker = await ScriptedBroker.start();
    broker.serveTopics({ t: 1 });
    const entry = (name: string, value: string, configSource: number): object => {
      const synonyms = [{ name, value, source: configSource }];
      return { name, value, readOnly: false, configSource, isSensitive: false, synonyms, configType: 5, documentation: null };
    };
    broker.on(32, ({ resources }: { resources: { resourceName: string; resourceType: number }[] }) => ({
      results: resources.map(({ resourceName, resourceType }) => ({
        errorCode: resourceName === 'nope' ? 3 : 0,
        errorMessage: null,
        resourceType,
        resourceName,
        configs: [entry('retention.ms', '1000', 1), entry('segment.bytes', '5', 5)],
      })),
    }));
    broker.on(44, ({ resources }: IncrementalAlterConfigsRequest) => ({
      responses: resources.map(({ resourceType, resourceName, configs: [first] }) => {
        const errorCode = first?.value === 'x' ? 40 : 0;
        return { errorCode, errorMessage: errorCode === 0 ? null : 'Invalid value x', resourceType, resourceName };
      }),
    }));
  });
  afterEach(() => broker.close());

  const run = (...args: string[]): Promise<Outcome> => runCommand(configs, ['--bootstrap-server', `127.0.0.1:${broker.port}`, ...args]);

  it('describes what is set, or all that acts', async () => {
    const line = '  retention.ms=1000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=1000}\n';
    expect(await run('--describe', '--topic', 't')).to.deep.equal({
      status: 0,
      out: `Dynamic configs for topic t are:\n${line}`,
      err: '',
    });
    expect((await run('--describe', '--entity-type', 'topics', '--entity-name', 't', '--all')).out).to.equal(
      `All configs for topic t are:\n${line}  segment.bytes=5 sensitive=false synonyms={DEFAULT_CONFIG:segment.bytes=5}\n`,
    );
    expect((await run('--describe', '--entity-type', 'topics')).out).to.contain('Dynamic configs for topic t are:\n');
    expect((await run('--describe', '--broker-defaults')).out).to.equal('Default configs for brokers in the cluster are:\n');
  });

  it('sets and deletes, with commas in brackets', async () => {
    const { out, status } = await run(
      '--alter',
      '--topic',
      't',
      '--add-config',
      'cleanup.policy=[compact,delete], flush.ms = 3',
      '--delete-config',
      'retention.ms',
    );
    expect([status, out]).to.deep.equal([0, 'Completed updating config for topic t.\n']);
    const request = broker.received.find(({ key }) => key === 44)!.request as IncrementalAlterConfigsRequest;
    expect(request.resources[0]!.configs).to.deep.equal([
      { name: 'cleanup.policy', configOperation: 0, value: 'compact,delete' },
      { name: 'flush.ms', configOperation: 0, value: '3' },
      { name: 'retention.ms', configOperation: 1, value: '' },
    ]);
  });

  it('tells refusals with the arguments', async () => {
    const { err, status } = await run('--alter', '--topic', 't', '--add-config', 'retention.ms=x');
    expect(status).to.equal(1);
    expect(err).to.match(/^Error while executing config command with args '--bootstrap-server \S+ --alter --topic t --add-config/);
    expect(err).to.contain('ExecutionException: org.apache.kafka.common.errors.InvalidConfigurationException: Invalid value x\n');
  });

  it('refuses what does not go together, in Kafka’s words', async () => {
    const told = async (...args: string[]): Promise<string> => {
      const { err, status } = await run(...args);
      expect(status).to.equal(1);
      return err.split('\n')[0]!;
    };
    expect(await told('--describe')).to.equal('At least one entity type must be specified');
    expect(await told('--describe', '--alter')).to.equal('Command must include exactly one action: --describe, --alter');
    expect(await told('--alter', '--topic', 't', '--delete-config', 'foo')).to.equal('Invalid config(s): foo');
    expect(await told('--alter', '--topic', 't')).to.match(/^At least one of --add-config, --add-config-file, or --delete-config/);
    expect(await told('--describe', '--broker', 'x')).to.equal(
      'The entity name for brokers must be a valid integer broker id, but it is: x',
    );
  });
});
