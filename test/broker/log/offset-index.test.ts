import { expect } from 'chai';
import fc from 'fast-check';
import { OffsetIndex } from '../../../broker/log/offset-index.ts';

const steps = fc.array(fc.record({ offset: fc.integer({ min: 1, max: 50 }), position: fc.integer({ min: 1, max: 5000 }) }), {
  maxLength: 60,
});

describe('OffsetIndex', () => {
  it('finds what a linear scan finds, before and after a cut', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: -5, max: 3000 }), fc.integer({ min: 0, max: 3000 }), (grown, sought, cut) => {
        const index = new OffsetIndex(100);
        let entries: { offset: number; position: number }[] = [];
        let offset = 100;
        let position = 0;
        for (const step of grown) entries.push({ offset: (offset += step.offset), position: (position += step.position) });
        for (const entry of entries) index.append(entry.offset, entry.position);
        const check = (): void => {
          const before = entries.filter((entry) => entry.offset <= 100 + sought).at(-1);
          expect(index.positionFor(100 + sought)).to.equal(before?.position ?? 0);
          const at = entries.filter((entry) => entry.position <= sought * 50).at(-1);
          expect(index.batchStartAtMost(sought * 50)).to.equal(at?.position ?? 0);
          expect(index.entryCount).to.equal(entries.length);
          expect(index.lastOffset).to.equal(entries.at(-1)?.offset ?? 100);
        };
        check();
        index.truncateTo(100 + cut);
        entries = entries.filter((entry) => entry.offset < 100 + cut);
        check();
        expect(OffsetIndex.decode(index.encode(), 100)?.encode()).to.deep.equal(index.encode());
      }),
    );
  });

  it('reads the bytes that Kafka writes, and stops where a preallocated file begins to be empty', () => {
    const bytes = Buffer.from('0000003000001014' + '0000006100002029' + '0000000000000000', 'hex');
    const index = OffsetIndex.decode(bytes, 1000)!;
    expect(index.entryCount).to.equal(2);
    expect(index.positionFor(1048)).to.equal(0x1014);
    expect(index.positionFor(1047)).to.equal(0);
    expect(index.positionFor(5000)).to.equal(0x2029);
    expect(index.encode()).to.deep.equal(bytes.subarray(0, 16));
    expect(index.encode(1)).to.deep.equal(bytes.subarray(8, 16));
  });

  it('refuses a torn file and entries that do not grow', () => {
    expect(OffsetIndex.decode(Buffer.alloc(7), 0)).to.equal(null);
    expect(OffsetIndex.decode(Buffer.from('0000000500000100' + '0000000500000200', 'hex'), 0)).to.equal(null);
    expect(OffsetIndex.decode(Buffer.from('0000000500000100' + '0000000600000100', 'hex'), 0)).to.equal(null);
    expect(OffsetIndex.decode(Buffer.from('ffffffff00000100', 'hex'), 0)).to.equal(null);
  });
});
