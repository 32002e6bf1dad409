/** Reads the cluster's state out of the znodes: a new controller's first step, and each refresh after a watch fired. */
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { Data } from '../../shared/znode/operations.ts';
import type { Stat } from '../../shared/znode/stat.ts';
import type { CoordinatorClient, WatchCallback } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import type { LiveBroker, PartitionState, TopicPartition } from './cluster-state.ts';
import type { TopicRecord } from './znodes.ts';
import { brokerIdsZnode, brokerIdZnode, partitionStateZnode, topicZnode } from './znodes.ts';

export type ReadingClient = Pick<CoordinatorClient, 'getData' | 'getChildren'>;
/** What the controller needs of its session. */
export type ControllerClient = Pick<
  CoordinatorClient,
  'sessionId' | 'whenConnected' | 'create' | 'exists' | 'getData' | 'getChildren' | 'multi'
>;
export type WatchingClient = Pick<CoordinatorClient, 'getData' | 'getChildren' | 'exists'>;

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

/** Calls in flight at a time: enough to keep a connection busy, few enough for anybody's queues. */
const READS_AT_A_TIME = 2000;

/** `read` of each item, in order, a bounded number at a time. */
async function readAll<T, R>(items: readonly T[], read: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += READS_AT_A_TIME) {
    for (const result of await Promise.all(items.slice(at, at + READS_AT_A_TIME).map(read))) results.push(result);
  }
  return results;
}

/** What the znodes said that cannot be understood: by path, with the reason. */
export type Unreadable = (path: string, error: unknown) => void;

/** The registered brokers. `watchBroker` is armed on each registration (its data may change: endpoints). */
export async function readLiveBrokers(
  client: ReadingClient,
  unreadable: Unreadable,
  watchIds?: WatchCallback,
  watchBroker?: WatchCallback,
): Promise<Map<number, LiveBroker>> {
  const { children } = await client.getChildren(brokerIdsZnode.path, watchIds === undefined ? {} : { watch: watchIds });
  const ids = children.map(Number).filter((id) => Number.isSafeInteger(id));
  const found = await readAll(ids, (id) => getDataOrNull(client, brokerIdZnode.path(id), watchBroker));
  const live = new Map<number, LiveBroker>();
  for (const [index, znode] of found.entries()) {
    const id = ids[index]!;
    if (znode === null) continue;
    try {
      live.set(id, { registration: brokerIdZnode.decode(id, znode.data), brokerEpoch: znode.stat.czxid });
    } catch (error) {
      unreadable(brokerIdZnode.path(id), error);
    }
  }
  return live;
}

export interface ReadTopics {
  records: Map<string, TopicRecord>;
  /** Of their znodes. */
  versions: Map<string, number>;
}

/** Topic znodes by name; topics that are gone meanwhile, and those that make no sense, are left out. */
export async function readTopics(
  client: ReadingClient,
  topics: readonly string[],
  unreadable: Unreadable,
  watchTopic?: WatchCallback,
): Promise<ReadTopics> {
  const found = await readAll(topics, (topic) => getDataOrNull(client, topicZnode.path(topic), watchTopic));
  const records = new Map<string, TopicRecord>();
  const versions = new Map<string, number>();
  for (const [index, znode] of found.entries()) {
    const topic = topics[index]!;
    if (znode === null) continue;
    try {
      records.set(topic, topicZnode.decode(topic, znode.data));
      versions.set(topic, znode.stat.version);
    } catch (error) {
      unreadable(topicZnode.path(topic), error);
    }
  }
  return { records, versions };
}

/** Leader and ISR of a partition, null where nobody led yet, or 'unreadable'. */
export type ReadPartitionState = PartitionState | null | 'unreadable';

/** Leaders and ISRs of these partitions, in their order. */
export async function readPartitionStates(
  client: ReadingClient,
  partitions: readonly TopicPartition[],
  unreadable: Unreadable,
): Promise<ReadPartitionState[]> {
  const found = await readAll(partitions, ({ topic, partition }) =>
    getDataOrNull(client, partitionStateZnode.path(topic, partition)),
  );
  return found.map((znode, index) => {
    if (znode === null) return null;
    const { topic, partition } = partitions[index]!;
    try {
      return { ...partitionStateZnode.decode(topic, partition, znode.data), partitionEpoch: znode.stat.version };
    } catch (error) {
      unreadable(partitionStateZnode.path(topic, partition), error);
      return 'unreadable';
    }
  });
}

/** The names below a znode; none when it is not there, and then `watch` waits for it to come. */
export async function childrenOf(client: WatchingClient, path: string, watch?: WatchCallback): Promise<readonly string[]> {
  for (;;) {
    try {
      return (await client.getChildren(path, watch === undefined ? {} : { watch })).children;
    } catch (error) {
      if (!(error instanceof CoordinatorError) || error.code !== ErrorCode.NONODE) throw error;
    }
    if (watch === undefined || (await client.exists(path, { watch })) === null) return [];
  }
}

/** Data and Stat, or null when there is no such znode; `watch` hears of the next change, also of its coming. */
export async function watchData(
  client: WatchingClient,
  path: string,
  watch: WatchCallback,
): Promise<{ data: Data; stat: Stat } | null> {
  for (;;) {
    const znode = await getDataOrNull(client, path, watch);
    if (znode !== null) return znode;
    if ((await client.exists(path, { watch })) === null) return null;
  }
}
