/**
 * The options of kafka-broker-api-versions as Kafka 3.4 documents them. Users and scripts know these texts, so they are
 * kept to the letter.
 */
import { HELP, VERSION, type OptionSpec } from '../options.ts';

export const options: readonly OptionSpec[] = [
  {
    name: 'command-config',
    description: 'A property file containing configs to be passed to Admin Client.',
    argument: { type: 'String', shown: 'command config property file' },
  },
  {
    name: 'bootstrap-server',
    description: 'REQUIRED: The server to connect to.',
    argument: { type: 'String', shown: 'server(s) to use for bootstrapping' },
  },
  HELP,
  VERSION,
];
