import { expect } from 'chai';
import { pbkdf2Sync } from 'node:crypto';
import { configs } from '../../../../broker/cli/commands/configs.ts';
import type { IncrementalAlterConfigsRequest } from '../../../../broker/protocol/messages/44-incremental-alter-configs.ts';
import type { AlterClientQuotasRequest } from '../../../../broker/protocol/messages/49-alter-client-quotas.ts';
import type { AlterUserScramCredentialsRequest } from '../../../../broker/protocol/messages/51-alter-user-scram-credentials.ts';
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

  describe('for users, client ids and addresses', () => {
    const quota = (entity: Record<string, string | null>, values: Record<string, number>): object => ({
      entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
      values: Object.entries(values).map(([key, value]) => ({ key, value })),
    });
    const requests = <T>(key: number): T[] => broker.received.filter((one) => one.key === key).map(({ request }) => request as T);

    beforeEach(() => {
      broker.on(48, () => ({
        errorCode: 0,
        errorMessage: null,
        entries: [quota({ user: 'u', 'client-id': null }, { request_percentage: 12.5, consumer_byte_rate: 1e7, producer_byte_rate: 1024 })],
      }));
      broker.on(49, ({ entries }: AlterClientQuotasRequest) => ({
        entries: entries.map(({ entity, ops }) => {
          const errorCode = ops.some(({ value }) => value < 0) ? 42 : 0;
          return { errorCode, errorMessage: errorCode === 0 ? null : 'Below zero', entity };
        }),
      }));
      broker.on(50, () => ({
        errorCode: 0,
        errorMessage: null,
        results: [
          { user: 'u', errorCode: 0, errorMessage: null, credentialInfos: [{ mechanism: 1, iterations: 8192 }, { mechanism: 2, iterations: 4096 }] },
          { user: 'v', errorCode: 91, errorMessage: 'No such user', credentialInfos: [] },
          { user: 'w', errorCode: 92, errorMessage: 'Twice', credentialInfos: [] },
        ],
      }));
      broker.on(51, ({ deletions, upsertions }: AlterUserScramCredentialsRequest) => ({
        results: [...deletions, ...upsertions].map(({ name }) => ({ user: name, errorCode: 0, errorMessage: null })),
      }));
    });

    it('describes quotas as Java prints them, then the credentials of users', async () => {
      const { out, err, status } = await run('--describe', '--entity-type', 'users');
      expect([status, err]).to.deep.equal([0, '']);
      expect(out).to.equal(
        "Quota configs for user-principal 'u', the default client-id are consumer_byte_rate=1.0E7, request_percentage=12.5, producer_byte_rate=1024.0\n" +
          "SCRAM credential configs for user-principal 'u' are SCRAM-SHA-256=iterations=8192, SCRAM-SHA-512=iterations=4096\n" +
          "Error retrieving SCRAM credential configs for user-principal 'w': ExecutionException: " +
          'org.apache.kafka.common.errors.DuplicateResourceException: Twice\n',
      );
    });

    it('asks for the entities of exactly the types given: by name, the default, or all', async () => {
      await run('--describe', '--entity-type', 'users', '--entity-default', '--entity-type', 'clients', '--entity-name', 'c');
      await run('--describe', '--entity-type', 'clients', '--entity-name', 'c', '--entity-type', 'users');
      await run('--describe', '--ip-defaults');
      expect(requests(48)).to.deep.equal([
        {
          components: [
            { entityType: 'user', matchType: 1, match: null },
            { entityType: 'client-id', matchType: 0, match: 'c' },
          ],
          strict: true,
        },
        {
          components: [
            { entityType: 'client-id', matchType: 0, match: 'c' },
            { entityType: 'user', matchType: 2, match: null },
          ],
          strict: true,
        },
        { components: [{ entityType: 'ip', matchType: 1, match: null }], strict: true },
      ]);
      expect(requests(50)).to.deep.equal([]); // credentials are of users alone
    });

    it('sets and deletes quotas', async () => {
      const { out, status } = await run(
        '--alter',
        '--user-defaults',
        '--client',
        'c',
        '--add-config',
        'controller_mutation_rate=.5',
        '--delete-config',
        'producer_byte_rate',
      );
      expect([status, out]).to.deep.equal([0, 'Completed updating config for client c.\n']);
      expect(requests(49)).to.deep.equal([
        {
          entries: [
            {
              entity: [
                { entityType: 'client-id', entityName: 'c' },
                { entityType: 'user', entityName: null },
              ],
              ops: [
                { key: 'controller_mutation_rate', value: 0.5, remove: false },
                { key: 'producer_byte_rate', value: 0, remove: true },
              ],
            },
          ],
          validateOnly: false,
        },
      ]);
      const refused = await run('--alter', '--ip-defaults', '--add-config', 'connection_creation_rate=-1');
      expect(refused.err).to.contain('ExecutionException: org.apache.kafka.common.errors.InvalidRequestException: Below zero\n');
      expect(refused.status).to.equal(1);
    });

    it('sets credentials without telling the password', async () => {
      const { out, err, status } = await run(
        '--alter',
        '--user',
        'u',
        '--add-config',
        'SCRAM-SHA-512=[iterations=8192,password=a=b]',
        '--delete-config',
        'SCRAM-SHA-256',
      );
      expect([status, out, err]).to.deep.equal([0, 'Completed updating config for user u.\n', '']);
      const [request] = requests<AlterUserScramCredentialsRequest>(51);
      const { name, mechanism, iterations, salt, saltedPassword } = request!.upsertions[0]!;
      expect([name, mechanism, iterations]).to.deep.equal(['u', 2, 8192]);
      expect(Buffer.from(saltedPassword)).to.deep.equal(pbkdf2Sync('a=b', salt, 8192, 64, 'sha512'));
      expect(request!.deletions).to.deep.equal([{ name: 'u', mechanism: 1 }]);
    });

    const refusals: readonly (readonly [args: string, message: string])[] = [
      ['--alter --user u --add-config a=1', "Only quota and SCRAM credential configs can be added for 'users' using --bootstrap-server. Unexpected config names: Set(a)"],
      [
        '--alter --client c --delete-config SCRAM-SHA-256,,foo',
        "Only quota configs can be deleted for 'clients' using --bootstrap-server. Unexpected config names: ArrayBuffer(foo, SCRAM-SHA-256)",
      ],
      [
        '--alter --user-defaults --add-config SCRAM-SHA-256=[password=x]',
        'The use of --entity-default or --user-defaults is not allowed with User SCRAM Credentials using --bootstrap-server.',
      ],
      [
        '--alter --user u --add-config SCRAM-SHA-256=[password=x],producer_byte_rate=1',
        "Cannot alter both quota and SCRAM credential configs simultaneously for 'users' using --bootstrap-server.",
      ],
      ['--alter --user u --add-config SCRAM-SHA-256=secret', 'Invalid credential property SCRAM_SHA_256=secret'],
      ['--alter --user u --add-config SCRAM-SHA-256=[iterations=,password=x]', 'For input string: ""'],
      ['--alter --user u --add-config SCRAM-SHA-256=[iterations=7,password=x]', 'Iterations 7 is less than the minimum 4096 required for SCRAM-SHA-256'],
      ['--alter --user u --add-config producer_byte_rate=fast', 'Cannot parse quota configuration value for producer_byte_rate: fast'],
      ['--alter --user u --delete-config controller_mutation_rate', 'Invalid config(s): controller_mutation_rate'],
      ['--alter --ip 10.0.0.1 --add-config a=1 --delete-config b', "Only connection quota configs can be added for 'ips' using --bootstrap-server. Unexpected config names: a,b"],
      ['--alter --entity-type users --entity-type clients --entity-name u --add-config a=1', 'An entity name must be specified for every entity type'],
      ['--describe --entity-type users --entity-name u --entity-name v', 'More entity names specified than entity types'],
      ['--describe --user u --user v', 'Found multiple arguments for option user, but you asked for only one'],
      ['--describe --nothing', 'nothing is not a recognized option'],
    ];
    for (const [args, message] of refusals) {
      it(`refuses ${args}`, async () => {
        expect(await run(...args.split(' '))).to.deep.equal({ status: 1, out: '', err: `${message}\n` });
        expect([...requests(49), ...requests(51)]).to.deep.equal([]);
      });
    }

    it('refuses an empty password as the broker would', async () => {
      const { err, status } = await run('--alter', '--user', 'u', '--add-config', 'SCRAM-SHA-256=[iterations=-1,password=]');
      expect(status).to.equal(1);
      expect(err).to.contain('ExecutionException: org.apache.kafka.common.errors.UnacceptableCredentialException: Password must not be empty\n');
    });
  });
});
