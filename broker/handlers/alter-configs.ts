/**
 * What AlterConfigs and IncrementalAlterConfigs share: changing the configuration of topics. The new configuration is checked
 * as a whole, written to `/config/topics/<t>`, and announced by a znode under `/config/changes`: every broker, this one too,
 * learns of it there and acts on it at once. Two changes at a time don't lose each other's settings: the write names the
 * version of the znode that it was made from, and starts over when that is gone.
 *
 * Brokers' own settings and log levels cannot be changed at run time; asking for that is refused.
 */
import { CoordinatorError } from '../../shared/client/errors.ts';
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { SettingError } from '../../shared/settings/schema.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { CreateMode } from '../../shared/znode/create-mode.ts';
import { ErrorCode as ZnodeErrorCode } from '../../shared/znode/error-code.ts';
import { getDataOrNull } from '../controller/read-state.ts';
import { configChangeZnode, configZnode } from '../controller/znodes.ts';
import { topicSetting } from '../log/log-config.ts';
import { ErrorCode, errorMessage } from '../protocol/error-codes.ts';
import { topicConfigEntries } from '../server/config-entries.ts';
import type { MetadataCache } from '../server/metadata-cache.ts';
import type { BrokerSettings } from '../server/settings.ts';

export interface AlterConfigsDependencies {
  readonly client: () => CoordinatorClient;
  readonly cache: MetadataCache;
  readonly settings: BrokerSettings;
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
/** Makes the topic's new entries from its present ones. Throws `ConfigRefusal`. */
export type Change = (present: ReadonlyMap<string, string>) => ReadonlyMap<string, string>;

const TOPIC = 2, BROKER = 4, BROKER_LOGGER = 8; // prettier-ignore
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

/** Answers for each resource by itself: one that is refused does not keep the others. */
export function alterResources<R extends Resource>(
  deps: AlterConfigsDependencies,
  resources: readonly R[],
  options: { validateOnly: boolean; mayBeNull: (config: R['configs'][number]) => boolean; change: (resource: R) => Change },
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
        await alterTopic(deps, topicOf(resource), options.change(resource), options.validateOnly);
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

function topicOf({ resourceType, resourceName }: Resource): string {
  if (resourceType === BROKER) throw invalidRequest("A broker's settings cannot be changed while it runs: edit its properties and restart it.");
  if (resourceType === BROKER_LOGGER) throw invalidRequest('Log levels cannot be changed while the broker runs.');
  if (resourceType !== TOPIC) throw invalidRequest(`Unknown resource type ${resourceType}`);
  if (resourceName === '') throw invalidRequest('Default topic resources are not allowed.');
  return resourceName;
}

async function alterTopic(deps: AlterConfigsDependencies, topic: string, change: Change, validateOnly: boolean): Promise<void> {
  const client = deps.client();
  const path = configZnode.path('topics', topic);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const znode = await getDataOrNull(client, path);
    const config = change(znode === null ? new Map() : configZnode.decode(path, znode.data));
    if (!deps.cache.hasTopic(topic)) {
      throw new ConfigRefusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${topic}' does not exist.`);
    }
    checkConfig(deps.settings, topic, config);
    if (validateOnly) return;
    if (!(await write(client, path, configZnode.encode(config), znode?.stat.version ?? null))) continue;
    const announcement = configChangeZnode.encode('topics', topic);
    const mode = CreateMode.PERSISTENT_SEQUENTIAL;
    await client.create(`${configChangeZnode.parentPath}/${configChangeZnode.prefix}`, announcement, { mode });
    const shown = [...config].map(([key, value]) => `${key} -> ${value}`).join(', ');
    deps.logger.info(`Updating topic ${topic} with new configuration : ${shown}`);
    return;
  }
  throw new ConfigRefusal(ErrorCode.UNKNOWN_SERVER_ERROR, `The configuration of '${topic}' changed ${ATTEMPTS_MAX} times meanwhile: try again.`);
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

function checkConfig(settings: BrokerSettings, topic: string, config: ReadonlyMap<string, string>): void {
  const unknown = [...config.keys()].find((name) => topicSetting(name) === undefined);
  if (unknown !== undefined) throw new ConfigRefusal(ErrorCode.INVALID_CONFIG, `Unknown topic config name: ${unknown}`);
  try {
    topicConfigEntries(settings, config);
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    const message = `Invalid config value for resource ConfigResource(type=TOPIC, name='${topic}'): ${error.message}`;
    throw new ConfigRefusal(ErrorCode.INVALID_CONFIG, message);
  }
}
