/**
 * The options of kafka-replica-verification as Kafka 3.4 documents them. Users and scripts know these texts, so they are kept
 * to the letter.
 */
import { HELP, type OptionSpec } from '../options.ts';

export const options: readonly OptionSpec[] = [
  HELP,
  { name: 'version', description: 'Print version information and exit.' },
  {
    name: 'broker-list',
    description: 'REQUIRED: The list of hostname and port of the server to connect to.',
    argument: { type: 'String', shown: 'hostname:port,...,hostname:port' },
  },
  {
    name: 'fetch-size',
    description: 'The fetch size of each request.',
    argument: { type: 'Integer', shown: 'bytes', default: '1048576' },
  },
  {
    name: 'max-wait-ms',
    description: 'The max amount of time each fetch request waits.',
    argument: { type: 'Integer', shown: 'ms', default: '1000' },
  },
  {
    name: 'topic-white-list',
    description:
      'DEPRECATED use --topics-include instead; ignored if --topics-include specified. List of topics to verify replica consistency. ' +
      "Defaults to '.*' (all topics)",
    argument: { type: 'String', shown: 'Java regex (String)', default: '.*' },
  },
  {
    name: 'topics-include',
    description: "List of topics to verify replica consistency. Defaults to '.*' (all topics)",
    argument: { type: 'String', shown: 'Java regex (String)', default: '.*' },
  },
  {
    name: 'time',
    description: 'Timestamp for getting the initial offsets.',
    argument: { type: 'Long', shown: 'timestamp/-1(latest)/-2(earliest)', default: '-1' },
  },
  {
    name: 'report-interval-ms',
    description: 'The reporting interval.',
    argument: { type: 'Long', shown: 'ms', default: '30000' },
  },
];
