import { expect } from 'chai';
import { takeRecords, type FetchedRecord } from '../../../broker/client/fetched-records.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { buildMarker } from '../../../broker/records/control-records.ts';
import { setBaseOffset } from '../../../broker/records/record-batch.ts';

const batch = (baseOffset: number, values: string[], producerId = -1): Buffer =>
  buildBatch({
    baseOffset,
    records: values.map((value) => ({ key: null, value: Buffer.from(value), timestamp: 5 })),
    ...(producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence: 0, transactional: true }),
  });
const marker = (offset: number, type: 'abort' | 'commit', producerId: number): Buffer => {
  const bytes = buildMarker({ type, coordinatorEpoch: 0, producerId, producerEpoch: 0, timestamp: 5 });
  setBaseOffset(bytes, 0, offset);
  return bytes;
};

function take(records: Buffer, position: number, aborted: { producerId: number; firstOffset: number }[] = []) {
  const into: FetchedRecord[] = [];
  const next = takeRecords(into, { topic: 't', partition: 0, records, aborted }, position);
  return { values: into.map(({ value }) => String(value)), next };
}

describe('takeRecords', () => {
  it('skips what lies before the position in the first batch', () => {
    expect(take(Buffer.concat([batch(0, ['a', 'b', 'c']), batch(3, ['d'])]), 2)).to.deep.equal({
      values: ['c', 'd'],
      next: 4,
    });
  });

  it('leaves a batch that a limit cut off for the next fetch', () => {
    const cut = batch(1, ['b']);
    expect(take(Buffer.concat([batch(0, ['a']), cut.subarray(0, cut.length - 1)]), 0)).to.deep.equal({
      values: ['a'],
      next: 1,
    });
  });

  it('hides markers, and records of aborted transactions up to their marker', () => {
    const records = Buffer.concat([
      batch(0, ['bad'], 7),
      batch(1, ['good'], 8),
      marker(2, 'abort', 7),
      batch(3, ['later'], 7),
      marker(4, 'commit', 8),
    ]);
    expect(take(records, 0, [{ producerId: 7, firstOffset: 0 }])).to.deep.equal({ values: ['good', 'later'], next: 5 });
  });

  it('refuses a corrupt batch', () => {
    const corrupt = batch(0, ['a']);
    corrupt[corrupt.length - 1]! ^= 1;
    expect(() => take(corrupt, 0)).to.throw('Record batch for partition t-0 is invalid');
  });
});
