/** kcat, the command-line client made of librdkafka: every way that people use it against one broker. */
import { expect } from 'chai';
import { kcat, kcatProgram, linesOf } from './support/clients.ts';
import { createTopic } from './support/kafkajs.ts';
import type { Program } from './support/process.ts';
import { bootstrap, freshName } from './support/shared-pair.ts';

interface KcatMetadata {
  readonly originating_broker: { readonly id: number; readonly name: string };
  readonly controllerid: number;
  readonly brokers: readonly { readonly id: number; readonly name: string }[];
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { partition: number; leader: number; replicas: { id: number }[]; isrs: { id: number }[] }[];
  }[];
}

interface KcatRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly tstype: string;
  readonly ts: number;
  readonly headers?: readonly string[];
  readonly key: string | null;
  readonly payload: string | null;
}

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Produces ten lines `record 0` … `record 9` to partition 0. */
async function produceTen(topic: string): Promise<void> {
  const lines = Array.from({ length: 10 }, (_unused, index) => `record ${index}\n`).join('');
  await kcat(['-P', '-t', topic, '-p', '0'], { input: lines });
}

function parseRecords(output: string): KcatRecord[] {
  return linesOf(output).map((line) => JSON.parse(line) as KcatRecord);
}

describe('kcat', () => {
  it('lists the broker, the controller and a topic with its partitions (-L)', async () => {
    const topic = freshName('listed');
    await createTopic(topic, 3);
    const metadata = JSON.parse(await kcat(['-L', '-J'])) as KcatMetadata;
    expect(metadata.brokers).to.have.length(1);
    const [broker] = metadata.brokers;
    expect(broker?.name).to.equal(bootstrap());
    expect(metadata.controllerid).to.equal(broker?.id);
    const found = metadata.topics.find((entry) => entry.topic === topic);
    expect(found?.partitions).to.deep.equal(
      [0, 1, 2].map((partition) => ({ partition, leader: broker?.id, replicas: [{ id: broker?.id }], isrs: [{ id: broker?.id }] })),
    );
  });

  it('names a topic that does not exist as unknown (-L -t)', async () => {
    const topic = freshName('absent');
    const output = await kcat(['-L', '-t', topic, '-X', 'allow.auto.create.topics=false']);
    expect(output).to.match(new RegExp(`topic "${topic}" with 0 partitions: Broker: Unknown topic or partition`));
  });

  it('creates a topic by producing to it', async () => {
    const topic = freshName('auto-created');
    await kcat(['-P', '-t', topic], { input: 'the first record\n' });
    expect(await kcat(['-C', '-t', topic, '-e', '-o', 'beginning'])).to.equal('the first record\n');
  });

  for (const codec of codecs) {
    it(`brings keys, headers, null and empty values back unchanged, compressed with ${codec}`, async () => {
      const topic = freshName(`round-trip-${codec}`);
      await createTopic(topic, 1);
      const produce = ['-P', '-t', topic, '-p', '0', '-z', codec];
      await kcat([...produce, '-K', ':', '-H', 'colour=grün', '-H', 'empty='], { input: 'first:1\nsecond:zwölf\n' });
      await kcat([...produce, '-K', ':', '-Z'], { input: 'tombstone:\n:keyless\n' });
      await kcat(produce, { input: `${'long '.repeat(20_000)}\n` });
      const records = parseRecords(await kcat(['-C', '-t', topic, '-e', '-J', '-o', 'beginning']));
      expect(records.map(({ offset, key, payload }) => [offset, key, payload])).to.deep.equal([
        [0, 'first', '1'],
        [1, 'second', 'zwölf'],
        [2, 'tombstone', null],
        [3, null, 'keyless'],
        [4, null, 'long '.repeat(20_000)],
      ]);
      expect(records[0]?.headers).to.deep.equal(['colour', 'grün', 'empty', '']);
      expect(records[2]?.headers).to.equal(undefined);
      for (const record of records) expect(record.tstype).to.equal('create');
    });
  }

  it('reads on from the beginning, an offset, a distance from the end and the end (-o)', async () => {
    const topic = freshName('positions');
    await createTopic(topic, 1);
    await produceTen(topic);
    const offsetsFrom = async (position: string) => linesOf(await kcat(['-C', '-t', topic, '-p', '0', '-e', '-o', position, '-f', '%o\n'])).map(Number);
    expect(await offsetsFrom('beginning')).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await offsetsFrom('7')).to.deep.equal([7, 8, 9]);
    expect(await offsetsFrom('-5')).to.deep.equal([5, 6, 7, 8, 9]);
    expect(await offsetsFrom('end')).to.deep.equal([]);
  });

  it('starts and stops at timestamps (-o s@ts -o e@ts) and asks for the offset of one (-Q)', async () => {
    const topic = freshName('timestamps');
    await createTopic(topic, 1);
    // kcat cannot set timestamps, so the second batch's are later because the clock has moved on.
    await kcat(['-P', '-t', topic, '-p', '0'], { input: 'early 0\nearly 1\n' });
    const [last] = parseRecords(await kcat(['-C', '-t', topic, '-e', '-J', '-o', '-1']));
    const boundary = (last?.ts ?? NaN) + 1;
    await waitForClockPast(boundary);
    await kcat(['-P', '-t', topic, '-p', '0'], { input: 'late 2\nlate 3\n' });
    expect(await kcat(['-C', '-t', topic, '-p', '0', '-e', '-o', `s@${boundary}`])).to.equal('late 2\nlate 3\n');
    expect(await kcat(['-C', '-t', topic, '-p', '0', '-e', '-o', 's@0', '-o', `e@${boundary}`])).to.equal('early 0\nearly 1\n');
    expect(await kcat(['-Q', '-t', `${topic}:0:${boundary}`])).to.equal(`${topic} [0] offset 2\n`);
    expect(await kcat(['-Q', '-t', `${topic}:0:0`])).to.equal(`${topic} [0] offset 0\n`);
  });

  it('hands over a record that comes while it waits at the end', async () => {
    const topic = freshName('tail');
    await createTopic(topic, 1);
    const consumer = kcatProgram(['-C', '-t', topic, '-o', 'end', '-c', '2', '-u']);
    await consumer.waitFor(/Reached end of topic/);
    await kcat(['-P', '-t', topic], { input: 'one\n' });
    await consumer.waitFor(/^one$/m);
    await kcat(['-P', '-t', topic], { input: 'two\n' });
    const { code, stdout } = await consumer.finish();
    expect(stdout).to.equal('one\ntwo\n');
    expect(code).to.equal(0);
  });

  it('puts equal keys into one partition', async () => {
    const topic = freshName('keyed');
    await createTopic(topic, 6);
    const lines = Array.from({ length: 600 }, (_unused, index) => `key-${index % 20}:${index}\n`).join('');
    await kcat(['-P', '-t', topic, '-K', ':', '-X', 'partitioner=murmur2_random'], { input: lines });
    const partitionsOfKey = new Map<string, Set<string>>();
    let count = 0;
    for (const line of linesOf(await kcat(['-C', '-t', topic, '-e', '-o', 'beginning', '-f', '%k %p\n']))) {
      const [key = '', partition = ''] = line.split(' ');
      partitionsOfKey.set(key, (partitionsOfKey.get(key) ?? new Set()).add(partition));
      count++;
    }
    expect(count).to.equal(600);
    expect(partitionsOfKey.size).to.equal(20);
    for (const [key, partitions] of partitionsOfKey) expect(partitions.size, key).to.equal(1);
  });

  it('shares a topic between the members of a group, which go on where it was left (-G)', async () => {
    const topic = freshName('grouped');
    const group = freshName('group');
    await createTopic(topic, 4);
    for (const partition of ['0', '1', '2', '3']) await kcat(['-P', '-t', topic, '-p', partition], { input: `before ${partition}\n` });
    const settings = ['-X', 'auto.offset.reset=earliest', '-X', 'session.timeout.ms=6000', '-u', '-f', '%p %s\n'];
    const first = kcatProgram(['-G', group, ...settings, topic]);
    await first.waitUntil(() => (linesOf(first.stdout).length >= 4 ? true : undefined), 'a record of each partition');
    expect(linesOf(first.stdout).sort()).to.deep.equal(['0 before 0', '1 before 1', '2 before 2', '3 before 3']);

    const second = kcatProgram(['-G', group, ...settings, topic]);
    // The group has settled when each of the two holds two.
    const [ofFirst, ofSecond] = [await halfOf(first), await halfOf(second)];
    expect([...ofFirst, ...ofSecond].sort()).to.deep.equal([0, 1, 2, 3]);

    for (const partition of ['0', '1', '2', '3']) await kcat(['-P', '-t', topic, '-p', partition], { input: `after ${partition}\n` });
    await first.waitUntil(() => (linesOf(first.stdout).length >= 6 ? true : undefined), 'its share of the new records');
    await second.waitUntil(() => (linesOf(second.stdout).length >= 2 ? true : undefined), 'its share of the new records');
    const share = (partitions: number[]) => partitions.map((partition) => `${partition} after ${partition}`).sort();
    expect(linesOf(first.stdout).slice(4).sort()).to.deep.equal(share(ofFirst));
    expect(linesOf(second.stdout).sort()).to.deep.equal(share(ofSecond));

    await first.stop('SIGINT');
    await second.stop('SIGINT');
    await kcat(['-P', '-t', topic, '-p', '2'], { input: 'much later\n' });
    const third = kcatProgram(['-G', group, ...settings, '-c', '1', topic]);
    const { stdout } = await third.finish();
    expect(stdout, 'all earlier records are committed').to.equal('2 much later\n');
  });
});

/** Waits until a group member has reported an assignment of two partitions, and gives these. */
async function halfOf(member: Program): Promise<number[]> {
  return member.waitUntil(() => {
    const assignments = linesOf(member.stderr).filter((line) => line.includes(': assigned: '));
    const partitions = [...(assignments.at(-1) ?? '').matchAll(/\[(\d+)\]/g)].map((match) => Number(match[1]));
    return partitions.length === 2 ? partitions : undefined;
  }, 'an assignment of two partitions');
}

async function waitForClockPast(timestampMs: number): Promise<void> {
  while (Date.now() <= timestampMs) await new Promise((resolve) => setTimeout(resolve, 1));
}
