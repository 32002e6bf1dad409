/** Whose configuration a command line of kafka-configs is about, and what of it does not go together, in Kafka's words and order. */
import { lookup } from 'node:dns/promises';
import { DEFAULT_ENTITY } from '../../controller/znodes.ts';
import { usageExit, type ToolIo } from '../io.ts';
import { illegalArgument } from '../java-exception.ts';
import { isJavaInt } from '../java-int.ts';
import type { Options } from '../options.ts';
import { options as specs } from './configs-options.ts';

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
const ENTITY_OPTIONS = ['entity-name', 'entity-type', 'entity-default'];
const TYPES_OF_BROKERS = ['topics', 'clients', 'users', 'brokers', 'ips', 'broker-loggers'];
const TYPES_OF_ZOOKEEPER = ['users', 'brokers'];

/**
 * One type, or users and clients together, in the order of the command line; of each the name, as far as there is one. An empty name is
 * the default of all. There is at least one type.
 */
export interface Target {
  readonly types: readonly string[];
  readonly names: readonly string[];
}

/** Ends the tool, or throws, for a command line that cannot be meant. */
export async function checkOptions(options: Options, io: ToolIo): Promise<Target> {
  const die = (message: string): never => usageExit(io, specs, message);
  if (options.has('alter') === options.has('describe')) {
    die('Command must include exactly one action: --describe, --alter');
  }
  for (const other of ['add-config', 'delete-config']) {
    if (options.has('describe') && options.has(other)) die(`Option "[describe]" can't be used with option "[${other}]"`);
  }
  const types = typesIn(options);
  checkTypes(types, options);
  const names = namesIn(options);
  checkConnection(options);
  if (names.some((name) => name !== '')) await checkNames(types, options);
  const isNamed = names.some((name) => name !== '');
  if (options.has('describe') && types.includes('broker-loggers') && !isNamed) {
    throw illegalArgument(`an entity name must be specified with --describe of ${types.join(',')}`);
  }
  if (options.has('alter')) checkAlter({ types, names }, options);
  return { types, names };
}

function typesIn(options: Options): string[] {
  const flags = { ...ENTITY_FLAGS, ...DEFAULT_FLAGS };
  const flagged = Object.keys(flags).filter((flag) => options.has(flag));
  return [...options.all('entity-type'), ...flagged.map((flag) => flags[flag]!)];
}

function namesIn(options: Options): string[] {
  const general = options.order.filter((option) => option === 'entity-name' || option === 'entity-default');
  const given = [...options.all('entity-name')];
  return [
    ...general.map((option) => (option === 'entity-name' ? given.shift()! : '')),
    ...Object.keys(ENTITY_FLAGS)
      .filter((flag) => options.has(flag))
      .map((flag) => options.one(flag)!),
    ...Object.keys(DEFAULT_FLAGS)
      .filter((flag) => options.has(flag))
      .map(() => ''),
  ];
}

function checkTypes(types: readonly string[], options: Options): void {
  const repeated = types.filter((type, at) => types.indexOf(type) !== at);
  if (repeated.length > 0) throw illegalArgument(`Duplicate entity type(s) specified: ${repeated.join(',')}`);
  const [allowed, way] = options.has('bootstrap-server') ? [TYPES_OF_BROKERS, '--bootstrap-server'] : [TYPES_OF_ZOOKEEPER, '--zookeeper'];
  const wrong = types.find((type) => !allowed.includes(type));
  if (wrong !== undefined) {
    throw illegalArgument(`Invalid entity type ${wrong}, the entity type must be one of ${allowed.join(', ')} with the ${way} argument`);
  }
  if (types.length === 0) throw illegalArgument('At least one entity type must be specified');
  if (types.length > 1 && ![...types].sort().every((type, at) => type === ['clients', 'users'][at])) {
    throw illegalArgument("Only 'users' and 'clients' entity types may be specified together");
  }
  const flags = [...Object.keys(ENTITY_FLAGS), ...Object.keys(DEFAULT_FLAGS)];
  if (ENTITY_OPTIONS.some((option) => options.has(option)) && flags.some((flag) => options.has(flag))) {
    throw illegalArgument('--entity-{type,name,default} should not be used in conjunction with specific entity flags');
  }
}

function checkConnection(options: Options): void {
  if (!options.has('bootstrap-server') && !options.has('zookeeper')) {
    throw illegalArgument('One of the required --bootstrap-server or --zookeeper arguments must be specified');
  }
  if (options.has('bootstrap-server') && options.has('zookeeper')) {
    throw illegalArgument('Only one of --bootstrap-server or --zookeeper must be specified');
  }
  if (options.has('all') && options.has('zookeeper')) throw illegalArgument('--bootstrap-server must be specified for --all');
  if (options.has('zk-tls-config-file') && options.has('bootstrap-server')) {
    throw illegalArgument(
      "--bootstrap-server doesn't support --zk-tls-config-file option. If you intend the command to communicate directly with " +
        'ZooKeeper, please use the option --zookeeper instead of --bootstrap-server. Otherwise, remove the --zk-tls-config-file option.',
    );
  }
}

async function checkNames(types: readonly string[], options: Options): Promise<void> {
  const named = (...flags: string[]): string[] => ['entity-name', ...flags].filter((flag) => options.has(flag)).map((flag) => options.one(flag)!);
  if (types.some((type) => type.startsWith('broker'))) {
    const wrong = named('broker', 'broker-logger').find((name) => !isJavaInt(name));
    if (wrong !== undefined) throw illegalArgument(`The entity name for ${types[0]} must be a valid integer broker id, but it is: ${wrong}`);
  }
  if (!types.includes('ips')) return;
  for (const name of named('ip').filter((given) => given !== DEFAULT_ENTITY)) {
    try {
      await lookup(name);
    } catch (error) {
      const message = `The entity name for ${types[0]} must be a valid IP or resolvable host, but it is: ${name}`;
      throw illegalArgument(message, { cause: error });
    }
  }
}

const WITH_DEFAULTS = ['users', 'clients', 'brokers', 'ips'];

function checkAlter({ types, names }: Target, options: Options): void {
  if (types.some((type) => WITH_DEFAULTS.includes(type))) {
    if (names.length === 0) {
      throw illegalArgument('an entity-name or default entity must be specified with --alter of users, clients, brokers or ips');
    }
  } else if (names.every((name) => name === '')) {
    throw illegalArgument(`an entity name must be specified with --alter of ${types.join(',')}`);
  }
  const [adds, addsFile, deletes] = ['add-config', 'add-config-file', 'delete-config'].map((option) => options.has(option));
  if (adds && addsFile) throw illegalArgument('Only one of --add-config or --add-config-file must be specified');
  if (!adds && !addsFile && !deletes) {
    throw illegalArgument('At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter');
  }
}
