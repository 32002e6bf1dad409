import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import type { StoreFile } from '../../../shared/tls/key-store.ts';
import { readKeyStore, readPassword, readTrustStore } from '../../../shared/tls/key-store.ts';
import { secureContextOptions } from '../../../shared/tls/tls-options.ts';
import type { TlsConfig } from '../../../shared/tls/tls-options.ts';
import { tlsFile } from '../../support/tls-files.ts';

const store = (name: string, password = '', type: string | null = null): StoreFile => ({ setting: 'ssl.keyStore.location', location: tlsFile(name), password, type });

describe('readKeyStore', () => {
  it('reads PEM, with an encrypted key too, and PKCS #12', () => {
    expect(readKeyStore(store('server.pem'))).to.have.keys('key', 'cert');
    expect(readKeyStore(store('server-encrypted.pem', 'secret'))).to.include({ passphrase: 'secret' });
    expect(readKeyStore(store('client.p12', 'secret', 'PKCS12'))).to.have.keys('pfx', 'passphrase');
  });

  it('goes by the content where the type says otherwise: keytool writes PKCS #12 into .jks files', () => {
    expect(readKeyStore(store('client.p12', 'secret', 'JKS'))).to.have.keys('pfx', 'passphrase');
  });

  it('says what is wrong with a store', () => {
    expect(() => readKeyStore(store('client.p12', 'wrong'))).to.throw(/client\.p12 for configuration ssl\.keyStore\.location: .*is the password right/);
    expect(() => readKeyStore(store('server-encrypted.pem', 'wrong'))).to.throw(/is the password right/);
    expect(() => readKeyStore(store('authority.pem'))).to.throw(/no key and certificate can be read/);
    expect(() => readKeyStore(store('no-such-file.pem'))).to.throw(/ENOENT/);
    expect(() => readKeyStore(store('make.sh'))).to.throw(/neither PEM nor PKCS12 nor JKS/);
    expect(() => readKeyStore(store('server.pem', '', 'PFX'))).to.throw('Invalid value PFX for configuration ssl.keyStore.type: expected one of JKS, PEM, PKCS12, BCFKS');
  });

  it('reads a JKS file', () => {
    const { key, cert } = readKeyStore(store('client.jks', 'secret'));
    const certificate = new X509Certificate(String(cert));
    expect(certificate.subject).to.contain('CN=client');
    expect(certificate.checkPrivateKey(createPrivateKey(String(key)))).to.equal(true);
    expect(() => readKeyStore(store('client.jks', 'wrong'))).to.throw(/client\.jks for configuration ssl\.keyStore\.location: it does not open with this password/);
    expect(() => readKeyStore(store('trust.jks', 'secret'))).to.throw(/it has no key in it/);
  });
});

describe('readTrustStore', () => {
  it('reads PEM and what keytool makes, alike', () => {
    const [pem, pkcs12, jks] = [readTrustStore(store('authority.pem')), readTrustStore(store('trust.p12', 'secret')), readTrustStore(store('trust.jks', 'secret'))];
    const plain = (text: string | Buffer | undefined): string => String(text).replaceAll(/\s/g, '');
    expect(pem.ca).to.have.length(1);
    expect(plain(pkcs12.ca[0])).to.equal(plain(pem.ca[0]));
    expect(plain(jks.ca[0])).to.equal(plain(pem.ca[0]));
    expect(readTrustStore(store('authority-and-revoked.pem')).crl).to.have.length(1);
  });

  it('says what is wrong with a store', () => {
    expect(() => readTrustStore(store('trust.p12', 'wrong'))).to.throw(/does not open with this password/);
    expect(() => readTrustStore(store('trust.jks', 'wrong'))).to.throw(/does not open with this password/);
    expect(() => readTrustStore(store('client.jks', 'secret'))).to.throw(/it has no certificate in it/);
  });
});

describe('secureContextOptions', () => {
  const config: TlsConfig = { prefix: 'ssl.', keyStore: null, trustStore: null, protocol: null, enabledProtocols: [], cipherSuites: [], crl: false, ocsp: false };

  it('takes versions: one, several, or what is current', () => {
    expect(secureContextOptions(config)).to.deep.equal({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' });
    expect(secureContextOptions({ ...config, protocol: 'TLSv1.2' })).to.deep.equal({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    expect(secureContextOptions({ ...config, protocol: 'TLS', enabledProtocols: ['TLSv1.3', 'TLSv1.2'] })).to.deep.equal({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' });
    expect(() => secureContextOptions({ ...config, protocol: 'SSLv3' })).to.throw('Invalid value SSLv3 for configuration ssl.protocol');
  });

  it("takes cipher suites by Java's names and by OpenSSL's", () => {
    const cipherSuites = ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 'TLS_RSA_WITH_AES_128_CBC_SHA', 'TLS_AES_128_GCM_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'];
    expect(secureContextOptions({ ...config, cipherSuites }).ciphers).to.equal(
      'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-SHA384:AES128-SHA:TLS_AES_128_GCM_SHA256:ECDHE-RSA-CHACHA20-POLY1305',
    );
    expect(() => secureContextOptions({ ...config, cipherSuites: ['TLS_KRB5_WITH_DES_CBC_MD5'] })).to.throw('Invalid value TLS_KRB5_WITH_DES_CBC_MD5 for configuration ssl.ciphersuites');
  });

  it('refuses a protection that it cannot give', () => {
    expect(() => secureContextOptions({ ...config, ocsp: true })).to.throw('ssl.ocsp');
    expect(() => secureContextOptions({ ...config, crl: true, trustStore: store('authority.pem') })).to.throw(/ssl\.crl: .*has no list of revoked certificates/);
    expect(secureContextOptions({ ...config, crl: true, trustStore: store('authority-and-revoked.pem') }).crl).to.have.length(1);
  });
});

describe('readPassword', () => {
  it('prefers the file', () => {
    expect(readPassword('told', null, 'ssl.keyStore.passwordPath')).to.equal('told');
    expect(readPassword(null, null, 'ssl.keyStore.passwordPath')).to.equal('');
    expect(readPassword('told', tlsFile('tls-password.txt'), 'ssl.keyStore.passwordPath')).to.equal('secret');
    expect(() => readPassword(null, '/no/such/file', 'ssl.keyStore.passwordPath')).to.throw('Invalid value /no/such/file for configuration ssl.keyStore.passwordPath: ENOENT');
  });
});
