/**
 * The ways to look in over HTTP, each only where it is wanted: AdminServer and Prometheus metrics. Their modules are loaded then, so
 * that a server without them doesn't pay.
 */
import type { Server } from 'node:http';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { closeHttp, portOf } from '../net/http-listen.ts';
import type { ServerStats } from './server-stats.ts';
import type { MemberView } from './server-view.ts';
import type { ServerSettings } from './settings.ts';

export interface LookIns {
  readonly adminPort: number | null;
  readonly metricsPort: number | null;
  /** What could not be opened: ZooKeeper alone ends then (in an ensemble it goes on), so the process decides. */
  readonly failure: LookInError | null;
  close(): Promise<void>;
}

export class LookInError extends Error {
  override readonly name = 'LookInError';
  readonly server: 'AdminServer' | 'MetricsProvider';
  constructor(server: 'AdminServer' | 'MetricsProvider', message: string, cause: unknown) {
    super(message, { cause });
    this.server = server;
  }
}

const PROMETHEUS = 'PrometheusMetricsProvider';

export async function openLookIns(settings: ServerSettings, view: MemberView, stats: ServerStats): Promise<LookIns> {
  let failure: LookInError | null = null;
  const opened = async (opening: Promise<Server>): Promise<Server | null> => {
    try {
      return await opening;
    } catch (error) {
      if (!(error instanceof LookInError)) throw error;
      if (error.server !== 'AdminServer' || settings.adminAskedFor) failure ??= error;
      return null;
    }
  };
  const admin = settings.adminEnableServer ? await opened(openAdmin(settings, view)) : null;
  const metrics = settings.metricsProvider?.endsWith(PROMETHEUS) === true ? await opened(openMetrics(settings, view, stats)) : null;
  return {
    adminPort: admin === null ? null : portOf(admin),
    metricsPort: metrics === null ? null : portOf(metrics),
    failure,
    close: async () => {
      for (const server of [admin, metrics]) if (server !== null) await closeHttp(server);
    },
  };
}

async function openAdmin(settings: ServerSettings, view: MemberView): Promise<Server> {
  const { adminServerPort: port, adminServerAddress: host, adminCommandUrl: path } = settings;
  const log = createLogger('org.apache.zookeeper.server.admin.JettyAdminServer');
  const { openAdminServer } = await import('../net/admin-server.ts');
  try {
    const server = await openAdminServer({ port, host, path, idleTimeoutMs: settings.adminIdleTimeout, view });
    log.info(`Started AdminServer on address ${host}, port ${portOf(server)} and command URL ${path}`);
    return server;
  } catch (error) {
    const message =
      `Problem starting AdminServer on address ${host}, port ${port} and command URL ${path}: ${(error as Error).message}. ` +
      'admin.serverPort chooses another port, admin.enableServer=false leaves it out';
    // It is on unless it was turned off, which many don't know: only those who asked for it have to have it.
    if (settings.adminAskedFor) log.error(message);
    else log.warn(message);
    throw new LookInError('AdminServer', message, error);
  }
}

async function openMetrics(settings: ServerSettings, view: MemberView, stats: ServerStats): Promise<Server> {
  const { metricsPort: port, metricsHost: host } = settings;
  const log = createLogger('org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider');
  const { openPrometheus } = await import('./prometheus.ts');
  try {
    const server = await openPrometheus({
      port,
      host,
      idleTimeoutMs: settings.adminIdleTimeout,
      withProcess: settings.metricsJvm,
      metrics: stats.metrics,
      gauges: () => view.gauges(),
    });
    log.info(`Started /metrics HTTP endpoint at http://${host}:${portOf(server)}/metrics`);
    return server;
  } catch (error) {
    const message = `Cannot start the /metrics HTTP endpoint on ${host}:${port}: ${(error as Error).message}. metricsProvider.httpPort chooses another port`;
    log.error(message);
    throw new LookInError('MetricsProvider', message, error);
  }
}
