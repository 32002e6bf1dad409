import { expect } from 'chai';
import { loadClientTls } from '../../../shared/tls/client-tls.ts';
import { tlsFile } from '../../support/tls-files.ts';

const load = (properties: Record<string, string>) => loadClientTls(new Map(Object.entries(properties)));

describe('loadClientTls', () => {
  it('is nothing unless it is asked for', () => {
    expect(load({ 'zookeeper.ssl.trustStore.location': tlsFile('no-such-file') })).to.equal(null);
  });

  it('reads the spelling of ZooKeeper', () => {
    const tls = load({
      'zookeeper.client.secure': 'true',
      'zookeeper.ssl.keyStore.location': tlsFile('client.p12'),
      'zookeeper.ssl.keyStore.password': 'secret',
      'zookeeper.ssl.trustStore.location': tlsFile('authority.pem'),
      'zookeeper.ssl.protocol': 'TLSv1.3',
    });
    expect(tls).to.include.keys('pfx', 'ca');
    expect(tls).to.include({ passphrase: 'secret', minVersion: 'TLSv1.3' });
    expect(tls).not.to.have.property('checkServerIdentity');
  });

  it('reads the spelling of Kafka', () => {
    const tls = load({
      'zookeeper.ssl.client.enable': 'true',
      'zookeeper.ssl.keystore.location': tlsFile('client.pem'),
      'zookeeper.ssl.truststore.location': tlsFile('trust.p12'),
      'zookeeper.ssl.truststore.password': 'secret',
      'zookeeper.ssl.endpoint.identification.algorithm': '',
    });
    expect(tls).to.include.keys('key', 'cert', 'ca');
    expect(tls!.checkServerIdentity!('elsewhere', {} as never)).to.equal(undefined);
  });

  it('says which key is wrong', () => {
    expect(() => load({ 'zookeeper.client.secure': 'true', 'zookeeper.ssl.keyStore.location': tlsFile('make.sh') })).to.throw(
      /zookeeper\.ssl\.keyStore\.location: it is neither PEM/,
    );
    expect(() => load({ 'zookeeper.client.secure': 'maybe' })).to.throw(/zookeeper\.client\.secure/);
  });
});
