/** The real process: its command line, its exit codes, and what a kill leaves behind. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { negotiate } from '../../../broker/client/cluster.ts';
import { Connection } from '../../../broker/client/connection.ts';
import { createTopics } from '../../../broker/protocol/messages/19-create-topics.ts';
import { parseCommandLine } from '../../../broker/server/command-line.ts';
import { SESSION_FILE_NAME } from '../../../broker/server/session-file.ts';
import { TestCluster } from './test-cluster.ts';

const MAIN = new URL('../../../broker/server/main.ts', import.meta.url).pathname;

interface Started {
  child: ChildProcess;
  /** 0 when it ended before it served. */
  port: number;
  output(): string;
  exited: Promise<number | NodeJS.Signals>;
}

const running = new Set<ChildProcess>();

/** Starts the process; resolves when it serves, or has ended. */
async function launch(args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, VIVARIUM_LOG_LEVEL: 'info' },
  });
  running.add(child);
  let output = '';
  const exited = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return (code ?? signal) as number | NodeJS.Signals;
  });
  const port = await new Promise<number>((resolve) => {
    const look = (chunk: Buffer): void => {
      output += chunk.toString();
      if (!/\[KafkaServer id=\d+\] started \(kafka\.server\.KafkaServer\)/.test(output)) return;
      resolve(Number(/Awaiting socket connections on [^:]+:(\d+)\./.exec(output)![1]));
    };
    child.stdout!.on('data', look);
    child.stderr!.on('data', look);
    void exited.then(() => resolve(0));
  });
  return { child, port, output: () => output, exited };
}

describe('parseCommandLine()', () => {
  it('prints the usage without arguments and with --help', () => {
    const usage = parseCommandLine([]);
    expect(usage).to.deep.equal(parseCommandLine(['server.properties', '--help']));
    expect(usage.kind === 'usage' && usage.text.split('\n')[0]).to.equal(
      'USAGE: java [options] kafka.Kafka server.properties [--override property=value]*',
    );
  });

  it('knows its version', () => {
    expect(parseCommandLine(['--version'])).to.deep.equal({ kind: 'version', text: '3.4.0 (Commit:2e1947d240607d53)' });
  });

  it('says which file is not there', () => {
    expect(() => parseCommandLine(['/no/such/file']))
      .to.throw('/no/such/file')
      .with.property('className', 'java.nio.file.NoSuchFileException');
  });

  it('refuses an override without a value, and words that are no options', () => {
    const file = new URL('../../../config/server.properties', import.meta.url).pathname;
    expect(() => parseCommandLine([file, '--override'])).to.throw('Option override requires an argument');
    expect(() => parseCommandLine([file, '--overide', 'a=b'])).to.throw('overide is not a recognized option');
    const strays = parseCommandLine([file, 'extra', 'words']);
    expect(strays.kind === 'usage' && strays.text.split('\n')[0]).to.equal('Found non argument parameters: extra,words');
    const run = parseCommandLine([file, '--override', 'broker.id=7', '--override=log.dirs=/x=y']);
    expect(run.kind === 'run' && [run.properties.get('broker.id'), run.properties.get('log.dirs')]).to.deep.equal([
      '7',
      '/x=y',
    ]);
  });
});

describe('the broker process', () => {
  let cluster: TestCluster;
  const write = (brokerId: number, more: Record<string, string> = {}): string => {
    const file = join(cluster.dir, `server-${brokerId}.properties`);
    writeFileSync(file, [...cluster.properties(brokerId, more)].map(([key, value]) => `${key}=${value}\n`).join(''));
    return file;
  };
  const createTopic = async (port: number, name: string): Promise<number> => {
    const connection = await Connection.connect({ host: '127.0.0.1', port, clientId: 'test' });
    await negotiate(connection);
    const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    const { topics } = await connection.request(createTopics, { topics: [topic], timeoutMs: 20_000 });
    connection.close();
    return topics[0]!.errorCode;
  };

  beforeEach(async () => {
    cluster = await new TestCluster().start();
  });
  afterEach(async () => {
    for (const child of running) child.kill('SIGKILL');
    await cluster.close();
  });

  it('stops cleanly on SIGTERM: files marked, registration gone at once, exit code 0', async () => {
    const broker = await launch([write(0)]);
    expect(await createTopic(broker.port, 't')).to.equal(0);
    broker.child.kill('SIGTERM');
    expect(await broker.exited).to.equal(0);
    expect(broker.output())
      .to.match(/Terminating process due to signal SIGTERM/)
      .and.to.match(/\[KafkaServer id=0\] shut down completed/);
    expect(existsSync(join(cluster.dir, 'logs-0', '.kafka_cleanshutdown'))).to.equal(true);
    expect(existsSync(join(cluster.dir, 'logs-0', SESSION_FILE_NAME))).to.equal(false);
    const session = await cluster.session();
    expect((await session.getChildren('/brokers/ids')).children).to.deep.equal([]);
    expect(await session.exists('/controller')).to.equal(null);
  });

  it('takes its own registration over when it is started right after kill -9', async () => {
    // Long enough for a busy machine to start the broker again; a disconnect grace would end the session before.
    const file = write(0, { 'zookeeper.session.timeout.ms': '30000', 'zookeeper.disconnect.grace.ms': '0' });
    const first = await launch([file]);
    expect(await createTopic(first.port, 't')).to.equal(0);
    const session = await cluster.session();
    const before = (await session.exists('/brokers/ids/0'))!;
    first.child.kill('SIGKILL');
    expect(await first.exited).to.equal('SIGKILL');
    expect((await session.exists('/brokers/ids/0'))!.czxid, 'the old registration is still there').to.equal(before.czxid);

    const began = performance.now();
    const second = await launch([file]);
    expect(second.port, second.output()).to.be.above(0);
    expect(performance.now() - began, 'it did not wait for the session to run out').to.be.below(30_000);
    const after = (await session.exists('/brokers/ids/0'))!;
    expect(after.czxid).to.be.above(before.czxid);
    expect(after.ephemeralOwner).to.equal(before.ephemeralOwner);
    expect(Buffer.from((await session.getData('/controller_epoch')).data!).toString()).to.equal('2');
    expect(await createTopic(second.port, 't')).to.equal(36);
    expect(await createTopic(second.port, 'another')).to.equal(0);
    second.child.kill('SIGTERM');
    expect(await second.exited).to.equal(0);
  });

  it('refuses a different living broker with its id, and goes on', async () => {
    const first = await launch([write(0)]);
    const second = await launch([write(0, { 'log.dirs': join(cluster.dir, 'other') })]);
    expect(await second.exited).to.equal(1);
    expect(second.output()).to.match(
      /ERROR Error while creating ephemeral at \/brokers\/ids\/0, node already exists and owner '-?\d+' does not match current session '-?\d+' \(kafka\.zk\.KafkaZkClient\$CheckedEphemeral\)/,
    );
    expect(second.output()).to.match(
      /ERROR \[KafkaServer id=0\] Fatal error during KafkaServer startup\. Prepare to shutdown \(kafka\.server\.KafkaServer\)\norg\.apache\.zookeeper\.KeeperException\$NodeExistsException: KeeperErrorCode = NodeExists\n/,
    );
    expect(second.output()).to.match(
      /ERROR Exiting Kafka due to fatal exception during startup\. \(kafka\.Kafka\$\)\norg\.apache\.zookeeper/,
    );
    expect(await createTopic(first.port, 't')).to.equal(0);
  });

  it('refuses a second process on the same directory, which does not disturb the first', async () => {
    const file = write(0);
    const first = await launch([file]);
    const session = await cluster.session();
    const before = (await session.exists('/brokers/ids/0'))!;
    const second = await launch([file]);
    expect(await second.exited).to.equal(1);
    expect(second.output()).to.match(
      /org\.apache\.kafka\.common\.KafkaException: Failed to acquire lock on file \.lock in .*logs-0\. A Kafka instance in another/,
    );
    expect((await session.exists('/brokers/ids/0'))!.czxid).to.equal(before.czxid);
    expect(await createTopic(first.port, 't')).to.equal(0);
  });

  it('ends with 1 and the reason when the configuration is wrong', async () => {
    const broker = await launch([write(0), '--override', 'num.io.threads=0']);
    expect(await broker.exited).to.equal(1);
    expect(broker.output()).to.match(
      /^\[.*\] ERROR Exiting Kafka due to fatal exception \(kafka\.Kafka\$\)\norg\.apache\.kafka\.common\.config\.ConfigException: Invalid value 0 for configuration num\.io\.threads: Value must be at least 1\n$/,
    );
  });

  it('ends with 1 when it cannot reach its coordinator', async () => {
    const broker = await launch([
      write(0, { 'zookeeper.connect': '127.0.0.1:1', 'zookeeper.connection.timeout.ms': '300' }),
    ]);
    expect(await broker.exited).to.equal(1);
    expect(broker.output()).to.match(
      /kafka\.zookeeper\.ZooKeeperClientTimeoutException: Timed out waiting for connection while in state: CONNECTING/,
    );
    expect(broker.output()).to.match(/WARN .*127\.0\.0\.1:1/);
  });

  it('ends with 1 and without an exception when no log directory can be used', async () => {
    const file = join(cluster.dir, 'a-file');
    writeFileSync(file, '');
    const broker = await launch([write(0, { 'log.dirs': join(file, 'logs') })]);
    expect(await broker.exited).to.equal(1);
    const lines = broker.output().trimEnd().split('\n');
    expect(broker.output()).to.contain(
      `ERROR Failed to create or validate data directory ${join(file, 'logs')} (kafka.server.LogDirFailureChannel)`,
    );
    expect(lines[lines.length - 1]).to.match(
      /ERROR Shutdown broker because none of the specified log dirs from .* can be created or validated \(kafka\.log\.LogManager\)$/,
    );
  });

  it('understands the stock file, with not a warning about its keys', async () => {
    const file = new URL('../../../config/server.properties', import.meta.url).pathname;
    expect(readFileSync(file, 'utf8')).to.contain('zookeeper.connect=localhost:2181');
    const overrides = [...cluster.properties(0)].flatMap(([key, value]) => ['--override', `${key}=${value}`]);
    const broker = await launch([file, ...overrides]);
    expect(broker.port).to.be.above(0);
    expect(broker.output()).to.not.match(/WARN .*\(kafka\.server\.KafkaConfig\)/);
    broker.child.kill('SIGINT');
    expect(await broker.exited).to.equal(0);
  });
});
