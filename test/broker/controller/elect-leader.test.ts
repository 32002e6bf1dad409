import { expect } from 'chai';
import {
  electForControlledShutdown,
  electForNew,
  electForOffline,
  electForReassignment,
  electPreferred,
} from '../../../broker/controller/elect-leader.ts';

const alive =
  (...ids: number[]) =>
  (id: number): boolean =>
    ids.includes(id);

describe('leader elections', () => {
  it('new: the first living replica, all living ones in sync', () => {
    expect(electForNew({ replicas: [1, 2, 3], isAlive: alive(2, 3) })).to.deep.equal({
      leader: 2,
      isr: [2, 3],
      unclean: false,
    });
    expect(electForNew({ replicas: [1], isAlive: alive() })).to.equal(null);
  });

  it('offline: the first assigned one that lives and is in sync, however the ISR is ordered', () => {
    const candidates = { replicas: [1, 2, 3], isr: [3, 2, 1], isAlive: alive(2, 3) };
    expect(electForOffline(candidates, false)).to.deep.equal({ leader: 2, isr: [3, 2], unclean: false });
  });

  it('offline: one that is not in sync only where that is allowed', () => {
    const candidates = { replicas: [1, 2], isr: [1], isAlive: alive(2) };
    expect(electForOffline(candidates, false)).to.equal(null);
    expect(electForOffline(candidates, true)).to.deep.equal({ leader: 2, isr: [2], unclean: true });
    expect(electForOffline({ ...candidates, isAlive: alive() }, true)).to.equal(null);
  });

  it('reassignment: the first of the target that lives and is in sync', () => {
    expect(electForReassignment({ replicas: [4, 5], isr: [1, 5], isAlive: alive(1, 4, 5) })?.leader).to.equal(5);
    expect(electForReassignment({ replicas: [4], isr: [1], isAlive: alive(4) })).to.equal(null);
  });

  it('preferred: the head of the assignment or nobody', () => {
    expect(electPreferred({ replicas: [1, 2], isr: [2, 1], isAlive: alive(1, 2) })).to.deep.equal({
      leader: 1,
      isr: [2, 1],
      unclean: false,
    });
    expect(electPreferred({ replicas: [1, 2], isr: [2], isAlive: alive(1, 2) })).to.equal(null);
    expect(electPreferred({ replicas: [], isr: [], isAlive: alive() })).to.equal(null);
  });

  it('controlled shutdown: one that stays; those that go leave the ISR', () => {
    const candidates = { replicas: [1, 2, 3], isr: [1, 2, 3], isAlive: alive(1, 2, 3) };
    expect(electForControlledShutdown(candidates, alive(1))).to.deep.equal({ leader: 2, isr: [2, 3], unclean: false });
    expect(electForControlledShutdown({ ...candidates, isr: [1] }, alive(1))).to.equal(null);
  });
});
