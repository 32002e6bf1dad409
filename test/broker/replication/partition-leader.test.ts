import { expect } from 'chai';
import fc from 'fast-check';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { PartitionLeader } from '../../../broker/replication/partition-leader.ts';

const LAG_MS = 1_000;

function leader(options: Partial<ConstructorParameters<typeof PartitionLeader>[0]> = {}): PartitionLeader {
  return new PartitionLeader({
    localBrokerId: 0,
    leaderEpoch: 5,
    partitionEpoch: 7,
    replicas: [0, 1, 2],
    isr: [0, 1, 2],
    replicaLagTimeMaxMs: LAG_MS,
    logEndOffset: 10,
    leaderEpochStartOffset: 10,
    highWatermark: 10,
    nowMs: 0,
    ...options,
  });
}

describe('PartitionLeader', () => {
  it('moves the high watermark with its own log end when it is the only replica', () => {
    const alone = leader({ replicas: [0], isr: [0], highWatermark: 4 });
    expect(alone.highWatermark).to.equal(10);
    expect(alone.logEndAdvanced(15, 1)).to.equal(true);
    expect(alone.highWatermark).to.equal(15);
    expect(alone.logEndAdvanced(15, 2)).to.equal(false);
  });

  it('keeps the high watermark at the slowest member of the ISR', () => {
    const partition = leader();
    expect(partition.logEndAdvanced(20, 1)).to.equal(false);
    expect(partition.followerFetched(1, 20, 0, 2)).to.equal(false);
    expect(partition.followerFetched(2, 14, 0, 3)).to.equal(true);
    expect(partition.highWatermark).to.equal(14);
    expect(partition.followerFetched(2, 20, 0, 4)).to.equal(true);
    expect(partition.highWatermark).to.equal(20);
  });

  it('goes on once a member that stopped fetching was taken out of the ISR, not before', () => {
    const partition = leader();
    partition.logEndAdvanced(20, 1);
    partition.followerFetched(1, 20, 0, 2);
    expect(partition.proposeShrink(LAG_MS)).to.equal(null); // both members of the ISR still have their grace
    partition.followerFetched(1, 20, 0, LAG_MS);
    const proposal = partition.proposeShrink(LAG_MS + 1);
    expect(proposal).to.deep.equal({ isr: [0, 1], leaderEpoch: 5, partitionEpoch: 7 });
    expect(partition.highWatermark).to.equal(10);
    expect(partition.proposeShrink(LAG_MS + 2), 'one change at a time').to.equal(null);
    expect(partition.isrCommitted([0, 1], 8, LAG_MS + 2)).to.equal(true);
    expect(partition.highWatermark).to.equal(20);
    expect(partition.isUnderReplicated).to.equal(true);
  });

  it('does not shrink a follower away that has everything, however long ago it fetched', () => {
    const partition = leader();
    partition.followerFetched(1, 10, 0, 1);
    partition.followerFetched(2, 10, 0, 1);
    expect(partition.proposeShrink(LAG_MS * 50)).to.equal(null);
  });

  it('counts a follower as caught up with the moment of its fetch before, when it has got what there was then', () => {
    const partition = leader();
    partition.followerFetched(1, 10, 0, 100);
    partition.followerFetched(2, 10, 0, 100);
    partition.logEndAdvanced(20, 150);
    partition.followerFetched(1, 15, 0, 200); // behind, and behind what it saw: nothing new is known
    partition.followerFetched(2, 20, 0, 200);
    partition.logEndAdvanced(30, 250);
    partition.followerFetched(1, 20, 0, 900); // has all that the leader had at 200
    expect(partition.follower(1)!.lastCaughtUpMs).to.equal(200);
    expect(partition.follower(2)!.lastCaughtUpMs).to.equal(200);
  });

  it('lets a follower into the ISR that has the high watermark and the start of this epoch, and counts it from the proposal on', () => {
    const partition = leader({ isr: [0, 1], highWatermark: 6 });
    partition.followerFetched(1, 10, 0, 1);
    expect(partition.highWatermark).to.equal(10);
    partition.followerFetched(2, 9, 0, 2);
    expect(partition.proposeExpansion(2), 'below the high watermark').to.equal(null);
    partition.followerFetched(2, 10, 0, 3);
    expect(partition.proposeExpansion(2)!.isr).to.deep.equal([0, 1, 2]);
    expect(partition.maximalIsrCount).to.equal(3);
    partition.logEndAdvanced(12, 4);
    partition.followerFetched(1, 12, 0, LAG_MS * 9);
    expect(partition.highWatermark, 'the one that is being added holds it back').to.equal(10);
    expect(partition.isr, 'but min.insync.replicas counts who is in').to.deep.equal([0, 1]);
    partition.isrCommitted([0, 1, 2], 8, LAG_MS * 9);
    expect(partition.isr).to.deep.equal([0, 1, 2]);
    expect(partition.partitionEpoch).to.equal(8);
  });

  it('knows nothing of brokers that are not replicas', () => {
    expect(leader().proposeExpansion(9)).to.equal(null);
    expect(leader().follower(9)).to.equal(undefined);
  });

  const refusals: { errorCode: number; outcome: string; inFlightAfter: boolean }[] = [
    { errorCode: ErrorCode.INELIGIBLE_REPLICA, outcome: 'dropped', inFlightAfter: false },
    { errorCode: ErrorCode.OPERATION_NOT_ATTEMPTED, outcome: 'dropped', inFlightAfter: false },
    { errorCode: ErrorCode.INVALID_UPDATE_VERSION, outcome: 'waiting', inFlightAfter: true },
    { errorCode: ErrorCode.FENCED_LEADER_EPOCH, outcome: 'waiting', inFlightAfter: true },
    { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, outcome: 'waiting', inFlightAfter: true },
    { errorCode: ErrorCode.NOT_CONTROLLER, outcome: 'retry', inFlightAfter: true },
    { errorCode: ErrorCode.NETWORK_EXCEPTION, outcome: 'retry', inFlightAfter: true },
  ];
  for (const { errorCode, outcome, inFlightAfter } of refusals) {
    it(`is ${outcome} after a refusal with ${errorCode}`, () => {
      const partition = leader({ isr: [0, 1] });
      partition.followerFetched(2, 10, 0, 1);
      expect(partition.proposeExpansion(2)).to.not.equal(null);
      expect(partition.isrRefused(errorCode)).to.equal(outcome);
      expect(partition.isrChangeInFlight).to.equal(inFlightAfter);
    });
  }

  it('does not wait for a follower that the controller keeps out, until it lets it in', () => {
    const partition = leader({ isr: [0, 1] });
    partition.followerFetched(2, 10, 0, 1);
    partition.proposeExpansion(2);
    partition.logEndAdvanced(20, 2);
    partition.followerFetched(1, 20, 0, 3);
    expect(partition.highWatermark, 'it may join').to.equal(10);
    partition.isrRefused(ErrorCode.INELIGIBLE_REPLICA);
    expect(partition.advanceHighWatermark(4)).to.equal(true);
    expect(partition.highWatermark).to.equal(20);
    partition.followerFetched(2, 20, 0, 5);
    partition.proposeExpansion(2);
    partition.logEndAdvanced(30, 6);
    partition.followerFetched(1, 30, 0, 7);
    expect(partition.highWatermark, 'it may join again').to.equal(20);
    partition.isrCommitted([0, 1, 2], 8, 8);
    partition.isrCommitted([0, 1], 9, 9);
    expect(partition.highWatermark, 'it was in').to.equal(20);
  });

  it('ignores an ISR that is older than the one it knows', () => {
    const partition = leader();
    partition.isrCommitted([0, 1], 9, 1);
    partition.isrCommitted([0], 8, 2);
    expect(partition.isr).to.deep.equal([0, 1]);
  });

  it('refuses acks=all before the append when the ISR is too small, and afterwards when it became so', () => {
    const partition = leader({ isr: [0, 1] });
    expect(partition.checkAppend(-1, 3)).to.equal(ErrorCode.NOT_ENOUGH_REPLICAS);
    expect(partition.checkAppend(1, 3)).to.equal(ErrorCode.NONE);
    expect(partition.checkAppend(-1, 2)).to.equal(ErrorCode.NONE);
    partition.isrCommitted([0], 8, 1);
    expect(partition.checkAcknowledged(2)).to.equal(ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    expect(partition.checkAcknowledged(1)).to.equal(ErrorCode.NONE);
  });

  it('keeps followers’ positions when it is elected again, and forgets when each fetched', () => {
    const before = leader();
    before.followerFetched(1, 8, 3, 50);
    const after = leader({ leaderEpoch: 6, isr: [0, 1], predecessor: before, nowMs: 90 });
    expect(after.follower(1)).to.deep.include({ logEndOffset: 8, logStartOffset: 3, lastFetchMs: 90, lastCaughtUpMs: 90 });
    expect(after.follower(2)!.logEndOffset).to.equal(-1);
    expect(after.leaderEpochStartOffset).to.equal(10);
  });

  it('tells the smallest log start among live replicas', () => {
    const partition = leader();
    partition.followerFetched(1, 10, 4, 1);
    partition.followerFetched(2, 10, 2, 1);
    expect(partition.lowWatermark(5, () => true)).to.equal(2);
    expect(partition.lowWatermark(5, (brokerId) => brokerId !== 2)).to.equal(4);
    expect(partition.lowWatermark(5, () => false)).to.equal(5);
  });

  it('keeps the high watermark where a dumb model computes it, never lets it fall, and never beyond what the ISR has', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), by: fc.integer({ min: 1, max: 5 }), who: fc.constant(0) }),
      fc.record({ kind: fc.constant('fetch' as const), by: fc.nat(8), who: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant('wait' as const), by: fc.nat(700), who: fc.constant(0) }),
      fc.record({ kind: fc.constant('expand' as const), by: fc.constant(0), who: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant('shrink' as const), by: fc.constant(0), who: fc.constant(0) }),
      fc.record({ kind: fc.constant('answer' as const), by: fc.nat(1), who: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const partition = leader({
          replicas: [0, 1, 2, 3],
          isr: [0, 1],
          logEndOffset: 0,
          leaderEpochStartOffset: 0,
          highWatermark: 0,
        });
        const ends = new Map([
          [1, -1],
          [2, -1],
          [3, -1],
        ]);
        let nowMs = 0;
        let logEnd = 0;
        let proposed: readonly number[] | null = null;
        let partitionEpoch = 7;
        let watermark = 0;
        for (const { kind, by, who } of actions) {
          nowMs += 1;
          if (kind === 'append') partition.logEndAdvanced((logEnd += by), nowMs);
          else if (kind === 'fetch') {
            const end = Math.min(logEnd, Math.max(0, ends.get(who)!) + by);
            ends.set(who, end);
            partition.followerFetched(who, end, 0, nowMs);
          } else if (kind === 'wait') nowMs += by;
          else if (kind === 'expand') proposed = partition.proposeExpansion(who)?.isr ?? proposed;
          else if (kind === 'shrink') proposed = partition.proposeShrink(nowMs)?.isr ?? proposed;
          else if (proposed !== null) {
            if (by === 1) partition.isrCommitted(proposed, (partitionEpoch += 1), nowMs);
            else partition.isrRefused(ErrorCode.INELIGIBLE_REPLICA);
            proposed = null;
          }
          const inIsr = [...ends].filter(([brokerId]) => partition.isr.includes(brokerId)).map(([, end]) => end);
          const slowest = Math.min(logEnd, ...inIsr);
          expect(partition.highWatermark).to.be.at.least(watermark);
          if (partition.highWatermark > watermark) expect(partition.highWatermark).to.be.at.most(slowest);
          // With everyone caught up there is nothing to wait for.
          if ([...ends.values()].every((end) => end === logEnd)) expect(partition.highWatermark).to.equal(logEnd);
          watermark = partition.highWatermark;
        }
      }),
    );
  });
});
