import { expect } from 'chai';
import { alterPartition } from '../../../broker/controller/alter-partition.ts';
import { applyChanges } from '../../../broker/controller/cluster-state.ts';
import {
  addTopics,
  changeBrokers,
  takeOver,
} from '../../../broker/controller/decide.ts';
import { moveLeadersAway, stopFollowing } from '../../../broker/controller/broker-loss.ts';
import { electLeaders, ElectionType, partitionsToRebalance } from '../../../broker/controller/elect-leaders.ts';
import { replicasStopped, requestDeletions } from '../../../broker/controller/delete-topics.ts';
import { completeReassignments } from '../../../broker/controller/reassign.ts';
import { LEADER_DURING_DELETE, requestsFor } from '../../../broker/controller/orders.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { brokers, clean, cluster, replicas, shown, state, told, TOPIC_ID, unclean } from './clusters.ts';

describe('controller decisions', () => {
  it('give a new topic leaders: the first living replica, all living ones in sync', () => {
    const record = {
      topicId: TOPIC_ID,
      partitions: new Map([
        [0, replicas(1, 2)],
        [1, replicas(3, 2)],
      ]),
    };
    const before = cluster([1, 2]);
    const decision = addTopics(before, new Map([['t', record]]), () => 'unused');
    expect(shown(decision.writes)).to.deep.equal([
      'ensure /brokers/topics/t/partitions',
      'ensure /brokers/topics/t/partitions/0',
      'create /brokers/topics/t/partitions/0/state {"controller_epoch":2,"leader":1,"version":1,"leader_epoch":0,"isr":[1,2]}',
      'ensure /brokers/topics/t/partitions/1',
      'create /brokers/topics/t/partitions/1/state {"controller_epoch":2,"leader":2,"version":1,"leader_epoch":0,"isr":[2]}',
    ]);
    expect(told(decision)).to.deep.equal([
      'leaderAndIsr to 1: t-0',
      'leaderAndIsr to 2: t-0,t-1',
      'metadata to 1,2: t-0,t-1',
    ]);
    const after = applyChanges(before, decision.changes);
    expect(after.topics.get('t')?.partitions.get(1)?.state).to.deep.include({ leader: 2, isr: [2], partitionEpoch: 0 });
  });

  it('leave a new partition new while none of its replicas lives, and elect when one comes', () => {
    const record = { topicId: TOPIC_ID, partitions: new Map([[0, replicas(7)]]) };
    const decision = addTopics(cluster([1]), new Map([['t', record]]), () => 'unused');
    expect(decision.writes).to.deep.equal([]);
    const after = applyChanges(cluster([1]), decision.changes);
    expect(after.topics.get('t')?.partitions.get(0)?.state).to.equal(null);
    const later = changeBrokers(after, brokers(1, 7), clean);
    expect(shown(later.writes)[2]).to.contain('"leader":7');
    expect(told(later)).to.deep.equal(['metadata to 7: t-0', 'leaderAndIsr to 7: t-0', 'metadata to 1: t-0']);
  });

  it('give a topic without id one, and keep the id they know against a znode that lost it', () => {
    const record = { topicId: null, partitions: new Map([[0, replicas(1)]]) };
    const decision = addTopics(cluster([1]), new Map([['t', record]]), () => TOPIC_ID);
    expect(shown(decision.writes)[0]).to.equal(
      `set /brokers/topics/t v-1 {"partitions":{"0":[1]},"topic_id":"${TOPIC_ID}","adding_replicas":{},"removing_replicas":{},"version":3}`,
    );
    const known = cluster([1], { replicas: [1], state: state(1, [1]) });
    const again = addTopics(known, new Map([['t', record]]), () => 'another');
    expect(shown(again.writes)).to.have.length(1);
    expect(shown(again.writes)[0]).to.contain(TOPIC_ID);
  });

  it('add only the partitions that are new when a topic grows', () => {
    const known = cluster([1], { replicas: [1], state: state(1, [1]) });
    const record = {
      topicId: TOPIC_ID,
      partitions: new Map([
        [0, replicas(1)],
        [1, replicas(1)],
      ]),
    };
    const decision = addTopics(known, new Map([['t', record]]), () => 'unused');
    expect(shown(decision.writes).map((line) => line.split(' ').slice(0, 2).join(' '))).to.deep.equal([
      'ensure /brokers/topics/t/partitions/1',
      'create /brokers/topics/t/partitions/1/state',
    ]);
    expect(told(decision)).to.deep.equal(['leaderAndIsr to 1: t-1', 'metadata to 1: t-1']);
  });

  it('move leadership within the ISR when a leader goes, and shrink the ISR of what it followed', () => {
    const before = cluster(
      [1, 2, 3],
      { replicas: [1, 2, 3], state: state(1, [1, 2, 3]) },
      { replicas: [2, 1], state: state(2, [2, 1], { partitionEpoch: 4 }) },
    );
    const decision = changeBrokers(before, brokers(2, 3), clean);
    expect(shown(decision.writes)).to.deep.equal([
      'set /brokers/topics/t/partitions/0/state v0 {"controller_epoch":2,"leader":2,"version":1,"leader_epoch":1,"isr":[2,3]}',
      'set /brokers/topics/t/partitions/1/state v4 {"controller_epoch":2,"leader":2,"version":1,"leader_epoch":1,"isr":[2]}',
    ]);
    expect(told(decision)).to.deep.equal([
      'leaderAndIsr to 2: t-0,t-1',
      'leaderAndIsr to 3: t-0',
      'metadata to 2,3: t-0,t-1',
    ]);
  });

  it('leave a partition without a leader rather than lose records, unless that is allowed', () => {
    const before = cluster([1, 2], { replicas: [1, 2], state: state(1, [1]) });
    const careful = changeBrokers(before, brokers(2), clean);
    expect(shown(careful.writes)[0]).to.contain('"leader":-1,"version":1,"leader_epoch":1,"isr":[1]}');
    const reckless = changeBrokers(before, brokers(2), unclean);
    expect(shown(reckless.writes)[0]).to.contain(
      '"leader":2,"version":1,"leader_epoch":1,"isr":[2],"leader_recovery_state":1}',
    );
  });

  it('elect the last ISR member again when it comes back', () => {
    const before = cluster([2], { replicas: [1, 2], state: state(-1, [1], { leaderEpoch: 1, partitionEpoch: 1 }) });
    const decision = changeBrokers(before, brokers(1, 2), clean);
    expect(shown(decision.writes)[0]).to.contain('"leader":1,"version":1,"leader_epoch":2,"isr":[1]}');
  });

  it('tell brokers of each other even if no partition changed', () => {
    const decision = changeBrokers(cluster([1]), brokers(1, 2), clean);
    expect(told(decision)).to.deep.equal(['metadata to 2: ', 'metadata to 1: ']);
  });

  it('tell everybody everything when they take over', () => {
    const before = cluster(
      [1, 2],
      { replicas: [1, 2], state: state(1, [1, 2]) },
      { replicas: [3, 2], state: state(3, [3, 2]) },
    );
    const decision = takeOver(before, clean);
    expect(shown(decision.writes)).to.deep.equal([
      'set /brokers/topics/t/partitions/1/state v0 {"controller_epoch":2,"leader":2,"version":1,"leader_epoch":1,"isr":[2]}',
    ]);
    expect(told(decision)).to.deep.equal([
      'metadata to 1,2: t-0,t-1',
      'leaderAndIsr to 1: t-0',
      'leaderAndIsr to 2: t-0,t-1',
    ]);
  });

  it('move leaders off a broker that wants to stop, and say what could not move', () => {
    const before = cluster(
      [1, 2],
      { replicas: [1, 2], state: state(1, [1, 2]) },
      { replicas: [1, 2], state: state(1, [1]) },
      { replicas: [2, 1], state: state(2, [2, 1]) },
      { replicas: [1], state: state(1, [1]) },
    );
    const { decision, remaining, followed } = moveLeadersAway(before, 1);
    const second = stopFollowing(applyChanges(before, decision.changes), 1, followed);
    const written = [decision, second].map(({ writes }) =>
      shown(writes).map((line) => line.replace(/^.*partitions\/(\d).*"leader":(\d).*"isr":(.*)}$/, '$1 $2 $3')),
    );
    expect(written).to.deep.equal([['0 2 [2]'], ['2 2 [2]']]);
    expect(remaining).to.deep.equal([{ topic: 't', partition: 1 }]);
    expect(told(second)).to.include('stopReplica to 1: t-2');
  });

  it('give leadership back to preferred replicas once enough of it is elsewhere', () => {
    const before = cluster(
      [1, 2],
      { replicas: [1, 2], state: state(2, [2, 1]) },
      { replicas: [1, 2], state: state(1, [1, 2]) },
    );
    expect(partitionsToRebalance(before, 50)).to.deep.equal([]);
    const due = partitionsToRebalance(before, 10);
    expect(due).to.deep.equal([{ topic: 't', partition: 0 }]);
    expect(shown(electLeaders(before, due, ElectionType.PREFERRED).decision.writes)[0]).to.contain(
      '"leader":1,"version":1,"leader_epoch":1,"isr":[2,1]',
    );
  });
});

describe('topic deletion', () => {
  const now = { isEnabled: true, begin: true };

  it('makes everybody forget the topic, has replicas deleted, then removes the znodes in order', () => {
    const before = cluster([1, 2], { replicas: [1, 2], state: state(1, [1, 2]) });
    const begun = requestDeletions(before, ['t'], now);
    expect(begun.writes).to.deep.equal([]);
    expect(told(begun)).to.deep.equal(['metadata to 1,2: t-0', 'stopReplica to 1: t-0', 'stopReplica to 2: t-0']);
    const deleting = applyChanges(before, begun.changes);
    const [toOne] = requestsFor(deleting, begun.orders, 'PLAINTEXT');
    expect(toOne?.kind === 'updateMetadata' && toOne.request.topicStates[0]?.partitionStates[0]?.leader).to.equal(
      LEADER_DURING_DELETE,
    );

    const half = replicasStopped(deleting, 1, [{ topic: 't', partition: 0, errorCode: 0 }]);
    expect(half.writes).to.deep.equal([]);
    const whole = replicasStopped(applyChanges(deleting, half.changes), 2, [{ topic: 't', partition: 0, errorCode: 0 }]);
    expect(shown(whole.writes)).to.deep.equal([
      'deleteTree /brokers/topics/t',
      'deleteTree /config/topics/t',
      'deleteTree /admin/delete_topics/t',
    ]);
    expect(applyChanges(deleting, [...half.changes, ...whole.changes]).topics.has('t')).to.equal(false);
  });

  it('deletes what is alive at once and the rest when its broker comes back', () => {
    const before = cluster([1], { replicas: [1, 2], state: state(1, [1]) });
    const requested = requestDeletions(before, ['t'], now);
    expect(told(requested)).to.deep.equal(['metadata to 1: t-0', 'stopReplica to 1: t-0']);
    let after = applyChanges(before, requested.changes);
    after = applyChanges(after, replicasStopped(after, 1, [{ topic: 't', partition: 0, errorCode: 0 }]).changes);
    const later = changeBrokers(after, brokers(1, 2), clean);
    expect(told(later)).to.deep.equal(['metadata to 2: t-0', 'metadata to 1: ', 'stopReplica to 2: t-0']);
  });

  it('asks again for what a broker could not delete, once some broker comes', () => {
    const before = cluster([1, 2], { replicas: [1], state: state(1, [1]) });
    let after = applyChanges(before, requestDeletions(before, ['t'], now).changes);
    after = applyChanges(after, replicasStopped(after, 1, [{ topic: 't', partition: 0, errorCode: 56 }]).changes);
    expect(told(changeBrokers(after, brokers(1, 2, 3), clean))).to.include('stopReplica to 1: t-0');
  });

  it('lets a reassignment end first', () => {
    const before = cluster([1, 2], { replicas: [2, 1], adding: [2], removing: [1], state: state(1, [1]) });
    const requested = requestDeletions(before, ['t'], now);
    expect(told(requested)).to.deep.equal([]);
    const caughtUp = applyChanges(before, [...requested.changes, { kind: 'partitionState', topic: 't', partition: 0, state: state(1, [1, 2]) }]);
    const completed = completeReassignments(caughtUp, [{ topic: 't', partition: 0 }], new Map());
    expect(told(completed)).to.include('stopReplica to 2: t-0');
  });

  it('stops when a broker goes away in the middle and asks again for what is left', () => {
    const before = cluster([1, 2], { replicas: [1, 2], state: state(1, [1, 2]) });
    let now1 = applyChanges(before, requestDeletions(before, ['t'], now).changes);
    now1 = applyChanges(now1, replicasStopped(now1, 1, [{ topic: 't', partition: 0, errorCode: 0 }]).changes);
    now1 = applyChanges(now1, changeBrokers(now1, brokers(1), clean).changes);
    const back = changeBrokers(now1, brokers(1, 2), clean);
    expect(told(back).filter((line) => line.startsWith('stopReplica'))).to.deep.equal(['stopReplica to 2: t-0']);
  });

  it('drops requests for unknown topics, and all of them when deletion is disabled', () => {
    expect(shown(requestDeletions(cluster([1]), ['x'], now).writes)).to.deep.equal(['deleteTree /admin/delete_topics/x']);
    const known = cluster([1], { replicas: [1], state: state(1, [1]) });
    const disabled = requestDeletions(known, ['t'], { isEnabled: false, begin: true });
    expect(shown(disabled.writes)).to.deep.equal(['deleteTree /admin/delete_topics/t']);
    expect(disabled.changes).to.deep.equal([]);
  });
});

describe('alterPartition()', () => {
  const before = cluster([1, 2], { replicas: [1, 2, 3], state: state(1, [1], { leaderEpoch: 3, partitionEpoch: 5 }) });
  const ask = (change: object, whole: object = {}) =>
    alterPartition(
      before,
      {
        brokerId: 1,
        brokerEpoch: 101,
        topics: [
          {
            topicName: '',
            topicId: TOPIC_ID,
            partitions: [
              { partitionIndex: 0, leaderEpoch: 3, newIsr: [1, 2], leaderRecoveryState: 0, partitionEpoch: 5, ...change },
            ],
          },
        ],
        ...whole,
      },
      2,
    );
  const codeOf = (result: ReturnType<typeof ask>): number => result.response.topics[0]?.partitions[0]?.errorCode ?? -99;

  it('changes the ISR and the partition epoch, not the leader epoch', () => {
    const { decision, response } = ask({});
    expect(shown(decision.writes)).to.deep.equal([
      'set /brokers/topics/t/partitions/0/state v5 {"controller_epoch":2,"leader":1,"version":1,"leader_epoch":3,"isr":[1,2]}',
    ]);
    expect(response.topics[0]?.partitions[0]).to.deep.include({
      errorCode: 0,
      partitionEpoch: 6,
      leaderEpoch: 3,
      isr: [1, 2],
    });
    expect(told(decision)).to.deep.equal(['metadata to 1,2: t-0']);
  });

  it('answers a change that is already so without a write', () => {
    const { decision, response } = ask({ newIsr: [1], partitionEpoch: 4 });
    expect(decision.writes).to.deep.equal([]);
    expect(response.topics[0]?.partitions[0]).to.deep.include({ errorCode: 0, partitionEpoch: 5 });
  });

  const refusals: [string, object, number][] = [
    ['an unknown partition', { partitionIndex: 9 }, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['a leader that knows a later partition epoch', { partitionEpoch: 6 }, ErrorCode.NOT_CONTROLLER],
    ['a leader of a later leader epoch', { leaderEpoch: 4 }, ErrorCode.NOT_CONTROLLER],
    ['a leader of an earlier leader epoch', { leaderEpoch: 2 }, ErrorCode.FENCED_LEADER_EPOCH],
    ['an earlier partition epoch', { partitionEpoch: 4 }, ErrorCode.INVALID_UPDATE_VERSION],
    ['a recovery of more than one replica', { leaderRecoveryState: 1 }, ErrorCode.INVALID_REQUEST],
    ['a dead ISR member', { newIsr: [1, 3] }, ErrorCode.INELIGIBLE_REPLICA],
  ];
  for (const [what, change, code] of refusals) it(`refuses ${what}`, () => expect(codeOf(ask(change))).to.equal(code));

  it('refuses the whole request of an earlier life of the broker', () => {
    expect(ask({}, { brokerEpoch: 99 }).response).to.deep.include({ errorCode: ErrorCode.STALE_BROKER_EPOCH, topics: [] });
    expect(ask({}, { brokerId: 9 }).response.errorCode).to.equal(ErrorCode.STALE_BROKER_EPOCH);
  });
});
