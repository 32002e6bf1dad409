import { expect } from 'chai';
import { ClientQuota, IDLE_MS, THROTTLE_MS_MAX } from '../../../broker/quota/client-quota.ts';

describe('ClientQuota', () => {
  const windows = { count: 11, sizeMs: 1000 };
  const quotaOf = (limit: number | undefined, throttleMsMax?: number): ClientQuota => {
    const quota = new ClientQuota(windows, throttleMsMax);
    quota.limits.set(undefined, 'c', limit);
    return quota;
  };

  it('lets a client wait when it is above its limit', () => {
    const quota = quotaOf(1000);
    expect(quota.record('u', 'c', 10_000, 0)).to.equal(0);
    expect(quota.record('u', 'c', 5000, 0)).to.equal(5000);
    // A burst counts as a whole until ten whole samples are over.
    expect(quota.record('u', 'c', 0, 5000)).to.equal(5000);
    expect(quota.record('u', 'c', 0, 11_000)).to.equal(0);
  });

  it('lets a client wait as often as its requests are larger than what may come at once', () => {
    const quota = quotaOf(1000);
    for (let nowMs = 0; nowMs < 100_000; nowMs += 15_000) expect(quota.record('u', 'c', 25_000, nowMs)).to.equal(15_000);
  });

  it('keeps the average of small requests to the limit', () => {
    for (const size of [10, 999]) {
      const quota = quotaOf(1000);
      let sent = 0;
      for (let nowMs = 0; nowMs < 300_000; ) {
        sent += size;
        nowMs += Math.max(1, quota.record('u', 'c', size, nowMs));
      }
      // Samples come and go as a whole, so the average is not exactly the limit.
      expect(sent, String(size)).to.be.within(270_000, 330_000 + size);
    }
  });

  it('knows no limit for others, and none when it is taken away', () => {
    const quota = quotaOf(1000);
    expect(quota.record('u', 'd', 1e9, 0)).to.equal(0);
    expect([quota.isLimited('u', 'c'), quota.isLimited('u', 'd')]).to.deep.equal([true, false]);
    expect(quota.record('u', 'c', 1e6, 0)).to.be.greaterThan(0);
    quota.limits.set(undefined, 'c', undefined);
    expect(quota.record('u', 'c', 1e6, 0)).to.equal(0);
  });

  it('goes by a new limit at once', () => {
    const quota = quotaOf(1000);
    expect(quota.record('u', 'c', 20_000, 0)).to.equal(10_000);
    quota.limits.set(undefined, 'c', 2000);
    expect(quota.record('u', 'c', 0, 0)).to.equal(0);
    quota.limits.set(undefined, 'c', 500);
    expect(quota.record('u', 'c', 0, 0)).to.equal(30_000);
  });

  it('is shared by all clients of a user where it is the user who is limited', () => {
    const quota = new ClientQuota(windows);
    quota.limits.set(null, undefined, 1000);
    expect(quota.record('u', 'a', 10_000, 0)).to.equal(0);
    expect(quota.record('u', 'b', 10_000, 0)).to.equal(10_000);
    expect(quota.record('v', 'b', 10_000, 0)).to.equal(0);
  });

  it('bounds the wait', () => {
    expect(quotaOf(1000, 1000).record('u', 'c', 1e6, 0)).to.equal(1000);
    expect(quotaOf(0).record('u', 'c', 1, 0)).to.equal(11_000);
    expect(quotaOf(1).record('u', 'c', 1e12, 0)).to.equal(THROTTLE_MS_MAX);
  });

  it('says how much may come at once', () => {
    expect([quotaOf(1000).valueMax('u', 'c'), quotaOf(undefined).valueMax('u', 'c')]).to.deep.equal([10_000, Infinity]);
  });

  it('forgets a client that is idle', () => {
    const quota = quotaOf(1);
    const waitMs = quota.record('u', 'c', 1e9, 0);
    expect(waitMs).to.be.greaterThan(IDLE_MS);
    expect(quota.record('u', 'c', 1, IDLE_MS + 1)).to.equal(0);
  });
});
