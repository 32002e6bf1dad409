import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import type { FetchResponse } from '../../../broker/protocol/messages/01-fetch.ts';
import { setBaseOffset } from '../../../broker/records/record-batch.ts';
import { emptyResult } from '../../../broker/replication/fetch-types.ts';
import { FollowerReplica } from '../../../broker/replication/follower-replica.ts';
import type { LeaderFetchRequest } from '../../../broker/replication/leader-connection.ts';
import { ReplicaFetcher } from '../../../broker/replication/replica-fetcher.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { batch, FakeLog, ManualTime } from './fakes.ts';

const TOPIC_ID = 'T'.repeat(22);

type PartitionAnswer = FetchResponse['responses'][number]['partitions'][number];

/** A leader whose answers the test gives. */
class ScriptedLeader {
  readonly requests: { request: LeaderFetchRequest; answer: PromiseWithResolvers<FetchResponse> }[] = [];
  connections = 0;
  refusing = false;
  range = { earliest: 0, latest: 0 };

  connect() {
    if (this.refusing) return Promise.reject(new Error('connection refused'));
    this.connections += 1;
    let reject: (error: Error) => void = () => undefined;
    return Promise.resolve({
      fetch: (request: LeaderFetchRequest) => {
        const answer = Promise.withResolvers<FetchResponse>();
        reject = (error) => answer.reject(error);
        this.requests.push({ request, answer });
        return answer.promise;
      },
      endOffset: (_at: unknown, end: 'earliest' | 'latest') => Promise.resolve(this.range[end]),
      close: () => reject(new Error('closed')),
    });
  }

  get last(): LeaderFetchRequest {
    return this.requests.at(-1)!.request;
  }

  /** Partitions and offsets of the last request. */
  get asked(): string[] {
    return this.last.topics.flatMap(({ partitions }) => partitions.map((each) => `${each.partition}@${each.fetchOffset}`));
  }

  answer(partitions: (Partial<PartitionAnswer> & { partitionIndex: number })[], errorCode: number = ErrorCode.NONE): void {
    const full = partitions.map((each) => ({ ...emptyResult(each.partitionIndex, ErrorCode.NONE), ...each }));
    const responses = full.length === 0 ? [] : [{ topic: '', topicId: TOPIC_ID, partitions: full }];
    this.requests.at(-1)!.answer.resolve({ throttleTimeMs: 0, errorCode, sessionId: errorCode === 0 ? 9 : 0, responses });
  }
}

describe('ReplicaFetcher', () => {
  let time: ManualTime;
  let leader: ScriptedLeader;
  let fetcher: ReplicaFetcher;
  let advances: number;
  beforeEach(() => {
    time = new ManualTime();
    leader = new ScriptedLeader();
    advances = 0;
    fetcher = new ReplicaFetcher({
      brokerId: 2,
      leaderId: 1,
      limits: { maxWaitMs: 500, minBytes: 1, maxBytes: 1000, partitionMaxBytes: 100, backoffMs: 1_000 },
      connect: () => leader.connect(),
      clock: time,
      scheduler: time,
      logger: createLogger('test'),
    });
  });
  afterEach(() => fetcher.close());

  function follow(index = 0, log = new FakeLog(TOPIC_ID)): { replica: FollowerReplica; log: FakeLog } {
    const host = {
      topic: 't',
      index,
      replicated: () => undefined,
      followerAdvanced: () => void (advances += 1),
      followerTruncated: () => undefined,
    };
    const replica = new FollowerReplica({ leaderId: 1, leaderEpoch: 4, highWatermark: 0, log, host });
    fetcher.add(replica);
    return { replica, log };
  }

  function records(baseOffset: number, count = 1): Buffer {
    const bytes = batch(count);
    setBaseOffset(bytes, 0, baseOffset);
    return bytes;
  }

  it('asks again only when the file has what came, from behind it', async () => {
    const { log } = follow();
    await time.turn();
    expect(leader.asked).to.deep.equal(['0@0']);
    expect(leader.last).to.include({ replicaId: 2, maxWaitMs: 500, sessionId: 0, sessionEpoch: 0 });
    leader.answer([{ partitionIndex: 0, records: records(0, 3), highWatermark: 2, logStartOffset: 0 }]);
    await time.turn();
    expect(leader.requests, 'the file does not have it yet').to.have.lengthOf(1);
    log.write();
    await time.turn();
    expect(leader.asked).to.deep.equal(['0@3']);
    expect(leader.last).to.include({ sessionId: 9, sessionEpoch: 1 });
    expect(advances).to.equal(1);
  });

  it('leaves a partition that fails out for a while that doubles, and the others go on', async () => {
    follow(0);
    follow(1);
    await time.turn();
    leader.answer([{ partitionIndex: 0, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }, { partitionIndex: 1 }]);
    await time.turn();
    expect(leader.last.maxWaitMs, 'the leader is not to hold the request for longer').to.equal(5);
    expect(leader.last.forgottenTopicsData).to.deep.equal([{ topic: 't', topicId: TOPIC_ID, partitions: [0] }]);
    time.nowMs += 5;
    leader.answer([]);
    await time.turn();
    expect(leader.asked).to.deep.equal(['0@0']);
    leader.answer([{ partitionIndex: 0, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }]);
    await time.turn();
    expect(leader.last.maxWaitMs).to.equal(10);
  });

  it('does not have a new partition wait for a request that the leader holds back', async () => {
    follow(0);
    await time.turn();
    follow(1);
    await time.turn();
    expect(leader.requests).to.have.lengthOf(1);
    await time.advance(10);
    expect([leader.connections, leader.asked]).to.deep.equal([2, ['0@0', '1@0']]);
  });

  it('connects again after a pause when the leader is gone, and then asks for all', async () => {
    follow();
    await time.turn();
    leader.refusing = true;
    leader.requests[0]!.answer.reject(new Error('reset'));
    await time.turn();
    await time.advance(20);
    leader.refusing = false;
    await time.advance(40);
    expect([leader.connections, leader.asked, leader.last.sessionEpoch]).to.deep.equal([2, ['0@0'], 0]);
  });

  it('asks for all again when the leader has forgotten the session', async () => {
    follow();
    await time.turn();
    leader.answer([]);
    await time.turn();
    leader.answer([], ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    await time.turn();
    expect([leader.last.sessionId, leader.last.sessionEpoch, leader.asked]).to.deep.equal([9, 0, ['0@0']]);
  });

  it('cuts its log where the leader says that they part', async () => {
    const log = new FakeLog(TOPIC_ID);
    for (const leaderEpoch of [1, 3]) {
      log.append(batch(2));
      log.leaderEpochs.assign(leaderEpoch, log.nextOffset - 2);
    }
    log.write();
    follow(0, log);
    await time.turn();
    expect(leader.asked).to.deep.equal(['0@4']);
    leader.answer([{ partitionIndex: 0, divergingEpoch: { epoch: 2, endOffset: 3 } }]);
    await time.turn();
    expect([log.logEndOffset, leader.asked]).to.deep.equal([2, ['0@2']]);
  });

  it("begins anew where the leader's log does, when it has nothing that is left there", async () => {
    const { log } = follow();
    await time.turn();
    leader.range = { earliest: 50, latest: 80 };
    leader.answer([{ partitionIndex: 0, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE }]);
    await time.turn();
    expect([log.logStartOffset, leader.asked]).to.deep.equal([50, ['0@50']]);
  });

  it('takes a whole batch into an empty log that begins within it', async () => {
    const { log } = follow();
    await log.restartAt(5);
    await time.turn();
    leader.answer([{ partitionIndex: 0, records: records(3, 4), highWatermark: 7, logStartOffset: 5 }]);
    await time.turn();
    expect(log.logStartOffset).to.equal(3);
  });

  it('changes nothing for a replica that has another role by now', async () => {
    const { replica, log } = follow();
    await time.turn();
    await replica.end();
    leader.answer([{ partitionIndex: 0, records: records(0) }]);
    await time.turn();
    expect(log.nextOffset).to.equal(0);
  });
});
