/**
 * What serves clients for as long as a role lasts: a leader's or a learner's way of ordering writes and holding sessions, behind the one
 * request pipeline. A service begins when its member may serve (BROADCAST) and ends with the role; clients then come back to whoever
 * serves, and their sessions go on.
 */
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { Clock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { ReconfigRequest } from '../../shared/znode/operations.ts';
import { makeZxid } from '../../shared/znode/zxid.ts';
import type { AccessRules } from '../tree/acl-check.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { readTxns } from '../tree/txn-codec.ts';
import type { EnsembleConfig } from '../zab/messages.ts';
import type { ProposedBatch, ServerId } from '../zab/peer-types.ts';
import type { Client, ClientSession } from './client.ts';
import type { GateContext, SessionKeeper } from './client-gate.ts';
import { ForwardedOrder } from './forwarded-order.ts';
import { LeaderDesk } from './leader-desk.ts';
import { LeadershipProbe } from './leadership-probe.ts';
import { LearnerSessions } from './learner-sessions.ts';
import type { LocalSessionsOptions } from './local-sessions.ts';
import { LocalSessions } from './local-sessions.ts';
import { packProbed, unpackFromLeader } from './member-messages.ts';
import { authenticatorOf } from './member-parts.ts';
import { OwnOrder } from './own-order.ts';
import { Proposals } from './proposals.ts';
import { RateLog } from './rate-log.ts';
import { RequestPipeline } from './request-pipeline.ts';
import type { ServerStats } from './server-stats.ts';
import { Sessions } from './sessions.ts';
import type { ServerSettings } from './settings.ts';
import { connectionThrottleOf, requestThrottlerOf } from './throttles.ts';
import type { WriteOrder } from './write-order.ts';
import { ZnodeSweeper } from './znode-sweeper.ts';

/** What services of one member have in common. */
export interface ServiceParts {
  settings: ServerSettings;
  clock: Clock;
  stats: ServerStats;
  rules: AccessRules;
  log: Logger;
  tree: DataTree;
  secret: Uint8Array;
  /** Gives out ids of new sessions, of which each is used once in the life of the ensemble. */
  mintId(): bigint;
  propose(batch: ProposedBatch): void;
  send(to: ServerId, payload: unknown): void;
  /** Are this member and those that `has` says yes to a quorum? */
  isQuorum(has: (id: ServerId) => boolean): boolean;
  /** The ensemble that a request makes, or an error. */
  reconfigure(request: ReconfigRequest, zxid: number): EnsembleConfig | number;
  resign(reason: string): void;
  /** So many transactions were applied. */
  applied(count: number): void;
}

export interface Service {
  readonly pipeline: RequestPipeline;
  readonly context: GateContext;
  /** Null where another member tracks them. */
  readonly tracked: Sessions | null;
  /** Sessions of this member alone; null where there are none. */
  readonly local: LocalSessions | null;
  /** A batch is committed: apply it, and answer. */
  committed(batch: ProposedBatch): void;
  /** Throws `WsProtocolError` on what is no message. */
  receive(from: ServerId, payload: unknown): void;
  /** Ends everything that was begun, and all connections. */
  stop(): void;
}

type PipelineParts = Pick<ServiceParts, 'settings' | 'clock' | 'stats' | 'rules' | 'log' | 'tree' | 'applied'>;

export function pipelineOf(
  parts: PipelineParts,
  order: WriteOrder,
  sessions: { created: Sessions['created']; closed: Sessions['closed'] },
  local: LocalSessions | null = null,
): RequestPipeline {
  const { settings, clock, stats, rules, log, tree } = parts;
  return new RequestPipeline({
    tree,
    order,
    rules,
    authenticator: authenticatorOf(settings, rules, log),
    globalOutstandingLimit: settings.globalOutstandingLimit,
    ...(local === null ? {} : { local }),
    clock,
    stats,
    sessionCreated: (client, sessionId) => sessions.created(client, sessionId),
    sessionClosed: (_client, sessionId) => sessions.closed(sessionId),
    applied: parts.applied,
  });
}

/** Keeps sessions of this member alone in front of `others`, where that is wanted. */
function localSessionsOf(
  parts: ServiceParts,
  others: SessionKeeper,
  { opened, upgrade }: Pick<LocalSessionsOptions, 'opened' | 'upgrade'>,
): LocalSessions | null {
  const { settings, clock, log, mintId, secret } = parts;
  if (!settings.localSessionsEnabled) return null;
  const { minSessionTimeoutMs, maxSessionTimeoutMs, tickTime: tickTimeMs, localSessionsUpgradingEnabled: upgradingEnabled } = settings;
  return new LocalSessions({ clock, log, tickTimeMs, minSessionTimeoutMs, maxSessionTimeoutMs, upgradingEnabled, mintId, secret, opened, upgrade }, others);
}

/** A pipeline that nobody uses: what views look at while a member serves nobody. */
export function idlePipeline(parts: Omit<PipelineParts, 'applied'>): RequestPipeline {
  const nothing = (): void => undefined;
  const order: WriteOrder = {
    inFlightCount: 0,
    waitingBytes: 0,
    attach: nothing,
    write: nothing,
    createSession: nothing,
    closeSession: nothing,
    sync: nothing,
  };
  return pipelineOf({ ...parts, applied: nothing }, order, { created: nothing, closed: nothing });
}

export function contextOf({ settings, clock, stats, log }: ServiceParts, pipeline: RequestPipeline, sessions: SessionKeeper): GateContext {
  return {
    pipeline,
    sessions,
    clients: new Set<Client>(),
    stats,
    clock,
    requestThrottler: requestThrottlerOf(settings, clock, stats, pipeline),
    connectionThrottle: connectionThrottleOf(settings, clock),
    localSessions: settings.localSessionsEnabled,
    log,
  };
}

export function closeAll(context: GateContext): void {
  context.requestThrottler?.stop();
  for (const client of [...context.clients]) client.door.close();
}

/** The leader's: orders what its own clients ask and what its learners forward. */
export class LeaderService implements Service {
  readonly pipeline: RequestPipeline;
  readonly context: GateContext;
  readonly tracked: Sessions;
  readonly local: LocalSessions | null;
  readonly desk: LeaderDesk;
  private readonly order: OwnOrder;
  private readonly proposals: Proposals;
  private readonly sweeper: ZnodeSweeper;
  private readonly probe: LeadershipProbe;
  private readonly firstZxid: number;

  constructor(parts: ServiceParts, epoch: number) {
    const { settings, clock, stats, rules, log, tree, secret } = parts;
    const quotaLog = new RateLog((line) => log.warn(line), clock);
    this.probe = new LeadershipProbe({ isQuorum: parts.isQuorum, ask: (round) => this.desk.askAll(round) });
    this.firstZxid = makeZxid(epoch, 1);
    this.proposals = new Proposals({ append: (batch) => parts.propose(batch) }, clock, stats);
    this.order = new OwnOrder({
      tree,
      proposals: this.proposals,
      rules,
      ttlsEnabled: settings.extendedTypesEnabled,
      ...(settings.enforceQuota ? { quotaExceeded: ({ line }) => quotaLog.once(line) } : {}),
      ...(settings.reconfigEnabled ? { reconfigure: parts.reconfigure } : {}),
      skipReconfigAcl: settings.skipReconfigAcl === 'yes',
      clock,
      lastZxid: makeZxid(epoch, 0),
      confirmLeadership: (then) => this.probe.confirm(then),
      counterExhausted: () => parts.resign('the zxid counter of this epoch is used up'),
    });
    this.tracked = new Sessions({
      clock,
      log: createLogger('org.apache.zookeeper.server.quorum.LeaderSessionTracker'),
      tickTimeMs: settings.tickTime,
      minSessionTimeoutMs: settings.minSessionTimeoutMs,
      maxSessionTimeoutMs: settings.maxSessionTimeoutMs,
      mintId: parts.mintId,
      secret,
      metrics: stats.metrics,
    });
    this.local = localSessionsOf(parts, this.tracked, {
      opened: () => undefined,
      upgrade: (_client, session) => this.upgrade(session),
    });
    this.pipeline = pipelineOf(parts, this.order, this.tracked, this.local);
    this.context = contextOf(parts, this.pipeline, this.local ?? this.tracked);
    const { order, pipeline, tracked: sessions } = this;
    this.desk = new LeaderDesk({ order, sessions, pipeline, secret, probe: this.probe, send: parts.send });
    this.sweeper = new ZnodeSweeper({
      tree,
      clock,
      remove: (path) => order.deleteContainer(path),
      intervalMs: settings.containerCheckIntervalMs,
      maxPerMinute: settings.containerMaxPerMinute,
      maxNeverUsedIntervalMs: settings.containerMaxNeverUsedIntervalMs,
    });
    this.tracked.restore(tree.sessions);
    this.tracked.start(pipeline);
    this.sweeper.start();
  }

  /** A change of the ensemble was ordered and is not committed. */
  get isReconfiguring(): boolean {
    return this.order.isReconfiguring;
  }

  committed(batch: ProposedBatch): void {
    // What earlier leaders left is committed before this one serves.
    if (batch.firstZxid < this.firstZxid) return applyBatch(this.pipeline, batch, null, this.context);
    // The next batch first: it travels while this one is applied.
    this.proposals.batchDurable();
    this.order.committed(batch.lastZxid);
    this.context.requestThrottler?.finished();
  }

  receive(from: ServerId, payload: unknown): void {
    this.desk.receive(from, payload);
  }

  private upgrade(session: ClientSession): void {
    this.tracked.adopt(session);
    this.order.createSessionRemote(session);
  }

  stop(): void {
    this.proposals.stop();
    this.local?.stop();
    this.tracked.stop();
    this.sweeper.stop();
    closeAll(this.context);
  }
}

/** A follower's or an observer's: asks the leader. */
export class LearnerService implements Service {
  readonly pipeline: RequestPipeline;
  readonly context: GateContext;
  readonly tracked = null;
  readonly local: LocalSessions | null;
  private readonly leader: ServerId;
  private readonly order: ForwardedOrder;
  private readonly sessions: LearnerSessions;
  private readonly parts: ServiceParts;

  constructor(parts: ServiceParts, leader: ServerId) {
    const { settings, clock, secret } = parts;
    this.leader = leader;
    this.parts = parts;
    const send = (payload: unknown): void => parts.send(leader, payload);
    this.order = new ForwardedOrder(send, () => clock.monotonicMs());
    this.sessions = new LearnerSessions({
      clock,
      log: createLogger('org.apache.zookeeper.server.quorum.Learner'),
      tickTimeMs: settings.tickTime,
      minSessionTimeoutMs: settings.minSessionTimeoutMs,
      maxSessionTimeoutMs: settings.maxSessionTimeoutMs,
      mintId: parts.mintId,
      secret,
      order: this.order,
      send,
    });
    this.local = localSessionsOf(parts, this.sessions, {
      opened: (client, { id: sessionId }) => {
        this.sessions.attach(client);
        this.order.forward({ kind: 'localSession', connection: client.id, sessionId, ids: client.ids });
      },
      upgrade: (client, session) => {
        this.sessions.adopt(client, session);
        this.order.upgradeSession(client, session);
      },
    });
    this.pipeline = pipelineOf(parts, this.order, this.sessions, this.local);
    this.context = contextOf(parts, this.pipeline, this.local ?? this.sessions);
  }

  committed(batch: ProposedBatch): void {
    applyBatch(this.pipeline, batch, this.order, this.context);
  }

  receive(from: ServerId, payload: unknown): void {
    if (from !== this.leader) return;
    const message = unpackFromLeader(payload);
    switch (message.kind) {
      case 'ordered': {
        const wrong = this.order.placed(message.runs, this.parts.tree.lastZxid);
        if (wrong !== null) this.parts.resign(wrong);
        this.pipeline.flush();
        return;
      }
      case 'confirmed':
        this.order.confirmed(message.count, this.parts.tree.lastZxid);
        return this.pipeline.flush();
      case 'probe':
        return this.parts.send(this.leader, packProbed(message.round));
      case 'revalidated':
        this.sessions.revalidated(this.pipeline, message);
        return this.pipeline.flush();
      case 'superseded':
        return this.sessions.superseded(message.connection);
      case 'secret': // was read before there was a service
    }
  }

  stop(): void {
    this.order.stop();
    this.local?.stop();
    this.sessions.stop();
    closeAll(this.context);
  }
}

/** Carries out a batch that came over the link. */
function applyBatch(pipeline: RequestPipeline, batch: ProposedBatch, order: ForwardedOrder | null, context: GateContext): void {
  const { body } = batch;
  let count = 0;
  for (const txn of readTxns(Buffer.from(body.buffer, body.byteOffset, body.byteLength))) {
    pipeline.apply(order?.take(txn) ?? null, txn);
    count++;
  }
  order?.applied(batch.lastZxid);
  pipeline.applied(count);
  context.requestThrottler?.finished();
}
