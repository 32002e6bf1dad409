import { expect } from 'chai';
import { TokenBucket } from '../../../broker/quota/token-bucket.ts';

describe('TokenBucket', () => {
  it('is full at first, fills at its rate, and holds no more than the burst', () => {
    const bucket = new TokenBucket(10_000);
    expect(bucket.level(2, 5000)).to.equal(20);
    bucket.take(15, 2, 5000);
    expect(bucket.level(2, 6000)).to.equal(7);
    expect(bucket.level(2, 1_000_000)).to.equal(20);
  });

  it('owes what was taken too much, and says for how long', () => {
    const bucket = new TokenBucket(10_000);
    bucket.take(23, 2, 0);
    expect(bucket.level(2, 0)).to.equal(-3);
    expect(bucket.throttleMs(2, 0)).to.equal(1500);
    expect(bucket.throttleMs(2, 1000)).to.equal(500);
    expect(bucket.throttleMs(2, 1500)).to.equal(0);
  });

  it('has nothing to hope for where no tokens come', () => {
    const bucket = new TokenBucket(10_000);
    expect(bucket.level(0, 0)).to.equal(0);
    bucket.take(1, 0, 0);
    expect([bucket.level(0, 1e6), bucket.throttleMs(0, 1e6)]).to.deep.equal([-1, 10_000]);
  });

  it('goes by the rate of the moment', () => {
    const bucket = new TokenBucket(10_000);
    bucket.take(30, 2, 0);
    expect(bucket.throttleMs(10, 0)).to.equal(1000);
    expect(bucket.level(100, 1000)).to.equal(90);
    expect(bucket.level(1, 1000), 'a smaller burst').to.equal(10);
  });
});
