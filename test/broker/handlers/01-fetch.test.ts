import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { iterateRecords } from '../../../broker/records/iterate-records.ts';
import { baseOffsetOf, batchSizeOf, lastOffsetOf, partitionLeaderEpochOf } from '../../../broker/records/record-batch.ts';
import { upConvert } from '../../../broker/replication/legacy-format.ts';
import { DataPath, TOPIC_ID, from } from './data-path.ts';

const batch = (count: number, size = 10): Buffer =>
  buildBatch({
    records: Array.from({ length: count }, (_, i) => ({
      key: Buffer.from(`k${i}`),
      value: Buffer.alloc(size, i),
      timestamp: 1000 + i,
    })),
  });

describe('FetchHandler', () => {
  let broker: DataPath;
  beforeEach(async () => {
    broker = await DataPath.start();
    await broker.lead('t', [0, 1, 2], { topicId: TOPIC_ID, leaderEpoch: 4 });
  });
  afterEach(() => broker.stop());

  it('gives back what was produced, with offsets and leader epoch in place', async () => {
    await broker.send(batch(3));
    await broker.send(batch(2));
    const { responses, errorCode, sessionId } = await broker.ask({ topics: [from(0)] });
    const [partition] = responses[0]!.partitions;
    expect([errorCode, sessionId, responses[0]!.topic]).to.deep.equal([0, 0, 't']);
    expect(partition).to.deep.include({
      errorCode: 0,
      highWatermark: 5,
      lastStableOffset: 5,
      logStartOffset: 0,
      preferredReadReplica: -1,
    });
    const records = partition!.records!;
    const second = batchSizeOf(records, 0);
    expect([baseOffsetOf(records, 0), lastOffsetOf(records, 0), baseOffsetOf(records, second)]).to.deep.equal([0, 2, 3]);
    expect(partitionLeaderEpochOf(records, second)).to.equal(4);
  });

  it('gives the whole batch that contains the offset', async () => {
    await broker.send(batch(3));
    await broker.send(batch(3));
    const { responses } = await broker.ask({ topics: [from(4)] });
    expect(baseOffsetOf(responses[0]!.partitions[0]!.records!, 0)).to.equal(3);
  });

  it('answers by name until v12 and by id from v13, sessions included', async () => {
    await broker.send(batch(1));
    const first = await broker.ask({ sessionEpoch: 0, topics: [from(0, { topic: '', topicId: TOPIC_ID })] }, 13);
    expect(first.responses.map(({ topic, topicId }) => [topic, topicId])).to.deep.equal([['', TOPIC_ID]]);
    const { sessionId } = first;
    expect(sessionId).to.not.equal(0);
    const idle = await broker.ask({ sessionId, sessionEpoch: 1, topics: [from(1, { topic: '', topicId: TOPIC_ID })] }, 13);
    expect(idle.responses).to.deep.equal([]);
    await broker.send(batch(1));
    const news = await broker.ask({ sessionId, sessionEpoch: 2 }, 13);
    expect(news.responses[0]!.partitions[0]!.highWatermark).to.equal(2);
    expect((await broker.ask({ sessionId, sessionEpoch: 3 }, 12)).errorCode).to.equal(
      ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
    );
    expect((await broker.ask({ sessionId: 99, sessionEpoch: 3 }, 12)).errorCode).to.equal(
      ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
    );
    const unknown = await broker.ask({ topics: [from(0, { topic: '', topicId: 'c'.repeat(21) + 'A' })] }, 13);
    expect(unknown.responses[0]!.partitions[0]!.errorCode).to.equal(ErrorCode.UNKNOWN_TOPIC_ID);
  });

  it('groups neighbours of a topic and keeps the order', async () => {
    await broker.lead('u', [0]);
    const topics = [from(0), from(0, { partition: 2 }), from(0, { topic: 'u' }), from(0, { partition: 1 })];
    const { responses } = await broker.ask({ topics });
    expect(
      responses.map(({ topic, partitions }) => [topic, partitions.map(({ partitionIndex }) => partitionIndex)]),
    ).to.deep.equal([
      ['t', [0, 2]],
      ['u', [0]],
      ['t', [1]],
    ]);
  });

  it('refuses offsets beyond the log and leader epochs that are not ours', async () => {
    const code = async (topics: ReturnType<typeof from>): Promise<number> =>
      (await broker.ask({ topics: [topics] })).responses[0]!.partitions[0]!.errorCode;
    expect(await code(from(1))).to.equal(ErrorCode.OFFSET_OUT_OF_RANGE);
    expect(await code(from(-1))).to.equal(ErrorCode.OFFSET_OUT_OF_RANGE);
    expect(await code(from(0, { currentLeaderEpoch: 3 }))).to.equal(ErrorCode.FENCED_LEADER_EPOCH);
    expect(await code(from(0, { currentLeaderEpoch: 5 }))).to.equal(ErrorCode.UNKNOWN_LEADER_EPOCH);
    expect(await code(from(0, { topic: 'nope' }))).to.equal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });

  it('wakes a waiting fetch when records come, without a moment of polling', async () => {
    const waiting = broker.ask({ maxWaitMs: 60_000, topics: [from(0), from(0, { partition: 1 })] });
    await broker.send(batch(1), { partition: 1 });
    const { responses } = await waiting;
    expect(responses[0]!.partitions.map(({ records }) => records!.length > 0)).to.deep.equal([false, true]);
  });

  it('never exceeds the limits but for the first batch', async () => {
    const size = batch(1, 1000).length;
    for (const partition of [0, 1]) for (let i = 0; i < 5; i += 1) await broker.send(batch(1, 1000), { partition });
    const sizes = async (request: Parameters<DataPath['ask']>[0], apiVersion = 12): Promise<number[]> =>
      (await broker.ask(request, apiVersion)).responses.flatMap(({ partitions }) =>
        partitions.map(({ records }) => records!.length),
      );
    const both = [from(0), from(0, { partition: 1 })];
    expect(await sizes({ topics: both, maxBytes: 10 })).to.deep.equal([size, 0]);
    expect(await sizes({ topics: both, maxBytes: size * 7 + 5 })).to.deep.equal([size * 5, size * 2]);
    const small = [from(0, { partitionMaxBytes: size * 2 + 1 }), from(0, { partition: 1, partitionMaxBytes: 1 })];
    expect(await sizes({ topics: small })).to.deep.equal([size * 2, 0]);
  });

  it('rewrites batches for clients of before 0.11, unless the topic forbids it', async () => {
    await broker.send(batch(3));
    for (const apiVersion of [0, 1, 2, 3]) {
      const { responses } = await broker.ask({ topics: [from(1)] }, apiVersion);
      const messages = responses[0]!.partitions[0]!.records!;
      expect(messages[16], `magic in v${apiVersion}`).to.equal(apiVersion < 2 ? 0 : 1);
      expect(messages.readBigInt64BE(0)).to.equal(1n);
      expect([...iterateRecords(upConvert(messages))].map(({ key }) => key!.toString())).to.deep.equal(['k1', 'k2']);
    }
    await broker.lead('modern', [0], {}, { 'message.downconversion.enable': 'false' });
    await broker.send(batch(1), { topic: 'modern' });
    const { responses } = await broker.ask({ topics: [from(0, { topic: 'modern' })] }, 3);
    expect(responses[0]!.partitions[0]!.errorCode).to.equal(ErrorCode.UNSUPPORTED_VERSION);
    const newer = await broker.ask({ topics: [from(0, { topic: 'modern' })] }, 4);
    expect(newer.responses[0]!.partitions[0]!.errorCode).to.equal(ErrorCode.NONE);
  });

  it('tells clients that cannot know zstd that a topic has it', async () => {
    await broker.lead('z', [0], {}, { 'compression.type': 'zstd' });
    const code = async (apiVersion: number): Promise<number> =>
      (await broker.ask({ topics: [from(0, { topic: 'z' })] }, apiVersion)).responses[0]!.partitions[0]!.errorCode;
    expect([await code(9), await code(10)]).to.deep.equal([ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, ErrorCode.NONE]);
  });

  it('carries any bytes through many batches, cold and hot, over a restart and a crash', async function () {
    const sent = createHash('sha256');
    let seed = 1;
    for (let i = 0; i < 400; i += 1) {
      if (i === 150) await broker.restart();
      if (i === 250) await broker.crash();
      if (i === 150 || i === 250)
        await broker.lead('t', [0], { topicId: TOPIC_ID, leaderEpoch: 4 + i }, { 'segment.bytes': '1000000' });
      const value = Buffer.alloc(4096 + ((seed = (seed * 48_271) % 0x7fffffff) % 8192), seed % 256);
      sent.update(value);
      const records = buildBatch({
        records: [{ key: null, value, timestamp: Date.now() }],
        compression: i % 3 === 0 ? 'gzip' : 'none',
      });
      const answer = await broker.send(records, { acks: i % 2 === 0 ? 1 : -1 });
      if (answer === null || typeof answer === 'symbol') throw new Error('an answer was due');
      expect([answer.errorCode, answer.baseOffset]).to.deep.equal([0, i]);
    }
    const received = createHash('sha256');
    let next = 0;
    while (next < 400) {
      const { responses } = await broker.ask({ topics: [from(next, { partitionMaxBytes: 100_000 })] });
      const [partition] = responses[0]!.partitions;
      expect(partition!.errorCode).to.equal(ErrorCode.NONE);
      const records = partition!.records!;
      expect(records.length).to.be.greaterThan(0);
      for (let at = 0; at < records.length; at += batchSizeOf(records, at)) {
        for (const { offset, value } of iterateRecords(records, at)) {
          expect(offset).to.equal(next);
          received.update(value!);
          next += 1;
        }
      }
    }
    expect(received.digest('hex')).to.equal(sent.digest('hex'));
  });
});
