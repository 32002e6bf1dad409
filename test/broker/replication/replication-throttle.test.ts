import { expect } from 'chai';
import { namesReplica, ReplicationThrottle } from '../../../broker/replication/replication-throttle.ts';

describe('ReplicationThrottle', () => {
  let nowMs: number;
  let rate: number;
  let throttle: ReplicationThrottle;
  beforeEach(() => {
    nowMs = 0;
    rate = 1000;
    throttle = new ReplicationThrottle({
      rate: () => rate,
      isNamed: (topic) => topic === 't',
      windows: { count: 11, sizeMs: 1000 },
      monotonicMs: () => nowMs,
    });
  });

  it('counts only what is named, and nothing while there is no limit', () => {
    expect(throttle.isThrottled('t', 0)).to.equal(true);
    expect(throttle.isThrottled('u', 0)).to.equal(false);
    rate = 2 ** 63;
    expect(throttle.isThrottled('t', 0)).to.equal(false);
  });

  it('has copies wait until the time makes up for what was copied', () => {
    expect(throttle.waitMs()).to.equal(0);
    throttle.record(1500);
    expect(throttle.waitMs()).to.equal(500);
    nowMs = 1200;
    expect(throttle.waitMs()).to.equal(300);
    nowMs = 1500;
    expect(throttle.waitMs()).to.equal(0);
  });

  it('keeps the rate over many answers', () => {
    for (const size of [100, 1700]) {
      let copied = 0;
      const endMs = nowMs + 100_000;
      for (; nowMs < endMs; nowMs += 10) {
        if (throttle.waitMs() > 0) continue;
        copied += size;
        throttle.record(size);
      }
      expect(copied / 100, String(size)).to.be.within(850, 1150);
    }
  });

  it('looks again within a second, because the rate may change', () => {
    throttle.record(1_000_000);
    expect(throttle.waitMs()).to.equal(1000);
    rate = 900_000;
    expect(throttle.waitMs()).to.equal(111);
    rate = 0;
    nowMs = 1_000_000;
    expect(throttle.waitMs(), 'with nothing copied of late').to.equal(1000);
  });
});

describe('namesReplica()', () => {
  it('knows pairs of partition and broker, and the asterisk for all', () => {
    expect(namesReplica('0:1,1:2', 1, 2)).to.equal(true);
    expect(namesReplica('0:1, 1:2', 1, 2)).to.equal(true);
    expect(namesReplica('0:1,1:2', 2, 1)).to.equal(false);
    expect(namesReplica('*', 7, 7)).to.equal(true);
    expect(namesReplica('', 0, 0)).to.equal(false);
  });
});
