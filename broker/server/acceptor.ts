/**
 * One listener: its port, and who comes in by it. Connections are let in one after the other, as the quotas have it; those that wait
 * are not read. A few wait here, as many as the system would queue, and as many until they are closed; more are closed at once.
 */
import type { Server, Socket } from 'node:net';
import net from 'node:net';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { ConnectionQuotas } from '../quota/connection-quotas.ts';
import { FatalError } from '../settings/fatal-error.ts';
import type { EndPoint } from '../settings/listeners.ts';

export interface BoundListener extends EndPoint {
  /** The real port, where 0 was asked for. */
  port: number;
}

export interface AcceptorOptions {
  readonly backlogSize: number;
  readonly quotas: ConnectionQuotas;
  readonly nowMs: () => number;
  /** Serves a connection that was admitted. */
  readonly serve: (socket: Socket, address: string, listener: BoundListener) => void;
  readonly logger: Logger;
  /** Says where connections are awaited, under the original's class name. */
  readonly acceptorLogger: Logger;
}

interface Arrival {
  readonly socket: Socket;
  readonly address: string;
  /** Whether the quotas know of it. */
  isNoted: boolean;
}

export class Acceptor {
  readonly listener: BoundListener;
  private readonly options: AcceptorOptions;
  private readonly server: Server;
  private waiting: Arrival[] = [];
  /** Sockets of addresses that came too often, each until its time is over. */
  private readonly throttled = new Map<Socket, NodeJS.Timeout>();
  /** While it runs nobody is let in. */
  private pause: NodeJS.Timeout | null = null;
  private isServing = false;
  private closed = false;

  constructor(endPoint: EndPoint, options: AcceptorOptions) {
    this.listener = { ...endPoint };
    this.options = options;
    // Paused until it is known whether and when they are served.
    this.server = net.createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.accept(socket));
  }

  /** Takes the port. Throws `FatalError` for one that is in use. */
  bind(): Promise<void> {
    const { server, listener } = this;
    const { backlogSize, acceptorLogger, logger } = this.options;
    const shownHost = listener.host ?? '0.0.0.0';
    return new Promise((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const reason = cause.code === 'EADDRINUSE' ? 'Address already in use' : cause.message;
        const javaCause = new FatalError('java.net.BindException', reason);
        const message = `Socket server failed to bind to ${shownHost}:${listener.port}: ${reason}.`;
        reject(new FatalError('org.apache.kafka.common.KafkaException', message, { cause: javaCause }));
      });
      const where = { port: listener.port, backlog: backlogSize };
      server.listen(listener.host === null ? where : { ...where, host: listener.host }, () => {
        listener.port = (server.address() as net.AddressInfo).port;
        acceptorLogger.info(`Awaiting socket connections on ${shownHost}:${listener.port}.`);
        server.removeAllListeners('error');
        server.on('error', (error) => logger.error('Error while accepting connection', { error }));
        this.options.quotas.addListener(listener.listenerName);
        resolve();
      });
    });
  }

  /** From now on connections are let in, those that came before too. */
  serve(): void {
    this.isServing = true;
    this.advance();
  }

  private accept(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? '');
    // Beyond the backlog the system would have refused it too.
    if (this.closed || address === '' || this.waiting.length >= this.options.backlogSize) {
      socket.destroy();
      return;
    }
    socket.on('error', () => undefined); // until somebody serves it: 'close' follows
    const arrival = { socket, address, isNoted: false };
    socket.once('close', () => {
      const at = this.waiting.indexOf(arrival);
      if (at >= 0) this.waiting.splice(at, 1);
    });
    this.waiting.push(arrival);
    this.advance();
  }

  /** Lets in whom it may. To be called when there may be room again. */
  advance(): void {
    const { quotas, nowMs } = this.options;
    const { listenerName } = this.listener;
    while (this.isServing && !this.closed && this.pause === null && this.waiting.length > 0) {
      const first = this.waiting[0]!;
      if (!first.isNoted) {
        first.isNoted = true;
        const throttleMs = quotas.arrived(listenerName, nowMs());
        if (throttleMs > 0) {
          this.pause = setTimeout(() => {
            this.pause = null;
            this.advance();
          }, throttleMs);
          return;
        }
      }
      if (!quotas.hasRoom(listenerName)) return;
      this.waiting.shift();
      this.letIn(first);
    }
  }

  private letIn({ socket, address }: Arrival): void {
    const { quotas, nowMs, logger, serve } = this.options;
    const admission = quotas.admit(this.listener.listenerName, address, nowMs());
    if (admission.kind === 'admitted') return serve(socket, address, this.listener);
    if (admission.kind === 'tooMany') {
      const { countMax } = admission;
      logger.info(`Rejected connection from /${address}, address already has the configured maximum of ${countMax} connections.`);
      socket.destroy();
      return;
    }
    const { closeAfterMs } = admission;
    // Each costs a file descriptor until then: of a flood the rest goes at once.
    if (this.throttled.size >= this.options.backlogSize) return void socket.destroy();
    logger.debug(`Delaying closing of connection from /${address} for ${closeAfterMs} ms`);
    this.throttled.set(socket, setTimeout(() => socket.destroy(), closeAfterMs));
    socket.once('close', () => this.forgetThrottled(socket));
  }

  private forgetThrottled(socket: Socket): void {
    clearTimeout(this.throttled.get(socket));
    this.throttled.delete(socket);
  }

  /** Gives the port back, and turns away who waits. Those who were let in are their servers' business. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.pause !== null) clearTimeout(this.pause);
    const { server, waiting, throttled } = this;
    for (const { socket } of [...waiting]) socket.destroy();
    for (const socket of [...throttled.keys()]) socket.destroy();
    this.options.quotas.removeListener(this.listener.listenerName);
    if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** IPv4 addresses as such, also when they arrive on an IPv6 socket. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
