/**
 * kafka-configs: describes and alters the configuration of topics and brokers. Quotas and credentials of users, clients and
 * addresses are not there yet, and neither is the way through the coordinator (`--zookeeper`): asking for them is refused.
 */
import { readPropertyFile } from '../bootstrap.ts';
import type { Admin, TopicConfig } from '../../client/admin.ts';
import { ErrorCode } from '../../protocol/error-codes.ts';
import { describeConfigs } from '../../protocol/messages/32-describe-configs.ts';
import { alterConfigs } from '../../protocol/messages/33-alter-configs.ts';
import { incrementalAlterConfigs } from '../../protocol/messages/44-incremental-alter-configs.ts';
import { KafkaError } from '../../client/errors.ts';
import { connectAdmin } from '../connect-admin.ts';
import { ToolExit, usageExit, type ToolIo } from '../io.ts';
import { describeFailure, illegalArgument, JavaError } from '../java-exception.ts';
import { javaHashOrder } from '../java-order.ts';
import type { Options } from '../options.ts';
import { parseTool } from '../parse-tool.ts';
import { options as specs } from './configs-options.ts';

const DESCRIPTION = 'This tool helps to manipulate and describe entity config for a topic, client, user, broker or ip';
const ENTITY_FLAGS: Readonly<Record<string, string>> = {
  topic: 'topics',
  client: 'clients',
  user: 'users',
  broker: 'brokers',
  'broker-logger': 'broker-loggers',
  ip: 'ips',
};
const DEFAULT_FLAGS: Readonly<Record<string, string>> = {
  'client-defaults': 'clients',
  'user-defaults': 'users',
  'broker-defaults': 'brokers',
  'ip-defaults': 'ips',
};
const TYPES = ['topics', 'clients', 'users', 'brokers', 'ips', 'broker-loggers'];
const RESOURCES: Readonly<Record<string, number>> = { topics: 2, brokers: 4, 'broker-loggers': 8 };
const SOURCES = [
  'UNKNOWN',
  'DYNAMIC_TOPIC_CONFIG',
  'DYNAMIC_BROKER_CONFIG',
  'DYNAMIC_DEFAULT_BROKER_CONFIG',
  'STATIC_BROKER_CONFIG',
  'DEFAULT_CONFIG',
  'DYNAMIC_BROKER_LOGGER_CONFIG',
];
const SET = 0;
const DELETE = 1;
/** What Java's tool passes over, as it is about the tool itself. */
const INVALID_CONFIG = 'org.apache.kafka.common.errors.InvalidConfigurationException';

/** Whose configuration is meant. An empty name is the default of all; null is everyone. */
interface Entity {
  readonly type: string;
  readonly name: string | null;
}

export async function configs(args: readonly string[], io: ToolIo): Promise<number> {
  let admin: Admin | null = null;
  try {
    const options = parseTool({ specs, description: DESCRIPTION }, args, io);
    const entity = checkOptions(options, io);
    admin = connectAdmin(options, io);
    if (options.has('alter')) await alter(admin, entity, options, io);
    else await describe(admin, entity, options, io);
    return 0;
  } catch (error) {
    if (error instanceof ToolExit) throw error;
    // What is wrong with the arguments is told by itself, anything else with the arguments it came from.
    if (error instanceof JavaError && (error.exception === INVALID_CONFIG || error.exception.endsWith('IllegalArgumentException'))) {
      io.err(`${error.message}\n`);
      return 1;
    }
    const failure = describeFailure(error);
    io.err(`Error while executing config command with args '${args.join(' ')}'\n`);
    io.err(error instanceof KafkaError ? `java.util.concurrent.ExecutionException: ${failure}\nCaused by: ${failure}\n` : `${failure}\n`);
    return 1;
  } finally {
    admin?.close();
  }
}

function checkOptions(options: Options, io: ToolIo): Entity {
  const die = (message: string): never => usageExit(io, specs, message);
  if (options.has('alter') === options.has('describe')) {
    die('Command must include exactly one action: --describe, --alter');
  }
  for (const other of ['add-config', 'delete-config']) {
    if (options.has('describe') && options.has(other)) die(`Option "[describe]" can't be used with option "[${other}]"`);
  }
  const { types, names } = entitiesOf(options);
  const repeated = types.filter((type, at) => types.indexOf(type) !== at);
  if (repeated.length > 0) throw illegalArgument(`Duplicate entity type(s) specified: ${repeated.join(',')}`);
  const [allowed, way] = options.has('bootstrap-server') ? [TYPES, '--bootstrap-server'] : [['users', 'brokers'], '--zookeeper'];
  const wrong = types.find((type) => !allowed.includes(type));
  if (wrong !== undefined) {
    const message = `Invalid entity type ${wrong}, the entity type must be one of ${allowed.join(', ')} with the ${way} argument`;
    throw illegalArgument(message);
  }
  if (types.length === 0) throw illegalArgument('At least one entity type must be specified');
  if (types.length > 1 && ![...types].sort().every((type, at) => type === ['clients', 'users'][at])) {
    throw illegalArgument("Only 'users' and 'clients' entity types may be specified together");
  }
  if (!options.has('bootstrap-server') && !options.has('zookeeper')) {
    throw illegalArgument('One of the required --bootstrap-server or --zookeeper arguments must be specified');
  }
  if (options.has('bootstrap-server') && options.has('zookeeper')) {
    throw illegalArgument('Only one of --bootstrap-server or --zookeeper must be specified');
  }
  const type = types[0]!;
  const name = names[0] ?? null;
  if (name !== null && name !== '' && type.startsWith('broker') && !/^[+-]?\d+$/.test(name)) {
    throw illegalArgument(`The entity name for ${type} must be a valid integer broker id, but it is: ${name}`);
  }
  if (options.has('describe') && type === 'broker-loggers' && (name === null || name === '')) {
    throw illegalArgument(`an entity name must be specified with --describe of ${types.join(',')}`);
  }
  if (options.has('alter')) checkAlter(options, type, name);
  if (RESOURCES[type] === undefined || options.has('zookeeper')) {
    throw new JavaError('java.lang.UnsupportedOperationException', `Configs of ${type} cannot be reached ${way === '--zookeeper' ? 'with --zookeeper' : 'by this tool'} yet`);
  }
  return { type, name };
}

function checkAlter(options: Options, type: string, name: string | null): void {
  const hasDefault = type !== 'topics' && type !== 'broker-loggers';
  if (hasDefault && name === null) {
    throw illegalArgument('an entity-name or default entity must be specified with --alter of users, clients, brokers or ips');
  }
  if (!hasDefault && (name === null || name === '')) {
    throw illegalArgument(`an entity name must be specified with --alter of ${type}`);
  }
  const [adds, addsFile, deletes] = ['add-config', 'add-config-file', 'delete-config'].map((option) => options.has(option));
  if (adds && addsFile) throw illegalArgument('Only one of --add-config or --add-config-file must be specified');
  if (!adds && !addsFile && !deletes) {
    throw illegalArgument('At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter');
  }
}

function entitiesOf(options: Options): { types: string[]; names: string[] } {
  const flags = Object.keys(ENTITY_FLAGS).filter((flag) => options.has(flag));
  const defaults = Object.keys(DEFAULT_FLAGS).filter((flag) => options.has(flag));
  const isGeneral = ['entity-type', 'entity-name', 'entity-default'].some((option) => options.has(option));
  if (isGeneral && flags.length + defaults.length > 0) {
    throw illegalArgument('--entity-{type,name,default} should not be used in conjunction with specific entity flags');
  }
  return {
    types: [...options.all('entity-type'), ...flags.map((flag) => ENTITY_FLAGS[flag]!), ...defaults.map((flag) => DEFAULT_FLAGS[flag]!)],
    names: [
      ...options.all('entity-name'),
      ...(options.has('entity-default') ? [''] : []),
      ...flags.map((flag) => options.one(flag)!),
      ...defaults.map(() => ''),
    ],
  };
}

async function describe(admin: Admin, { type, name }: Entity, options: Options, io: ToolIo): Promise<void> {
  const all = options.has('all');
  for (const entity of name === null ? await everyone(admin, type) : [name]) {
    if (entity === '') io.out(`Default configs for ${type} in the cluster are:\n`);
    else io.out(`${all ? 'All' : 'Dynamic'} configs for ${type.slice(0, -1)} ${entity} are:\n`);
    for (const entry of await entries(admin, type, entity, all)) {
      const synonyms = entry.synonyms.map((synonym) => `${SOURCES[synonym.source]}:${synonym.name}=${synonym.value}`).join(', ');
      io.out(`  ${entry.name}=${entry.value} sensitive=${entry.isSensitive} synonyms={${synonyms}}\n`);
    }
  }
}

async function everyone(admin: Admin, type: string): Promise<string[]> {
  if (type === 'topics') return javaHashOrder((await admin.listTopics()).map(({ name }) => name ?? ''), (name) => name);
  return [...(await admin.liveBrokers())].sort((a, b) => a - b).map(String).concat('');
}

/** What is set for the entity, or `all` that acts on it. */
async function entries(admin: Admin, type: string, name: string, all: boolean): Promise<TopicConfig[]> {
  const resource = { resourceType: RESOURCES[type]!, resourceName: name, configurationKeys: null };
  const request = { resources: [resource], includeSynonyms: true, includeDocumentation: false };
  const { results } = await admin.call('describeConfigs', async () => (await connectionFor(admin, type, name)).request(describeConfigs, request));
  const { errorCode, errorMessage, configs: found } = results[0]!;
  if (errorCode !== ErrorCode.NONE) throw new KafkaError(errorCode, errorMessage);
  const source = { topics: 1, brokers: name === '' ? 3 : 2 }[type];
  return found.filter(({ configSource }) => all || source === undefined || configSource === source);
}

/** Only the broker itself knows its settings. */
async function connectionFor(admin: Admin, type: string, name: string): ReturnType<Admin['cluster']['any']> {
  if (type === 'topics' || name === '') return admin.cluster.any();
  await admin.cluster.refresh([]);
  return admin.cluster.broker(Number(name));
}

async function alter(admin: Admin, { type, name }: Entity, options: Options, io: ToolIo): Promise<void> {
  const entity = name ?? '';
  const added = addedConfigs(options, io);
  const deleted = options.all('delete-config').flatMap((list) => list.split(',')).map((key) => key.trim());
  const before = await entries(admin, type, entity, false);
  const missing = deleted.filter((key) => !before.some((entry) => entry.name === key));
  if (missing.length > 0) throw new JavaError(INVALID_CONFIG, `Invalid config(s): ${missing.join(',')}`);
  const resource = { resourceType: RESOURCES[type]!, resourceName: entity };
  const connection = await admin.call('alterConfigs', () => connectionFor(admin, type, entity));
  if (type === 'brokers') {
    const wanted = new Map(before.map((entry) => [entry.name, entry.value]));
    for (const [key, value] of added) wanted.set(key, value);
    for (const key of deleted) wanted.delete(key);
    const pairs = [...wanted].map(([key, value]) => ({ name: key, value }));
    const { responses } = await connection.request(alterConfigs, { resources: [{ ...resource, configs: pairs }], validateOnly: false });
    check(responses);
  } else {
    const operations = [
      ...[...added].map(([key, value]) => ({ name: key, configOperation: SET, value })),
      ...deleted.map((key) => ({ name: key, configOperation: DELETE, value: '' })),
    ];
    const resources = [{ ...resource, configs: operations }];
    check((await connection.request(incrementalAlterConfigs, { resources, validateOnly: false })).responses);
  }
  if (entity === '') io.out(`Completed updating default config for ${type} in the cluster.\n`);
  else io.out(`Completed updating config for ${type.slice(0, -1)} ${entity}.\n`);
}

function check(responses: readonly { errorCode: number; errorMessage: string | null }[]): void {
  for (const { errorCode, errorMessage } of responses) {
    if (errorCode !== ErrorCode.NONE) throw new KafkaError(errorCode, errorMessage);
  }
}

/** Commas inside of square brackets don't separate. */
const OUTSIDE_BRACKETS = '(?=[^\\]]*(?:\\[|$))';

function addedConfigs(options: Options, io: ToolIo): Map<string, string> {
  const file = options.one('add-config-file');
  const added = file === null ? new Map<string, string>() : readPropertyFile(file);
  const text = options.one('add-config');
  for (const pair of text === null ? [] : text.split(new RegExp(`,${OUTSIDE_BRACKETS}`))) {
    const parts = pair.split(new RegExp(`\\s*=\\s*${OUTSIDE_BRACKETS}`));
    if (parts.length !== 2) {
      const message = 'requirement failed: Invalid entity config: all configs to be added must be in the format "key=val".';
      throw illegalArgument(message);
    }
    added.set(parts[0]!.trim(), parts[1]!.replace(/[[\]]/g, '').trim());
  }
  const format = added.get('message.format.version');
  if (format !== undefined) {
    io.out(
      `WARNING: The configuration message.format.version=${format} is specified. This configuration will be ignored if the version ` +
        'is newer than the inter.broker.protocol.version specified in the broker or if the inter.broker.protocol.version is 3.0 or ' +
        'newer. This configuration is deprecated and it will be removed in Apache Kafka 4.0.\n',
    );
  }
  return added;
}
