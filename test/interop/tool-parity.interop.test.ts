/**
 * The same command lines given to our tools and to Kafka 3.4's own, against the same broker: the same output, errors and
 * status. Stack traces are Java's alone, and left out.
 */
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTopic } from './support/kafkajs.ts';
import { run, type Finished } from './support/process.ts';
import { kafkaTool, repository, ServerPair } from './support/servers.ts';
import { bootstrap, freshName, maker } from './support/shared-pair.ts';

const UNREACHABLE = ['--bootstrap-server', 'localhost:1'];

interface Files {
  readonly topic: string;
  readonly server: readonly string[];
  path(name: string): string;
}

/** `ours` differs by its nature: a number drawn by chance, the time. */
const masks: readonly (readonly [RegExp, string])[] = [
  [/^\tat .*\n|^\t\.\.\. .*\n|^Caused by: .*\n|^\tSuppressed: .*\n/gm, ''],
  [/perf-consumer-\d+\) */g, 'perf-consumer-N)'],
  // Java's ZooKeeper client on being hung up on, as it asked: it depends on who is faster.
  [/^\[.*\] WARN An exception was thrown while closing send thread for session .*\nEndOfStreamException: .*\n/gm, ''],
  [/^\[\d{4}-\d\d-\d\d [\d:,]+\] /gm, '[TIME] '],
];

function masked(text: string): string {
  return masks.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}

function outcome({ code, stdout, stderr }: Finished): object {
  return { code, stdout: masked(stdout), stderr: masked(stderr) };
}

type Arguments = (files: Files) => readonly string[];

/** A tool, its arguments, and those of a run of ours that comes before both: what one of the two removes has to be there for the other. */
type Line = readonly [tool: string, args: Arguments, before?: Arguments];

/** kafka-configs, its words between blanks; NAME is the topic's, so that users and clients are no other test's. */
function configsLine(args: string, before?: string): Line {
  const split =
    (text: string): Arguments =>
    ({ server, topic, path }) => [...server, ...text.split(' ').map((word) => word.replace('NAME', topic).replace('FILE', path('added')))];
  return before === undefined ? ['kafka-configs', split(args)] : ['kafka-configs', split(args), split(before)];
}

const lines: readonly Line[] = [
  ['kafka-producer-perf-test', () => []],
  ['kafka-producer-perf-test', () => ['--topic', 'a']],
  ['kafka-producer-perf-test', () => ['--topic', 'a', '--num-records', 'x', '--throughput', '1', '--record-size', '1']],
  ['kafka-producer-perf-test', () => ['--topic', 'a', '--num-records', '1', '--throughput', '1']],
  ['kafka-producer-perf-test', () => ['--topic', 'a', '--num-records', '1', '--throughput', '1', '--record-size', '1', '--payload-file', 'f']],
  ['kafka-producer-perf-test', () => ['--topic', 'a', '--num-records', '1', '--throughput', '1', '--record-size', '1']],
  ['kafka-producer-perf-test', () => ['--bogus']],
  ['kafka-verifiable-producer', () => []],
  ['kafka-verifiable-producer', () => ['--topic', 't', '--acks', '7', ...UNREACHABLE]],
  ['kafka-verifiable-consumer', () => ['--topic', 't', '--group-id', 'g']],
  ['kafka-verifiable-consumer', () => ['--topic', 't', '--group-id', 'g', '--reset-policy', 'x', ...UNREACHABLE]],
  ['kafka-features', () => ['--help']],
  ['kafka-features', () => [...UNREACHABLE, 'bla']],
  ['kafka-features', ({ server }) => [...server, 'upgrade', '--feature', 'x=1']],
  ['kafka-features', ({ server }) => [...server, 'describe']],
  ['kafka-leader-election', () => []],
  ['kafka-leader-election', () => UNREACHABLE],
  ['kafka-leader-election', ({ server, topic }) => [...server, '--election-type', 'preferred', '--topic', topic, '--partition', '0']],
  ['kafka-leader-election', ({ server, path }) => [...server, '--election-type', 'unclean', '--path-to-json-file', path('elections')]],
  ['kafka-reassign-partitions', () => []],
  ['kafka-reassign-partitions', () => UNREACHABLE],
  ['kafka-reassign-partitions', () => [...UNREACHABLE, '--list', '--throttle', '1']],
  ['kafka-reassign-partitions', ({ server }) => [...server, '--list']],
  [
    'kafka-reassign-partitions',
    ({ server, path }) => [...server, '--generate', '--topics-to-move-json-file', path('topics'), '--broker-list', '0'],
  ],
  ...['same-place', 'nowhere', 'no-partition'].map(
    (plan) =>
      [
        'kafka-reassign-partitions',
        ({ server, path }: Files) => [...server, '--execute', '--reassignment-json-file', path(plan)],
      ] as const,
  ),
  ...['same-place', 'no-topic'].map(
    (plan) =>
      [
        'kafka-reassign-partitions',
        ({ server, path }: Files) => [...server, '--verify', '--reassignment-json-file', path(plan)],
      ] as const,
  ),
  ['kafka-delete-records', ({ server, path }) => [...server, '--offset-json-file', path('deletions')]],
  ['kafka-topics', ({ server }) => [...server, '--describe', '--topic', 'no-such-topic']],
  ['kafka-topics', ({ server }) => [...server, '--alter', '--topic', 'no-such-topic', '--partitions', '9']],
  ['kafka-topics', ({ server }) => [...server, '--delete', '--topic', 'no-such-topic']],
  configsLine('--describe --entity-type topics --entity-name no-such-topic'),
  configsLine('--describe --topic no-such-topic --all'),
  configsLine('--alter --topic no-such-topic --add-config retention.ms=1'),
  [
    'kafka-reassign-partitions',
    ({ server, path }) => [...server, '--cancel', '--reassignment-json-file', path('same-place')],
  ],
  ['kafka-consumer-perf-test', () => ['--topic', 'a']],
  ['kafka-consumer-perf-test', () => [...UNREACHABLE, '--topic', 'a']],
  configsLine('--describe'),
  configsLine('--describe --user u --entity-type users'),
  configsLine('--describe --user u --alter'),
  configsLine('--describe --entity-type users --entity-type users'),
  configsLine('--describe --entity-type users --entity-type topics'),
  configsLine('--describe --entity-type nobody'),
  configsLine('--describe --user u --user v'),
  configsLine('--describe --bogus'),
  configsLine('--describe --entity-type users --entity-name'),
  configsLine('--describe --entity-type users --entity-name u --entity-name v'),
  configsLine('--describe --user u --zookeeper localhost:1'),
  configsLine('--describe --user u --zk-tls-config-file f'),
  configsLine('--describe --user u --command-config nowhere.properties'),
  configsLine('--describe --broker x'),
  configsLine('--describe --broker-loggers'),
  configsLine('--describe --entity-type broker-loggers'),
  configsLine('--describe --topic a/b'),
  configsLine('--describe --ip no.such.host.invalid'),
  configsLine('--alter --topic NAME --add-config retention.ms=1000,segment.bytes=2000,flush.ms=3,cleanup.policy=[compact,delete],segment.ms=99'),
  configsLine('--describe --topic NAME'),
  configsLine('--describe --topic NAME --all'),
  configsLine('--describe --broker 0 --all'),
  configsLine('--alter --user u'),
  configsLine('--alter --entity-type users --add-config producer_byte_rate=1'),
  configsLine('--alter --entity-type topics --entity-default --add-config a=1'),
  configsLine('--alter --entity-type users --entity-type clients --entity-name u --add-config producer_byte_rate=1'),
  configsLine('--alter --user u --add-config producer_byte_rate'),
  configsLine('--alter --user u --add-config a=1 --add-config-file FILE'),
  configsLine('--alter --user u --add-config-file nowhere'),
  configsLine('--alter --user u --add-config a=1,b=2'),
  configsLine('--alter --user u --delete-config a,,b'),
  configsLine('--alter --user u --client c --add-config SCRAM-SHA-256=[password=x],retention.ms=1,producer_byte_rate=1'),
  configsLine('--alter --client c --delete-config SCRAM-SHA-256,foo'),
  configsLine('--alter --user u --add-config SCRAM-SHA-256=[password=x],producer_byte_rate=1'),
  configsLine('--alter --user-defaults --add-config SCRAM-SHA-256=[password=x]'),
  configsLine('--alter --user u --add-config SCRAM-SHA-256=x'),
  configsLine('--alter --user u --add-config SCRAM-SHA-256=[iterations=,password=x]'),
  configsLine('--alter --user u --add-config SCRAM-SHA-256=[iterations=99999999999,password=x]'),
  configsLine('--alter --user u --add-config SCRAM-SHA-512=[iterations=100,password=x]'),
  configsLine('--alter --user u --add-config SCRAM-SHA-512=[iterations=99999,password=x]'),
  configsLine('--alter --user u --add-config SCRAM-SHA-512=[password=]'),
  configsLine('--alter --user NAME --delete-config SCRAM-SHA-512'),
  configsLine('--alter --user NAME --delete-config producer_byte_rate'),
  configsLine('--alter --user NAME --add-config producer_byte_rate=fast'),
  configsLine('--alter --user NAME --add-config producer_byte_rate=1.5'),
  configsLine('--alter --user NAME --add-config producer_byte_rate=-1'),
  configsLine('--alter --ip 10.1.2.3 --add-config producer_byte_rate=1,foo=2'),
  configsLine('--alter --ip 10.1.2.3 --add-config connection_creation_rate=1.5'),
  configsLine('--alter --broker-logger 0 --add-config no.such.logger=INFO --delete-config none'),
  configsLine('--alter --broker-logger 0 --add-config kafka.server.KafkaServer=INFO'),
  configsLine('--describe --broker-logger 0'),
  configsLine('--alter --broker-logger 0 --delete-config kafka.server.KafkaServer'),
  configsLine('--alter --user NAME --add-config SCRAM-SHA-256=[iterations=8192,password=x],SCRAM-SHA-512=[iterations=-1,password=a=b]'),
  configsLine('--alter --user NAME --add-config producer_byte_rate=1024,consumer_byte_rate=123456789,request_percentage=12.5'),
  configsLine('--alter --client NAME --user NAME --add-config-file FILE'),
  configsLine('--alter --entity-type users --entity-default --entity-type clients --entity-name NAME --add-config request_percentage=1e9'),
  configsLine('--alter --client NAME --add-config controller_mutation_rate=.5'),
  configsLine('--alter --client-defaults --add-config producer_byte_rate=1e12'),
  configsLine('--alter --ip 10.1.2.3 --add-config connection_creation_rate=1e7'),
  configsLine('--describe --user NAME'),
  configsLine('--describe --entity-type users'),
  configsLine('--describe --entity-type clients'),
  configsLine('--describe --entity-type users --entity-type clients'),
  configsLine('--describe --entity-type clients --entity-name NAME --entity-type users --entity-default'),
  configsLine('--describe --entity-type clients --entity-name NAME --entity-type users'),
  configsLine('--describe --user-defaults'),
  configsLine('--describe --client-defaults'),
  configsLine('--describe --entity-type ips'),
  configsLine('--describe --user nobody-at-all'),
  configsLine('--alter --client-defaults --delete-config producer_byte_rate', '--alter --client-defaults --add-config producer_byte_rate=1e12'),
  configsLine(
    '--alter --ip 10.1.2.3 --delete-config connection_creation_rate --add-config connection_creation_rate=5',
    '--alter --ip 10.1.2.3 --add-config connection_creation_rate=7',
  ),
  configsLine('--alter --user NAME --delete-config SCRAM-SHA-256', '--alter --user NAME --add-config SCRAM-SHA-256=[password=x]'),
  configsLine('--alter --user NAME --delete-config SCRAM-SHA-512,SCRAM-SHA-512', '--alter --user NAME --add-config SCRAM-SHA-512=[password=x]'),
  ['kafka-configs', () => ['--describe', '--user', 'u']],
  ['kafka-configs', () => ['--describe', '--user', 'u', '--bootstrap-server', 'nowhere']],
  ['kafka-replica-verification', () => []],
  ['kafka-replica-verification', () => ['--topics-include', '(', '--broker-list', 'localhost:1']],
];

/** What there is to do before the first broker starts. */
const linesWithoutBroker: readonly string[] = [
  '--describe --entity-type users',
  '--describe --entity-type clients',
  '--describe --entity-type users --all',
  '--describe --user u',
  '--alter --user u --add-config SCRAM-SHA-256=[iterations=8192,password=x],SCRAM-SHA-512=[password=y]',
  '--alter --user u --add-config SCRAM-SHA-256=[iterations=-1,password=x]',
  '--alter --user u --add-config SCRAM-SHA-256=[iterations=1,password=x]',
  '--alter --user u --add-config producer_byte_rate=1,SCRAM-SHA-256=[password=x] --delete-config a,b',
  '--alter --user-defaults --add-config SCRAM-SHA-256=[password=x]',
  '--alter --user nobody --delete-config SCRAM-SHA-512',
  '--alter --entity-type users --entity-name a --entity-name b --add-config SCRAM-SHA-256=[password=x]',
  '--describe --entity-type users',
  '--describe --user-defaults',
  '--describe --entity-type brokers',
  '--describe --broker 5000000000',
  '--describe --broker-defaults',
  '--alter --broker 0 --add-config log.cleaner.threads=2,listener.name.internal.ssl.key.password=secret',
  '--alter --broker 0 --add-config log.cleaner.threads=2,listener.name.internal.ssl.key.password=secret,password.encoder.secret=s',
  '--alter --broker 0 --add-config ssl.keystore.location=x',
  '--alter --broker 0 --add-config log.dirs=x,zookeeper.connect=y',
  '--alter --broker 0 --add-config log.cleaner.threads=many',
  '--alter --broker-defaults --add-config listener.name.internal.ssl.keystore.location=x,ssl.client.auth=none',
  '--alter --broker-defaults --add-config log.cleaner.threads=2,foo=bar',
  '--alter --broker 0 --delete-config foo',
  '--describe --broker 0',
];

/** What is refused from then on. */
const linesWithBroker: readonly string[] = [
  '--describe --broker 0',
  '--describe --broker-defaults',
  '--describe --broker 7',
  '--alter --broker 0 --add-config log.cleaner.threads=1 --delete-config foo',
  '--alter --broker-defaults --add-config log.cleaner.threads=1',
  '--alter --user v --add-config SCRAM-SHA-256=[password=x]',
  '--describe --entity-type users',
];

describe('kafka-configs --zookeeper beside the original', () => {
  let pair: ServerPair;

  before(async () => {
    pair = await ServerPair.prepare({ maker });
    pair.launchCoordinator();
    await pair.coordinatorReady();
  });
  after(() => pair.close());

  const compare = (line: string): void => {
    it(`kafka-configs ${line}`, async () => {
      const args = ['--zookeeper', `127.0.0.1:${pair.coordinatorPort}`, ...line.split(' ')];
      const ours = await run(join(repository, 'bin/kafka-configs.sh'), args);
      expect(outcome(ours)).to.deep.equal(outcome(await run(kafkaTool, ['kafka-configs', ...args])));
    });
  };
  for (const line of linesWithoutBroker) compare(line);
  describe('with a broker', () => {
    before(async () => {
      pair.launchBroker();
      await pair.brokerReady();
    });
    for (const line of linesWithBroker) compare(line);

    it('the broker has what was set before it started', async () => {
      const args = ['--bootstrap-server', pair.bootstrap, '--describe'];
      const users = await run(join(repository, 'bin/kafka-configs.sh'), [...args, '--user', 'u']);
      expect(users.stdout).to.equal("SCRAM credential configs for user-principal 'u' are SCRAM-SHA-256=iterations=8192, SCRAM-SHA-512=iterations=4096\n");
      const broker = await run(join(repository, 'bin/kafka-configs.sh'), [...args, '--broker', '0']);
      expect(broker.stdout).to.contain('log.cleaner.threads=2 sensitive=false');
    });
  });
});

describe('our tools beside the originals', () => {
  const directory = mkdtempSync(join(tmpdir(), 'vivarium-parity-'));
  const topic = freshName('parity');
  const files = { topic, path: (name) => join(directory, `${name}.json`) };

  before(async () => {
    await createTopic(topic);
    const plan = (name: string, partition: number, broker: number): object => ({
      version: 1,
      partitions: [{ topic: name, partition, replicas: [broker] }],
    });
    const contents: Readonly<Record<string, object>> = {
      topics: { topics: [{ topic }], version: 1 },
      'same-place': plan(topic, 0, 0),
      nowhere: plan(topic, 0, 5),
      'no-partition': plan(topic, 7, 0),
      'no-topic': plan('no-such-topic', 0, 0),
      deletions: {
        version: 1,
        partitions: [
          { topic, partition: 0, offset: 0 },
          { topic, partition: 1, offset: 9 },
          { topic, partition: 7, offset: 0 },
          { topic: 'no-such-topic', partition: 0, offset: 0 },
        ],
      },
      elections: { partitions: [{ topic, partition: 0 }, { topic, partition: 9 }] },
    };
    for (const [name, content] of Object.entries(contents)) writeFileSync(files.path(name), JSON.stringify(content));
    writeFileSync(files.path('added'), 'producer_byte_rate=1048576\nconsumer_byte_rate=0\n');
  });
  after(() => rmSync(directory, { recursive: true }));

  for (const [tool, argumentsFor, before] of lines) {
    const shown = argumentsFor({ topic: 'TOPIC', server: [], path: (name) => name }).join(' ');
    it(`${tool} ${shown}`.trim(), async () => {
      const place = { ...files, server: ['--bootstrap-server', bootstrap()] };
      const script = join(repository, `bin/${tool}.sh`);
      const prepare = async (): Promise<void> => {
        if (before !== undefined) expect((await run(script, before(place))).code).to.equal(0);
      };
      const args = argumentsFor(place);
      await prepare();
      const ours = await run(script, args);
      await prepare();
      expect(outcome(ours)).to.deep.equal(outcome(await run(kafkaTool, [tool, ...args])));
    });
  }
});
