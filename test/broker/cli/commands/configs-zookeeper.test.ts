import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { configs } from '../../../../broker/cli/commands/configs.ts';
import { configZnode } from '../../../../broker/controller/znodes.ts';
import { saltPassword, scramCredential, SCRAM_MECHANISMS } from '../../../../broker/security/scram-credentials.ts';
import { PasswordEncoder } from '../../../../broker/security/password-encoder.ts';
import { TestCluster } from '../../server/test-cluster.ts';
import { runCommand, type Outcome } from '../fake-io.ts';

const DEPRECATED =
  'Warning: --zookeeper is deprecated and will be removed in a future version of Kafka.\n' +
  'Use --bootstrap-server instead to specify a broker to connect to.\n';

describe('kafka-configs --zookeeper', () => {
  let cluster: TestCluster;

  beforeEach(async () => {
    cluster = await new TestCluster().start();
  });
  afterEach(() => cluster.close());

  const run = (...args: string[]): Promise<Outcome> => runCommand(configs, ['--zookeeper', `127.0.0.1:${cluster.coordinatorPort}`, ...args]);
  const stored = async (type: 'users' | 'brokers', name: string): Promise<Map<string, string>> => {
    const path = configZnode.path(type, name);
    return configZnode.decode(path, (await (await cluster.session()).getData(path)).data);
  };
  const announced = async (): Promise<string[]> => {
    const session = await cluster.session();
    const { children } = await session.getChildren('/config/changes');
    const all = await Promise.all([...children].sort().map((child) => session.getData(`/config/changes/${child}`)));
    return all.map(({ data }) => (JSON.parse(String(data)) as { entity_path: string }).entity_path);
  };

  it('sets credentials before there ever was a broker, and announces them', async () => {
    const { status, out, err } = await run('--alter', '--user', 'a b', '--add-config', 'SCRAM-SHA-256=[iterations=8192,password=secret]');
    expect([status, out, err]).to.deep.equal([0, `${DEPRECATED}Completed updating config for entity: user-principal 'a b'.\n`, '']);
    const credential = (await stored('users', 'a%20b')).get('SCRAM-SHA-256')!;
    const salt = Buffer.from(/^salt=([^,]*),/.exec(credential)![1]!, 'base64');
    const iterations = 8192;
    const [sha256] = SCRAM_MECHANISMS;
    const saltedPassword = await saltPassword(sha256!, { password: 'secret', salt, iterations });
    expect(credential).to.equal(scramCredential(sha256!, { salt, saltedPassword, iterations }));
    expect(await announced()).to.deep.equal(['users/a%20b']);
    expect((await run('--describe', '--entity-type', 'users')).out).to.equal(
      `${DEPRECATED}Configs for user-principal 'a b' are SCRAM-SHA-256=${credential}\n`,
    );
    const deleted = await run('--alter', '--user', 'a b', '--delete-config', 'SCRAM-SHA-256');
    expect(deleted.status).to.equal(0);
    expect([...(await stored('users', 'a%20b'))]).to.deep.equal([]);
    expect((await run('--describe', '--entity-type', 'users')).out).to.equal(DEPRECATED);
  });

  it('keeps the passwords of a broker that does not run encrypted, and not the secret', async () => {
    const name = 'listener.name.internal.ssl.key.password';
    const added = `${name}=hidden,log.cleaner.threads=2,password.encoder.secret=s,password.encoder.iterations=2048`;
    expect((await run('--alter', '--broker', '1', '--add-config', added)).out).to.equal(
      `${DEPRECATED}Completed updating config for entity: brokers '1'.\n`,
    );
    const config = await stored('brokers', '1');
    expect([...config.keys()].sort()).to.deep.equal([name, 'log.cleaner.threads']);
    expect(config.get(name)).to.contain('iterations:2048').and.not.to.contain('hidden');
    const encoder = new PasswordEncoder({
      secret: 's',
      oldSecret: null,
      keyFactoryAlgorithm: null,
      cipherAlgorithm: 'AES/CBC/PKCS5Padding',
      keyLengthBits: 128,
      iterations: 4096,
      random: randomBytes,
    });
    expect(encoder.decode(config.get(name)!)).to.equal('hidden');
  });

  it('leaves brokers that run to the brokers', async () => {
    await cluster.broker(1);
    const only = 'Broker configuration operations using ZooKeeper are only supported if the affected broker(s) are not running.';
    const refusal = 'requirement failed: --bootstrap-server option must be specified to';
    expect((await run('--alter', '--broker', '1', '--add-config', 'log.cleaner.threads=2')).err).to.equal(
      `${refusal} update brokers configs: {add: {log.cleaner.threads=2}, delete: List()} - broker 1 is running. ${only}\n`,
    );
    expect((await run('--describe', '--broker-defaults')).err).to.equal(`${refusal} describe brokers - 1 brokers are running. ${only}\n`);
    expect((await run('--describe', '--broker', '2')).out).to.equal(`${DEPRECATED}Configs for brokers '2' are \n`);
  });

  it('refuses what brokers have to do', async () => {
    const told = async (...args: string[]): Promise<string> => {
      const { err, status } = await run(...args);
      expect(status).to.equal(1);
      return err.replace(/'--zookeeper \S+/, "'--zookeeper PLACE");
    };
    expect(await told('--alter', '--user', 'u', '--add-config', 'producer_byte_rate=1', '--delete-config', 'a')).to.equal(
      'requirement failed: --bootstrap-server option must be specified to update users configs: {add: {producer_byte_rate=1}, delete: ' +
        'ArrayBuffer(a)}. User configuration updates using ZooKeeper are only supported for SCRAM credential updates.\n',
    );
    expect(await told('--alter', '--user-defaults', '--add-config', 'SCRAM-SHA-256=[password=x]')).to.equal(
      'requirement failed: Unknown Dynamic Configuration: HashSet(SCRAM-SHA-256).\n',
    );
    expect(await told('--alter', '--broker', '1', '--add-config', 'log.dirs=/tmp')).to.equal(
      "Error while executing config command with args '--zookeeper PLACE --alter --broker 1 --add-config log.dirs=/tmp'\n" +
        'org.apache.kafka.common.config.ConfigException: Cannot update these configs dynamically: Set(log.dirs)\n',
    );
    expect(await told('--alter', '--user', 'u', '--delete-config', 'SCRAM-SHA-512')).to.equal('Invalid config(s): SCRAM-SHA-512\n');
    expect(await (await cluster.session()).exists('/config')).to.equal(null);
  });
});
