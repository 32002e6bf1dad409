/**
 * Keeps a session connected: opens a connection to one server after the other until one takes the session, sends what the
 * session has waiting (all of one tick in one frame), listens, pings, and starts over when the line breaks.
 *
 *     OPENING ──connected──▶ UP ──line broke──▶ WAITING ──back-off──▶ OPENING
 *        └──────refused, timed out───────────────▲         any ──close, expired──▶ OVER
 *
 * Times are the original's: nothing heard for 2/3 of the session timeout ends a connection, which leaves a third to find
 * another server before the session expires; a ping goes out after 1/3 (10 s at most) without sending.
 */
import { ErrorCode } from '../znode/error-code.ts';
import type { ConnectedMessage, EventMessage, ReplyMessage, RequestMessage, ServerMessage } from '../ws-protocol/messages.ts';
import { PROTOCOL_VERSION, Xid } from '../ws-protocol/messages.ts';
import type { ServerAddress } from './connect-string.ts';
import type { Environment } from './environment.ts';
import type { Session } from './session.ts';
import type { Transport, TransportConnection } from './transport.ts';

export interface ConnectionListener {
  /** The server took the session (a new one, or again). Returns what has to go out before anything else. */
  onConnected(readOnly: boolean): RequestMessage[];
  /** The line broke after `onConnected`. */
  onDisconnected(reason: string): void;
  /** An attempt to connect failed; the next one follows. */
  onAttemptFailed(server: ServerAddress, reason: string): void;
  /** The servers no longer know the session: there will be no other connection. */
  onExpired(): void;
  onEvent(event: EventMessage): void;
  /** A reply to what `onConnected` or `sendNow` sent, whose xids are not application requests'. */
  onSpecialReply(reply: ReplyMessage): void;
}

export interface ConnectionOptions {
  session: Session;
  servers: readonly ServerAddress[];
  transport: Transport;
  environment: Environment;
  readOnly: boolean;
  disconnectGraceMs: number;
  listener: ConnectionListener;
}

type State = 'IDLE' | 'OPENING' | 'UP' | 'WAITING' | 'OVER';

const PING_INTERVAL_MS_MAX = 10_000;
/** After every server was tried in vain: first this long, then twice as long each time up to the maximum. */
const BACKOFF_MS_MIN = 20;
const BACKOFF_MS_MAX = 1_000;
/** How long a polite close waits for its reply. */
const CLOSE_PATIENCE_MS = 3_000;

export class Connection {
  private readonly session: Session;
  private readonly servers: readonly ServerAddress[];
  private readonly transport: Transport;
  private readonly environment: Environment;
  private readonly readOnly: boolean;
  private readonly disconnectGraceMs: number;
  private readonly listener: ConnectionListener;

  private state: State = 'IDLE';
  private connection: TransportConnection | null = null;
  private nextServer = 0;
  /** Attempts since a server last took the session and answered something. */
  private failedAttempts = 0;
  private flushScheduled = false;
  private lastSentMs = 0;
  private lastHeardMs = 0;
  /** When the last of our messages that was answered was sent: handshakes and, with a disconnect grace, pings count. */
  private contactMs = Number.NEGATIVE_INFINITY;
  private handshakeSentMs = 0;
  private lastPingMs = 0;
  private isPingInFlight = false;
  private cancelTimer: (() => void) | null = null;
  private timerDueMs = 0;
  /** Set while a polite close waits for its reply. */
  private closing: (() => void) | null = null;

  constructor(options: ConnectionOptions) {
    this.session = options.session;
    this.servers = shuffle(options.servers, options.environment);
    this.transport = options.transport;
    this.environment = options.environment;
    this.readOnly = options.readOnly;
    this.disconnectGraceMs = options.disconnectGraceMs;
    this.listener = options.listener;
  }

  get isUp(): boolean {
    return this.state === 'UP';
  }

  /** The server this connection is up with, or tries. */
  get server(): ServerAddress {
    return this.servers[this.nextServer]!;
  }

  /** How long ago the last of our messages that was answered was sent: nobody can have given us up before. */
  get outOfTouchMs(): number {
    return this.environment.nowMs() - this.contactMs;
  }

  start(): void {
    this.open();
  }

  /** Has the session's waiting requests sent at the end of this tick. */
  flushSoon(): void {
    if (this.flushScheduled || this.state !== 'UP') return;
    this.flushScheduled = true;
    this.environment.defer(() => {
      this.flushScheduled = false;
      this.flush();
    });
  }

  /** Sends messages outside of the queue, if the connection is up. */
  sendNow(messages: RequestMessage[]): void {
    if (this.state === 'UP' && messages.length > 0) this.send(messages);
  }

  /** Ends the session at the server if it can be reached, then the connection. `done` is called once, soon in any case. */
  close(done: () => void): void {
    if (this.state !== 'UP') {
      this.end();
      done();
      return;
    }
    const finish = (): void => {
      if (this.state === 'OVER') return;
      cancelTimer();
      this.end();
      done();
    };
    const cancelTimer = this.environment.schedule(finish, Math.min(CLOSE_PATIENCE_MS, this.readTimeoutMs));
    this.closing = finish;
    this.session.enqueue({ op: 'closeSession' }, finish);
    this.flush();
  }

  /** Lets go of the connection without a word: the session lives on at the servers until it is taken up again or expires. */
  end(): void {
    if (this.state === 'OVER') return;
    this.state = 'OVER';
    this.stopTimer();
    this.connection?.close();
    this.connection = null;
  }

  /** Who may not act on the session after a grace of silence looks for another server within it. */
  private get readTimeoutMs(): number {
    const { timeoutMs, disconnectGraceMs } = this.session;
    return ((disconnectGraceMs > 0 ? Math.min(timeoutMs, disconnectGraceMs) : timeoutMs) * 2) / 3;
  }

  private get pingIntervalMs(): number {
    const { timeoutMs, disconnectGraceMs } = this.session;
    // Several fit in a grace: one late answer must not look like the end.
    const intervalMs = disconnectGraceMs > 0 ? Math.min(timeoutMs / 3, disconnectGraceMs / 5) : timeoutMs / 3;
    return Math.min(intervalMs, PING_INTERVAL_MS_MAX);
  }

  /** The whole list can be tried once within a session timeout; or one hung server be given up within a grace. */
  private get openTimeoutMs(): number {
    const { timeoutMs, disconnectGraceMs, sessionId } = this.session;
    const evenly = timeoutMs / this.servers.length;
    return disconnectGraceMs > 0 && sessionId !== 0n ? Math.min(evenly, disconnectGraceMs / 2) : evenly;
  }

  private get isPingDue(): boolean {
    // With a grace pings are what tells of contact, so other requests don't stand in for them.
    const sinceMs = this.session.disconnectGraceMs > 0 ? this.lastPingMs : this.lastSentMs;
    return !this.isPingInFlight && this.environment.nowMs() - sinceMs >= this.pingIntervalMs;
  }

  private open(): void {
    this.state = 'OPENING';
    const server = this.server;
    let connection: TransportConnection | null = null;
    // Whatever a connection that was given up still says must not reach its successor.
    const isCurrent = (): boolean => this.state !== 'OVER' && this.connection === connection;
    try {
      connection = this.transport.open(server, {
        onOpen: () => isCurrent() && this.handshake(),
        onMessages: (messages) => this.receive(messages, isCurrent),
        onClose: (reason) => isCurrent() && this.lost(reason),
      });
    } catch (error) {
      this.lost(`cannot open a connection: ${(error as Error).message}`);
      return;
    }
    this.connection = connection;
    const timeoutMs = this.openTimeoutMs;
    this.startTimer(() => this.lost(`no answer to the connection within ${Math.round(timeoutMs)} ms`), timeoutMs);
  }

  private handshake(): void {
    const { sessionId, password, lastZxidSeen, timeoutMs } = this.session;
    const { readOnly, disconnectGraceMs } = this;
    this.handshakeSentMs = this.environment.nowMs();
    this.isPingInFlight = false;
    this.connection!.send([
      {
        kind: 'connect',
        protocolVersion: PROTOCOL_VERSION,
        lastZxidSeen,
        timeoutMs,
        sessionId,
        password,
        readOnly,
        ...(disconnectGraceMs > 0 ? { disconnectGraceMs } : {}),
      },
    ]);
  }

  private receive(messages: readonly ServerMessage[], isCurrent: () => boolean): void {
    this.lastHeardMs = this.environment.nowMs();
    for (const message of messages) {
      if (!isCurrent()) return;
      const wrong = this.receiveOne(message);
      if (wrong !== null) {
        this.lost(`the server breaks the protocol: ${wrong}`);
        return;
      }
    }
    // Replies may have made room for more in flight.
    if (this.state === 'UP' && this.session.pendingCount > this.session.inFlightCount) this.flushSoon();
  }

  /** Returns what is wrong with the message, or null. */
  private receiveOne(message: ServerMessage): string | null {
    if (message.kind === 'connected') {
      if (this.state !== 'OPENING') return 'a second answer to connect';
      this.established(message);
      return null;
    }
    if (this.state !== 'UP') return `${message.kind} before the answer to connect`;
    if (message.kind === 'event') {
      this.listener.onEvent(message);
      return null;
    }
    this.failedAttempts = 0;
    if (message.xid === Xid.PING) {
      if (this.isPingInFlight) this.contactMs = Math.max(this.contactMs, this.lastPingMs);
      this.isPingInFlight = false;
      return null;
    }
    if (message.xid < 0) {
      this.listener.onSpecialReply(message);
      return null;
    }
    return this.session.complete(message);
  }

  private established(message: ConnectedMessage): void {
    if (message.sessionId === 0n) {
      this.end();
      this.session.failAll(ErrorCode.SESSIONEXPIRED);
      this.listener.onExpired();
      return;
    }
    this.session.sessionId = message.sessionId;
    // A copy: the message's bytes are a slice of a larger buffer, and this one is kept.
    this.session.password = message.password.slice();
    this.session.timeoutMs = message.timeoutMs;
    this.session.disconnectGraceMs = message.disconnectGraceMs ?? 0;
    this.state = 'UP';
    this.stopTimer();
    this.contactMs = Math.max(this.contactMs, this.handshakeSentMs);
    this.lastSentMs = this.environment.nowMs();
    this.lastPingMs = this.lastSentMs;
    this.watchTheLine(this.pingIntervalMs);
    this.sendNow(this.listener.onConnected(message.readOnly));
    this.flush();
  }

  private flush(): void {
    while (this.state === 'UP') {
      const batch = this.session.takeBatch();
      if (batch.length === 0) return;
      this.send(batch);
    }
  }

  private send(messages: readonly RequestMessage[]): void {
    this.lastSentMs = this.environment.nowMs();
    this.connection!.send(messages);
  }

  /** One timer per connection, not per message: it wakes when a ping or the read timeout could be due, and looks. */
  private watchTheLine(delayMs: number): void {
    this.startTimer(() => {
      const now = this.environment.nowMs();
      const silentMs = now - this.lastHeardMs;
      if (silentMs >= this.readTimeoutMs) {
        // A timer this late means that this process slept, not the server: what it sent may lie unread in the socket.
        if (now - this.timerDueMs > this.readTimeoutMs / 8) return this.watchTheLine(this.readTimeoutMs / 16);
        return this.lost(`nothing heard from the server for ${Math.round(silentMs)} ms`);
      }
      if (this.isPingDue) {
        this.lastPingMs = now;
        this.isPingInFlight = true;
        this.send([{ kind: 'request', xid: Xid.PING, request: { op: 'ping' } }]);
      }
      const lastMs = this.session.disconnectGraceMs > 0 ? this.lastPingMs : this.lastSentMs;
      // An unanswered ping is followed by no other one: the read timeout is next.
      const untilPing = Math.max(lastMs + this.pingIntervalMs - now, this.isPingInFlight ? this.pingIntervalMs / 4 : 1);
      const untilTimeout = this.lastHeardMs + this.readTimeoutMs - now;
      this.watchTheLine(Math.max(Math.min(untilPing, untilTimeout), 1));
    }, delayMs);
  }

  /** The connection is of no use any more: tell, and go on to the next server. */
  private lost(reason: string): void {
    const wasUp = this.state === 'UP';
    const server = this.server;
    this.stopTimer();
    this.connection?.abort();
    this.connection = null;
    this.state = 'WAITING';
    if (this.closing !== null) {
      this.closing();
      return;
    }
    this.nextServer = (this.nextServer + 1) % this.servers.length;
    this.failedAttempts++;
    if (wasUp) {
      this.session.failInFlight(ErrorCode.CONNECTIONLOSS);
      this.listener.onDisconnected(reason);
    } else {
      this.listener.onAttemptFailed(server, reason);
    }
    // Somebody may have closed the client when told.
    if ((this.state as State) === 'WAITING') this.startTimer(() => this.open(), this.delayBeforeNextMs(wasUp));
  }

  private delayBeforeNextMs(wasUp: boolean): number {
    const spread = 0.5 + this.environment.random() / 2;
    // All clients of a server that died come at once to the others, unless they come a little spread.
    if (wasUp && this.failedAttempts === 1) return BACKOFF_MS_MIN * spread;
    if (this.failedAttempts % this.servers.length !== 0) return 0;
    const rounds = Math.min(this.failedAttempts / this.servers.length - 1, 10);
    const { disconnectGraceMs } = this.session;
    // Whoever has to be back within a grace looks several times within it.
    const mostMs = disconnectGraceMs > 0 ? Math.min(BACKOFF_MS_MAX, disconnectGraceMs / 6) : BACKOFF_MS_MAX;
    return Math.min(BACKOFF_MS_MIN * 2 ** rounds, mostMs) * spread;
  }

  private startTimer(action: () => void, delayMs: number): void {
    this.stopTimer();
    this.timerDueMs = this.environment.nowMs() + delayMs;
    this.cancelTimer = this.environment.schedule(() => {
      this.cancelTimer = null;
      action();
    }, delayMs);
  }

  private stopTimer(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
  }
}

/** Each client begins with another server, so that they spread over the ensemble (Fisher and Yates). */
function shuffle<T>(items: readonly T[], environment: Environment): T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(environment.random() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}
