import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { DerError, readDer } from '../../../shared/tls/der.ts';
import { formatName, isDistinguishedName, subjectName } from '../../../shared/tls/distinguished-name.ts';
import { tlsFile } from '../../support/tls-files.ts';

const certificate = (name: string): Buffer => new X509Certificate(readFileSync(tlsFile(`${name}.pem`))).raw;

describe('subjectName', () => {
  // What X500Principal.getName() of Java 17 says of the same certificates.
  it('prints the last part first and escapes what has a meaning', () => {
    expect(subjectName(certificate('server'))).to.equal('CN=localhost');
    expect(subjectName(certificate('client'))).to.equal(String.raw`CN=client,OU=\#1 \<R&D\>,O=Smith\, Jones \+ Co,L=München,ST=Bavaria,C=DE`);
  });

  it('prints attributes without a keyword as numbers with hex, and those that stand together with a plus', () => {
    expect(subjectName(certificate('admin'))).to.equal('1.2.840.113549.1.9.1=#161161646d696e406578616d706c652e6f7267,CN=admin+UID=root,DC=example,DC=org');
  });

  it('escapes blanks at both ends, and equals signs', () => {
    const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
    // SEQUENCE { SET { SEQUENCE { 2.5.4.3, UTF8String " a=b " } } }
    expect(formatName(readDer(hex('3010 310e 300c 0603550403 0c05 20613d6220')))).to.equal(String.raw`CN=\ a\=b\ `);
  });

  it('refuses what is cut off at any byte', () => {
    const whole = certificate('client');
    for (let size = 0; size < whole.length; size += 7) expect(() => subjectName(whole.subarray(0, size))).to.throw(DerError);
  });
});

describe('isDistinguishedName', () => {
  const good = ['', 'CN=x', '1.2.3=#0401ff', 'CN=a+OU=b', 'CN=', ' CN = x ', 'CN=a;O=b', 'CN="a,b"', 'EMAILADDRESS=a@b', String.raw`CN=a\,b`];
  const bad = ['x', 'CN', '=x', 'CN=a,,O=b', 'CN=a\\', 'CN=a,', 'CN="a', 'CN=a=b', 'CN=#0'];
  for (const name of good) it(`takes [${name}]`, () => expect(isDistinguishedName(name)).to.equal(true));
  for (const name of bad) it(`refuses [${name}]`, () => expect(isDistinguishedName(name)).to.equal(false));
});
