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
import { kafkaTool, repository } from './support/servers.ts';
import { bootstrap, freshName } from './support/shared-pair.ts';

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
];

function masked(text: string): string {
  return masks.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}

function outcome({ code, stdout, stderr }: Finished): object {
  return { code, stdout: masked(stdout), stderr: masked(stderr) };
}

const lines: readonly (readonly [string, (files: Files) => readonly string[]])[] = [
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
  [
    'kafka-reassign-partitions',
    ({ server, path }) => [...server, '--verify', '--reassignment-json-file', path('same-place')],
  ],
  [
    'kafka-reassign-partitions',
    ({ server, path }) => [...server, '--cancel', '--reassignment-json-file', path('same-place')],
  ],
  ['kafka-consumer-perf-test', () => ['--topic', 'a']],
  ['kafka-consumer-perf-test', () => [...UNREACHABLE, '--topic', 'a']],
  ['kafka-replica-verification', () => []],
  ['kafka-replica-verification', () => ['--topics-include', '(', '--broker-list', 'localhost:1']],
];

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
      elections: { partitions: [{ topic, partition: 0 }, { topic, partition: 9 }] },
    };
    for (const [name, content] of Object.entries(contents)) writeFileSync(files.path(name), JSON.stringify(content));
  });
  after(() => rmSync(directory, { recursive: true }));

  for (const [tool, argumentsFor] of lines) {
    const shown = argumentsFor({ topic: 'TOPIC', server: [], path: (name) => name }).join(' ');
    it(`${tool} ${shown}`.trim(), async () => {
      const args = argumentsFor({ ...files, server: ['--bootstrap-server', bootstrap()] });
      const ours = await run(join(repository, `bin/${tool}.sh`), args);
      expect(outcome(ours)).to.deep.equal(outcome(await run(kafkaTool, [tool, ...args])));
    });
  }
});
