import { expect } from 'chai';
import fc from 'fast-check';
import { OffsetWaiters } from '../../../broker/replication/offset-waiters.ts';

describe('OffsetWaiters', () => {
  it('releases in offset order, equal offsets in the order they came', () => {
    const waiters = new OffsetWaiters<string>();
    waiters.add(10, 'a');
    waiters.add(20, 'b');
    waiters.add(10, 'c');
    waiters.add(5, 'd');
    const released: (string | undefined)[] = [];
    for (let i = 0; i < 5; i += 1) released.push(waiters.takeReached(19));
    expect(released).to.deep.equal(['d', 'a', 'c', undefined, undefined]);
    expect(waiters.takeAll()).to.deep.equal(['b']);
    expect(waiters.size).to.equal(0);
  });

  it('behaves as a sorted list under any sequence of additions, releases and removals', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), offset: fc.nat(300) }),
      fc.record({ kind: fc.constant('reach' as const), offset: fc.nat(300) }),
      fc.record({ kind: fc.constant('remove' as const), offset: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
        const waiters = new OffsetWaiters<number>();
        let model: { offset: number; id: number }[] = [];
        actions.forEach(({ kind, offset }, id) => {
          if (kind === 'add') {
            waiters.add(offset, id);
            model.push({ offset, id });
          } else if (kind === 'remove') {
            waiters.remove(offset);
            model = model.filter((entry) => entry.id !== offset);
          } else {
            const taken: number[] = [];
            for (let next = waiters.takeReached(offset); next !== undefined; next = waiters.takeReached(offset))
              taken.push(next);
            const reached = model
              .filter((entry) => entry.offset <= offset)
              .sort((a, b) => a.offset - b.offset || a.id - b.id);
            expect(taken).to.deep.equal(reached.map((entry) => entry.id));
            model = model.filter((entry) => entry.offset > offset);
          }
          expect(waiters.size).to.equal(model.length);
        });
      }),
    );
  });
});
