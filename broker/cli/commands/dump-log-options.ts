/**
 * The options of kafka-dump-log as Kafka 3.4 documents them. Users and scripts know these texts, so they are kept to the
 * letter.
 */
import { HELP, VERSION, type OptionSpec } from '../options.ts';

export const options: readonly OptionSpec[] = [
  {
    name: 'print-data-log',
    description:
      'if set, printing the messages content when dumping data logs. Automatically set if any decoder ' +
      'option is specified.',
  },
  {
    name: 'verify-index-only',
    description: 'if set, just verify the index log without printing its content.',
  },
  {
    name: 'index-sanity-check',
    description:
      'if set, just checks the index sanity without printing its content. This is the same check that is ' +
      'executed on broker startup to determine if an index needs rebuilding or not.',
  },
  {
    name: 'files',
    description: 'REQUIRED: The comma separated list of data and index log files to be dumped.',
    argument: { type: 'String', shown: 'file1, file2, ...' },
  },
  {
    name: 'max-message-size',
    description: 'Size of largest message.',
    argument: { type: 'Integer', shown: 'size', default: '5242880' },
  },
  {
    name: 'max-bytes',
    description: 'Limit the amount of total batches read in bytes avoiding reading the whole .log file(s).',
    argument: { type: 'Integer', shown: 'size', default: '2147483647' },
  },
  {
    name: 'deep-iteration',
    description: 'if set, uses deep instead of shallow iteration. Automatically set if print-data-log is enabled.',
  },
  {
    name: 'value-decoder-class',
    description:
      'if set, used to deserialize the messages. This class should implement kafka.serializer.Decoder ' +
      'trait. Custom jar should be available in kafka/libs directory.',
    argument: { type: 'String', optional: true, default: 'kafka.serializer.StringDecoder' },
  },
  {
    name: 'key-decoder-class',
    description:
      'if set, used to deserialize the keys. This class should implement kafka.serializer.Decoder trait. ' +
      'Custom jar should be available in kafka/libs directory.',
    argument: { type: 'String', optional: true, default: 'kafka.serializer.StringDecoder' },
  },
  {
    name: 'offsets-decoder',
    description: 'if set, log data will be parsed as offset data from the __consumer_offsets topic.',
  },
  {
    name: 'transaction-log-decoder',
    description: 'if set, log data will be parsed as transaction metadata from the __transaction_state topic.',
  },
  {
    name: 'cluster-metadata-decoder',
    description: 'if set, log data will be parsed as cluster metadata records.',
  },
  {
    name: 'skip-record-metadata',
    description: 'whether to skip printing metadata for each record.',
  },
  HELP,
  VERSION,
];
