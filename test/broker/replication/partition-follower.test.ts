import { expect } from 'chai';
import { LeaderEpochs } from '../../../broker/log/leader-epochs.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { type FetchAnswer, type FollowedLog, PartitionFollower } from '../../../broker/replication/partition-follower.ts';

/** A log that ends at `logEndOffset`, of `epoch: first offset` entries. */
function log(logEndOffset: number, epochs: Record<number, number> = {}, logStartOffset = 0): FollowedLog {
  const entries = Object.entries(epochs).map(([leaderEpoch, startOffset]) => ({
    leaderEpoch: Number(leaderEpoch),
    startOffset,
  }));
  return { logStartOffset, logEndOffset, leaderEpochs: new LeaderEpochs(entries) };
}

function answer(more: Partial<FetchAnswer> = {}): FetchAnswer {
  const nothing = { epoch: -1, endOffset: -1 };
  return { errorCode: 0, highWatermark: 0, logStartOffset: 0, divergingEpoch: nothing, records: null, ...more };
}

const diverging = (epoch: number, endOffset: number) => answer({ divergingEpoch: { epoch, endOffset } });
const follower = (highWatermark = 0) => new PartitionFollower({ leaderEpoch: 7, highWatermark });

describe('PartitionFollower', () => {
  it('fetches from its log end, and says of which epoch its last record is', () => {
    expect(follower().position(log(9, { 1: 0, 4: 6 }, 2))).to.deep.equal({
      currentLeaderEpoch: 7,
      fetchOffset: 9,
      lastFetchedEpoch: 4,
      logStartOffset: 2,
    });
    expect(follower().position(log(0)).lastFetchedEpoch).to.equal(-1);
  });

  it('first cuts what no epoch is known of down to its high watermark', () => {
    expect(follower(5).firstStep(log(9))).to.deep.equal({ kind: 'truncate', offset: 5 });
    expect(follower(9).firstStep(log(9))).to.equal(null);
    expect(follower(5).firstStep(log(9, { 3: 0 }))).to.equal(null);
  });

  describe('judge()', () => {
    it('takes records when nothing diverges', () => {
      expect(follower().judge(answer(), log(3, { 1: 0 }))).to.deep.equal({ kind: 'append' });
    });

    const cases: [name: string, end: [number, number], own: FollowedLog, offset: number][] = [
      ['cuts to where the common epoch ends at the leader', [1, 3], log(5, { 1: 0, 2: 4 }), 3],
      ['cuts to where it ends here, if that is earlier', [1, 9], log(5, { 1: 0, 2: 4 }), 4],
      ['cuts within its last epoch', [2, 6], log(8, { 1: 0, 2: 4 }), 6],
      ['goes back to an older epoch when it lacks the one named', [3, 7], log(9, { 1: 0, 2: 4, 5: 6 }), 6],
      ['drops all when what it has is of later epochs only', [1, 4], log(9, { 2: 3, 5: 6 }), 3],
      ['never cuts beyond its end', [2, 20], log(8, { 1: 0, 2: 4 }), 8],
    ];
    for (const [name, [epoch, endOffset], own, offset] of cases) {
      it(name, () => {
        expect(follower().judge(diverging(epoch, endOffset), own)).to.deep.equal({ kind: 'truncate', offset });
      });
    }

    it('cuts to its high watermark when the leader knows no end', () => {
      expect(follower(4).judge(diverging(2, -1), log(9, { 2: 0 }))).to.deep.equal({ kind: 'truncate', offset: 4 });
    });

    it('asks for the range when its offset is refused, and waits when the leader is none', () => {
      const own = log(3, { 1: 0 });
      expect(follower().judge(answer({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE }), own)).to.deep.equal({
        kind: 'askForRange',
      });
      expect(follower().judge(answer({ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }), own)).to.deep.equal({
        kind: 'backOff',
        reason: 'NOT_LEADER_OR_FOLLOWER',
      });
    });
  });

  it('cuts to a shorter leader, begins anew behind what the leader deleted, and else tries again', () => {
    expect(follower().locate(0, 5, log(8))).to.deep.equal({ kind: 'truncate', offset: 5 });
    expect(follower().locate(10, 20, log(8))).to.deep.equal({ kind: 'restart', offset: 10 });
    expect(follower().locate(3, 20, log(8))).to.equal(null);
  });

  it("moves the high watermark with the leader's, as far as its log goes, and never back", () => {
    const core = follower(2);
    expect(core.advance(answer({ highWatermark: 9 }), log(5))).to.equal(true);
    expect(core.highWatermark).to.equal(5);
    expect(core.advance(answer({ highWatermark: 3 }), log(5))).to.equal(false);
    core.truncated(4);
    expect(core.highWatermark).to.equal(4);
    core.restarted(40);
    expect(core.highWatermark).to.equal(40);
  });

  it("follows the leader's log start, but not beyond its own high watermark", () => {
    const core = follower(6);
    expect(core.logStartAfter(answer({ logStartOffset: 4 }), log(9))).to.equal(4);
    expect(core.logStartAfter(answer({ logStartOffset: 8 }), log(9))).to.equal(6);
    expect(core.logStartAfter(answer({ logStartOffset: 4 }), log(9, {}, 4))).to.equal(null);
  });
});
