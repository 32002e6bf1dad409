/**
 * DescribeConfigs (0–4): settings of topics, of this broker and of all brokers, and log levels, with where each value comes from. v1 sources and synonyms, v3 types and
 * documentation. Other brokers' settings have to be asked of them.
 */
import { invalidTopicName } from '../controller/topic-names.ts';
import { ErrorCode, errorMessage } from '../protocol/error-codes.ts';
import type { DescribeConfigsRequest, DescribeConfigsResponse } from '../protocol/messages/32-describe-configs.ts';
import { describeConfigs } from '../protocol/messages/32-describe-configs.ts';
import type { ConfigEntry } from '../settings/config-entries.ts';
import type { SettingsView } from '../settings/config-entries.ts';
import { brokerConfigEntries, clusterConfigEntries, ConfigSource, topicConfigEntries } from '../settings/config-entries.ts';
import type { Handler } from '../server/handler.ts';
import { loggers } from '../server/log-levels.ts';
import type { MetadataCache } from '../server/metadata-cache.ts';
import type { TopicConfigs } from '../server/topic-configs.ts';

export interface DescribeConfigsDependencies {
  readonly brokerId: number;
  readonly cache: MetadataCache;
  readonly settings: SettingsView;
  readonly topicConfigs: TopicConfigs;
}

const TOPIC = 2,
  BROKER = 4,
  BROKER_LOGGER = 8;

type Resource = DescribeConfigsRequest['resources'][number];
type Result = DescribeConfigsResponse['results'][number];
type Outcome = { errorCode: number; errorMessage: string; configs: ConfigEntry[] };

const refuse = (errorCode: number, errorMessage: string): Outcome => ({ errorCode, errorMessage, configs: [] });
const found = (configs: ConfigEntry[]): Outcome => ({ errorCode: ErrorCode.NONE, errorMessage: '', configs });

export class DescribeConfigsHandler implements Handler<DescribeConfigsRequest, DescribeConfigsResponse> {
  readonly api = describeConfigs;
  private readonly deps: DescribeConfigsDependencies;

  constructor(deps: DescribeConfigsDependencies) {
    this.deps = deps;
  }

  async handle(request: DescribeConfigsRequest): Promise<DescribeConfigsResponse> {
    const results = await Promise.all(request.resources.map((resource) => this.describe(resource, request)));
    return { throttleTimeMs: 0, results };
  }

  private async describe(resource: Resource, request: DescribeConfigsRequest): Promise<Result> {
    const { resourceType, resourceName, configurationKeys } = resource;
    const outcome = await this.outcomeOf(resource);
    const isWanted = (name: string): boolean =>
      configurationKeys === null || configurationKeys.length === 0 || configurationKeys.includes(name);
    const configs = outcome.configs
      .filter(({ name }) => isWanted(name))
      .map((entry) => ({
        ...entry,
        synonyms: request.includeSynonyms ? entry.synonyms : [],
        documentation: request.includeDocumentation || resourceType === BROKER_LOGGER ? entry.documentation : null,
      }));
    return { ...outcome, resourceType, resourceName, configs };
  }

  private async outcomeOf({ resourceType, resourceName }: Resource): Promise<Outcome> {
    const { cache, settings, topicConfigs } = this.deps;
    switch (resourceType) {
      case TOPIC: {
        const why = invalidTopicName(resourceName);
        if (why !== null) return refuse(ErrorCode.INVALID_TOPIC_EXCEPTION, why);
        if (!cache.hasTopic(resourceName)) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, '');
        return found(topicConfigEntries(settings, await topicConfigs.read(resourceName)));
      }
      case BROKER: {
        if (resourceName === '') return found(clusterConfigEntries(settings));
        const why = this.notThisBroker(resourceName, ' or empty string,');
        return why === null ? found(brokerConfigEntries(settings)) : refuse(ErrorCode.INVALID_REQUEST, why);
      }
      case BROKER_LOGGER: {
        if (resourceName === '') return refuse(ErrorCode.INVALID_REQUEST, 'Broker id must not be empty');
        const why = this.notThisBroker(resourceName, '');
        return why === null ? found(loggerEntries()) : refuse(ErrorCode.INVALID_REQUEST, why);
      }
      default:
        return refuse(ErrorCode.INVALID_REQUEST, errorMessage(ErrorCode.INVALID_REQUEST));
    }
  }

  private notThisBroker(resourceName: string, orElse: string): string | null {
    const { brokerId } = this.deps;
    if (!/^[+-]?\d+$/.test(resourceName)) return `Broker id must be an integer, but it is: ${resourceName}`;
    if (Number(resourceName) === brokerId) return null;
    return `Unexpected broker id, expected ${brokerId}${orElse} but received ${resourceName}`;
  }
}

function loggerEntries(): ConfigEntry[] {
  return [...loggers()].sort().map(([name, level]) => ({
    name,
    value: level,
    readOnly: false,
    isDefault: false,
    configSource: ConfigSource.DYNAMIC_BROKER_LOGGER,
    isSensitive: false,
    synonyms: [],
    configType: 0,
    documentation: '',
  }));
}
