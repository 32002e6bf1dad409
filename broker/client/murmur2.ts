/**
 * MurmurHash2 as Kafka's Java client hashes keys (seed 0x9747b28c), and the partition that follows from it. Every client in
 * use computes the same, which is why records with one key stay in one partition.
 */
const SEED = 0x9747b28c;
const M = 0x5bd1e995;

export function murmur2(data: Buffer): number {
  const { length } = data;
  let hash = SEED ^ length;
  const words = length >> 2;
  for (let at = 0; at < words * 4; at += 4) {
    let k = Math.imul(data.readInt32LE(at), M);
    k ^= k >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(k, M);
  }
  const tail = words * 4;
  const rest = length & 3;
  if (rest === 3) hash ^= data[tail + 2]! << 16;
  if (rest >= 2) hash ^= data[tail + 1]! << 8;
  if (rest >= 1) hash = Math.imul(hash ^ data[tail]!, M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

export function partitionForKey(key: Buffer, partitionCount: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitionCount;
}
