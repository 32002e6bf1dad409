import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { DataPath } from './data-path.ts';

describe('OffsetForLeaderEpochHandler', () => {
  it('tells where epochs ended', async () => {
    const broker = await DataPath.start();
    try {
      const add = (): Promise<unknown> => broker.send(buildBatch({ records: [{ key: null, value: null, timestamp: 1 }] }));
      await broker.lead('t', [0], { leaderEpoch: 2 });
      await add();
      await add();
      await broker.lead('t', [0], { leaderEpoch: 5 });
      await add();
      broker.known.add('t-8');
      const ask = (leaderEpoch: number, currentLeaderEpoch = -1, partition = 0): unknown[] => {
        const topics = [{ topic: 't', partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }];
        const [answer] = broker.offsetForLeaderEpoch.handle({ replicaId: -2, topics }).topics[0]!.partitions;
        return [answer!.errorCode, answer!.leaderEpoch, answer!.endOffset];
      };
      expect(ask(2)).to.deep.equal([0, 2, 2]);
      expect(ask(4), 'the largest that is not above').to.deep.equal([0, 2, 2]);
      expect(ask(5)).to.deep.equal([0, 5, 3]);
      expect(ask(6), 'from the future').to.deep.equal([0, -1, -1]);
      expect(ask(5, 5)).to.deep.equal([0, 5, 3]);
      expect(ask(5, 4)).to.deep.equal([ErrorCode.FENCED_LEADER_EPOCH, -1, -1]);
      expect(ask(5, 6)).to.deep.equal([ErrorCode.UNKNOWN_LEADER_EPOCH, -1, -1]);
      expect(ask(5, -1, 8)).to.deep.equal([ErrorCode.NOT_LEADER_OR_FOLLOWER, -1, -1]);
      expect(ask(5, -1, 9)).to.deep.equal([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1, -1]);
    } finally {
      await broker.stop();
    }
  });
});
