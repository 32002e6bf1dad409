import { expect } from 'chai';
import { offsetCommitHandler } from '../../../broker/handlers/08-offset-commit.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { offsetCommit } from '../../../broker/protocol/messages/08-offset-commit.ts';
import { call, setUp, versionsOf } from './groups.ts';
import { START_MS } from '../group/manual-time.ts';

function world() {
  const made = setUp();
  const { groups, legacyOffsets, partitionExists, time } = made;
  const deps = { groups, legacyOffsets, partitionExists, offsetMetadataMaxBytes: 4, wallMs: () => time.wallMs() };
  return { ...made, handler: offsetCommitHandler(deps) };
}

const partition = (partitionIndex: number, committedMetadata: string | null = 'note') => ({
  partitionIndex,
  committedOffset: 42,
  committedMetadata,
});

describe('OffsetCommit', () => {
  for (const version of versionsOf(offsetCommit, 1)) {
    it(`v${version} stores what it can, and answers where the request had it`, async () => {
      const { handler, groups } = world();
      const topics = [
        { name: 'nowhere', partitions: [partition(0)] },
        { name: 't', partitions: [partition(7), partition(1, null), partition(2)] },
      ];
      const { topics: answer } = await call(offsetCommit, handler, version, { groupId: 'g', topics });
      expect(answer).to.deep.equal([
        { name: 'nowhere', partitions: [{ partitionIndex: 0, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }] },
        {
          name: 't',
          partitions: [
            { partitionIndex: 7, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
            { partitionIndex: 1, errorCode: ErrorCode.NONE },
            { partitionIndex: 2, errorCode: ErrorCode.NONE },
          ],
        },
      ]);
      const stored = groups.fetchOffsets('g', null, false).topics[0]!.partitions;
      expect(stored.map(({ committedOffset, metadata }) => [committedOffset, metadata])).to.deep.equal([[42, ''], [42, 'note']]);
    });
  }

  it('v0 stores in the coordination service', async () => {
    const { handler, legacyOffsets, groups } = world();
    const topics = [{ name: 't', partitions: [partition(0), partition(1, 'too long'), partition(9)] }];
    const { topics: answer } = await call(offsetCommit, handler, 0, { groupId: 'g', topics });
    expect(answer[0]!.partitions.map(({ errorCode }) => errorCode)).to.deep.equal([0, ErrorCode.OFFSET_METADATA_TOO_LARGE, 3]);
    expect(await legacyOffsets.get('g', 't', 0)).to.equal(42);
    expect(await legacyOffsets.get('g', 't', 1)).to.equal(null);
    expect(groups.listGroups(new Set()).groups).to.deep.equal([]);
  });

  it('v2 to v4 may ask for a retention of their own, v6 tells the leader epoch', async () => {
    const { handler, groups, time } = world();
    await call(offsetCommit, handler, 4, { groupId: 'g', retentionTimeMs: 1_000, topics: [{ name: 't', partitions: [partition(0)] }] });
    const epoch = { ...partition(1), committedLeaderEpoch: 5 };
    await call(offsetCommit, handler, 6, { groupId: 'g', topics: [{ name: 't', partitions: [epoch] }] });
    await time.pass(600_000);
    const stored = groups.fetchOffsets('g', null, false).topics[0]!.partitions;
    expect(stored.map((each) => [each.partitionIndex, each.committedLeaderEpoch])).to.deep.equal([[1, 5]]);
  });

  it('v1 tells a commit time, from which the retention is counted', async () => {
    const { handler, groups, time } = world();
    const old = { ...partition(0), commitTimestamp: START_MS - 7 * 86_400_000 };
    await call(offsetCommit, handler, 1, { groupId: 'g', topics: [{ name: 't', partitions: [old] }] });
    await time.pass(600_000);
    expect(groups.fetchOffsets('g', null, false).topics).to.deep.equal([]);
  });

  it('tells the group\'s refusal for each partition', async () => {
    const { handler } = world();
    const topics = [{ name: 't', partitions: [partition(0), partition(1)] }];
    const { topics: answer } = await call(offsetCommit, handler, 8, { groupId: 'g', generationId: 4, memberId: 'm', topics });
    expect(answer[0]!.partitions.map(({ errorCode }) => errorCode)).to.deep.equal([22, 22]);
  });
});
