/** The requests that kafka-reassign-partitions sends, and what their answers mean. */
import { RESOURCE_TOPIC, type Admin, type Reassignment } from '../../client/admin.ts';
import { KafkaError } from '../../client/errors.ts';
import { ErrorCode, errorMessage } from '../../protocol/error-codes.ts';
import { alterReplicaLogDirs } from '../../protocol/messages/34-alter-replica-log-dirs.ts';
import { describeLogDirs } from '../../protocol/messages/35-describe-log-dirs.ts';
import { incrementalAlterConfigs } from '../../protocol/messages/44-incremental-alter-configs.ts';
import { alterPartitionReassignments } from '../../protocol/messages/45-alter-partition-reassignments.ts';
import { listPartitionReassignments } from '../../protocol/messages/46-list-partition-reassignments.ts';
import { partitionName, type TopicPartition } from '../json-input.ts';
import type { ReplicaMove, Target } from './reassign-plan.ts';

const RESOURCE_BROKER = 4;
const SET = 0;
const DELETE = 1;
const TIMEOUT_MS = 60_000;

/** A setting to be set, or with null to be deleted. */
export type ConfigChange = readonly [name: string, value: string | null];

/** All reassignments under way. */
export function listReassignments(admin: Admin): Promise<Reassignment[]> {
  return admin.call('listPartitionReassignments', async () => {
    const answer = await admin.toController(listPartitionReassignments, { timeoutMs: TIMEOUT_MS, topics: null });
    admin.check(answer.errorCode, answer.errorMessage);
    return answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => ({
        topic: name,
        partition: partitionIndex,
        replicas,
        adding: addingReplicas,
        removing: removingReplicas,
      })),
    );
  });
}

/** Starts reassignments, or with `replicas` null cancels them. Returns the refusals, by partition. */
export function alterReassignments(
  admin: Admin,
  targets: readonly (TopicPartition & { readonly replicas: Target['replicas'] | null })[],
): Promise<Map<string, string>> {
  return admin.call('alterPartitionReassignments', async () => {
    const topics = [...new Set(targets.map(({ topic }) => topic))].map((name) => ({
      name,
      partitions: targets
        .filter(({ topic }) => topic === name)
        .map(({ partition, replicas }) => ({ partitionIndex: partition, replicas })),
    }));
    const answer = await admin.toController(alterPartitionReassignments, { timeoutMs: TIMEOUT_MS, topics });
    admin.check(answer.errorCode, answer.errorMessage);
    const refusals = new Map<string, string>();
    for (const { name, partitions } of answer.responses) {
      for (const { partitionIndex, errorCode, errorMessage: message } of partitions) {
        if (errorCode === ErrorCode.NONE) continue;
        refusals.set(partitionName({ topic: name, partition: partitionIndex }), message ?? errorMessage(errorCode));
      }
    }
    return refusals;
  });
}

/** The replicas of all partitions of some topics that exist, by partition. Throws for a topic that doesn't, unless it may be missing. */
export async function replicasOf(admin: Admin, topics: Iterable<string>, mayMiss = false): Promise<Map<string, Target>> {
  const names = [...new Set(topics)];
  if (names.length === 0) return new Map();
  const found = await admin.call('describeTopics', async () => (await admin.cluster.refresh(names)).topics);
  const targets = new Map<string, Target>();
  for (const { name, errorCode, partitions } of found) {
    if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
      if (!mayMiss) throw new KafkaError(errorCode, `Topic ${name} not found.`);
      continue;
    }
    for (const { partitionIndex, replicaNodes } of partitions) {
      const target = { topic: name ?? '', partition: partitionIndex, replicas: replicaNodes };
      targets.set(partitionName(target), target);
    }
  }
  return targets;
}

/** Changes settings of topics. */
export async function changeTopics(admin: Admin, changes: ReadonlyMap<string, readonly ConfigChange[]>): Promise<void> {
  if (changes.size === 0) return;
  const resources = [...changes].map(([name, list]) => resourceOf(RESOURCE_TOPIC, name, list));
  const request = { resources, validateOnly: false };
  const { responses } = await admin.call('incrementalAlterConfigs', () => admin.cluster.request(incrementalAlterConfigs, request));
  for (const { errorCode, errorMessage: message } of responses) admin.check(errorCode, message);
}

/** Changes settings of single brokers, each told itself. */
export async function changeBrokers(admin: Admin, brokers: readonly number[], changes: readonly ConfigChange[]): Promise<void> {
  await admin.liveBrokers();
  for (const broker of brokers) {
    const { responses } = await admin.call('incrementalAlterConfigs', async () => {
      const node = admin.cluster.brokers.get(broker);
      // A broker that is down is told by whoever is up: the setting waits for it.
      const connection = node === undefined ? await admin.cluster.any() : await admin.cluster.connect(node);
      const resources = [resourceOf(RESOURCE_BROKER, String(broker), changes)];
      return connection.request(incrementalAlterConfigs, { resources, validateOnly: false });
    });
    for (const { errorCode, errorMessage: message } of responses) admin.check(errorCode, message);
  }
}

function resourceOf(resourceType: number, resourceName: string, changes: readonly ConfigChange[]) {
  const configs = changes.map(([name, value]) => ({ name, configOperation: value === null ? DELETE : SET, value }));
  return { resourceType, resourceName, configs };
}

/** Where a replica lies, and where it is moving to. */
export interface ReplicaDirs {
  readonly current: string | null;
  readonly future: string | null;
}

/** Directories of replicas, by `topic-partition-broker`. A broker that is down has none. */
export async function findReplicaDirs(admin: Admin, replicas: readonly ReplicaMove[]): Promise<Map<string, ReplicaDirs>> {
  const found = new Map<string, ReplicaDirs>();
  const live = replicas.length === 0 ? new Set<number>() : await admin.liveBrokers();
  for (const broker of new Set(replicas.map((replica) => replica.broker))) {
    if (!live.has(broker)) continue;
    const mine = replicas.filter((replica) => replica.broker === broker);
    for (const replica of mine) found.set(replicaName(replica), { current: null, future: null });
    const topics = mine.map(({ topic, partition }) => ({ topic, partitions: [partition] }));
    const answer = await admin.call('describeReplicaLogDirs', async () =>
      (await admin.cluster.broker(broker)).request(describeLogDirs, { topics }),
    );
    for (const { logDir, topics: held } of answer.results) {
      for (const { name, partitions } of held) {
        for (const { partitionIndex, isFutureKey } of partitions) {
          const key = `${name}-${partitionIndex}-${broker}`;
          const known = found.get(key);
          if (known !== undefined) found.set(key, isFutureKey ? { ...known, future: logDir } : { ...known, current: logDir });
        }
      }
    }
  }
  return found;
}

export function replicaName({ topic, partition, broker }: Pick<ReplicaMove, 'topic' | 'partition' | 'broker'>): string {
  return `${topic}-${partition}-${broker}`;
}

/** Asks brokers to move replicas between their directories. Returns those that were taken. */
export async function moveReplicas(admin: Admin, moves: readonly ReplicaMove[]): Promise<ReplicaMove[]> {
  const taken: ReplicaMove[] = [];
  const live = await admin.liveBrokers();
  for (const broker of new Set(moves.map((move) => move.broker))) {
    if (!live.has(broker)) continue;
    const mine = moves.filter((move) => move.broker === broker);
    const dirs = [...new Set(mine.map(({ logDir }) => logDir))].map((path) => ({
      path,
      topics: mine.filter(({ logDir }) => logDir === path).map(({ topic, partition }) => ({ name: topic, partitions: [partition] })),
    }));
    const answer = await admin.call('alterReplicaLogDirs', async () =>
      (await admin.cluster.broker(broker)).request(alterReplicaLogDirs, { dirs }),
    );
    const fine = new Set(
      answer.results.flatMap(({ topicName, partitions }) =>
        partitions.filter(({ errorCode }) => errorCode === ErrorCode.NONE).map(({ partitionIndex }) => `${topicName}-${partitionIndex}`),
      ),
    );
    taken.push(...mine.filter((move) => fine.has(partitionName(move))));
  }
  return taken;
}
