import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import type { FetchRequest } from '../../../broker/protocol/messages/01-fetch.ts';
import { ZERO_UUID } from '../../../broker/protocol/schema.ts';
import { FetchSessionCache, nextSessionEpoch, type SessionAnswer } from '../../../broker/replication/fetch-session.ts';
import { emptyResult, type FetchablePartition, type FetchPartitionResult } from '../../../broker/replication/fetch-types.ts';

const EVICTION_MS = 120_000;
const TOPIC_ID = 'a'.repeat(22);

type RequestedTopic = { topic?: string; topicId?: string; partitions: Record<number, number> };

/** `partitions` maps an index to the offset to fetch from. */
function request(
  sessionId: number,
  sessionEpoch: number,
  topics: RequestedTopic[] = [],
  more: Partial<FetchRequest> = {},
): FetchRequest {
  return {
    clusterId: null,
    replicaId: -1,
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1000,
    isolationLevel: 0,
    sessionId,
    sessionEpoch,
    topics: topics.map(({ topic = '', topicId = ZERO_UUID, partitions }) => ({
      topic,
      topicId,
      partitions: Object.entries(partitions).map(([partition, fetchOffset]) => ({
        partition: Number(partition),
        currentLeaderEpoch: -1,
        fetchOffset,
        lastFetchedEpoch: -1,
        logStartOffset: -1,
        partitionMaxBytes: 100,
      })),
    })),
    forgottenTopicsData: [],
    rackId: '',
    ...more,
  };
}

function quiet(partition: number, highWatermark = 0): FetchPartitionResult {
  return { ...emptyResult(partition, ErrorCode.NONE), highWatermark, logStartOffset: 0 };
}

/** One fetcher's side of the conversation with a broker whose partitions are in `state`. */
class Broker {
  nowMs = 0;
  readonly cache: FetchSessionCache;
  readonly names = new Map<string, string>();
  results = new Map<string, FetchPartitionResult>();
  private ids = 0;

  constructor(slots = 1000) {
    this.cache = new FetchSessionCache({ slots, evictionMs: EVICTION_MS, randomSessionId: () => (this.ids += 1) });
  }

  fetch(fetchRequest: FetchRequest, apiVersion = 12): SessionAnswer {
    const context = this.cache.open(fetchRequest, apiVersion, (topicId) => this.names.get(topicId) ?? null, this.nowMs);
    return context.answer(
      context.partitions.map((partition) => this.resultOf(partition)),
      this.nowMs,
    );
  }

  private resultOf({ topic, partition }: FetchablePartition): FetchPartitionResult {
    if (topic === null) return emptyResult(partition, ErrorCode.UNKNOWN_TOPIC_ID);
    return this.results.get(`${topic}-${partition}`) ?? quiet(partition);
  }
}

function told({ errorCode, sessionId, partitions }: SessionAnswer): string {
  return `${errorCode} ${sessionId} [${partitions.map(({ topic, topicId, partition }) => `${topic ?? topicId}-${partition}`).join(' ')}]`;
}

describe('FetchSessionCache', () => {
  it('answers a full fetch without a session in full and keeps nothing', () => {
    const broker = new Broker();
    expect(told(broker.fetch(request(0, -1, [{ topic: 't', partitions: { 0: 0, 1: 0 } }])))).to.equal('0 0 [t-0 t-1]');
    expect(broker.cache.size).to.equal(0);
  });

  it('opens a session, then mentions only partitions with news', () => {
    const broker = new Broker();
    expect(told(broker.fetch(request(0, 0, [{ topic: 't', partitions: { 0: 0, 1: 0, 2: 0 } }])))).to.equal(
      '0 1 [t-0 t-1 t-2]',
    );
    expect(broker.cache.partitionCount).to.equal(3);
    expect(told(broker.fetch(request(1, 1)))).to.equal('0 1 []');
    broker.results.set('t-1', quiet(1, 5));
    expect(told(broker.fetch(request(1, 2))), 'a high watermark that moved').to.equal('0 1 [t-1]');
    expect(told(broker.fetch(request(1, 3)))).to.equal('0 1 []');
    broker.results.set('t-2', { ...quiet(2), logStartOffset: 3 });
    expect(told(broker.fetch(request(1, 4))), 'a log start that moved').to.equal('0 1 [t-2]');
    broker.results.set('t-0', emptyResult(0, ErrorCode.NOT_LEADER_OR_FOLLOWER));
    expect(told(broker.fetch(request(1, 5)))).to.equal('0 1 [t-0]');
    expect(told(broker.fetch(request(1, 6))), 'an error is repeated').to.equal('0 1 [t-0]');
    broker.results.set('t-0', quiet(0));
    expect(told(broker.fetch(request(1, 7))), 'its end is news').to.equal('0 1 [t-0]');
    broker.results.set('t-2', { ...quiet(2), logStartOffset: 3, divergingEpoch: { epoch: 2, endOffset: 9 } });
    expect(told(broker.fetch(request(1, 8)))).to.equal('0 1 [t-2]');
    broker.results.set('t-2', { ...quiet(2), logStartOffset: 3, preferredReadReplica: 4 });
    expect(told(broker.fetch(request(1, 9)))).to.equal('0 1 [t-2]');
  });

  it('moves partitions that had records to the end', () => {
    const broker = new Broker();
    broker.fetch(request(0, 0, [{ topic: 't', partitions: { 0: 0, 1: 0, 2: 0 } }]));
    broker.results.set('t-0', { ...quiet(0), records: Buffer.from('r') });
    broker.fetch(request(1, 1));
    const context = broker.cache.open(request(1, 2), 12, () => null, 0);
    expect(context.partitions.map(({ partition }) => partition)).to.deep.equal([1, 2, 0]);
  });

  it('takes changed offsets, new and forgotten partitions of an incremental fetch', () => {
    const broker = new Broker();
    broker.fetch(request(0, 0, [{ topic: 't', partitions: { 0: 0, 1: 0 } }]));
    const change = request(
      1,
      1,
      [
        { topic: 't', partitions: { 1: 7 } },
        { topic: 'u', partitions: { 0: 3 } },
      ],
      {
        forgottenTopicsData: [{ topic: 't', topicId: ZERO_UUID, partitions: [0, 9] }],
      },
    );
    const context = broker.cache.open(change, 12, () => null, 0);
    expect(context.partitions.map(({ topic, partition, fetchOffset }) => [topic, partition, fetchOffset])).to.deep.equal([
      ['t', 1, 7],
      ['u', 0, 3],
    ]);
  });

  it('closes a session whose last partition was forgotten', () => {
    const broker = new Broker();
    broker.fetch(request(0, 0, [{ topic: 't', partitions: { 0: 0 } }]));
    const forget = request(1, 1, [], { forgottenTopicsData: [{ topic: 't', topicId: ZERO_UUID, partitions: [0] }] });
    expect(told(broker.fetch(forget))).to.equal('0 0 []');
    expect(told(broker.fetch(request(1, 2)))).to.equal(`${ErrorCode.FETCH_SESSION_ID_NOT_FOUND} 0 []`);
  });

  it('refuses unknown sessions, wrong epochs, and names where the session has ids', () => {
    const broker = new Broker();
    expect(told(broker.fetch(request(7, 1)))).to.equal(`${ErrorCode.FETCH_SESSION_ID_NOT_FOUND} 0 []`);
    broker.fetch(request(0, 0, [{ topic: 't', partitions: { 0: 0 } }]));
    expect(told(broker.fetch(request(1, 2)))).to.equal(`${ErrorCode.INVALID_FETCH_SESSION_EPOCH} 0 []`);
    expect(told(broker.fetch(request(1, 1)))).to.equal('0 1 []');
    expect(told(broker.fetch(request(1, 1))), 'the same request again').to.equal(
      `${ErrorCode.INVALID_FETCH_SESSION_EPOCH} 0 []`,
    );
    expect(told(broker.fetch(request(1, 2), 13))).to.equal(`${ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR} 0 []`);
    broker.names.set(TOPIC_ID, 't');
    expect(told(broker.fetch(request(0, 0, [{ topicId: TOPIC_ID, partitions: { 0: 0 } }]), 13))).to.equal('0 2 [t-0]');
    expect(told(broker.fetch(request(2, 1), 12))).to.equal(`${ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR} 0 []`);
  });

  it('answers with the epoch error when another connection went on with the session meanwhile', () => {
    const broker = new Broker();
    broker.fetch(request(0, 0, [{ topic: 't', partitions: { 0: 0 } }]));
    const waiting = broker.cache.open(request(1, 1), 12, () => null, 0);
    broker.fetch(request(1, 2));
    expect(told(waiting.answer([quiet(0)], 0))).to.equal(`${ErrorCode.INVALID_FETCH_SESSION_EPOCH} 1 []`);
  });

  it('ends a session with a full fetch that names it, and opens another if asked', () => {
    const broker = new Broker();
    const topics = [{ topic: 't', partitions: { 0: 0 } }];
    broker.fetch(request(0, 0, topics));
    expect(told(broker.fetch(request(1, 0, topics)))).to.equal('0 2 [t-0]');
    expect(broker.cache.size).to.equal(1);
    expect(told(broker.fetch(request(2, -1, topics)))).to.equal('0 0 [t-0]');
    expect(broker.cache.size).to.equal(0);
  });

  it('finds the name of a topic id that was unknown when the session began', () => {
    const broker = new Broker();
    const topics = [{ topicId: TOPIC_ID, partitions: { 0: 0 } }];
    const first = broker.fetch(request(0, 0, topics), 13);
    expect(first.results[0]!.errorCode).to.equal(ErrorCode.UNKNOWN_TOPIC_ID);
    broker.names.set(TOPIC_ID, 't');
    const second = broker.fetch(request(1, 1), 13);
    expect(told(second)).to.equal('0 1 [t-0]');
    expect(second.results[0]!.errorCode).to.equal(ErrorCode.NONE);
  });

  it('counts epochs from 1 again after the largest', () => {
    expect([nextSessionEpoch(0), nextSessionEpoch(0x7fffffff), nextSessionEpoch(-1)]).to.deep.equal([1, 1, -1]);
  });

  describe('when all slots are taken', () => {
    const open = (broker: Broker, count: number, replicaId = -1): number => {
      const partitions = Object.fromEntries(Array.from({ length: count }, (_, i) => [i, 0]));
      return broker.fetch(request(0, 0, [{ topic: 't', partitions }], { replicaId })).sessionId;
    };

    it('opens none while every session is young and used', () => {
      const broker = new Broker(2);
      expect([open(broker, 1), open(broker, 1), open(broker, 50)]).to.deep.equal([1, 2, 0]);
    });

    it('replaces the session that was unused the longest, once that is long enough', () => {
      const broker = new Broker(2);
      open(broker, 1);
      broker.nowMs = 10;
      open(broker, 1);
      broker.fetch(request(1, 1)); // session 1 is used again
      broker.nowMs = 11 + EVICTION_MS;
      expect(open(broker, 1)).to.equal(3);
      expect(told(broker.fetch(request(2, 1)))).to.equal(`${ErrorCode.FETCH_SESSION_ID_NOT_FOUND} 0 []`);
      expect(told(broker.fetch(request(1, 2)))).to.equal('0 1 []');
    });

    it('replaces a smaller session whose grace is over, never one of the same size', () => {
      const broker = new Broker(2);
      open(broker, 3);
      open(broker, 2);
      broker.nowMs = EVICTION_MS + 1;
      broker.fetch(request(1, 1));
      broker.fetch(request(2, 1));
      expect(open(broker, 2)).to.equal(0);
      expect(open(broker, 3)).to.equal(3);
      expect(told(broker.fetch(request(2, 2)))).to.equal(`${ErrorCode.FETCH_SESSION_ID_NOT_FOUND} 0 []`);
      expect(told(broker.fetch(request(1, 2)))).to.equal('0 1 []');
    });

    it('lets a follower replace a consumer at once, and no consumer a follower', () => {
      const broker = new Broker(1);
      open(broker, 9);
      expect(open(broker, 1, 3)).to.equal(2);
      broker.nowMs = EVICTION_MS + 1;
      broker.fetch(request(2, 1, [], { replicaId: 3 }));
      expect(open(broker, 50)).to.equal(0);
      expect(open(broker, 2, 4)).to.equal(3);
    });
  });
});
