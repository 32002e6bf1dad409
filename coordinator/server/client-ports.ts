/** Opens the ports that clients come to: the plain one (with TLS on it where that was asked for), and the one that is for TLS alone. */
import { unwatchFile, watchFile } from 'node:fs';
import { hostname } from 'node:os';
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { DoorCounts, Gatekeeper } from '../net/door.ts';
import type { FourLetterWords } from '../net/four-letter-words.ts';
import type { PortOptions, PortTls } from '../net/port.ts';
import { ClientPort } from '../net/port.ts';
import { maxFileCount } from './open-files.ts';
import type { ServerSettings } from './settings.ts';
import type { ServerTls } from './tls-settings.ts';

/** How often the files of `client.certReload` are looked at. */
const RELOAD_INTERVAL_MS = 1000;

export interface ClientPortsDeps {
  gatekeeper: Gatekeeper;
  words: FourLetterWords;
  counts: DoorCounts;
}

export interface ClientPorts {
  /** The one without TLS, or the only one there is. */
  readonly port: number;
  /** Null: none. */
  readonly securePort: number | null;
  /** TLS handshakes under way. */
  readonly handshakeCount: number;
  close(): Promise<void>;
}

/** Rejects with the system's error when a port is taken. */
export async function openClientPorts(settings: ServerSettings, deps: ClientPortsDeps): Promise<ClientPorts> {
  const log = createLogger('org.apache.zookeeper.server.NIOServerCnxnFactory');
  const { tls } = settings;
  const common: Omit<PortOptions, 'port' | 'host' | 'tls'> = {
    ...deps,
    backlog: settings.clientPortListenBacklog,
    keepAlive: settings.clientTcpKeepAlive,
    perAddressMax: settings.maxClientCnxns,
    totalMax: settings.maxCnxns,
    filesMax: maxFileCount(),
    handshakeTimeoutMs: settings.sessionlessCnxnTimeout,
    requestBytesMax: settings.juteMaxBuffer,
    origins: { allowed: settings.allowedOrigins, hostName: hostname() },
    log,
  };
  const open = (port: number, host: string | null, portTls: PortTls | null): Promise<ClientPort> => {
    log.info(`binding to ${portTls?.only === true ? 'secure port' : 'port'} ${host ?? '0.0.0.0'}/${host ?? '0.0.0.0'}:${port}`);
    return ClientPort.open({ ...common, port, host, tls: portTls });
  };
  const ports: ClientPort[] = [];
  const close = async (): Promise<void> => {
    for (const file of tls?.watched ?? []) unwatchFile(file);
    await Promise.all(ports.map((port) => port.close()));
  };
  try {
    let securePort: ClientPort | null = null;
    if (settings.servesPlain) ports.push(await open(settings.clientPort, settings.clientPortAddress, tls?.unified === true ? tlsOf(tls, false) : null));
    if (settings.secureClientPort !== null && tls !== null) {
      securePort = await open(settings.secureClientPort, settings.secureClientPortAddress, tlsOf(tls, true));
      ports.push(securePort);
    }
    if (tls !== null) watchStores(tls, ports);
    return {
      port: ports[0]!.port,
      securePort: securePort?.port ?? null,
      get handshakeCount() {
        return ports.reduce((sum, port) => sum + port.handshakeCount, 0);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function tlsOf(tls: ServerTls, only: boolean): PortTls {
  return { only, context: tls.context(), clientAuth: tls.clientAuth, superUser: tls.superUser, handshakesMax: tls.handshakesMax };
}

/** `client.certReload`: connections to come use what the files have by then; files that can't be used change nothing. */
function watchStores(tls: ServerTls, ports: readonly ClientPort[]): void {
  const log = createLogger('org.apache.zookeeper.common.X509Util');
  for (const file of tls.watched) {
    watchFile(file, { interval: RELOAD_INTERVAL_MS, persistent: false }, () => {
      try {
        const context = tls.context();
        for (const port of ports) port.renewTls(context);
        log.info(`Read the TLS stores again: ${file} has changed`);
      } catch (error) {
        log.error(`Cannot read the TLS stores again, the old ones stay in use: ${(error as Error).message}`);
      }
    });
  }
}
