import { expect } from 'chai';
import type { Acl } from '../../../shared/znode/acl.ts';
import { authenticate, DEFAULT_ACCESS_RULES, digestOf, fixAcl, isAllowed, maskDigests, userOf } from '../../../coordinator/tree/acl-check.ts';

const acl = (scheme: string, id: string, perms = 31): Acl => ({ perms, id: { scheme, id } });

describe('digestOf', () => {
  it('is the original hash', () => {
    // From DigestAuthenticationProvider.generateDigest("super:test"), as ZooKeeper's documentation shows it.
    expect(digestOf('super:test', 'sha1')).to.equal('super:D/InIHSb7yEEbrWz8b9l71RjZJU=');
  });
});

describe('isAllowed', () => {
  const rules = DEFAULT_ACCESS_RULES;
  it('asks for any of the permissions', () => {
    expect(isAllowed(rules, [acl('world', 'anyone', 1)], 1, [])).to.equal(true);
    expect(isAllowed(rules, [acl('world', 'anyone', 1)], 2, [])).to.equal(false);
    expect(isAllowed(rules, [acl('world', 'anyone', 1)], 1 | 16, [])).to.equal(true);
  });
  it('knows addresses by prefix', () => {
    const from = (id: string): boolean => isAllowed(rules, [acl('ip', '10.1.0.0/16')], 1, [{ scheme: 'ip', id }]);
    expect([from('10.1.255.3'), from('10.2.0.1'), from('::1')]).to.deep.equal([true, false, false]);
    expect(isAllowed(rules, [acl('ip', '10.1.0.1')], 1, [{ scheme: 'ip', id: '10.1.0.1' }])).to.equal(true);
  });
  it('lets super and skipACL do anything', () => {
    expect(isAllowed(rules, [acl('digest', 'a:b')], 31, [{ scheme: 'super', id: '' }])).to.equal(true);
    expect(isAllowed({ ...rules, skip: true }, [acl('digest', 'a:b')], 31, [])).to.equal(true);
  });
});

describe('fixAcl', () => {
  const bob = { scheme: 'digest', id: 'bob:x' };
  it('keeps what is valid, once', () => {
    expect(fixAcl(DEFAULT_ACCESS_RULES, [acl('ip', '1.2.3.4/8'), acl('ip', '1.2.3.4/8'), acl('digest', 'a:b')], [])).to.have.length(2);
  });
  it('puts identities in place of auth:, but no addresses', () => {
    expect(fixAcl(DEFAULT_ACCESS_RULES, [acl('auth', '', 3)], [{ scheme: 'ip', id: '1.2.3.4' }, bob])).to.deep.equal([{ perms: 3, id: bob }]);
  });
  for (const bad of [acl('world', 'x'), acl('digest', 'a'), acl('digest', 'a:b:c'), acl('ip', '1.2.3'), acl('ip', '1.2.3.4/33'), acl('toString', ''), acl('auth', '')]) {
    it(`refuses ${bad.id.scheme}:${bad.id.id}`, () => expect(fixAcl(DEFAULT_ACCESS_RULES, [bad], [])).to.equal(null));
  }
});

describe('authenticate', () => {
  it('gives a digest, and super to who proves it', () => {
    const rules = { ...DEFAULT_ACCESS_RULES, superDigest: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=' };
    expect(authenticate(rules, 'digest', Buffer.from('super:test'), '')?.map(({ scheme }) => scheme)).to.deep.equal(['super', 'digest']);
    expect(authenticate(rules, 'digest', Buffer.from('a:b'), '')?.map(({ scheme }) => scheme)).to.deep.equal(['digest']);
    expect(authenticate(rules, 'nonsense', null, '')).to.equal(null);
  });
});

describe('maskDigests and userOf', () => {
  it('hide the hash', () => {
    expect(maskDigests([acl('digest', 'bob:hash'), acl('ip', '1.2.3.4')]).map(({ id }) => id.id)).to.deep.equal(['bob:x', '1.2.3.4']);
    expect(userOf({ scheme: 'digest', id: 'bob:hash' })).to.deep.equal({ scheme: 'digest', id: 'bob' });
  });
});
