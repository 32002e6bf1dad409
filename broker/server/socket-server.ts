/**
 * The listeners: binds every address first (so that a port in use stops the start), serves only once told to, and keeps to the
 * limits on connections. A connection over `max.connections` waits unserved until another one goes, as in Kafka.
 */
import type { Server, Socket } from 'node:net';
import net from 'node:net';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { ClientConnection } from './connection.ts';
import { FatalError } from './fatal-error.ts';
import type { EndPoint } from './listeners.ts';
import type { RequestRouter } from './request-router.ts';

/** How many connections there may be. */
export interface ConnectionLimits {
  connectionsMax: number;
  connectionsPerIpMax: number;
  /** Limits of single addresses, which win. */
  connectionsByIp: ReadonlyMap<string, number>;
}

export interface SocketServerOptions extends ConnectionLimits {
  listeners: readonly EndPoint[];
  requestBytesMax: number;
  idleMsMax: number;
  backlogSize: number;
  logger: Logger;
  /** Says where connections are awaited, under the original's class name. */
  acceptorLogger: Logger;
}

export interface BoundListener extends EndPoint {
  /** The real port, where 0 was asked for. */
  port: number;
}

export class SocketServer {
  private readonly options: SocketServerOptions;
  private limits: ConnectionLimits;
  private readonly logger: Logger;
  private readonly servers: { server: Server; listener: BoundListener }[] = [];
  private readonly connections = new Set<ClientConnection>();
  private readonly countByAddress = new Map<string, number>();
  /** Accepted and not served yet. */
  private waiting: { socket: Socket; listener: BoundListener }[] = [];
  private router: RequestRouter | null = null;
  private nextIndex = 0;
  private closing = false;

  constructor(options: SocketServerOptions) {
    this.options = options;
    this.limits = options;
    this.logger = options.logger;
  }

  /** From now on; connections that stand already stay. */
  setLimits(limits: ConnectionLimits): void {
    this.limits = limits;
    this.admitWaiting();
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  /** Takes all ports. Throws `FatalError` for one that is in use; none is held then. */
  async bind(): Promise<BoundListener[]> {
    try {
      for (const listener of this.options.listeners) this.servers.push(await this.bindOne(listener));
    } catch (error) {
      await this.close();
      throw error;
    }
    return this.servers.map(({ listener }) => listener);
  }

  private bindOne(endPoint: EndPoint): Promise<{ server: Server; listener: BoundListener }> {
    const listener = { ...endPoint };
    // Paused until it is known whether and when they are served.
    const server = net.createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.accept(socket, listener));
    const shownHost = endPoint.host ?? '0.0.0.0';
    return new Promise((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const reason = cause.code === 'EADDRINUSE' ? 'Address already in use' : cause.message;
        const javaCause = new FatalError('java.net.BindException', reason);
        const message = `Socket server failed to bind to ${shownHost}:${endPoint.port}: ${reason}.`;
        reject(new FatalError('org.apache.kafka.common.KafkaException', message, { cause: javaCause }));
      });
      const where = { port: endPoint.port, backlog: this.options.backlogSize };
      server.listen(endPoint.host === null ? where : { ...where, host: endPoint.host }, () => {
        listener.port = (server.address() as net.AddressInfo).port;
        this.options.acceptorLogger.info(`Awaiting socket connections on ${shownHost}:${listener.port}.`);
        server.removeAllListeners('error');
        server.on('error', (error) => this.logger.error('Error while accepting connection', { error }));
        resolve({ server, listener });
      });
    });
  }

  /** From now on requests are served, those of connections that came before too. */
  serve(router: RequestRouter): void {
    this.router = router;
    this.admitWaiting();
  }

  private accept(socket: Socket, listener: BoundListener): void {
    const address = plainAddress(socket.remoteAddress ?? '');
    if (this.closing || address === '') {
      socket.destroy();
      return;
    }
    const limit = this.limits.connectionsByIp.get(address) ?? this.limits.connectionsPerIpMax;
    const count = this.countByAddress.get(address) ?? 0;
    if (count >= limit) {
      this.logger.info(
        `Rejected connection from /${address}, address already has the configured maximum of ${limit} connections.`,
      );
      socket.destroy();
      return;
    }
    // Beyond this the system would have refused them too.
    if (this.waiting.length >= this.options.backlogSize && !this.hasRoom()) {
      socket.destroy();
      return;
    }
    this.countByAddress.set(address, count + 1);
    socket.on('error', () => undefined); // until a ClientConnection takes over: 'close' follows
    socket.once('close', () => {
      const left = (this.countByAddress.get(address) ?? 1) - 1;
      if (left === 0) this.countByAddress.delete(address);
      else this.countByAddress.set(address, left);
      this.waiting = this.waiting.filter((entry) => entry.socket !== socket);
    });
    this.waiting.push({ socket, listener });
    this.admitWaiting();
  }

  private hasRoom(): boolean {
    return !this.closing && this.router !== null && this.connections.size < this.limits.connectionsMax;
  }

  private admitWaiting(): void {
    while (this.waiting.length > 0 && this.hasRoom()) {
      const { socket, listener } = this.waiting.shift()!;
      this.admit(socket, listener);
    }
  }

  private admit(socket: Socket, listener: BoundListener): void {
    const clientAddress = plainAddress(socket.remoteAddress ?? '');
    const local = `${plainAddress(socket.localAddress ?? '')}:${socket.localPort}`;
    const connection = new ClientConnection(socket, {
      router: this.router!,
      listenerName: listener.listenerName,
      connectionId: `${local}-${clientAddress}:${socket.remotePort}-${this.nextIndex++}`,
      clientAddress,
      requestBytesMax: this.options.requestBytesMax,
      idleMsMax: this.options.idleMsMax,
      logger: this.logger,
    });
    this.connections.add(connection);
    connection.onClose(() => {
      this.connections.delete(connection);
      this.admitWaiting();
    });
    socket.resume();
  }

  /** No new connections; those that are there go on. */
  stopAccepting(): void {
    this.closing = true;
    for (const { server } of this.servers) server.close();
    for (const { socket } of this.waiting) socket.destroy();
  }

  /** Closes ports and connections. */
  async close(): Promise<void> {
    this.closing = true;
    const closed = this.servers.map(
      ({ server }) =>
        new Promise<void>((resolve) =>
          server.listening ? server.close(() => resolve()) : server.once('close', resolve) && resolve(),
        ),
    );
    for (const { socket } of this.waiting) socket.destroy();
    for (const connection of [...this.connections]) connection.destroy();
    await Promise.all(closed);
  }
}

/** IPv4 addresses as such, also when they arrive on an IPv6 socket. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
