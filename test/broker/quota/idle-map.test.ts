import { expect } from 'chai';
import { IdleMap } from '../../../broker/quota/idle-map.ts';

describe('IdleMap', () => {
  let made: number;
  const map = (sizeMax: number): IdleMap<number> => new IdleMap({ idleMs: 100, sizeMax, make: () => (made += 1) });
  beforeEach(() => {
    made = 0;
  });

  it('makes a value once, and anew when it was idle for too long', () => {
    const values = map(10);
    expect([values.use('a', 0), values.use('b', 0), values.use('a', 100), values.use('a', 200), values.use('b', 201)]).to.deep.equal([1, 2, 1, 1, 3]);
  });

  it('forgets what is idle when anything is used', () => {
    const values = map(10);
    for (const key of ['a', 'b', 'c']) values.use(key, 0);
    values.use('b', 60);
    values.use('d', 120);
    expect(values.size).to.equal(2);
    expect(values.use('b', 120)).to.equal(2);
  });

  it('forgets what was unused for the longest when there are too many', () => {
    const values = map(2);
    for (const key of ['a', 'b', 'a', 'c']) values.use(key, 0);
    expect(values.size).to.equal(2);
    expect([values.use('a', 0), values.use('b', 0)]).to.deep.equal([1, 4]);
  });
});
