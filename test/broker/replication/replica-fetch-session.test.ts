import { expect } from 'chai';
import fc from 'fast-check';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import type { FetchRequest } from '../../../broker/protocol/messages/01-fetch.ts';
import { FetchSessionCache } from '../../../broker/replication/fetch-session.ts';
import { emptyResult } from '../../../broker/replication/fetch-types.ts';
import {
  type FollowedPartition,
  ReplicaFetchSession,
  type SessionRequest,
} from '../../../broker/replication/replica-fetch-session.ts';

interface Followed extends FollowedPartition {
  offset: number;
}

const partition = (index: number): Followed => ({ topic: 't', topicId: 'T'.repeat(22), index, offset: 0 });
const positionOf = ({ offset }: Followed) => ({
  currentLeaderEpoch: 1,
  fetchOffset: offset,
  lastFetchedEpoch: 1,
  logStartOffset: 0,
});
const named = ({ wanted }: SessionRequest<Followed>): number[] => wanted.map((entry) => entry.partition.index);

describe('ReplicaFetchSession', () => {
  let session: ReplicaFetchSession<Followed>;
  const [a, b] = [partition(0), partition(1)];
  beforeEach(() => {
    session = new ReplicaFetchSession();
    session.want(a);
    session.want(b);
  });

  function open(): void {
    session.next(positionOf);
    session.answered(ErrorCode.NONE, 5);
  }

  it('begins with all, then names only what changed', () => {
    const first = session.next(positionOf);
    expect([first.sessionId, first.sessionEpoch, named(first)]).to.deep.equal([0, 0, [0, 1]]);
    session.answered(ErrorCode.NONE, 5);
    const second = session.next(positionOf);
    expect([second.sessionId, second.sessionEpoch, named(second)]).to.deep.equal([5, 1, []]);
    session.answered(ErrorCode.NONE, 5);
    session.want(b);
    const third = session.next(positionOf);
    expect([third.sessionEpoch, named(third)]).to.deep.equal([2, [1]]);
  });

  it('names all each time where the leader has no room for a session', () => {
    session.next(positionOf);
    session.answered(ErrorCode.NONE, 0);
    const again = session.next(positionOf);
    expect([again.sessionId, again.sessionEpoch, named(again)]).to.deep.equal([0, 0, [0, 1]]);
  });

  it('tells the leader what to forget, once', () => {
    open();
    session.forget(a);
    expect(session.next(positionOf).forgotten).to.deep.equal([a]);
    expect(session.next(positionOf).forgotten).to.deep.equal([]);
    expect(session.find(a.topicId, 0)).to.equal(undefined);
  });

  it('begins anew after a refusal or a lost answer, telling which session can go', () => {
    open();
    expect(session.answered(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, 0)).to.equal(false);
    const again = session.next(positionOf);
    expect([again.sessionId, again.sessionEpoch, named(again)]).to.deep.equal([5, 0, [0, 1]]);
  });

  it('lets a new replica of a partition take the place of the old one', () => {
    open();
    const successor = partition(0);
    session.forget(a);
    session.want(successor);
    const request = session.next(positionOf);
    expect([named(request), request.forgotten]).to.deep.equal([[0], []]);
    expect(session.find(a.topicId, 0)).to.equal(successor);
  });

  it("agrees with the leader's side, whatever comes and goes", () => {
    const step = fc.record({
      index: fc.integer({ min: 0, max: 4 }),
      act: fc.constantFrom('want', 'forget', 'lose', 'drop'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const follower = new ReplicaFetchSession<Followed>();
        const all = [0, 1, 2, 3, 4].map(partition);
        const wanted = new Set<Followed>();
        let id = 0;
        const cache = new FetchSessionCache({ slots: 1, evictionMs: 0, randomSessionId: () => (id += 1) });
        for (const { index, act } of steps) {
          const each = all[index]!;
          if (act === 'want') {
            each.offset += 1;
            wanted.add(each);
            follower.want(each);
          } else if (act === 'forget') {
            wanted.delete(each);
            follower.forget(each);
          } else if (act === 'drop') {
            // Somebody else took the only slot.
            cache.create(1, true, true, id);
          }
          if (wanted.size === 0) continue;
          const context = cache.open(asRequest(follower.next(positionOf)), 13, () => 't', id);
          const results = context.partitions.map(({ partition: at }) => emptyResult(at, ErrorCode.NONE));
          const { errorCode, sessionId } = context.answer(results, id);
          if (act === 'lose') follower.reset();
          else follower.answered(errorCode, sessionId);
          if (errorCode !== ErrorCode.NONE) continue;
          const read = context.partitions.map((at) => `${at.partition}@${at.fetchOffset}`).sort();
          expect(read).to.deep.equal([...wanted].map((at) => `${at.index}@${at.offset}`).sort());
        }
      }),
    );
  });
});

function asRequest({ sessionId, sessionEpoch, wanted, forgotten }: SessionRequest<Followed>): FetchRequest {
  const topics = wanted.map(({ partition: { topic, topicId, index }, position }) => ({
    topic,
    topicId,
    partitions: [{ partition: index, partitionMaxBytes: 1, ...position }],
  }));
  const forgottenTopicsData = forgotten.map(({ topic, topicId, index }) => ({ topic, topicId, partitions: [index] }));
  const rest = { clusterId: null, maxWaitMs: 0, minBytes: 1, maxBytes: 1, isolationLevel: 0, rackId: '' };
  return { ...rest, replicaId: 1, sessionId, sessionEpoch, topics, forgottenTopicsData };
}
