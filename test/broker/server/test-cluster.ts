/** A coordinator and brokers for a test: in this process, on ports of their own, their data in a temporary folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { negotiate } from '../../../broker/client/cluster.ts';
import { Connection } from '../../../broker/client/connection.ts';
import type { Api } from '../../../broker/protocol/schema.ts';
import type { Broker, BrokerOptions } from '../../../broker/server/broker.ts';
import { startBroker } from '../../../broker/server/broker.ts';
import { loadBrokerSettings } from '../../../broker/settings/settings.ts';
import type { Member } from '../../../coordinator/server/member.ts';
import { startMember } from '../../../coordinator/server/member.ts';
import { loadServerSettings } from '../../../coordinator/server/settings.ts';
import { CoordinatorClient } from '../../../shared/client/client.ts';
import { setLogLevel } from '../../../shared/telemetry/logger.ts';

/** A client that speaks any version of any API. */
export interface TestClient {
  call<Req, Res, ReqDraft>(api: Api<Req, Res, ReqDraft, never>, request: ReqDraft, version?: number): Promise<Res>;
  close(): void;
}

export class TestCluster {
  readonly dir = mkdtempSync(join(tmpdir(), 'vivarium-broker-'));
  private member: Member | null = null;
  private readonly brokers = new Set<Broker>();
  private readonly connections: Connection[] = [];
  private readonly sessions: CoordinatorClient[] = [];

  async start(): Promise<this> {
    setLogLevel('silent');
    await this.startCoordinator('0');
    return this;
  }

  private async startCoordinator(clientPort: string): Promise<void> {
    // Short ticks: a session may be as short as two of them.
    const properties = {
      dataDir: join(this.dir, 'coordinator'),
      clientPort,
      clientPortAddress: '127.0.0.1',
      tickTime: '100',
      maxSessionTimeout: '60000',
      'admin.enableServer': 'false',
    };
    this.member = await startMember(loadServerSettings(new Map(Object.entries(properties))).settings);
  }

  get coordinatorPort(): number {
    return this.member!.port;
  }

  async stopCoordinator(): Promise<void> {
    await this.member!.close();
  }

  /** On the same port, with the same data. */
  restartCoordinator(): Promise<void> {
    return this.startCoordinator(String(this.coordinatorPort));
  }

  properties(brokerId: number, more: Record<string, string> = {}): Map<string, string> {
    return new Map(
      Object.entries({
        'broker.id': String(brokerId),
        listeners: 'PLAINTEXT://127.0.0.1:0',
        'log.dirs': join(this.dir, `logs-${brokerId}`),
        'zookeeper.connect': `127.0.0.1:${this.coordinatorPort}`,
        'zookeeper.session.timeout.ms': '2000',
        'offsets.topic.num.partitions': '2',
        'offsets.topic.replication.factor': '1',
        'group.initial.rebalance.delay.ms': '0',
        'controlled.shutdown.retry.backoff.ms': '50',
        ...more,
      }),
    );
  }

  async broker(brokerId = 0, more: Record<string, string> = {}, options: BrokerOptions = {}): Promise<Broker> {
    const broker = await startBroker(loadBrokerSettings(this.properties(brokerId, more)).settings, options);
    this.brokers.add(broker);
    return broker;
  }

  async stop(broker: Broker): Promise<void> {
    this.brokers.delete(broker);
    await broker.close();
  }

  client(broker: Broker, clientId = 'test'): Promise<TestClient> {
    return this.clientAt(broker.port, clientId);
  }

  async clientAt(port: number, clientId = 'test'): Promise<TestClient> {
    const connection = await Connection.connect({ host: '127.0.0.1', port, clientId });
    this.connections.push(connection);
    await negotiate(connection);
    return {
      call: (api, request, version) => connection.request(api, request, version === undefined ? {} : { version }),
      close: () => connection.close(),
    };
  }

  async session(): Promise<CoordinatorClient> {
    const session = await CoordinatorClient.connect({ servers: `127.0.0.1:${this.coordinatorPort}` });
    this.sessions.push(session);
    return session;
  }

  async close(): Promise<void> {
    for (const connection of this.connections) connection.close();
    await Promise.all([...this.brokers].map((broker) => broker.close()));
    await Promise.all(this.sessions.map((session) => session.close()));
    await this.member?.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
