/** What kafka-reassign-partitions reads, works out and shows: pure. Texts and refusals as in Kafka's tool. */
import type { Reassignment } from '../../client/admin.ts';
import { JavaError } from '../java-exception.ts';
import { comparePartitions, duplicatesOf, isPartition, parseObject, partitionName, type TopicPartition } from '../json-input.ts';

export const COMMAND_FAILED = 'kafka.common.AdminCommandFailedException';
const OPERATION_FAILED = 'kafka.admin.AdminOperationException';
const ANY_LOG_DIR = 'any';

export interface Target extends TopicPartition {
  readonly replicas: readonly number[];
}

/** A replica that is to lie in a certain directory of its broker. */
export interface ReplicaMove extends TopicPartition {
  readonly broker: number;
  readonly logDir: string;
}

export interface Plan {
  readonly targets: readonly Target[];
  readonly moves: readonly ReplicaMove[];
}

/** Brokers that a partition comes from, and those that it goes to besides. */
interface PartitionMove {
  readonly sources: readonly number[];
  readonly destinations: readonly number[];
}

/** The plan in a reassignment file. Throws `JavaError`. */
export function parsePlan(text: string): Plan {
  const json = parseObject(text, 'Partition reassignment data');
  checkVersion(json['version']);
  const { partitions = [] } = json;
  if (!Array.isArray(partitions)) throw new JavaError(OPERATION_FAILED, 'The partitions field is no list');
  const targets: Target[] = [];
  const moves: ReplicaMove[] = [];
  for (const entry of partitions as readonly unknown[]) {
    const replicas = isPartition(entry) ? entry['replicas'] : null;
    if (!isPartition(entry) || !Array.isArray(replicas) || !replicas.every((id) => Number.isSafeInteger(id))) {
      throw new JavaError(OPERATION_FAILED, `Each partition needs a topic, a partition and replicas, but one is ${JSON.stringify(entry)}`);
    }
    const { topic, partition } = entry;
    const logDirs: unknown = entry['log_dirs'] ?? replicas.map(() => ANY_LOG_DIR);
    if (!Array.isArray(logDirs) || logDirs.length !== replicas.length) {
      const sizes = `Size of replicas list ${replicas.join(', ')} is different from size of log dirs list ${String(logDirs)}`;
      throw new JavaError(COMMAND_FAILED, `${sizes} for partition ${topic}-${partition}`);
    }
    targets.push({ topic, partition, replicas: replicas as number[] });
    for (const [slot, logDir] of logDirs.entries()) {
      if (logDir !== ANY_LOG_DIR) moves.push({ topic, partition, broker: replicas[slot] as number, logDir: String(logDir) });
    }
  }
  return { targets, moves };
}

function checkVersion(version: unknown): void {
  if (version !== undefined && version !== 1) throw new JavaError(OPERATION_FAILED, `Not supported version field value ${String(version)}`);
}

/** What `--execute` asks of a plan. */
export function checkExecutable({ targets }: Plan): void {
  const refuse = (message: string): never => {
    throw new JavaError(COMMAND_FAILED, message);
  };
  if (targets.length === 0) refuse('Partition reassignment list cannot be empty');
  if (targets.some(({ replicas }) => replicas.length === 0)) refuse('Partition replica list cannot be empty');
  const repeated = duplicatesOf(targets.map(partitionName));
  if (repeated.length > 0) refuse(`Partition reassignment contains duplicate topic partitions: ${repeated.join(',')}`);
  const twice = targets
    .map((target) => ({ name: partitionName(target), ids: duplicatesOf(target.replicas) }))
    .filter(({ ids }) => ids.length > 0)
    .map(({ name, ids }) => `${name} contains multiple entries for ${ids.join(',')}`);
  if (twice.length > 0) refuse(`Partition replica lists may not contain duplicate entries: ${twice.join('. ')}`);
}

/** Topics and brokers that `--generate` is given. */
export function parseGenerateInput(text: string, brokerList: string): { topics: string[]; brokers: number[] } {
  const brokers = brokerList.split(',').map((id) => {
    if (/^[+-]?\d+$/.test(id)) return Number(id);
    throw new JavaError('java.lang.NumberFormatException', `For input string: "${id}"`);
  });
  const repeated = duplicatesOf(brokers);
  if (repeated.length > 0) throw new JavaError(COMMAND_FAILED, `Broker list contains duplicate entries: ${repeated.join(',')}`);
  const json = parseObject(text, 'Topics to move');
  checkVersion(json['version']);
  const list = Array.isArray(json['topics']) ? (json['topics'] as readonly unknown[]) : [];
  const topics = list.map((entry) => {
    const { topic } = (entry ?? {}) as { topic?: unknown };
    if (typeof topic === 'string') return topic;
    throw new JavaError(OPERATION_FAILED, `Each topic to move needs a name, but one is ${JSON.stringify(entry)}`);
  });
  const twice = duplicatesOf(topics);
  if (twice.length > 0) throw new JavaError(COMMAND_FAILED, `List of topics to reassign contains duplicate entries: ${twice.join(',')}`);
  return { topics, brokers };
}

/** The form that `--reassignment-json-file` takes. */
export function toReassignmentJson(targets: readonly Target[]): string {
  const partitions = [...targets]
    .sort(comparePartitions)
    .map(({ topic, partition, replicas }) => ({ topic, partition, replicas, log_dirs: replicas.map(() => ANY_LOG_DIR) }));
  return JSON.stringify({ version: 1, partitions });
}

export function describeReassignments(reassignments: readonly Reassignment[]): string {
  if (reassignments.length === 0) return 'No partition reassignments found.';
  const rows = [...reassignments].sort(comparePartitions).map((entry) => {
    const { replicas, adding, removing } = entry;
    const added = adding.length === 0 ? '' : ` adding: ${adding.join(',')}.`;
    const removed = removing.length === 0 ? '' : ` removing: ${removing.join(',')}.`;
    return `${partitionName(entry)}: replicas: ${replicas.join(',')}.${added}${removed}`;
  });
  return ['Current partition reassignments:', ...rows].join('\n');
}

/** How each target stands. `current` has the replicas of partitions that exist. */
export function describeProgress(
  targets: readonly Target[],
  ongoing: readonly Reassignment[],
  current: ReadonlyMap<string, readonly number[]>,
): string {
  const active = new Set(ongoing.map(partitionName));
  const rows = [...targets].sort(comparePartitions).map((target) => {
    const name = partitionName(target);
    if (active.has(name)) return `Reassignment of partition ${name} is still in progress.`;
    const now = (current.get(name) ?? []).join(',');
    const wanted = target.replicas.join(',');
    if (now === wanted) return `Reassignment of partition ${name} is completed.`;
    return `There is no active reassignment of partition ${name}, but replica set is ${now} rather than ${wanted}.`;
  });
  return ['Status of partition reassignment:', ...rows].join('\n');
}

/** Values of the topics' throttled replicas, and the brokers that the throttle concerns. */
export interface Throttles {
  readonly leaders: ReadonlyMap<string, string>;
  readonly followers: ReadonlyMap<string, string>;
  readonly brokers: readonly number[];
}

/** What has to be throttled while these partitions move, together with those that move already. */
export function throttlesFor(
  ongoing: readonly Reassignment[],
  targets: readonly Target[],
  current: ReadonlyMap<string, readonly number[]>,
): Throttles {
  const moves = new Map<string, Map<number, PartitionMove>>();
  const movesOf = (topic: string): Map<number, PartitionMove> => {
    const known = moves.get(topic) ?? new Map<number, PartitionMove>();
    moves.set(topic, known);
    return known;
  };
  for (const { topic, partition, replicas, adding } of ongoing) {
    movesOf(topic).set(partition, { sources: replicas.filter((id) => !adding.includes(id)), destinations: adding });
  }
  for (const target of targets) {
    const known = movesOf(target.topic).get(target.partition);
    const sources = known?.sources ?? current.get(partitionName(target)) ?? [];
    const destinations = target.replicas.filter((id) => !sources.includes(id));
    movesOf(target.topic).set(target.partition, { sources, destinations });
  }
  const leaders = new Map<string, string>();
  const followers = new Map<string, string>();
  const brokers = new Set<number>();
  for (const [topic, partitions] of moves) {
    const list = (side: keyof PartitionMove): string =>
      [...new Set([...partitions].flatMap(([partition, move]) => move[side].map((id) => `${partition}:${id}`)))].sort().join(',');
    leaders.set(topic, list('sources'));
    followers.set(topic, list('destinations'));
    for (const { sources, destinations } of partitions.values()) for (const id of [...sources, ...destinations]) brokers.add(id);
  }
  return { leaders, followers, brokers: [...brokers].sort((a, b) => a - b) };
}
