/**
 * The options of kafka-consumer-perf-test as Kafka 3.4 documents them. Users and scripts know these texts, so they are kept to
 * the letter.
 */
import { HELP, VERSION, type OptionSpec } from '../options.ts';

/** `defaultGroup` is drawn anew on each run. */
export function consumerPerfTestOptions(defaultGroup: string): readonly OptionSpec[] {
  return [
    HELP,
    VERSION,
    {
      name: 'bootstrap-server',
      description: 'REQUIRED unless --broker-list(deprecated) is specified. The server(s) to connect to.',
      argument: { type: 'String', shown: 'server to connect to' },
      requiredUnless: 'broker-list',
    },
    {
      name: 'broker-list',
      description:
        'DEPRECATED, use --bootstrap-server instead; ignored if --bootstrap-server is specified.  The broker list string in the form ' +
        'HOST1:PORT1,HOST2:PORT2.',
      argument: { type: 'String', shown: 'broker-list' },
    },
    { name: 'topic', description: 'REQUIRED: The topic to consume from.', argument: { type: 'String', shown: 'topic' } },
    {
      name: 'group',
      description: 'The group id to consume on.',
      argument: { type: 'String', shown: 'gid', default: defaultGroup },
    },
    {
      name: 'fetch-size',
      description: 'The amount of data to fetch in a single request.',
      argument: { type: 'Integer', shown: 'size', default: '1048576' },
    },
    {
      name: 'from-latest',
      description:
        'If the consumer does not already have an established offset to consume from, start with the latest message present in the ' +
        'log rather than the earliest message.',
    },
    {
      name: 'socket-buffer-size',
      description: 'The size of the tcp RECV size.',
      argument: { type: 'Integer', shown: 'size', default: '2097152' },
    },
    {
      name: 'threads',
      description: 'DEPRECATED AND IGNORED: Number of processing threads.',
      argument: { type: 'Integer', shown: 'count', default: '10' },
    },
    {
      name: 'num-fetch-threads',
      description: 'DEPRECATED AND IGNORED: Number of fetcher threads.',
      argument: { type: 'Integer', shown: 'count', default: '1' },
    },
    {
      name: 'consumer.config',
      description: 'Consumer config properties file.',
      argument: { type: 'String', shown: 'config file' },
    },
    { name: 'print-metrics', description: 'Print out the metrics.' },
    {
      name: 'show-detailed-stats',
      description: 'If set, stats are reported for each reporting interval as configured by reporting-interval',
    },
    {
      name: 'timeout',
      description: 'The maximum allowed time in milliseconds between returned records.',
      argument: { type: 'Long', shown: 'milliseconds', optional: true, default: '10000' },
    },
    {
      name: 'messages',
      description: 'REQUIRED: The number of messages to send or consume',
      argument: { type: 'Long', shown: 'count' },
    },
    {
      name: 'reporting-interval',
      description: 'Interval in milliseconds at which to print progress info.',
      argument: { type: 'Integer', shown: 'interval_ms', default: '5000' },
    },
    {
      name: 'date-format',
      description: 'The date format to use for formatting the time field. See java.text.SimpleDateFormat for options.',
      argument: { type: 'String', shown: 'date format', default: 'yyyy-MM-dd HH:mm:ss:SSS' },
    },
    { name: 'hide-header', description: 'If set, skips printing the header for the stats' },
  ];
}
