import { expect } from 'chai';
import fc from 'fast-check';
import { History } from '../../../coordinator/zab/history.ts';
import type { ProposedBatch } from '../../../coordinator/zab/peer-types.ts';
import { epochOf, makeZxid } from '../../../shared/znode/zxid.ts';

type Step = { kind: 'append'; count: number; newEpoch: boolean } | { kind: 'commit' | 'truncate'; share: number } | { kind: 'deliver' };

const anySteps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 5 }), newEpoch: fc.boolean() }),
    fc.record({ kind: fc.constantFrom('commit' as const, 'truncate' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant('deliver' as const) }),
  ),
  { maxLength: 60 },
);

/** All batches, for ever, and how many are committed and delivered. */
class DumbHistory {
  batches: ProposedBatch[] = [];
  committed = 0;
  delivered = 0;
  private readonly firstZxid: number;

  constructor(firstZxid: number) {
    this.firstZxid = firstZxid;
  }

  endOf(count: number): number {
    return count === 0 ? this.firstZxid : this.batches[count - 1]!.lastZxid;
  }

  floor(zxid: number): number {
    return this.batches.map(({ lastZxid }) => lastZxid).findLast((lastZxid) => lastZxid <= zxid) ?? this.firstZxid;
  }
}

function play(steps: readonly Step[], countMax: number): { history: History; dumb: DumbHistory; delivered: number[] } {
  const history = new History(makeZxid(1, 7), countMax, 1 << 20);
  const dumb = new DumbHistory(makeZxid(1, 7));
  const delivered: number[] = [];
  for (const step of steps) {
    if (step.kind === 'append') {
      const last = dumb.endOf(dumb.batches.length);
      const firstZxid = step.newEpoch ? makeZxid(epochOf(last) + 1, 1) : last + 1;
      const batch = { firstZxid, lastZxid: firstZxid + step.count - 1, body: new Uint8Array(step.count) };
      history.append(batch);
      dumb.batches.push(batch);
    } else if (step.kind === 'commit') {
      dumb.committed = Math.max(dumb.committed, Math.round(step.share * dumb.batches.length));
      if (dumb.committed > 0) history.commit(dumb.endOf(dumb.committed));
    } else if (step.kind === 'truncate') {
      const keep = dumb.committed + Math.round(step.share * (dumb.batches.length - dumb.committed));
      history.truncate(dumb.endOf(keep));
      dumb.batches.length = keep;
    } else {
      for (let batch = history.deliver(); batch !== null; batch = history.deliver()) delivered.push(batch.lastZxid);
      dumb.delivered = dumb.committed;
    }
  }
  return { history, dumb, delivered };
}

describe('History', () => {
  it('agrees with a list that forgets nothing, where it still remembers', () => {
    fc.assert(
      fc.property(anySteps, fc.integer({ min: 1, max: 4 }), fc.double({ min: 0, max: 1, noNaN: true }), (steps, countMax, share) => {
        const { history, dumb, delivered } = play(steps, countMax);
        const { length } = dumb.batches;
        expect(history.lastZxid).to.equal(dumb.endOf(length));
        expect(delivered).to.deep.equal(dumb.batches.slice(0, dumb.delivered).map(({ lastZxid }) => lastZxid));
        const zxid = dumb.endOf(Math.round(share * length)) + (share > 0.5 ? 0 : 1);
        if (zxid < history.baseZxid) {
          expect(history.floor(zxid)).to.equal(null);
          expect(history.indexAfter(zxid)).to.equal(null);
          return;
        }
        expect(history.floor(zxid)).to.equal(dumb.floor(zxid));
        const rest: number[] = [];
        for (let at = history.indexAfter(zxid)!; at < history.endIndex; at++) rest.push(history.at(at).lastZxid);
        expect(rest).to.deep.equal(dumb.batches.map(({ lastZxid }) => lastZxid).filter((lastZxid) => lastZxid > zxid));
      }),
    );
  });

  it('keeps what is not applied, and of what is applied no more than it was told to', () => {
    fc.assert(
      fc.property(anySteps, fc.integer({ min: 1, max: 4 }), (steps, countMax) => {
        const { history, dumb } = play([...steps, { kind: 'deliver' }], countMax);
        const waiting = dumb.batches.slice(dumb.delivered);
        expect(history.endIndex - history.firstIndex - waiting.length).to.be.within(0, countMax);
        expect(history.uncommittedBytes).to.equal(waiting.reduce((sum, { body }) => sum + body.length, 0));
      }),
    );
  });

  it('takes nothing that leaves a gap', () => {
    const history = new History(makeZxid(1, 7), 10, 1 << 20);
    const batch = (epoch: number, first: number, last: number): ProposedBatch => ({
      firstZxid: makeZxid(epoch, first),
      lastZxid: makeZxid(epoch, last),
      body: new Uint8Array(0),
    });
    for (const bad of [batch(1, 7, 8), batch(1, 9, 9), batch(2, 2, 2), batch(0, 1, 1), batch(1, 9, 8)]) {
      expect(history.continuesWith(bad)).to.equal(false);
    }
    for (const good of [batch(1, 8, 9), batch(2, 1, 1), batch(5, 1, 3)]) expect(history.continuesWith(good)).to.equal(true);
  });
});
