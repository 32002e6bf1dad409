import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import type { ListOffsetsRequest } from '../../../broker/protocol/messages/02-list-offsets.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { DataPath, context } from './data-path.ts';

const LATEST = -1;
const EARLIEST = -2;
const MAX = -3;

describe('ListOffsetsHandler', () => {
  let broker: DataPath;
  beforeEach(async () => {
    broker = await DataPath.start();
    await broker.lead('t', [0], { leaderEpoch: 4 });
  });
  afterEach(() => broker.stop());

  async function fill(...timestamps: number[]): Promise<void> {
    for (const timestamp of timestamps) {
      await broker.send(
        buildBatch({
          records: [timestamp, timestamp + 1].map((stamp) => ({ key: null, value: Buffer.from('v'), timestamp: stamp })),
        }),
      );
    }
  }

  async function ask(
    timestamps: number[],
    {
      apiVersion = 7,
      replicaId = -1,
      isolationLevel = 0,
      currentLeaderEpoch = -1,
      topic = 't',
      partitions = timestamps.map(() => 0),
      maxNumOffsets = 1,
    } = {},
  ) {
    const request: ListOffsetsRequest = {
      replicaId,
      isolationLevel,
      topics: timestamps.map((timestamp, i) => ({
        name: topic,
        partitions: [{ partitionIndex: partitions[i]!, currentLeaderEpoch, timestamp, maxNumOffsets }],
      })),
    };
    const { topics } = await broker.listOffsets.handle(request, context(apiVersion));
    return topics.map((answered) => answered.partitions[0]!);
  }
  const one = async (timestamp: number, more: Parameters<typeof ask>[1] = {}) => (await ask([timestamp], more))[0]!;

  it('finds both ends, with the epochs they are of', async () => {
    await fill(1000, 2000);
    expect(await one(LATEST)).to.deep.include({ errorCode: 0, timestamp: -1, offset: 4, leaderEpoch: 4 });
    expect(await one(EARLIEST)).to.deep.include({ errorCode: 0, timestamp: -1, offset: 0, leaderEpoch: 4 });
    broker.log().advanceLogStart(3);
    expect(await one(EARLIEST)).to.deep.include({ offset: 3, leaderEpoch: 4 });
  });

  it('finds the first record that is not older, and the newest of all', async () => {
    await fill(1000, 3000, 2000);
    expect(await one(0)).to.deep.include({ errorCode: 0, offset: 0, timestamp: 1000, leaderEpoch: 4 });
    expect(await one(1001)).to.deep.include({ offset: 1, timestamp: 1001 });
    expect(await one(2000)).to.deep.include({ offset: 2, timestamp: 3000 });
    expect(await one(3002), 'none').to.deep.include({ errorCode: 0, offset: -1, timestamp: -1 });
    expect(await one(MAX)).to.deep.include({ offset: 3, timestamp: 3001 });
  });

  it('finds nothing but its ends in an empty partition', async () => {
    expect(await one(LATEST)).to.deep.include({ errorCode: 0, offset: 0 });
    expect(await one(EARLIEST)).to.deep.include({ errorCode: 0, offset: 0 });
    expect(await one(MAX)).to.deep.include({ errorCode: 0, offset: -1 });
    expect(await one(5)).to.deep.include({ errorCode: 0, offset: -1 });
  });

  it('shows consumers nothing above the high watermark, and says so while that may have gone back', async () => {
    await broker.lead('r', [0], { isr: [0, 1], replicas: [0, 1] });
    const records = buildBatch({ records: [{ key: null, value: null, timestamp: 1000 }] });
    await broker.send(records, { topic: 'r' });
    const topic = 'r';
    expect(await one(LATEST, { topic })).to.deep.include({ errorCode: 0, offset: 0 });
    expect(await one(1000, { topic })).to.deep.include({ errorCode: 0, offset: -1 });
    expect(await one(LATEST, { topic, replicaId: 1 })).to.deep.include({ errorCode: 0, offset: 1 });
    await broker.lead('r', [0], { isr: [0, 1], replicas: [0, 1], leaderEpoch: 1 });
    expect(await one(LATEST, { topic })).to.deep.include({ errorCode: ErrorCode.OFFSET_NOT_AVAILABLE, offset: -1 });
    expect(await one(1000, { topic })).to.deep.include({ errorCode: ErrorCode.OFFSET_NOT_AVAILABLE });
    expect(await one(EARLIEST, { topic })).to.deep.include({ errorCode: 0, offset: 0 });
    expect(await one(LATEST, { topic, apiVersion: 4 })).to.deep.include({ errorCode: ErrorCode.LEADER_NOT_AVAILABLE });
    expect(await one(LATEST, { topic, replicaId: 1 })).to.deep.include({ errorCode: 0, offset: 1 });
  });

  it('refuses what it does not lead, other epochs, and a partition asked for twice', async () => {
    broker.known.add('t-7');
    expect(await one(LATEST, { partitions: [7] })).to.deep.include({ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER });
    expect(await one(LATEST, { topic: 'nope' })).to.deep.include({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
    expect(await one(LATEST, { currentLeaderEpoch: 3 })).to.deep.include({ errorCode: ErrorCode.FENCED_LEADER_EPOCH });
    expect(await one(LATEST, { currentLeaderEpoch: 5 })).to.deep.include({ errorCode: ErrorCode.UNKNOWN_LEADER_EPOCH });
    const twice = await ask([LATEST, EARLIEST]);
    expect(twice.map(({ errorCode }) => errorCode)).to.deep.equal([ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_REQUEST]);
  });

  it('lists several offsets for version 0, newest first', async () => {
    await fill(1000, 2000);
    broker.log().roll();
    await fill(3000);
    const offsets = async (timestamp: number, maxNumOffsets: number): Promise<readonly number[] | undefined> =>
      (await one(timestamp, { apiVersion: 0, maxNumOffsets })).oldStyleOffsets;
    expect(await offsets(LATEST, 10)).to.deep.equal([6, 4, 0]);
    expect(await offsets(LATEST, 1)).to.deep.equal([6]);
    expect(await offsets(EARLIEST, 10)).to.deep.equal([0]);
    expect(await offsets(2000, 10)).to.deep.equal([0]);
    expect(await offsets(9000, 10)).to.deep.equal([6, 4, 0]);
    expect(await offsets(LATEST, -3)).to.deep.equal([]);
    expect(await one(LATEST, { apiVersion: 0, topic: 'nope' })).to.deep.include({
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    });
  });
});
