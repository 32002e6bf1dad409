/**
 * Three coordinators and three brokers while servers are killed and paused, under producers and a consumer group of kafkajs and
 * librdkafka. Afterwards nothing that was acknowledged with acks=all is missing, idempotent producers have left no record
 * twice and none out of order, and the group's committed offsets never went back. SOAK_ROUNDS says how many rounds (`make soak`: 50),
 * SOAK_SEED which bad luck they bring.
 */
import { expect } from 'chai';
import kafkajs, { type Admin, type Kafka as KafkaClient, type Producer, type logLevel } from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { Chaos } from './support/chaos.ts';
import { eventually, ServerCluster } from './support/cluster.ts';
import { Program, runOk } from './support/process.ts';

const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 4);
const SEED = Number(process.env['SOAK_SEED'] ?? 1);
const PARTITIONS = 3;
const TOPIC = 'chaos';
const GROUP = 'chaos-readers';
const BATCH = 10;
const PAUSE_MS = 5;

interface Stored {
  readonly partition: number;
  readonly offset: number;
  readonly producer: string;
  readonly number: number;
}

/** Sends numbered records until told to stop; remembers which were acknowledged. Its name is in each record. */
class Sender {
  /** Value → when that was. */
  readonly acknowledged = new Map<string, string>();
  private readonly kafka: KafkaClient;
  private readonly label: string;
  private readonly idempotent: boolean;
  private lives = 0;
  private sent = 0;
  private stopping = false;
  private readonly done: Promise<void>;

  constructor(kafka: KafkaClient, label: string, idempotent: boolean) {
    this.kafka = kafka;
    this.label = label;
    this.idempotent = idempotent;
    this.done = this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.done;
  }

  /** A producer that has given a batch up is not used again: what became of that batch is unknown, and its name ends. */
  private async run(): Promise<void> {
    while (!this.stopping) {
      const producer = this.kafka.producer({ idempotent: this.idempotent, maxInFlightRequests: 1, retry: { retries: 60, maxRetryTime: 1_000 } });
      const name = `${this.label}${this.lives++}`;
      try {
        await producer.connect();
        await this.sendAs(name, producer);
      } catch {
        await delay(200); // nothing is promised about the batch that failed
      } finally {
        await producer.disconnect().catch(() => undefined); // its brokers may be down
      }
    }
  }

  private async sendAs(name: string, producer: Producer): Promise<void> {
    for (let number = 0, turn = 0; !this.stopping; turn++) {
      // One partition at a time: of a batch for several, kafkajs takes a part whose leader moves to a broker that has answered
      // for another part as answered, too (`responsePerBroker` in its `sendMessages.js`), and never sends it.
      const partition = turn % PARTITIONS;
      const messages = Array.from({ length: BATCH }, () => ({ partition, value: `${name}:${number++}` }));
      await producer.send({ topic: TOPIC, acks: -1, timeout: 10_000, messages });
      const now = new Date().toISOString();
      for (const { value } of messages) this.acknowledged.set(value, now);
      this.sent += messages.length;
      await delay(PAUSE_MS);
    }
  }
}

/** librdkafka, by kcat: one producer for the whole day, whose end says whether all was delivered. */
class KcatSender {
  private readonly program: Program;
  private readonly timer: NodeJS.Timeout;
  private next = 0;

  constructor(bootstrap: string) {
    const settings = ['enable.idempotence=true', 'acks=all', 'message.timeout.ms=600000', 'linger.ms=5'];
    const args = ['-q', '-b', bootstrap, '-P', '-t', TOPIC, '-p', '0', ...settings.flatMap((setting) => ['-X', setting])];
    this.program = new Program('kcat', args, { openInput: true });
    this.timer = setInterval(() => {
      let lines = '';
      for (let n = 0; n < BATCH; n++) lines += `kcat:${this.next++}\n`;
      this.program.type(lines);
    }, 50);
  }

  /** What it was given; all of it was acknowledged, or this fails. */
  async stop(): Promise<Map<string, string>> {
    clearInterval(this.timer);
    this.program.endInput();
    const { code, stderr } = await this.program.finish(120_000);
    expect(code, stderr).to.equal(0);
    return new Map(Array.from({ length: this.next }, (_, number) => [`kcat:${number}`, 'in the end']));
  }
}

function client(bootstrap: string): KafkaClient {
  return new kafkajs.Kafka({
    clientId: 'chaos',
    brokers: bootstrap.split(','),
    logLevel: kafkajs.logLevel.NOTHING as logLevel,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 60 },
  });
}

async function allInSync(admin: Admin): Promise<true | null> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [TOPIC] });
  const partitions = topics[0]?.partitions ?? [];
  return partitions.length === PARTITIONS && partitions.every(({ isr, leader }) => leader >= 0 && isr.length === 3) ? true : null;
}

async function readAll(bootstrap: string): Promise<Stored[]> {
  const stored: Stored[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const args = ['-q', '-b', bootstrap, '-C', '-t', TOPIC, '-p', String(partition), '-o', 'beginning', '-e', '-f', '%o %s\n'];
    const { stdout } = await runOk('kcat', args, { timeoutMs: 120_000 });
    for (const line of stdout.split('\n').slice(0, -1)) {
      const [offset, value = ''] = line.split(' ');
      const [producer = '', number] = value.split(':');
      stored.push({ partition, offset: Number(offset), producer, number: Number(number) });
    }
  }
  return stored;
}

describe(`a cluster on a bad day (seed ${SEED}, ${ROUNDS} rounds)`, function () {
  this.timeout(120_000 + ROUNDS * 120_000);
  let cluster: ServerCluster;

  before(async () => {
    cluster = await ServerCluster.start({
      coordinators: ['vivarium', 'vivarium', 'vivarium'],
      brokers: ['vivarium', 'vivarium', 'vivarium'],
      broker: { 'min.insync.replicas': 2, 'log.segment.bytes': 1 << 20, 'replica.lag.time.max.ms': 10_000 },
    });
  });
  after(() => cluster.close());
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(`What the servers said is in ${cluster.writeLogs()}\n`);
  });

  it('loses nothing, doubles nothing, and goes back nowhere', async () => {
    const kafka = client(cluster.bootstrap);
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS, replicationFactor: 3 }], waitForLeaders: true });
    const exact = new Sender(kafka, 'exact', true);
    const plain = new Sender(kafka, 'plain', false);
    const kcat = new KcatSender(cluster.bootstrap);
    const consumer = kafka.consumer({ groupId: GROUP, sessionTimeout: 10_000, heartbeatInterval: 1_000 });
    await consumer.connect();
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
    await consumer.run({ autoCommitInterval: 500, eachMessage: () => Promise.resolve() });

    const committed = new Map<number, number>();
    const noteCommitted = async (): Promise<void> => {
      const [group] = await admin.fetchOffsets({ groupId: GROUP, topics: [TOPIC] });
      for (const { partition, offset } of group?.partitions ?? []) {
        const before = committed.get(partition) ?? -1;
        expect(Number(offset), `committed offset of partition ${partition}`).to.be.at.least(before);
        committed.set(partition, Number(offset));
      }
    };

    const chaos = new Chaos(cluster, SEED);
    for (let round = 1; round <= ROUNDS; round++) {
      const disruption = chaos.next();
      const acknowledgedBefore = exact.acknowledged.size;
      process.stderr.write(`round ${round}: ${disruption.name}\n`);
      await disruption.run();
      await eventually('all replicas in sync', () => allInSync(admin).catch(() => null));
      await eventually('records acknowledged again', () => Promise.resolve(exact.acknowledged.size > acknowledgedBefore + 100 ? true : null));
      await noteCommitted();
    }
    // kcat gives up by itself when every broker is down at once.
    const fromKcat = await kcat.stop();
    process.stderr.write('at last: everybody at once\n');
    await chaos.killAll();
    await eventually('all replicas in sync', () => allInSync(admin).catch(() => null));

    await Promise.all([exact.stop(), plain.stop()]);
    await noteCommitted();
    await consumer.disconnect();
    await admin.disconnect();

    const stored = await readAll(cluster.bootstrap);
    const counts = new Map<string, number>();
    const newest = new Map<string, number>();
    const disorder: string[] = [];
    for (const { partition, producer, number } of stored) {
      const value = `${producer}:${number}`;
      counts.set(value, (counts.get(value) ?? 0) + 1);
      if (producer.startsWith('plain')) continue;
      const lane = `${producer}/${partition}`;
      if (number <= (newest.get(lane) ?? -1)) disorder.push(`${value} after ${producer}:${newest.get(lane)} in partition ${partition}`);
      newest.set(lane, Math.max(number, newest.get(lane) ?? -1));
    }
    const acknowledged = [...exact.acknowledged, ...plain.acknowledged, ...fromKcat];
    const doubled = [...counts].filter(([value, count]) => count > 1 && !value.startsWith('plain')).map(([value]) => value);
    process.stderr.write(`${acknowledged.length} records acknowledged, ${stored.length} stored\n`);
    const lost = acknowledged.filter(([value]) => !counts.has(value)).map(([value, at]) => `${value}, acknowledged ${at}`);
    expect(lost, 'acknowledged, but lost').to.deep.equal([]);
    expect(doubled, 'there twice').to.deep.equal([]);
    expect(disorder, 'out of order').to.deep.equal([]);
    expect(acknowledged.length).to.be.greaterThan(ROUNDS * 100);
  });
});
