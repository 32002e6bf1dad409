import { expect } from 'chai';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { buildMarker } from '../../../broker/records/control-records.ts';
import { iterateRecords } from '../../../broker/records/iterate-records.ts';
import { Codec, baseSequenceOf, codecOf, producerEpochOf, producerIdOf } from '../../../broker/records/record-batch.ts';
import { recompress, targetCodec } from '../../../broker/records/recompress.ts';
import { validateBatch } from '../../../broker/records/validate-batch.ts';

const records = ['one', 'two', 'three'].map((value, at) => ({
  key: Buffer.from(value),
  value: at === 1 ? null : Buffer.from(value.repeat(100)),
  timestamp: 1000 + at,
  headers: [{ key: 'h', value: Buffer.from(value) }],
}));
const producer = { producerId: 7, producerEpoch: 2, baseSequence: 40 };

describe('targetCodec()', () => {
  it('asks for another codec where the topic has one of its own and the batch another', () => {
    const gzip = buildBatch({ records, compression: 'gzip' });
    expect(targetCodec('producer', gzip, 0)).to.equal(null);
    expect(targetCodec('gzip', gzip, 0)).to.equal(null);
    expect(targetCodec('zstd', gzip, 0)).to.equal('zstd');
    expect(targetCodec('uncompressed', gzip, 0)).to.equal('none');
    const marker = buildMarker({ type: 'commit', coordinatorEpoch: 0, producerId: 1, producerEpoch: 0, timestamp: 1 });
    expect(targetCodec('zstd', marker, 0), 'markers stay as they are').to.equal(null);
  });
});

describe('recompress()', () => {
  for (const from of ['none', 'lz4'] as const) {
    for (const to of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      it(`keeps records, times, headers and the producer's sequence from ${from} to ${to}`, () => {
        const batch = buildBatch({ records, compression: from, ...producer });
        const packed = recompress(batch, 0, to);
        expect(codecOf(packed, 0)).to.equal(Codec[to]);
        expect(validateBatch(packed, 0)).to.include({ ok: true, size: packed.length });
        expect([...iterateRecords(packed)]).to.deep.equal([...iterateRecords(batch)]);
        expect([producerIdOf(packed, 0), producerEpochOf(packed, 0), baseSequenceOf(packed, 0)]).to.deep.equal([7, 2, 40]);
      });
    }
  }
});
