/** The options of kafka-log-dirs as Kafka 3.4 documents them, to the letter. */
import { HELP, VERSION, type OptionSpec } from '../options.ts';

export const options: readonly OptionSpec[] = [
  {
    name: 'bootstrap-server',
    description: 'REQUIRED: the server(s) to use for bootstrapping',
    argument: { type: 'String', shown: 'The server(s) to use for bootstrapping' },
  },
  {
    name: 'command-config',
    description: 'Property file containing configs to be passed to Admin Client.',
    argument: { type: 'String', shown: 'Admin client property file' },
  },
  { name: 'describe', description: 'Describe the specified log directories on the specified brokers.' },
  {
    name: 'topic-list',
    description:
      'The list of topics to be queried in the form "topic1,topic2,topic3". All topics will be queried if no topic list is ' +
      'specified',
    argument: { type: 'String', shown: 'Topic list', default: '' },
  },
  {
    name: 'broker-list',
    description:
      'The list of brokers to be queried in the form "0,1,2". All brokers in the cluster will be queried if no broker list is ' +
      'specified',
    argument: { type: 'String', shown: 'Broker list' },
  },
  HELP,
  VERSION,
];
