import { expect } from 'chai';
import { MutationQuota } from '../../../broker/quota/mutation-quota.ts';

describe('MutationQuota', () => {
  /** Two partitions a second, at most 22 at once. */
  let quota: MutationQuota;
  beforeEach(() => {
    quota = new MutationQuota({ count: 11, sizeMs: 1000 });
    quota.limits.set('u', undefined, 2);
  });

  it('lets a strict request take more than there is, but not when anything is owed', () => {
    const first = quota.open('u', 'c', 'strict', 0)!;
    expect(first.take(30, 0)).to.equal(true);
    expect(first.throttleMs(0)).to.equal(0);
    expect(first.take(1, 0), 'in the same request').to.equal(false);
    const second = quota.open('u', 'd', 'strict', 1000)!;
    expect(second.take(1, 1000)).to.equal(false);
    expect(second.throttleMs(1000)).to.equal(3000);
    expect(second.throttleMs(1500), 'the answer came later').to.equal(2500);
    expect(quota.open('u', 'c', 'strict', 4000)!.take(1, 4000), 'what was refused took nothing').to.equal(true);
  });

  it('never refuses a permissive request, and throttles it when it owes', () => {
    const request = quota.open('u', 'c', 'permissive', 0)!;
    expect(request.take(22, 0)).to.equal(true);
    expect(request.throttleMs(0)).to.equal(0);
    expect(request.take(10, 0)).to.equal(true);
    expect(request.throttleMs(0)).to.equal(5000);
    expect(request.throttleMs(9000)).to.equal(0);
  });

  it('has nothing to say to clients without limit', () => {
    expect(quota.open('v', 'c', 'strict', 0)).to.equal(null);
  });
});
