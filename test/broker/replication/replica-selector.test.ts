import { expect } from 'chai';
import { replicaSelectorOf, selectInRack, type ReadableReplica } from '../../../broker/replication/replica-selector.ts';

function replica(brokerId: number, rack: string | null, logEndOffset = 10, behindMs = 0): ReadableReplica {
  return { brokerId, rack, logEndOffset, behindMs };
}

describe('selectInRack()', () => {
  const leader = replica(1, 'a');

  it('takes the follower in the rack of the consumer', () => {
    expect(selectInRack('b', leader, [replica(2, 'b'), replica(3, 'c')])?.brokerId).to.equal(2);
  });

  it('takes the leader where it is in that rack, or nobody is, or the consumer says nothing', () => {
    expect(selectInRack('a', leader, [replica(2, 'a')])).to.equal(null);
    expect(selectInRack('d', leader, [replica(2, 'b'), replica(3, null)])).to.equal(null);
    expect(selectInRack('', replica(1, null), [replica(2, 'b')])).to.equal(null);
  });

  it('prefers who has most, then who is least behind', () => {
    const followers = [replica(2, 'b', 9), replica(3, 'b', 10, 50), replica(4, 'b', 10, 20)];
    expect(selectInRack('b', leader, followers)?.brokerId).to.equal(4);
  });

  it("goes by the original's class names", () => {
    expect(replicaSelectorOf('org.apache.kafka.common.replica.RackAwareReplicaSelector')).to.equal(selectInRack);
    expect(replicaSelectorOf('org.apache.kafka.common.replica.LeaderSelector')).to.equal(null);
    expect(replicaSelectorOf(null)).to.equal(null);
  });
});
