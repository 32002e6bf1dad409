/**
 * The quick start that every Kafka 3.x user knows, and what such a user tries next, as data: each command with the name of
 * its test, the servers first. It is typed at this installation and at the original, and the outputs are compared.
 */
import type { Step } from './terminals.ts';

const topic = '--topic quickstart-events';
const broker = '--bootstrap-server localhost:9092';

/** Commands that a transcript runs, each with the name of its test. The servers come first and go last. */
export const quickStart: readonly (readonly [string, Step])[] = [
  ['zookeeper-server-start.sh', { commands: 'bin/zookeeper-server-start.sh config/zookeeper.properties', background: true, serves: 'coordinator' }],
  ['kafka-server-start.sh', { commands: 'bin/kafka-server-start.sh config/server.properties', background: true, serves: 'broker' }],
  ['kafka-topics.sh --create', { commands: `bin/kafka-topics.sh --create ${topic} ${broker}` }],
  ['kafka-topics.sh --describe', { commands: `bin/kafka-topics.sh --describe ${topic} ${broker}` }],
  [
    'kafka-console-producer.sh in a terminal, left with Ctrl-C',
    {
      commands: `bin/kafka-console-producer.sh ${topic} ${broker}`,
      dialog: [
        { see: '>', type: 'This is my first event\n' },
        { see: '>', type: 'This is my second event\n' },
        { see: '>', type: '\x03' },
      ],
    },
  ],
  ['kafka-console-producer.sh with redirected input', { commands: `bin/kafka-console-producer.sh ${topic} ${broker}`, input: 'third\n\nfifth without an end' }],
  ['kafka-console-consumer.sh, left with Ctrl-C', { commands: `bin/kafka-console-consumer.sh ${topic} --from-beginning ${broker}`, until: '^fifth' }],
  ['kafka-console-consumer.sh --max-messages', { commands: `bin/kafka-console-consumer.sh ${topic} --from-beginning --max-messages 2 ${broker}` }],
  ['kafka-console-consumer.sh --timeout-ms', { commands: `bin/kafka-console-consumer.sh ${topic} --from-beginning --timeout-ms 3000 ${broker} 2>&1 | sed 's/^\\[[^]]*\\]/[time]/'` }],
  ['zookeeper-shell.sh ls /brokers/ids', { commands: 'bin/zookeeper-shell.sh localhost:2181 ls /brokers/ids' }],
  ['zookeeper-shell.sh ls /brokers/topics', { commands: 'bin/zookeeper-shell.sh localhost:2181 ls /brokers/topics' }],
  ['zookeeper-shell.sh get of the broker id', { commands: 'bin/zookeeper-shell.sh localhost:2181 get /brokers/ids/0' }],
  ['zookeeper-shell.sh get of the topic', { commands: 'bin/zookeeper-shell.sh localhost:2181 get /brokers/topics/quickstart-events' }],
  ['zookeeper-shell.sh get of the partition state', { commands: 'bin/zookeeper-shell.sh localhost:2181 get /brokers/topics/quickstart-events/partitions/0/state' }],
  ['zookeeper-shell.sh get of the topic config', { commands: 'bin/zookeeper-shell.sh localhost:2181 get /config/topics/quickstart-events' }],
  ['zookeeper-shell.sh get of the controller', { commands: 'bin/zookeeper-shell.sh localhost:2181 get /controller' }],
  ['kafka-topics.sh --list', { commands: `bin/kafka-topics.sh --list ${broker}` }],
  ['kafka-topics.sh --create of a topic that exists', { commands: `bin/kafka-topics.sh --create ${topic} ${broker}` }],
  ['kafka-topics.sh --create --if-not-exists', { commands: `bin/kafka-topics.sh --create --if-not-exists ${topic} ${broker}` }],
  ['kafka-topics.sh --create with a name that collides', { commands: `bin/kafka-topics.sh --create --topic with.dots_and_lines --partitions 3 --config retention.ms=1000 --config cleanup.policy=compact ${broker}` }],
  ['kafka-topics.sh --describe of partitions and configs', { commands: `bin/kafka-topics.sh --describe --topic with.dots_and_lines ${broker}` }],
  ['kafka-topics.sh --alter', { commands: `bin/kafka-topics.sh --alter --topic with.dots_and_lines --partitions 4 ${broker}` }],
  ['kafka-topics.sh --delete', { commands: `bin/kafka-topics.sh --delete --topic with.dots_and_lines ${broker}` }],
  ['kafka-topics.sh --describe of a topic that does not exist', { commands: `bin/kafka-topics.sh --describe --topic never-there ${broker}` }],
  ['kafka-topics.sh --create with a bad name', { commands: `bin/kafka-topics.sh --create --topic a/b ${broker}` }],
  ['kafka-topics.sh --create with too many replicas', { commands: `bin/kafka-topics.sh --create --topic r --replication-factor 3 ${broker}` }],
  ['kafka-topics.sh --create without a topic', { commands: `bin/kafka-topics.sh --create ${broker}` }],
  ['kafka-topics.sh without an action', { commands: `bin/kafka-topics.sh ${broker}` }],
  ['kafka-server-stop.sh ; zookeeper-server-stop.sh', { commands: 'bin/kafka-server-stop.sh ; sleep 1; bin/zookeeper-server-stop.sh', endsAll: true }],
];

/** What differs from run to run: topic ids, timestamps of registrations, zxids and times of znodes. */
export function masked(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(/TopicId: [\w-]{22}/g, 'TopicId: <id>')
    .replaceAll(/"topic_id":"[\w-]{22}"/g, '"topic_id":"<id>"')
    .replaceAll(/"timestamp":"\d+"/g, '"timestamp":"<ms>"')
    .replaceAll(/"host":"[^"]*"/g, '"host":"<host>"')
    .replaceAll(/"PLAINTEXT:\/\/[^"]*:9092"/g, '"PLAINTEXT://<host>:9092"')
    .replaceAll(/^\[\d{4}-\d\d-\d\d [\d:,]+\]/gm, '[<time>]');
}

/** Without what only a JVM has to say: the frames of stack traces, whose first line is the message, and a note that it ends. */
export function withoutJava(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s+at [\w.$]+\(|^\t\.\.\. \d+ more|Exiting JVM with code/.test(line))
    .join('\n');
}
