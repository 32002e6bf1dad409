/**
 * The options of kafka-topics as Kafka 3.4 documents them. Users and scripts know these texts, so they are kept to the
 * letter.
 */
import { HELP, VERSION, type OptionSpec } from '../options.ts';
import { COMMAND_CONFIG, listed, TOPIC_CONFIG_NAMES } from './topic-options.ts';

export const options: readonly OptionSpec[] = [
  {
    name: 'bootstrap-server',
    description: 'REQUIRED: The Kafka server to connect to.',
    argument: { type: 'String', shown: 'server to connect to' },
  },
  COMMAND_CONFIG,
  {
    name: 'list',
    description: 'List all available topics.',
  },
  {
    name: 'create',
    description: 'Create a new topic.',
  },
  {
    name: 'delete',
    description: 'Delete a topic',
  },
  {
    name: 'alter',
    description: 'Alter the number of partitions, replica assignment, and/or configuration for the topic.',
  },
  {
    name: 'describe',
    description: 'List details for the given topics.',
  },
  {
    name: 'topic',
    description:
      'The topic to create, alter, describe or delete. It also accepts a regular expression, except for ' +
      "--create option. Put topic name in double quotes and use the '\\' prefix to escape regular " +
      'expression symbols; e.g. "test\\.topic".',
    argument: { type: 'String', shown: 'topic' },
  },
  {
    name: 'topic-id',
    description: 'The topic-id to describe.This is used only with --bootstrap-server option for describing topics.',
    argument: { type: 'String', shown: 'topic-id' },
  },
  {
    name: 'config',
    description:
      'A topic configuration override for the topic being created or altered. The following is a list of ' +
      'valid configurations: \n' +
      listed(TOPIC_CONFIG_NAMES) +
      'See the Kafka documentation for full details on the topic configs. It is supported only in ' +
      'combination with --create if --bootstrap-server option is used (the kafka-configs CLI supports ' +
      'altering topic configs with a --bootstrap-server option).',
    argument: { type: 'String', shown: 'name=value' },
  },
  {
    name: 'delete-config',
    description:
      'A topic configuration override to be removed for an existing topic (see the list of configurations ' +
      'under the --config option). Not supported with the --bootstrap-server option.',
    argument: { type: 'String', shown: 'name' },
  },
  {
    name: 'partitions',
    description:
      'The number of partitions for the topic being created or altered (WARNING: If partitions are ' +
      'increased for a topic that has a key, the partition logic or ordering of the messages will be ' +
      'affected). If not supplied for create, defaults to the cluster default.',
    argument: { type: 'Integer', shown: '# of partitions' },
  },
  {
    name: 'replication-factor',
    description:
      'The replication factor for each partition in the topic being created. If not supplied, defaults to ' +
      'the cluster default.',
    argument: { type: 'Integer', shown: 'replication factor' },
  },
  {
    name: 'replica-assignment',
    description: 'A list of manual partition-to-broker assignments for the topic being created or altered.',
    argument: {
      type: 'String',
      shown:
        'broker_id_for_part1_replica1 : broker_id_for_part1_replica2 , broker_id_for_part2_replica1 : broker_id_for_part2_replica2 , ...',
    },
  },
  {
    name: 'under-replicated-partitions',
    description: 'if set when describing topics, only show under replicated partitions',
  },
  {
    name: 'unavailable-partitions',
    description: 'if set when describing topics, only show partitions whose leader is not available',
  },
  {
    name: 'under-min-isr-partitions',
    description:
      'if set when describing topics, only show partitions whose isr count is less than the configured ' + 'minimum.',
  },
  {
    name: 'at-min-isr-partitions',
    description:
      'if set when describing topics, only show partitions whose isr count is equal to the configured ' + 'minimum.',
  },
  {
    name: 'topics-with-overrides',
    description: 'if set when describing topics, only show topics that have overridden configs',
  },
  {
    name: 'if-exists',
    description:
      'if set when altering or deleting or describing topics, the action will only execute if the topic ' + 'exists.',
  },
  {
    name: 'if-not-exists',
    description: 'if set when creating topics, the action will only execute if the topic does not already exist.',
  },
  {
    name: 'disable-rack-aware',
    description: 'Disable rack aware replica assignment',
  },
  {
    name: 'exclude-internal',
    description:
      'exclude internal topics when running list or describe command. The internal topics will be listed ' + 'by default',
  },
  HELP,
  VERSION,
];
