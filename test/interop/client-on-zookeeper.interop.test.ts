/**
 * Our client, the same tests as with our coordinator, on a real ZooKeeper; and our broker on it, as the broker of a cluster
 * whose ensemble is ZooKeeper's.
 */
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { juteTransport } from '../../shared/client/jute-transport.ts';
import { nodeTransport } from '../../shared/client/node-transport.ts';
import { describeWithServer } from '../shared/client/server-suite.ts';
import { Program, runOk } from './support/process.ts';
import type { RealZooKeeper } from './support/real-zookeeper.ts';
import { startZooKeeper, zookeeperTool } from './support/real-zookeeper.ts';
import { freePort, repository } from './support/servers.ts';

const start = (): Promise<RealZooKeeper> => startZooKeeper({ tickTime: 100, minSessionTimeout: 200 });

describeWithServer('Apache ZooKeeper 3.8, told to be native', start, juteTransport);
describeWithServer('Apache ZooKeeper 3.8, found to be native', start, nodeTransport);

describe('a broker on Apache ZooKeeper 3.8', () => {
  let zookeeper: RealZooKeeper;
  let directory: string;
  let broker: Program;
  let bootstrap: string;

  before(async () => {
    zookeeper = await startZooKeeper();
    directory = mkdtempSync(join(tmpdir(), 'interop-broker-'));
    const port = await freePort();
    bootstrap = `127.0.0.1:${port}`;
    const lines = [
      'broker.id=7',
      `listeners=PLAINTEXT://${bootstrap}`,
      `log.dirs=${join(directory, 'logs')}`,
      `zookeeper.connect=127.0.0.1:${zookeeper.port}/kafka`,
      'offsets.topic.replication.factor=1',
      'offsets.topic.num.partitions=4',
    ];
    writeFileSync(join(directory, 'server.properties'), `${lines.join('\n')}\n`);
    broker = new Program(join(repository, 'bin/kafka-server-start.sh'), [join(directory, 'server.properties')], { cwd: directory });
    await broker.waitFor(/\[KafkaServer id=7\] started/, 60_000);
  });
  after(async () => {
    await broker.stop('SIGTERM', 30_000);
    await zookeeper.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const bin = async (name: string, args: readonly string[], input?: string): Promise<string> =>
    (await runOk(join(repository, 'bin', name), ['--bootstrap-server', bootstrap, ...args], input === undefined ? {} : { input })).stdout;

  it('registers, makes a topic, takes records and gives them back', async () => {
    const { stdout } = await runOk(zookeeperTool, ['shell', '-server', `127.0.0.1:${zookeeper.port}/kafka`, 'get', '/brokers/ids/7']);
    expect(stdout).to.match(/"endpoints":\["PLAINTEXT:\/\/127\.0\.0\.1:\d+"\]/);
    await bin('kafka-topics.sh', ['--create', '--topic', 'foreign', '--partitions', '3']);
    await bin('kafka-console-producer.sh', ['--topic', 'foreign'], 'one\ntwo\nthree\n');
    const consumed = await bin('kafka-console-consumer.sh', ['--topic', 'foreign', '--from-beginning', '--max-messages', '3', '--group', 'g']);
    expect(consumed.trim().split('\n').toSorted()).to.deep.equal(['one', 'three', 'two']);
  });

  it('takes its znode away when it stops', async () => {
    await broker.stop('SIGTERM', 30_000);
    const { stdout } = await runOk(zookeeperTool, ['shell', '-server', `127.0.0.1:${zookeeper.port}/kafka`, 'ls', '/brokers/ids']);
    expect(stdout.trim().split('\n').at(-1)).to.equal('[]');
  });
});
