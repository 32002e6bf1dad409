/**
 * kafka-configs past the brokers, straight into the coordinator (`--zookeeper`, deprecated): credentials of users and settings of brokers
 * that don't run, so that both can be there before the first broker starts, passwords encrypted.
 */
import { randomBytes } from 'node:crypto';
import { CoordinatorClient } from '../../../shared/client/client.ts';
import { CoordinatorError } from '../../../shared/client/errors.ts';
import { nodeTransport } from '../../../shared/client/node-transport.ts';
import { parseSetting, SettingError, type Setting, type SettingValue } from '../../../shared/settings/schema.ts';
import { loadClientTls } from '../../../shared/tls/client-tls.ts';
import { CreateMode } from '../../../shared/znode/create-mode.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import { ensurePaths } from '../../controller/ensure-paths.ts';
import { childrenOf, getDataOrNull } from '../../controller/read-state.ts';
import { brokerIdsZnode, brokerIdZnode, configChangeZnode, configZnode, DEFAULT_ENTITY } from '../../controller/znodes.ts';
import { checkTexts, isPassword } from '../../settings/dynamic-settings.ts';
import { PasswordEncoder } from '../../security/password-encoder.ts';
import { desanitize, sanitize } from '../../quota/quota-entities.ts';
import { saltPassword, SCRAM_SALT_SIZE, scramCredential } from '../../security/scram-credentials.ts';
import { brokerSettingTable } from '../../settings/settings.ts';
import { readPropertyFile } from '../bootstrap.ts';
import type { ToolIo } from '../io.ts';
import { illegalArgument, JavaError } from '../java-exception.ts';
import { isJavaInt } from '../java-int.ts';
import { javaHashOrder } from '../java-order.ts';
import type { Options } from '../options.ts';
import { checkDeleted, readChanges, type Changes } from './configs-changes.ts';
import type { Target } from './configs-check.ts';
import { CONFIG_NAMES } from './configs-options.ts';
import { isScram, readScram } from './configs-scram.ts';

const TIMEOUT_MS = 30_000;
const NOT_RUNNING = 'Broker configuration operations using ZooKeeper are only supported if the affected broker(s) are not running.';

type Texts = ReadonlyMap<string, string>;

/** Of the types that may be reached this way; `name`: as in the path, or null for everyone. */
interface Entity {
  readonly type: 'users' | 'brokers';
  readonly name: string | null;
}

export async function throughZookeeper(target: Target, options: Options, io: ToolIo): Promise<void> {
  io.out('Warning: --zookeeper is deprecated and will be removed in a future version of Kafka.\n');
  io.out('Use --bootstrap-server instead to specify a broker to connect to.\n');
  const client = await connect(options);
  try {
    if (options.has('alter')) await alter(client, target, readChanges(options, io), io);
    else await describe(client, entityOf(target), io);
  } finally {
    await client.close();
  }
}

async function connect(options: Options): Promise<CoordinatorClient> {
  const file = options.one('zk-tls-config-file');
  const tls = file === null ? null : loadClientTls(readPropertyFile(file));
  try {
    return await CoordinatorClient.connect({
      servers: options.one('zookeeper')!,
      sessionTimeoutMs: TIMEOUT_MS,
      connectTimeoutMs: TIMEOUT_MS,
      transport: nodeTransport(tls === null ? {} : { tls }),
    });
  } catch (error) {
    if (!(error instanceof CoordinatorError) || error.code !== ErrorCode.CONNECTIONLOSS) throw error;
    const message = 'Timed out waiting for connection while in state: CONNECTING';
    throw new JavaError('kafka.zookeeper.ZooKeeperClientTimeoutException', message, { cause: error });
  }
}

function entityOf({ types, names }: Target): Entity {
  const type = types[0] as Entity['type'];
  const name = names[0];
  if (name === undefined) return { type, name: null };
  if (name === '') return { type, name: DEFAULT_ENTITY };
  return { type, name: type === 'users' ? sanitize(name) : name };
}

function shown({ type, name }: Entity): string {
  const typeName = type === 'users' ? 'user-principal' : type;
  if (name === null) return type;
  return name === DEFAULT_ENTITY ? `default ${typeName}` : `${typeName} '${type === 'users' ? desanitize(name) : name}'`;
}

async function describe(client: CoordinatorClient, entity: Entity, io: ToolIo): Promise<void> {
  const { type, name } = entity;
  if (type === 'brokers') await checkNotRunning(client, name ?? '', '--bootstrap-server option must be specified to describe brokers');
  const names = name === null ? await childrenOf(client, `/config/${type}`) : [name];
  for (const one of names) {
    const config = await read(client, type, one);
    // A user who has clients with quotas need not have anything himself.
    if (name === null && config.size === 0) continue;
    io.out(`Configs for ${shown({ type, name: one })} are ${inJavaOrder(config).map(([key, value]) => `${key}=${value}`).join(',')}\n`);
  }
}

const inJavaOrder = (texts: Texts): [string, string][] => javaHashOrder([...texts], ([key]) => key);

async function read(client: CoordinatorClient, type: Entity['type'], name: string): Promise<Texts> {
  const path = configZnode.path(type, name);
  return configZnode.decode(path, (await getDataOrNull(client, path))?.data ?? null);
}

async function checkNotRunning(client: CoordinatorClient, name: string, refusal: string): Promise<void> {
  if (name === DEFAULT_ENTITY) {
    const { length } = await childrenOf(client, brokerIdsZnode.path);
    if (length > 0) throw illegalArgument(`requirement failed: ${refusal} - ${length} brokers are running. ${NOT_RUNNING}`);
    return;
  }
  if (!isJavaInt(name)) {
    throw illegalArgument(`Error parsing broker ${name}. The broker's Entity Name must be a single integer value`);
  }
  if ((await client.exists(brokerIdZnode.path(Number(name)))) === null) return;
  throw illegalArgument(`requirement failed: ${refusal} - broker ${Number(name)} is running. ${NOT_RUNNING}`);
}

async function alter(client: CoordinatorClient, target: Target, { added, deleted }: Changes, io: ToolIo): Promise<void> {
  const { type } = entityOf(target);
  if (type === 'users' && target.names.length !== target.types.length) {
    throw illegalArgument('--entity-name or --entity-default must be specified with each --entity-type for --alter');
  }
  const entity = entityOf(target);
  const name = entity.name!;
  const add = inJavaOrder(added).map(([key, value]) => `${key}=${value}`).join(', ');
  const remove = deleted.length === 0 ? 'List()' : `ArrayBuffer(${deleted.join(', ')})`;
  const refusal = `--bootstrap-server option must be specified to update ${type} configs: {add: {${add}}, delete: ${remove}}`;
  let stored: Texts = added;
  if (type === 'users') {
    if (![...added.keys(), ...deleted].every(isScram)) {
      const only = 'User configuration updates using ZooKeeper are only supported for SCRAM credential updates.';
      throw illegalArgument(`requirement failed: ${refusal}. ${only}`);
    }
    stored = await credentialsOf(added);
  } else if (added.size > 0 || deleted.length > 0) {
    await checkNotRunning(client, name, refusal);
    stored = brokerTexts(added, name === DEFAULT_ENTITY ? 'cluster' : 'broker');
  }
  const next = new Map(await read(client, type, name));
  checkDeleted(deleted, (key) => next.has(key));
  for (const [key, value] of stored) next.set(key, value);
  for (const key of deleted) next.delete(key);
  if (type === 'users') checkUserKeys(name, next);
  await write(client, type, name, next);
  io.out(`Completed updating config for entity: ${shown(entity)}.\n`);
}

/** Each password as what a broker needs to check it. */
async function credentialsOf(added: Texts): Promise<Texts> {
  const passwords = [...added].map(([key, text]) => readScram(key, text, 'zookeeper'));
  const credentials = passwords.map(async ({ mechanism, iterations, password }) => {
    const salt = randomBytes(SCRAM_SALT_SIZE);
    const saltedPassword = await saltPassword(mechanism, { password, salt, iterations });
    return [mechanism.name, scramCredential(mechanism, { salt, saltedPassword, iterations })] as const;
  });
  return new Map(await Promise.all(credentials));
}

/** The default of all users has quotas only. */
function checkUserKeys(name: string, config: Texts): void {
  const known: readonly string[] = name === DEFAULT_ENTITY ? CONFIG_NAMES.clients : CONFIG_NAMES.users;
  const unknown = [...config.keys()].filter((key) => !known.includes(key));
  if (unknown.length > 0) throw illegalArgument(`requirement failed: Unknown Dynamic Configuration: HashSet(${unknown.join(', ')}).`);
}

/** Settings as they are stored: passwords encrypted, and without what says how. */
function brokerTexts(added: Texts, scope: 'broker' | 'cluster'): Texts {
  const isOfEncoder = (key: string): boolean => key.startsWith('password.encoder.');
  const settings = new Map([...added].filter(([key]) => !isOfEncoder(key)));
  try {
    checkTexts(scope, settings);
    const secret = [...settings.keys()].filter(isPassword);
    if (secret.length === 0) return settings;
    const encoder = encoderOf(added, secret);
    return new Map([...settings].map(([key, text]) => [key, isPassword(key) ? encoder.encode(text) : text]));
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    throw new JavaError('org.apache.kafka.common.config.ConfigException', error.message, { cause: error });
  }
}

function encoderOf(added: Texts, passwords: readonly string[]): PasswordEncoder {
  const secret = added.get(brokerSettingTable.passwordEncoderSecret.name);
  if (secret === undefined) {
    throw illegalArgument(
      `requirement failed: password.encoder.secret must be specified to update Set(${passwords.join(', ')}). Other password encoder ` +
        'configs like cipher algorithm and iterations may also be specified to override the default encoding parameters. Password ' +
        'encoder configs will not be persisted in ZooKeeper.',
    );
  }
  const valueOf = <T extends SettingValue>(setting: Setting<T>): T => {
    const text = added.get(setting.name);
    return text === undefined ? setting.default : parseSetting(setting, text);
  };
  return new PasswordEncoder({
    secret,
    oldSecret: null,
    keyFactoryAlgorithm: null,
    cipherAlgorithm: valueOf(brokerSettingTable.passwordEncoderCipherAlgorithm),
    keyLengthBits: valueOf(brokerSettingTable.passwordEncoderKeyLength),
    iterations: valueOf(brokerSettingTable.passwordEncoderIterations),
    random: randomBytes,
  });
}

/** There may never have been a broker that made the paths. */
async function write(client: CoordinatorClient, type: Entity['type'], name: string, config: Texts): Promise<void> {
  const path = configZnode.path(type, name);
  await ensurePaths(client, [path, configChangeZnode.parentPath]);
  await client.setData(path, configZnode.encode(config));
  const announcement = `${configChangeZnode.parentPath}/${configChangeZnode.prefix}`;
  await client.create(announcement, configChangeZnode.encode(type, name), { mode: CreateMode.PERSISTENT_SEQUENTIAL });
}
