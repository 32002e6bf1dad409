/**
 * What AlterConfigs and IncrementalAlterConfigs share: changing the configuration of topics and brokers. The new configuration is checked
 * as a whole, written to `/config/topics/<t>` or `/config/brokers/<id>`, and announced by a znode under `/config/changes`: every
 * broker, this one too, learns of it there and acts on it at once. Two changes at a time don't lose each other's settings: the
 * write names the version of the znode that it was made from, and starts over when that is gone.
 */
import { CoordinatorError } from '../../shared/client/errors.ts';
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { SettingError } from '../../shared/settings/schema.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { CreateMode } from '../../shared/znode/create-mode.ts';
import { ErrorCode as ZnodeErrorCode } from '../../shared/znode/error-code.ts';
import { getDataOrNull } from '../controller/read-state.ts';
import { configChangeZnode, configZnode, DEFAULT_ENTITY } from '../controller/znodes.ts';
import type { ConfigEntityType } from '../controller/znodes.ts';
import { topicSetting } from '../log/log-config.ts';
import { ErrorCode, errorMessage } from '../protocol/error-codes.ts';
import { topicConfigEntries } from '../settings/config-entries.ts';
import type { DynamicSettings, Scope } from '../settings/dynamic-settings.ts';
import { isPassword } from '../settings/dynamic-settings.ts';
import { FatalError } from '../settings/fatal-error.ts';
import type { MetadataCache } from '../server/metadata-cache.ts';

export interface AlterConfigsDependencies {
  readonly brokerId: number;
  readonly client: () => CoordinatorClient;
  readonly cache: MetadataCache;
  readonly settings: DynamicSettings;
  readonly logger: Logger;
}

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
}
interface Result {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
}
/** Makes the resource's new entries from its present ones. Throws `ConfigRefusal`. */
export type Change = (present: ReadonlyMap<string, string>) => ReadonlyMap<string, string>;

export const TOPIC = 2;
const BROKER = 4, BROKER_LOGGER = 8; // prettier-ignore
/** How often a change is made anew because another one came first. */
const ATTEMPTS_MAX = 10;

export class ConfigRefusal extends Error {
  override readonly name = 'ConfigRefusal';
  readonly errorCode: number;
  constructor(errorCode: number, message: string = errorMessage(errorCode)) {
    super(message);
    this.errorCode = errorCode;
  }
}

const invalidRequest = (message: string): ConfigRefusal => new ConfigRefusal(ErrorCode.INVALID_REQUEST, message);

interface AlterOptions<R extends Resource> {
  validateOnly: boolean;
  mayBeNull: (config: R['configs'][number]) => boolean;
  change: (resource: R) => Change;
  /** Changes log levels, where that can be asked for. Throws `ConfigRefusal`. */
  alterLoggers?: (resource: R) => void;
}

/** Answers for each resource by itself: one that is refused does not keep the others. */
export function alterResources<R extends Resource>(
  deps: AlterConfigsDependencies,
  resources: readonly R[],
  options: AlterOptions<R>,
): Promise<Result[]> {
  const keyOf = ({ resourceType, resourceName }: Resource): string => `${resourceType}/${resourceName}`;
  const counts = new Map<string, number>();
  for (const resource of resources) counts.set(keyOf(resource), (counts.get(keyOf(resource)) ?? 0) + 1);
  return Promise.all(
    resources.map(async (resource) => {
      const { resourceType, resourceName } = resource;
      const result = (errorCode: number, message: string | null): Result => {
        return { errorCode, errorMessage: message, resourceType, resourceName };
      };
      try {
        if (counts.get(keyOf(resource))! > 1) throw invalidRequest('Each resource must appear at most once.');
        checkEntries(resource, options.mayBeNull);
        if (resourceType === BROKER_LOGGER && options.alterLoggers !== undefined) options.alterLoggers(resource);
        else await alter(deps, targetOf(deps, resource), options.change(resource), options.validateOnly);
        return result(ErrorCode.NONE, null);
      } catch (error) {
        if (error instanceof ConfigRefusal) return result(error.errorCode, error.message);
        deps.logger.error(`Error processing alter configs request for ${resourceName}`, { error });
        return result(ErrorCode.UNKNOWN_SERVER_ERROR, error instanceof Error ? error.message : String(error));
      }
    }),
  );
}

function checkEntries<R extends Resource>({ configs }: R, mayBeNull: (config: R['configs'][number]) => boolean): void {
  if (new Set(configs.map(({ name }) => name)).size !== configs.length) throw invalidRequest('Error due to duplicate config keys');
  const nulls = configs.filter((config) => config.value === null && !mayBeNull(config)).map(({ name }) => name);
  if (nulls.length > 0) throw invalidRequest(`Null value not supported for : ${nulls.join(', ')}`);
}

/** Where the configuration of a resource is, and who says whether it may be so. */
interface Target {
  readonly type: ConfigEntityType;
  readonly name: string;
  /** How the log names it. */
  readonly shown: string;
  /** Throws `ConfigRefusal`. */
  check(config: ReadonlyMap<string, string>): void;
  /** Between what the znode has and what is altered: passwords are encrypted there. Throw `ConfigRefusal`. */
  fromStored(stored: ReadonlyMap<string, string>): ReadonlyMap<string, string>;
  toStored(config: ReadonlyMap<string, string>): ReadonlyMap<string, string>;
}

const asItIs = (config: ReadonlyMap<string, string>): ReadonlyMap<string, string> => config;

function targetOf(deps: AlterConfigsDependencies, { resourceType, resourceName }: Resource): Target {
  switch (resourceType) {
    case TOPIC: {
      if (resourceName === '') throw invalidRequest('Default topic resources are not allowed.');
      const check = (config: ReadonlyMap<string, string>): void => checkTopicConfig(deps, resourceName, config);
      return { type: 'topics', name: resourceName, shown: `topic ${resourceName}`, check, fromStored: asItIs, toStored: asItIs };
    }
    case BROKER: {
      const scope: Scope = resourceName === '' ? 'cluster' : 'broker';
      if (scope === 'broker') checkBrokerId(deps.brokerId, resourceName);
      const check = (config: ReadonlyMap<string, string>): void => checkBrokerConfig(deps.settings, scope, config);
      return {
        type: 'brokers',
        name: scope === 'broker' ? String(deps.brokerId) : DEFAULT_ENTITY,
        shown: scope === 'broker' ? `broker ${deps.brokerId}` : 'all brokers',
        check,
        fromStored: (stored) => deps.settings.fromStored(stored),
        toStored: (config) => withPasswordsEncrypted(deps.settings, resourceName, config),
      };
    }
    default:
      throw invalidRequest(`Unknown resource type ${resourceType}`);
  }
}

export function checkBrokerId(brokerId: number, name: string): void {
  if (!/^[+-]?\d+$/.test(name)) throw invalidRequest(`Node id must be an integer, but it is: ${name}`);
  if (Number(name) !== brokerId) throw invalidRequest(`Unexpected broker id, expected ${brokerId}, but received ${name}`);
}

async function alter(deps: AlterConfigsDependencies, target: Target, change: Change, validateOnly: boolean): Promise<void> {
  const client = deps.client();
  const path = configZnode.path(target.type, target.name);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const znode = await getDataOrNull(client, path);
    const config = change(target.fromStored(znode === null ? new Map() : configZnode.decode(path, znode.data)));
    target.check(config);
    const stored = target.toStored(config);
    if (validateOnly) return;
    if (!(await write(client, path, configZnode.encode(stored), znode?.stat.version ?? null))) continue;
    const announcement = configChangeZnode.encode(target.type, target.name);
    const mode = CreateMode.PERSISTENT_SEQUENTIAL;
    await client.create(`${configChangeZnode.parentPath}/${configChangeZnode.prefix}`, announcement, { mode });
    const shown = [...config.keys()].map((key) => `${key} -> ${isPassword(key) ? '[hidden]' : config.get(key)}`).join(', ');
    deps.logger.info(`Updating ${target.shown} with new configuration : ${shown}`);
    return;
  }
  throw new Error(`${ATTEMPTS_MAX} attempts to write ${path} met with other changes: try again`);
}

/** In the original's words. */
function checkBrokerConfig(settings: DynamicSettings, scope: Scope, config: ReadonlyMap<string, string>): void {
  try {
    settings.check(scope, config);
  } catch (error) {
    if (!(error instanceof SettingError) && !(error instanceof FatalError)) throw error;
    throw invalidRequest(error.message);
  }
}

function withPasswordsEncrypted(
  settings: DynamicSettings,
  brokerName: string,
  config: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  try {
    return settings.toStored(config);
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    const message = `Invalid config value for resource ConfigResource(type=BROKER, name='${brokerName}'): ${error.message}`;
    throw new ConfigRefusal(ErrorCode.INVALID_CONFIG, message);
  }
}

/** False when someone else wrote in between. */
async function write(client: CoordinatorClient, path: string, data: Buffer, version: number | null): Promise<boolean> {
  try {
    if (version === null) await client.create(path, data);
    else await client.setData(path, data, version);
    return true;
  } catch (error) {
    const lost: readonly number[] = [ZnodeErrorCode.BADVERSION, ZnodeErrorCode.NODEEXISTS, ZnodeErrorCode.NONODE];
    if (error instanceof CoordinatorError && lost.includes(error.code)) return false;
    throw error;
  }
}

function checkTopicConfig(deps: AlterConfigsDependencies, topic: string, config: ReadonlyMap<string, string>): void {
  if (!deps.cache.hasTopic(topic)) {
    throw new ConfigRefusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${topic}' does not exist.`);
  }
  const unknown = [...config.keys()].find((name) => topicSetting(name) === undefined);
  if (unknown !== undefined) throw new ConfigRefusal(ErrorCode.INVALID_CONFIG, `Unknown topic config name: ${unknown}`);
  try {
    topicConfigEntries(deps.settings, config);
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    const message = `Invalid config value for resource ConfigResource(type=TOPIC, name='${topic}'): ${error.message}`;
    throw new ConfigRefusal(ErrorCode.INVALID_CONFIG, message);
  }
}
