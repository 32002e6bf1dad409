/**
 * The options of kafka-leader-election as Kafka 3.4 documents them. Users and scripts know these texts, so they are kept to
 * the letter.
 */
import { HELP, VERSION, type OptionSpec } from '../options.ts';

export const options: readonly OptionSpec[] = [
  HELP,
  VERSION,
  {
    name: 'bootstrap-server',
    description:
      'A hostname and port for the broker to connect to, in the form host:port. Multiple comma separated URLs can be given. REQUIRED.',
    argument: { type: 'String', shown: 'host:port' },
  },
  {
    name: 'admin.config',
    description: 'Configuration properties files to pass to the admin client',
    argument: { type: 'String', shown: 'config file' },
  },
  {
    name: 'path-to-json-file',
    description:
      'The JSON file with the list  of partition for which leader elections should be performed. This is an example format. \n' +
      '{"partitions":\n\t[{"topic": "foo", "partition": 1},\n\t {"topic": "foobar", "partition": 2}]\n}\n' +
      'Not allowed if --all-topic-partitions or --topic flags are specified.',
    argument: { type: 'String', shown: 'Path to JSON file' },
  },
  {
    name: 'topic',
    description:
      'Name of topic for which to perform an election. Not allowed if --path-to-json-file or --all-topic-partitions is specified.',
    argument: { type: 'String', shown: 'topic name' },
  },
  {
    name: 'partition',
    description: 'Partition id for which to perform an election. REQUIRED if --topic is specified.',
    argument: { type: 'Integer', shown: 'partition id' },
  },
  {
    name: 'all-topic-partitions',
    description:
      'Perform election on all of the eligible topic partitions based on the type of election (see the --election-type flag). Not ' +
      'allowed if --topic or --path-to-json-file is specified.',
  },
  {
    name: 'election-type',
    description:
      'Type of election to attempt. Possible values are "preferred" for preferred leader election or "unclean" for unclean leader ' +
      'election. If preferred election is selection, the election is only performed if the current leader is not the preferred leader ' +
      'for the topic partition. If unclean election is selected, the election is only performed if there are no leader for the topic ' +
      'partition. REQUIRED.',
    argument: { type: '[PREFERRED,UNCLEAN]', shown: 'election type' },
  },
];
