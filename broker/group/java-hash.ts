/**
 * Which partition of an internal topic keeps a group (or a transactional id): every client and broker that shares the
 * cluster has to agree, so it is Java's `String.hashCode`, and the absolute value in which the one int without a positive
 * twin is 0.
 */
export function javaHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

export function partitionForKey(key: string, partitionCount: number): number {
  const hash = javaHash(key);
  return (hash === -0x8000_0000 ? 0 : Math.abs(hash)) % partitionCount;
}
