/** The quotas of one broker put together: of clients, of connections, and what reads both from `/config`. */
import type { Clock } from '../../shared/base/clock.ts';
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { RateWindows } from '../quota/sampled-rate.ts';
import { ClientQuotas } from '../quota/client-quotas.ts';
import type { ConfigKeeper } from './config-changes.ts';
import { ConnectionQuotas, type ConnectionLimits } from '../quota/connection-quotas.ts';
import type { DynamicSettings } from '../settings/dynamic-settings.ts';
import { IpQuotaConfigs } from './ip-quota-configs.ts';
import { QuotaConfigs } from './quota-configs.ts';
import { QuotaStore } from './quota-store.ts';
import type { BrokerSettings } from '../settings/settings.ts';

export interface Quotas {
  readonly store: QuotaStore;
  readonly clients: ClientQuotas;
  readonly connections: ConnectionQuotas;
  /** Read again when a change is announced, by the kind of entity. */
  readonly keepers: Readonly<Record<'users' | 'clients' | 'ips', ConfigKeeper>>;
}

export interface QuotaOptions {
  readonly client: () => CoordinatorClient;
  readonly settings: BrokerSettings;
  readonly dynamicSettings: DynamicSettings;
  readonly clock: Clock;
}

export function createQuotas({ client, settings, dynamicSettings, clock }: QuotaOptions): Quotas {
  const logger = createLogger('kafka.server.ClientQuotaManager');
  const windows: RateWindows = { count: settings.quotaWindowNum, sizeMs: settings.quotaWindowSizeSeconds * 1000 };
  const store = new QuotaStore(client, logger);
  const clients = new ClientQuotas({
    windows,
    mutationWindows: { count: settings.controllerQuotaWindowNum, sizeMs: settings.controllerQuotaWindowSizeSeconds * 1000 },
    threadCount: () => dynamicSettings.current.numIoThreads + dynamicSettings.current.numNetworkThreads,
    clock,
  });
  const connections = new ConnectionQuotas({ limits: connectionLimits(settings), windows, interBrokerListener: settings.interBrokerListener });
  const ofClients = { store, quotas: clients, logger };
  const keepers = {
    users: new QuotaConfigs('users', ofClients),
    clients: new QuotaConfigs('clients', ofClients),
    ips: new IpQuotaConfigs({ store, quotas: connections, logger: createLogger('kafka.network.ConnectionQuotas') }),
  };
  return { store, clients, connections, keepers };
}

export function connectionLimits(settings: BrokerSettings): ConnectionLimits {
  return {
    connectionsMax: settings.maxConnections,
    connectionsPerIpMax: settings.maxConnectionsPerIp,
    connectionsByIp: settings.maxConnectionsByIp,
    creationRateMax: settings.maxConnectionCreationRate,
    ofListeners: settings.listenerLimits,
  };
}
