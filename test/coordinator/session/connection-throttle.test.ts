import { expect } from 'chai';
import type { ConnectionThrottleOptions } from '../../../coordinator/session/connection-throttle.ts';
import { ConnectionThrottle } from '../../../coordinator/session/connection-throttle.ts';

const options: ConnectionThrottleOptions = {
  tokensMax: 3, fillTimeMs: 100, fillCount: 2, freezeTimeMs: -1, dropIncrease: 0.25, dropDecrease: 0.125, decreaseRatio: 0, weights: null, random: () => 0.5,
};
const admitted = (throttle: ConnectionThrottle, count: number, nowMs: number): number => {
  let admits = 0;
  for (let i = 0; i < count; i++) if (throttle.admit('global', nowMs)) admits++;
  return admits;
};

describe('ConnectionThrottle', () => {
  it('lets in as many as there are tokens, and fills them with time up to the most', () => {
    const throttle = new ConnectionThrottle(options, 0);
    expect(admitted(throttle, 5, 0)).to.equal(3);
    expect(throttle.deficit).to.equal(3);
    expect(admitted(throttle, 5, 100)).to.equal(0);
    expect(admitted(throttle, 5, 101)).to.equal(2);
    expect(admitted(throttle, 5, 10_000)).to.equal(3);
  });

  it('takes more tokens for what costs more; the bucket is counted in global sessions', () => {
    const throttle = new ConnectionThrottle({ ...options, weights: { global: 3, local: 1, renew: 2 } }, 0);
    expect(throttle.admit('global', 0)).to.equal(true);
    expect(throttle.admit('renew', 0)).to.equal(true);
    expect(throttle.admit('global', 0)).to.equal(true);
    expect(throttle.admit('renew', 0)).to.equal(false);
    expect(throttle.admit('local', 0)).to.equal(true);
    expect(throttle.admit('local', 0)).to.equal(false);
  });

  it('refuses by chance while the bucket stays empty, less and less once it is full', () => {
    const throttle = new ConnectionThrottle({ ...options, fillTimeMs: 1_000_000, freezeTimeMs: 10 }, 0);
    expect(admitted(throttle, 3, 0)).to.equal(3);
    for (const [nowMs, chance] of [[11, 0.25], [12, 0.25], [22, 0.5], [33, 0.75], [44, 1], [55, 1]] as const) {
      expect(throttle.admit('global', nowMs)).to.equal(false);
      expect(throttle.dropChance).to.equal(chance);
    }
    // Full again: the chance shrinks, and until it is small enough nobody gets in.
    const later = 9_000_000;
    for (let i = 1; i <= 5; i++) expect(throttle.admit('global', later + i * 11)).to.equal(i >= 4, String(i));
    expect(throttle.dropChance).to.equal(0.5);
  });
});
