import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import type { AppendResult } from '../../../broker/replication/append-operation.ts';
import type { FetchPartitionResult } from '../../../broker/replication/fetch-types.ts';
import { FakeBroker, batch, leadershipRequest, parameters, stopRequest, wanted } from './fakes.ts';

const TOPIC_ID = 'x'.repeat(22);

type Settled<T> = { value: T | null };

/** What `answer` came to, once it has. */
function watched<T>(answer: T | Promise<T>): Settled<T> {
  const settled: Settled<T> = { value: null };
  if (answer instanceof Promise) void answer.then((value) => (settled.value = value));
  else settled.value = answer;
  return settled;
}

function produce(
  broker: FakeBroker,
  { acks = 1, partitions = [0], timeoutMs = 1_000, topic = 't' } = {},
): Settled<AppendResult[]> {
  return watched(
    broker.replicas.append({
      acks,
      timeoutMs,
      origin: 'client',
      internalTopicsAllowed: false,
      entries: partitions.map((partition) => ({ topic, partition, records: batch() })),
    }),
  );
}

function outcomes(settled: Settled<AppendResult[]>): string | null {
  return settled.value?.map(({ errorCode, baseOffset }) => `${errorCode}@${baseOffset}`).join(' ') ?? null;
}

describe('ReplicaManager', () => {
  let broker: FakeBroker;
  beforeEach(() => {
    broker = new FakeBroker();
  });

  it('follows nobody anew while it stops, where it is not in sync', async () => {
    await broker.lead('t', [0, 1], { isr: [0, 1], replicas: [0, 1] });
    broker.replicas.prepareToStop();
    await broker.lead('t', [0], { leader: 1, leaderEpoch: 1, isr: [1], replicas: [0, 1] });
    await broker.time.turn();
    expect(broker.connectedTo).to.deep.equal([]);
    await broker.lead('t', [1], { leader: 1, leaderEpoch: 1, isr: [1, 0], replicas: [0, 1] });
    await broker.time.turn();
    expect(broker.connectedTo, 'its leader waits for it').to.deep.equal([1]);
  });

  describe('append()', () => {
    it('answers acks=1 when the file has the records, one answer for all partitions', async () => {
      await broker.lead('t', [0, 1]);
      const answer = produce(broker, { partitions: [0, 1] });
      await broker.time.turn();
      expect(answer.value).to.equal(null);
      broker.log('t-0').write();
      await broker.time.turn();
      expect(answer.value, 'one partition is still on its way').to.equal(null);
      broker.log('t-1').write();
      await broker.time.turn();
      expect(outcomes(answer)).to.equal('0@0 0@0');
      expect(broker.time.timerCount, 'only the timers of checkpoint and ISR are left').to.equal(2);
    });

    it('answers acks=0 at once', async () => {
      await broker.lead();
      expect(outcomes(produce(broker, { acks: 0 }))).to.equal('0@0');
    });

    it('answers acks=all of a single replica when its file has the records', async () => {
      await broker.lead();
      const answer = produce(broker, { acks: -1 });
      await broker.time.turn();
      expect(answer.value).to.equal(null);
      broker.log().write();
      await broker.time.turn();
      expect(outcomes(answer)).to.equal('0@0');
      expect(broker.replicas.partition('t', 0)!.highWatermark).to.equal(1);
    });

    it('answers acks=all when the in-sync replicas have the records', async () => {
      await broker.lead('t', [0], { isr: [0, 1], replicas: [0, 1] });
      const answer = produce(broker, { acks: -1 });
      broker.log().write();
      await broker.time.turn();
      expect(answer.value).to.equal(null);
      void broker.replicas.fetch([wanted(0, 1)], parameters({ replicaId: 1, onlyLeader: true }));
      await broker.time.turn();
      expect(outcomes(answer)).to.equal('0@0');
    });

    it('answers acks=all though a broker that shuts down had caught up, once the controller refuses it', async () => {
      await broker.lead('t', [0], { isr: [0, 1], replicas: [0, 1, 2] });
      const partition = broker.replicas.partition('t', 0)!;
      partition.followerFetched(2, 0, 0);
      const answer = produce(broker, { acks: -1 });
      broker.log().write();
      await broker.time.turn();
      partition.followerFetched(1, 1, 0);
      await broker.time.turn();
      expect(answer.value).to.equal(null);
      const proposal = { isr: [0, 1, 2], leaderEpoch: 0, partitionEpoch: 0 };
      partition.isrAnswered(proposal, { errorCode: ErrorCode.INELIGIBLE_REPLICA, isr: [], partitionEpoch: 0 });
      await broker.time.turn();
      expect(outcomes(answer)).to.equal('0@0');
    });

    it('times acks=all out, keeps the records, and forgets the producer', async () => {
      await broker.lead('t', [0], { isr: [0, 1], replicas: [0, 1] });
      const answer = produce(broker, { acks: -1, timeoutMs: 300 });
      broker.log().write();
      await broker.time.advance(299);
      expect(answer.value).to.equal(null);
      await broker.time.advance(1);
      expect(outcomes(answer)).to.equal(`${ErrorCode.REQUEST_TIMED_OUT}@0`);
      expect(broker.log().logEndOffset).to.equal(1);
      broker.replicas.partition('t', 0)!.followerFetched(1, 1, 0);
      expect(outcomes(answer)).to.equal(`${ErrorCode.REQUEST_TIMED_OUT}@0`);
    });

    it('refuses acks=all while the ISR is below min.insync.replicas, and says when it became so', async () => {
      broker.topicConfig = new Map([['min.insync.replicas', '2']]);
      await broker.lead('t', [0], { isr: [0], replicas: [0, 1] });
      expect(outcomes(produce(broker, { acks: -1 }))).to.equal(`${ErrorCode.NOT_ENOUGH_REPLICAS}@-1`);
      await broker.lead('t', [0], { isr: [0, 1], replicas: [0, 1], leaderEpoch: 1 });
      const answer = produce(broker, { acks: -1 });
      broker.log().write();
      await broker.time.turn();
      const partition = broker.replicas.partition('t', 0)!;
      if (partition.leader!.isrCommitted([0], 1, 5_000)) partition.highWatermarkAdvanced();
      await broker.time.turn();
      expect(outcomes(answer)).to.equal(`${ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND}@0`);
    });

    it('refuses what it may not append, each partition with its own code', async () => {
      await broker.lead('t', [0]);
      await broker.lead('__consumer_offsets', [0]);
      broker.known.add('t-1');
      expect(outcomes(produce(broker, { partitions: [1, 2] }))).to.equal(
        `${ErrorCode.NOT_LEADER_OR_FOLLOWER}@-1 ${ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}@-1`,
      );
      expect(outcomes(produce(broker, { topic: '__consumer_offsets' }))).to.equal(`${ErrorCode.INVALID_TOPIC_EXCEPTION}@-1`);
      expect(outcomes(produce(broker, { acks: 2 }))).to.equal(`${ErrorCode.INVALID_REQUIRED_ACKS}@-1`);
      broker.log().logStartOffset = 4;
      broker.log().refusal = {
        errorCode: ErrorCode.INVALID_RECORD,
        message: 'no key',
        recordErrors: [{ batchIndex: 3, batchIndexErrorMessage: null }],
      };
      expect(produce(broker).value![0]).to.deep.include({
        errorCode: ErrorCode.INVALID_RECORD,
        errorMessage: 'no key',
        recordErrors: [{ batchIndex: 3, batchIndexErrorMessage: null }],
        logStartOffset: 4,
      });
      broker.log().refusal = { errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, message: 'gap' };
      expect(produce(broker).value![0]).to.deep.include({ errorCode: 45, errorMessage: null, logStartOffset: 4 });
      broker.log().refusal = { errorCode: ErrorCode.MESSAGE_TOO_LARGE, message: 'big' };
      expect(produce(broker).value![0]).to.deep.include({ errorCode: 10, errorMessage: null, logStartOffset: -1 });
    });

    it('answers 6 to acks=all that was pending when the leadership went', async () => {
      await broker.lead('t', [0], { isr: [0, 1], replicas: [0, 1] });
      const answer = produce(broker, { acks: -1 });
      await broker.lead('t', [0], { leader: 1, isr: [0, 1], replicas: [0, 1], leaderEpoch: 1 });
      await broker.time.turn();
      expect(outcomes(answer)).to.equal(`${ErrorCode.NOT_LEADER_OR_FOLLOWER}@0`);
    });

    it('gives a directory up whose disk fails, with everyone who waits there', async () => {
      await broker.lead('t', [0, 1]);
      const answer = produce(broker, { partitions: [0, 1] });
      const fetch = watched(broker.replicas.fetch([wanted(1, 0)], parameters()));
      broker.log('t-0').failWrite(new Error('no space left'));
      await broker.time.turn();
      expect(outcomes(answer)).to.equal(`${ErrorCode.KAFKA_STORAGE_ERROR}@0 ${ErrorCode.KAFKA_STORAGE_ERROR}@0`);
      expect(fetch.value![0]!.errorCode).to.equal(ErrorCode.KAFKA_STORAGE_ERROR);
      expect(broker.failedDirs).to.deep.equal(['/logs']);
      expect(outcomes(produce(broker))).to.equal(`${ErrorCode.KAFKA_STORAGE_ERROR}@-1`);
      expect(await broker.lead('t', [0], { leaderEpoch: 9 })).to.deep.equal([ErrorCode.KAFKA_STORAGE_ERROR]);
      expect(broker.events).to.deep.equal(['lead t-0 0', 'lead t-1 0', 'resign t-0 0', 'resign t-1 0']);
    });
  });

  describe('fetch()', () => {
    async function filled(partitions: number[], more: Parameters<FakeBroker['lead']>[2] = {}): Promise<void> {
      await broker.lead('t', partitions, more);
      produce(broker, { partitions });
      for (const partition of partitions) broker.log(`t-${partition}`).write();
      await broker.time.turn();
    }
    const fetch = (...args: Parameters<FakeBroker['replicas']['fetch']>): Settled<FetchPartitionResult[]> =>
      watched(broker.replicas.fetch(...args));
    const sizes = (settled: Settled<FetchPartitionResult[]>): number[] | null =>
      settled.value?.map(({ records }) => records?.length ?? -1) ?? null;
    const codes = (settled: Settled<FetchPartitionResult[]>): number[] | null =>
      settled.value?.map(({ errorCode }) => errorCode) ?? null;
    const size = batch().length;

    it('answers at once with what is there', async () => {
      await filled([0]);
      const answer = fetch([wanted(0, 0)], parameters());
      expect(sizes(answer)).to.deep.equal([size]);
      expect(answer.value![0]).to.deep.include({
        highWatermark: 1,
        lastStableOffset: 1,
        logStartOffset: 0,
        abortedTransactions: null,
      });
    });

    it('waits for minBytes, counting what becomes visible, and gives all partitions at once', async () => {
      await filled([0, 1]);
      const answer = fetch([wanted(0, 1), wanted(1, 1)], parameters({ minBytes: size * 2 }));
      produce(broker, { partitions: [0] });
      await broker.time.turn();
      expect(answer.value, 'not written yet').to.equal(null);
      broker.log('t-0').write();
      await broker.time.turn();
      expect(answer.value, 'half of it').to.equal(null);
      produce(broker, { partitions: [1] });
      broker.log('t-1').write();
      await broker.time.turn();
      expect(sizes(answer)).to.deep.equal([size, size]);
      expect(broker.time.timerCount).to.equal(2);
    });

    it('takes wakes of one turn together', async () => {
      await filled([0, 1]);
      const answer = fetch([wanted(0, 1), wanted(1, 1)], parameters());
      produce(broker, { partitions: [0, 1] });
      broker.log('t-0').write();
      broker.log('t-1').write();
      await broker.time.turn();
      expect(sizes(answer)).to.deep.equal([size, size]);
    });

    it('answers with what there is when the time is over', async () => {
      await filled([0]);
      const answer = fetch([wanted(0, 1)], parameters({ minBytes: 10_000, maxWaitMs: 500 }));
      produce(broker);
      broker.log().write();
      await broker.time.advance(499);
      expect(answer.value).to.equal(null);
      await broker.time.advance(1);
      expect(sizes(answer)).to.deep.equal([size]);
      const idle = fetch([wanted(0, 2)], parameters({ maxWaitMs: 10 }));
      await broker.time.advance(10);
      expect(sizes(idle)).to.deep.equal([0]);
    });

    it('does not wait when it may not, or has nothing to wait for', async () => {
      await filled([0]);
      expect(sizes(fetch([wanted(0, 1)], parameters({ maxWaitMs: 0 })))).to.deep.equal([0]);
      expect(sizes(fetch([], parameters()))).to.deep.equal([]);
      expect(codes(fetch([wanted(7, 0)], parameters()))).to.deep.equal([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
      expect(codes(fetch([wanted(0, 0, { topic: null })], parameters()))).to.deep.equal([ErrorCode.UNKNOWN_TOPIC_ID]);
    });

    it('refuses a partition at once with its own code, and serves the others', async () => {
      await filled([0, 1]);
      broker.known.add('t-2');
      broker.log('t-1').logStartOffset = 1;
      const answer = fetch([wanted(0, 0), wanted(1, 0), wanted(0, 2), wanted(2, 0)], parameters({ minBytes: 10_000 }));
      expect(codes(answer)).to.deep.equal([
        0,
        ErrorCode.OFFSET_OUT_OF_RANGE,
        ErrorCode.OFFSET_OUT_OF_RANGE,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
      ]);
      expect(answer.value![1]).to.deep.include({ highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 });
    });

    it('checks leader epochs and topic ids', async () => {
      await filled([0], { leaderEpoch: 3, topicId: TOPIC_ID });
      const ask = (more: Partial<ReturnType<typeof wanted>>): number =>
        codes(fetch([wanted(0, 0, more)], parameters()))![0]!;
      expect(ask({ currentLeaderEpoch: 3 })).to.equal(ErrorCode.NONE);
      expect(ask({ currentLeaderEpoch: 2 })).to.equal(ErrorCode.FENCED_LEADER_EPOCH);
      expect(ask({ currentLeaderEpoch: 4 })).to.equal(ErrorCode.UNKNOWN_LEADER_EPOCH);
      expect(ask({ topicId: TOPIC_ID })).to.equal(ErrorCode.NONE);
      expect(ask({ topicId: 'y'.repeat(22) })).to.equal(ErrorCode.INCONSISTENT_TOPIC_ID);
    });

    it('keeps to the limits, but gives one batch whatever its size', async () => {
      await filled([0, 1]);
      produce(broker, { partitions: [0, 1] });
      broker.log('t-0').write();
      broker.log('t-1').write();
      await broker.time.turn();
      const both = [wanted(0, 0), wanted(1, 0)];
      expect(sizes(fetch(both, parameters({ maxBytes: 1 })))).to.deep.equal([size, 0]);
      expect(sizes(fetch(both, parameters({ maxBytes: size * 3 })))).to.deep.equal([size * 2, size]);
      expect(
        sizes(fetch([wanted(0, 0, { partitionMaxBytes: 1 }), wanted(1, 0, { partitionMaxBytes: 1 })], parameters())),
      ).to.deep.equal([size, 0]);
      expect(sizes(fetch(both, parameters({ maxBytes: 1, hardMaxBytes: true, maxWaitMs: 0 })))).to.deep.equal([0, 0]);
    });

    it('shows consumers nothing above the high watermark, followers all that is written', async () => {
      await broker.lead('t', [0], { isr: [0, 1], replicas: [0, 1] });
      produce(broker);
      broker.log().write();
      await broker.time.turn();
      expect(sizes(fetch([wanted(0, 0)], parameters({ maxWaitMs: 0 })))).to.deep.equal([0]);
      expect(codes(fetch([wanted(0, 1)], parameters({ maxWaitMs: 0 }))), 'between them: no error').to.deep.equal([0]);
      expect(sizes(fetch([wanted(0, 0)], parameters({ replicaId: 1, onlyLeader: true })))).to.deep.equal([size]);
      expect(codes(fetch([wanted(0, 0)], parameters({ replicaId: 5 })))).to.deep.equal([ErrorCode.NOT_LEADER_OR_FOLLOWER]);
      const unknown = fetch([wanted(0, 0, { currentLeaderEpoch: 0 })], parameters({ replicaId: 5 }));
      expect(codes(unknown)).to.deep.equal([ErrorCode.UNKNOWN_LEADER_EPOCH]);
    });

    it('answers followers when it becomes a leader, and soon for a while: they may have more to ask for', async () => {
      await broker.lead('t', [0], { isr: [0, 1], replicas: [0, 1] });
      await broker.time.advance(1_000);
      const [follower, consumer] = [parameters({ replicaId: 1, onlyLeader: true }), parameters()].map((asked) => fetch([wanted(0, 0)], asked));
      await broker.lead('t', [1], { isr: [0, 1], replicas: [0, 1] });
      await broker.time.turn();
      expect([sizes(follower!), sizes(consumer!)]).to.deep.equal([[0], null]);
      const next = fetch([wanted(0, 0)], parameters({ replicaId: 1, onlyLeader: true }));
      await broker.time.advance(4);
      expect(next.value).to.equal(null);
      await broker.time.advance(1);
      expect(sizes(next)).to.deep.equal([0]);
      await broker.time.advance(100);
      const later = fetch([wanted(0, 0)], parameters({ replicaId: 1, onlyLeader: true }));
      await broker.time.advance(100);
      expect(later.value).to.equal(null);
    });

    it('wakes followers by appends and consumers by what followers fetch', async () => {
      await broker.lead('t', [0], { isr: [0, 1], replicas: [0, 1] });
      const follower = fetch([wanted(0, 0)], parameters({ replicaId: 1, onlyLeader: true }));
      const consumer = fetch([wanted(0, 0)], parameters());
      produce(broker);
      broker.log().write();
      await broker.time.turn();
      expect(sizes(follower)).to.deep.equal([size]);
      expect(consumer.value).to.equal(null);
      const next = fetch([wanted(0, 1)], parameters({ replicaId: 1, onlyLeader: true }));
      await broker.time.turn();
      expect(sizes(consumer)).to.deep.equal([size]);
      expect(next.value, 'the follower itself has nothing to get').to.equal(null);
    });

    it('tells a follower where its log parts from ours', async () => {
      await filled([0], { isr: [0, 1], replicas: [0, 1], leaderEpoch: 2 });
      await broker.lead('t', [0], { isr: [0, 1], replicas: [0, 1], leaderEpoch: 5 });
      const ask = (fetchOffset: number, lastFetchedEpoch: number): FetchPartitionResult =>
        fetch([wanted(0, fetchOffset, { lastFetchedEpoch })], parameters({ replicaId: 1, onlyLeader: true })).value![0]!;
      expect(ask(0, 2).divergingEpoch.epoch, 'not beyond the end of epoch 2').to.equal(-1);
      expect(ask(3, 2).divergingEpoch).to.deep.equal({ epoch: 2, endOffset: 1 });
      expect(ask(3, 4).divergingEpoch, 'an epoch we never had').to.deep.equal({ epoch: 2, endOffset: 1 });
      expect(ask(1, 9).errorCode, 'an epoch after ours').to.equal(ErrorCode.OFFSET_OUT_OF_RANGE);
    });

    it('waits for the disk, and does not miss what comes meanwhile', async () => {
      await filled([0, 1]);
      const read = Promise.withResolvers<void>();
      broker.log('t-1').disk = { read: async (bytes) => (await read.promise, bytes) };
      const answer = fetch([wanted(0, 1), wanted(1, 0)], parameters({ minBytes: size * 2 }));
      produce(broker, { partitions: [0] });
      broker.log('t-0').write();
      await broker.time.turn();
      expect(answer.value).to.equal(null);
      read.resolve();
      await broker.time.turn();
      expect(sizes(answer)).to.deep.equal([size, size]);
    });

    it('answers 56 for a partition whose disk cannot be read', async () => {
      await filled([0]);
      broker.log().disk = { read: () => Promise.reject(new Error('EIO')) };
      const answer = fetch([wanted(0, 0)], parameters());
      await broker.time.turn();
      expect(codes(answer)).to.deep.equal([ErrorCode.KAFKA_STORAGE_ERROR]);
      expect(broker.failedDirs).to.deep.equal(['/logs']);
    });

    it('is answered at once when the partition changes its leader', async () => {
      await filled([0], { isr: [0, 1], replicas: [0, 1] });
      const answer = fetch([wanted(0, 1)], parameters({ onlyLeader: true }));
      await broker.lead('t', [0], { leader: 1, isr: [0, 1], replicas: [0, 1], leaderEpoch: 1 });
      await broker.time.turn();
      expect(codes(answer)).to.deep.equal([ErrorCode.NOT_LEADER_OR_FOLLOWER]);
    });

    it('serves consumers from a follower up to the high watermark it knows', async () => {
      await filled([0], { isr: [0], replicas: [0, 1] });
      await broker.lead('t', [0], { leader: 1, isr: [0, 1], replicas: [0, 1], leaderEpoch: 1 });
      expect(sizes(fetch([wanted(0, 0)], parameters()))).to.deep.equal([size]);
      expect(codes(fetch([wanted(0, 0)], parameters({ onlyLeader: true })))).to.deep.equal([
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
      ]);
    });

    it('lets go of a fetch whose client has gone', async () => {
      await filled([0]);
      const gone: (() => void)[] = [];
      let forgotten = 0;
      const answer = fetch([wanted(0, 1)], parameters(), (listener) => {
        gone.push(listener);
        return () => (forgotten += 1);
      });
      expect(broker.time.timerCount).to.equal(3);
      gone[0]!();
      await broker.time.turn();
      expect(answer.value).to.not.equal(null);
      expect([broker.time.timerCount, forgotten]).to.deep.equal([2, 1]);
    });
  });

  describe('becomeLeaderOrFollower()', () => {
    it('tells listeners what it leads, and what no longer', async () => {
      await broker.lead('t', [0, 1], { replicas: [0, 1], isr: [0, 1] });
      await broker.lead('t', [0], { leader: 1, replicas: [0, 1], isr: [0, 1], leaderEpoch: 1 });
      await broker.lead('t', [0], { leader: 1, replicas: [0, 1], isr: [1], leaderEpoch: 2 });
      await broker.lead('t', [1], { replicas: [0, 1], isr: [0], leaderEpoch: 4 });
      expect(broker.events).to.deep.equal(['lead t-0 0', 'lead t-1 0', 'resign t-0 1', 'lead t-1 4']);
    });

    it('refuses orders of an old controller as a whole', async () => {
      await broker.lead('t', [0], { controllerEpoch: 5 });
      const response = await broker.replicas.becomeLeaderOrFollower(leadershipRequest('t', [1], { controllerEpoch: 4 }));
      expect(response).to.deep.equal({ errorCode: ErrorCode.STALE_CONTROLLER_EPOCH, partitionErrors: [], topics: [] });
      expect(broker.replicas.partition('t', 1)).to.equal(undefined);
    });

    it('refuses partitions for their own reasons', async () => {
      await broker.lead('t', [0], { leaderEpoch: 3, topicId: TOPIC_ID });
      expect(await broker.lead('t', [0], { leaderEpoch: 3 }), 'the same epoch').to.deep.equal([
        ErrorCode.STALE_CONTROLLER_EPOCH,
      ]);
      expect(await broker.lead('t', [0], { leaderEpoch: 2 })).to.deep.equal([ErrorCode.STALE_CONTROLLER_EPOCH]);
      expect(await broker.lead('t', [0], { leaderEpoch: 4, topicId: 'y'.repeat(22) })).to.deep.equal([
        ErrorCode.INCONSISTENT_TOPIC_ID,
      ]);
      expect(await broker.lead('t', [1], { replicas: [1, 2], isr: [1] })).to.deep.equal([
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      ]);
      broker.openError = new Error('EACCES');
      expect(await broker.lead('t', [2])).to.deep.equal([ErrorCode.KAFKA_STORAGE_ERROR]);
      broker.openError = null;
      expect(await broker.lead('t', [2]), 'and can be tried again').to.deep.equal([ErrorCode.NONE]);
    });

    it('answers by name and by topic id', async () => {
      const response = await broker.replicas.becomeLeaderOrFollower(leadershipRequest('t', [0, 1], { topicId: TOPIC_ID }));
      expect(response.partitionErrors).to.deep.equal([
        { topicName: 't', partitionIndex: 0, errorCode: 0 },
        { topicName: 't', partitionIndex: 1, errorCode: 0 },
      ]);
      expect(response.topics).to.deep.equal([
        {
          topicId: TOPIC_ID,
          partitionErrors: [
            { partitionIndex: 0, errorCode: 0 },
            { partitionIndex: 1, errorCode: 0 },
          ],
        },
      ]);
    });

    it('notes where an epoch starts, and begins with the checkpointed high watermark, within the log', async () => {
      broker.checkpoint.set('t-0', 9);
      await broker.lead('t', [0], { leader: 1, replicas: [0, 1], isr: [1] });
      expect(broker.replicas.partition('t', 0)!.highWatermark).to.equal(0);
      await broker.lead('t', [0], { leaderEpoch: 7, replicas: [0, 1], isr: [0, 1] });
      expect(broker.log().leaderEpochs.entries).to.deep.equal([{ leaderEpoch: 7, startOffset: 0 }]);
    });
  });

  describe('stopReplicas()', () => {
    it('deletes, with the epoch of a deletion, without one, or with a newer one', async () => {
      await broker.lead('t', [0, 1, 2], { leaderEpoch: 3 });
      for (const [partition, leaderEpoch] of [
        [0, -2],
        [1, -1],
        [2, 4],
      ] as const) {
        const { partitionErrors } = await broker.replicas.stopReplicas(stopRequest('t', partition, leaderEpoch, true));
        expect(partitionErrors).to.deep.equal([{ topicName: 't', partitionIndex: partition, errorCode: ErrorCode.NONE }]);
      }
      expect(broker.deleted).to.deep.equal(['t-0', 't-1', 't-2']);
      expect([...broker.replicas.partitions()]).to.have.length(0);
      expect(broker.events.slice(3)).to.deep.equal(['resign t-0 3 deleted', 'resign t-1 3 deleted', 'resign t-2 3 deleted']);
    });

    it('refuses an epoch that is not newer', async () => {
      await broker.lead('t', [0], { leaderEpoch: 3 });
      const { partitionErrors } = await broker.replicas.stopReplicas(stopRequest('t', 0, 3, true));
      expect(partitionErrors[0]!.errorCode).to.equal(ErrorCode.FENCED_LEADER_EPOCH);
      expect(broker.deleted).to.deep.equal([]);
    });

    it('deletes what it only has on disk', async () => {
      await broker.replicas.stopReplicas(stopRequest('gone', 4, -2, true));
      expect(broker.deleted).to.deep.equal(['gone-4']);
    });

    it('keeps a replica that is stopped without deletion, and can lead it again', async () => {
      await broker.lead();
      await broker.replicas.stopReplicas(stopRequest('t', 0, 1, false));
      expect(outcomes(produce(broker))).to.equal(`${ErrorCode.NOT_LEADER_OR_FOLLOWER}@-1`);
      await broker.lead('t', [0], { leaderEpoch: 2 });
      expect(outcomes(produce(broker, { acks: 0 }))).to.equal('0@0');
    });
  });

  describe('deleteRecords()', () => {
    const entry = (offset: number): { topic: string; partition: number; offset: number }[] => [
      { topic: 't', partition: 0, offset },
    ];

    async function withRecords(more: Parameters<FakeBroker['lead']>[2] = {}): Promise<void> {
      await broker.lead('t', [0], more);
      for (let i = 0; i < 5; i += 1) produce(broker);
      broker.log().write();
      await broker.time.turn();
    }

    it('moves the log start, to the high watermark for -1', async () => {
      await withRecords();
      expect(await broker.replicas.deleteRecords(entry(2), 100)).to.deep.equal([{ errorCode: 0, lowWatermark: 2 }]);
      expect(await broker.replicas.deleteRecords(entry(1), 100), 'never back').to.deep.equal([
        { errorCode: 0, lowWatermark: 2 },
      ]);
      expect(await broker.replicas.deleteRecords(entry(-1), 100)).to.deep.equal([{ errorCode: 0, lowWatermark: 5 }]);
    });

    it('refuses offsets out of range, compact-only and internal topics, and what it does not lead', async () => {
      await withRecords();
      const refused = async (entries: ReturnType<typeof entry>): Promise<number> =>
        (await broker.replicas.deleteRecords(entries, 100))[0]!.errorCode;
      expect(await refused(entry(6))).to.equal(ErrorCode.OFFSET_OUT_OF_RANGE);
      expect(await refused(entry(-5))).to.equal(ErrorCode.OFFSET_OUT_OF_RANGE);
      expect(await refused([{ topic: '__consumer_offsets', partition: 0, offset: 1 }])).to.equal(
        ErrorCode.INVALID_TOPIC_EXCEPTION,
      );
      expect(await refused([{ topic: 'nope', partition: 0, offset: 1 }])).to.equal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      broker.topicConfig = new Map([['cleanup.policy', 'compact']]);
      await broker.lead('compacted', [0]);
      expect(await refused([{ topic: 'compacted', partition: 0, offset: 0 }])).to.equal(ErrorCode.POLICY_VIOLATION);
    });

    it('waits for live replicas to follow, at most as long as it was told', async () => {
      await withRecords({ isr: [0], replicas: [0, 1] });
      const partition = broker.replicas.partition('t', 0)!;
      partition.followerFetched(1, 5, 0);
      const answer = watched(broker.replicas.deleteRecords(entry(3), 100));
      await broker.time.turn();
      expect(answer.value).to.equal(null);
      partition.followerFetched(1, 5, 3);
      await broker.time.turn();
      expect(answer.value).to.deep.equal([{ errorCode: 0, lowWatermark: 3 }]);
      const late = watched(broker.replicas.deleteRecords(entry(4), 100));
      await broker.time.advance(100);
      expect(late.value).to.deep.equal([{ errorCode: ErrorCode.REQUEST_TIMED_OUT, lowWatermark: 3 }]);
      broker.dead.add(1);
      expect(await broker.replicas.deleteRecords(entry(5), 100)).to.deep.equal([{ errorCode: 0, lowWatermark: 5 }]);
    });
  });

  describe('while it is out of touch with the cluster', () => {
    it('does not lead: who waits for that looks for another leader, and nothing moves', async () => {
      await broker.lead('t', [0], { isr: [0, 1], replicas: [0, 1, 2] });
      await broker.time.advance(100);
      const append = produce(broker, { acks: -1, timeoutMs: 60_000 });
      const fetch = watched(broker.replicas.fetch([wanted(0, 0)], parameters({ replicaId: 1, onlyLeader: true })));
      await broker.time.turn();
      broker.fenced = true;
      broker.replicas.fencingChanged();
      broker.log().write();
      await broker.time.turn();
      expect(outcomes(append)).to.equal(`${ErrorCode.NOT_LEADER_OR_FOLLOWER}@0`);
      expect(fetch.value?.[0]!.errorCode).to.equal(ErrorCode.NOT_LEADER_OR_FOLLOWER);
      expect(outcomes(produce(broker, { acks: 1 }))).to.equal(`${ErrorCode.NOT_LEADER_OR_FOLLOWER}@-1`);
      const partition = broker.replicas.partition('t', 0)!;
      partition.followerFetched(1, 1, 0);
      expect(partition.highWatermark).to.equal(0);
      await broker.time.advance(5_000);
      expect(partition.leader!.isrChangeInFlight, 'no ISR is asked for').to.equal(false);
    });

    it('goes on when it is back in time', async () => {
      await broker.lead();
      produce(broker);
      broker.fenced = true;
      broker.replicas.fencingChanged();
      broker.log().write();
      await broker.time.turn();
      const partition = broker.replicas.partition('t', 0)!;
      expect(partition.highWatermark).to.equal(0);
      broker.fenced = false;
      broker.replicas.fencingChanged();
      expect(partition.highWatermark).to.equal(1);
      expect(outcomes(produce(broker, { acks: 0 }))).to.equal('0@1');
    });
  });

  it('writes high watermarks every few seconds and when it closes, and ends every wait', async () => {
    await broker.lead();
    produce(broker);
    broker.log().write();
    await broker.time.turn();
    await broker.time.advance(5_000);
    expect(broker.checkpoint.get('t-0')).to.equal(1);
    produce(broker);
    broker.log().write();
    await broker.time.turn();
    const fetch = watched(broker.replicas.fetch([wanted(0, 2)], parameters()));
    const append = produce(broker, { acks: -1 });
    await broker.replicas.close();
    await broker.time.turn();
    expect(broker.checkpoint.get('t-0')).to.equal(2);
    expect(fetch.value).to.not.equal(null);
    expect(outcomes(append)).to.equal(`${ErrorCode.NOT_LEADER_OR_FOLLOWER}@2`);
    expect(broker.time.timerCount).to.equal(0);
  });
});
