import { expect } from 'chai';
import fc from 'fast-check';
import { buildBatch, recordSizeBound, type NewRecord } from '../../../broker/records/build-batch.ts';
import { CompressionError, compress, decompress } from '../../../broker/records/compression.ts';
import { buildMarker, readMarker } from '../../../broker/records/control-records.ts';
import { InvalidRecordsError, iterateRecords } from '../../../broker/records/iterate-records.ts';
import {
  BATCH_HEADER_SIZE,
  Codec,
  baseOffsetOf,
  batchSizeOf,
  codecName,
  codecOf,
  computeCrc,
  crcOf,
  isControl,
  isLogAppendTime,
  isTransactional,
  lastOffsetOf,
  lastSequenceOf,
  maxTimestampOf,
  partitionLeaderEpochOf,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
  sealCrc,
  setBaseOffset,
  setLogAppendTime,
  setPartitionLeaderEpoch,
  setProducer,
} from '../../../broker/records/record-batch.ts';
import { validateBatch } from '../../../broker/records/validate-batch.ts';
import { segments } from './kafka-segments.ts';

const codecs = Object.keys(Codec) as Codec[];
const records: NewRecord[] = [
  { key: Buffer.from('k'), value: Buffer.from('v'), timestamp: 1000, headers: [{ key: 'h', value: null }] },
  { key: null, value: Buffer.alloc(200_000, 'x'), timestamp: 990 },
  { key: Buffer.alloc(0), value: null, timestamp: 1_000_000_000_000 },
];

describe('record batches of Kafka 3.4', () => {
  for (const codec of codecs) {
    it(`are read to the last record: ${codec}`, () => {
      const segment = Buffer.from(segments[codec], 'hex');
      const found = [];
      for (let at = 0; at < segment.length; at += batchSizeOf(segment, at)) {
        expect(validateBatch(segment, at).ok).to.equal(true);
        expect(codecName(codecOf(segment, at))).to.equal(codec);
        found.push(...iterateRecords(segment, at));
      }
      expect(found.map(({ offset }) => offset)).to.deep.equal([0, 1]);
      expect(found.map(({ key }) => String(key))).to.deep.equal(['key-1', 'key-2']);
      expect(found.map(({ value }) => String(value))).to.deep.equal([
        'value value value value value one',
        'value value value value value two',
      ]);
      expect(found[0]!.headers.map(({ key, value }) => `${key}=${value}`)).to.deep.equal(['h1=v1', 'h2=']);
    });
  }

  it('are built to the byte, given the same records and producer', () => {
    const segment = Buffer.from(segments.none, 'hex');
    const batch = segment.subarray(0, batchSizeOf(segment, 0));
    const rebuilt = buildBatch({
      records: [...iterateRecords(batch)],
      partitionLeaderEpoch: partitionLeaderEpochOf(batch, 0),
      producerId: producerIdOf(batch, 0),
      producerEpoch: producerEpochOf(batch, 0),
      baseSequence: 0,
    });
    expect(rebuilt.toString('hex')).to.equal(batch.toString('hex'));
  });
});

describe('buildBatch', () => {
  for (const codec of codecs) {
    it(`is undone by iterateRecords: ${codec}`, () => {
      const batch = buildBatch({ records, compression: codec, baseOffset: 40 });
      expect(validateBatch(batch)).to.deep.equal({ ok: true, size: batch.length });
      const back = [...iterateRecords(batch)];
      expect(back).to.deep.equal(
        records.map((record, at) => ({ ...record, headers: record.headers ?? [], offset: 40 + at })),
      );
      expect(lastOffsetOf(batch, 0)).to.equal(42);
      expect(maxTimestampOf(batch, 0)).to.equal(1_000_000_000_000);
    });
  }

  it('keeps the gaps that compaction leaves', () => {
    const batch = buildBatch({
      records: [
        { ...records[0]!, offset: 12 },
        { ...records[2]!, offset: 17 },
      ],
      baseOffset: 10,
      lastOffset: 20,
    });
    expect([...iterateRecords(batch)].map(({ offset }) => offset)).to.deep.equal([12, 17]);
    expect(lastOffsetOf(batch, 0)).to.equal(20);
    expect(validateBatch(batch)).to.include({ ok: false, problem: 'count' });
    expect(validateBatch(batch, 0, { compacted: true }).ok).to.equal(true);
  });

  it('never takes more than recordSizeBound says', () => {
    const blob = fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)));
    fc.assert(
      fc.property(blob, blob, fc.array(fc.record({ key: fc.string(), value: blob })), (key, value, headers) => {
        const record = { key, value, headers, timestamp: 5 };
        expect(buildBatch({ records: [record] }).length - BATCH_HEADER_SIZE).to.be.at.most(recordSizeBound(record));
      }),
    );
  });
});

describe('header accessors', () => {
  it('patch offset and leader epoch without touching the CRC', () => {
    const batch = Buffer.concat([Buffer.alloc(7), buildBatch({ records })]); // not at 0, on purpose
    setBaseOffset(batch, 7, 2 ** 40);
    setPartitionLeaderEpoch(batch, 7, 9);
    expect([baseOffsetOf(batch, 7), partitionLeaderEpochOf(batch, 7)]).to.deep.equal([2 ** 40, 9]);
    expect(validateBatch(batch, 7).ok).to.equal(true);
  });

  it('seal the batch again after a change that the CRC covers', () => {
    const batch = buildBatch({ records });
    setLogAppendTime(batch, 0, 77);
    expect(isLogAppendTime(batch, 0)).to.equal(true);
    expect([...iterateRecords(batch)].map(({ timestamp }) => timestamp)).to.deep.equal([77, 77, 77]);
    setProducer(batch, 0, 5, 1, 0x7fff_ffff);
    expect(lastSequenceOf(batch, 0)).to.equal(1); // sequences wrap to 0
    expect(crcOf(batch, 0)).to.equal(computeCrc(batch, 0));
  });
});

describe('validateBatch', () => {
  const damaged = (change: (batch: Buffer) => void, seal = true): Buffer => {
    const batch = buildBatch({ records });
    change(batch);
    if (seal) sealCrc(batch, 0);
    return batch;
  };
  const cases: [string, Buffer][] = [
    ['incomplete', buildBatch({ records }).subarray(0, 11)],
    ['incomplete', buildBatch({ records }).subarray(0, 1000)],
    ['size', damaged((batch) => batch.writeInt32BE(20, 8), false)],
    ['size', damaged((batch) => batch.writeInt32BE(-1, 8), false)],
    ['magic', damaged((batch) => batch.writeInt8(1, 16))],
    ['crc', damaged((batch) => (batch[200]! ^= 1), false)],
    ['count', damaged((batch) => batch.writeInt32BE(4, 57))],
    ['count', damaged((batch) => batch.writeInt32BE(-1, 23))],
    ['codec', damaged((batch) => batch.writeInt16BE(7, 21))],
    ['producer', damaged((batch) => batch.writeBigInt64BE(5n, 43))],
    ['producer', damaged((batch) => batch.writeInt32BE(-2, 53))],
  ];
  for (const [problem, batch] of cases) {
    it(`tells what is wrong: ${problem} (${batch.length} bytes)`, () => {
      expect(validateBatch(batch)).to.include({ ok: false, problem });
    });
  }
});

describe('iterateRecords', () => {
  it('refuses records that contradict the header', () => {
    const more = buildBatch({ records });
    more.writeInt32BE(4, 57);
    expect(() => [...iterateRecords(more)]).to.throw(InvalidRecordsError, 'Record 3 of 4');
    const fewer = buildBatch({ records });
    fewer.writeInt32BE(2, 57);
    expect(() => [...iterateRecords(fewer)]).to.throw(InvalidRecordsError, 'bytes remain after 2 records');
  });
});

describe('compression', () => {
  const bomb = Buffer.alloc(2_000_000);
  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    it(`refuses what unfolds beyond the bound: ${codec}`, () => {
      expect(() => decompress(codec, compress(codec, bomb), 1_000_000)).to.throw(CompressionError, codec);
      expect(decompress(codec, compress(codec, bomb), 2_100_000).equals(bomb)).to.equal(true);
    });

    it(`refuses garbage: ${codec}`, () => {
      expect(() => decompress(codec, Buffer.from('certainly not compressed at all'))).to.throw(CompressionError);
    });
  }

  it('reads snappy without framing', () => {
    const raw = Buffer.from('0c2c68656c6c6f2c20776f726c64', 'hex'); // 12 bytes, one literal
    expect(String(decompress('snappy', raw))).to.equal('hello, world');
  });

  it('refuses an LZ4 frame of dependent blocks, as Kafka does', () => {
    const frame = compress('lz4', Buffer.from('text'));
    frame[4]! &= ~0x20;
    expect(() => decompress('lz4', frame)).to.throw('Dependent block stream is unsupported');
  });
});

describe('control records', () => {
  it('are laid out as Kafka writes them', () => {
    const batch = buildMarker({ type: 'commit', coordinatorEpoch: 3, producerId: 8, producerEpoch: 2, timestamp: 1000 });
    expect([isControl(batch, 0), isTransactional(batch, 0), recordCountOf(batch, 0)]).to.deep.equal([true, true, 1]);
    const [record] = [...iterateRecords(batch)];
    expect(record!.key!.toString('hex')).to.equal('00000001');
    expect(record!.value!.toString('hex')).to.equal('000000000003');
    expect(readMarker(record!)).to.deep.equal({ type: 'commit', coordinatorEpoch: 3 });
    expect(readMarker({ ...record!, key: Buffer.from('00000009', 'hex') })).to.equal(null);
  });
});
