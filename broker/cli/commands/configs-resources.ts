/** What kafka-configs does for topics, brokers and the loggers of brokers: DescribeConfigs, IncrementalAlterConfigs, AlterConfigs. */
import type { Admin, TopicConfig } from '../../client/admin.ts';
import { KafkaError } from '../../client/errors.ts';
import { invalidTopicName } from '../../controller/topic-names.ts';
import { ErrorCode } from '../../protocol/error-codes.ts';
import { describeConfigs } from '../../protocol/messages/32-describe-configs.ts';
import { alterConfigs } from '../../protocol/messages/33-alter-configs.ts';
import { incrementalAlterConfigs } from '../../protocol/messages/44-incremental-alter-configs.ts';
import type { ToolIo } from '../io.ts';
import { JavaError } from '../java-exception.ts';
import { javaHashOrder } from '../java-order.ts';
import { checkDeleted, INVALID_CONFIG, type Changes } from './configs-changes.ts';

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

/** How long Kafka's tool waits for a description. */
export const DESCRIBE_WAIT_MS = 30_000;

/** `name`: null for everyone, empty for the default of all. */
export async function describeResources(admin: Admin, type: string, name: string | null, all: boolean, io: ToolIo): Promise<void> {
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

/** What is set for the entity, or `all` that acts on it, in the order in which Java's admin client has it. */
async function entries(admin: Admin, type: string, name: string, all: boolean): Promise<TopicConfig[]> {
  const invalid = type === 'topics' && name !== '' ? invalidTopicName(name) : null;
  if (invalid !== null) throw new JavaError('org.apache.kafka.common.errors.InvalidTopicException', invalid);
  const resource = { resourceType: RESOURCES[type]!, resourceName: name, configurationKeys: null };
  const request = { resources: [resource], includeSynonyms: true, includeDocumentation: false };
  const describe = async () => (await connectionFor(admin, type, name)).request(describeConfigs, request);
  const { results } = await admin.call('describeConfigs', describe, DESCRIBE_WAIT_MS);
  check(results); // what the broker refuses is not asked for again, not even a topic that may come
  const found = results.flatMap(({ configs }) => configs);
  const source = { topics: 1, brokers: name === '' ? 3 : 2 }[type];
  const inJavaOrder = javaHashOrder(found, (entry) => entry.name);
  return inJavaOrder.filter(({ configSource }) => all || source === undefined || configSource === source);
}

/** Only the broker itself knows its settings. */
async function connectionFor(admin: Admin, type: string, name: string): ReturnType<Admin['cluster']['any']> {
  if (type === 'topics' || name === '') return admin.cluster.any();
  await admin.cluster.refresh([]);
  return admin.cluster.broker(Number(name));
}

export async function alterResource(admin: Admin, type: string, name: string, { added, deleted }: Changes): Promise<void> {
  const before = await entries(admin, type, name, false);
  const isThere = (key: string): boolean => before.some((entry) => entry.name === key);
  if (type === 'broker-loggers') checkLoggers([...deleted, ...added.keys()], isThere);
  else checkDeleted(deleted, isThere);
  const resource = { resourceType: RESOURCES[type]!, resourceName: name };
  const connection = await admin.call('alterConfigs', () => connectionFor(admin, type, name));
  if (type === 'brokers') {
    const configs = wholeConfig(before, { added, deleted });
    check((await connection.request(alterConfigs, { resources: [{ ...resource, configs }], validateOnly: false })).responses);
    return;
  }
  const configs = [
    ...[...added].map(([key, value]) => ({ name: key, configOperation: SET, value })),
    ...deleted.map((key) => ({ name: key, configOperation: DELETE, value: '' })),
  ];
  check((await connection.request(incrementalAlterConfigs, { resources: [{ ...resource, configs }], validateOnly: false })).responses);
}

/** AlterConfigs takes all that is to be set, so what is set and nobody may read has to be given again. */
function wholeConfig(before: readonly TopicConfig[], { added, deleted }: Changes): { name: string; value: string }[] {
  const wanted = new Map(before.map((entry) => [entry.name, entry.value]));
  for (const [key, value] of added) wanted.set(key, value);
  for (const key of deleted) wanted.delete(key);
  const secret = [...wanted].filter(([, value]) => value === null).map(([key]) => key);
  if (secret.length > 0) {
    const message = `All sensitive broker config entries must be specified for --alter, missing entries: Set(${secret.join(', ')})`;
    throw new JavaError(INVALID_CONFIG, message);
  }
  return [...wanted].map(([name, value]) => ({ name, value: value! }));
}

function checkLoggers(names: readonly string[], isThere: (name: string) => boolean): void {
  const wrong = names.filter((name) => !isThere(name));
  if (wrong.length > 0) throw new JavaError(INVALID_CONFIG, `Invalid broker logger(s): ${wrong.join(',')}`);
}

function check(responses: readonly { errorCode: number; errorMessage: string | null }[]): void {
  for (const { errorCode, errorMessage } of responses) {
    if (errorCode !== ErrorCode.NONE) throw new KafkaError(errorCode, errorMessage);
  }
}
