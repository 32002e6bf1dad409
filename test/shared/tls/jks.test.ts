import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { JksError, readJks } from '../../../shared/tls/jks.ts';
import { tlsFile } from '../../support/tls-files.ts';

describe('readJks', () => {
  const file = readFileSync(tlsFile('client.jks'));

  it('reads what keytool wrote: a key with its chain, and a certificate to trust', () => {
    const store = readJks(file, 'secret');
    expect([store.keys.length, store.keys[0]?.chain.length, store.certificates.length]).to.deep.equal([1, 1, 0]);
    expect(readJks(readFileSync(tlsFile('trust.jks')), 'secret').certificates).to.have.length(1);
  });

  it('refuses another password, and a file that was cut off or changed at any place', () => {
    expect(() => readJks(file, 'Secret')).to.throw(JksError, 'does not open with this password');
    for (let size = 0; size < file.length; size += 7) expect(() => readJks(file.subarray(0, size), 'secret')).to.throw(JksError);
    for (let at = 0; at < file.length; at += 7) {
      const changed = Buffer.from(file);
      changed[at]! ^= 0xff;
      expect(() => readJks(changed, 'secret')).to.throw(JksError);
    }
  });
});
