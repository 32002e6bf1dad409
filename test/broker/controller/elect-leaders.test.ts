import { expect } from 'chai';
import { applyChanges } from '../../../broker/controller/cluster-state.ts';
import { electLeaders, ElectionType, partitionsToRebalance } from '../../../broker/controller/elect-leaders.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { cluster, shown, state } from './clusters.ts';

const { PREFERRED, UNCLEAN } = ElectionType;
const p0 = { topic: 't', partition: 0 };

describe('electLeaders()', () => {
  it('gives a partition to its preferred leader', () => {
    const before = cluster([1, 2], { replicas: [1, 2], state: state(2, [2, 1]) });
    const { decision, results } = electLeaders(before, [p0], PREFERRED);
    expect(results.get('t-0')).to.deep.equal({ leader: 1 });
    expect(shown(decision.writes)[0]).to.contain('"leader":1,"version":1,"leader_epoch":1,"isr":[2,1]');
  });

  it('gives it to anybody alive when nobody in sync is, if that was asked for', () => {
    const before = cluster([2], { replicas: [1, 2], state: state(-1, [1]) });
    const { decision, results } = electLeaders(before, [p0], UNCLEAN);
    expect(results.get('t-0')).to.deep.equal({ leader: 2 });
    expect(shown(decision.writes)[0]).to.contain('"leader":2').and.to.contain('"isr":[2],"leader_recovery_state":1');
  });

  const sentence = (strategy: string): string => `Failed to elect leader for partition t-0 under strategy ${strategy}`;
  const refusals: [string, Parameters<typeof cluster>, ElectionType, number, string][] = [
    ['a partition that has its leader', [[1], { replicas: [1], state: state(1, [1]) }], PREFERRED, ErrorCode.ELECTION_NOT_NEEDED, 'Leader election not needed for topic partition.'],
    ['a partition that has a leader', [[1, 2], { replicas: [1, 2], state: state(2, [2]) }], UNCLEAN, ErrorCode.ELECTION_NOT_NEEDED, 'Leader election not needed for topic partition.'],
    [
      'a preferred leader that is dead',
      [[2], { replicas: [1, 2], state: state(2, [2]) }],
      PREFERRED,
      ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
      sentence('PreferredReplicaPartitionLeaderElectionStrategy'),
    ],
    [
      'a preferred leader that is not in sync',
      [[1, 2], { replicas: [1, 2], state: state(2, [2]) }],
      PREFERRED,
      ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
      sentence('PreferredReplicaPartitionLeaderElectionStrategy'),
    ],
    [
      'a partition of which nobody lives',
      [[3], { replicas: [1, 2], state: state(-1, [1]) }],
      UNCLEAN,
      ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
      sentence('OfflinePartitionLeaderElectionStrategy(true)'),
    ],
    ['a partition that is not there', [[1]], PREFERRED, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'The partition does not exist.'],
  ];
  for (const [what, before, type, errorCode, errorMessage] of refusals) {
    it(`refuses ${what}`, () => {
      const { decision, results } = electLeaders(cluster(...before), [p0], type);
      expect(results.get('t-0')).to.deep.equal({ errorCode, errorMessage });
      expect(decision.writes).to.deep.equal([]);
    });
  }

  it('refuses what is being deleted', () => {
    const deletion = { begun: true, remaining: new Set<string>(), asked: new Set<string>() };
    const before = applyChanges(cluster([1, 2], { replicas: [1, 2], state: state(2, [2, 1]) }), [{ kind: 'deletion', topic: 't', deletion }]);
    expect(electLeaders(before, [p0], PREFERRED).results.get('t-0')).to.deep.equal({
      errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION,
      errorMessage: 'The topic is being deleted',
    });
  });
});

describe('partitionsToRebalance()', () => {
  it('counts all that a broker should lead, and names what it could take over now', () => {
    const before = cluster(
      [1, 2],
      { replicas: [1, 2], state: state(2, [2, 1]) },
      { replicas: [1, 2], state: state(2, [2]) },
      { replicas: [2, 1], adding: [2], state: state(1, [1, 2]) },
      { replicas: [3, 1], state: state(1, [1]) },
    );
    expect(partitionsToRebalance(before, 10)).to.deep.equal([p0]);
    expect(partitionsToRebalance(before, 100)).to.deep.equal([]);
  });
});
