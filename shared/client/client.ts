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
import type { Acl, Id } from '../znode/acl.ts';
import { CreateMode, isSequential } from '../znode/create-mode.ts';
import { ErrorCode } from '../znode/error-code.ts';
import type { Data, MultiOp, MultiResult, Request, Response, ResponseByOp } from '../znode/operations.ts';
import type { Stat } from '../znode/stat.ts';
import { AddWatchMode, EventType, KeeperState, WatcherType } from '../znode/watch-event.ts';
import type { EventMessage, ReplyMessage, RequestMessage } from '../ws-protocol/messages.ts';
import { Xid } from '../ws-protocol/messages.ts';
import type { ServerAddress } from './connect-string.ts';
import { formatServer, parseConnectString } from './connect-string.ts';
import { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import { systemEnvironment } from './environment.ts';
import { CoordinatorError } from './errors.ts';
import { asData, createRequest } from './ops.ts';
import type { CreateOptions, DataLike } from './ops.ts';
import { prependChroot, stripChroot, validatePath } from './path.ts';
import type { SessionIdentity } from './session.ts';
import { Session } from './session.ts';
import type { Transport } from './transport.ts';
import type { ClientEvent, WatchCallback, WatchKind } from './watch-registry.ts';
import { WatchRegistry } from './watch-registry.ts';
import { wsTransport } from './ws-transport.ts';

export type { ClientEvent, WatchCallback } from './watch-registry.ts';
export type { CreateOptions, DataLike } from './ops.ts';
export type { SessionIdentity } from './session.ts';

/** The original's names (`ZooKeeper.States`), and EXPIRED, which it keeps under CLOSED. */
export type ClientState = 'CONNECTING' | 'CONNECTED' | 'CONNECTEDREADONLY' | 'AUTH_FAILED' | 'EXPIRED' | 'CLOSED';

export interface ClientOptions {
  /** `host:port,host:port/chroot`; the port is 2181 unless said. */
  servers: string;
  /** Asked for; the server grants 2 to 20 of its ticks (4 to 40 s by default). Default 30 s. */
  sessionTimeoutMs?: number;
  /** Takes a session up again instead of opening a new one. */
  session?: SessionIdentity;
  /** Accept a server that can only be read from. */
  readOnly?: boolean;
  /**
   * Fail waiting calls with CONNECTIONLOSS when no server could be reached, as the original's client does, instead of having
   * them wait for better times. What a person at a prompt wants.
   */
  failFast?: boolean;
  /** Default: WebSocket. In Node, `nodeTransport()` is the faster one. */
  transport?: Transport;
  environment?: Environment;
  /** Listens from the start, so that nothing is missed. */
  onEvent?: (event: ClientEvent) => void;
}

/** What can be listened to with `on`. */
export interface ClientEvents {
  /** Connected, for the first time or again. `resumed`: the session existed before this connection. */
  connected: (info: { resumed: boolean; readOnly: boolean }) => void;
  /** The connection broke; the client looks for another. */
  disconnected: (info: { reason: string }) => void;
  /** A server could not be reached; the next one is tried. */
  attemptFailed: (info: { server: string; reason: string }) => void;
  expired: () => void;
  authFailed: () => void;
  closed: () => void;
  /** Every event of a watch, and the changes of the session's state (type None), as the original's default watcher sees them. */
  event: (event: ClientEvent) => void;
}

export interface ReadOptions {
  /** Called once, with the next change; over reconnections too. */
  watch?: WatchCallback;
}

const SESSION_TIMEOUT_MS_DEFAULT = 30_000;

export class CoordinatorClient {
  private readonly environment: Environment;
  private readonly session: Session;
  private readonly connection: Connection;
  private readonly chroot: string;
  private readonly watches = new WatchRegistry();
  private readonly listeners: { [K in keyof ClientEvents]: Set<ClientEvents[K]> } = {
    connected: new Set(),
    disconnected: new Set(),
    attemptFailed: new Set(),
    expired: new Set(),
    authFailed: new Set(),
    closed: new Set(),
    event: new Set(),
  };
  /** Sent again on every connection. */
  private readonly auths: { scheme: string; auth: Data }[] = [];
  private readonly authsInFlight: ((error: CoordinatorError | null) => void)[] = [];
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
    this.chroot = chroot;
    this.environment = options.environment ?? systemEnvironment;
    this.session = new Session(options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS_DEFAULT, options.session);
    this.hadSession = options.session !== undefined;
    this.failFast = options.failFast ?? false;
    this.serverCount = servers.length;
    this.connection = new Connection({
      session: this.session,
      servers,
      transport: options.transport ?? wsTransport(),
      environment: this.environment,
      readOnly: options.readOnly ?? false,
      listener: {
        onConnected: (readOnly) => this.onConnected(readOnly),
        onDisconnected: (reason) => this.onDisconnected(reason),
        onAttemptFailed: (server, reason) => this.onAttemptFailed(server, reason),
        onExpired: () => this.onExpired(),
        onEvent: (event) => this.onEvent(event),
        onSpecialReply: (reply) => this.onSpecialReply(reply),
      },
    });
    if (options.onEvent !== undefined) this.listeners.event.add(options.onEvent);
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

  /** zxid of the newest state that this session has been shown. */
  get lastZxidSeen(): number {
    return this.session.lastZxidSeen;
  }

  /** `host:port` of the server that is connected, or being tried. */
  get server(): string {
    return formatServer(this.connection.server);
  }

  /** Listens to `event`; the returned function stops that. */
  on<K extends keyof ClientEvents>(event: K, listener: ClientEvents[K]): () => void {
    this.listeners[event].add(listener);
    return () => this.listeners[event].delete(listener);
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

  /** Creates a znode; returns its path, which for a sequential one ends in the counter. Persistent, open to all, unless said. */
  async create(path: string, data: DataLike = null, options: CreateOptions = {}): Promise<string> {
    return (await this.createAny(path, data, options, 'create')).path;
  }

  /** As `create`, and tells the new znode's Stat. */
  async createWithStat(path: string, data: DataLike = null, options: CreateOptions = {}): Promise<{ path: string; stat: Stat }> {
    return (await this.createAny(path, data, options, 'create2')) as { path: string; stat: Stat };
  }

  private async createAny(path: string, data: DataLike, options: CreateOptions, op: 'create' | 'create2'): Promise<{ path: string }> {
    const request = createRequest(this.toServerPath(path, isSequential(options.mode ?? CreateMode.PERSISTENT)), data, options, op);
    const response = (await this.call(request)) as ResponseByOp['create2'];
    return { ...response, path: stripChroot(this.chroot, response.path) };
  }

  /** Deletes a znode without children. `version` -1 matches any. */
  async delete(path: string, version = -1): Promise<void> {
    await this.call({ op: 'delete', path: this.toServerPath(path), version });
  }

  /** Null when there is no such znode: the watch then waits for its creation. */
  exists(path: string, options: ReadOptions = {}): Promise<Stat | null> {
    const { watch } = options;
    return new Promise((resolve, reject) => {
      const request = { op: 'exists', path: this.toServerPath(path), watch: watch !== undefined } as const;
      this.submit(request, (error, response) => {
        if (error !== null && error.code !== ErrorCode.NONODE) return reject(error);
        if (watch !== undefined) this.watches.add(error === null ? 'data' : 'exist', request.path, watch);
        resolve(error === null ? (response as ResponseByOp['exists']).stat : null);
      });
    });
  }

  /** The bytes are a slice of what arrived: copy them to keep few of many. */
  getData(path: string, options: ReadOptions = {}): Promise<{ data: Data; stat: Stat }> {
    return this.read('getData', 'data', () => this.toServerPath(path), options.watch);
  }

  /** Names of the children, in no particular order. */
  getChildren(path: string, options: ReadOptions = {}): Promise<{ children: readonly string[]; stat: Stat }> {
    return this.read('getChildren2', 'child', () => this.toServerPath(path), options.watch);
  }

  async setData(path: string, data: DataLike, version = -1): Promise<Stat> {
    const response = await this.call({ op: 'setData', path: this.toServerPath(path), data: asData(data), version });
    return (response as ResponseByOp['setData']).stat;
  }

  /** All or nothing, in order; `ops.ts` makes the parts. When one is refused this fails with its code, path and `results`. */
  async multi(ops: readonly MultiOp[]): Promise<readonly MultiResult[]> {
    const request: Request = {
      op: 'multi',
      ops: ops.map((op) => ({ ...op, path: this.toServerPath(op.path, 'mode' in op && isSequential(op.mode)) })),
    };
    const { results } = (await this.call(request)) as ResponseByOp['multi'];
    const failed = results.findIndex((result) => result.op === 'error' && result.error !== ErrorCode.OK);
    if (failed >= 0) {
      const result = results[failed] as MultiResult & { op: 'error' };
      throw new CoordinatorError(result.error, ops[failed]?.path, { results });
    }
    if (this.chroot === '') return results;
    return results.map((result) => ('path' in result ? { ...result, path: stripChroot(this.chroot, result.path) } : result));
  }

  async getAcl(path: string): Promise<{ acl: readonly Acl[]; stat: Stat }> {
    return (await this.call({ op: 'getACL', path: this.toServerPath(path) })) as ResponseByOp['getACL'];
  }

  /** `version` is matched against the Stat's aversion. */
  async setAcl(path: string, acl: readonly Acl[], version = -1): Promise<Stat> {
    const response = await this.call({ op: 'setACL', path: this.toServerPath(path), acl, version });
    return (response as ResponseByOp['setACL']).stat;
  }

  /** Has the server catch up with the leader: a read after it sees every write that was acknowledged before it. */
  async sync(path: string): Promise<string> {
    const response = (await this.call({ op: 'sync', path: this.toServerPath(path) })) as ResponseByOp['sync'];
    return stripChroot(this.chroot, response.path);
  }

  /** Number of all descendants. */
  async getAllChildrenNumber(path: string): Promise<number> {
    const response = await this.call({ op: 'getAllChildrenNumber', path: this.toServerPath(path) });
    return (response as ResponseByOp['getAllChildrenNumber']).totalNumber;
  }

  /** Paths of this session's ephemerals that begin with `prefix`. */
  async getEphemerals(prefix = '/'): Promise<string[]> {
    const response = await this.call({ op: 'getEphemerals', path: this.toServerPath(prefix) });
    return (response as ResponseByOp['getEphemerals']).ephemerals.map((path) => stripChroot(this.chroot, path));
  }

  /** The ids that the server knows this session by. */
  async whoAmI(): Promise<readonly Id[]> {
    return ((await this.call({ op: 'whoAmI' })) as ResponseByOp['whoAmI']).clientInfo;
  }

  /** The ensemble's configuration, which lies outside of any chroot. */
  getConfig(options: ReadOptions = {}): Promise<{ data: Data; stat: Stat }> {
    return this.read('getData', 'data', () => '/zookeeper/config', options.watch);
  }

  /** A watch that stays, of one path or (PERSISTENT_RECURSIVE) of everything below it too. */
  addWatch(path: string, callback: WatchCallback, mode: AddWatchMode = AddWatchMode.PERSISTENT_RECURSIVE): Promise<void> {
    return new Promise((resolve, reject) => {
      const serverPath = this.toServerPath(path);
      this.submit({ op: 'addWatch', path: serverPath, mode }, (error) => {
        if (error !== null) return reject(error);
        this.watches.addPersistent(mode, serverPath, callback);
        resolve();
      });
    });
  }

  /**
   * Takes watches off: all of `type` on `path`, or only those with `callback`. Fails with NOWATCHER when there are none.
   * Each callback concerned gets a last event that says so. `local`: the client forgets them even if no server can be asked.
   */
  async removeWatches(
    path: string,
    type: WatcherType = WatcherType.ANY,
    options: { callback?: WatchCallback; local?: boolean } = {},
  ): Promise<void> {
    const serverPath = this.toServerPath(path);
    const { callback, local = false } = options;
    if (!this.watches.has(serverPath, type, callback)) throw new CoordinatorError(ErrorCode.NOWATCHER, path);
    try {
      // While other callbacks wait for the same events, the server has to keep its watch: it is only asked whether it has one.
      const op = callback === undefined ? 'removeWatches' : 'checkWatches';
      await this.call({ op, path: serverPath, type });
    } catch (error) {
      if (!local) throw error;
    }
    for (const [each, eventType] of this.watches.remove(serverPath, type, callback)) {
      this.run(each, { type: eventType, state: KeeperState.SyncConnected, path, zxid: -1 });
    }
  }

  /** Adds an identity to the session, e.g. `digest` with `user:password`; remembered over reconnections. */
  addAuth(scheme: string, auth: DataLike): Promise<void> {
    const over = this.overError();
    if (over !== null) return Promise.reject(over);
    const packet = { scheme, auth: asData(auth) };
    return new Promise((resolve, reject) => {
      this.auths.push(packet);
      this.authsInFlight.push((error) => (error === null ? resolve() : reject(error)));
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
        this.emit('closed', undefined);
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
    this.emit('closed', undefined);
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

  private toServerPath(path: string, sequential = false): string {
    validatePath(path, sequential);
    return prependChroot(this.chroot, path);
  }

  /** Sends a request; `complete` runs before anything that arrives after the reply is looked at. */
  private submit(request: Request, complete: (error: CoordinatorError | null, response: Response | null) => void): void {
    const over = this.closePromise === null ? this.overError() : closedError();
    if (over !== null) {
      complete(over, null);
      return;
    }
    this.session.enqueue(request, (error, response) => complete(error === null ? null : this.forCaller(error), response));
    this.connection.flushSoon();
  }

  private call(request: Request): Promise<Response | null> {
    return new Promise((resolve, reject) => {
      this.submit(request, (error, response) => (error === null ? resolve(response) : reject(error)));
    });
  }

  private read<T>(op: 'getData' | 'getChildren2', kind: WatchKind, pathOf: () => string, watch?: WatchCallback): Promise<T> {
    return new Promise((resolve, reject) => {
      // Inside of the promise, so that a path that is refused rejects it.
      const request = { op, path: pathOf(), watch: watch !== undefined };
      this.submit(request, (error, response) => {
        if (error !== null) return reject(error);
        // Armed here rather than after the promise: an event may be the very next message.
        if (watch !== undefined) this.watches.add(kind, request.path, watch);
        resolve(response as T);
      });
    });
  }

  /** Errors speak of the paths that the caller knows. */
  private forCaller(error: CoordinatorError): CoordinatorError {
    if (this.chroot === '' || error.path === undefined) return error;
    return new CoordinatorError(error.code, stripChroot(this.chroot, error.path));
  }

  private onConnected(readOnly: boolean): RequestMessage[] {
    const resumed = this.hadSession;
    this.hadSession = true;
    this.failedAttempts = 0;
    this.currentState = readOnly ? 'CONNECTEDREADONLY' : 'CONNECTED';
    const messages = this.auths.map(authMessage);
    for (const request of this.watches.setWatchesRequests(this.session.lastZxidSeen)) {
      messages.push({ kind: 'request', xid: Xid.SET_WATCHES, request });
    }
    this.emitState(readOnly ? KeeperState.ConnectedReadOnly : KeeperState.SyncConnected);
    this.emit('connected', { resumed, readOnly });
    return messages;
  }

  private onDisconnected(reason: string): void {
    this.currentState = 'CONNECTING';
    this.lastFailure = reason;
    this.emitState(KeeperState.Disconnected);
    this.emit('disconnected', { reason });
  }

  private onAttemptFailed(server: ServerAddress, reason: string): void {
    this.lastFailure = `${formatServer(server)}: ${reason}`;
    if (this.failFast && ++this.failedAttempts % this.serverCount === 0) this.session.failAll(ErrorCode.CONNECTIONLOSS);
    this.emit('attemptFailed', { server: formatServer(server), reason });
  }

  private onExpired(): void {
    this.over('EXPIRED', ErrorCode.SESSIONEXPIRED);
    this.emitState(KeeperState.Expired);
    this.emit('expired', undefined);
  }

  private onEvent(message: EventMessage): void {
    const callbacks = this.watches.take(message.type, message.path);
    const event: ClientEvent = {
      type: message.type,
      state: message.state,
      path: stripChroot(this.chroot, message.path),
      zxid: message.zxid,
    };
    for (const callback of callbacks) this.run(callback, event);
    this.emit('event', event);
  }

  private onSpecialReply(reply: ReplyMessage): void {
    if (reply.xid !== Xid.AUTH) return;
    const settle = this.authsInFlight.shift();
    if (reply.error === 0) {
      settle?.(null);
      return;
    }
    // As in the original, a session whose authentication is refused is of no more use.
    this.connection.end();
    this.over('AUTH_FAILED', ErrorCode.AUTHFAILED);
    settle?.(new CoordinatorError(reply.error));
    this.emitState(KeeperState.AuthFailed);
    this.emit('authFailed', undefined);
  }

  private over(state: ClientState, code: ErrorCode): void {
    this.currentState = state;
    this.session.failAll(code);
    this.watches.clear();
    for (const settle of this.authsInFlight.splice(0)) settle(new CoordinatorError(code));
  }

  private emitState(state: KeeperState): void {
    this.emit('event', { type: EventType.None, state, path: '', zxid: -1 });
  }

  private emit<K extends keyof ClientEvents>(event: K, argument: Parameters<ClientEvents[K]>[0]): void {
    for (const listener of [...this.listeners[event]]) this.run(listener as (argument: unknown) => void, argument);
  }

  /** A callback that throws must not leave the session half told: the error surfaces as the program's own, uncaught. */
  private run<T>(callback: (argument: T) => void, argument: T): void {
    try {
      callback(argument);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

function closedError(): CoordinatorError {
  return new CoordinatorError(ErrorCode.SESSIONEXPIRED, undefined, { message: 'This client is closed' });
}

function authMessage(packet: { scheme: string; auth: Data }): RequestMessage {
  return { kind: 'request', xid: Xid.AUTH, request: { op: 'auth', ...packet } };
}
