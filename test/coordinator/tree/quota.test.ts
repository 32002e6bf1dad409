import { expect } from 'chai';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import { parseQuota } from '../../../coordinator/tree/quota.ts';
import { create, TreeDriver } from './tree-driver.ts';

const data = (text: string): { data: Buffer } => ({ data: Buffer.from(text) });

describe('parseQuota', () => {
  const none = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 };
  it('reads both forms', () => {
    expect(parseQuota('count=5,bytes=100')).to.deep.equal({ ...none, count: 5, bytes: 100 });
    expect(parseQuota('count=5,bytes=100=;byteHardLimit=200;countHardLimit=20')).to.deep.equal({ count: 5, bytes: 100, countHardLimit: 20, byteHardLimit: 200 });
  });
  it('takes nothing for no limit', () => {
    for (const text of ['', 'x', 'count=', 'count=x,bytes=1e3', ',;,', 'toString=5']) expect(parseQuota(text)).to.deep.equal(none);
  });
});

describe('quotas', () => {
  let driver: TreeDriver;
  const stats = (): string => driver.tree.get('/zookeeper/quota/q/zookeeper_stats')!.data!.toString();
  const setQuota = (limits: string): void => {
    driver.run(create('/zookeeper/quota/q'));
    driver.run(create('/zookeeper/quota/q/zookeeper_limits', data(limits)));
    driver.run(create('/zookeeper/quota/q/zookeeper_stats', data('count=0,bytes=0')));
  };

  beforeEach(() => {
    driver = new TreeDriver();
    driver.excesses = [];
    driver.run(create('/q', data('four')));
    driver.run(create('/q/a', data('xx')));
  });

  it('counts what is there when they are set, and what comes and goes afterwards', () => {
    setQuota('count=100,bytes=100');
    expect(stats()).to.equal('count=2,bytes=6');
    driver.run(create('/q/a/deep', data('yyy')));
    driver.run(create('/other', data('yyy')));
    expect(stats()).to.equal('count=3,bytes=9');
    driver.run({ op: 'setData', path: '/q/a', data: null, version: -1 });
    expect(stats()).to.equal('count=3,bytes=7');
    driver.run({ op: 'delete', path: '/q/a/deep', version: -1 });
    expect(stats()).to.equal('count=2,bytes=4');
    expect(driver.tree.get('/zookeeper/quota/q/zookeeper_stats')).to.include({ version: 0 });
  });

  it('counts the same after a recovery', () => {
    setQuota('count=100,bytes=100');
    driver.tree.setData(driver.tree.get('/zookeeper/quota/q/zookeeper_stats')!, Buffer.from('count=77,bytes=77'));
    driver.tree.quotas.recount();
    expect(stats()).to.equal('count=2,bytes=6');
    driver.run(create('/q/b'));
    expect(stats()).to.equal('count=3,bytes=6');
  });

  it('refuse what goes over a hard limit, and only that', () => {
    setQuota('count=-1,bytes=-1=;byteHardLimit=8;countHardLimit=3');
    expect(driver.codeOf(create('/q/b', data('123')))).to.equal(ErrorCode.QUOTAEXCEEDED);
    expect(driver.codeOf(create('/q/b', data('12')))).to.equal(0);
    expect(driver.codeOf(create('/q/c'))).to.equal(ErrorCode.QUOTAEXCEEDED);
    expect(driver.codeOf({ op: 'setData', path: '/q/b', data: Buffer.from('123'), version: 9 })).to.equal(ErrorCode.QUOTAEXCEEDED);
    expect(driver.codeOf({ op: 'setData', path: '/q/b', data: Buffer.from('1'), version: 9 })).to.equal(ErrorCode.BADVERSION);
    expect(driver.codeOf({ op: 'setData', path: '/q/a', data: null, version: -1 })).to.equal(0);
    expect(driver.codeOf(create('/p'))).to.equal(0);
    const multi = driver.run({ op: 'multi', ops: [create('/p/x'), create('/q/c')] });
    expect(multi.type === 'multi' && multi.parts.map((part) => part.type === 'error' && part.error)).to.deep.equal([0, ErrorCode.QUOTAEXCEEDED]);
    expect(driver.excesses!.map(({ line }) => line)).to.include.members([
      'Quota exceeded: /q [current bytes=9, hardByteLimit=8]',
      'Quota exceeded: /q [current count=4, hardCountLimit=3]',
    ]);
  });

  it('only tell of what goes over a soft limit', () => {
    setQuota('count=2,bytes=100');
    expect(driver.codeOf(create('/q/b'))).to.equal(0);
    expect(driver.excesses).to.deep.equal([{ hard: false, line: 'Quota exceeded: /q [current count=3, softCountLimit=2]' }]);
  });

  it('are not looked at unless they are enforced', () => {
    driver.excesses = null;
    setQuota('count=-1,bytes=-1=;countHardLimit=2');
    expect(driver.codeOf(create('/q/b'))).to.equal(0);
    expect(stats()).to.equal('count=3,bytes=6');
  });

  it('end when their limits are deleted', () => {
    setQuota('count=-1,bytes=-1=;countHardLimit=2');
    expect(driver.codeOf(create('/q/b'))).to.equal(ErrorCode.QUOTAEXCEEDED);
    driver.run({ op: 'delete', path: '/zookeeper/quota/q/zookeeper_limits', version: -1 });
    expect(driver.codeOf(create('/q/b'))).to.equal(0);
  });

  it('of the nearest znode above count', () => {
    setQuota('count=-1,bytes=-1=;countHardLimit=2');
    driver.run(create('/zookeeper/quota/q/a'));
    driver.run(create('/zookeeper/quota/q/a/zookeeper_limits', data('count=50,bytes=-1')));
    driver.run(create('/zookeeper/quota/q/a/zookeeper_stats'));
    expect(driver.codeOf(create('/q/a/b'))).to.equal(0);
    expect(driver.codeOf(create('/q/b'))).to.equal(ErrorCode.QUOTAEXCEEDED);
  });
});
