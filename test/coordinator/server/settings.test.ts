import { expect } from 'chai';
import { loadServerSettings } from '../../../coordinator/server/settings.ts';

const load = (more: Record<string, string>) => loadServerSettings(new Map(Object.entries({ dataDir: '/d', clientPort: '2181', ...more })));

describe('loadServerSettings', () => {
  it('takes the stock file of Kafka without a word', () => {
    const { settings, warnings } = load({ maxClientCnxns: '0', 'admin.enableServer': 'false' });
    expect(warnings).to.deep.equal([]);
    expect(settings).to.include({ maxClientCnxns: 0, tickTime: 3000, minSessionTimeoutMs: 6000, maxSessionTimeoutMs: 60000 });
    expect(settings.snapDir).to.equal('/d/version-2');
    expect(settings.logDir).to.equal('/d/version-2');
  });
  it('derives bounds and folders', () => {
    const { settings } = load({ tickTime: '2000', maxSessionTimeout: '90000', dataLogDir: '/l' });
    expect(settings).to.include({ minSessionTimeoutMs: 4000, maxSessionTimeoutMs: 90000, snapDir: '/d/version-2', logDir: '/l/version-2' });
  });
  it('says one line for each key that has no effect', () => {
    const { warnings } = load({ preAllocSize: '1', syncLimit: '9', foo: 'bar', 'zookeeper.reconfigEnabled': 'true' });
    expect(warnings).to.have.length(4);
    for (const key of ['preAllocSize', 'syncLimit=9', 'foo', 'reconfigEnabled=true']) expect(warnings.join('\n')).to.contain(key);
  });
  const refused: [Record<string, string>, RegExp][] = [
    [{ tickTime: 'x' }, /Invalid value x for configuration tickTime: Not a number of type INT/],
    [{ tickTime: '0' }, /Invalid value 0 for configuration tickTime: Value must be at least 1/],
    [{ clientPort: '70000' }, /clientPort: Value must be no more than 65535/],
    [{ maxClientCnxns: '-1' }, /maxClientCnxns/],
    [{ forceSync: 'maybe' }, /forceSync: String must be one of: yes, no/],
    [{ extendedTypesEnabled: '1' }, /extendedTypesEnabled: Expected value to be either true or false/],
    [{ dataDir: '' }, /dataDir: String must be non-empty/],
    [{ minSessionTimeout: '9000', maxSessionTimeout: '8000' }, /minSessionTimeout: Value must be no more than maxSessionTimeout, which is 8000/],
    [{ 'server.1': 'a:1:2', 'server.2': 'b:1:2' }, /ensemble/],
  ];
  for (const [more, why] of refused) {
    it(`refuses ${JSON.stringify(more)}`, () => expect(() => load(more)).to.throw(why));
  }
  it('names a key that is missing', () => {
    expect(() => loadServerSettings(new Map([['clientPort', '1']]))).to.throw(/"dataDir"/);
    expect(() => loadServerSettings(new Map([['dataDir', '/d']]))).to.throw(/"clientPort"/);
  });
});
