import { expect } from 'chai';
import { brokerConfigEntries, clusterConfigEntries, topicConfigEntries } from '../../../broker/settings/config-entries.ts';
import { DynamicSettings } from '../../../broker/settings/dynamic-settings.ts';
import { loadBrokerSettings } from '../../../broker/settings/settings.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';

describe('DynamicSettings', () => {
  let logged: string[];
  let settings: DynamicSettings;
  beforeEach(() => {
    logged = [];
    const ignore = (): void => undefined;
    const logger: Logger = { error: (message) => logged.push(message), warn: ignore, info: ignore, debug: ignore };
    const file = new Map(Object.entries({ 'zookeeper.connect': 'localhost:2181', 'broker.id': '1', 'log.retention.hours': '100' }));
    settings = new DynamicSettings(loadBrokerSettings(file).settings, logger);
  });
  const texts = (entries: Record<string, string>): Map<string, string> => new Map(Object.entries(entries));
  const entry = (name: string) => brokerConfigEntries(settings).find((found) => found.name === name);

  it("takes a broker's over the cluster's over the file's over the defaults, and shows them in this order", () => {
    settings.update('cluster', texts({ 'log.retention.ms': '2000', 'max.connections': '7' }));
    settings.update('broker', texts({ 'max.connections': '9' }));
    expect(settings.current).to.include({ logRetentionMs: 2000, maxConnections: 9 });
    expect(entry('max.connections')).to.deep.include({ value: '9', configSource: 2, isDefault: false, readOnly: false });
    expect(entry('max.connections')?.synonyms.map(({ value, source }) => [value, source])).to.deep.equal([
      ['9', 2],
      ['7', 3],
      ['2147483647', 5],
    ]);
    expect(entry('log.retention.ms')?.synonyms.map(({ name, value, source }) => [name, value, source])).to.deep.equal([
      ['log.retention.ms', '2000', 3],
      ['log.retention.hours', '100', 4],
      ['log.retention.hours', '168', 5],
    ]);
    const retention = topicConfigEntries(settings, new Map()).find(({ name }) => name === 'retention.ms');
    expect(retention).to.deep.include({ value: '2000', configSource: 3, isDefault: true });
    settings.update('cluster', new Map());
    expect(settings.current.logRetentionMs).to.equal(null);
  });

  it('tells listeners what is in force and what was', () => {
    const heard: [number, number][] = [];
    settings.onChange((current, before) => heard.push([current.maxConnections, before.maxConnections]));
    settings.update('broker', texts({ 'max.connections': '9' }));
    settings.update('broker', new Map());
    expect(heard).to.deep.equal([
      [9, 2147483647],
      [2147483647, 9],
    ]);
  });

  it('knows rates that no file has, and hides what it does not know', () => {
    expect(settings.rate('leader.replication.throttled.rate')).to.equal(2 ** 63);
    settings.update('cluster', texts({ 'leader.replication.throttled.rate': '1000', 'some.plugin.secret': 'x' }));
    expect(settings.rate('leader.replication.throttled.rate')).to.equal(1000);
    expect(clusterConfigEntries(settings).map(({ name, value, isSensitive, configType }) => [name, value, isSensitive, configType])).to.deep.equal([
      ['leader.replication.throttled.rate', '1000', false, 5],
      ['some.plugin.secret', null, true, 0],
    ]);
  });

  it('leaves out what is wrong in a znode, with a word in the log, and takes the rest', () => {
    settings.update('cluster', texts({ 'max.connections': 'many', 'log.retention.ms': '0', 'broker.id': '8', 'num.io.threads': '90' }));
    expect(settings.current).to.include({ numIoThreads: 90, brokerId: 1, logRetentionMs: null });
    expect(logged).to.have.length(3);
    expect(logged[0]).to.equal(
      'max.connections=many, set for all brokers, is left out: Invalid value many for configuration max.connections: Not a number of type INT',
    );
  });

  it('takes listeners, their protocols and what is told of them together, in whatever order they are stored', () => {
    const stored = {
      'advertised.listeners': 'PLAINTEXT://a:1,OUTSIDE://b:2',
      listeners: 'PLAINTEXT://:1,OUTSIDE://:2',
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT',
    };
    settings.update('broker', texts(stored));
    expect(settings.current.advertisedEndPoints.map(({ listenerName }) => listenerName)).to.deep.equal(['PLAINTEXT', 'OUTSIDE']);
    expect(logged).to.deep.equal([]);
    settings.update('broker', texts({ ...stored, 'log.retention.ms': '0' }));
    expect(settings.current.advertisedEndPoints).to.have.lengthOf(2);
    expect(logged).to.have.lengthOf(1);
  });

  it('knows what each listener may have, by itself or as all', () => {
    const limits = (): unknown => settings.current.listenerLimits.get('PLAINTEXT');
    settings.update('cluster', texts({ 'max.connections': '7', 'max.connection.creation.rate': '5' }));
    expect(limits()).to.deep.equal({ connectionsMax: 7, creationRateMax: 5 });
    settings.update('broker', texts({ 'listener.name.plaintext.max.connections': '3' }));
    expect(limits()).to.deep.equal({ connectionsMax: 3, creationRateMax: 5 });
  });

  it('stores passwords encrypted, shows them to nobody, and leaves out those it cannot decrypt', () => {
    const name = 'listener.name.plaintext.ssl.keystore.password';
    expect(() => settings.toStored(texts({ [name]: 'x' }))).to.throw('Password encoder secret not configured');
    const file = texts({ 'zookeeper.connect': 'localhost:2181', 'password.encoder.secret': 'abc' });
    const ignore = (): void => undefined;
    const logger: Logger = { error: (message) => logged.push(message), warn: ignore, info: ignore, debug: ignore };
    settings = new DynamicSettings(loadBrokerSettings(file).settings, logger);
    const stored = settings.toStored(texts({ [name]: 'secret', 'max.connections': '9' }));
    expect([...stored.values()].join()).to.not.contain('secret');
    expect(stored.get('max.connections')).to.equal('9');
    expect(settings.fromStored(stored).get(name)).to.equal('secret');
    settings.update('broker', stored);
    expect(entry(name)).to.deep.include({ value: null, isSensitive: true, configType: 9, configSource: 2 });
    settings.update('broker', texts({ [name]: 'by hand', 'max.connections': '8' }));
    expect([...settings.ofBroker.keys()]).to.deep.equal(['max.connections']);
    expect(logged[0]).to.contain(`${name} is left out: it cannot be decrypted`);
  });

  const invalid = (why: string): string => `Invalid value org.apache.kafka.common.config.ConfigException: ${why} for configuration Invalid dynamic configuration`;
  const refusals: [what: string, 'broker' | 'cluster', Record<string, string>, message: string][] = [
    ['what only a start can change', 'broker', { 'zookeeper.connect': 'x:1' }, 'Cannot update these configs dynamically: Set(zookeeper.connect)'],
    ['a wrong value', 'broker', { 'log.cleaner.threads': 'x' }, 'Invalid value x for configuration log.cleaner.threads: Not a number of type INT'],
    ['a negative rate', 'broker', { 'leader.replication.throttled.rate': '-5' }, 'Invalid value -5 for configuration leader.replication.throttled.rate: Value must be at least 0'],
    [
      'a TLS store for no listener',
      'broker',
      { 'ssl.keystore.type': 'JKS' },
      'These security configs can be dynamically updated only per-listener using the listener prefix: HashSet(ssl.keystore.type)',
    ],
    [
      "one broker's setting for all",
      'cluster',
      { 'advertised.listeners': 'PLAINTEXT://x:1' },
      'Cannot update these configs at default cluster level, broker id must be specified: Set(advertised.listeners)',
    ],
    [
      "a listener's setting for all",
      'cluster',
      { 'listener.name.plaintext.ssl.keystore.type': 'JKS' },
      'Cannot update these configs at default cluster level, broker id must be specified: Set(listener.name.plaintext.ssl.keystore.type)',
    ],
    [
      'more than twice the threads',
      'broker',
      { 'num.io.threads': '99' },
      invalid('Dynamic thread count update validation failed for num.io.threads=99, value should not be greater than double the current value 8'),
    ],
    [
      'less than half the threads',
      'broker',
      { 'num.io.threads': '2' },
      invalid('Dynamic thread count update validation failed for num.io.threads=2, value should be at least half the current value 8'),
    ],
    [
      'many cleaner threads',
      'broker',
      { 'log.cleaner.threads': '9' },
      invalid('Log cleaner threads cannot be increased to more than double the current value 1'),
    ],
    [
      'what contradicts the rest',
      'broker',
      { 'max.connections.per.ip': '0' },
      'requirement failed: max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.',
    ],
    [
      'another protocol for a listener that is there',
      'broker',
      { 'listener.security.protocol.map': 'PLAINTEXT:SSL' },
      'Listener PLAINTEXT asks for SSL, which is not supported yet',
    ],
    [
      'a setting of a listener that only a start can change',
      'broker',
      { 'listener.name.plaintext.ssl.client.auth': 'required', 'advertised.listeners': 'PLAINTEXT://x:1' },
      invalid('Configs cannot be updated dynamically for existing listener ListenerName(PLAINTEXT), restart broker or create a new listener for update'),
    ],
    [
      'a listener without connections',
      'broker',
      { 'listener.name.plaintext.max.connections': '0' },
      invalid('Invalid max.connections 0'),
    ],
    ['no connections at all', 'cluster', { 'max.connection.creation.rate': '0' }, invalid('Invalid max.connection.creation.rate 0')],
    [
      'a reporter that is a Java class',
      'broker',
      { 'metric.reporters': 'no.such.Class' },
      invalid('Validation of dynamic config update of Set(metric.reporters) failed with class class kafka.server.DynamicMetricsReporters'),
    ],
  ];
  for (const [what, scope, entries, message] of refusals) {
    it(`refuses ${what}`, () => expect(() => settings.check(scope, texts(entries))).to.throw(message));
  }

  it('accepts what it does not know, and twice or half as many threads', () => {
    settings.check('broker', texts({ 'listener.name.plaintext.ssl.client.auth': 'required' }));
    settings.check('broker', texts({ 'some.unknown': '1', 'num.io.threads': '16', 'num.network.threads': '2' }));
  });
});
