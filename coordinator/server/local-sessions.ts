/**
 * Sessions that only this member knows (`localSessionsEnabled`): they cost the ensemble nothing, can't move and own no ephemerals. One that
 * asks for an ephemeral becomes the ensemble's first, where `localSessionsUpgradingEnabled` allows it (`UpgradeableSessionTracker`).
 * It stands in front of the keeper of the ensemble's sessions and takes those that are its own.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { isEphemeral } from '../../shared/znode/create-mode.ts';
import type { Request, WriteRequest } from '../../shared/znode/operations.ts';
import type { ConnectMessage } from '../net/door.ts';
import { aheadOf, clampTimeout } from '../session/reconnect-rules.ts';
import { isPassword } from '../session/session-minting.ts';
import { SessionTracker } from '../session/session-tracker.ts';
import type { Client, ClientSession } from './client.ts';
import type { SessionKeeper } from './client-gate.ts';
import type { RequestPipeline } from './request-pipeline.ts';
import { grantOf, hex, refuse } from './sessions.ts';

export interface LocalSessionsOptions {
  clock: Clock;
  log: Logger;
  tickTimeMs: number;
  minSessionTimeoutMs: number;
  maxSessionTimeoutMs: number;
  upgradingEnabled: boolean;
  mintId(): bigint;
  secret: Uint8Array;
  /** A local session was opened on `client`: whoever orders its writes has to know it. */
  opened(client: Client, session: ClientSession): void;
  /** The session becomes the ensemble's: its creation is ordered before what comes next. */
  upgrade(client: Client, session: ClientSession): void;
}

export class LocalSessions implements SessionKeeper {
  private readonly options: LocalSessionsOptions;
  private readonly others: SessionKeeper;
  private readonly tracker: SessionTracker<ClientSession>;
  private readonly timer: NodeJS.Timeout;

  constructor(options: LocalSessionsOptions, others: SessionKeeper) {
    this.options = options;
    this.others = others;
    this.tracker = new SessionTracker(options.tickTimeMs, options.clock.monotonicMs());
    this.timer = setInterval(() => this.expire(), options.tickTimeMs);
    this.timer.unref();
  }

  get size(): number {
    return this.tracker.size;
  }

  isLocal(session: ClientSession): boolean {
    return this.tracker.get(session.id) === session;
  }

  connect(pipeline: RequestPipeline, client: Client, message: ConnectMessage): void {
    const { clock, log, secret } = this.options;
    const { sessionId, lastZxidSeen } = message;
    const known = this.tracker.get(sessionId);
    if (sessionId !== 0n && (known === undefined || !isPassword(message.password, sessionId, secret))) return this.others.connect(pipeline, client, message);
    if (lastZxidSeen > pipeline.tree.lastZxid) return refuse(log, client, aheadOf(lastZxidSeen, pipeline.tree.lastZxid));
    const timeoutMs = clampTimeout(message.timeoutMs, this.options);
    const session: ClientSession = known ?? {
      id: this.options.mintId(), timeoutMs, deadlineMs: 0, closing: false, client, disconnectGraceMs: 0, graceTimer: null,
    };
    const older = session.client;
    session.client = client;
    session.timeoutMs = timeoutMs;
    client.session = session;
    if (known === undefined) this.tracker.add(session, clock.monotonicMs());
    else this.tracker.touch(session, clock.monotonicMs());
    if (older !== null && older !== client) older.supersede();
    this.options.opened(client, session);
    client.door.connected(grantOf(session, secret, message.disconnectGraceMs));
    client.markDirty();
  }

  touch(session: ClientSession): void {
    if (this.isLocal(session)) this.tracker.touch(session, this.options.clock.monotonicMs());
    else this.others.touch(session);
  }

  disconnected(pipeline: RequestPipeline, session: ClientSession): void {
    if (this.isLocal(session)) session.client = null;
    else this.others.disconnected(pipeline, session);
  }

  left(client: Client): void {
    this.others.left?.(client);
  }

  /** Its client ends it. */
  close(session: ClientSession): void {
    session.closing = true;
    this.tracker.remove(session.id);
  }

  /** May `client` go on with `request`? Makes its session the ensemble's if it has to be. False: an ephemeral is not for it. */
  admit(client: Client, request: WriteRequest): boolean {
    const session = client.session!;
    if (!this.isLocal(session) || !ownsEphemeral(request)) return true;
    if (!this.options.upgradingEnabled) return false;
    this.options.log.info(`Upgrading session 0x${hex(session.id)}: its client creates an ephemeral`);
    this.tracker.remove(session.id);
    this.options.upgrade(client, session);
    return true;
  }

  private expire(): void {
    for (const session of this.tracker.expire(this.options.clock.monotonicMs())) {
      this.options.log.info(`Expiring local session 0x${hex(session.id)}, timeout of ${session.timeoutMs}ms exceeded`);
      this.tracker.remove(session.id);
      session.client?.ended();
    }
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

function ownsEphemeral(request: Request): boolean {
  if (request.op === 'multi') return request.ops.some(ownsEphemeral);
  return 'mode' in request && request.op !== 'addWatch' && isEphemeral(request.mode);
}
