import { expect } from 'chai';
import { checkRecords } from '../../../broker/handlers/00-produce.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { recordCountOf } from '../../../broker/records/record-batch.ts';
import { downConvert } from '../../../broker/replication/legacy-format.ts';
import { CLOSE_CONNECTION } from '../../../broker/server/handler.ts';
import { DataPath, context, from } from './data-path.ts';

const record = (value = 'v', key: string | null = null, timestamp = Date.now()) => ({
  key: key === null ? null : Buffer.from(key),
  value: Buffer.from(value),
  timestamp,
});
const batch = (...values: string[]): Buffer => buildBatch({ records: values.map((value) => record(value)) });

describe('checkRecords()', () => {
  const one = batch('a');
  const cases: [string, Buffer, number, number][] = [
    ['one batch', one, 3, ErrorCode.NONE],
    ['trailing bytes that are no batch', Buffer.concat([one, Buffer.alloc(5)]), 9, ErrorCode.NONE],
    ['a second batch', Buffer.concat([one, one]), 9, ErrorCode.INVALID_RECORD],
    ['a second batch that is cut off', Buffer.concat([one, one.subarray(0, 40)]), 9, ErrorCode.NONE],
    ['a second batch of nonsense', Buffer.concat([one, Buffer.alloc(40)]), 9, ErrorCode.CORRUPT_MESSAGE],
    ['nothing', Buffer.alloc(0), 9, ErrorCode.INVALID_RECORD],
    ['a batch that is cut off', one.subarray(0, one.length - 1), 9, ErrorCode.INVALID_RECORD],
    ['a size that no batch has', Buffer.alloc(80), 9, ErrorCode.CORRUPT_MESSAGE],
    ['an unknown magic', Buffer.from(one).fill(3, 16, 17), 9, ErrorCode.CORRUPT_MESSAGE],
    ['messages of magic 1', downConvert(one, 1, 0)!, 3, ErrorCode.INVALID_RECORD],
    ['zstd from v7', buildBatch({ records: [record()], compression: 'zstd' }), 7, ErrorCode.NONE],
    ['zstd before', buildBatch({ records: [record()], compression: 'zstd' }), 6, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE],
  ];
  for (const [what, records, apiVersion, errorCode] of cases) {
    it(`answers ${errorCode} to ${what}`, () => {
      expect(checkRecords(records, apiVersion)).to.equal(errorCode);
    });
  }
});

describe('ProduceHandler', () => {
  let broker: DataPath;
  beforeEach(async () => {
    broker = await DataPath.start();
    await broker.lead('t', [0, 1]);
  });
  afterEach(() => broker.stop());

  it('appends, and tells where', async () => {
    expect(await broker.send(batch('a', 'b'))).to.deep.include({
      index: 0,
      errorCode: 0,
      baseOffset: 0,
      logAppendTimeMs: -1,
      logStartOffset: 0,
    });
    expect(await broker.send(batch('c'), { acks: -1 })).to.deep.include({ errorCode: 0, baseOffset: 2 });
    expect(broker.log().logEndOffset).to.equal(3);
  });

  it('answers topics and partitions in the order they were asked in, each with its own code', async () => {
    broker.known.add('elsewhere-0');
    const request = {
      transactionalId: null,
      acks: 1,
      timeoutMs: 1000,
      topicData: [
        { name: 'elsewhere', partitionData: [{ index: 0, records: batch('a') }] },
        {
          name: 't',
          partitionData: [
            { index: 1, records: batch('a') },
            { index: 0, records: null },
            { index: 5, records: batch('a') },
          ],
        },
        { name: 'nowhere', partitionData: [{ index: 0, records: Buffer.alloc(99) }] },
      ],
    };
    const answer = await broker.produce.handle(request, context(9));
    if (answer === null || answer === CLOSE_CONNECTION) throw new Error('an answer was due');
    const told = answer.responses.map(({ name, partitionResponses }) => [
      name,
      partitionResponses.map(({ index, errorCode }) => [index, errorCode]),
    ]);
    expect(told).to.deep.equal([
      ['elsewhere', [[0, ErrorCode.NOT_LEADER_OR_FOLLOWER]]],
      [
        't',
        [
          [1, 0],
          [0, ErrorCode.INVALID_RECORD],
          [5, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
        ],
      ],
      ['nowhere', [[0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]]],
    ]);
  });

  it('answers nothing to acks=0, and closes the connection on an error', async () => {
    expect(await broker.send(batch('a'), { acks: 0 })).to.equal(null);
    expect(await broker.send(batch('a'), { acks: 0, topic: 'nowhere' })).to.equal(CLOSE_CONNECTION);
    expect(await broker.send(Buffer.alloc(80), { acks: 0 })).to.equal(CLOSE_CONNECTION);
  });

  it('refuses acks that are none', async () => {
    expect(await broker.send(batch('a'), { acks: 2 })).to.deep.include({
      errorCode: ErrorCode.INVALID_REQUIRED_ACKS,
      baseOffset: -1,
    });
    expect(broker.log().nextOffset).to.equal(0);
  });

  it('lets only admin clients write to internal topics', async () => {
    await broker.lead('__consumer_offsets', [0]);
    const topic = '__consumer_offsets';
    expect(await broker.send(batch('a'), { topic })).to.deep.include({ errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION });
    expect(await broker.send(batch('a'), { topic, clientId: '__admin_client' })).to.deep.include({ errorCode: 0 });
  });

  it('refuses a corrupt batch and keeps the log as it was', async () => {
    const corrupt = batch('a');
    corrupt[corrupt.length - 2]! ^= 1;
    expect(await broker.send(corrupt)).to.deep.include({
      errorCode: ErrorCode.CORRUPT_MESSAGE,
      baseOffset: -1,
      errorMessage: null,
    });
    expect(broker.log().nextOffset).to.equal(0);
  });

  it('refuses what the topic does not allow, and says which record it was', async () => {
    await broker.lead('small', [0], {}, { 'max.message.bytes': '100' });
    expect(await broker.send(batch('x'.repeat(200)), { topic: 'small' })).to.deep.include({
      errorCode: ErrorCode.MESSAGE_TOO_LARGE,
    });
    await broker.lead('compacted', [0], {}, { 'cleanup.policy': 'compact' });
    const answer = await broker.send(buildBatch({ records: [record('a', 'k'), record('b')] }), { topic: 'compacted' });
    if (answer === null || typeof answer === 'symbol') throw new Error('an answer was due');
    expect(answer.errorCode).to.equal(ErrorCode.INVALID_RECORD);
    expect(answer.recordErrors!.map(({ batchIndex }) => batchIndex)).to.deep.equal([1]);
    expect(answer.errorMessage).to.be.a('string');
  });

  it('stamps records where the topic says so, and tells the stamp', async () => {
    await broker.lead('stamped', [0], {}, { 'message.timestamp.type': 'LogAppendTime' });
    const before = Date.now();
    const answer = await broker.send(buildBatch({ records: [record('a', null, 5)] }), { topic: 'stamped' });
    if (answer === null || typeof answer === 'symbol') throw new Error('an answer was due');
    expect(answer.logAppendTimeMs).to.be.within(before, Date.now());
  });

  it('acknowledges a batch that comes again as it did at first, and refuses gaps', async () => {
    const from5 = (baseSequence: number): Buffer =>
      buildBatch({ records: [record('a')], producerId: 5, producerEpoch: 0, baseSequence });
    for (const sequence of [0, 1, 2])
      expect(await broker.send(from5(sequence))).to.deep.include({ errorCode: 0, baseOffset: sequence });
    expect(await broker.send(from5(1), { acks: -1 })).to.deep.include({ errorCode: 0, baseOffset: 1 });
    expect(await broker.send(from5(7))).to.deep.include({
      errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
      baseOffset: -1,
      logStartOffset: 0,
    });
    expect(broker.log().nextOffset).to.equal(3);
  });

  it('refuses transactional records without a transactional id, all partitions of the request', async () => {
    const records = buildBatch({
      records: [record('a')],
      producerId: 5,
      producerEpoch: 0,
      baseSequence: 0,
      transactional: true,
    });
    expect(await broker.send(records)).to.deep.include({ errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED });
  });

  it('takes old message sets of old producers, rewritten', async () => {
    const messages = downConvert(batch('a', 'b'), 1, 0)!;
    expect(await broker.send(messages, { apiVersion: 2 })).to.deep.include({ errorCode: 0, baseOffset: 0 });
    expect(await broker.send(batch('c'), { apiVersion: 2 }), 'or batches').to.deep.include({ errorCode: 0, baseOffset: 2 });
    messages[20]! ^= 1;
    expect(await broker.send(messages, { apiVersion: 2 })).to.deep.include({ errorCode: ErrorCode.CORRUPT_MESSAGE });
    const { responses } = await broker.ask({ topics: [from(0)] });
    expect(recordCountOf(responses[0]!.partitions[0]!.records!, 0)).to.equal(2);
  });
});
