import { expect } from 'chai';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { encodeSubscription } from '../../../broker/protocol/consumer-protocol.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { buildMarker } from '../../../broker/records/control-records.ts';
import { defaultGroupConfig } from '../../../broker/group/group-config.ts';
import type { GroupConfig } from '../../../broker/group/group-config.ts';
import { GroupCoordinator } from '../../../broker/group/group-coordinator.ts';
import type { JoinResult } from '../../../broker/group/group-messages.ts';
import { encodeOffsetKey, encodeOffsetValue } from '../../../broker/group/offset-records.ts';
import type { OffsetToCommit } from '../../../broker/group/offsets.ts';
import { ManualTime, START_MS, settle } from './manual-time.ts';
import { MemoryOffsetsLog } from './memory-offsets-log.ts';

const OUTSIDER = { generationId: -1, memberId: '', groupInstanceId: null };
const DAY_MS = 86_400_000;

function setUp(overrides: Partial<GroupConfig> = {}, log = new MemoryOffsetsLog(), time = new ManualTime()) {
  const lines: string[] = [];
  const write = (message: string): void => void lines.push(message);
  const logger: Logger = { error: write, warn: write, info: write, debug: write };
  let ids = 0;
  const config = { ...defaultGroupConfig, groupInitialRebalanceDelayMs: 0, offsetsTopicNumPartitions: 4, ...overrides };
  const groups = new GroupCoordinator({ config, log, clock: time, timers: time, randomUuid: () => `${++ids}`, logger });
  groups.start();
  for (let partition = 0; partition < 4; partition++) groups.elected(partition, 0);
  return { groups, log, time, lines, config };
}

type World = ReturnType<typeof setUp>;

function join(groups: GroupCoordinator, groupId: string, memberId = '', topics = ['t'], instance: string | null = null) {
  return Promise.resolve(
    groups.joinGroup(groupId, {
      memberId,
      groupInstanceId: instance,
      requireKnownMemberId: false,
      supportSkippingAssignment: true,
      clientId: 'c',
      clientHost: '/127.0.0.1',
      rebalanceTimeoutMs: 60_000,
      sessionTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: encodeSubscription({ topics }) }],
      reason: null,
    }),
  );
}

function sync(groups: GroupCoordinator, groupId: string, joined: JoinResult, assignment = 'mine') {
  return Promise.resolve(
    groups.syncGroup(groupId, {
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
      assignments: new Map([[joined.memberId, Buffer.from(assignment)]]),
    }),
  );
}

/** A stable group of one. */
async function stable({ groups, time }: World, groupId: string, topics = ['t'], instance: string | null = null): Promise<JoinResult> {
  const joining = join(groups, groupId, '', topics, instance);
  await time.pass(0);
  const joined = await joining;
  await sync(groups, groupId, joined);
  return joined;
}

function commit(offset: number, partition = 0, topic = 't'): OffsetToCommit {
  return { topic, partition, offset, leaderEpoch: 3, metadata: 'note', commitTimestamp: START_MS, expireTimestamp: -1 };
}

const claimOf = (joined: JoinResult) => ({ generationId: joined.generationId, memberId: joined.memberId, groupInstanceId: null });

/** Another broker's coordinator that loads the same log. */
function reloaded(world: World, overrides: Partial<GroupConfig> = {}): World {
  return setUp(overrides, world.log, world.time);
}

describe('GroupCoordinator', () => {
  it('serves only while it is started and leads the partition of the group', () => {
    const { groups } = setUp();
    const partition = groups.partitionFor('g');
    groups.resigned(partition, 1);
    expect(groups.heartbeat('g', OUTSIDER)).to.equal(ErrorCode.NOT_COORDINATOR);
    expect(groups.describeGroup('g')).to.deep.include({ errorCode: ErrorCode.NOT_COORDINATOR });
    groups.close();
    expect(groups.heartbeat('g', OUTSIDER)).to.equal(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(groups.listGroups(new Set()).errorCode).to.equal(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  });

  it('refuses an empty group id where members are concerned, and takes it for offsets', async () => {
    const { groups } = setUp();
    expect((await join(groups, '')).errorCode).to.equal(ErrorCode.INVALID_GROUP_ID);
    expect(groups.heartbeat('', OUTSIDER)).to.equal(ErrorCode.INVALID_GROUP_ID);
    expect(groups.leaveGroup('', []).errorCode).to.equal(ErrorCode.INVALID_GROUP_ID);
    expect((await groups.deleteOffsets('', [])).errorCode).to.equal(ErrorCode.INVALID_GROUP_ID);
    expect(await groups.commitOffsets('', OUTSIDER, [commit(1)])).to.deep.equal([ErrorCode.NONE]);
  });

  it('refuses session timeouts that are out of bounds', async () => {
    const { groups } = setUp({ groupMinSessionTimeoutMs: 10_001 });
    expect((await join(groups, 'g')).errorCode).to.equal(ErrorCode.INVALID_SESSION_TIMEOUT);
  });

  it('knows no group it was not told of', async () => {
    const { groups } = setUp();
    expect((await join(groups, 'g', 'x')).errorCode).to.equal(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(groups.leaveGroup('g', [{ memberId: 'x', groupInstanceId: null, reason: null }])).to.deep.equal({
      errorCode: ErrorCode.NONE,
      members: [{ memberId: 'x', groupInstanceId: null, errorCode: ErrorCode.UNKNOWN_MEMBER_ID }],
    });
    expect(await groups.commitOffsets('g', { ...OUTSIDER, generationId: 3 }, [commit(1)])).to.deep.equal([ErrorCode.ILLEGAL_GENERATION]);
    expect(await groups.deleteGroup('g')).to.equal(ErrorCode.GROUP_ID_NOT_FOUND);
    expect((await groups.deleteOffsets('g', [])).errorCode).to.equal(ErrorCode.GROUP_ID_NOT_FOUND);
    expect(groups.describeGroup('g').summary.state).to.equal('Dead');
  });

  it('answers SyncGroup only when the log has the assignment', async () => {
    const world = setUp();
    const joining = join(world.groups, 'g');
    await world.time.pass(0);
    world.log.hold();
    let answered = false;
    const syncing = sync(world.groups, 'g', await joining).then((result) => {
      answered = true;
      return result;
    });
    await settle();
    expect([answered, world.groups.describeGroup('g').summary.state]).to.deep.equal([false, 'CompletingRebalance']);
    world.log.release();
    expect((await syncing).assignment.toString()).to.equal('mine');
    expect(world.log.lines(world.groups.partitionFor('g'))).to.deep.equal(['g: gen=1 members=c-1']);
    expect(world.log.asked).to.deep.equal([{ acks: -1, timeoutMs: 5_000 }]);
  });

  it('turns what the log says into what members understand', async () => {
    const world = setUp();
    const joining = join(world.groups, 'g');
    await world.time.pass(0);
    world.log.refusals = [ErrorCode.NOT_ENOUGH_REPLICAS];
    expect((await sync(world.groups, 'g', await joining)).errorCode).to.equal(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    world.log.refusals = [ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.REQUEST_TIMED_OUT];
    const refused = [];
    for (let i = 0; i < 3; i++) refused.push(...(await world.groups.commitOffsets('other', OUTSIDER, [commit(1)])));
    expect(refused).to.deep.equal([ErrorCode.INVALID_COMMIT_OFFSET_SIZE, ErrorCode.NOT_COORDINATOR, ErrorCode.REQUEST_TIMED_OUT]);
    expect(world.groups.fetchOffsets('other', null, true).topics).to.deep.equal([]);
  });

  it('ends the session of a member that stays silent', async () => {
    const world = setUp();
    const joined = await stable(world, 'g');
    await world.time.pass(9_999);
    expect(world.groups.heartbeat('g', claimOf(joined))).to.equal(ErrorCode.NONE);
    await world.time.pass(9_999);
    expect(world.groups.describeGroup('g').summary.members).to.have.length(1);
    await world.time.pass(1);
    expect(world.groups.describeGroup('g').summary).to.deep.include({ state: 'Empty', members: [] });
  });

  it('keeps commits out of sight until the log has them', async () => {
    const { groups, log } = setUp();
    const [t0, t9] = [{ partitionIndex: 0 }, { partitionIndex: 9 }];
    await groups.commitOffsets('g', OUTSIDER, [commit(41)]);
    log.hold();
    const committing = groups.commitOffsets('g', OUTSIDER, [commit(42)]);
    const asked = [{ name: 't', partitionIndexes: [0, 9] }];
    const none = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: ErrorCode.NONE };
    const found = { committedOffset: 41, committedLeaderEpoch: 3, metadata: 'note', errorCode: ErrorCode.NONE };
    expect(groups.fetchOffsets('g', asked, false).topics[0]!.partitions).to.deep.equal([{ ...t0, ...found }, { ...t9, ...none }]);
    expect(groups.fetchOffsets('g', asked, true).topics[0]!.partitions).to.deep.equal([
      { ...t0, ...none, errorCode: ErrorCode.UNSTABLE_OFFSET_COMMIT },
      { ...t9, ...none },
    ]);
    log.release();
    expect(await committing).to.deep.equal([ErrorCode.NONE]);
    expect(groups.fetchOffsets('g', null, true).topics).to.deep.equal([{ name: 't', partitions: [{ ...t0, ...found, committedOffset: 42 }] }]);
    expect(groups.fetchOffsets('nobody', asked, true).topics[0]!.partitions).to.deep.equal([{ ...t0, ...none }, { ...t9, ...none }]);
  });

  it('refuses metadata that is too long, for that partition alone', async () => {
    const { groups } = setUp({ offsetMetadataMaxBytes: 3 });
    const short = { ...commit(7, 1), metadata: 'abc' };
    const tooLong = ErrorCode.OFFSET_METADATA_TOO_LARGE;
    expect(await groups.commitOffsets('g', OUTSIDER, [commit(6, 0), short])).to.deep.equal([tooLong, ErrorCode.NONE]);
    expect(await groups.commitOffsets('g', OUTSIDER, [commit(6, 0)])).to.deep.equal([tooLong]);
    expect(groups.fetchOffsets('g', null, false).topics[0]!.partitions.map((each) => each.partitionIndex)).to.deep.equal([1]);
  });

  it('lists groups, by state if asked', async () => {
    const world = setUp();
    await stable(world, 'alive');
    await world.groups.commitOffsets('kept', OUTSIDER, [commit(1)]);
    const alive = { groupId: 'alive', protocolType: 'consumer', groupState: 'Stable' };
    const kept = { groupId: 'kept', protocolType: '', groupState: 'Empty' };
    expect(world.groups.listGroups(new Set()).groups).to.have.deep.members([alive, kept]);
    expect(world.groups.listGroups(new Set(['Stable', 'Dead'])).groups).to.deep.equal([alive]);
  });

  describe('deletion', () => {
    it('ends an empty group with tombstones for its offsets and itself', async () => {
      const world = setUp();
      const joined = await stable(world, 'g');
      await world.groups.commitOffsets('g', claimOf(joined), [commit(1), commit(2, 1)]);
      expect(await world.groups.deleteGroup('g')).to.equal(ErrorCode.NON_EMPTY_GROUP);
      world.groups.leaveGroup('g', [{ ...claimOf(joined), reason: null }]);
      expect(await world.groups.deleteGroup('g')).to.equal(ErrorCode.NONE);
      expect(world.groups.describeGroup('g').summary.state).to.equal('Dead');
      const lines = world.log.lines(world.groups.partitionFor('g'));
      expect(lines.slice(-4)).to.deep.equal(['g: gen=2 members=', 'g t-0: gone', 'g t-1: gone', 'g: gone']);
      expect(world.time.pending, 'timers once the group is gone').to.equal(1); // the expiry
      const { groups } = reloaded(world);
      await world.time.pass(0);
      expect(groups.listGroups(new Set())).to.deep.equal({ errorCode: ErrorCode.NONE, groups: [] });
    });

    it('of offsets spares the topics that the group consumes', async () => {
      const world = setUp();
      const joined = await stable(world, 'g', ['t']);
      await world.groups.commitOffsets('g', claimOf(joined), [commit(1), commit(2, 0, 'u')]);
      const partitions = [{ topic: 't', partition: 0 }, { topic: 'u', partition: 0 }, { topic: 'u', partition: 9 }];
      expect(await world.groups.deleteOffsets('g', partitions)).to.deep.equal({
        errorCode: ErrorCode.NONE,
        partitionErrors: [ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC, ErrorCode.NONE, ErrorCode.NONE],
      });
      expect(world.groups.fetchOffsets('g', null, false).topics.map(({ name }) => name)).to.deep.equal(['t']);
      expect(world.log.lines(world.groups.partitionFor('g')).at(-1)).to.equal('g u-0: gone');
    });

    it('of topics takes their offsets out of all groups', async () => {
      const world = setUp();
      await world.groups.commitOffsets('a', OUTSIDER, [commit(1), commit(2, 0, 'u')]);
      await world.groups.commitOffsets('b', OUTSIDER, [commit(1)]);
      await world.groups.topicsDeleted(new Set(['t']));
      expect(world.groups.fetchOffsets('a', null, false).topics.map(({ name }) => name)).to.deep.equal(['u']);
      expect(world.groups.listGroups(new Set()).groups.map(({ groupId }) => groupId)).to.deep.equal(['a']);
    });
  });

  describe('expiry', () => {
    it('forgets the offsets of a group that has been empty for the retention time, and the group', async () => {
      const world = setUp({ offsetsRetentionMinutes: 24 * 60 });
      const joined = await stable(world, 'g');
      await world.groups.commitOffsets('g', claimOf(joined), [commit(1)]);
      for (let i = 0; i < 300; i++) {
        await world.time.pass(9_000);
        world.groups.heartbeat('g', claimOf(joined));
      }
      world.groups.leaveGroup('g', [{ ...claimOf(joined), reason: null }]);
      await world.time.pass(DAY_MS - 600_001);
      expect(world.groups.fetchOffsets('g', null, false).topics).to.have.length(1);
      await world.time.pass(1_200_000);
      expect(world.groups.listGroups(new Set()).groups).to.deep.equal([]);
      expect(world.log.lines(world.groups.partitionFor('g')).slice(-2)).to.deep.equal(['g t-0: gone', 'g: gone']);
    });

    it('counts from the commit for consumers without a group, or as the commit said', async () => {
      const world = setUp();
      const expiring = { ...commit(2, 1), expireTimestamp: START_MS + 3_600_000 };
      await world.groups.commitOffsets('g', OUTSIDER, [commit(1), expiring]);
      await world.time.pass(3_000_000);
      expect(world.groups.fetchOffsets('g', null, false).topics[0]!.partitions).to.have.length(2);
      await world.time.pass(600_000);
      expect(world.groups.fetchOffsets('g', null, false).topics[0]!.partitions).to.have.length(1);
      await world.time.pass(7 * DAY_MS);
      expect(world.groups.listGroups(new Set()).groups).to.deep.equal([]);
      expect(world.log.lines(world.groups.partitionFor('g')).slice(-2)).to.deep.equal(['g t-1: gone', 'g t-0: gone']);
    });

    it('spares what a living group consumes, not what it has stopped consuming', async () => {
      const world = setUp({ offsetsRetentionMinutes: 1, offsetsRetentionCheckIntervalMs: 1_000 });
      const joined = await stable(world, 'g', ['t']);
      await world.groups.commitOffsets('g', claimOf(joined), [commit(1), commit(2, 0, 'u')]);
      for (let i = 0; i < 13; i++) {
        await world.time.pass(5_000);
        world.groups.heartbeat('g', claimOf(joined));
      }
      expect(world.groups.fetchOffsets('g', null, false).topics.map(({ name }) => name)).to.deep.equal(['t']);
    });
  });

  describe('loading', () => {
    it('gives the same groups and offsets back', async () => {
      const world = setUp();
      const joined = await stable(world, 'g', ['t', 'u'], 'instance');
      await world.groups.commitOffsets('g', { ...claimOf(joined), groupInstanceId: 'instance' }, [commit(1), commit(2, 3)]);
      await world.groups.commitOffsets('g', { ...claimOf(joined), groupInstanceId: 'instance' }, [commit(5)]);
      await world.groups.commitOffsets('simple', OUTSIDER, [{ ...commit(9, 1, 'u'), leaderEpoch: -1, expireTimestamp: START_MS + 5 }]);
      await world.groups.deleteOffsets('simple', [{ topic: 'u', partition: 7 }]);
      const gone = await stable(world, 'gone');
      world.groups.leaveGroup('gone', [{ ...claimOf(gone), reason: null }]);
      const other = reloaded(world);
      await world.time.pass(0);
      for (const groupId of ['g', 'simple', 'gone']) {
        expect(other.groups.describeGroup(groupId), groupId).to.deep.equal(world.groups.describeGroup(groupId));
        expect(other.groups.fetchOffsets(groupId, null, true)).to.deep.equal(world.groups.fetchOffsets(groupId, null, true));
      }
      const heartbeat = { ...claimOf(joined), groupInstanceId: 'instance' };
      expect(other.groups.heartbeat('g', heartbeat)).to.equal(ErrorCode.NONE);
      expect((await other.groups.deleteOffsets('g', [{ topic: 'u', partition: 0 }])).partitionErrors).to.deep.equal([86]);
      await world.time.pass(10_000);
      expect(other.groups.describeGroup('g').summary.state, 'after a silent session').to.equal('Empty');
    });

    it('says so while it lasts, and goes on step by step', async () => {
      const world = setUp();
      for (let i = 0; i < 5; i++) await world.groups.commitOffsets('g', OUTSIDER, [commit(i, i)]);
      world.log.readBytesMax = 1;
      const { groups } = reloaded(world);
      expect(groups.fetchOffsets('g', null, false).errorCode).to.equal(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
      expect((await join(groups, 'g')).errorCode).to.equal(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
      expect(groups.heartbeat('g', OUTSIDER), 'no session ends meanwhile').to.equal(ErrorCode.NONE);
      const claim = { ...OUTSIDER, protocolType: null, protocolName: null, assignments: new Map<string, Buffer>() };
      expect(groups.syncGroup('g', claim)).to.deep.include({ errorCode: ErrorCode.REBALANCE_IN_PROGRESS });
      expect(groups.listGroups(new Set()).errorCode).to.equal(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
      await world.time.pass(0);
      expect(groups.fetchOffsets('g', null, false).topics[0]!.partitions).to.have.length(5);
    });

    it('tries again when the log cannot be read', async () => {
      const world = setUp();
      await world.groups.commitOffsets('g', OUTSIDER, [commit(1)]);
      const other = setUp({}, world.log, world.time);
      const partition = other.groups.partitionFor('g');
      other.groups.resigned(partition, 1);
      world.log.readErrors = [new Error('disk'), new Error('disk')];
      other.groups.elected(partition, 2);
      await world.time.pass(1_499);
      expect(other.groups.fetchOffsets('g', null, false).errorCode).to.equal(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
      await world.time.pass(1);
      expect(other.groups.fetchOffsets('g', null, false).topics).to.have.length(1);
      expect(other.lines.filter((line) => line.startsWith('Error loading'))).to.have.length(2);
    });

    it('is given up when leadership goes meanwhile, and old news is ignored', async () => {
      const world = setUp();
      await world.groups.commitOffsets('g', OUTSIDER, [commit(1)]);
      const { groups } = reloaded(world);
      const partition = groups.partitionFor('g');
      groups.resigned(partition, 5);
      await world.time.pass(0);
      expect(groups.fetchOffsets('g', null, false).errorCode).to.equal(ErrorCode.NOT_COORDINATOR);
      groups.elected(partition, 4);
      await world.time.pass(0);
      expect(groups.fetchOffsets('g', null, false).errorCode, 'an election older than the resignation').to.equal(ErrorCode.NOT_COORDINATOR);
      groups.elected(partition, 6);
      await world.time.pass(0);
      groups.resigned(partition, 5);
      expect(groups.fetchOffsets('g', null, false).topics, 'a resignation older than the election').to.have.length(1);
    });

    it('skips what it cannot read and says which', async () => {
      const world = setUp();
      const partition = world.groups.partitionFor('g');
      const record = (key: Buffer, value: Buffer | null) => ({ key, value, timestamp: 0 });
      const key = encodeOffsetKey('g', 't', 0);
      const records = [
        record(Buffer.from('0009ffff', 'hex'), Buffer.alloc(1)),
        record(key, encodeOffsetValue(commit(8))),
        record(key, Buffer.from('0063', 'hex')),
        { key: null, value: null, timestamp: 0 },
      ];
      await world.log.append(partition, buildBatch({ records }), { acks: -1, timeoutMs: 0 });
      const { groups, lines } = reloaded(world);
      await world.time.pass(0);
      expect(groups.fetchOffsets('g', null, false).topics[0]!.partitions[0]!.committedOffset).to.equal(8);
      expect(lines.filter((line) => line.startsWith('Skipped'))).to.deep.equal([
        `Skipped the record at offset 0: its key has version 9, which this build does not know (__consumer_offsets-${partition})`,
        `Skipped the record at offset 2: Cannot read offset value: its version is 99, this build reads 0 to 3 (__consumer_offsets-${partition})`,
        `Skipped the record at offset 3: it has no key (__consumer_offsets-${partition})`,
      ]);
    });

    it('counts commits of transactions by their markers', async () => {
      const world = setUp();
      const partition = world.groups.partitionFor('g');
      const options = { acks: -1, timeoutMs: 0 };
      const batch = (producerId: number, offset: number, index: number): Buffer =>
        buildBatch({
          records: [{ key: encodeOffsetKey('g', 't', index), value: encodeOffsetValue(commit(offset)), timestamp: 0 }],
          producerId,
          producerEpoch: 0,
          baseSequence: 0,
          transactional: true,
        });
      const marker = { producerEpoch: 0, timestamp: 0, coordinatorEpoch: 0 };
      await world.log.append(partition, batch(7, 70, 0), options);
      await world.log.append(partition, batch(8, 80, 1), options);
      await world.log.append(partition, batch(9, 90, 2), options);
      await world.log.append(partition, buildMarker({ ...marker, type: 'commit', producerId: 7 }), options);
      await world.log.append(partition, buildMarker({ ...marker, type: 'abort', producerId: 8 }), options);
      const { groups } = reloaded(world);
      await world.time.pass(0);
      const asked = [{ name: 't', partitionIndexes: [0, 1, 2] }];
      const seen = groups.fetchOffsets('g', asked, true).topics[0]!.partitions.map((each) => [each.committedOffset, each.errorCode]);
      expect(seen).to.deep.equal([[70, 0], [-1, 0], [-1, ErrorCode.UNSTABLE_OFFSET_COMMIT]]);
    });
  });

  it('sends everyone who waits to the new coordinator when it resigns', async () => {
    const world = setUp({ groupInitialRebalanceDelayMs: 3_000 });
    const joining = [join(world.groups, 'g'), join(world.groups, 'g')];
    world.groups.resigned(world.groups.partitionFor('g'), 1);
    expect((await Promise.all(joining)).map(({ errorCode }) => errorCode)).to.deep.equal([16, 16]);
    expect(world.time.pending, 'timers').to.equal(1); // the expiry
  });
});
