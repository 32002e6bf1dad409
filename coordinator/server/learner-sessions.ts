/**
 * Sessions as a learner holds them: those whose connections are here. It takes them up with the leader's consent, tells the leader which of
 * them were heard of, and ends none by itself.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { ConnectMessage } from '../net/door.ts';
import { aheadOf, clampTimeout } from '../session/reconnect-rules.ts';
import { isPassword } from '../session/session-minting.ts';
import type { Client, ClientSession } from './client.ts';
import type { SessionKeeper } from './client-gate.ts';
import type { ForwardedOrder } from './forwarded-order.ts';
import { packTouch } from './member-messages.ts';
import type { RequestPipeline } from './request-pipeline.ts';
import { denyExpired, grantOf, hex, refuse } from './sessions.ts';

export interface LearnerSessionsOptions {
  clock: Clock;
  log: Logger;
  tickTimeMs: number;
  minSessionTimeoutMs: number;
  maxSessionTimeoutMs: number;
  /** Gives out ids of new sessions. */
  mintId(): bigint;
  secret: Uint8Array;
  order: ForwardedOrder;
  send(payload: unknown): void;
}

interface LearnerSession extends ClientSession {
  /** Heard of since the leader was last told. */
  touched: boolean;
}

export class LearnerSessions implements SessionKeeper {
  private readonly options: LearnerSessionsOptions;
  /** By the connection they live on. */
  private readonly byConnection = new Map<number, Client>();
  private readonly byId = new Map<bigint, LearnerSession>();
  private touched: LearnerSession[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(options: LearnerSessionsOptions) {
    this.options = options;
    // As often as the original's pings, which carry the same.
    this.timer = setInterval(() => this.report(), Math.max(1, options.tickTimeMs / 2));
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Sessions that live on a connection here. */
  get size(): number {
    return this.byId.size;
  }

  touch(session: ClientSession): void {
    const own = session as LearnerSession;
    if (own.touched) return;
    own.touched = true;
    this.touched.push(own);
  }

  private report(): void {
    if (this.touched.length === 0) return;
    const { touched } = this;
    this.touched = [];
    for (const session of touched) session.touched = false;
    this.options.send(packTouch(touched.map(({ id }) => id)));
  }

  connect(pipeline: RequestPipeline, client: Client, message: ConnectMessage): void {
    const { secret, order, log, clock } = this.options;
    const { sessionId } = message;
    if (message.lastZxidSeen > pipeline.tree.lastZxid) return refuse(log, client, aheadOf(message.lastZxidSeen, pipeline.tree.lastZxid));
    if (sessionId !== 0n && !isPassword(message.password, sessionId, secret)) return denyExpired(log, client, sessionId, 'wrong password');
    const timeoutMs = clampTimeout(message.timeoutMs, this.options);
    const graceMs = Math.min(message.disconnectGraceMs ?? 0, timeoutMs);
    const session: LearnerSession = {
      id: sessionId === 0n ? this.options.mintId() : sessionId,
      timeoutMs,
      deadlineMs: 0,
      closing: false,
      client,
      disconnectGraceMs: graceMs,
      graceTimer: null,
      touched: false,
    };
    const older = this.byId.get(session.id);
    client.session = session;
    client.graceAsked = message.disconnectGraceMs;
    this.byConnection.set(client.id, client);
    this.byId.set(session.id, session);
    if (older !== undefined) {
      older.client?.supersede();
      older.client = null;
    }
    if (sessionId === 0n) return pipeline.createSession(client, session);
    // Its requests wait until the leader has said that the session lives.
    pipeline.awaits(client, { client, xid: 0, request: null, txn: null, inFlight: true, startMs: clock.monotonicMs(), outcome: null });
    order.forward({ kind: 'revalidate', connection: client.id, sessionId, timeoutMs, graceMs, ids: client.ids });
  }

  /** A connection that the leader was told of: it hears of its end too. */
  attach(client: Client): void {
    this.byConnection.set(client.id, client);
  }

  /** A session that was this member's own becomes the ensemble's. */
  adopt(client: Client, session: ClientSession): void {
    this.byConnection.set(client.id, client);
    this.byId.set(session.id, Object.assign(session, { touched: false }));
  }

  /** The leader has said whether the session that `connection` came with lives. */
  revalidated(pipeline: RequestPipeline, answer: { connection: number; valid: boolean; timeoutMs: number; graceMs: number }): void {
    const client = this.byConnection.get(answer.connection);
    const session = client?.session;
    if (client === undefined || client.gone || session === undefined || session === null) return;
    if (!answer.valid) {
      session.closing = true;
      return denyExpired(this.options.log, client, session.id, 'unknown or expired');
    }
    session.timeoutMs = answer.timeoutMs;
    session.disconnectGraceMs = answer.graceMs;
    this.grant(client, session);
    pipeline.admitted(client);
  }

  /** A session's creation was applied: `client` is who asked for it here, if still there. */
  created(client: Client | null, _sessionId: bigint): void {
    if (client === null || client.gone || client.session === null) return;
    this.grant(client, client.session);
  }

  private grant(client: Client, session: ClientSession): void {
    client.door.connected(grantOf(session, this.options.secret, client.graceAsked));
    client.markDirty();
  }

  /** A session's end was applied. */
  closed(sessionId: bigint): void {
    const session = this.byId.get(sessionId);
    if (session === undefined) return;
    session.closing = true;
    session.client?.ended();
  }

  /** The session of `connection` lives elsewhere now. */
  superseded(connection: number): void {
    const client = this.byConnection.get(connection);
    if (client?.session === undefined || client.session === null) return;
    this.options.log.info(`Closing a connection of session 0x${hex(client.session.id)}: it came back at another member`);
    client.session.client = null;
    client.supersede();
  }

  /** The connection is gone, whoever ended it. */
  left(client: Client): void {
    if (!this.byConnection.delete(client.id)) return;
    const { session } = client;
    if (session !== null && this.byId.get(session.id) === session) this.byId.delete(session.id);
    this.options.order.forward({ kind: 'gone', connection: client.id, broken: session !== null && !session.closing });
  }

  disconnected(_pipeline: RequestPipeline, session: ClientSession): void {
    session.client = null;
  }
}
