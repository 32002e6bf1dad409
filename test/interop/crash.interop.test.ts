/**
 * The broker dies without warning (kill -9) under a foreign producer: nothing acknowledged may be missing afterwards, its
 * files must be sound in the eyes of Kafka's own dump tool, and it must be back at once rather than when its session has expired.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Producer } from 'kafkajs';
import { client, consume, createTopic, withAdmin } from './support/kafkajs.ts';
import { runOk } from './support/process.ts';
import { kafkaTool, ServerPair } from './support/servers.ts';
import { freshName, maker } from './support/shared-pair.ts';

const partitions = 3;
// Much longer than any start takes: a broker that waits for its old session to expire cannot be taken for a slow one. (The
// original does wait, so proving this test on it takes the shortest timeout there is.)
const sessionTimeoutMs = maker === 'vivarium' ? 60_000 : 6_000;

/** Sends numbered records as fast as they are acknowledged, until told to stop; remembers which were. */
class Recorder {
  readonly acknowledged: string[] = [];
  #next = 0;
  #stopping = false;
  #changed: () => void = () => {};
  readonly #topic: string;
  readonly #producer: Producer;
  readonly #lanes: Promise<void>[];

  constructor(producer: Producer, topic: string) {
    this.#producer = producer;
    this.#topic = topic;
    this.#lanes = Array.from({ length: 4 }, () => this.#lane());
  }

  async until(acknowledgedCount: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#changed = () => this.acknowledged.length >= acknowledgedCount && resolve();
      this.#changed();
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#lanes);
  }

  async #lane(): Promise<void> {
    while (!this.#stopping) {
      const messages = Array.from({ length: 20 }, () => {
        const number = this.#next++;
        return { partition: number % partitions, value: `record ${number} ${'x'.repeat(200)}` };
      });
      try {
        await this.#producer.send({ topic: this.#topic, acks: -1, messages });
      } catch {
        // Not acknowledged, so nothing is promised about these; the next ones are sent until the broker is back.
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      this.acknowledged.push(...messages.map(({ value }) => value));
      this.#changed();
    }
  }
}

async function dumpLog(files: readonly string[]): Promise<string> {
  return (await runOk(kafkaTool, ['kafka-dump-log', '--deep-iteration', '--print-data-log', '--files', files.join(',')])).stdout;
}

function filesOf(pair: ServerPair, topic: string, extension: string): string[] {
  return Array.from({ length: partitions }, (_unused, partition) => join(pair.logDirectory, `${topic}-${partition}`)).flatMap((directory) =>
    readdirSync(directory)
      .filter((name) => name.endsWith(extension))
      .sort()
      .map((name) => join(directory, name)),
  );
}

describe('a broker killed with SIGKILL under a producer with acks=all', function () {
  let pair: ServerPair;

  before(async () => {
    pair = await ServerPair.start({
      maker,
      coordinator: { maxSessionTimeout: sessionTimeoutMs },
      // Small segments, so that several roll during the test and recovery has more than one to look at.
      broker: { 'zookeeper.session.timeout.ms': sessionTimeoutMs, 'log.segment.bytes': 256 * 1024, 'log.index.interval.bytes': 1024 },
    });
  });

  after(async () => {
    await pair.close();
  });

  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(pair.logs());
  });

  it('is back at once each time, and nothing acknowledged is missing', async () => {
    const topic = freshName('killed');
    await createTopic(topic, partitions, pair.bootstrap);
    const producer = client(pair.bootstrap).producer({ retry: { retries: 2, initialRetryTime: 50, maxRetryTime: 200 } });
    await producer.connect();
    const recorder = new Recorder(producer, topic);
    try {
      for (let round = 1; round <= 3; round++) {
        await recorder.until(round * 3_000);
        await pair.killBroker();
        const killedAt = Date.now();
        await startAgain();
        if (maker === 'vivarium') expect(Date.now() - killedAt, 'down for less than the session timeout').to.be.below(sessionTimeoutMs / 2);
      }
      await recorder.until(12_000);
    } finally {
      await recorder.stop();
      await producer.disconnect();
    }

    const ends = await withAdmin((admin) => admin.fetchTopicOffsets(topic), pair.bootstrap);
    const count = ends.reduce((sum, { high }) => sum + Number(high), 0);
    const present = new Set((await consume(topic, count, pair.bootstrap)).map(({ message }) => String(message.value)));
    const missing = recorder.acknowledged.filter((value) => !present.has(value));
    expect(missing.length, `first missing of ${recorder.acknowledged.length} acknowledged: ${missing[0]}`).to.equal(0);

    // A clean stop first, so that the files are complete when the foreign tool reads them.
    await pair.stop();
    const logs = filesOf(pair, topic, '.log');
    expect(logs.length).to.be.greaterThan(partitions);
    const dumped = await dumpLog(logs);
    expect(dumped).not.to.match(/isvalid: false/i);
    expect(dumped.match(/^\| offset: /gm)?.length).to.equal(count);
    for (const value of recorder.acknowledged.slice(-5)) expect(dumped).to.include(`payload: ${value}`);
    for (const extension of ['.index', '.timeindex']) {
      const report = await dumpLog(filesOf(pair, topic, extension));
      expect(report).not.to.match(/mismatch|invalid|not found|Non-consecutive|out of order/i);
      expect(report).to.match(/position: |timestamp: /);
    }
  });

  // The original does not take its old registration over: it ends with NodeExists until the session has expired.
  async function startAgain(): Promise<void> {
    for (;;) {
      pair.launchBroker();
      try {
        await pair.brokerReady();
        return;
      } catch (error) {
        if (maker === 'vivarium') throw error;
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    }
  }
});
