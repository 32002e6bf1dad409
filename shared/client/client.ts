/**
 * The coordinator's client: a typed session with an ensemble, for brokers, the shell, Node programs and browsers alike.
 *
 *     const client = await CoordinatorClient.connect({ servers: 'localhost:2181/app' });
 *     await client.create('/members/m-', 'me', { mode: CreateMode.EPHEMERAL_SEQUENTIAL });
 *     const { children } = await client.getChildren('/members', { watch: (event) => console.log(event.path) });
 *
 * Calls are pipelined: those of one tick travel in one frame, and replies come in order. A watch's callback runs before the
 * reply to any call that could show its change. Over a broken connection the session goes on (to another server if need be)
 * with its watches; calls in flight then fail with CONNECTIONLOSS, those not yet sent wait for the next connection. When the
 * servers have let the session go, the client has `expired`, with everything that was ephemeral: make a new one.
 */
import { ErrorCode } from '../znode/error-code.ts';
import type { Data, Request } from '../znode/operations.ts';
import { EventType, KeeperState } from '../znode/watch-event.ts';
import type { EventMessage, ReplyMessage, RequestMessage } from '../ws-protocol/messages.ts';
import { Xid } from '../ws-protocol/messages.ts';
import type { Outcome } from './calls.ts';
import { Calls } from './calls.ts';
import type { ServerAddress } from './connect-string.ts';
import { formatServer, parseConnectString } from './connect-string.ts';
import { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import { systemEnvironment } from './environment.ts';
import { defaultTransport } from './default-transport.ts';
import { CoordinatorError } from './errors.ts';
import { callSafely, Listeners } from './listeners.ts';
import type { DataLike } from './ops.ts';
import { asData } from './ops.ts';
import { stripChroot } from './path.ts';
import type { SessionIdentity } from './session.ts';
import { Session } from './session.ts';
import type { Transport } from './transport.ts';
import type { ClientEvent } from './watch-registry.ts';

export type { ClientEvent, WatchCallback } from './watch-registry.ts';
export type { CreateOptions, DataLike } from './ops.ts';
export type { ReadOptions, Reconfiguration } from './calls.ts';
export type { SessionIdentity } from './session.ts';

/** The original's names (`ZooKeeper.States`), and EXPIRED, which it keeps under CLOSED. */
export type ClientState = 'CONNECTING' | 'CONNECTED' | 'CONNECTEDREADONLY' | 'AUTH_FAILED' | 'EXPIRED' | 'CLOSED';

export interface ClientOptions {
  /** `host:port,host:port/chroot`; the port is 2181 unless said. */
  servers: string;
  /** Asked for; the server grants 2 to 20 of its ticks (4 to 40 s by default). Default 30 s. */
  sessionTimeoutMs?: number;
  /**
   * Has the session ended this long after its connection broke, if it came back to no server by then; 0, the default, leaves that to the
   * timeout. Only over WebSocket. Whoever asks for it must stop acting on its session by itself when it had no contact for that long.
   */
  disconnectGraceMs?: number;
  /** Takes a session up again instead of opening a new one. */
  session?: SessionIdentity;
  /** Accept a server that can only be read from. */
  readOnly?: boolean;
  /**
   * Fail waiting calls with CONNECTIONLOSS when no server could be reached, as the original's client does, instead of having
   * them wait for better times. What a person at a prompt wants.
   */
  failFast?: boolean;
  /** Default: WebSocket; with the package's entry for Node, `nodeTransport()`, which speaks natively where there is no WebSocket. */
  transport?: Transport;
  environment?: Environment;
  /** Listens from the start, so that nothing is missed. */
  onEvent?: (event: ClientEvent) => void;
}

/** What can be listened to with `on`, and what each listener is told. */
export interface ClientEvents {
  /** Connected, for the first time or again. `resumed`: the session existed before this connection. */
  connected: { resumed: boolean; readOnly: boolean };
  /** The connection broke; the client looks for another. */
  disconnected: { reason: string };
  /** A server could not be reached; the next one is tried. */
  attemptFailed: { server: string; reason: string };
  expired: undefined;
  authFailed: undefined;
  closed: undefined;
  /** Every event of a watch, and the changes of the session's state (type None), as the original's default watcher sees them. */
  event: ClientEvent;
}

/** An identity added to the session. */
interface AuthPacket {
  scheme: string;
  auth: Data;
  /** Tells whoever added it; null once told. */
  settle: ((error: CoordinatorError | null) => void) | null;
}

const SESSION_TIMEOUT_MS_DEFAULT = 30_000;

export class CoordinatorClient extends Calls {
  private readonly environment: Environment;
  private readonly session: Session;
  private readonly connection: Connection;
  private readonly listeners = new Listeners<ClientEvents>();
  /** Sent again on every connection. */
  private readonly auths: AuthPacket[] = [];
  /** Those sent on this connection whose reply has not come, oldest first. */
  private authsInFlight: AuthPacket[] = [];
  private readonly failFast: boolean;
  private readonly serverCount: number;
  private failedAttempts = 0;
  private currentState: ClientState = 'CONNECTING';
  private lastFailure = '';
  /** Whether the session existed before the connection under way. */
  private hadSession: boolean;
  private closePromise: Promise<void> | null = null;

  /** Opens a session and waits until it stands: at most `timeoutMs` (default: for ever). */
  static async connect(options: ClientOptions & { connectTimeoutMs?: number }): Promise<CoordinatorClient> {
    const client = CoordinatorClient.open(options);
    try {
      await client.whenConnected(options.connectTimeoutMs);
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  /** Begins to open a session and returns at once; calls wait for the connection. */
  static open(options: ClientOptions): CoordinatorClient {
    const client = new CoordinatorClient(options);
    client.connection.start();
    return client;
  }

  private constructor(options: ClientOptions) {
    const { servers, chroot } = parseConnectString(options.servers);
    super(chroot);
    this.environment = options.environment ?? systemEnvironment;
    this.session = new Session(options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS_DEFAULT, options.session);
    this.hadSession = options.session !== undefined;
    this.failFast = options.failFast ?? false;
    this.serverCount = servers.length;
    this.connection = new Connection({
      session: this.session,
      servers,
      transport: options.transport ?? defaultTransport(),
      environment: this.environment,
      readOnly: options.readOnly ?? false,
      disconnectGraceMs: options.disconnectGraceMs ?? 0,
      listener: {
        onConnected: (readOnly) => this.onConnected(readOnly),
        onDisconnected: (reason) => this.onDisconnected(reason),
        onAttemptFailed: (server, reason) => this.onAttemptFailed(server, reason),
        onExpired: () => this.onExpired(),
        onEvent: (event) => this.onEvent(event),
        onSpecialReply: (reply) => this.onSpecialReply(reply),
      },
    });
    if (options.onEvent !== undefined) this.listeners.on('event', options.onEvent);
  }

  get state(): ClientState {
    return this.currentState;
  }

  /** 0n until a server has given one. */
  get sessionId(): bigint {
    return this.session.sessionId;
  }

  get password(): Uint8Array {
    return this.session.password;
  }

  /** As negotiated with the server. */
  get sessionTimeoutMs(): number {
    return this.session.timeoutMs;
  }

  /** As granted by the server; 0 where it was not asked for or the server doesn't know of it. */
  get disconnectGraceMs(): number {
    return this.session.disconnectGraceMs;
  }

  /**
   * How long the client has been out of touch with the servers, counted from the sending of the last message that was answered. Once it
   * is `disconnectGraceMs` (if that was granted) the session may be over, and what it stands for must not be acted on.
   */
  get outOfTouchMs(): number {
    return this.connection.outOfTouchMs;
  }

  /** zxid of the newest state that this session has been shown. */
  get lastZxidSeen(): number {
    return this.session.lastZxidSeen;
  }

  /** `host:port` of the server that is connected, or being tried. */
  get server(): string {
    return formatServer(this.connection.server);
  }

  /** Listens to `event`; the returned function stops that. */
  on<K extends keyof ClientEvents>(event: K, listener: (argument: ClientEvents[K]) => void): () => void {
    return this.listeners.on(event, listener);
  }

  /** Resolves when the session is connected; fails with CONNECTIONLOSS after `timeoutMs`, or when the session is over. */
  whenConnected(timeoutMs?: number): Promise<void> {
    if (this.isConnected) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stops: (() => void)[] = [];
      const settle = (error: CoordinatorError | null): void => {
        for (const stop of stops) stop();
        if (error === null) resolve();
        else reject(error);
      };
      const over = this.overError();
      if (over !== null) return settle(over);
      stops.push(
        this.on('connected', () => settle(null)),
        this.on('expired', () => settle(this.overError())),
        this.on('authFailed', () => settle(this.overError())),
        this.on('closed', () => settle(this.overError())),
      );
      if (timeoutMs === undefined) return;
      const fail = (): void => {
        const tried = this.lastFailure === '' ? `${this.server} has not answered` : this.lastFailure;
        const message = `Timed out after ${timeoutMs} ms waiting for connection while in state: ${this.state} (${tried})`;
        settle(new CoordinatorError(ErrorCode.CONNECTIONLOSS, undefined, { message }));
      };
      stops.push(this.environment.schedule(fail, timeoutMs));
    });
  }

  /** Adds an identity to the session, e.g. `digest` with `user:password`; remembered over reconnections. */
  addAuth(scheme: string, auth: DataLike): Promise<void> {
    const over = this.overError();
    if (over !== null) return Promise.reject(over);
    return new Promise((resolve, reject) => {
      const settle = (error: CoordinatorError | null): void => (error === null ? resolve() : reject(error));
      const packet: AuthPacket = { scheme, auth: asData(auth), settle };
      this.auths.push(packet);
      if (!this.connection.isUp) return; // goes out with the others once there is a connection
      this.authsInFlight.push(packet);
      this.connection.sendNow([authMessage(packet)]);
    });
  }

  /** Ends the session: its ephemerals go at once. Calls made before go first; calls after it fail. */
  close(): Promise<void> {
    this.closePromise ??= new Promise((resolve) => {
      if (this.overError() !== null) return resolve();
      this.connection.close(() => {
        this.over('CLOSED', ErrorCode.SESSIONEXPIRED);
        this.emitState(KeeperState.Closed);
        this.listeners.emit('closed', undefined);
        resolve();
      });
    });
    return this.closePromise;
  }

  /** Leaves without closing the session: it can be taken up again with `sessionId` and `password` until it expires. */
  abandon(): void {
    if (this.overError() !== null) return;
    this.connection.end();
    this.over('CLOSED', ErrorCode.CONNECTIONLOSS);
    this.listeners.emit('closed', undefined);
  }

  private get isConnected(): boolean {
    return this.currentState === 'CONNECTED' || this.currentState === 'CONNECTEDREADONLY';
  }

  /** Why nothing can be asked any more, or null. */
  private overError(): CoordinatorError | null {
    switch (this.currentState) {
      case 'CLOSED':
        return closedError();
      case 'EXPIRED':
        return new CoordinatorError(ErrorCode.SESSIONEXPIRED);
      case 'AUTH_FAILED':
        return new CoordinatorError(ErrorCode.AUTHFAILED);
      default:
        return null;
    }
  }

  protected submit(request: Request, complete: Outcome): void {
    const over = this.closePromise === null ? this.overError() : closedError();
    if (over !== null) {
      complete(over, null);
      return;
    }
    this.session.enqueue(request, complete);
    this.connection.flushSoon();
  }

  private onConnected(readOnly: boolean): RequestMessage[] {
    const resumed = this.hadSession;
    this.hadSession = true;
    this.failedAttempts = 0;
    this.currentState = readOnly ? 'CONNECTEDREADONLY' : 'CONNECTED';
    this.authsInFlight = [...this.auths];
    const messages = this.auths.map(authMessage);
    for (const request of this.watches.setWatchesRequests(this.session.lastZxidSeen)) {
      messages.push({ kind: 'request', xid: Xid.SET_WATCHES, request });
    }
    this.emitState(readOnly ? KeeperState.ConnectedReadOnly : KeeperState.SyncConnected);
    this.listeners.emit('connected', { resumed, readOnly });
    return messages;
  }

  private onDisconnected(reason: string): void {
    this.currentState = 'CONNECTING';
    this.lastFailure = reason;
    this.emitState(KeeperState.Disconnected);
    this.listeners.emit('disconnected', { reason });
  }

  private onAttemptFailed(server: ServerAddress, reason: string): void {
    this.lastFailure = `${formatServer(server)}: ${reason}`;
    if (this.failFast && ++this.failedAttempts % this.serverCount === 0) this.session.failAll(ErrorCode.CONNECTIONLOSS);
    this.listeners.emit('attemptFailed', { server: formatServer(server), reason });
  }

  private onExpired(): void {
    this.over('EXPIRED', ErrorCode.SESSIONEXPIRED);
    this.emitState(KeeperState.Expired);
    this.listeners.emit('expired', undefined);
  }

  private onEvent(message: EventMessage): void {
    const callbacks = this.watches.take(message.type, message.path);
    const event: ClientEvent = {
      type: message.type,
      state: message.state,
      path: stripChroot(this.chroot, message.path),
      zxid: message.zxid,
    };
    for (const callback of callbacks) callSafely(callback, event);
    this.listeners.emit('event', event);
  }

  private onSpecialReply(reply: ReplyMessage): void {
    if (reply.xid !== Xid.AUTH) return;
    const packet = this.authsInFlight.shift();
    if (reply.error === 0) {
      packet?.settle?.(null);
      if (packet !== undefined) packet.settle = null;
      return;
    }
    // As in the original, a session whose authentication is refused is of no more use.
    this.connection.end();
    this.over('AUTH_FAILED', ErrorCode.AUTHFAILED);
    this.emitState(KeeperState.AuthFailed);
    this.listeners.emit('authFailed', undefined);
  }

  private over(state: ClientState, code: ErrorCode): void {
    this.currentState = state;
    this.session.failAll(code);
    this.watches.clear();
    for (const { settle } of this.auths.splice(0)) settle?.(new CoordinatorError(code));
  }

  private emitState(state: KeeperState): void {
    this.listeners.emit('event', { type: EventType.None, state, path: '', zxid: -1 });
  }
}

function closedError(): CoordinatorError {
  return new CoordinatorError(ErrorCode.SESSIONEXPIRED, undefined, { message: 'This client is closed' });
}

function authMessage({ scheme, auth }: AuthPacket): RequestMessage {
  return { kind: 'request', xid: Xid.AUTH, request: { op: 'auth', scheme, auth } };
}
