/**
 * The options of kafka-configs as Kafka 3.4 documents them. Users and scripts know these texts, so they are kept to the
 * letter.
 */
import { HELP, VERSION, type OptionSpec } from '../options.ts';
import { COMMAND_CONFIG, listed, TOPIC_CONFIG_NAMES } from './topic-options.ts';

/** What can be configured of each entity type, as the usage lists it. */
export const CONFIG_NAMES = {
  topics: TOPIC_CONFIG_NAMES,
  // prettier-ignore
  brokers: [
    'advertised.listeners', 'background.threads', 'compression.type', 'follower.replication.throttled.rate',
    'leader.replication.throttled.rate', 'listener.security.protocol.map', 'listeners', 'log.cleaner.backoff.ms',
    'log.cleaner.dedupe.buffer.size', 'log.cleaner.delete.retention.ms', 'log.cleaner.io.buffer.load.factor',
    'log.cleaner.io.buffer.size', 'log.cleaner.io.max.bytes.per.second', 'log.cleaner.max.compaction.lag.ms',
    'log.cleaner.min.cleanable.ratio', 'log.cleaner.min.compaction.lag.ms', 'log.cleaner.threads', 'log.cleanup.policy',
    'log.flush.interval.messages', 'log.flush.interval.ms', 'log.index.interval.bytes', 'log.index.size.max.bytes',
    'log.message.downconversion.enable', 'log.message.timestamp.difference.max.ms', 'log.message.timestamp.type',
    'log.preallocate', 'log.retention.bytes', 'log.retention.ms', 'log.roll.jitter.ms', 'log.roll.ms', 'log.segment.bytes',
    'log.segment.delete.delay.ms', 'max.connection.creation.rate', 'max.connections', 'max.connections.per.ip',
    'max.connections.per.ip.overrides', 'message.max.bytes', 'metric.reporters', 'min.insync.replicas', 'num.io.threads',
    'num.network.threads', 'num.recovery.threads.per.data.dir', 'num.replica.fetchers', 'principal.builder.class',
    'producer.id.expiration.ms', 'replica.alter.log.dirs.io.max.bytes.per.second', 'sasl.enabled.mechanisms',
    'sasl.jaas.config', 'sasl.kerberos.kinit.cmd', 'sasl.kerberos.min.time.before.relogin',
    'sasl.kerberos.principal.to.local.rules', 'sasl.kerberos.service.name', 'sasl.kerberos.ticket.renew.jitter',
    'sasl.kerberos.ticket.renew.window.factor', 'sasl.login.refresh.buffer.seconds',
    'sasl.login.refresh.min.period.seconds', 'sasl.login.refresh.window.factor', 'sasl.login.refresh.window.jitter',
    'sasl.mechanism.inter.broker.protocol', 'ssl.cipher.suites', 'ssl.client.auth', 'ssl.enabled.protocols',
    'ssl.endpoint.identification.algorithm', 'ssl.engine.factory.class', 'ssl.key.password', 'ssl.keymanager.algorithm',
    'ssl.keystore.certificate.chain', 'ssl.keystore.key', 'ssl.keystore.location', 'ssl.keystore.password',
    'ssl.keystore.type', 'ssl.protocol', 'ssl.provider', 'ssl.secure.random.implementation', 'ssl.trustmanager.algorithm',
    'ssl.truststore.certificates', 'ssl.truststore.location', 'ssl.truststore.password', 'ssl.truststore.type',
    'unclean.leader.election.enable',
  ],
  // prettier-ignore
  users: [
    'SCRAM-SHA-256', 'SCRAM-SHA-512', 'consumer_byte_rate', 'controller_mutation_rate', 'producer_byte_rate',
    'request_percentage',
  ],
  // prettier-ignore
  clients: [
    'consumer_byte_rate', 'controller_mutation_rate', 'producer_byte_rate', 'request_percentage',
  ],
  // prettier-ignore
  ips: [
    'connection_creation_rate',
  ],
} as const;

const ADD_CONFIG =
  "Key Value pairs of configs to add. Square brackets can be used to group values which contain commas: 'k1=v1,k2=[v1,v2,v2]," +
  "k3=v3'. The following is a list of valid configurations: " +
  Object.entries(CONFIG_NAMES)
    .map(([type, names]) => `For entity-type '${type}': \n${listed(names)}`)
    .join('') +
  "Entity types 'users' and 'clients' may be specified together to update config for clients of a specific user.";

export const options: readonly OptionSpec[] = [
  {
    name: 'zookeeper',
    description:
      'DEPRECATED. The connection string for the zookeeper connection in the form host:port. Multiple URLS ' +
      'can be given to allow fail-over. Required when configuring SCRAM credentials for users or dynamic ' +
      'broker configs when the relevant broker(s) are down. Not allowed otherwise.',
    argument: { type: 'String', shown: 'urls' },
  },
  {
    name: 'bootstrap-server',
    description: 'The Kafka server to connect to. This is required for describing and altering broker configs.',
    argument: { type: 'String', shown: 'server to connect to' },
  },
  COMMAND_CONFIG,
  {
    name: 'alter',
    description: 'Alter the configuration for the entity.',
  },
  {
    name: 'describe',
    description: 'List configs for the given entity.',
  },
  {
    name: 'all',
    description:
      'List all configs for the given topic, broker, or broker-logger entity (includes static ' +
      'configuration when the entity type is brokers)',
  },
  {
    name: 'entity-type',
    description: 'Type of entity (topics/clients/users/brokers/broker-loggers/ips)',
    argument: { type: 'String' },
  },
  {
    name: 'entity-name',
    description: 'Name of entity (topic name/client id/user principal name/broker id/ip)',
    argument: { type: 'String' },
  },
  {
    name: 'entity-default',
    description:
      'Default entity name for clients/users/brokers/ips (applies to corresponding entity type in command ' +
      'line)',
  },
  {
    name: 'add-config',
    description: ADD_CONFIG,
    argument: { type: 'String' },
  },
  {
    name: 'add-config-file',
    description: 'Path to a properties file with configs to add. See add-config for a list of valid configurations.',
    argument: { type: 'String' },
  },
  {
    name: 'delete-config',
    description: 'config keys to remove \'k1,k2\'',
    argument: { type: 'String' },
  },
  {
    name: 'force',
    description: 'Suppress console prompts',
  },
  {
    name: 'topic',
    description: 'The topic\'s name.',
    argument: { type: 'String' },
  },
  {
    name: 'client',
    description: 'The client\'s ID.',
    argument: { type: 'String' },
  },
  {
    name: 'client-defaults',
    description: 'The config defaults for all clients.',
  },
  {
    name: 'user',
    description: 'The user\'s principal name.',
    argument: { type: 'String' },
  },
  {
    name: 'user-defaults',
    description: 'The config defaults for all users.',
  },
  {
    name: 'broker',
    description: 'The broker\'s ID.',
    argument: { type: 'String' },
  },
  {
    name: 'broker-defaults',
    description: 'The config defaults for all brokers.',
  },
  {
    name: 'broker-logger',
    description: 'The broker\'s ID for its logger config.',
    argument: { type: 'String' },
  },
  {
    name: 'ip-defaults',
    description: 'The config defaults for all IPs.',
  },
  {
    name: 'ip',
    description: 'The IP address.',
    argument: { type: 'String' },
  },
  {
    name: 'zk-tls-config-file',
    description:
      'Identifies the file where ZooKeeper client TLS connectivity properties are defined.  Any properties ' +
      'other than zookeeper.clientCnxnSocket, zookeeper.ssl.cipher.suites, zookeeper.ssl.client.enable, ' +
      'zookeeper.ssl.crl.enable, zookeeper.ssl.enabled.protocols, ' +
      'zookeeper.ssl.endpoint.identification.algorithm, zookeeper.ssl.keystore.location, ' +
      'zookeeper.ssl.keystore.password, zookeeper.ssl.keystore.type, zookeeper.ssl.ocsp.enable, ' +
      'zookeeper.ssl.protocol, zookeeper.ssl.truststore.location, zookeeper.ssl.truststore.password, ' +
      'zookeeper.ssl.truststore.type are ignored.',
    argument: { type: 'String', shown: 'ZooKeeper TLS configuration' },
  },
  HELP,
  VERSION,
];
