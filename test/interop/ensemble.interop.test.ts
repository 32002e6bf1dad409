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
import { partitionsOf } from './support/recorders.ts';
import { brokerAnswers, freePort, kafkaTool, waitForAnswer } from './support/servers.ts';

const SECONDS = Number(process.env['INTEROP_SECONDS'] ?? 30);
const KILL_EVERY_MS = 10_000;
const ZKCLI = '/usr/share/zookeeper/bin/zkCli.sh';

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
      const partitions = await partitionsOf(admin, topic);
      if (partitions?.length === 2 && partitions.every(({ leader }) => leader >= 0)) return true;
    }
    return false;
  }, bootstrap);
}

/** Starts three real brokers on the ensemble; returns when they answer. */
async function startBrokers(servers: string, directory: string): Promise<{ brokers: Program[]; bootstrap: string }> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const brokers = ports.map((port, id) => {
    const file = join(directory, `server-${id}.properties`);
    const lines = [
      `broker.id=${id}`,
      `listeners=PLAINTEXT://127.0.0.1:${port}`,
      `log.dirs=${join(directory, `logs-${id}`)}`,
      `zookeeper.connect=${servers}/kafka`,
      'offsets.topic.num.partitions=4',
      'offsets.topic.replication.factor=2',
      'group.initial.rebalance.delay.ms=0',
      'log.cleaner.dedupe.buffer.size=4194304',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    return new Program(kafkaTool, ['kafka-server-start', file], { cwd: directory, env: { KAFKA_HEAP_OPTS: '-Xmx384M -Xms128M' } });
  });
  await Promise.all(brokers.map((broker, id) => waitForAnswer(broker, () => brokerAnswers(ports[id]!), 120_000)));
  return { brokers, bootstrap: `127.0.0.1:${ports[0]}` };
}

/** Makes topics and fills them until `over`. */
async function useTopics(bootstrap: string, over: () => boolean): Promise<{ acknowledged: string[]; givenUp: number }> {
  const producer = client(bootstrap).producer();
  await producer.connect();
  const acknowledged: string[] = [];
  let givenUp = 0;
  try {
    for (let number = 0; !over(); number++) {
      // A new topic goes all the way: admin client, znodes, controller, leaders.
      const topic = `topic-${number}`;
      if (!(await makeTopic(topic, bootstrap))) {
        givenUp++;
        continue;
      }
      for (let i = 0; i < 20; i++) {
        const values = Array.from({ length: 10 }, (_unused, n) => `${topic} ${i} ${n}`);
        await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value })) });
        acknowledged.push(...values);
      }
    }
    return { acknowledged, givenUp };
  } finally {
    await producer.disconnect();
  }
}

describe('an ensemble whose leader is killed every 10 seconds', function () {
  this.timeout((SECONDS + 300) * 1_000);
  let ensemble: Ensemble;
  let directory: string;
  let recipes: Program;
  let brokers: Program[] = [];
  let bootstrap: string;
  let kills = 0;
  /** What zkCli saw after each kill. */
  const seen: string[] = [];
  let produced: { acknowledged: string[]; givenUp: number };

  async function zkCli(commands: string): Promise<string> {
    const { stdout, stderr } = await run(ZKCLI, ['-waitforconnection', '-timeout', '40000', '-server', ensemble.address], {
      env: { CLIENT_JVMFLAGS: '-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1' },
      input: commands,
      timeoutMs: 90_000,
    });
    return stdout + stderr;
  }

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'interop-kafka-on-ensemble-'));
    ensemble = await Ensemble.start();
    ({ brokers, bootstrap } = await startBrokers(ensemble.address, directory));
    await zkCli('create /through 0\nquit\n');
    recipes = javaProgram('CuratorRecipes', [ensemble.address, String(SECONDS)]);
    await recipes.waitFor(/^started$/m, 120_000);

    const end = Date.now() + SECONDS * 1_000;
    const producing = useTopics(bootstrap, () => Date.now() >= end);
    // Its failure is seen when it is awaited, below.
    producing.catch(() => undefined);
    for (let next = Date.now() + KILL_EVERY_MS; next <= end; next += KILL_EVERY_MS) {
      await delay(Math.max(0, next - Date.now()));
      await ensemble.killLeader();
      kills++;
      seen.push(await zkCli(`create /through/kill-${kills} x\nset /through ${kills}\nget -s /through\nquit\n`));
    }
    produced = await producing;
  });
  after(async () => {
    if (recipes.ended === undefined) await recipes.stop('SIGKILL');
    await Promise.all(brokers.map((broker) => broker.stop('SIGTERM', 60_000)));
    await ensemble.close();
    rmSync(directory, { recursive: true, force: true });
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(ensemble.logs() + brokers.map((broker) => broker.transcript(8_000)).join(''));
  });

  it("keeps Curator's recipes going, and every session", async () => {
    const { code, stdout } = await recipes.finish(180_000);
    expect(code, recipes.transcript()).to.equal(0);
    expect(stdout).to.match(/^verified$/m);
    expect(stdout).to.match(/sessions lost: 0$/m);
  });

  it('answers zkCli through every kill', () => {
    expect(kills).to.be.greaterThan(1);
    for (const [i, output] of seen.entries()) {
      expect(output).to.include(`Created /through/kill-${i + 1}\n`);
      expect(output.split('\n')).to.include(String(i + 1)).and.to.include(`dataVersion = ${i + 1}`).and.to.include(`numChildren = ${i + 1}`);
    }
  });

  it('carries real Kafka 3.4 brokers, their topics, producers and consumers', async () => {
    expect(produced.acknowledged.length).to.be.greaterThan(0);
    expect(produced.givenUp).to.be.at.most(kills);
    const consumed = (await consume(/^topic-\d+$/, produced.acknowledged.length, bootstrap)).map(({ message }) => String(message.value));
    expect(consumed.toSorted()).to.deep.equal(produced.acknowledged.toSorted());
    for (const broker of brokers) expect(broker.stdout).not.to.match(/Session expired|session has expired/i);
  });
});
