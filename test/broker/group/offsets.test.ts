import { expect } from 'chai';
import { GroupOffsets } from '../../../broker/group/offsets.ts';
import type { OffsetToCommit } from '../../../broker/group/offsets.ts';

function commit(offset: number, partition = 0, topic = 't'): OffsetToCommit {
  return { topic, partition, offset, leaderEpoch: -1, metadata: '', commitTimestamp: 0, expireTimestamp: -1 };
}
const at = (offsets: GroupOffsets, partition = 0): number | undefined => offsets.get('t', partition)?.offset;

describe('GroupOffsets', () => {
  it('shows a commit when the log has it, not before', () => {
    const offsets = new GroupOffsets();
    const first = [commit(5)];
    offsets.prepare(first);
    expect(at(offsets)).to.equal(undefined);
    expect(offsets.isUnstable('t', 0)).to.equal(true);
    expect(offsets.isEmpty).to.equal(false);
    offsets.commitAppended(first, 10);
    expect(at(offsets)).to.equal(5);
    expect(offsets.isUnstable('t', 0)).to.equal(false);
  });

  it('keeps the commit that stands later in the log, in whatever order the acknowledgements come', () => {
    const offsets = new GroupOffsets();
    const [first, second] = [[commit(5)], [commit(6)]];
    offsets.prepare(first);
    offsets.prepare(second);
    offsets.commitAppended(second, 11);
    offsets.prepare([commit(7)]); // keeps the partition staged, so the late one is looked at
    offsets.commitAppended(first, 10);
    expect(at(offsets)).to.equal(6);
  });

  it('forgets a commit that failed, and only that one', () => {
    const offsets = new GroupOffsets();
    const [first, second] = [[commit(5)], [commit(6)]];
    offsets.prepare(first);
    offsets.prepare(second);
    offsets.commitFailed(first);
    expect(offsets.isUnstable('t', 0)).to.equal(true);
    offsets.commitFailed(second);
    expect(offsets.isEmpty).to.equal(true);
  });

  it('drops a commit in flight whose offset is deleted, and asks for a tombstone after it', () => {
    const offsets = new GroupOffsets();
    const first = [commit(5)];
    offsets.prepare(first);
    expect(offsets.remove([{ topic: 't', partition: 0 }, { topic: 't', partition: 9 }])).to.deep.equal([{ topic: 't', partition: 0 }]);
    offsets.commitAppended(first, 10);
    expect(at(offsets)).to.equal(undefined);
    expect(offsets.isEmpty).to.equal(true);
  });

  it('shows the commits of a transaction once it commits, never those of an aborted one', () => {
    const offsets = new GroupOffsets();
    offsets.load('t', 1, commit(1), 5);
    offsets.loadTransactional(7, 't', 0, commit(10), 6);
    offsets.loadTransactional(8, 't', 1, commit(20), 7);
    expect([at(offsets), at(offsets, 1)]).to.deep.equal([undefined, 1]);
    expect([offsets.isUnstable('t', 0), offsets.isUnstable('t', 1)]).to.deep.equal([true, true]);
    offsets.completeTransaction(7, 'commit');
    offsets.completeTransaction(8, 'abort');
    expect([at(offsets), at(offsets, 1)]).to.deep.equal([10, 1]);
    expect([offsets.isUnstable('t', 0), offsets.isUnstable('t', 1)]).to.deep.equal([false, false]);
  });

  it('lets a newer plain commit stand when an older transaction commits', () => {
    const offsets = new GroupOffsets();
    offsets.loadTransactional(7, 't', 0, commit(10), 6);
    offsets.load('t', 0, commit(11), 8);
    offsets.completeTransaction(7, 'commit');
    expect(at(offsets)).to.equal(11);
  });

  it('expires what it is told to, but nothing with a newer commit on its way', () => {
    const offsets = new GroupOffsets();
    offsets.load('t', 0, commit(1), 1);
    offsets.load('t', 1, commit(2), 2);
    offsets.load('u', 0, commit(3), 3);
    offsets.prepare([commit(9, 1)]);
    expect(offsets.removeExpired((topic) => topic === 't')).to.deep.equal([{ topic: 't', partition: 0 }]);
    expect([...offsets.all()].map(([topic, partition]) => `${topic}-${partition}`)).to.deep.equal(['t-1', 'u-0']);
    expect(offsets.count).to.equal(2);
  });
});
