import { expect } from 'chai';
import { joinGroupHandler } from '../../../broker/handlers/11-join-group.ts';
import { heartbeatHandler } from '../../../broker/handlers/12-heartbeat.ts';
import { leaveGroupHandler } from '../../../broker/handlers/13-leave-group.ts';
import { syncGroupHandler } from '../../../broker/handlers/14-sync-group.ts';
import { describeGroupsHandler } from '../../../broker/handlers/15-describe-groups.ts';
import { listGroupsHandler } from '../../../broker/handlers/16-list-groups.ts';
import { deleteGroupsHandler } from '../../../broker/handlers/42-delete-groups.ts';
import { offsetDeleteHandler } from '../../../broker/handlers/47-offset-delete.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { joinGroup } from '../../../broker/protocol/messages/11-join-group.ts';
import { heartbeat } from '../../../broker/protocol/messages/12-heartbeat.ts';
import { leaveGroup } from '../../../broker/protocol/messages/13-leave-group.ts';
import { syncGroup } from '../../../broker/protocol/messages/14-sync-group.ts';
import { describeGroups } from '../../../broker/protocol/messages/15-describe-groups.ts';
import { listGroups } from '../../../broker/protocol/messages/16-list-groups.ts';
import { deleteGroups } from '../../../broker/protocol/messages/42-delete-groups.ts';
import { offsetDelete } from '../../../broker/protocol/messages/47-offset-delete.ts';
import { call, setUp, versionsOf } from './groups.ts';

type World = ReturnType<typeof setUp>;

const metadata = Buffer.from('000000000001000174ffffffff', 'hex');
const joinRequest = (memberId = '') => ({
  groupId: 'g',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  memberId,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata }],
});

/** Joins in `version`, with the detour that v4 and later ask for. */
async function joinIn({ groups, time }: World, version: number, groupInstanceId: string | null = null) {
  const handler = joinGroupHandler(groups);
  let memberId = '';
  if (version >= 4 && groupInstanceId === null) {
    const sentAway = await call(joinGroup, handler, version, joinRequest());
    expect(sentAway.errorCode).to.equal(ErrorCode.MEMBER_ID_REQUIRED);
    memberId = sentAway.memberId;
  }
  const joining = call(joinGroup, handler, version, { ...joinRequest(memberId), groupInstanceId });
  await time.pass(0);
  return joining;
}

async function stable(world: World): Promise<{ memberId: string; generationId: number }> {
  const { memberId, generationId } = await joinIn(world, 3);
  const assignments = [{ memberId, assignment: Buffer.from('mine') }];
  await call(syncGroup, syncGroupHandler(world.groups), 3, { groupId: 'g', generationId, memberId, assignments });
  return { memberId, generationId };
}

describe('JoinGroup', () => {
  for (const version of versionsOf(joinGroup)) {
    it(`v${version} makes the first member the leader of generation 1`, async () => {
      const world = setUp();
      const joined = await joinIn(world, version);
      expect(joined).to.deep.equal({
        throttleTimeMs: 0,
        errorCode: 0,
        generationId: 1,
        protocolType: version >= 7 ? 'consumer' : null,
        protocolName: 'range',
        leader: 'c-1',
        skipAssignment: false,
        memberId: 'c-1',
        members: [{ memberId: 'c-1', groupInstanceId: null, metadata }],
      });
      expect(world.groups.describeGroup('g').summary.members[0]).to.include({ clientId: 'c', clientHost: '/127.0.0.1' });
    });

    it(`v${version} is refused with ${version >= 7 ? 'a null' : 'an empty'} protocol name`, async () => {
      const { groups } = setUp();
      const refused = await call(joinGroup, joinGroupHandler(groups), version, joinRequest('nobody'));
      const protocolName = version >= 7 ? null : '';
      expect(refused).to.deep.include({ errorCode: 25, generationId: -1, protocolName, leader: '', memberId: 'nobody', members: [] });
    });
  }

  for (const version of versionsOf(joinGroup, 5)) {
    it(`v${version} takes a static member without the detour`, async () => {
      const joined = await joinIn(setUp(), version, 'one');
      expect(joined).to.deep.include({ errorCode: 0, memberId: 'one-1', members: [{ memberId: 'one-1', groupInstanceId: 'one', metadata }] });
    });
  }

  it('v0 uses the session timeout for the rebalance, too', async () => {
    const world = setUp();
    const first = await joinIn(world, 0);
    await call(syncGroup, syncGroupHandler(world.groups), 0, { groupId: 'g', generationId: 1, memberId: first.memberId, assignments: [] });
    const joining = call(joinGroup, joinGroupHandler(world.groups), 0, joinRequest());
    await world.time.pass(9_000);
    await call(heartbeat, heartbeatHandler(world.groups), 0, { groupId: 'g', generationId: 1, memberId: first.memberId });
    await world.time.pass(1_000);
    expect((await joining).generationId).to.equal(2);
  });
});

describe('SyncGroup', () => {
  for (const version of versionsOf(syncGroup)) {
    it(`v${version} hands out the leader's assignment`, async () => {
      const world = setUp();
      const { memberId, generationId } = await joinIn(world, 3);
      const names = version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {};
      const request = { groupId: 'g', generationId, memberId, ...names, assignments: [{ memberId, assignment: Buffer.from('mine') }] };
      expect(await call(syncGroup, syncGroupHandler(world.groups), version, request)).to.deep.equal({
        throttleTimeMs: 0,
        errorCode: 0,
        protocolType: version >= 5 ? 'consumer' : null,
        protocolName: version >= 5 ? 'range' : null,
        assignment: Buffer.from('mine'),
      });
    });
  }

  it('v5 must name protocol type and protocol', async () => {
    const world = setUp();
    const { memberId, generationId } = await joinIn(world, 3);
    const request = { groupId: 'g', generationId, memberId, protocolType: 'consumer', assignments: [] };
    const { errorCode } = await call(syncGroup, syncGroupHandler(world.groups), 5, request);
    expect(errorCode).to.equal(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  });
});

describe('Heartbeat', () => {
  for (const version of versionsOf(heartbeat)) {
    it(`v${version} tells a member from a stranger`, async () => {
      const world = setUp();
      const member = await stable(world);
      const handler = heartbeatHandler(world.groups);
      expect((await call(heartbeat, handler, version, { groupId: 'g', ...member })).errorCode).to.equal(0);
      expect((await call(heartbeat, handler, version, { groupId: 'g', ...member, memberId: 'x' })).errorCode).to.equal(25);
      expect((await call(heartbeat, handler, version, { groupId: 'g', ...member, generationId: 7 })).errorCode).to.equal(22);
    });
  }
});

describe('LeaveGroup', () => {
  for (const version of versionsOf(leaveGroup).filter((each) => each < 3)) {
    it(`v${version} lets one member go, whose error is the answer's`, async () => {
      const world = setUp();
      const { memberId } = await stable(world);
      const handler = leaveGroupHandler(world.groups);
      expect((await call(leaveGroup, handler, version, { groupId: 'g', memberId, members: [] })).errorCode).to.equal(0);
      expect((await call(leaveGroup, handler, version, { groupId: 'g', memberId, members: [] })).errorCode).to.equal(25);
    });
  }

  for (const version of versionsOf(leaveGroup, 3)) {
    it(`v${version} lets several members go, each with its error`, async () => {
      const world = setUp();
      const { memberId } = await stable(world);
      const members = [{ memberId: 'x' }, { memberId }, { memberId: '', groupInstanceId: 'i' }];
      const answer = await call(leaveGroup, leaveGroupHandler(world.groups), version, { groupId: 'g', memberId: '', members });
      expect(answer).to.deep.include({
        errorCode: 0,
        members: [
          { memberId: 'x', groupInstanceId: null, errorCode: 25 },
          { memberId, groupInstanceId: null, errorCode: 0 },
          { memberId: '', groupInstanceId: 'i', errorCode: 25 },
        ],
      });
    });
  }
});

describe('DescribeGroups', () => {
  for (const version of versionsOf(describeGroups)) {
    it(`v${version} shows a stable group and one that nobody knows`, async () => {
      const world = setUp();
      const { memberId } = await stable(world);
      const request = { groups: ['g', 'nobody'], includeAuthorizedOperations: version >= 3 };
      const { groups } = await call(describeGroups, describeGroupsHandler(world.groups), version, request);
      const authorizedOperations = version >= 3 ? 328 : -2_147_483_648;
      const members = [
        { memberId, groupInstanceId: null, clientId: 'c', clientHost: '/127.0.0.1', memberMetadata: metadata, memberAssignment: Buffer.from('mine') },
      ];
      const group = { errorCode: 0, groupId: 'g', groupState: 'Stable', protocolType: 'consumer', protocolData: 'range', members };
      const dead = { errorCode: 0, groupId: 'nobody', groupState: 'Dead', protocolType: '', protocolData: '', members: [] };
      expect(groups).to.deep.equal([{ ...group, authorizedOperations }, { ...dead, authorizedOperations }]);
    });
  }
});

describe('ListGroups', () => {
  for (const version of versionsOf(listGroups)) {
    it(`v${version} shows the groups${version >= 4 ? ' in the states asked for' : ''}`, async () => {
      const world = setUp();
      await stable(world);
      const handler = listGroupsHandler(world.groups);
      const groupState = version >= 4 ? 'Stable' : '';
      expect((await call(listGroups, handler, version, {})).groups).to.deep.equal([{ groupId: 'g', protocolType: 'consumer', groupState }]);
      if (version >= 4) expect((await call(listGroups, handler, version, { statesFilter: ['Empty'] })).groups).to.deep.equal([]);
    });
  }
});

describe('DeleteGroups', () => {
  for (const version of versionsOf(deleteGroups)) {
    it(`v${version} deletes groups without members, once each`, async () => {
      const world = setUp();
      await stable(world);
      const commit = { topic: 't', partition: 0, offset: 1, leaderEpoch: -1, metadata: '', commitTimestamp: 0, expireTimestamp: -1 };
      await world.groups.commitOffsets('kept', { generationId: -1, memberId: '', groupInstanceId: null }, [commit]);
      const request = { groupsNames: ['g', 'kept', 'nobody', 'kept'] };
      const { results } = await call(deleteGroups, deleteGroupsHandler(world.groups), version, request);
      expect(results.map(({ groupId, errorCode }) => [groupId, errorCode])).to.deep.equal([['g', 68], ['kept', 0], ['nobody', 69]]);
    });
  }
});

describe('OffsetDelete', () => {
  const request = (groupId: string) => ({
    groupId,
    topics: [{ name: 'nowhere', partitions: [{ partitionIndex: 0 }] }, { name: 't', partitions: [{ partitionIndex: 9 }, { partitionIndex: 0 }] }],
  });

  it('forgets offsets that nobody consumes', async () => {
    const world = setUp();
    await stable(world);
    const commit = { topic: 't', partition: 0, offset: 1, leaderEpoch: -1, metadata: '', commitTimestamp: 0, expireTimestamp: -1 };
    await world.groups.commitOffsets('kept', { generationId: -1, memberId: '', groupInstanceId: null }, [commit]);
    const handler = offsetDeleteHandler(world);
    const codes = async (groupId: string) =>
      (await call(offsetDelete, handler, 0, request(groupId))).topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
    expect(await codes('g'), 'consumed').to.deep.equal([[3], [3, 86]]);
    expect(await codes('kept')).to.deep.equal([[3], [3, 0]]);
    expect(world.groups.fetchOffsets('kept', null, false).topics).to.deep.equal([]);
  });

  it('tells a group\'s error alone', async () => {
    const world = setUp();
    expect(await call(offsetDelete, offsetDeleteHandler(world), 0, request('nobody'))).to.deep.include({ errorCode: 69, topics: [] });
  });
});
