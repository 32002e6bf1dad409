/**
 * The listeners and their connections: binds every address first (so that a port in use stops the start), serves only once told to, and
 * opens and closes listeners at run time. A connection over a limit waits unserved until another one goes, as in Kafka.
 */
import type { Socket } from 'node:net';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { Acceptor, type BoundListener, plainAddress } from './acceptor.ts';
import { ClientConnection } from './connection.ts';
import type { ConnectionQuotas } from '../quota/connection-quotas.ts';
import type { EndPoint } from '../settings/listeners.ts';
import type { RequestRouter } from './request-router.ts';

export type { BoundListener } from './acceptor.ts';

export interface SocketServerOptions {
  listeners: readonly EndPoint[];
  quotas: ConnectionQuotas;
  requestBytesMax: number;
  idleMsMax: number;
  backlogSize: number;
  nowMs: () => number;
  logger: Logger;
  acceptorLogger: Logger;
}

export class SocketServer {
  private readonly options: SocketServerOptions;
  private acceptors: Acceptor[] = [];
  private readonly connections = new Set<ClientConnection>();
  private router: RequestRouter | null = null;
  private nextIndex = 0;
  private closing = false;

  constructor(options: SocketServerOptions) {
    this.options = options;
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  get listeners(): readonly BoundListener[] {
    return this.acceptors.map(({ listener }) => listener);
  }

  /** Takes all ports. Throws `FatalError` for one that is in use; none is held then. */
  async bind(): Promise<readonly BoundListener[]> {
    try {
      for (const endPoint of this.options.listeners) await this.open(endPoint);
    } catch (error) {
      await this.close();
      throw error;
    }
    return this.listeners;
  }

  private async open(endPoint: EndPoint): Promise<void> {
    const { backlogSize, quotas, nowMs, logger, acceptorLogger } = this.options;
    const acceptor = new Acceptor(endPoint, {
      backlogSize,
      quotas,
      nowMs,
      logger,
      acceptorLogger,
      serve: (socket, address, listener) => this.admit(socket, address, listener),
    });
    await acceptor.bind();
    this.acceptors.push(acceptor);
    if (this.closing) await acceptor.close();
    else if (this.router !== null) acceptor.serve();
  }

  /** From now on requests are served, those of connections that came before too. */
  serve(router: RequestRouter): void {
    this.router = router;
    for (const acceptor of this.acceptors) acceptor.serve();
  }

  /**
   * Closes listeners that are not among these, with their connections, and opens those that are new. A listener is known by its name: one
   * that is there keeps its address. Throws `FatalError` for a port that is in use.
   */
  async changeListeners(endPoints: readonly EndPoint[]): Promise<void> {
    const gone = this.acceptors.filter(({ listener }) => !endPoints.some(({ listenerName }) => listenerName === listener.listenerName));
    this.acceptors = this.acceptors.filter((acceptor) => !gone.includes(acceptor));
    for (const acceptor of gone) {
      const closed = acceptor.close();
      for (const connection of [...this.connections]) {
        if (connection.listenerName === acceptor.listener.listenerName) connection.destroy();
      }
      await closed;
    }
    for (const endPoint of endPoints) {
      if (!this.acceptors.some(({ listener }) => listener.listenerName === endPoint.listenerName)) await this.open(endPoint);
    }
  }

  /** The quotas have other limits. */
  limitsChanged(): void {
    this.closeExcess();
    this.advance();
  }

  private advance(): void {
    for (const acceptor of this.acceptors) acceptor.advance();
  }

  private admit(socket: Socket, clientAddress: string, { listenerName }: BoundListener): void {
    const { quotas, requestBytesMax, idleMsMax, nowMs, logger } = this.options;
    const local = `${plainAddress(socket.localAddress ?? '')}:${socket.localPort}`;
    const connection = new ClientConnection(socket, {
      router: this.router!,
      listenerName,
      connectionId: `${local}-${clientAddress}:${socket.remotePort}-${this.nextIndex++}`,
      clientAddress,
      requestBytesMax,
      idleMsMax,
      nowMs,
      logger,
    });
    this.connections.add(connection);
    connection.onClose(() => {
      this.connections.delete(connection);
      quotas.released(listenerName, clientAddress);
      this.advance();
    });
    socket.resume();
    this.closeExcess();
  }

  /** Brokers may come in though all places are taken, and the limit may have been lowered: then who was silent for the longest goes. */
  private closeExcess(): void {
    const { quotas } = this.options;
    while (quotas.isOverfull) {
      let silent: ClientConnection | null = null;
      for (const connection of this.connections) {
        if (quotas.isProtected(connection.listenerName)) continue;
        if (silent === null || connection.lastReceivedMs < silent.lastReceivedMs) silent = connection;
      }
      if (silent === null) return;
      silent.destroy();
    }
  }

  /** Closes ports and connections. */
  async close(): Promise<void> {
    this.closing = true;
    const closed = this.acceptors.map((acceptor) => acceptor.close());
    for (const connection of [...this.connections]) connection.destroy();
    await Promise.all(closed);
  }
}
