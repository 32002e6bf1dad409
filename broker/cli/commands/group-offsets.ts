/** Offsets of partitions as kafka-consumer-groups needs them: ends, starts and places in time, by `topic-partition`. */
import type { Admin, FoundOffset, TopicMetadata } from '../../client/admin.ts';
import { KafkaError } from '../../client/errors.ts';
import type { TopicPartition } from '../../client/group-admin.ts';
import { ErrorCode } from '../../protocol/error-codes.ts';
import { illegalArgument } from '../java-exception.ts';

const LATEST = -1;
const EARLIEST = -2;

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

export function endOffsets(admin: Admin, partitions: readonly TopicPartition[]): Promise<Map<string, number>> {
  return offsetsAt(admin, partitions, LATEST);
}

export function startOffsets(admin: Admin, partitions: readonly TopicPartition[]): Promise<Map<string, number>> {
  return offsetsAt(admin, partitions, EARLIEST);
}

/** The first offset at `timestamp` or later, -1 where there is none. */
export async function offsetsAt(
  admin: Admin,
  partitions: readonly TopicPartition[],
  timestamp: number,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const names = [...new Set(partitions.map(({ topic }) => topic))];
  if (names.length === 0) return found;
  await admin.call('listOffsets', async () => {
    for (const topic of (await admin.cluster.refresh(names)).topics) {
      admin.check(topic.errorCode, null);
      const wanted = partitions.filter((entry) => entry.topic === topic.name).map(({ partition }) => partition);
      for (const { partition, offset } of await ask(admin, topic, wanted, timestamp)) {
        found.set(keyOf({ topic: topic.name ?? '', partition }), offset);
      }
    }
  });
  return found;
}

async function ask(
  admin: Admin,
  topic: TopicMetadata,
  wanted: readonly number[],
  timestamp: number,
): Promise<readonly FoundOffset[]> {
  const known = new Set(topic.partitions.map(({ partitionIndex }) => partitionIndex));
  // Retried like any answer of this kind: the partition may be about to come into being.
  if (wanted.some((partition) => !known.has(partition))) throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const found = await admin.offsets(topic, wanted, timestamp);
  for (const { errorCode } of found) admin.check(errorCode, null);
  return found;
}

/** Partitions that arguments like `t` (all of it) and `t:0,2` name. Those named one by one come first. */
export async function partitionsOf(admin: Admin, args: readonly string[]): Promise<TopicPartition[]> {
  const listed = args.filter((arg) => arg.includes(':')).flatMap(listedPartitions);
  const topics = args.filter((arg) => !arg.includes(':'));
  if (topics.length === 0) return listed;
  // A topic that is not there is told at once, though the error could pass.
  const answers = await admin.call('describeTopics', async () => (await admin.cluster.refresh(topics)).topics);
  for (const { errorCode } of answers) {
    const passing = errorCode === ErrorCode.LEADER_NOT_AVAILABLE;
    if (errorCode !== ErrorCode.NONE && !passing) throw new KafkaError(errorCode);
  }
  const whole = answers.flatMap(({ name, partitions }) =>
    partitions
      .map(({ partitionIndex }) => ({ topic: name ?? '', partition: partitionIndex }))
      .sort((a, b) => a.partition - b.partition),
  );
  return [...listed, ...whole];
}

function listedPartitions(arg: string): TopicPartition[] {
  const [topic, list, ...more] = arg.split(':');
  if (topic === undefined || list === undefined || list === '' || more.length > 0) {
    throw illegalArgument(`Invalid topic arg '${arg}', expected topic name and partitions`);
  }
  return list.split(',').map((text) => {
    if (!/^[+-]?\d+$/.test(text)) throw illegalArgument(`Invalid partition '${text}' specified in topic arg '${arg}''`);
    return { topic, partition: Number(text) };
  });
}
