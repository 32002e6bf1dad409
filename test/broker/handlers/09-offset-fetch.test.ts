import { expect } from 'chai';
import { offsetFetchHandler } from '../../../broker/handlers/09-offset-fetch.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { offsetFetch } from '../../../broker/protocol/messages/09-offset-fetch.ts';
import { call, setUp, versionsOf } from './groups.ts';

async function world() {
  const made = setUp();
  const commit = { topic: 't', partition: 1, offset: 42, leaderEpoch: 5, metadata: 'note', commitTimestamp: 0, expireTimestamp: -1 };
  await made.groups.commitOffsets('g', { generationId: -1, memberId: '', groupInstanceId: null }, [commit]);
  return { ...made, handler: offsetFetchHandler(made) };
}

const topics = [{ name: 't', partitionIndexes: [0, 1] }];

describe('OffsetFetch', () => {
  for (const version of versionsOf(offsetFetch, 1).filter((each) => each < 8)) {
    it(`v${version} tells stored offsets, and -1 where there is none`, async () => {
      const { handler } = await world();
      const answer = await call(offsetFetch, handler, version, { groupId: 'g', topics });
      const committedLeaderEpoch = version >= 5 ? 5 : -1;
      const none = { partitionIndex: 0, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: 0 };
      const some = { partitionIndex: 1, committedOffset: 42, committedLeaderEpoch, metadata: 'note', errorCode: 0 };
      expect(answer).to.deep.include({ errorCode: 0, topics: [{ name: 't', partitions: [none, some] }] });
    });
  }

  it('v1 tells a refusal for each partition, v2 once for the group', async () => {
    const { handler, groups } = await world();
    groups.resigned(groups.partitionFor('g'), 1);
    const v1 = await call(offsetFetch, handler, 1, { groupId: 'g', topics });
    expect(v1.topics[0]!.partitions.map(({ errorCode }) => errorCode)).to.deep.equal([16, 16]);
    expect(await call(offsetFetch, handler, 2, { groupId: 'g', topics })).to.deep.include({ errorCode: 16, topics: [] });
  });

  it('v2 and later tell all offsets on null, none on an empty list', async () => {
    const { handler } = await world();
    const all = await call(offsetFetch, handler, 7, { groupId: 'g', topics: null, requireStable: true });
    expect(all.topics.map(({ name, partitions }) => [name, partitions.length])).to.deep.equal([['t', 1]]);
    expect((await call(offsetFetch, handler, 7, { groupId: 'g', topics: [] })).topics).to.deep.equal([]);
  });

  it('v8 asks for several groups, each with its own error', async () => {
    const { handler, groups } = await world();
    groups.resigned(groups.partitionFor('elsewhere'), 1);
    const asked = [{ groupId: 'g', topics: null }, { groupId: 'elsewhere', topics }, { groupId: 'nobody', topics }];
    const { groups: answer } = await call(offsetFetch, handler, 8, { groups: asked });
    const seen = answer.map(({ groupId, errorCode, topics: found }) => [groupId, errorCode, found[0]?.partitions.length ?? 0]);
    expect(seen).to.deep.equal([['g', 0, 1], ['elsewhere', ErrorCode.NOT_COORDINATOR, 0], ['nobody', 0, 2]]);
  });

  it('v0 reads from the coordination service', async () => {
    const { handler, legacyOffsets } = await world();
    await legacyOffsets.set('g', 't', 2, 7);
    const asked = [{ name: 't', partitionIndexes: [1, 2, 9] }];
    const answer = await call(offsetFetch, handler, 0, { groupId: 'g', topics: asked });
    const seen = answer.topics[0]!.partitions.map(({ committedOffset, errorCode }) => [committedOffset, errorCode]);
    expect(seen).to.deep.equal([[-1, 3], [7, 0], [-1, 3]]);
  });
});
