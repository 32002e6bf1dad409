/**
 * Serves reads while there is no quorum (`readonlymode.enabled`): to clients that said they would be content with that. Their sessions are
 * taken as they come, since nobody can say whether they still live; none is made or ended in the log (`ReadOnlyZooKeeperServer`).
 */
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { Request, WriteRequest } from '../../shared/znode/operations.ts';
import type { ConnectMessage } from '../net/door.ts';
import { aheadOf, clampTimeout } from '../session/reconnect-rules.ts';
import { isPassword } from '../session/session-minting.ts';
import type { Client, ClientSession } from './client.ts';
import type { GateContext, SessionKeeper } from './client-gate.ts';
import type { RequestPipeline } from './request-pipeline.ts';
import type { Service, ServiceParts } from './services.ts';
import { closeAll, contextOf, pipelineOf } from './services.ts';
import { denyExpired, grantOf, refuse } from './sessions.ts';
import type { WriteOrder } from './write-order.ts';

/** Refuses all that would change something. */
class NoOrder implements WriteOrder {
  readonly inFlightCount = 0;
  readonly waitingBytes = 0;
  private pipeline!: RequestPipeline;

  attach(pipeline: RequestPipeline): void {
    this.pipeline = pipeline;
  }

  write(client: Client, xid: number, request: WriteRequest, startMs: number): void {
    this.pipeline.settle(client, xid, request, startMs, ErrorCode.NOTREADONLY);
  }

  /** It says how things stand with the leader, and there is none. */
  sync(client: Client, xid: number, request: Request, startMs: number): void {
    this.pipeline.settle(client, xid, request, startMs, ErrorCode.NOTREADONLY);
  }

  createSession(): void {
    // Sessions are granted without anyone's consent.
  }

  closeSession(_session: ClientSession, client: Client | null, xid: number, request: Request | null): void {
    if (client === null || request === null) return;
    this.pipeline.settle(client, xid, request, 0, null);
    client.door.close();
  }
}

class UncertainSessions implements SessionKeeper {
  private readonly parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.parts = parts;
  }

  connect(pipeline: RequestPipeline, client: Client, message: ConnectMessage): void {
    const { log, secret, settings, mintId } = this.parts;
    const { sessionId, lastZxidSeen } = message;
    if (!message.readOnly) return refuse(log, client, 'is not read-only, and this server can only be read from while it has no quorum');
    if (lastZxidSeen > pipeline.tree.lastZxid) return refuse(log, client, aheadOf(lastZxidSeen, pipeline.tree.lastZxid));
    if (sessionId !== 0n && !isPassword(message.password, sessionId, secret)) return denyExpired(log, client, sessionId, 'wrong password');
    const session: ClientSession = {
      id: sessionId === 0n ? mintId() : sessionId,
      timeoutMs: clampTimeout(message.timeoutMs, settings),
      deadlineMs: 0,
      closing: false,
      client,
      disconnectGraceMs: 0,
      graceTimer: null,
    };
    client.session = session;
    client.door.connected({ ...grantOf(session, secret, message.disconnectGraceMs), readOnly: true });
    client.markDirty();
  }

  touch(): void {
    // Nobody here ends a session.
  }

  disconnected(_pipeline: RequestPipeline, session: ClientSession): void {
    session.client = null;
  }
}

export class ReadOnlyService implements Service {
  readonly pipeline: RequestPipeline;
  readonly context: GateContext;
  readonly tracked = null;
  readonly local = null;

  constructor(parts: ServiceParts) {
    const nothing = (): void => undefined;
    this.pipeline = pipelineOf(parts, new NoOrder(), { created: nothing, closed: nothing });
    this.context = contextOf(parts, this.pipeline, new UncertainSessions(parts));
  }

  committed(): void {
    throw new Error('Nothing is committed without a quorum');
  }

  receive(): void {
    // There is no leader whose message would count.
  }

  stop(): void {
    closeAll(this.context);
  }
}
