import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { consumerGroups } from '../../../../broker/cli/commands/consumer-groups.ts';
import { encodeAssignment } from '../../../../broker/protocol/consumer-protocol.ts';
import type { OffsetCommitRequest } from '../../../../broker/protocol/messages/08-offset-commit.ts';
import { ScriptedBroker } from '../../client/scripted-broker.ts';
import { runCommand, type Outcome } from '../fake-io.ts';

const END = 20;
const COMMITTED = 8;
const MIDDLE = 5;

describe('kafka-consumer-groups', () => {
  let broker: ScriptedBroker;
  let state: string;
  let dir: string;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'vivarium-groups-'));
    state = 'Empty';
    broker = await ScriptedBroker.start();
    broker.serveTopics({ t: 2 });
    broker.on(2, ({ topics }: { topics: { partitions: { partitionIndex: number; timestamp: number }[] }[] }) => ({
      topics: topics.map(({ partitions }) => ({
        name: 't',
        partitions: partitions.map(({ partitionIndex, timestamp }) => {
          const places: Record<number, number> = { [-1]: END, [-2]: 2 };
          const offset = places[timestamp] ?? (partitionIndex === 0 ? MIDDLE : -1);
          return { partitionIndex, errorCode: 0, offset };
        }),
      })),
    }));
    broker.on(8, ({ topics }: OffsetCommitRequest) => ({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
      })),
    }));
    broker.on(9, () => {
      const partitions = [{ partitionIndex: 0, committedOffset: COMMITTED, metadata: '', errorCode: 0 }];
      return { groups: [{ groupId: 'g', topics: [{ name: 't', partitions }], errorCode: 0 }] };
    });
    broker.on(10, () => ({
      coordinators: [{ key: 'g', nodeId: 1, host: '127.0.0.1', port: broker.port, errorCode: 0, errorMessage: null }],
    }));
    broker.on(15, ({ groups }: { groups: string[] }) => {
      const member = {
        memberId: 'me',
        groupInstanceId: null,
        clientId: 'client',
        clientHost: '/127.0.0.1',
        memberMetadata: Buffer.alloc(0),
        memberAssignment: encodeAssignment({ assignedPartitions: [{ topic: 't', partitions: [1, 0] }] }),
      };
      const members = state === 'Stable' ? [member] : [];
      const protocolData = state === 'Stable' ? 'range' : '';
      return {
        groups: groups.map((groupId) => ({
          errorCode: 0,
          groupId,
          groupState: groupId === 'nope' ? 'Dead' : state,
          protocolType: 'consumer',
          protocolData,
          members,
        })),
      };
    });
    broker.on(16, () => ({
      errorCode: 0,
      groups: [
        { groupId: 'g', protocolType: 'consumer', groupState: 'Empty' },
        { groupId: 'connect', protocolType: 'connect', groupState: 'Stable' },
      ],
    }));
  });
  afterEach(async () => {
    rmSync(dir, { recursive: true, force: true });
    await broker.close();
  });

  const run = (...args: string[]): Promise<Outcome> =>
    runCommand(consumerGroups, ['--bootstrap-server', `127.0.0.1:${broker.port}`, ...args]);
  const firstLine = async (...args: string[]): Promise<string> => {
    const { status, err } = await run(...args);
    expect(status).to.equal(1);
    return err.split('\n')[0]!;
  };

  it('lists consumer groups, with their states when asked', async () => {
    expect(await run('--list')).to.deep.equal({ status: 0, out: 'g\n', err: '' });
    expect((await run('--list', '--state')).out).to.equal('GROUP           STATE\ng               Empty\n');
    expect(await firstLine('--list', '--state', 'foo')).to.match(/^Invalid state list 'foo'\. Valid states are: Prep/);
  });

  it('describes offsets and lag of a group without members', async () => {
    expect(await run('--describe', '--group', 'g')).to.deep.equal({
      status: 0,
      out:
        '\nGROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID\n' +
        'g               t               0          8               20              12              -               -               -\n',
      err: "\nConsumer group 'g' has no active members.\n",
    });
  });

  it('describes members and what they own', async () => {
    state = 'Stable';
    const offsets = await run('--describe', '--group', 'g');
    expect(offsets.err).to.equal('');
    expect(offsets.out.split('\n')[3]).to.equal(
      'g               t               1          -               20              -               me              /127.0.0.1      client',
    );
    expect((await run('--describe', '--group', 'g', '--members', '--verbose')).out).to.equal(
      '\nGROUP           CONSUMER-ID     HOST            CLIENT-ID       #PARTITIONS     ASSIGNMENT\n' +
        'g               me              /127.0.0.1      client          2               t(0,1)\n',
    );
    expect((await run('--describe', '--group', 'g', '--state')).out).to.match(
      /\ng {25}127\.0\.0\.1:\d+ \(1\) +range {16}Stable {10}1\n$/,
    );
  });

  it('says so when the group does not exist, and ends with 0', async () => {
    const out = "\nError: Consumer group 'nope' does not exist.\n";
    expect(await run('--describe', '--group', 'nope')).to.deep.equal({ status: 0, out, err: '' });
  });

  const planned = async (...args: string[]): Promise<string[]> => {
    const { out } = await run('--reset-offsets', '--group', 'g', '--dry-run', '--export', ...args);
    return out.split('\n').filter((line) => line !== '');
  };

  it('plans every scenario', async () => {
    expect(await planned('--topic', 't', '--to-earliest')).to.deep.equal(['t,0,2', 't,1,2']);
    expect(await planned('--topic', 't', '--to-latest')).to.deep.equal(['t,0,20', 't,1,20']);
    expect(await planned('--topic', 't:1', '--to-offset', '7')).to.deep.equal(['t,1,7']);
    expect(await planned('--topic', 't', '--to-offset', '99')).to.deep.equal(['t,0,20', 't,1,20']);
    expect(await planned('--all-topics', '--shift-by', '-100')).to.deep.equal(['t,0,2']);
    expect(await planned('--topic', 't', '--to-current')).to.deep.equal(['t,0,8', 't,1,20']);
    const late = 'Warn: Partition 1 from topic t is empty. Falling back to latest known offset.';
    expect(await planned('--topic', 't', '--by-duration', 'PT1H')).to.deep.equal([late, 't,0,5', 't,1,20']);
    expect(await planned('--topic', 't:0', '--to-datetime', '2026-11-22T10:00:00.000')).to.deep.equal(['t,0,5']);
    writeFileSync(join(dir, 'plan.csv'), 't,0,3\nt,1,4\n');
    expect(await planned('--from-file', join(dir, 'plan.csv'))).to.deep.equal(['t,0,3', 't,1,4']);
    expect(broker.received.some(({ key }) => key === 8)).to.equal(false);
  });

  it('commits what it planned with --execute', async () => {
    const { out } = await run('--reset-offsets', '--group', 'g', '--topic', 't:0', '--to-offset', '3', '--execute');
    expect(out).to.equal(
      '\nGROUP                          TOPIC                          PARTITION  NEW-OFFSET     \n' +
        'g                              t                              0          3              \n',
    );
    const commit = broker.received.find(({ key }) => key === 8)!.request as OffsetCommitRequest;
    expect(commit).to.include({ groupId: 'g', generationId: -1, memberId: '' });
    expect(commit.topics[0]!.partitions[0]).to.include({ partitionIndex: 0, committedOffset: 3 });
  });

  it('leaves a group with members alone', async () => {
    state = 'Stable';
    const { out } = await run('--reset-offsets', '--group', 'g', '--topic', 't', '--to-latest', '--execute');
    expect(out).to.contain(
      "\nError: Assignments can only be reset if the group 'g' is inactive, but the current state is Stable.\n",
    );
    expect(broker.received.some(({ key }) => key === 8)).to.equal(false);
  });

  it('deletes groups and tells which it could not', async () => {
    let errorCode = 0;
    broker.on(42, () => ({ results: [{ groupId: 'g', errorCode }] }));
    const done = "Deletion of requested consumer groups ('g') was successful.\n";
    expect((await run('--delete', '--group', 'g')).out).to.equal(done);
    errorCode = 68;
    expect((await run('--delete', '--group', 'g')).out).to.equal(
      '\nError: Deletion of some consumer groups failed:\n' +
        "* Group 'g' could not be deleted due to: java.util.concurrent.ExecutionException: " +
        'org.apache.kafka.common.errors.GroupNotEmptyException: The group is not empty.\n',
    );
  });

  it('deletes offsets', async () => {
    broker.on(47, () => ({ errorCode: 0, topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode: 0 }] }] }));
    expect((await run('--delete-offsets', '--group', 'g', '--topic', 't:0')).out).to.equal(
      'Request succeed for deleting offsets with topic t:0 group g\n' +
        '\nTOPIC                          PARTITION       STATUS         \n' +
        't                              0               Successful     \n',
    );
  });

  it('refuses options that do not go together', async () => {
    expect(await firstLine('--list', '--delete')).to.equal('Option [delete] takes one of these options: [group], [all-groups]');
    expect(await firstLine('--list', '--members')).to.contain('Option(s) [members] are unavailable given other options');
    expect(await firstLine('--describe', '--group', 'g', '--topic', 't')).to.equal(
      'Option "[topic]" can\'t be used with option "[describe]"',
    );
    const both = await run('--reset-offsets', '--group', 'g', '--to-latest', '--to-earliest', '--dry-run');
    expect(both.err).to.match(/^Option "\[to-earliest\]" can't be used with option "\[to-latest\]"\n/);
  });
});
