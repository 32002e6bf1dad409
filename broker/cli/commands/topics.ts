/**
 * kafka-topics: creates, lists, describes, alters and deletes topics. Output, streams and status are those of Kafka 3.4.
 */
import { Admin, type Reassignment, type TopicConfig, type TopicMetadata } from '../../client/admin.ts';
import { ErrorCode } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../client/errors.ts';
import { ZERO_UUID } from '../../protocol/schema.ts';
import { SettingError } from '../../../shared/settings/schema.ts';
import { defaultLogConfig, logConfigFrom, topicSetting } from '../../log/log-config.ts';
import { connectAdmin } from '../connect-admin.ts';
import { logLine, ToolExit, uncaughtExit, usageExit, type ToolIo } from '../io.ts';
import { describeFailure, illegalArgument, JavaError, messageOf } from '../java-exception.ts';
import { javaHashOrder } from '../java-order.ts';
import { OptionError, type Options } from '../options.ts';
import { parseLine, showVersion } from '../parse-tool.ts';
import { isInternalTopic } from '../../protocol/internal-topics.ts';
import { topicPattern } from '../topic-filter.ts';
import { options as specs } from './topics-options.ts';

const ACTIONS = ['create', 'list', 'alter', 'describe', 'delete'] as const;
type Action = (typeof ACTIONS)[number];
const LOGGER = 'kafka.admin.TopicCommand$';
const REPLICATION_FACTOR_MAX = 32767;
const DEFAULT_CONFIG_SOURCE = 5;

export async function topics(args: readonly string[], io: ToolIo): Promise<number> {
  const options = parseLine({ specs }, args, io);
  const action = checkOptions(options, args, io);
  const admin = connectAdmin(options, io);
  try {
    await run[action](admin, options, io);
    return 0;
  } catch (error) {
    if (error instanceof ToolExit) throw error;
    io.out(`Error while executing topic command : ${messageOf(error)}\n`);
    const causes = error instanceof OptionError ? error.causes.map((cause) => `Caused by: ${cause}\n`).join('') : '';
    logLine(io, 'ERROR', `${describeFailure(error)}\n${causes}`, LOGGER);
    return 1;
  } finally {
    admin.close();
  }
}

/** Options and the only actions they go with. */
const ONLY_WITH: Readonly<Record<string, readonly Action[]>> = {
  config: ['alter', 'create'],
  'delete-config': ['alter'],
  partitions: ['alter', 'create'],
  'replication-factor': ['create'],
  'replica-assignment': ['create', 'alter'],
  'under-replicated-partitions': ['describe'],
  'under-min-isr-partitions': ['describe'],
  'at-min-isr-partitions': ['describe'],
  'unavailable-partitions': ['describe'],
  'topics-with-overrides': ['describe'],
  'if-exists': ['alter', 'delete', 'describe'],
  'if-not-exists': ['create'],
  'exclude-internal': ['list', 'describe'],
};
/** Reports that exclude one another. */
const REPORTS = [
  'under-replicated-partitions',
  'under-min-isr-partitions',
  'at-min-isr-partitions',
  'unavailable-partitions',
];
const ALTER_HINT = ' (the kafka-configs CLI supports altering topic configs with a --bootstrap-server option)';

function checkOptions(options: Options, args: readonly string[], io: ToolIo): Action {
  const die = (message: string): never => usageExit(io, specs, message);
  const refuse = (used: string, other: string): void => {
    if (options.has(used) && options.has(other)) die(`Option "[${used}]" can't be used with option "[${other}]"`);
  };
  const need = (name: string): void => {
    if (!options.has(name)) die(`Missing required argument "[${name}]"`);
  };
  if (args.length === 0) die('Create, delete, describe, or change a topic.');
  if (options.has('help')) die('This tool helps to create, delete, describe, or change a topic.');
  showVersion(options, io);
  const asked = ACTIONS.filter((action) => options.has(action));
  const action = asked[0];
  if (asked.length !== 1 || action === undefined) {
    return die('Command must include exactly one action: --list, --describe, --create, --alter or --delete');
  }
  if (!options.has('bootstrap-server')) {
    uncaughtExit(io, 'java.lang.IllegalArgumentException', '--bootstrap-server must be specified');
  }
  if (action === 'describe' && options.has('if-exists')) {
    if (!options.has('topic') && !options.has('topic-id')) die('--topic or --topic-id is required to describe a topic');
    if (options.has('topic') && options.has('topic-id')) {
      io.out(
        'Only topic id will be used when both --topic and --topic-id are specified and topicId is not Uuid.ZERO_UUID\n',
      );
    }
  }
  if (action !== 'list' && action !== 'describe') need('topic');
  if (action === 'alter') {
    if (options.has('config')) {
      die(`Option combination "[bootstrap-server],[config]" can't be used with option "[alter]"${ALTER_HINT}`);
    }
    need('partitions');
  }
  for (const [name, allowed] of Object.entries(ONLY_WITH)) {
    if (!allowed.includes(action)) refuse(name, action);
    if (name === 'delete-config') refuse(name, 'bootstrap-server');
    if (name === 'replica-assignment' && action === 'create') {
      refuse(name, 'partitions');
      refuse(name, 'replication-factor');
    }
    const others = REPORTS.includes(name)
      ? [...REPORTS, 'topics-with-overrides']
      : name === 'topics-with-overrides'
        ? REPORTS
        : [];
    for (const other of others) if (other !== name) refuse(name, other);
  }
  return action;
}

type Run = (admin: Admin, options: Options, io: ToolIo) => Promise<void>;
const run: Record<Action, Run> = { create, list, alter, describe, delete: remove };

async function create(admin: Admin, options: Options, io: ToolIo): Promise<void> {
  const name = options.one('topic') ?? '';
  const partitions = options.number('partitions');
  const replicationFactor = options.number('replication-factor');
  const assignment = parseAssignment(options.one('replica-assignment'));
  const configs = parseConfigs(options.all('config'));
  if (/[._]/.test(name)) {
    io.out(
      "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. " +
        'To avoid issues it is best to use either, but not both.\n',
    );
  }
  if (replicationFactor !== null && (replicationFactor > REPLICATION_FACTOR_MAX || replicationFactor < 1)) {
    throw illegalArgument(`The replication factor must be between 1 and ${REPLICATION_FACTOR_MAX} inclusive`);
  }
  if (partitions !== null && partitions < 1) throw illegalArgument('The partitions must be greater than 0');
  try {
    await admin.createTopic({
      name,
      numPartitions: partitions ?? -1,
      replicationFactor: replicationFactor ?? -1,
      assignments: (assignment ?? []).map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
      configs: [...configs].map(([key, value]) => ({ name: key, value })),
    });
  } catch (error) {
    const exists = error instanceof KafkaError && error.code === ErrorCode.TOPIC_ALREADY_EXISTS;
    if (exists && options.has('if-not-exists')) return;
    throw error;
  }
  io.out(`Created topic ${name}.\n`);
}

async function list(admin: Admin, options: Options, io: ToolIo): Promise<void> {
  const found = await matching(admin, options);
  io.out(`${found.map(({ name }) => name).join('\n')}\n`);
}

async function alter(admin: Admin, options: Options): Promise<void> {
  const partitions = options.number('partitions') ?? 0;
  const assignment = parseAssignment(options.one('replica-assignment'));
  const found = await matching(admin, options);
  requireTopic(found, options);
  if (found.length === 0) return;
  await admin.createPartitions(
    found.map((topic) => ({
      name: topic.name ?? '',
      count: partitions,
      assignments:
        assignment === null ? null : assignment.slice(topic.partitions.length).map((brokerIds) => ({ brokerIds })),
    })),
  );
}

async function remove(admin: Admin, options: Options): Promise<void> {
  const found = await matching(admin, options);
  requireTopic(found, options);
  if (found.length > 0) await admin.deleteTopics(found.map(({ name }) => name ?? ''));
}

/** Topics that `--topic` asks for, sorted by name. */
async function matching(admin: Admin, options: Options): Promise<TopicMetadata[]> {
  const all = await admin.listTopics();
  const pattern = options.one('topic') === null ? null : topicPattern(options.one('topic')!);
  const excluded = (name: string): boolean => options.has('exclude-internal') && isInternalTopic(name);
  return all
    .filter(({ name }) => name !== null && !excluded(name) && (pattern === null || pattern.test(name)))
    .sort((a, b) => (a.name! < b.name! ? -1 : 1));
}

function requireTopic(found: readonly TopicMetadata[], options: Options): void {
  const topic = options.one('topic');
  if (topic !== null && !options.has('if-exists') && found.length === 0) {
    throw illegalArgument(`Topic '${topic}' does not exist as expected`);
  }
}

async function describe(admin: Admin, options: Options, io: ToolIo): Promise<void> {
  const found = await describedTopics(admin, options);
  const configs =
    found.length === 0 ? new Map<string, TopicConfig[]>() : await admin.topicConfigs(found.map(({ name }) => name ?? ''));
  const live = await admin.liveBrokers();
  const reassignments = await admin.reassignments(
    found.map(({ name, partitions }) => ({
      name: name ?? '',
      partitionIndexes: partitions.map((partition) => partition.partitionIndex),
    })),
  );
  const reports = REPORTS.filter((name) => options.has(name));
  const overridesOnly = options.has('topics-with-overrides');
  for (const topic of javaHashOrder(found, ({ name }) => name ?? '', found.length)) {
    const entries = configs.get(topic.name ?? '') ?? [];
    const rows = [...topic.partitions].sort((a, b) => a.partitionIndex - b.partitionIndex);
    const moves = new Map(reassignments.filter((move) => move.topic === topic.name).map((move) => [move.partition, move]));
    const overrides = javaHashOrder(entries, ({ name }) => name).filter(
      ({ configSource }) => configSource !== DEFAULT_CONFIG_SOURCE,
    );
    if (reports.length === 0 && (!overridesOnly || overrides.length > 0)) {
      const first = rows[0];
      const replicas = first === undefined ? 0 : replicationFactorOf(first, moves.get(first.partitionIndex));
      io.out(
        `Topic: ${topic.name}${topic.topicId === ZERO_UUID ? '' : `\tTopicId: ${topic.topicId}`}\tPartitionCount: ${rows.length}` +
          `\tReplicationFactor: ${replicas}\tConfigs: ${overrides.map(({ name, value }) => `${name}=${value}`).join(',')}\n`,
      );
    }
    if (overridesOnly) continue;
    const minIsr = Number(entries.find(({ name }) => name === 'min.insync.replicas')?.value ?? 1);
    for (const partition of rows) {
      const move = moves.get(partition.partitionIndex);
      const shown = reports.length === 0 || reports.some((report) => isReported(report, partition, move, minIsr, live));
      if (shown) io.out(partitionRow(topic.name ?? '', partition, move, live));
    }
  }
}

async function describedTopics(admin: Admin, options: Options): Promise<TopicMetadata[]> {
  const topicId = options.one('topic-id');
  if (topicId === null || topicId === ZERO_UUID) {
    const found = await matching(admin, options);
    requireTopic(found, options);
    return found;
  }
  const found = (await admin.listTopics()).filter((topic) => topic.topicId === topicId);
  if (found.length === 0 && !options.has('if-exists'))
    throw illegalArgument(`TopicId '${topicId}' does not exist as expected`);
  return found;
}

type PartitionMetadata = TopicMetadata['partitions'][number];

/** Replicas that stay when a reassignment is under way, else all. */
function replicationFactorOf(partition: PartitionMetadata, move: Reassignment | undefined): number {
  const changing = move === undefined ? [] : [...move.adding, ...move.removing];
  if (move === undefined || !partition.replicaNodes.some((id) => changing.includes(id)))
    return partition.replicaNodes.length;
  return move.replicas.filter((id) => !move.adding.includes(id)).length;
}

function hasLeader(partition: PartitionMetadata, live: ReadonlySet<number>): boolean {
  return partition.leaderId >= 0 && live.has(partition.leaderId);
}

function isReported(
  report: string,
  partition: PartitionMetadata,
  move: Reassignment | undefined,
  minIsr: number,
  live: ReadonlySet<number>,
): boolean {
  const inSync = partition.isrNodes.length;
  switch (report) {
    case 'under-replicated-partitions':
      return replicationFactorOf(partition, move) > inSync;
    case 'under-min-isr-partitions':
      return !hasLeader(partition, live) || inSync < minIsr;
    case 'at-min-isr-partitions':
      return inSync === minIsr;
    default:
      return !hasLeader(partition, live);
  }
}

function partitionRow(
  topic: string,
  partition: PartitionMetadata,
  move: Reassignment | undefined,
  live: ReadonlySet<number>,
): string {
  const leader = hasLeader(partition, live) ? partition.leaderId : 'none';
  const moving =
    move === undefined ? '' : `\tAdding Replicas: ${move.adding.join(',')}\tRemoving Replicas: ${move.removing.join(',')}`;
  return (
    `\tTopic: ${topic}\tPartition: ${partition.partitionIndex}\tLeader: ${leader}` +
    `\tReplicas: ${partition.replicaNodes.join(',')}\tIsr: ${partition.isrNodes.join(',')}${moving}\n`
  );
}

function parseConfigs(pairs: readonly string[]): Map<string, string> {
  const configs = new Map<string, string>();
  for (const pair of pairs) {
    const parts = pair.split(/\s*=\s*/);
    while (parts.at(-1) === '') parts.pop(); // Java's split drops empty strings at the end
    if (parts.length !== 2) {
      const message = 'requirement failed: Invalid topic config: all configs to be added must be in the format "key=val".';
      throw illegalArgument(message);
    }
    configs.set(parts[0]!.trim(), parts[1]!.trim());
  }
  checkConfigs(configs);
  return configs;
}

/** Wrong values are told before anything is asked of a broker. Names that are not known are left to the broker. */
function checkConfigs(configs: ReadonlyMap<string, string>): void {
  if ([...configs.keys()].some((name) => topicSetting(name) === undefined)) return;
  try {
    logConfigFrom(defaultLogConfig, configs);
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    throw new JavaError('org.apache.kafka.common.config.ConfigException', error.message);
  }
}

/** `0:1,1:2` as replicas by partition; null when there is none. */
function parseAssignment(text: string | null): number[][] | null {
  if (text === null || text === '') return null;
  const assignment: number[][] = [];
  for (const [partition, part] of text.split(',').entries()) {
    const replicas = part.split(':').map((id) => {
      if (/^[+-]?\d+$/.test(id.trim())) return Number(id);
      throw new JavaError('java.lang.NumberFormatException', `For input string: "${id.trim()}"`);
    });
    const repeated = [...new Set(replicas.filter((id, at) => replicas.indexOf(id) !== at))];
    if (repeated.length > 0) {
      const message = `Partition replica lists may not contain duplicate entries: ${repeated.join(',')}`;
      throw new JavaError('kafka.common.AdminCommandFailedException', message);
    }
    assignment.push(replicas);
    if (replicas.length !== assignment[0]!.length) {
      throw new JavaError(
        'kafka.admin.AdminOperationException',
        `Partition ${partition} has different replication factor: ${replicas}`,
      );
    }
  }
  return assignment;
}
