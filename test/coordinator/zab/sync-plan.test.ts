import { expect } from 'chai';
import { History } from '../../../coordinator/zab/history.ts';
import { planFrom, planSync } from '../../../coordinator/zab/sync-plan.ts';
import { makeZxid } from '../../../shared/znode/zxid.ts';

type End = readonly [epoch: number, counter: number];

const NOTHING: End = [0, 0];

/** The leader: its disk ends at 1.4, in memory it has 1.5 to 1.6, 1.7, 3.1. */
function leaderHistory(): History {
  const history = new History(makeZxid(1, 4), 500, 1 << 20);
  for (const [epoch, first, last] of [[1, 5, 6], [1, 7, 7], [3, 1, 1]] as const) {
    history.append({ firstZxid: makeZxid(epoch, first), lastZxid: makeZxid(epoch, last), body: new Uint8Array(1) });
  }
  return history;
}

/** What a learner whose log ends there is sent. */
const PLANS: readonly { learner: End; floor?: End; plan: string; from?: End; why: string }[] = [
  { learner: [3, 1], plan: 'DIFF', from: [3, 1], why: 'the same end: nothing to send' },
  { learner: [1, 6], plan: 'DIFF', from: [1, 6], why: 'its end is in memory' },
  { learner: [1, 4], plan: 'DIFF', from: [1, 4], why: 'its end is where memory begins' },
  { learner: [3, 2], plan: 'TRUNC', from: [3, 1], why: 'it logged one more than the leader' },
  { learner: [2, 9], plan: 'TRUNC', from: [1, 7], why: 'an epoch that nobody committed anything in' },
  { learner: [1, 8], plan: 'TRUNC', from: [1, 7], why: 'the old leader proposed more, in vain' },
  { learner: [2, 9], floor: [1, 8], plan: 'SNAP', why: 'it cannot shorten its history so far' },
  { learner: [1, 3], plan: 'askDisk', why: 'older than memory' },
  { learner: [0, 0], plan: 'askDisk', why: 'it has nothing: perhaps the log is whole' },
];

describe('planSync', () => {
  for (const { learner, floor = NOTHING, plan, from, why } of PLANS) {
    it(`${plan}${from === undefined ? '' : ` from ${from.join('.')}`} for a learner that ends at ${learner.join('.')}: ${why}`, () => {
      const end = { lastZxid: makeZxid(...learner), truncateFloorZxid: makeZxid(...floor) };
      const expected = from === undefined ? { kind: plan } : { kind: plan, fromZxid: makeZxid(...from) };
      expect(planSync(end, leaderHistory())).to.deep.equal(expected);
    });
  }
});

describe('planFrom', () => {
  const learner = { lastZxid: makeZxid(1, 3), truncateFloorZxid: makeZxid(1, 1) };

  it('goes on from where the disk says that the histories part', () => {
    expect(planFrom(learner, makeZxid(1, 3))).to.deep.equal({ kind: 'DIFF', fromZxid: makeZxid(1, 3) });
    expect(planFrom(learner, makeZxid(1, 2))).to.deep.equal({ kind: 'TRUNC', fromZxid: makeZxid(1, 2) });
  });

  it('sends a snapshot where the log does not reach back so far, or the learner cannot', () => {
    expect(planFrom(learner, null)).to.deep.equal({ kind: 'SNAP' });
    expect(planFrom(learner, 0)).to.deep.equal({ kind: 'SNAP' });
  });
});
