import { expect } from 'chai';
import { describeFatal } from '../../../broker/settings/fatal-error.ts';
import { brokerSettingsByName, loadBrokerSettings } from '../../../broker/settings/settings.ts';

const load = (entries: Record<string, string>) =>
  loadBrokerSettings(new Map(Object.entries({ 'zookeeper.connect': 'localhost:2181', ...entries })));

function refusal(entries: Record<string, string>): string {
  try {
    load(entries);
  } catch (error) {
    return describeFatal(error);
  }
  return 'nothing was refused';
}

const CONFIG = 'org.apache.kafka.common.config.ConfigException: ';
const ILLEGAL = 'java.lang.IllegalArgumentException: ';

describe('loadBrokerSettings()', () => {
  it('knows all 252 keys of Kafka 3.4 and one of its own, with a sentence for each', () => {
    expect(brokerSettingsByName.size).to.equal(253);
    for (const setting of brokerSettingsByName.values()) expect(setting.doc, setting.name).to.match(/\S.*\.$/);
  });

  it('takes the stock file without a warning', () => {
    const { settings, warnings } = load({
      'broker.id': '0',
      'num.network.threads': '3',
      'num.io.threads': '8',
      'socket.send.buffer.bytes': '102400',
      'socket.receive.buffer.bytes': '102400',
      'socket.request.max.bytes': '104857600',
      'log.dirs': '/tmp/kafka-logs',
      'num.partitions': '1',
      'num.recovery.threads.per.data.dir': '1',
      'offsets.topic.replication.factor': '1',
      'transaction.state.log.replication.factor': '3',
      'transaction.state.log.min.isr': '2',
      'log.retention.hours': '168',
      'log.retention.check.interval.ms': '300000',
      'zookeeper.connection.timeout.ms': '18000',
      'group.initial.rebalance.delay.ms': '0',
    });
    expect(warnings).to.deep.equal([]);
    expect(settings.brokerId).to.equal(0);
    expect(settings.nodeId).to.equal(0);
    expect(settings.logDirList).to.deep.equal(['/tmp/kafka-logs']);
    expect(settings.advertisedEndPoints).to.deep.equal([
      { listenerName: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host: null, port: 9092 },
    ]);
  });

  it('warns once of each key that does not act yet, and only when it differs from its default', () => {
    const { warnings, inapplicable } = load({
      'log.cleaner.threads': '1',
      'authorizer.class.name': 'kafka.Authorizer',
      'num.io.threads': '4',
    });
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(/^authorizer\.class\.name=/);
    expect(inapplicable).to.deep.equal(['num.io.threads']);
  });

  it('takes unknown keys without a word', () => {
    expect(load({ 'no.such.key': '1' }).warnings).to.deep.equal([]);
  });

  it('waits for the coordinator as long as a session lasts, unless told otherwise', () => {
    expect(load({ 'zookeeper.session.timeout.ms': '7000' }).settings.effectiveConnectionTimeoutMs).to.equal(7000);
    expect(load({ 'zookeeper.connection.timeout.ms': '2000' }).settings.effectiveConnectionTimeoutMs).to.equal(2000);
  });

  const refusals: [Record<string, string>, string][] = [
    [{ 'broker.id': 'seven' }, `${CONFIG}Invalid value seven for configuration broker.id: Not a number of type INT`],
    [
      { 'broker.id': '-5' },
      `${ILLEGAL}requirement failed: broker.id must be greater than or equal to -1 and not greater than reserved.broker.max.id`,
    ],
    [
      { 'broker.id': '1500' },
      `${ILLEGAL}requirement failed: broker.id must be greater than or equal to -1 and not greater than reserved.broker.max.id`,
    ],
    [{ 'num.io.threads': '0' }, `${CONFIG}Invalid value 0 for configuration num.io.threads: Value must be at least 1`],
    [
      { 'log.cleanup.policy': 'shred' },
      `${CONFIG}Invalid value shred for configuration log.cleanup.policy: String must be one of: compact, delete`,
    ],
    [
      { 'inter.broker.protocol.version': '9.9' },
      `${CONFIG}Invalid value 9.9 for configuration inter.broker.protocol.version: Version 9.9 is not a valid version`,
    ],
    [
      { 'inter.broker.listener.name': 'INTERNAL' },
      `${CONFIG}Listener with name INTERNAL defined in inter.broker.listener.name not found in listener.security.protocol.map.`,
    ],
    [
      { listeners: 'FOO://127.0.0.1:29399' },
      `${ILLEGAL}Error creating broker listeners from 'FOO://127.0.0.1:29399': No security protocol defined for listener FOO`,
    ],
    [
      { listeners: '127.0.0.1:29399' },
      `${ILLEGAL}Error creating broker listeners from '127.0.0.1:29399': Unable to parse 127.0.0.1:29399 to a broker endpoint`,
    ],
    [
      { listeners: 'PLAINTEXT://127.0.0.1:29399,SSL://127.0.0.1:29399' },
      `${ILLEGAL}requirement failed: Each listener must have a different port, listeners: PLAINTEXT://127.0.0.1:29399,SSL://127.0.0.1:29399`,
    ],
    [
      { 'advertised.listeners': 'PLAINTEXT://0.0.0.0:29399' },
      `${ILLEGAL}requirement failed: advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.`,
    ],
    [
      { 'process.roles': 'broker' },
      `${CONFIG}If using process.roles, controller.quorum.voters must contain a parseable set of voters.`,
    ],
    [
      { 'log.retention.ms': '0' },
      `${ILLEGAL}requirement failed: log.retention.ms must be unlimited (-1) or, greater than or equal to 1`,
    ],
    [{ 'node.id': '3', 'broker.id': '4' }, `${CONFIG}You must set \`node.id\` to the same value as \`broker.id\`.`],
  ];
  for (const [entries, expected] of refusals) {
    it(`refuses ${JSON.stringify(entries)} as Kafka does`, () => {
      expect(refusal(entries)).to.equal(expected);
    });
  }

  it('refuses a file without zookeeper.connect', () => {
    expect(() => loadBrokerSettings(new Map([['broker.id', '1']]))).to.throw(
      'Missing required configuration `zookeeper.connect` which has no default value.',
    );
  });
});
