/**
 * TLS before the doors: makes the handshake on a connection whose first bytes ask for one, finds out who the client is by its
 * certificate (scheme `x509`, as `X509AuthenticationProvider`), and hands the clear stream on. Whatever speaks on a plain connection
 * speaks on this one.
 */
import type { Socket } from 'node:net';
import type { SecureContextOptions, Server, TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';
import { DerError } from '../../shared/tls/der.ts';
import { subjectName } from '../../shared/tls/distinguished-name.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Id } from '../../shared/znode/acl.ts';
import type { DoorCounts } from './door.ts';

export type ClientAuth = 'none' | 'want' | 'need';

export interface TlsDoorOptions {
  context: SecureContextOptions;
  /** Whether clients show certificates: who shows one that isn't trusted is refused with `want` too. */
  clientAuth: ClientAuth;
  /** The subject that may do anything. */
  superUser: string | null;
  handshakeTimeoutMs: number;
  /** Handshakes at a time; more are turned away. -1: no limit. */
  handshakesMax: number;
  log: Logger;
  counts: DoorCounts;
  /** The handshake is done: the clear stream, and whom the certificate proved. */
  secured(socket: TLSSocket, ids: readonly Id[]): void;
}

/** How a ClientHello begins: a handshake record of some SSL 3 or TLS version. */
export function isClientHello(head: Buffer): boolean {
  return head[0] === 0x16 && head[1] === 3;
}

export class TlsDoor {
  private readonly options: TlsDoorOptions;
  private readonly server: Server;
  /** Address and port of those under way. */
  private readonly shaking = new Set<string>();

  constructor(options: TlsDoorOptions) {
    this.options = options;
    const { context, clientAuth, handshakeTimeoutMs } = options;
    // It never listens: connections come from the port, which has looked at them. Judged below, where the reason can be told.
    this.server = createServer({ ...context, handshakeTimeout: handshakeTimeoutMs, requestCert: clientAuth !== 'none', rejectUnauthorized: false });
    this.server.on('secureConnection', (socket) => this.secured(socket));
    this.server.on('tlsClientError', (error, socket) => this.failed(error, socket));
  }

  get handshakeCount(): number {
    return this.shaking.size;
  }

  /** Takes new keys and authorities for the connections to come. */
  renew(context: SecureContextOptions): void {
    this.server.setSecureContext(context);
  }

  /** Begins the handshake; what the client has sent so far is still to be read from `socket`. */
  take(socket: Socket, address: string): void {
    const { handshakesMax, counts, log } = this.options;
    if (handshakesMax > 0 && this.shaking.size >= handshakesMax) {
      log.warn(`Too many TLS handshakes at a time - max is ${handshakesMax}. Connection from /${address} was refused`);
      counts.handshakesExceeded();
      socket.destroy();
      return;
    }
    const who = peerOf(socket);
    this.shaking.add(who);
    socket.once('close', () => this.shaking.delete(who));
    this.server.emit('connection', socket);
  }

  private secured(socket: TLSSocket): void {
    const { clientAuth, log, secured } = this.options;
    this.shaking.delete(peerOf(socket));
    // How a connection breaks is told by its end, as with plain ones.
    socket.on('error', (error) => log.debug(`TLS connection: ${error.message}`));
    if (clientAuth === 'none') return secured(socket, []);
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) {
      if (clientAuth === 'want') return secured(socket, []);
      return this.failed(new Error('the client shows no certificate, which ssl.clientAuth=need asks for'), socket);
    }
    if (!socket.authorized) return this.failed(new Error(`the client's certificate is not trusted (${String(socket.authorizationError)})`), socket);
    try {
      const id = subjectName(certificate.raw);
      const ids: Id[] = [{ scheme: 'x509', id }];
      if (id === this.options.superUser) ids.unshift({ scheme: 'super', id });
      log.info(`Authenticated Id '${id}' for Scheme 'x509'${ids.length > 1 ? ' as super user' : ''}`);
      secured(socket, ids);
    } catch (error) {
      if (!(error instanceof DerError)) throw error;
      this.failed(error, socket);
    }
  }

  private failed(error: Error, socket: TLSSocket): void {
    const who = peerOf(socket);
    this.shaking.delete(who);
    this.options.log.warn(`Unsuccessful TLS handshake with /${who}: ${error.message}`);
    this.options.counts.handshakeFailed();
    socket.destroy();
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? '?'}:${remotePort ?? 0}`;
}
