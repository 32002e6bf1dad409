import { expect } from 'chai';
import fc from 'fast-check';
import { applyChanges } from '../../../broker/controller/cluster-state.ts';
import { changeBrokers, takeOver } from '../../../broker/controller/decide.ts';
import { requestsFor } from '../../../broker/controller/orders.ts';
import {
  beginReassignments,
  canComplete,
  completeReassignments,
  planReassignments,
  reassignmentsUnderWay,
  reassignTo,
  resumeReassignments,
} from '../../../broker/controller/reassign.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { brokers, clean, cluster, shown, state, told } from './clusters.ts';

const at = { topic: 't', partition: 0 };
const none = new Map<string, number>();
const plan = (before: ReturnType<typeof cluster>, replicas: number[] | null) =>
  planReassignments(before, [{ ...at, replicas }], { checkReplicas: true });

describe('reassignment', () => {
  it('begins: both sets are replicas, everybody is told, the new one as new', () => {
    const before = cluster([1, 2, 3], { replicas: [1, 2], state: state(1, [1, 2]) });
    const decision = beginReassignments(before, plan(before, [2, 3]), new Map([['t', 7]]));
    expect(shown(decision.writes)).to.deep.equal([
      'set /brokers/topics/t v7 {"partitions":{"0":[2,3,1]},"topic_id":"2wsVfaPQSW2y7i5fkXoQqA","adding_replicas":{"0":[3]},"removing_replicas":{"0":[1]},"version":3}',
      'set /brokers/topics/t/partitions/0/state v0 {"controller_epoch":2,"leader":1,"version":1,"leader_epoch":1,"isr":[1,2]}',
    ]);
    expect(told(decision)).to.deep.equal(['leaderAndIsr to 2: t-0', 'leaderAndIsr to 3: t-0', 'leaderAndIsr to 1: t-0', 'metadata to 1,2,3: t-0']);
    const after = applyChanges(before, decision.changes);
    const requests = requestsFor(after, decision.orders, 'PLAINTEXT');
    const isNew = requests.flatMap((request) =>
      request.kind === 'leaderAndIsr' ? [[request.brokerId, request.request.topicStates[0]!.partitionStates[0]!.isNew]] : [],
    );
    expect(isNew).to.deep.equal([[2, false], [3, true], [1, false]]); // prettier-ignore
    expect(canComplete(after, at)).to.equal(false);
  });

  it('completes once the target is in sync: the leader moves, the rest stops and deletes, the znode last', () => {
    const before = cluster([1, 2, 3], { replicas: [2, 3, 1], adding: [3], removing: [1], state: state(1, [1, 2, 3]) });
    expect(canComplete(before, at)).to.equal(true);
    const decision = completeReassignments(before, [at], none);
    expect(shown(decision.writes)).to.deep.equal([
      'set /brokers/topics/t/partitions/0/state v0 {"controller_epoch":2,"leader":2,"version":1,"leader_epoch":1,"isr":[2,3]}',
      'set /brokers/topics/t v-1 {"partitions":{"0":[2,3]},"topic_id":"2wsVfaPQSW2y7i5fkXoQqA","adding_replicas":{},"removing_replicas":{},"version":3}',
    ]);
    expect(told(decision)).to.deep.equal(['leaderAndIsr to 2: t-0', 'leaderAndIsr to 3: t-0', 'metadata to 1,2,3: t-0', 'stopReplica to 1: t-0']);
    const stop = requestsFor(applyChanges(before, decision.changes), decision.orders, 'PLAINTEXT').find(({ kind }) => kind === 'stopReplica');
    expect(stop?.kind === 'stopReplica' && stop.request.topicStates[0]!.partitionStates).to.deep.equal([
      { partitionIndex: 0, leaderEpoch: 1, deletePartition: true },
    ]);
  });

  it('waits when nobody of the target can lead', () => {
    const before = cluster([1], { replicas: [2, 1], adding: [2], removing: [1], state: state(1, [1, 2]) });
    expect(canComplete(before, at)).to.equal(false);
    expect(completeReassignments(before, [at], none).writes).to.deep.equal([]);
  });

  it('goes back where it came from when cancelled, and the new replica deletes', () => {
    const before = cluster([1, 2, 3], { replicas: [3, 1], adding: [3], removing: [1], state: state(1, [1]) });
    const decision = beginReassignments(before, plan(before, null), none);
    expect(shown(decision.writes)[0]).to.contain('{"partitions":{"0":[1]}').and.to.contain('"adding_replicas":{},"removing_replicas":{}');
    expect(told(decision)).to.deep.equal(['leaderAndIsr to 1: t-0', 'metadata to 1,2,3: t-0', 'stopReplica to 3: t-0']);
    expect(reassignmentsUnderWay(applyChanges(before, decision.changes))).to.deep.equal([]);
  });

  it('gives the leadership back when the one cancelled away had it, and never cancels all that is in sync away', () => {
    const led = cluster([1, 3], { replicas: [3, 1], adding: [3], removing: [1], state: state(3, [3, 1]) });
    expect(shown(beginReassignments(led, plan(led, null), none).writes)[1]).to.contain('"leader":1').and.to.contain('"isr":[1]');
    const alone = cluster([1, 3], { replicas: [3, 1], adding: [3], removing: [1], state: state(3, [3]) });
    expect(plan(alone, null).refusals.get('t-0')?.errorCode).to.equal(ErrorCode.INVALID_REPLICA_ASSIGNMENT);
  });

  it('is replaced by a later one', () => {
    const before = cluster([1, 2, 3, 4], { replicas: [3, 1], adding: [3], removing: [1], state: state(1, [1]) });
    const decision = beginReassignments(before, plan(before, [4]), none);
    expect(shown(decision.writes)[0]).to.contain('{"partitions":{"0":[4,1]}').and.to.contain('"adding_replicas":{"0":[4]},"removing_replicas":{"0":[1]}');
    expect(told(decision)).to.include('stopReplica to 3: t-0');
  });

  it('writes nothing for what is so already', () => {
    const before = cluster([1, 2], { replicas: [1, 2], state: state(1, [1, 2]) });
    expect(beginReassignments(before, plan(before, [1, 2]), none).writes).to.deep.equal([]);
  });

  it('is carried on by the next controller, and when a broker comes back', () => {
    const before = cluster([1, 2], { replicas: [2, 1], adding: [2], removing: [1], state: state(1, [1]) });
    const taken = applyChanges(before, takeOver(before, clean).changes);
    const decision = resumeReassignments(taken, reassignmentsUnderWay(taken));
    expect(shown(decision.writes)).to.have.length(1);
    expect(told(decision)).to.include('leaderAndIsr to 2: t-0');
    const gone = applyChanges(taken, changeBrokers(taken, brokers(1), clean).changes);
    expect(told(changeBrokers(gone, brokers(1, 2), clean))).to.include('leaderAndIsr to 2: t-0');
  });

  const refusals: [what: string, replicas: number[] | null, errorCode: number, message: string][] = [
    ['no replicas', [], ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'Empty replica list specified in partition reassignment.'],
    ['a replica twice', [2, 2], ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'Duplicate replica ids in partition reassignment replica list: ArrayBuffer(2, 2)'],
    ['a negative id', [-1], ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'Invalid broker id in replica list: ArrayBuffer(-1)'],
    [
      'a dead broker',
      [1, 9],
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      'Replica assignment has brokers that are not alive. Replica list: ArrayBuffer(9), live broker list: Set(1, 2)',
    ],
    ['a cancellation of nothing', null, ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, 'No partition reassignment is in progress.'],
  ];
  for (const [what, replicas, errorCode, errorMessage] of refusals) {
    it(`refuses ${what}`, () => {
      const before = cluster([1, 2], { replicas: [1], state: state(1, [1]) });
      expect(plan(before, replicas)).to.deep.equal({ moves: [], refusals: new Map([['t-0', { errorCode, errorMessage }]]) });
    });
  }

  it('refuses partitions that are not there, or going', () => {
    const before = cluster([1, 2], { replicas: [1], state: state(1, [1]) });
    const unknown = planReassignments(before, [{ topic: 't', partition: 5, replicas: [1] }], { checkReplicas: true });
    expect(unknown.refusals.get('t-5')).to.deep.equal({
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      errorMessage: 'The partition does not exist.',
    });
    const deletion = { begun: true, remaining: new Set<string>(), asked: new Set<string>() };
    const going = applyChanges(before, [{ kind: 'deletion', topic: 't', deletion }]);
    expect(plan(going, [2]).refusals.get('t-0')?.errorCode).to.equal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });

  it('always finds its way from any assignment to any other: target first, origin kept until the end', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(ids, ids, ids, (origin, first, second) => {
        const plainly = { replicas: origin, addingReplicas: [], removingReplicas: [] };
        const once = reassignTo(plainly, first);
        const twice = reassignTo(once, second);
        expect(twice.replicas.slice(0, second.length)).to.deep.equal(second);
        expect(twice.replicas).to.include.members(origin);
        expect(twice.replicas.filter((id) => !twice.addingReplicas.includes(id))).to.have.members(origin);
        const back = reassignTo(twice, twice.replicas.filter((id) => !twice.addingReplicas.includes(id)));
        expect([back.addingReplicas, back.removingReplicas]).to.deep.equal([[], []]);
      }),
    );
  });
});
