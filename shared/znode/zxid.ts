/**
 * A zxid orders every change: the leader's epoch in the high 32 bits, a counter in the low 32. Held as a `number`, which is
 * exact up to epoch 2^21 (a new leader every second for 24 days); codecs turn it into 64 bits.
 */
const COUNTER_RANGE = 0x1_0000_0000;
export const COUNTER_MAX = 0xffff_ffff;

export function makeZxid(epoch: number, counter: number): number {
  return epoch * COUNTER_RANGE + counter;
}

export function epochOf(zxid: number): number {
  return Math.floor(zxid / COUNTER_RANGE);
}

export function counterOf(zxid: number): number {
  return zxid - epochOf(zxid) * COUNTER_RANGE;
}

/** `0x100000003`, as the four-letter words and the shell print it. */
export function formatZxid(zxid: number): string {
  return `0x${zxid.toString(16)}`;
}
