import { gzipSync, crc32 } from 'node:zlib';
import { expect } from 'chai';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { iterateRecords } from '../../../broker/records/iterate-records.ts';
import { codecOf, Codec, recordCountOf } from '../../../broker/records/record-batch.ts';
import { LegacyFormatError, downConvert, isLegacyFormat, upConvert } from '../../../broker/replication/legacy-format.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ''), 'hex');

/** Offset 7, magic 0, key null, value "hi": written down by hand, its CRC computed elsewhere. */
const MESSAGE_V0 = hex('0000000000000007 00000010 fd6ebddb 00 00 ffffffff 00000002 6869');
/** Offset 7, magic 1, timestamp 1000, key "k", value null. */
const MESSAGE_V1 = hex('0000000000000007 00000017 4b38d7a9 01 00 00000000000003e8 00000001 6b ffffffff');

function sealed(message: Buffer): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt32BE(crc32(copy.subarray(16)), 12);
  return copy;
}

function wrapper(magic: 0 | 1, attributes: number, timestamp: number, value: Buffer): Buffer {
  const head = magic === 0 ? Buffer.alloc(0) : Buffer.alloc(8);
  if (magic === 1) head.writeBigInt64BE(BigInt(timestamp));
  const body = Buffer.concat([Buffer.from([magic, attributes]), head, hex('ffffffff'), Buffer.alloc(4), value]);
  body.writeInt32BE(value.length, body.length - value.length - 4);
  const message = Buffer.concat([Buffer.alloc(16), body]);
  message.writeInt32BE(body.length + 4, 8);
  return sealed(message);
}

const text = (blob: Buffer | null): string | null => blob?.toString() ?? null;
const told = (batch: Buffer): unknown[] =>
  [...iterateRecords(batch)].map(({ offset, timestamp, key, value }) => [offset, timestamp, text(key), text(value)]);

describe('legacy message formats', () => {
  it('are told from batches by their magic', () => {
    expect(isLegacyFormat(MESSAGE_V0)).to.equal(true);
    expect(isLegacyFormat(buildBatch({ records: [{ key: null, value: null, timestamp: 0 }] }))).to.equal(false);
    expect(isLegacyFormat(Buffer.alloc(3))).to.equal(false);
  });

  describe('upConvert()', () => {
    it('rewrites a set of both magics as one batch', () => {
      const batch = upConvert(Buffer.concat([MESSAGE_V0, MESSAGE_V1]));
      expect(told(batch)).to.deep.equal([
        [0, -1, null, 'hi'],
        [1, 1000, 'k', null],
      ]);
      expect(codecOf(batch, 0)).to.equal(Codec.none);
    });

    it('unpacks a compressed message and keeps its codec', () => {
      const inner = Buffer.concat([MESSAGE_V1, MESSAGE_V1]);
      const batch = upConvert(wrapper(1, Codec.gzip, 5000, gzipSync(inner)));
      expect(told(batch)).to.deep.equal([
        [0, 1000, 'k', null],
        [1, 1000, 'k', null],
      ]);
      expect(codecOf(batch, 0)).to.equal(Codec.gzip);
    });

    it("takes the outer message's stamp when the log gave it", () => {
      expect(told(upConvert(wrapper(1, Codec.gzip | 8, 5000, gzipSync(MESSAGE_V1))))).to.deep.equal([[0, 5000, 'k', null]]);
    });

    it('leaves out a message that was cut off', () => {
      const whole = MESSAGE_V0;
      expect(recordCountOf(upConvert(Buffer.concat([whole, whole.subarray(0, 20)])), 0)).to.equal(1);
    });

    const refused: [string, Buffer][] = [
      ['nothing', Buffer.alloc(0)],
      ['only a part of a message', MESSAGE_V0.subarray(0, 20)],
      ['a wrong CRC', Buffer.concat([MESSAGE_V0.subarray(0, -1), Buffer.from('!')])],
      ['a size below any message', hex('0000000000000007 00000003 000000')],
      ['a magic that is not old', wrapper(1, 0, 0, Buffer.alloc(0)).fill(2, 16, 17)],
      ['a key longer than the message', sealed(hex('0000000000000007 00000010 00000000 00 00 0000ffff 00000002 6869'))],
      ['a codec that is unknown', wrapper(1, 7, 0, Buffer.from('x'))],
      ['zstd, which is younger', wrapper(1, Codec.zstd, 0, Buffer.from('x'))],
      ['compressed nonsense', wrapper(1, Codec.gzip, 0, Buffer.from('x'))],
      ['a compressed nothing', wrapper(1, Codec.gzip, 0, gzipSync(Buffer.alloc(0)))],
      ['nested compression', wrapper(1, Codec.gzip | 8, 0, gzipSync(wrapper(1, Codec.gzip, 0, gzipSync(MESSAGE_V1))))],
      [
        'nested compression without a stamp',
        wrapper(1, Codec.gzip, 0, gzipSync(wrapper(1, Codec.gzip, 0, gzipSync(MESSAGE_V1)))),
      ],
    ];
    for (const [what, bytes] of refused) {
      it(`refuses ${what}`, () => {
        expect(() => upConvert(bytes)).to.throw(LegacyFormatError);
      });
    }
  });

  describe('downConvert()', () => {
    const records = [
      { key: null, value: Buffer.from('hi'), timestamp: 1000 },
      { key: Buffer.from('k'), value: null, timestamp: 1000, headers: [{ key: 'h', value: Buffer.from('v') }] },
    ];

    it('writes messages as they were before 0.11', () => {
      const messages = downConvert(buildBatch({ baseOffset: 7, records: records.slice(0, 1) }), 0, 0)!;
      expect(messages.toString('hex')).to.equal(MESSAGE_V0.toString('hex'));
      const withStamp = downConvert(buildBatch({ baseOffset: 6, records }), 1, 7)!;
      expect(withStamp.toString('hex'), 'from the fetch offset on').to.equal(MESSAGE_V1.toString('hex'));
    });

    it('unpacks what is compressed, over several batches, and leaves markers out', () => {
      const batches = Buffer.concat([
        buildBatch({ baseOffset: 0, records, compression: 'gzip' }),
        buildBatch({
          baseOffset: 2,
          records: [{ key: Buffer.alloc(4), value: Buffer.alloc(6), timestamp: 1 }],
          control: true,
        }),
        buildBatch({ baseOffset: 3, records }),
      ]);
      const messages = downConvert(batches, 1, 0)!;
      expect(recordCountOf(upConvert(messages), 0)).to.equal(4);
      expect(messages.readBigInt64BE(messages.length - 35)).to.equal(4n);
    });

    it('has no words for zstd', () => {
      expect(downConvert(buildBatch({ records, compression: 'zstd' }), 1, 0)).to.equal(null);
    });
  });
});
