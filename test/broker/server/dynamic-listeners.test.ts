/** Listeners and connection limits of whole brokers, changed while they run, as kafka-configs.sh changes them. */
import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { metadata } from '../../../broker/protocol/messages/03-metadata.ts';
import { incrementalAlterConfigs } from '../../../broker/protocol/messages/44-incremental-alter-configs.ts';
import { alterClientQuotas } from '../../../broker/protocol/messages/49-alter-client-quotas.ts';
import type { Broker } from '../../../broker/server/broker.ts';
import { RawKafkaClient } from './raw-kafka-client.ts';
import { TestCluster, type TestClient } from './test-cluster.ts';

const BROKER = 4;
const SET = 0, DELETE = 1; // prettier-ignore

describe('listeners at run time', () => {
  let cluster: TestCluster;
  let brokers: Broker[];
  let admin: TestClient;
  beforeEach(async () => {
    cluster = await new TestCluster().start();
    const protocols = { 'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT,SSL:SSL' };
    brokers = [];
    for (const id of [0, 1]) brokers.push(await cluster.broker(id, protocols));
    await everyoneKnows((broker) => broker.cache.brokers('PLAINTEXT').length === 2);
    admin = await cluster.client(brokers[1]!);
  });
  afterEach(() => cluster.close());

  async function everyoneKnows(holds: (broker: Broker) => boolean): Promise<void> {
    for (const broker of brokers)
      expect(await broker.cache.waitUntil(() => holds(broker), 20_000), `broker ${broker.brokerId}`).to.equal(true);
  }

  /** Each broker answers for itself. */
  async function alter(id: number, settings: Record<string, string | null>): Promise<[number, string | null]> {
    const client = await cluster.client(brokers[id]!);
    const configs = Object.entries(settings).map(([name, value]) => ({ name, configOperation: value === null ? DELETE : SET, value }));
    const resource = { resourceType: BROKER, resourceName: String(id), configs };
    const { responses } = await client.call(incrementalAlterConfigs, { resources: [resource], validateOnly: false });
    client.close();
    return [responses[0]!.errorCode, responses[0]!.errorMessage];
  }

  async function registrationOf(id: number): Promise<{ endpoints: string[]; listener_security_protocol_map: Record<string, string> }> {
    const session = await cluster.session();
    return JSON.parse(Buffer.from((await session.getData(`/brokers/ids/${id}`)).data!).toString()) as Awaited<ReturnType<typeof registrationOf>>;
  }

  const inside = (): string => `PLAINTEXT://127.0.0.1:${brokers[0]!.port}`;

  it('are opened, registered and told to all; then closed with their connections', async () => {
    expect(await alter(0, { listeners: `${inside()},OUTSIDE://127.0.0.1:0` })).to.deep.equal([ErrorCode.NONE, null]);
    await everyoneKnows((broker) => broker.cache.brokers('OUTSIDE').length === 1);
    const [node] = brokers[1]!.cache.brokers('OUTSIDE');
    expect(brokers[0]!.listeners.map(({ listenerName }) => listenerName)).to.deep.equal(['PLAINTEXT', 'OUTSIDE']);
    const { endpoints, listener_security_protocol_map: protocols } = await registrationOf(0);
    expect(endpoints).to.deep.equal([inside(), `OUTSIDE://127.0.0.1:${node!.port}`]);
    expect(protocols).to.deep.equal({ PLAINTEXT: 'PLAINTEXT', OUTSIDE: 'PLAINTEXT' });
    const client = await cluster.clientAt(node!.port);
    const told = await client.call(metadata, { topics: [] });
    expect(told.brokers.map(({ nodeId, port }) => [nodeId, port])).to.deep.equal([[0, node!.port]]);

    const raw = await RawKafkaClient.connect(node!.port);
    expect(await alter(0, { listeners: null })).to.deep.equal([ErrorCode.NONE, null]);
    await raw.untilClosed();
    await everyoneKnows((broker) => broker.cache.brokers('OUTSIDE').length === 0);
    expect((await registrationOf(0)).endpoints).to.deep.equal([inside()]);
    const refusal = await RawKafkaClient.connect(node!.port).then(
      () => null,
      (error: unknown) => error as NodeJS.ErrnoException,
    );
    expect(refusal?.code).to.equal('ECONNREFUSED');
    expect((await admin.call(metadata, { topics: [] })).brokers).to.have.lengthOf(2);
  });

  it('are told to clients under other addresses', async () => {
    const both = { listeners: `${inside()},OUTSIDE://127.0.0.1:0`, 'advertised.listeners': `OUTSIDE://example.org:4000,${inside()}` };
    expect(await alter(0, both)).to.deep.equal([ErrorCode.NONE, null]);
    await everyoneKnows((broker) => broker.cache.brokers('OUTSIDE').length === 1);
    expect(brokers[1]!.cache.brokers('OUTSIDE')[0]).to.include({ host: 'example.org', port: 4000 });
    // A restart reads all of it at once.
    await cluster.stop(brokers[0]!);
    const protocols = { 'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT,SSL:SSL' };
    brokers[0] = await cluster.broker(0, protocols);
    expect(brokers[0].listeners.map(({ listenerName }) => listenerName)).to.deep.equal(['PLAINTEXT', 'OUTSIDE']);
    await everyoneKnows((broker) => broker.cache.brokers('OUTSIDE').length === 1);
  });

  it('are refused where brokers would not find each other, or nobody could be served', async () => {
    const invalid = async (settings: Record<string, string | null>): Promise<string | null> => {
      const [errorCode, message] = await alter(0, settings);
      expect(errorCode).to.equal(ErrorCode.INVALID_REQUEST);
      return message;
    };
    expect(await invalid({ listeners: 'OUTSIDE://127.0.0.1:0' })).to.contain(
      'inter.broker.listener.name must be a listener name defined in advertised.listeners',
    );
    expect(await invalid({ 'advertised.listeners': `${inside()},OUTSIDE://127.0.0.1:1` })).to.contain(
      'advertised.listeners listener names must be equal to or a subset of the ones defined in listeners',
    );
    expect(await invalid({ listeners: `${inside()},NEW://127.0.0.1:0` })).to.contain('No security protocol defined for listener NEW');
    expect(await invalid({ listeners: `${inside()},SSL://127.0.0.1:0` })).to.contain('only PLAINTEXT listeners can be served');
    expect((await registrationOf(0)).endpoints).to.deep.equal([inside()]);
  });

  it('have limits of their own, and addresses have a rate', async () => {
    expect(await alter(0, { listeners: `${inside()},OUTSIDE://127.0.0.1:0`, 'listener.name.outside.max.connections': '1' })).to.deep.equal([0, null]);
    await everyoneKnows((broker) => broker.cache.brokers('OUTSIDE').length === 1);
    const { port } = brokers[1]!.cache.brokers('OUTSIDE')[0]!;
    const first = await cluster.clientAt(port);
    const second = cluster.clientAt(port);
    let isServed = false;
    void second.then(() => (isServed = true));
    // Others are served meanwhile.
    for (let i = 0; i < 3; i++) await (await cluster.client(brokers[0]!)).call(metadata, { topics: [] });
    expect(isServed).to.equal(false);
    first.close();
    await second;

    const entity = [{ entityType: 'ip', entityName: '127.0.0.1' }];
    const rate = async (value: number | null): Promise<void> => {
      const ops = [{ key: 'connection_creation_rate', value: value ?? 0, remove: value === null }];
      const { entries } = await admin.call(alterClientQuotas, { entries: [{ entity, ops }], validateOnly: false });
      expect(entries[0]!.errorCode).to.equal(ErrorCode.NONE);
    };
    await rate(0);
    // It is announced, and in force a moment later.
    const untilServed = async (wanted: boolean): Promise<void> => {
      for (;;) {
        const client = await cluster.client(brokers[0]!).catch(() => null);
        client?.close();
        if ((client !== null) === wanted) return;
      }
    };
    await untilServed(false);
    await rate(null);
    await untilServed(true);
  });
});
