/** Kafka 3.4's own command-line tools, which are the Java clients: what users and their scripts type, and what it prints. */
import { expect } from 'chai';
import { linesOf, tool, toolOk, toolProgram } from './support/clients.ts';
import { runOk } from './support/process.ts';
import { kafkaTool } from './support/servers.ts';
import { createTopic } from './support/kafkajs.ts';
import { bootstrap, freshName } from './support/shared-pair.ts';

/** Rows of a table in the tools' column layout, each row as a list of its cells. */
function cells(output: string): string[][] {
  return linesOf(output)
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/));
}

describe('kafka-topics', () => {
  it('creates, lists, describes, widens and deletes a topic', async () => {
    const topic = freshName('tools-topic');
    expect(await toolOk('kafka-topics', ['--create', '--topic', topic, '--partitions', '2', '--config', 'retention.ms=3600000'])).to.equal(
      `Created topic ${topic}.\n`,
    );
    expect(linesOf(await toolOk('kafka-topics', ['--list']))).to.include(topic);
    const [summary = '', ...partitions] = linesOf(await toolOk('kafka-topics', ['--describe', '--topic', topic]));
    expect(summary).to.match(
      new RegExp(`^Topic: ${topic}\tTopicId: [\\w-]{22}\tPartitionCount: 2\tReplicationFactor: 1\tConfigs: retention\\.ms=3600000$`),
    );
    const nodeId = partitions[0]?.match(/Leader: (\d+)/)?.[1];
    expect(partitions).to.deep.equal(
      [0, 1].map((partition) => `\tTopic: ${topic}\tPartition: ${partition}\tLeader: ${nodeId}\tReplicas: ${nodeId}\tIsr: ${nodeId}`),
    );
    await toolOk('kafka-topics', ['--alter', '--topic', topic, '--partitions', '4']);
    expect(linesOf(await toolOk('kafka-topics', ['--describe', '--topic', topic]))).to.have.length(5);
    await toolOk('kafka-topics', ['--delete', '--topic', topic]);
    expect(linesOf(await toolOk('kafka-topics', ['--list']))).not.to.include(topic);
  });

  it('is refused as by Kafka: a name twice, a bad name, too many replicas, fewer partitions, a bad config', async () => {
    const topic = freshName('tools-refused');
    await createTopic(topic, 2);
    const refusal = async (...args: string[]) => {
      const { code, stdout } = await tool('kafka-topics', args);
      expect(code, stdout).to.equal(1);
      return linesOf(stdout)[0];
    };
    const create = ['--create', '--topic'];
    expect(await refusal(...create, topic)).to.equal(`Error while executing topic command : Topic '${topic}' already exists.`);
    expect(await refusal(...create, 'a/b')).to.equal(
      "Error while executing topic command : Topic name is invalid: 'a/b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    );
    expect(await refusal(...create, freshName('r3'), '--replication-factor', '3')).to.equal(
      'Error while executing topic command : Replication factor: 3 larger than available brokers: 1.',
    );
    expect(await refusal(...create, freshName('c'), '--config', 'retention.ms=soon')).to.equal(
      'Error while executing topic command : Invalid value soon for configuration retention.ms: Not a number of type LONG',
    );
    expect(await refusal('--alter', '--topic', topic, '--partitions', '1')).to.equal(
      'Error while executing topic command : Topic currently has 2 partitions, which is higher than the requested 1.',
    );
    expect(await refusal('--describe', '--topic', 'never-there')).to.equal("Error while executing topic command : Topic 'never-there' does not exist as expected");
  });
});

describe('kafka-console-producer and kafka-console-consumer', () => {
  it('bring keys, headers and timestamps through, and follow the end of the log', async () => {
    const topic = freshName('tools-console');
    await createTopic(topic);
    const consumer = toolProgram('kafka-console-consumer', [
      ...['--topic', topic, '--from-beginning', '--max-messages', '3'],
      ...['--property', 'print.key=true', '--property', 'print.headers=true', '--property', 'print.offset=true', '--property', 'print.partition=true'],
    ]);
    await toolOk('kafka-console-producer', ['--topic', topic, '--property', 'parse.key=true', '--property', 'key.separator=:'], {
      input: 'one:eins\ntwo:zwölf\n',
    });
    await consumer.waitFor(/zwölf/);
    await toolOk('kafka-console-producer', ['--topic', topic, '--property', 'parse.headers=true'], { input: 'colour:grün,size:9\tthree\n' });
    const { code, stdout, stderr } = await consumer.finish();
    expect(linesOf(stdout)).to.deep.equal([
      'Partition:0\tOffset:0\tNO_HEADERS\tone\teins',
      'Partition:0\tOffset:1\tNO_HEADERS\ttwo\tzwölf',
      'Partition:0\tOffset:2\tcolour:grün,size:9\tnull\tthree',
    ]);
    expect(stderr).to.equal('Processed a total of 3 messages\n');
    expect(code).to.equal(0);
  });

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    it(`bring 1000 lines through, compressed with ${codec}`, async () => {
      const topic = freshName(`tools-${codec}`);
      await createTopic(topic);
      const lines = Array.from({ length: 1000 }, (_unused, index) => `line ${index} ${'x'.repeat(index % 100)}\n`).join('');
      await toolOk('kafka-console-producer', ['--topic', topic, '--compression-codec', codec], { input: lines });
      expect(await toolOk('kafka-console-consumer', ['--topic', topic, '--from-beginning', '--max-messages', '1000'])).to.equal(lines);
    });
  }

  it('reads one partition from an offset', async () => {
    const topic = freshName('tools-offset');
    await createTopic(topic);
    await toolOk('kafka-console-producer', ['--topic', topic], { input: '0\n1\n2\n3\n' });
    const args = ['--topic', topic, '--partition', '0', '--offset', '2', '--max-messages', '2'];
    expect(await toolOk('kafka-console-consumer', args)).to.equal('2\n3\n');
  });
});

describe('kafka-consumer-groups', () => {
  it('lists and describes groups with lag, resets offsets and deletes', async () => {
    const topic = freshName('tools-group-topic');
    const group = freshName('tools-group');
    await createTopic(topic);
    await toolOk('kafka-console-producer', ['--topic', topic], { input: '0\n1\n2\n3\n4\n' });
    const reader = ['--topic', topic, '--group', group, '--from-beginning', '--max-messages', '3', '--consumer-property', 'max.poll.records=1'];
    expect(await toolOk('kafka-console-consumer', reader)).to.equal('0\n1\n2\n');
    expect(linesOf(await toolOk('kafka-consumer-groups', ['--list']))).to.include(group);
    expect(cells(await toolOk('kafka-consumer-groups', ['--describe', '--group', group]))).to.deep.equal([
      ['GROUP', 'TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG', 'CONSUMER-ID', 'HOST', 'CLIENT-ID'],
      [group, topic, '0', '3', '5', '2', '-', '-', '-'],
    ]);
    const [, state] = cells(await toolOk('kafka-consumer-groups', ['--describe', '--group', group, '--state']));
    expect(state?.[0]).to.equal(group);
    expect(state?.[1]).to.equal(bootstrap());
    expect(state?.at(-2)).to.equal('Empty');
    expect(cells(await toolOk('kafka-consumer-groups', ['--group', group, '--topic', topic, '--reset-offsets', '--to-offset', '1', '--execute'])).at(-1)).to.deep.equal([
      group,
      topic,
      '0',
      '1',
    ]);
    const rest = ['--topic', topic, '--group', group, '--max-messages', '4'];
    expect(await toolOk('kafka-console-consumer', rest)).to.equal('1\n2\n3\n4\n');
    expect(await toolOk('kafka-consumer-groups', ['--delete', '--group', group])).to.equal(
      `Deletion of requested consumer groups ('${group}') was successful.\n`,
    );
    expect(linesOf(await toolOk('kafka-consumer-groups', ['--list']))).not.to.include(group);
  });

  it('shows the members of a group at work', async () => {
    const topic = freshName('tools-members-topic');
    const group = freshName('tools-members');
    await createTopic(topic, 2);
    await toolOk('kafka-console-producer', ['--topic', topic], { input: 'x\n' });
    const consumer = toolProgram('kafka-console-consumer', ['--topic', topic, '--group', group, '--from-beginning']);
    await consumer.waitFor(/^x$/m);
    const [, member] = cells(await toolOk('kafka-consumer-groups', ['--describe', '--group', group, '--members']));
    expect(member?.slice(0, 2)).to.deep.equal([group, `console-consumer-${member?.[1]?.split('console-consumer-')[1]}`]);
    expect(member?.slice(2)).to.deep.equal(['/127.0.0.1', 'console-consumer', '2']);
    await consumer.stop('SIGINT');
  });
});

describe('the other tools', () => {
  it('kafka-get-offsets prints the ends of the partitions', async () => {
    const topic = freshName('tools-ends');
    await createTopic(topic, 2);
    await toolOk('kafka-console-producer', ['--topic', topic, '--property', 'parse.key=true', '--property', 'key.separator=:'], { input: 'k:1\nk:2\nk:3\n' });
    const ends = async (time: string) => linesOf(await toolOk('kafka-get-offsets', ['--topic', topic, '--time', time])).map((line) => Number(line.split(':')[2])).sort();
    expect(await ends('-1')).to.deep.equal([0, 3]);
    expect(await ends('-2')).to.deep.equal([0, 0]);
  });

  it('kafka-broker-api-versions reads the table of APIs', async () => {
    const output = await toolOk('kafka-broker-api-versions', []);
    expect(output).to.match(new RegExp(`^${bootstrap().replaceAll('.', '\\.')} \\(id: \\d+ rack: null\\) -> \\(\n`));
    for (const row of ['Produce(0): 0 to 9 [usable: 9]', 'Fetch(1): 0 to 13 [usable: 13]', 'Metadata(3): 0 to 12 [usable: 12]', 'ApiVersions(18): 0 to 3 [usable: 3]']) {
      expect(output).to.include(`\t${row},\n`);
    }
  });

  it('kafka-configs describes a topic and a broker', async () => {
    const topic = freshName('tools-configs');
    await toolOk('kafka-topics', ['--create', '--topic', topic, '--config', 'segment.bytes=1048576']);
    const own = linesOf(await toolOk('kafka-configs', ['--describe', '--topic', topic]));
    expect(own).to.deep.equal([
      `Dynamic configs for topic ${topic} are:`,
      '  segment.bytes=1048576 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:segment.bytes=1048576, DEFAULT_CONFIG:log.segment.bytes=1073741824}',
    ]);
    const all = linesOf(await toolOk('kafka-configs', ['--describe', '--topic', topic, '--all']));
    expect(all).to.have.length(27);
    expect(all).to.include('  max.message.bytes=1048588 sensitive=false synonyms={DEFAULT_CONFIG:message.max.bytes=1048588}');
    const nodeId = (await toolOk('kafka-broker-api-versions', [])).match(/\(id: (\d+)/)?.[1] ?? '';
    const broker = await toolOk('kafka-configs', ['--describe', '--broker', nodeId, '--all']);
    expect(broker).to.match(new RegExp(`^All configs for broker ${nodeId} are:\n`));
    expect(broker).to.include(`  broker.id=${nodeId} sensitive=false synonyms={STATIC_BROKER_CONFIG:broker.id=${nodeId}, DEFAULT_CONFIG:broker.id=-1}\n`);
  });

  it('kafka-producer-perf-test, an idempotent Java producer, loses and repeats nothing', async () => {
    const topic = freshName('tools-perf');
    await createTopic(topic, 6);
    const { stdout } = await runOk(kafkaTool, [
      ...['kafka-producer-perf-test', '--topic', topic, '--num-records', '100000', '--record-size', '200', '--throughput', '-1'],
      ...['--producer-props', `bootstrap.servers=${bootstrap()}`, 'acks=all', 'enable.idempotence=true', 'linger.ms=5', 'compression.type=lz4'],
    ]);
    expect(stdout).to.match(/^100000 records sent/m);
    const ends = linesOf(await toolOk('kafka-get-offsets', ['--topic', topic])).map((line) => Number(line.split(':')[2]));
    expect(ends.reduce((sum, end) => sum + end, 0)).to.equal(100_000);
  });

  it('kafka-verifiable-producer hears of every record, and kafka-verifiable-consumer sees and commits them', async () => {
    const topic = freshName('tools-verifiable');
    await createTopic(topic, 3);
    const { stdout } = await runOk(kafkaTool, ['kafka-verifiable-producer', '--bootstrap-server', bootstrap(), '--topic', topic, '--max-messages', '5000']);
    const events = linesOf(stdout).map((line) => JSON.parse(line) as { name: string; acked?: number; sent?: number });
    expect(events.find((event) => event.name === 'tool_data')).to.include({ sent: 5000, acked: 5000 });
    const consumed = await runOk(kafkaTool, [
      ...['kafka-verifiable-consumer', '--bootstrap-server', bootstrap(), '--topic', topic, '--group-id', freshName('verifiable')],
      ...['--reset-policy', 'earliest', '--max-messages', '5000'],
    ]);
    const counts = linesOf(consumed.stdout).map((line) => JSON.parse(line) as { name: string; count?: number; success?: boolean });
    const total = counts.filter((event) => event.name === 'records_consumed').reduce((sum, event) => sum + (event.count ?? 0), 0);
    expect(total).to.equal(5000);
    expect(counts.filter((event) => event.name === 'offsets_committed').every((event) => event.success === true)).to.equal(true);
  });
});
