/**
 * The sessions of this server: connects and resumes them, ends those that were silent too long. Decisions are in
 * `session/`; this is where they meet connections, the log and the clock.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { ConnectMessage, SessionGrant } from '../net/door.ts';
import { decideConnect } from '../session/reconnect-rules.ts';
import { isPassword, passwordOf } from '../session/session-minting.ts';
import type { Metrics } from './metrics.ts';
import { SessionTracker } from '../session/session-tracker.ts';
import type { Client, ClientSession, SessionHolder } from './client.ts';
import type { RequestPipeline } from './request-pipeline.ts';

const NO_PASSWORD = Buffer.alloc(16);

export interface SessionsOptions {
  clock: Clock;
  log: Logger;
  tickTimeMs: number;
  minSessionTimeoutMs: number;
  maxSessionTimeoutMs: number;
  /** Gives out ids of new sessions. */
  mintId(): bigint;
  secret: Uint8Array;
  metrics: Metrics;
}

export class Sessions {
  readonly tracker: SessionTracker<ClientSession>;
  private readonly options: SessionsOptions;
  private timer: NodeJS.Timeout | null = null;

  constructor(options: SessionsOptions) {
    this.options = options;
    this.tracker = new SessionTracker(options.tickTimeMs, options.clock.monotonicMs());
  }

  /** Takes up the sessions of the tree, each with its full timeout: nobody could reach us while we were away. */
  restore(sessions: ReadonlyMap<bigint, number>): void {
    const nowMs = this.options.clock.monotonicMs();
    for (const [id, timeoutMs] of sessions) {
      this.tracker.add({ id, timeoutMs, deadlineMs: 0, closing: false, client: null, disconnectGraceMs: 0, graceTimer: null }, nowMs);
    }
  }

  touch(session: ClientSession): void {
    this.tracker.touch(session, this.options.clock.monotonicMs());
  }

  connect(pipeline: RequestPipeline, client: Client, message: ConnectMessage): void {
    const { clock, log, secret, metrics } = this.options;
    metrics.counters.connection_request_count.add();
    const nowMs = clock.monotonicMs();
    const { sessionId } = message;
    const session = this.tracker.get(sessionId);
    const decision = decideConnect(message, {
      session,
      passwordMatches: sessionId !== 0n && isPassword(message.password, sessionId, secret),
      lastZxid: pipeline.tree.lastZxid,
      minSessionTimeoutMs: this.options.minSessionTimeoutMs,
      maxSessionTimeoutMs: this.options.maxSessionTimeoutMs,
    });
    switch (decision.kind) {
      case 'refuse':
        return refuse(log, client, decision.reason);
      case 'expired':
        return denyExpired(log, client, sessionId, decision.reason);
      case 'resume': {
        const resumed = session!;
        const older = resumed.client;
        resumed.client = client;
        resumed.timeoutMs = decision.timeoutMs;
        client.session = resumed;
        this.grantGrace(resumed, message);
        this.tracker.touch(resumed, nowMs);
        if (older !== null && older !== client) older.supersede();
        client.door.connected(grantOf(resumed, secret, message.disconnectGraceMs));
        client.markDirty();
        return;
      }
      case 'create': {
        const id = this.options.mintId();
        const { timeoutMs } = decision;
        const created: ClientSession = { id, timeoutMs, deadlineMs: 0, closing: false, client, disconnectGraceMs: 0, graceTimer: null };
        this.grantGrace(created, message);
        this.tracker.add(created, nowMs);
        client.graceAsked = message.disconnectGraceMs;
        client.session = created;
        pipeline.createSession(client, created);
      }
    }
  }

  /** A session that a client of another member asked for, to live on `holder`; null if its id is taken. */
  createRemote(sessionId: bigint, timeoutMs: number, graceMs: number, holder: SessionHolder): ClientSession | null {
    if (this.tracker.get(sessionId) !== undefined) return null;
    const session: ClientSession = {
      id: sessionId, timeoutMs, deadlineMs: 0, closing: false, client: holder, disconnectGraceMs: graceMs, graceTimer: null,
    };
    this.tracker.add(session, this.options.clock.monotonicMs());
    return session;
  }

  /** A session comes back at another member, on `holder`; null if it is over. */
  resumeRemote(sessionId: bigint, timeoutMs: number, graceMs: number, holder: SessionHolder): ClientSession | null {
    const session = this.tracker.get(sessionId);
    if (session === undefined || session.closing) return null;
    stopGrace(session);
    const older = session.client;
    session.client = holder;
    session.timeoutMs = timeoutMs;
    session.disconnectGraceMs = graceMs;
    this.touch(session);
    if (older !== null && older !== holder) older.supersede();
    return session;
  }

  /** A session that was this member's own becomes the ensemble's. */
  adopt(session: ClientSession): void {
    this.tracker.add(session, this.options.clock.monotonicMs());
  }

  /** Sessions that another member has heard of. */
  touchAll(sessionIds: readonly bigint[]): void {
    for (const id of sessionIds) {
      const session = this.tracker.get(id);
      if (session !== undefined) this.touch(session);
    }
  }

  /** The creation is durable: the client may know. */
  created(client: Client | null, sessionId: bigint): void {
    const session = this.tracker.get(sessionId);
    if (client === null || client.gone || session === undefined) return;
    this.tracker.touch(session, this.options.clock.monotonicMs());
    client.door.connected(grantOf(session, this.options.secret, client.graceAsked));
    client.markDirty();
  }

  /** Each connection says anew how long the session may live without one. */
  private grantGrace(session: ClientSession, message: ConnectMessage): void {
    stopGrace(session);
    session.disconnectGraceMs = Math.min(message.disconnectGraceMs ?? 0, session.timeoutMs);
  }

  /** The connection that `session` lived on is gone. */
  disconnected(pipeline: RequestPipeline, session: ClientSession): void {
    session.client = null;
    if (session.disconnectGraceMs === 0 || session.closing || this.timer === null) return;
    session.graceTimer = setTimeout(() => {
      // A process that was held up finds timer and connections waiting at once: the connections first.
      setImmediate(() => {
        if (session.graceTimer === null || session.closing) return;
        session.graceTimer = null;
        const { log, metrics } = this.options;
        log.info(`Ending session 0x${hex(session.id)}: without a connection for ${session.disconnectGraceMs}ms, the grace its client asked for`);
        metrics.counters.stale_sessions_expired.add();
        pipeline.closeSession(session, null);
      });
    }, session.disconnectGraceMs);
  }

  closed(sessionId: bigint): void {
    const session = this.tracker.get(sessionId);
    if (session === undefined) return;
    stopGrace(session);
    this.tracker.remove(sessionId);
    session.client?.ended();
  }

  /** Looks once a tick for sessions whose time is over. */
  start(pipeline: RequestPipeline): void {
    const { tickTimeMs, clock, log } = this.options;
    const expire = (): void => {
      // A process that was held up finds timer and packets waiting at once: the packets first, they touch sessions.
      setImmediate(() => {
        if (this.timer === null) return;
        for (const session of this.tracker.expire(clock.monotonicMs())) {
          log.info(`Expiring session 0x${hex(session.id)}, timeout of ${session.timeoutMs}ms exceeded`);
          this.options.metrics.counters.stale_sessions_expired.add();
          pipeline.closeSession(session, null);
        }
        schedule();
      });
    };
    const schedule = (): void => {
      const nowMs = clock.monotonicMs();
      this.timer = setTimeout(expire, tickTimeMs - (nowMs % tickTimeMs) + 1);
    };
    schedule();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    for (const session of this.tracker.values()) stopGrace(session);
  }
}

function stopGrace(session: ClientSession): void {
  if (session.graceTimer !== null) clearTimeout(session.graceTimer);
  session.graceTimer = null;
}

/** What a client is told of its session. */
export function grantOf(session: ClientSession, secret: Uint8Array, graceAsked: number | undefined): SessionGrant {
  return {
    timeoutMs: session.timeoutMs,
    sessionId: session.id,
    password: passwordOf(session.id, secret),
    ...(graceAsked === undefined ? {} : { disconnectGraceMs: session.disconnectGraceMs }),
  };
}

const whoIs = ({ door }: Client): string => `/${door.remoteAddress}:${door.remotePort}`;

/** Closes the connection without an answer: another server may serve it. */
export function refuse(log: Logger, client: Client, reason: string): void {
  log.warn(`Refusing session request for client ${whoIs(client)} as it ${reason}`);
  client.door.close();
}

/** Tells the client that its session is over. */
export function denyExpired(log: Logger, client: Client, sessionId: bigint, reason: string): void {
  log.info(`Invalid session 0x${hex(sessionId)} for client ${whoIs(client)}, ${reason}`);
  client.door.connected({ timeoutMs: 0, sessionId: 0n, password: NO_PASSWORD });
  client.markDirty();
  client.door.close();
}

export function hex(sessionId: bigint): string {
  return BigInt.asUintN(64, sessionId).toString(16);
}
