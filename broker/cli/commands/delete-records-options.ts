/** The options of kafka-delete-records as Kafka 3.4 documents them, to the letter. */
import { HELP, VERSION, type OptionSpec } from '../options.ts';

export const options: readonly OptionSpec[] = [
  {
    name: 'bootstrap-server',
    description: 'REQUIRED: The server to connect to.',
    argument: { type: 'String', shown: 'server(s) to use for bootstrapping' },
  },
  {
    name: 'offset-json-file',
    description:
      'REQUIRED: The JSON file with offset per partition. The format to use is:\n' +
      '{"partitions":\n  [{"topic": "foo", "partition": 1, "offset": 1}],\n "version":1\n}',
    argument: { type: 'String', shown: 'Offset json file path' },
  },
  {
    name: 'command-config',
    description: 'A property file containing configs to be passed to Admin Client.',
    argument: { type: 'String', shown: 'command config property file path' },
  },
  HELP,
  VERSION,
];
