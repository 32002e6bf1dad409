/**
 * What the tests of a cluster's soundness send and read back: numbered records that carry their producer's name, so that lost,
 * doubled and disordered ones can be told.
 */
import kafkajs, { type Admin, type Kafka as KafkaClient, type PartitionMetadata, type Producer, type logLevel } from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { runOk } from './process.ts';

const BATCH = 10;
const PAUSE_MS = 5;

export interface Stored {
  readonly partition: number;
  readonly offset: number;
  readonly producer: string;
  readonly number: number;
}

/** Sends numbered records until told to stop; remembers which were acknowledged. Its name is in each record. */
export class Sender {
  /** Value → when that was. */
  readonly acknowledged = new Map<string, string>();
  private readonly kafka: KafkaClient;
  private readonly topic: string;
  private readonly partitionCount: number;
  private readonly label: string;
  private readonly idempotent: boolean;
  private lives = 0;
  private sent = 0;
  private stopping = false;
  private readonly done: Promise<void>;

  constructor(kafka: KafkaClient, topic: string, partitionCount: number, label: string, idempotent: boolean) {
    this.kafka = kafka;
    this.topic = topic;
    this.partitionCount = partitionCount;
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
      const partition = turn % this.partitionCount;
      const messages = Array.from({ length: BATCH }, () => ({ partition, value: `${name}:${number++}` }));
      await producer.send({ topic: this.topic, acks: -1, timeout: 10_000, messages });
      const now = new Date().toISOString();
      for (const { value } of messages) this.acknowledged.set(value, now);
      this.sent += messages.length;
      await delay(PAUSE_MS);
    }
  }
}

/** A client that goes on through deaths and elections. */
export function patientClient(bootstrap: string, level: keyof typeof kafkajs.logLevel = 'NOTHING'): KafkaClient {
  return new kafkajs.Kafka({
    clientId: 'patient',
    brokers: bootstrap.split(','),
    logLevel: kafkajs.logLevel[level] as logLevel,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 60 },
  });
}

/** What some broker knows of a topic's partitions; null while it has not heard of it, is down, or knows no leader: kafkajs makes errors of these. */
export async function partitionsOf(admin: Admin, topic: string): Promise<PartitionMetadata[] | null> {
  const metadata = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => null);
  return metadata?.topics[0]?.partitions ?? null;
}

/** True when every partition has a leader and all of its replicas are in sync; null when not, or when nobody can say. */
export async function allInSync(admin: Admin, topic: string): Promise<true | null> {
  const partitions = (await partitionsOf(admin, topic)) ?? [];
  const well = partitions.length > 0 && partitions.every(({ isr, replicas, leader }) => leader >= 0 && isr.length === replicas.length);
  return well ? true : null;
}

/** Every record of a topic, read by librdkafka. */
export async function readAll(bootstrap: string, topic: string, partitionCount: number): Promise<Stored[]> {
  const stored: Stored[] = [];
  for (let partition = 0; partition < partitionCount; partition++) {
    const args = ['-q', '-b', bootstrap, '-C', '-t', topic, '-p', String(partition), '-o', 'beginning', '-e', '-f', '%o %s\n'];
    const { stdout } = await runOk('kcat', args, { timeoutMs: 120_000 });
    for (const line of stdout.split('\n').slice(0, -1)) {
      const [offset, value = ''] = line.split(' ');
      const [producer = '', number] = value.split(':');
      stored.push({ partition, offset: Number(offset), producer, number: Number(number) });
    }
  }
  return stored;
}

export interface Findings {
  /** Acknowledged, and not there. */
  readonly lost: string[];
  /** There twice, of producers that are idempotent. */
  readonly doubled: string[];
  readonly disordered: string[];
}

/** Compares what was acknowledged (value → when) with what is there. Producers whose names begin with `plain` may leave duplicates. */
export function compareRecords(acknowledged: ReadonlyMap<string, string>, stored: readonly Stored[]): Findings {
  const counts = new Map<string, number>();
  const newest = new Map<string, number>();
  const disordered: string[] = [];
  for (const { partition, producer, number } of stored) {
    const value = `${producer}:${number}`;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    if (producer.startsWith('plain')) continue;
    const lane = `${producer}/${partition}`;
    const before = newest.get(lane) ?? -1;
    if (number <= before) disordered.push(`${value} after ${producer}:${before} in partition ${partition}`);
    newest.set(lane, Math.max(number, before));
  }
  const lost = [...acknowledged].filter(([value]) => !counts.has(value)).map(([value, at]) => `${value}, acknowledged ${at}`);
  const doubled = [...counts].filter(([value, count]) => count > 1 && !value.startsWith('plain')).map(([value]) => value);
  return { lost, doubled, disordered };
}
