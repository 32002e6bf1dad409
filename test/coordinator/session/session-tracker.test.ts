import { expect } from 'chai';
import fc from 'fast-check';
import type { Session } from '../../../coordinator/session/session-tracker.ts';
import { SessionTracker } from '../../../coordinator/session/session-tracker.ts';

const session = (id: bigint, timeoutMs: number): Session => ({ id, timeoutMs, deadlineMs: 0, closing: false });
const idsOf = (sessions: readonly Session[]): bigint[] => sessions.map(({ id }) => id);

describe('SessionTracker', () => {
  it('expires a silent session after its timeout, at the end of the tick', () => {
    const tracker = new SessionTracker(100, 0);
    tracker.add(session(1n, 250), 30);
    expect(tracker.expire(280)).to.deep.equal([]);
    expect(tracker.expire(299)).to.deep.equal([]);
    expect(idsOf(tracker.expire(300))).to.deep.equal([1n]);
    expect(tracker.get(1n)?.closing).to.equal(true);
    tracker.remove(1n);
    expect(tracker.size).to.equal(0);
  });

  it('keeps a session that is heard of', () => {
    const tracker = new SessionTracker(100, 0);
    const one = session(1n, 250);
    tracker.add(one, 0);
    for (let nowMs = 0; nowMs < 5000; nowMs += 240) {
      tracker.touch(one, nowMs);
      expect(tracker.expire(nowMs)).to.deep.equal([]);
    }
  });

  it('does not bring an expired session back', () => {
    const tracker = new SessionTracker(100, 0);
    const one = session(1n, 100);
    tracker.add(one, 0);
    expect(idsOf(tracker.expire(1000))).to.deep.equal([1n]);
    tracker.touch(one, 1000);
    expect(tracker.expire(10_000)).to.deep.equal([]);
  });

  it('catches up after a long pause, soonest first', () => {
    const tracker = new SessionTracker(10, 0);
    tracker.add(session(2n, 50), 0);
    tracker.add(session(1n, 20), 0);
    tracker.add(session(3n, 10_000_000), 0);
    expect(idsOf(tracker.expire(9_000_000))).to.deep.equal([1n, 2n]);
    expect(idsOf(tracker.expire(10_000_010))).to.deep.equal([3n]);
  });

  it('never expires early and at most a tick late, compared with one deadline per session', () => {
    const step = fc.record({ id: fc.integer({ min: 0, max: 4 }), afterMs: fc.integer({ min: 0, max: 400 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const tracker = new SessionTracker(100, 0);
        const heardMs = new Map<number, number>();
        let nowMs = 0;
        for (const { id, afterMs } of steps) {
          nowMs += afterMs;
          const expired = new Set(idsOf(tracker.expire(nowMs)).map(Number));
          for (const [known, atMs] of heardMs) {
            const timeoutMs = 200 + known * 70;
            if (expired.has(known)) expect(nowMs).to.be.greaterThan(atMs + timeoutMs);
            else expect(nowMs).to.be.at.most(atMs + timeoutMs + 100);
          }
          for (const gone of expired) {
            tracker.remove(BigInt(gone));
            heardMs.delete(gone);
          }
          const known = tracker.get(BigInt(id));
          if (known === undefined) tracker.add(session(BigInt(id), 200 + id * 70), nowMs);
          else tracker.touch(known, nowMs);
          heardMs.set(id, nowMs);
        }
      }),
    );
  });
});
