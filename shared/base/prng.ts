/**
 * A small seeded generator (xoshiro128**, Blackman and Vigna 2018): the same seed gives the same numbers everywhere, so a
 * seed replays a simulation or a property test. Not for secrets.
 */
export interface Prng {
  /** A float in [0, 1). */
  next(): number;
  /** An integer in [0, below). */
  int(below: number): number;
  /** A new generator whose numbers don't depend on how many are drawn from this one later. */
  fork(): Prng;
}

export function createPrng(seed: number): Prng {
  // splitmix32 spreads a small seed over the state, which must not be all zero.
  let mix = seed >>> 0;
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let d = splitmix() | 1;

  const rotl = (x: number, k: number): number => ((x << k) | (x >>> (32 - k))) >>> 0;
  const uint32 = (): number => {
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0;
    const t = (b << 9) >>> 0;
    c = (c ^ a) >>> 0;
    d = (d ^ b) >>> 0;
    b = (b ^ c) >>> 0;
    a = (a ^ d) >>> 0;
    c = (c ^ t) >>> 0;
    d = rotl(d, 11);
    return result;
  };
  return {
    next: () => uint32() / 0x1_0000_0000,
    int: (below) => Math.floor((uint32() / 0x1_0000_0000) * below),
    fork: () => createPrng(uint32()),
  };
}
