/**
 * The options of kafka-consumer-groups as Kafka 3.4 documents them. Users and scripts know these texts, so they are kept to
 * the letter.
 */
import { HELP, VERSION, type OptionSpec } from '../options.ts';

export const options: readonly OptionSpec[] = [
  {
    name: 'bootstrap-server',
    description: 'REQUIRED: The server(s) to connect to.',
    argument: { type: 'String', shown: 'server to connect to' },
  },
  {
    name: 'group',
    description: 'The consumer group we wish to act on.',
    argument: { type: 'String', shown: 'consumer group' },
  },
  {
    name: 'topic',
    description:
      'The topic whose consumer group information should be deleted or topic whose should be included in ' +
      'the reset offset process. In `reset-offsets` case, partitions can be specified using this format: ' +
      '`topic1:0,1,2`, where 0,1,2 are the partition to be included in the process. Reset-offsets also ' +
      'supports multiple topic inputs.',
    argument: { type: 'String', shown: 'topic' },
  },
  {
    name: 'all-topics',
    description: 'Consider all topics assigned to a group in the `reset-offsets` process.',
  },
  {
    name: 'list',
    description: 'List all consumer groups.',
  },
  {
    name: 'describe',
    description:
      'Describe consumer group and list offset lag (number of messages not yet processed) related to given ' +
      'group.',
  },
  {
    name: 'all-groups',
    description: 'Apply to all consumer groups.',
  },
  {
    name: 'delete',
    description:
      'Pass in groups to delete topic partition offsets and ownership information over the entire consumer ' +
      'group. For instance --group g1 --group g2',
  },
  {
    name: 'timeout',
    description:
      'The timeout that can be set for some use cases. For example, it can be used when describing the ' +
      'group to specify the maximum amount of time in milliseconds to wait before the group stabilizes ' +
      '(when the group is just created, or is going through some changes).',
    argument: { type: 'Long', shown: 'timeout (ms)', default: '5000' },
  },
  {
    name: 'command-config',
    description: 'Property file containing configs to be passed to Admin Client and Consumer.',
    argument: { type: 'String', shown: 'command config property file' },
  },
  {
    name: 'reset-offsets',
    description:
      'Reset offsets of consumer group. Supports one consumer group at the time, and instances should be ' +
      'inactive\n' +
      'Has 2 execution options: --dry-run (the default) to plan which offsets to reset, and --execute to ' +
      'update the offsets. Additionally, the --export option is used to export the results to a CSV ' +
      'format.\n' +
      'You must choose one of the following reset specifications: --to-datetime, --by-duration, ' +
      '--to-earliest, --to-latest, --shift-by, --from-file, --to-current, --to-offset.\n' +
      'To define the scope use --all-topics or --topic. One scope must be specified unless you use ' +
      "'--from-file'.",
  },
  {
    name: 'delete-offsets',
    description: 'Delete offsets of consumer group. Supports one consumer group at the time, and multiple topics.',
  },
  {
    name: 'dry-run',
    description: 'Only show results without executing changes on Consumer Groups. Supported operations: reset-offsets.',
  },
  {
    name: 'execute',
    description: 'Execute operation. Supported operations: reset-offsets.',
  },
  {
    name: 'export',
    description: 'Export operation execution to a CSV file. Supported operations: reset-offsets.',
  },
  {
    name: 'to-offset',
    description: 'Reset offsets to a specific offset.',
    argument: { type: 'Long', shown: 'offset' },
  },
  {
    name: 'from-file',
    description: 'Reset offsets to values defined in CSV file.',
    argument: { type: 'String', shown: 'path to CSV file' },
  },
  {
    name: 'to-datetime',
    description: "Reset offsets to offset from datetime. Format: 'YYYY-MM-DDTHH:mm:SS.sss'",
    argument: { type: 'String', shown: 'datetime' },
  },
  {
    name: 'by-duration',
    description: "Reset offsets to offset by duration from current timestamp. Format: 'PnDTnHnMnS'",
    argument: { type: 'String', shown: 'duration' },
  },
  {
    name: 'to-earliest',
    description: 'Reset offsets to earliest offset.',
  },
  {
    name: 'to-latest',
    description: 'Reset offsets to latest offset.',
  },
  {
    name: 'to-current',
    description: 'Reset offsets to current offset.',
  },
  {
    name: 'shift-by',
    description: "Reset offsets shifting current offset by 'n', where 'n' can be positive or negative.",
    argument: { type: 'Long', shown: 'number-of-offsets' },
  },
  {
    name: 'members',
    description:
      "Describe members of the group. This option may be used with '--describe' and '--bootstrap-server' " +
      'options only.\n' +
      'Example: --bootstrap-server localhost:9092 --describe --group group1 --members',
    availableIf: ['describe'],
  },
  {
    name: 'verbose',
    description:
      'Provide additional information, if any, when describing the group. This option may be used with ' +
      "'--offsets'/'--members'/'--state' and '--bootstrap-server' options only.\n" +
      'Example: --bootstrap-server localhost:9092 --describe --group group1 --members --verbose',
    availableIf: ['describe'],
  },
  {
    name: 'offsets',
    description:
      'Describe the group and list all topic partitions in the group along with their offset lag. This is ' +
      "the default sub-action of and may be used with '--describe' and '--bootstrap-server' options only.\n" +
      'Example: --bootstrap-server localhost:9092 --describe --group group1 --offsets',
    availableIf: ['describe'],
  },
  {
    name: 'state',
    description:
      "When specified with '--describe', includes the state of the group.\n" +
      'Example: --bootstrap-server localhost:9092 --describe --group group1 --state\n' +
      "When specified with '--list', it displays the state of all groups. It can also be used to list " +
      'groups with specific states.\n' +
      'Example: --bootstrap-server localhost:9092 --list --state stable,empty\n' +
      "This option may be used with '--describe', '--list' and '--bootstrap-server' options only.",
    argument: { type: 'String', optional: true },
    availableIf: ['describe', 'list'],
  },
  HELP,
  VERSION,
];
