/**
 * The order in which Scala's immutable maps and sets hand things out: some of Kafka's tools print straight from one. Up to
 * four entries keep the order in which they came; more live in a trie of 32 branches by hash, lowest bits first, in which a
 * level's own entries come before those below it.
 */
import { javaHash } from './java-order.ts';

const BITS = 5;
const SMALL = 4;

export function scalaMapOrder<T>(items: readonly T[], hashOf: (item: T) => number): T[] {
  if (items.length <= SMALL) return [...items];
  return trieOrder(
    items.map((item) => ({ item, hash: mix(hashOf(item)) })),
    0,
  ).map(({ item }) => item);
}

/** `scala.collection.Hashing.improve`. */
function mix(hash: number): number {
  let mixed = (hash + ~(hash << 9)) | 0;
  mixed ^= mixed >>> 14;
  mixed = (mixed + (mixed << 4)) | 0;
  return mixed ^ (mixed >>> 10);
}

interface Hashed<T> {
  readonly item: T;
  readonly hash: number;
}

function trieOrder<T>(entries: readonly Hashed<T>[], shift: number): Hashed<T>[] {
  if (shift >= 32) return [...entries]; // same hash: as they came
  const branches = new Map<number, Hashed<T>[]>();
  for (const entry of entries) {
    const branch = (entry.hash >>> shift) & 31;
    branches.set(branch, [...(branches.get(branch) ?? []), entry]);
  }
  const ordered = [...branches].sort(([a], [b]) => a - b).map(([, list]) => list);
  const own = ordered.filter((list) => list.length === 1).flat();
  return [...own, ...ordered.filter((list) => list.length > 1).flatMap((list) => trieOrder(list, shift + BITS))];
}

/** `TopicPartition.hashCode`. */
export function topicPartitionHash({ topic, partition }: { topic: string; partition: number }): number {
  return (Math.imul(31, 31 + partition) + javaHash(topic)) | 0;
}
