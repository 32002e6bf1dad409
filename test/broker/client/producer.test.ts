import { expect } from 'chai';
import { Producer, type ProducerOptions } from '../../../broker/client/producer.ts';
import { murmur2, partitionForKey } from '../../../broker/client/murmur2.ts';
import type { ProduceRequest } from '../../../broker/protocol/messages/00-produce.ts';
import { iterateRecords } from '../../../broker/records/iterate-records.ts';
import { baseSequenceOf, producerIdOf } from '../../../broker/records/record-batch.ts';
import { ScriptedBroker } from './scripted-broker.ts';

interface Arrived {
  partition: number;
  values: string[];
  sequence: number;
  producerId: number;
}

describe('Producer', () => {
  let broker: ScriptedBroker;
  let producer: Producer;
  let arrived: Arrived[];
  /** Error codes that the next batches get, in order. */
  let refusals: number[];
  let producerIds: number;

  beforeEach(async () => {
    arrived = [];
    refusals = [];
    producerIds = 100;
    broker = await ScriptedBroker.start();
    broker.serveTopics({ t: 3 });
    broker.on(22, () => ({ throttleTimeMs: 0, errorCode: 0, producerId: producerIds++, producerEpoch: 0 }));
    broker.on(0, (request: ProduceRequest) => ({
      responses: request.topicData.map(({ name, partitionData }) => ({
        name,
        partitionResponses: partitionData.map(({ index, records }) => {
          const errorCode = refusals.shift() ?? 0;
          const values = [...iterateRecords(records!)].map(({ value }) => String(value));
          arrived.push({
            partition: index,
            values,
            sequence: baseSequenceOf(records!, 0),
            producerId: producerIdOf(records!, 0),
          });
          return { index, errorCode, baseOffset: errorCode === 0 ? 10 : -1 };
        }),
      })),
    }));
  });
  afterEach(async () => {
    await producer.close();
    await broker.close();
  });

  const start = (options: Partial<ProducerOptions> = {}): void => {
    producer = new Producer({
      bootstrap: broker.bootstrap,
      clientId: 'test',
      retryBackoffMs: 1,
      lingerMs: 5,
      random: () => 0.5,
      ...options,
    });
  };
  const send = (value: string, key: string | null = null): Promise<[Error | null, number, number]> =>
    new Promise((resolve) => {
      const record = { topic: 't', key: key === null ? null : Buffer.from(key), value: Buffer.from(value) };
      producer.send(record, (...fate) => resolve(fate));
    });

  it('gathers records without a key into one batch and tells each its offset', async () => {
    start();
    const fates = await Promise.all([send('a'), send('b'), send('c')]);
    expect(arrived.map(({ values }) => values)).to.deep.equal([['a', 'b', 'c']]);
    expect(fates.map(([error, , offset]) => [error, offset])).to.deep.equal([
      [null, 10],
      [null, 11],
      [null, 12],
    ]);
  });

  it('puts a key where murmur2 says', async () => {
    start();
    const keys = ['21', 'foobar', 'a-little-bit-long-string'];
    const fates = await Promise.all(keys.map((key) => send(key, key)));
    expect(fates.map(([, partition]) => partition)).to.deep.equal(keys.map((key) => partitionForKey(Buffer.from(key), 3)));
  });

  it('numbers batches of a partition one after another', async () => {
    start({ lingerMs: 0, batchSize: 1 });
    for (const value of ['a', 'b', 'c']) await send(value, 'same');
    expect(arrived.map(({ sequence, producerId }) => [sequence, producerId])).to.deep.equal([
      [0, 100],
      [1, 100],
      [2, 100],
    ]);
  });

  it('sends a refused batch again, with the same sequence', async () => {
    start();
    refusals = [6, 19]; // NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS
    expect((await send('a'))[0]).to.equal(null);
    expect(arrived.map(({ sequence, producerId }) => [sequence, producerId])).to.deep.equal([
      [0, 100],
      [0, 100],
      [0, 100],
    ]);
  });

  it('takes a duplicate for delivered', async () => {
    start();
    refusals = [46];
    expect((await send('a'))[0]).to.equal(null);
  });

  it('begins anew with another producer id when the broker lost its sequence', async () => {
    start({ lingerMs: 0 });
    await send('a', 'k');
    refusals = [45];
    expect((await send('b', 'k'))[0]).to.equal(null);
    expect(arrived.map(({ sequence, producerId }) => [sequence, producerId])).to.deep.equal([
      [0, 100],
      [1, 100],
      [0, 101],
    ]);
  });

  it('gives up what cannot be helped, and goes on', async () => {
    start();
    refusals = [10]; // MESSAGE_TOO_LARGE
    expect((await send('a'))[0]).to.have.property('code', 10);
    expect((await send('b'))[0]).to.equal(null);
  });

  it('gives up after its retries', async () => {
    start({ retries: 2 });
    refusals = [6, 6, 6, 6];
    expect((await send('a'))[0]).to.have.property('code', 6);
    expect(arrived).to.have.length(3);
  });

  it('refuses a record above the request size, and one for a topic that cannot be found', async () => {
    start({ requestSizeMax: 1000, maxBlockMs: 50 });
    const [error] = await send('x'.repeat(2000));
    expect(error?.message).to.include('is 2086 bytes when serialized which is larger than 1000');
    const fate = await new Promise<Error | null>((resolve) =>
      producer.send({ topic: 'no', key: null, value: null }, resolve),
    );
    expect(fate?.message).to.equal('Topic no not present in metadata after 50 ms.');
  });
});

describe('murmur2', () => {
  it('hashes as the Java client does', () => {
    const known: [string, number][] = [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
      ['a-little-bit-longer-string', -1486304829],
      ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
      ['abc', 479470107],
    ];
    for (const [key, hash] of known) expect(murmur2(Buffer.from(key))).to.equal(hash);
  });
});
