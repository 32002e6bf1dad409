import { expect } from 'chai';
import fc from 'fast-check';
import { TimeIndex } from '../../../broker/log/time-index.ts';

const steps = fc.array(fc.record({ offset: fc.integer({ min: 1, max: 50 }), position: fc.integer({ min: 1, max: 5000 }) }), {
  maxLength: 60,
});

describe('TimeIndex', () => {
  it('tells an offset before which everything is older than a timestamp', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: -10, max: 4000 }), fc.integer({ min: 0, max: 4000 }), (grown, sought, cut) => {
        const index = new TimeIndex(7);
        let entries: { offset: number; time: number }[] = [];
        let offset = 7;
        let time = 1_700_000_000_000;
        for (const step of grown) entries.push({ offset: (offset += step.position), time: (time += step.offset) });
        for (const entry of entries) index.maybeAppend(entry.time, entry.offset);
        for (const entry of entries) index.maybeAppend(entry.time, offset + 1); // nothing newer: nothing to say
        const check = (): void => {
          const older = entries.filter((entry) => entry.time < 1_700_000_000_000 + sought).at(-1);
          expect(index.offsetBefore(1_700_000_000_000 + sought)).to.equal(older?.offset ?? 7);
          expect(index.lastTimestamp).to.equal(entries.at(-1)?.time ?? -1);
          expect(index.lastOffset).to.equal(entries.at(-1)?.offset ?? 7);
        };
        check();
        index.truncateTo(7 + cut);
        entries = entries.filter((entry) => entry.offset < 7 + cut);
        check();
        expect(TimeIndex.decode(index.encode(), 7)?.encode()).to.deep.equal(index.encode());
      }),
    );
  });

  it('reads the bytes that Kafka writes', () => {
    const bytes = Buffer.from('000001a204789eb50000037c', 'hex');
    const index = TimeIndex.decode(Buffer.concat([bytes, Buffer.alloc(24)]), 0)!;
    expect(index.entryCount).to.equal(1);
    expect(index.lastTimestamp).to.equal(0x1a204789eb5);
    expect(index.lastOffset).to.equal(892);
    expect(index.encode()).to.deep.equal(bytes);
    expect(TimeIndex.decode(Buffer.alloc(13), 0)).to.equal(null);
    expect(TimeIndex.decode(Buffer.concat([bytes, bytes]), 0)).to.equal(null);
  });
});
