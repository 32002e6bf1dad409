/**
 * The client port. The first bytes of a connection tell its protocol, so all doors share one port:
 *
 *     "GET "            HTTP: a WebSocket upgrade on /
 *     four letters      an operator's four-letter word
 *     int32 length      ZooKeeper's native protocol (jute)
 *     22 3              a TLS handshake, and then one of these three inside
 *
 * A connection that doesn't say what it is in time is closed, and so is one too many from an address.
 */
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import { WebSocketServer } from 'ws';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { CLIENT_FRAME_BYTES_MAX } from '../../shared/ws-protocol/messages.ts';
import type { Id } from '../../shared/znode/acl.ts';
import type { DoorCounts, Gatekeeper } from './door.ts';
import type { FourLetterWords } from './four-letter-words.ts';
import { JuteConnection } from './jute-connection.ts';
import type { OriginPolicy } from './origin-policy.ts';
import { isOriginAllowed } from './origin-policy.ts';
import type { TlsDoorOptions } from './tls-door.ts';
import { isClientHello, TlsDoor } from './tls-door.ts';
import { WsConnection } from './ws-connection.ts';

/** What TLS needs besides what the port has. */
export interface PortTls extends Omit<TlsDoorOptions, 'secured' | 'log' | 'counts' | 'handshakeTimeoutMs'> {
  /** Nothing but TLS: `secureClientPort`; else both (`client.portUnification`). */
  only: boolean;
}

/** Files kept free of connections: log, snapshots, other ports. */
const FILES_RESERVED = 64;

export interface PortOptions {
  port: number;
  /** Null listens at all addresses. */
  host: string | null;
  backlog: number;
  /** The system probes silent connections. */
  keepAlive: boolean;
  /** Connections from one address, and in all; 0 means no limit. */
  perAddressMax: number;
  totalMax: number;
  /** Files that this process may open; -1: unknown. */
  filesMax: number;
  handshakeTimeoutMs: number;
  requestBytesMax: number;
  origins: OriginPolicy;
  gatekeeper: Gatekeeper;
  words: FourLetterWords;
  log: Logger;
  counts: DoorCounts;
  /** Null: no TLS. */
  tls: PortTls | null;
}

export class ClientPort {
  private readonly options: PortOptions;
  private readonly server: Server;
  private readonly http: HttpServer;
  private readonly ws: WebSocketServer;
  private readonly tls: TlsDoor | null;
  private readonly sockets = new Set<Socket>();
  /** Clear streams inside TLS, and whom their certificates proved. */
  private readonly certified = new WeakMap<Duplex, readonly Id[]>();
  /** What ends a connection that doesn't come to the point. */
  private readonly deadlines = new WeakMap<Duplex, NodeJS.Timeout>();
  /** The last connection was refused for want of files. */
  private isFull = false;
  private readonly countByAddress = new Map<string, number>();

  private constructor(options: PortOptions) {
    this.options = options;
    this.ws = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: Math.max(CLIENT_FRAME_BYTES_MAX, options.requestBytesMax),
    });
    this.http = createHttpServer((_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', connection: 'close', upgrade: 'websocket' });
      response.end('This is a coordinator: connect by WebSocket\n');
    });
    this.http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => this.upgrade(request, socket, head));
    const { tls, log, counts, handshakeTimeoutMs } = options;
    const secured: TlsDoorOptions['secured'] = (socket, ids) => {
      this.certified.set(socket, ids);
      this.identify(socket);
    };
    this.tls = tls === null ? null : new TlsDoor({ ...tls, log, counts, handshakeTimeoutMs, secured });
    this.server = createServer({ noDelay: true, keepAlive: options.keepAlive }, (socket) => this.accept(socket));
  }

  /** Listens; rejects with the system's error when the port is taken. */
  static async open(options: PortOptions): Promise<ClientPort> {
    const port = new ClientPort(options);
    await new Promise<void>((resolve, reject) => {
      port.server.once('error', reject);
      const where = options.host === null ? {} : { host: options.host };
      const backlog = options.backlog < 0 ? {} : { backlog: options.backlog };
      port.server.listen({ port: options.port, ...where, ...backlog }, resolve);
    });
    return port;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** TLS handshakes under way. */
  get handshakeCount(): number {
    return this.tls?.handshakeCount ?? 0;
  }

  /** Takes new keys and authorities for the connections to come. */
  renewTls(context: SecureContextOptions): void {
    this.tls?.renew(context);
  }

  /** Takes no more connections and ends those there are. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    this.http.close();
    this.ws.close();
    await closed;
  }

  private accept(socket: Socket): void {
    const { options } = this;
    const address = plainAddress(socket.remoteAddress ?? '');
    const count = (this.countByAddress.get(address) ?? 0) + 1;
    // A peer that resets its connection is no news; the end of the connection is handled by its door.
    socket.on('error', (error) => options.log.debug(`Connection from /${address}: ${error.message}`));
    if (options.perAddressMax > 0 && count > options.perAddressMax) {
      options.log.warn(`Too many connections from /${address} - max is ${options.perAddressMax}`);
      options.counts.rejected();
      socket.destroy();
      return;
    }
    if (options.totalMax > 0 && this.sockets.size >= options.totalMax) {
      options.log.error(`Too many connections - max is ${options.totalMax}. Connection from /${address} was refused`);
      options.counts.rejected();
      socket.destroy();
      return;
    }
    if (options.filesMax > 0 && this.sockets.size >= options.filesMax - FILES_RESERVED) {
      // The system would hang up on them without a word, and leave nothing for a snapshot.
      if (!this.isFull) {
        options.log.error(
          `Too many connections - this process may open ${options.filesMax} files (ulimit -n), and ${this.sockets.size} are connections. ` +
            `Raise that limit, or set maxCnxns below it. Connection from /${address} was refused, and so are others until there is room`,
        );
      }
      this.isFull = true;
      options.counts.rejected();
      socket.destroy();
      return;
    }
    this.isFull = false;
    this.countByAddress.set(address, count);
    this.sockets.add(socket);
    socket.once('close', () => {
      this.sockets.delete(socket);
      const left = this.countByAddress.get(address)! - 1;
      if (left === 0) this.countByAddress.delete(address);
      else this.countByAddress.set(address, left);
    });
    if (options.tls?.only === true) this.tls!.take(socket, address);
    else this.identify(socket);
  }

  /** Waits for the first four bytes and hands the connection to its door, which has to see a session asked for in time. */
  private identify(socket: Socket): void {
    const { options } = this;
    const timer = setTimeout(() => {
      options.log.info(`Closing the connection from /${plainAddress(socket.remoteAddress ?? '')}: it asked for nothing in ${options.handshakeTimeoutMs} ms`);
      options.counts.silent();
      socket.destroy();
    }, options.handshakeTimeoutMs);
    this.deadlines.set(socket, timer);
    socket.once('close', () => clearTimeout(timer));
    let head: Buffer = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      if (head.length < 4) return;
      socket.off('data', onData);
      this.dispatch(socket, head);
    };
    socket.on('data', onData);
  }

  /** The connection has come to the point. */
  private arrived(socket: Duplex): void {
    clearTimeout(this.deadlines.get(socket));
  }

  private dispatch(socket: Socket, head: Buffer): void {
    const { options } = this;
    const word = head.toString('latin1', 0, 4);
    if (word === 'GET ') {
      socket.pause();
      socket.unshift(head);
      this.http.emit('connection', socket);
      socket.resume();
      return;
    }
    const address = plainAddress(socket.remoteAddress ?? '');
    if (isClientHello(head) && !this.certified.has(socket)) {
      if (this.tls === null) {
        options.log.warn(`Closing the connection from /${address}: it wants TLS, which is for secureClientPort (client.portUnification=true allows it here too)`);
        socket.destroy();
        return;
      }
      // The handshake has a deadline of its own, and then the clear stream has one.
      this.arrived(socket);
      socket.pause();
      socket.unshift(head);
      this.tls.take(socket, address);
      return;
    }
    if (options.words.isWord(word)) {
      options.counts.bytesReceived(head.length);
      const asking = { address, port: socket.remotePort ?? 0 };
      socket.end(options.words.answer(word, head.subarray(4), asking), 'utf8');
      return;
    }
    // Anything else is a length, or garbage that the native door refuses by its length.
    new JuteConnection(socket, head, address, this.certified.get(socket) ?? null, options, () => this.arrived(socket));
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    const { origin, host } = request.headers;
    if (!isOriginAllowed(this.options.origins, origin, host)) {
      const address = plainAddress((socket as Socket).remoteAddress ?? '');
      this.options.log.warn(
        `Refused a web page of "${origin}" that tried to connect to "${host}" from /${address}: websocket.allowedOrigins doesn't have it`,
      );
      this.options.counts.rejected();
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    this.ws.handleUpgrade(request, socket, head, (ws) => {
      const tcp = socket as Socket;
      new WsConnection(ws, tcp, plainAddress(tcp.remoteAddress ?? ''), this.certified.get(socket) ?? null, this.options, () => this.arrived(socket));
    });
  }
}

/** `127.0.0.1` instead of `::ffff:127.0.0.1`: one client has one address, whichever family the server listens with. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
