/**
 * IncrementalAlterConfigs (0–1, KIP-339): sets or deletes single settings of a topic, of a broker or of all brokers, or adds to and
 * takes from those that are lists; the others stay as they are. Log levels can be changed too, until the broker stops.
 */
import { topicSetting } from '../log/log-config.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import type { IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse } from '../protocol/messages/44-incremental-alter-configs.ts';
import { incrementalAlterConfigs } from '../protocol/messages/44-incremental-alter-configs.ts';
import { formatSetting } from '../../shared/settings/schema.ts';
import type { Handler } from '../server/handler.ts';
import { isLogLevel, LOG_LEVEL_NAMES, loggers, setLevel } from '../server/log-levels.ts';
import { brokerSettingsByName } from '../settings/settings.ts';
import type { AlterConfigsDependencies } from './alter-configs.ts';
import { alterResources, checkBrokerId, ConfigRefusal, TOPIC } from './alter-configs.ts';

type Resource = IncrementalAlterConfigsRequest['resources'][number];
type Operation = Resource['configs'][number];

const SET = 0, DELETE = 1, APPEND = 2, SUBTRACT = 3; // prettier-ignore

export function incrementalAlterConfigsHandler(
  deps: AlterConfigsDependencies,
): Handler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> {
  return {
    api: incrementalAlterConfigs,
    async handle({ resources, validateOnly }) {
      const responses = await alterResources(deps, resources, {
        validateOnly,
        mayBeNull: ({ configOperation }) => configOperation === DELETE,
        change: (resource) => (present) => applyOperations(present, resource),
        alterLoggers: ({ resourceName, configs }) => alterLoggers(deps.brokerId, resourceName, configs, validateOnly),
      });
      return { throttleTimeMs: 0, responses };
    },
  };
}

function applyOperations(present: ReadonlyMap<string, string>, resource: Resource): Map<string, string> {
  const config = new Map(present);
  for (const { name, configOperation, value } of resource.configs) {
    switch (configOperation) {
      case SET:
        config.set(name, value ?? '');
        break;
      case DELETE:
        config.delete(name);
        break;
      case APPEND: {
        const list = listOf(config, resource, name, 'append');
        config.set(name, [...list, ...itemsOf(value).filter((item) => !list.includes(item))].join(','));
        break;
      }
      case SUBTRACT: {
        const taken = itemsOf(value);
        const list = listOf(config, resource, name, 'subtract');
        config.set(name, list.filter((item) => !taken.includes(item)).join(','));
        break;
      }
      default:
        throw new ConfigRefusal(ErrorCode.INVALID_REQUEST, `Unknown operations type ${configOperation}`);
    }
  }
  return config;
}

function itemsOf(text: string | null): string[] {
  return text === null || text === '' ? [] : text.split(',');
}

/** The items that a list setting has now: the resource's own, else those of Kafka's default. */
function listOf(config: ReadonlyMap<string, string>, { resourceType }: Resource, name: string, act: string): string[] {
  const setting = resourceType === TOPIC ? topicSetting(name) : brokerSettingsByName.get(name);
  if (setting === undefined) throw new ConfigRefusal(ErrorCode.INVALID_CONFIG, `Unknown ${resourceType === TOPIC ? 'topic ' : ''}config name: ${name}`);
  if (setting.type !== 'list') {
    throw new ConfigRefusal(ErrorCode.INVALID_CONFIG, `Config value ${act} is not allowed for config key: ${name}`);
  }
  return itemsOf(config.get(name) ?? formatSetting(setting.default));
}

/** All or none. Throws `ConfigRefusal`. */
function alterLoggers(brokerId: number, resourceName: string, operations: readonly Operation[], validateOnly: boolean): void {
  checkBrokerId(brokerId, resourceName);
  const known = loggers();
  for (const { name, configOperation, value } of operations) {
    if (configOperation === APPEND || configOperation === SUBTRACT) {
      const act = configOperation === APPEND ? 'APPEND' : 'SUBTRACT';
      throw new ConfigRefusal(ErrorCode.INVALID_REQUEST, `${act} operation is not allowed for the BROKER_LOGGER resource`);
    }
    if (!known.has(name)) throw new ConfigRefusal(ErrorCode.INVALID_CONFIG, `Logger ${name} does not exist!`);
    if (configOperation === DELETE && name === 'root') {
      throw new ConfigRefusal(ErrorCode.INVALID_REQUEST, 'Removing the log level of the root logger is not allowed');
    }
    if (configOperation === SET && !isLogLevel(value ?? '')) {
      const why = `Cannot set the log level of ${name} to ${value} as it is not a supported log level.`;
      throw new ConfigRefusal(ErrorCode.INVALID_CONFIG, `${why} Valid log levels are ${LOG_LEVEL_NAMES.join(', ')}`);
    }
  }
  if (validateOnly) return;
  for (const { name, configOperation, value } of operations) setLevel(name, configOperation === DELETE ? null : value);
}
