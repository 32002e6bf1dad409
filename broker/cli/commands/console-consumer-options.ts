/**
 * The options of kafka-console-consumer as Kafka 3.4 documents them. Users and scripts know these texts, so they are kept
 * to the letter.
 */
import { HELP, VERSION, type OptionSpec } from '../options.ts';

export const options: readonly OptionSpec[] = [
  {
    name: 'topic',
    description: 'The topic to consume on.',
    argument: { type: 'String', shown: 'topic' },
  },
  {
    name: 'whitelist',
    description:
      'DEPRECATED, use --include instead; ignored if --include specified. Regular expression specifying ' +
      'list of topics to include for consumption.',
    argument: { type: 'String', shown: 'Java regex (String)' },
  },
  {
    name: 'include',
    description: 'Regular expression specifying list of topics to include for consumption.',
    argument: { type: 'String', shown: 'Java regex (String)' },
  },
  {
    name: 'partition',
    description:
      "The partition to consume from. Consumption starts from the end of the partition unless '--offset' " + 'is specified.',
    argument: { type: 'Integer', shown: 'partition' },
  },
  {
    name: 'offset',
    description:
      "The offset to consume from (a non-negative number), or 'earliest' which means from beginning, or " +
      "'latest' which means from end",
    argument: { type: 'String', shown: 'consume offset', default: 'latest' },
  },
  {
    name: 'consumer-property',
    description: 'A mechanism to pass user-defined properties in the form key=value to the consumer.',
    argument: { type: 'String', shown: 'consumer_prop' },
  },
  {
    name: 'consumer.config',
    description: 'Consumer config properties file. Note that [consumer-property] takes precedence over this config.',
    argument: { type: 'String', shown: 'config file' },
  },
  {
    name: 'formatter',
    description: 'The name of a class to use for formatting kafka messages for display.',
    argument: { type: 'String', shown: 'class', default: 'kafka.tools.DefaultMessageFormatter' },
  },
  {
    name: 'property',
    description:
      'The properties to initialize the message formatter. Default properties include:\n' +
      ' print.timestamp=true|false\n' +
      ' print.key=true|false\n' +
      ' print.offset=true|false\n' +
      ' print.partition=true|false\n' +
      ' print.headers=true|false\n' +
      ' print.value=true|false\n' +
      ' key.separator=<key.separator>\n' +
      ' line.separator=<line.separator>\n' +
      ' headers.separator=<line.separator>\n' +
      ' null.literal=<null.literal>\n' +
      ' key.deserializer=<key.deserializer>\n' +
      ' value.deserializer=<value.deserializer>\n' +
      ' header.deserializer=<header.deserializer>\n' +
      '\n' +
      'Users can also pass in customized properties for their formatter; more specifically, users can pass ' +
      "in properties keyed with 'key.deserializer.', 'value.deserializer.' and 'headers.deserializer.' " +
      'prefixes to configure their deserializers.',
    argument: { type: 'String', shown: 'prop' },
  },
  {
    name: 'formatter-config',
    description:
      'Config properties file to initialize the message formatter. Note that [property] takes precedence ' +
      'over this config.',
    argument: { type: 'String', shown: 'config file' },
  },
  {
    name: 'from-beginning',
    description:
      'If the consumer does not already have an established offset to consume from, start with the ' +
      'earliest message present in the log rather than the latest message.',
  },
  {
    name: 'max-messages',
    description: 'The maximum number of messages to consume before exiting. If not set, consumption is continual.',
    argument: { type: 'Integer', shown: 'num_messages' },
  },
  {
    name: 'timeout-ms',
    description: 'If specified, exit if no message is available for consumption for the specified interval.',
    argument: { type: 'Integer', shown: 'timeout_ms' },
  },
  {
    name: 'skip-message-on-error',
    description: 'If there is an error when processing a message, skip it instead of halt.',
  },
  {
    name: 'bootstrap-server',
    description: 'REQUIRED: The server(s) to connect to.',
    argument: { type: 'String', shown: 'server to connect to' },
  },
  {
    name: 'key-deserializer',
    description: '',
    argument: { type: 'String', shown: 'deserializer for key' },
  },
  {
    name: 'value-deserializer',
    description: '',
    argument: { type: 'String', shown: 'deserializer for values' },
  },
  {
    name: 'enable-systest-events',
    description:
      'Log lifecycle events of the consumer in addition to logging consumed messages. (This is specific ' +
      'for system tests.)',
  },
  {
    name: 'isolation-level',
    description:
      'Set to read_committed in order to filter out transactional messages which are not committed. Set to ' +
      'read_uncommitted to read all messages.',
    argument: { type: 'String', default: 'read_uncommitted' },
  },
  {
    name: 'group',
    description: 'The consumer group id of the consumer.',
    argument: { type: 'String', shown: 'consumer group id' },
  },
  HELP,
  VERSION,
];
