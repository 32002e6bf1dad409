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
import type { Client, ClientSession } from './client.ts';
import type { RequestPipeline } from './request-pipeline.ts';

const NO_PASSWORD = Buffer.alloc(16);

export interface SessionsOptions {
  clock: Clock;
  log: Logger;
  tickTimeMs: number;
  minSessionTimeoutMs: number;
  maxSessionTimeoutMs: number;
  /** The first id to give out. */
  firstId: bigint;
  secret: Uint8Array;
  metrics: Metrics;
}

export class Sessions {
  readonly tracker: SessionTracker<ClientSession>;
  private readonly options: SessionsOptions;
  private nextId: bigint;
  private timer: NodeJS.Timeout | null = null;

  constructor(options: SessionsOptions) {
    this.options = options;
    this.nextId = options.firstId;
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
    const who = `/${client.door.remoteAddress}:${client.door.remotePort}`;
    switch (decision.kind) {
      case 'refuse':
        log.warn(`Refusing session request for client ${who} as it ${decision.reason}`);
        client.door.close();
        return;
      case 'expired':
        log.info(`Invalid session 0x${hex(sessionId)} for client ${who}, ${decision.reason}`);
        client.door.connected({ timeoutMs: 0, sessionId: 0n, password: NO_PASSWORD });
        client.markDirty();
        client.door.close();
        return;
      case 'resume': {
        const resumed = session!;
        const older = resumed.client;
        resumed.client = client;
        resumed.timeoutMs = decision.timeoutMs;
        client.session = resumed;
        this.grantGrace(resumed, message);
        this.tracker.touch(resumed, nowMs);
        if (older !== null && older !== client) older.supersede();
        client.door.connected(this.grantOf(resumed, message.disconnectGraceMs));
        client.markDirty();
        return;
      }
      case 'create': {
        const id = this.nextId++;
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

  /** The creation is durable: the client may know. */
  created(client: Client | null, sessionId: bigint): void {
    const session = this.tracker.get(sessionId);
    if (client === null || client.gone || session === undefined) return;
    this.tracker.touch(session, this.options.clock.monotonicMs());
    client.door.connected(this.grantOf(session, client.graceAsked));
    client.markDirty();
  }

  private grantOf(session: ClientSession, graceAsked: number | undefined): SessionGrant {
    return {
      timeoutMs: session.timeoutMs,
      sessionId: session.id,
      password: passwordOf(session.id, this.options.secret),
      ...(graceAsked === undefined ? {} : { disconnectGraceMs: session.disconnectGraceMs }),
    };
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

export function hex(sessionId: bigint): string {
  return BigInt.asUintN(64, sessionId).toString(16);
}
