import { expect } from 'chai';
import fc from 'fast-check';
import { VisibleSize } from '../../../broker/replication/visible-size.ts';

describe('VisibleSize', () => {
  it('counts the appends that end at or below the watched offset', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ size: fc.nat(100), step: fc.nat(300) }), { maxLength: 200 }), (rounds) => {
        const visible = new VisibleSize();
        const appends: { end: number; size: number }[] = [];
        let watched = 0;
        rounds.forEach(({ size, step }, i) => {
          visible.note(i + 1, size);
          appends.push({ end: i + 1, size });
          watched = Math.min(i + 1, watched + (step % 4));
          visible.advance(watched);
          const expected = appends.filter(({ end }) => end <= watched).reduce((sum, append) => sum + append.size, 0);
          expect(visible.total).to.equal(expected);
        });
      }),
    );
  });

  it('forgets what was not visible yet when it is cleared', () => {
    const visible = new VisibleSize();
    visible.note(1, 10);
    visible.note(2, 20);
    visible.advance(1);
    visible.clear();
    visible.advance(2);
    expect(visible.total).to.equal(10);
  });
});
