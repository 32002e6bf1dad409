import { expect } from 'chai';
import type { Pending } from '../../../coordinator/server/client.ts';
import { LeadershipProbe } from '../../../coordinator/server/leadership-probe.ts';
import { SyncQueue } from '../../../coordinator/server/sync-queue.ts';

describe('LeadershipProbe', () => {
  /** Server 1 leads 1, 2 and 3. */
  const make = () => {
    const asked: number[] = [];
    const probe = new LeadershipProbe({ isQuorum: (has) => [2, 3].some(has), ask: (round) => asked.push(round) });
    const told: string[] = [];
    return { probe, asked, told, confirm: (name: string) => probe.confirm(() => told.push(name)) };
  };

  it('tells once a quorum has answered, and not again', () => {
    const { probe, asked, told, confirm } = make();
    confirm('a');
    expect([asked, told, probe.openRound]).to.deep.equal([[1], [], 1]);
    probe.answer(3, 1);
    probe.answer(2, 1);
    expect([told, probe.openRound]).to.deep.equal([['a'], null]);
  });

  it('has those who ask while a question is on its way wait for the next: its answers came too early for them', () => {
    const { probe, asked, told, confirm } = make();
    confirm('a');
    confirm('b');
    confirm('c');
    probe.answer(2, 1);
    expect([asked, told]).to.deep.equal([[1, 2], ['a']]);
    probe.answer(3, 1); // late, of the first question
    expect(told).to.deep.equal(['a']);
    probe.answer(3, 2);
    expect(told).to.deep.equal(['a', 'b', 'c']);
  });

  it('never tells without a quorum, and at once where the leader is one', () => {
    const { probe, told, confirm } = make();
    confirm('a');
    probe.answer(4, 1);
    expect(told).to.deep.equal([]);
    const alone = new LeadershipProbe({ isQuorum: () => true, ask: () => undefined });
    alone.confirm(() => told.push('alone'));
    expect(told).to.deep.equal(['alone']);
  });
});

describe('SyncQueue', () => {
  it('answers in order what is confirmed and applied, whichever comes last', () => {
    const answered: number[] = [];
    const queue = new SyncQueue(({ xid }) => answered.push(xid));
    const sync = (xid: number): Pending => ({ client: null, xid, request: null, txn: null, inFlight: true, startMs: 0, outcome: null });
    queue.add(sync(1), 0);
    queue.add(sync(2), 10);
    queue.add(sync(3), 0);
    queue.applied(100);
    expect(answered, 'nothing is confirmed').to.deep.equal([]);
    queue.confirm(2, 5);
    expect(answered).to.deep.equal([1]);
    queue.confirm(1, 5);
    expect(answered, 'the second waits for 10, the third for the second').to.deep.equal([1]);
    queue.applied(10);
    expect(answered).to.deep.equal([1, 2, 3]);
    expect(queue.size).to.equal(0);
  });
});
