/**
 * IncrementalAlterConfigs (0–1, KIP-339): sets or deletes single settings of a topic, or adds to and takes from those that are
 * lists; the others stay as they are.
 */
import { topicSetting } from '../log/log-config.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import type { IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse } from '../protocol/messages/44-incremental-alter-configs.ts';
import { incrementalAlterConfigs } from '../protocol/messages/44-incremental-alter-configs.ts';
import { formatSetting } from '../../shared/settings/schema.ts';
import type { Handler } from '../server/handler.ts';
import type { AlterConfigsDependencies } from './alter-configs.ts';
import { alterResources, ConfigRefusal } from './alter-configs.ts';

type Operation = IncrementalAlterConfigsRequest['resources'][number]['configs'][number];

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
        change: (resource) => (present) => applyOperations(present, resource.configs),
      });
      return { throttleTimeMs: 0, responses };
    },
  };
}

function applyOperations(present: ReadonlyMap<string, string>, operations: readonly Operation[]): Map<string, string> {
  const config = new Map(present);
  for (const { name, configOperation, value } of operations) {
    switch (configOperation) {
      case SET:
        config.set(name, value ?? '');
        break;
      case DELETE:
        config.delete(name);
        break;
      case APPEND: {
        const list = listOf(config, name, 'append');
        config.set(name, [...list, ...itemsOf(value).filter((item) => !list.includes(item))].join(','));
        break;
      }
      case SUBTRACT: {
        const taken = itemsOf(value);
        const list = listOf(config, name, 'subtract');
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

/** The items that a list setting has now: the topic's own, else those of Kafka's default. */
function listOf(config: ReadonlyMap<string, string>, name: string, act: string): string[] {
  const setting = topicSetting(name);
  if (setting === undefined) throw new ConfigRefusal(ErrorCode.INVALID_CONFIG, `Unknown topic config name: ${name}`);
  if (setting.type !== 'list') {
    throw new ConfigRefusal(ErrorCode.INVALID_CONFIG, `Config value ${act} is not allowed for config key: ${name}`);
  }
  return itemsOf(config.get(name) ?? formatSetting(setting.default));
}
