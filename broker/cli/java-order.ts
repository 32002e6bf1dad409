/**
 * The order in which Java's HashMap hands strings out. Some tools print straight from one, and scripts compare such output,
 * so ours comes in the same order.
 */

/** `String.hashCode`. */
export function javaHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

/** `items` as a HashMap made with `initialCapacity` iterates over them, by the string (or the hash) that `keyOf` gives. */
export function javaHashOrder<T>(items: readonly T[], keyOf: (item: T) => string | number, initialCapacity = 16): T[] {
  let capacity = 1;
  while (capacity < initialCapacity) capacity *= 2;
  while (items.length > capacity * 0.75) capacity *= 2;
  const bucketOf = (item: T): number => {
    const key = keyOf(item);
    const hash = typeof key === 'number' ? key : javaHash(key);
    return (hash ^ (hash >>> 16)) & (capacity - 1);
  };
  return [...items].sort((a, b) => bucketOf(a) - bucketOf(b));
}
