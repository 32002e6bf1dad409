import { expect } from 'chai';
import { askAboutReplicas, moveLeadersAway, stopFollowing, takeReplicasOffline } from '../../../broker/controller/broker-loss.ts';
import { applyChanges, isReplicaAlive } from '../../../broker/controller/cluster-state.ts';
import { changeBrokers } from '../../../broker/controller/decide.ts';
import { requestsFor } from '../../../broker/controller/orders.ts';
import { brokers, clean, cluster, shown, state, told } from './clusters.ts';

describe('a broker in controlled shutdown', () => {
  const before = cluster(
    [1, 2, 3],
    { replicas: [1, 2], state: state(1, [1, 2]) },
    { replicas: [2, 1], state: state(2, [2, 1]) },
    { replicas: [1], state: state(1, [1]) },
  );

  it('hands over, leaves the ISRs, and is not told to follow what it has to stop', () => {
    const { decision, remaining, followed } = moveLeadersAway(before, 1);
    expect(remaining).to.deep.equal([]);
    expect(told(decision)).to.deep.equal(['leaderAndIsr to 1: t-0', 'leaderAndIsr to 2: t-0', 'metadata to 1,2,3: t-0']);
    const after = applyChanges(before, decision.changes);
    expect(told(stopFollowing(after, 1, followed))).to.deep.equal([
      'leaderAndIsr to 2: t-1',
      'metadata to 1,2,3: t-1',
      'stopReplica to 1: t-1',
    ]);
    const metadata = requestsFor(after, decision.orders, 'PLAINTEXT').find(({ kind }) => kind === 'updateMetadata');
    expect(metadata?.kind === 'updateMetadata' && metadata.request.topicStates[0]!.partitionStates[0]!.offlineReplicas).to.deep.equal([1]);
  });

  it('is nobody to elect, though it is there', () => {
    const leaving = applyChanges(before, moveLeadersAway(before, 1).decision.changes);
    const decision = changeBrokers(leaving, brokers(1, 3), clean);
    // Broker 2 is gone; 1, in no ISR any more, may not lead; but what it alone has it goes on leading.
    expect(shown(decision.writes).map((line) => /"leader":(-?\d+)/.exec(line)![1])).to.deep.equal(['-1', '-1']);
  });
});

describe('a log directory that fails', () => {
  const before = cluster([1, 2], { replicas: [1, 2], state: state(1, [1, 2]) }, { replicas: [1], state: state(1, [1]) }, { replicas: [2], state: state(2, [2]) });

  it('has the broker asked about all it holds', () => {
    expect(told(askAboutReplicas(before, [1]))).to.deep.equal(['leaderAndIsr to 1: t-0,t-1', 'metadata to 1,2: t-0,t-1']);
  });

  it('takes the replicas on it offline, until the broker comes anew', () => {
    const replicas = [0, 1].map((partition) => ({ topic: 't', partition }));
    const decision = takeReplicasOffline(before, 1, replicas, clean);
    expect(shown(decision.writes).map((line) => /"leader":(-?\d+).*"isr":(\[.*\])/.exec(line)!.slice(1))).to.deep.equal([
      ['2', '[2]'],
      ['-1', '[1]'],
    ]);
    const after = applyChanges(before, decision.changes);
    expect(isReplicaAlive(after, 't', 0, 1)).to.equal(false);
    expect(isReplicaAlive(after, 't', 2, 2)).to.equal(true);
    const gone = applyChanges(after, changeBrokers(after, brokers(2), clean).changes);
    const back = applyChanges(gone, changeBrokers(gone, brokers(1, 2), clean).changes);
    expect(isReplicaAlive(back, 't', 0, 1)).to.equal(true);
    expect(back.topics.get('t')!.partitions.get(1)!.state).to.deep.include({ leader: 1, isr: [1] });
  });
});
