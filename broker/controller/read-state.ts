/** Reads the cluster's state out of the znodes: a new controller's first step, and each refresh after a watch fired. */
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { Data } from '../../shared/znode/operations.ts';
import type { Stat } from '../../shared/znode/stat.ts';
import type { CoordinatorClient, WatchCallback } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import type { LiveBroker, Partition, PartitionState } from './cluster-state.ts';
import type { TopicRecord } from './znodes.ts';
import { brokerIdsZnode, brokerIdZnode, partitionStateZnode, topicZnode } from './znodes.ts';

export type ReadingClient = Pick<CoordinatorClient, 'getData' | 'getChildren'>;

/** Data and Stat, or null when there is no such znode. */
export async function getDataOrNull(
  client: ReadingClient,
  path: string,
  watch?: WatchCallback,
): Promise<{ data: Data; stat: Stat } | null> {
  try {
    return await client.getData(path, watch === undefined ? {} : { watch });
  } catch (error) {
    if (error instanceof CoordinatorError && error.code === ErrorCode.NONODE) return null;
    throw error;
  }
}

/** The registered brokers. `watchBroker` is armed on each registration (its data may change: endpoints). */
export async function readLiveBrokers(
  client: ReadingClient,
  watchIds?: WatchCallback,
  watchBroker?: WatchCallback,
): Promise<Map<number, LiveBroker>> {
  const { children } = await client.getChildren(brokerIdsZnode.path, watchIds === undefined ? {} : { watch: watchIds });
  const ids = children.map(Number).filter((id) => Number.isSafeInteger(id));
  const found = await Promise.all(ids.map((id) => getDataOrNull(client, brokerIdZnode.path(id), watchBroker)));
  const live = new Map<number, LiveBroker>();
  for (const [index, znode] of found.entries()) {
    const id = ids[index]!;
    if (znode !== null) live.set(id, { registration: brokerIdZnode.decode(id, znode.data), brokerEpoch: znode.stat.czxid });
  }
  return live;
}

export interface ReadTopics {
  records: Map<string, TopicRecord>;
  /** Topics whose znode cannot be read, with the reason: they are left alone. */
  unreadable: Map<string, unknown>;
}

/** Topic znodes by name; topics that are gone meanwhile are left out. */
export async function readTopics(
  client: ReadingClient,
  topics: readonly string[],
  watchTopic?: WatchCallback,
): Promise<ReadTopics> {
  const found = await Promise.all(topics.map((topic) => getDataOrNull(client, topicZnode.path(topic), watchTopic)));
  const records = new Map<string, TopicRecord>();
  const unreadable = new Map<string, unknown>();
  for (const [index, znode] of found.entries()) {
    const topic = topics[index]!;
    if (znode === null) continue;
    try {
      records.set(topic, topicZnode.decode(topic, znode.data));
    } catch (error) {
      unreadable.set(topic, error);
    }
  }
  return { records, unreadable };
}

/** The partitions of a topic with their leaders and ISRs. */
export async function readPartitions(
  client: ReadingClient,
  topic: string,
  record: TopicRecord,
): Promise<Map<number, Partition>> {
  const indexes = [...record.partitions.keys()];
  const found = await Promise.all(indexes.map((index) => getDataOrNull(client, partitionStateZnode.path(topic, index))));
  const partitions = new Map<number, Partition>();
  for (const [position, index] of indexes.entries()) {
    const znode = found[position] ?? null;
    const state: PartitionState | null =
      znode === null
        ? null
        : { ...partitionStateZnode.decode(topic, index, znode.data), partitionEpoch: znode.stat.version };
    partitions.set(index, { assignment: record.partitions.get(index)!, state });
  }
  return partitions;
}
