/** kafka-python: idempotent producers with every codec, groups, positions by offset and by time, and its admin client. */
import { expect } from 'chai';
import { pythonScript } from './support/clients.ts';
import { createTopic } from './support/kafkajs.ts';
import { freshName } from './support/shared-pair.ts';

describe('kafka-python', () => {
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    it(`brings keys, values, headers and timestamps back unchanged, compressed with ${codec}`, async () => {
      const topic = freshName(`python-${codec}`);
      await createTopic(topic);
      const result = await pythonScript<{ offsets: number[]; unchanged: boolean; received: string }>('round_trip.py', [topic, codec]);
      expect(result.offsets).to.deep.equal([0, 1, 2, 3, 4]);
      expect(result.unchanged, result.received).to.equal(true);
    });
  }

  it('shares a topic between two members, commits, and goes on there in the group\'s next life', async () => {
    const topic = freshName('python-group');
    await createTopic(topic, 4);
    const result = await pythonScript<{ failures: string[]; shares: number[][]; seenOnce: boolean; committed: number[]; more: string }>('group.py', [
      topic,
      freshName('python-group'),
    ], { timeoutMs: 120_000 });
    expect(result.failures).to.deep.equal([]);
    expect(result.shares.flat().sort()).to.deep.equal([0, 1, 2, 3]);
    expect(result.seenOnce).to.equal(true);
    expect(result.more).to.equal('one more');
    expect(result.committed).to.deep.equal([100, 100, 100, 100]);
  });

  it('seeks, and finds offsets by time', async () => {
    const topic = freshName('python-offsets');
    await createTopic(topic);
    expect(await pythonScript('offsets.py', [topic])).to.deep.equal({
      afterSeek: ['7', '8', '9'],
      first: ['0'],
      end: 10,
      beginningOffsets: 0,
      endOffsets: 10,
      times: [[0, 1000], [2, 3000], [3, 4000], [9, 10_000], null],
    });
  });

  it('administers topics and groups', async () => {
    const found = await pythonScript<Record<string, unknown>>('admin.py', [freshName('python-admin'), freshName('python-admin')]);
    const nodeId = (found['partitions'] as [number, number][])[0]?.[1];
    expect(found).to.deep.equal({
      createdTwice: false,
      listed: true,
      partitions: [0, 1, 2].map((partition) => [partition, nodeId, [nodeId], [nodeId]]),
      retentionMs: true,
      state: 'Stable',
      members: 1,
      groupListed: true,
      committed: 5,
      deletedGroup: 'OK',
      deletedUnknown: false,
    });
  });
});
