/**
 * An ensemble of three whose leader is killed again and again, and foreign clients that live on it meanwhile: Curator's recipes,
 * zkCli of Debian's ZooKeeper, and real Kafka 3.4 brokers with producers and consumers.
 *
 *     INTEROP_SECONDS=120   how long (30 by default); the leader is killed every 10 s
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { Ensemble } from './support/ensemble.ts';
import { javaProgram } from './support/java.ts';
import { client, consume, createTopic, withAdmin } from './support/kafkajs.ts';
import { Program, run } from './support/process.ts';
import { brokerAnswers, freePort, kafkaTool, waitForAnswer } from './support/servers.ts';

const SECONDS = Number(process.env['INTEROP_SECONDS'] ?? 30);
const KILL_EVERY_MS = 10_000;
const ZKCLI = '/usr/share/zookeeper/bin/zkCli.sh';

describe('an ensemble whose leader is killed every 10 seconds', function () {
  this.timeout((SECONDS + 300) * 1_000);
  let ensemble: Ensemble;
  const cleanUps: (() => Promise<unknown>)[] = [];
  const others: Program[] = [];

  beforeEach(async () => {
    ensemble = await Ensemble.start();
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(ensemble.logs() + others.map((program) => program.transcript(8_000)).join(''));
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    await ensemble.close();
  });

  /** Kills leaders until `over`; says how many. */
  async function killLeaders(over: () => boolean): Promise<number> {
    let count = 0;
    for (;;) {
      const next = Date.now() + KILL_EVERY_MS;
      while (Date.now() < next) {
        if (over()) return count;
        await delay(100);
      }
      await ensemble.killLeader();
      count++;
    }
  }

  /**
   * Makes a topic, however often the broker says that it took too long: a try that was cut off may have done it. False: the controller
   * took the znode of a partition's state, which it had made itself when it was cut off, for somebody else's, and gave the partition
   * up; Kafka does that on the original ensemble too.
   */
  async function makeTopic(topic: string, bootstrap: string): Promise<boolean> {
    for (let tries = 0; ; tries++) {
      try {
        await createTopic(topic, 2, bootstrap);
        return true;
      } catch (error) {
        const { errors, type } = error as { errors?: { type: string }[]; type?: string };
        const types = errors?.map((each) => each.type) ?? [type ?? ''];
        if (types.every((each) => each === 'TOPIC_ALREADY_EXISTS')) return hasLeaders(topic, bootstrap);
        if (types.every((each) => each === 'LEADER_NOT_AVAILABLE')) return false;
        if (tries === 10 || !types.every((each) => each === 'REQUEST_TIMED_OUT')) throw new Error(`Topic ${topic}: ${types.join()}`, { cause: error });
      }
    }
  }

  async function hasLeaders(topic: string, bootstrap: string): Promise<boolean> {
    return withAdmin(async (admin) => {
      for (const deadline = Date.now() + 15_000; Date.now() < deadline; await delay(200)) {
        try {
          const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
          if (topics[0]!.partitions.length === 2 && topics[0]!.partitions.every(({ leader }) => leader >= 0)) return true;
        } catch (error) {
          // kafkajs makes an error of a partition that has no leader yet.
          if ((error as { type?: string }).type !== 'LEADER_NOT_AVAILABLE') throw error;
        }
      }
      return false;
    }, bootstrap);
  }

  it("keeps Curator's recipes going, and every session", async () => {
    const program = javaProgram('CuratorRecipes', [ensemble.address, String(SECONDS)]);
    cleanUps.push(async () => program.ended ?? program.stop('SIGKILL'));
    await program.waitFor(/^started$/m, 120_000);
    const until = Date.now() + SECONDS * 1_000;
    const kills = await killLeaders(() => Date.now() >= until || program.ended !== undefined);
    const { code, stdout } = await program.finish(180_000);
    expect(code, program.transcript()).to.equal(0);
    expect(stdout).to.match(/^verified$/m);
    expect(stdout).to.match(/sessions lost: 0$/m);
    expect(kills).to.be.greaterThan(0);
  });

  it('answers zkCli through every kill', async () => {
    const zkCli = async (...command: string[]): Promise<string> => {
      const { stdout, stderr, code } = await run(ZKCLI, ['-waitforconnection', '-timeout', '40000', '-server', ensemble.address, ...command], {
        env: { CLIENT_JVMFLAGS: '-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1' },
        timeoutMs: 90_000,
      });
      if (code !== 0) throw new Error(`zkCli ${command.join(' ')}:\n${stdout}${stderr}`);
      return stdout;
    };
    await zkCli('create', '/through', '0');
    for (let i = 1; i <= Math.max(2, Math.floor(SECONDS / 15)); i++) {
      await ensemble.killLeader();
      await zkCli('create', `/through/kill-${i}`, 'x');
      await zkCli('set', '/through', String(i));
      const lines = (await zkCli('get', '-s', '/through')).split('\n');
      expect(lines).to.include(String(i)).and.to.include(`dataVersion = ${i}`).and.to.include(`numChildren = ${i}`);
    }
  });

  it('carries real Kafka 3.4 brokers, their topics, producers and consumers', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'interop-kafka-on-ensemble-'));
    cleanUps.push(async () => rmSync(directory, { recursive: true, force: true }));
    const ports = [await freePort(), await freePort()];
    const brokers: Program[] = [];
    for (const [id, port] of ports.entries()) {
      const file = join(directory, `server-${id}.properties`);
      const lines = [
        `broker.id=${id}`,
        `listeners=PLAINTEXT://127.0.0.1:${port}`,
        `log.dirs=${join(directory, `logs-${id}`)}`,
        `zookeeper.connect=${ensemble.address}/kafka`,
        'offsets.topic.num.partitions=4',
        'offsets.topic.replication.factor=2',
        'group.initial.rebalance.delay.ms=0',
        'log.cleaner.dedupe.buffer.size=4194304',
      ];
      writeFileSync(file, `${lines.join('\n')}\n`);
      const broker = new Program(kafkaTool, ['kafka-server-start', file], { cwd: directory, env: { KAFKA_HEAP_OPTS: '-Xmx384M -Xms128M' } });
      cleanUps.push(() => broker.stop('SIGTERM', 60_000));
      brokers.push(broker);
      others.push(broker);
    }
    for (const [id, broker] of brokers.entries()) await waitForAnswer(broker, () => brokerAnswers(ports[id]!), 120_000);
    const bootstrap = `127.0.0.1:${ports[0]}`;

    const producer = client(bootstrap).producer();
    await producer.connect();
    cleanUps.push(() => producer.disconnect());
    const acknowledged: string[] = [];
    let topics = 0;
    let givenUp = 0;
    const until = Date.now() + SECONDS * 1_000;
    const killing = killLeaders(() => Date.now() >= until);
    while (Date.now() < until) {
      // A new topic goes all the way: admin client, znodes, controller, leaders.
      const topic = `topic-${topics + givenUp}`;
      if (!(await makeTopic(topic, bootstrap))) {
        givenUp++;
        continue;
      }
      topics++;
      for (let i = 0; i < 20; i++) {
        const values = Array.from({ length: 10 }, (_unused, n) => `${topic} ${i} ${n}`);
        await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value })) });
        acknowledged.push(...values);
      }
    }
    const kills = await killing;
    expect(kills).to.be.greaterThan(0);
    expect(givenUp).to.be.at.most(kills);
    const consumed = (await consume(/^topic-\d+$/, acknowledged.length, bootstrap)).map(({ message }) => String(message.value));
    expect(consumed.toSorted()).to.deep.equal(acknowledged.toSorted());
    for (const broker of brokers) expect(broker.stdout).not.to.match(/Session expired|session has expired/i);
  });
});
