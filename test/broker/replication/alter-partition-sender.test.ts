import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import type { AlterPartitionRequest, AlterPartitionResponse } from '../../../broker/protocol/messages/56-alter-partition.ts';
import { AlterPartitionSender } from '../../../broker/replication/alter-partition-sender.ts';
import type { IsrAnswer, Partition } from '../../../broker/replication/partition.ts';
import type { IsrProposal } from '../../../broker/replication/partition-leader.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { ManualTime } from './fakes.ts';

const TOPIC_ID = 'T'.repeat(22);

/** A partition that notes what it is told. */
class FakePartition {
  readonly topic = 't';
  readonly topicId: string;
  readonly index: number;
  wanted = true;
  retries = 0;
  readonly heard: IsrAnswer[] = [];

  constructor(index: number, topicId = TOPIC_ID) {
    this.index = index;
    this.topicId = topicId;
  }

  wants(): boolean {
    return this.wanted;
  }

  isrAnswered(_proposal: IsrProposal, { errorCode, isr, partitionEpoch }: IsrAnswer): boolean {
    this.heard.push({ errorCode, isr, partitionEpoch });
    return this.retries-- > 0;
  }
}

describe('AlterPartitionSender', () => {
  let time: ManualTime;
  let requests: {
    request: AlterPartitionRequest;
    versionMax: number;
    answer: PromiseWithResolvers<AlterPartitionResponse>;
  }[];
  let sender: AlterPartitionSender;
  beforeEach(() => {
    time = new ManualTime();
    requests = [];
    sender = new AlterPartitionSender({
      brokerId: 1,
      brokerEpoch: () => 17,
      send: (request, versionMax) => {
        const answer = Promise.withResolvers<AlterPartitionResponse>();
        requests.push({ request, versionMax, answer });
        return answer.promise;
      },
      scheduler: time,
      logger: createLogger('test'),
    });
  });

  function submit(partition: FakePartition, isr: number[], partitionEpoch = 3): void {
    sender.submit(partition as unknown as Partition, { isr, leaderEpoch: 2, partitionEpoch });
  }

  /** What the `n`-th request asked for: `partition:isr`. */
  function asked(n: number): string[] {
    return requests[n]!.request.topics.flatMap(({ partitions }) =>
      partitions.map(({ partitionIndex, newIsr }) => `${partitionIndex}:${newIsr.join(',')}`),
    );
  }

  async function answer(
    n: number,
    errorCodes: Record<number, number> = {},
    errorCode: number = ErrorCode.NONE,
  ): Promise<void> {
    const topics = requests[n]!.request.topics.map(({ topicId, partitions }) => ({
      topicName: '',
      topicId,
      partitions: partitions.map(({ partitionIndex, newIsr, leaderEpoch, partitionEpoch }) => ({
        partitionIndex,
        errorCode: errorCodes[partitionIndex] ?? ErrorCode.NONE,
        leaderId: 1,
        leaderEpoch,
        isr: newIsr,
        leaderRecoveryState: 0,
        partitionEpoch: partitionEpoch + 1,
      })),
    }));
    requests[n]!.answer.resolve({ throttleTimeMs: 0, errorCode, topics: errorCode === ErrorCode.NONE ? topics : [] });
    await time.turn();
  }

  it('sends the proposals of one turn together, and tells each partition its answer', async () => {
    const [a, b] = [new FakePartition(0), new FakePartition(1)];
    submit(a, [1, 2]);
    submit(b, [1]);
    await time.turn();
    expect(requests.map(({ versionMax }) => versionMax)).to.deep.equal([2]);
    expect(requests[0]!.request).to.include({ brokerId: 1, brokerEpoch: 17 });
    expect(asked(0)).to.deep.equal(['0:1,2', '1:1']);
    await answer(0, { 1: ErrorCode.INVALID_UPDATE_VERSION });
    expect(a.heard).to.deep.equal([{ errorCode: ErrorCode.NONE, isr: [1, 2], partitionEpoch: 4 }]);
    expect(b.heard).to.deep.equal([{ errorCode: ErrorCode.INVALID_UPDATE_VERSION, isr: [1], partitionEpoch: 4 }]);
  });

  it('has one request under way; what is proposed meanwhile is the next', async () => {
    const [a, b, c] = [new FakePartition(0), new FakePartition(1), new FakePartition(2)];
    submit(a, [1]);
    await time.turn();
    submit(b, [1]);
    submit(c, [1, 3]);
    await time.turn();
    expect(requests).to.have.lengthOf(1);
    await answer(0);
    expect(asked(1)).to.deep.equal(['1:1', '2:1,3']);
  });

  it('asks again after a pause when the controller moved, or nobody answers', async () => {
    const partition = new FakePartition(0);
    submit(partition, [1]);
    await time.turn();
    await answer(0, {}, ErrorCode.NOT_CONTROLLER);
    expect(requests).to.have.lengthOf(1);
    await time.advance(50);
    expect(asked(1)).to.deep.equal(['0:1']);
    requests[1]!.answer.reject(new Error('connection refused'));
    await time.turn();
    await time.advance(50);
    await answer(2);
    expect(partition.heard).to.have.lengthOf(1);
  });

  it('asks again for a partition that wants it, and leaves out one that does not any more', async () => {
    const [a, b] = [new FakePartition(0), new FakePartition(1)];
    a.retries = 1;
    b.retries = 1;
    submit(a, [1]);
    submit(b, [1]);
    await time.turn();
    await answer(0, { 0: ErrorCode.UNKNOWN_SERVER_ERROR, 1: ErrorCode.UNKNOWN_SERVER_ERROR });
    b.wanted = false;
    await time.advance(50);
    expect(asked(1)).to.deep.equal(['0:1']);
    await answer(1);
    expect(requests).to.have.lengthOf(2);
  });

  it('goes by names where a topic has no id', async () => {
    submit(new FakePartition(0, 'A'.repeat(22)), [1]);
    await time.turn();
    expect(requests[0]!.versionMax).to.equal(1);
    expect(requests[0]!.request.topics[0]!.topicName).to.equal('t');
  });
});
