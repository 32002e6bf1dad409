import { expect } from 'chai';
import { consoleConsumer } from '../../../../broker/cli/commands/console-consumer.ts';
import { decodeSubscription, encodeAssignment } from '../../../../broker/protocol/consumer-protocol.ts';
import type { FetchRequest } from '../../../../broker/protocol/messages/01-fetch.ts';
import type { JoinGroupRequest } from '../../../../broker/protocol/messages/11-join-group.ts';
import type { OffsetCommitRequest } from '../../../../broker/protocol/messages/08-offset-commit.ts';
import { buildBatch } from '../../../../broker/records/build-batch.ts';
import { ScriptedBroker } from '../../client/scripted-broker.ts';
import { runCommand, type Outcome } from '../fake-io.ts';

const VALUES = ['one', 'two', 'three'];

describe('kafka-console-consumer', () => {
  let broker: ScriptedBroker;

  beforeEach(async () => {
    broker = await ScriptedBroker.start();
    broker.serveTopics({ t: 1 });
    const log = buildBatch({ records: VALUES.map((value) => ({ key: null, value: Buffer.from(value), timestamp: 5 })) });
    broker.on(1, async ({ topics }: FetchRequest) => {
      const { fetchOffset } = topics[0]!.partitions[0]!;
      if (fetchOffset >= VALUES.length) await new Promise((resolve) => setTimeout(resolve, 5)); // as a long poll that finds nothing
      const records = fetchOffset < VALUES.length ? log : null;
      return { responses: [{ topic: 't', partitions: [{ partitionIndex: 0, errorCode: 0, highWatermark: 3, records }] }] };
    });
    broker.on(2, (request: { topics: { partitions: { timestamp: number }[] }[] }) => {
      const offset = request.topics[0]!.partitions[0]!.timestamp === -2 ? 0 : VALUES.length;
      return { topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode: 0, offset }] }] };
    });
    broker.on(8, (request: OffsetCommitRequest) => ({
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
      })),
    }));
    broker.on(9, () => ({ groups: [{ groupId: 'g', topics: [], errorCode: 0 }] }));
    broker.on(10, () => ({
      coordinators: [{ key: 'g', nodeId: 1, host: '127.0.0.1', port: broker.port, errorCode: 0, errorMessage: null }],
    }));
    broker.on(11, ({ memberId, protocols }: JoinGroupRequest) =>
      memberId === ''
        ? { errorCode: 79, protocolName: '', leader: '', memberId: 'me', members: [] }
        : {
            errorCode: 0,
            generationId: 1,
            protocolName: 'range',
            leader: 'me',
            memberId,
            members: [{ memberId, metadata: protocols[0]!.metadata }],
          },
    );
    broker.on(12, () => ({ errorCode: 0 }));
    broker.on(13, () => ({ errorCode: 0 }));
    broker.on(14, () => ({
      errorCode: 0,
      assignment: encodeAssignment({ assignedPartitions: [{ topic: 't', partitions: [0] }] }),
    }));
  });
  afterEach(() => broker.close());

  const run = (...args: string[]): Promise<Outcome> =>
    runCommand(consoleConsumer, ['--bootstrap-server', `127.0.0.1:${broker.port}`, ...args]);

  it('joins its group, prints what is there and leaves', async () => {
    const outcome = await run('--topic', 't', '--from-beginning', '--max-messages', '3');
    expect(outcome).to.deep.equal({ status: 0, out: 'one\ntwo\nthree\n', err: 'Processed a total of 3 messages\n' });
    const joins = broker.received.filter(({ key }) => key === 11).map(({ request }) => request as JoinGroupRequest);
    expect(joins.map(({ memberId }) => memberId)).to.deep.equal(['', 'me']);
    expect(joins[0]!.groupId).to.equal('console-consumer-50000');
    expect(decodeSubscription(joins[1]!.protocols[0]!.metadata)?.topics).to.deep.equal(['t']);
    expect(broker.received.some(({ key }) => key === 13)).to.equal(true);
    expect(broker.received.some(({ key }) => key === 8)).to.equal(false); // a group nobody named commits nothing
  });

  it('commits for a named group only what it has shown', async () => {
    await run('--topic', 't', '--from-beginning', '--max-messages', '2', '--group', 'g');
    const commit = broker.received.find(({ key }) => key === 8)!.request as OffsetCommitRequest;
    expect(commit.topics[0]!.partitions[0]!.committedOffset).to.equal(2);
  });

  it('reads a partition from an offset without a group', async () => {
    const { out } = await run(
      '--topic',
      't',
      '--partition',
      '0',
      '--offset',
      '1',
      '--max-messages',
      '2',
      '--property',
      'print.offset=true',
    );
    expect(out).to.equal('Offset:1\ttwo\nOffset:2\tthree\n');
    expect(broker.received.some(({ key }) => key === 11)).to.equal(false);
  });

  it('takes topics by pattern', async () => {
    expect((await run('--include', 't|u', '--from-beginning', '--max-messages', '1')).out).to.equal('one\n');
  });

  it('ends with 0 when nothing comes in time', async () => {
    const { status, out, err } = await run('--topic', 't', '--timeout-ms', '200');
    expect([status, out]).to.deep.equal([0, '']);
    expect(err).to.match(
      /ERROR Error processing message, terminating consumer process: {2}\(kafka\.tools\.ConsoleConsumer\$\)\n/,
    );
    expect(err).to.match(/org\.apache\.kafka\.common\.errors\.TimeoutException\nProcessed a total of 0 messages\n$/);
  });

  it('refuses options that do not go together', async () => {
    const firstLine = async (...args: string[]): Promise<string> => (await run(...args)).err.split('\n')[0]!;
    expect(await firstLine()).to.equal('Exactly one of --include/--topic is required. ()');
    expect(await firstLine('--topic', 't', '--offset', '1')).to.equal('The partition is required when offset is specified.');
    const badOffset =
      "The provided offset value 'x' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.";
    expect(await firstLine('--topic', 't', '--partition', '0', '--offset', 'x')).to.equal(badOffset);
    const both = 'Options group and partition cannot be specified together.';
    expect(await firstLine('--topic', 't', '--partition', '0', '--group', 'g')).to.equal(both);
  });
});
