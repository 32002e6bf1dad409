/**
 * The path of every request, whatever door it came through:
 *
 *     write: prepare (against the tree and what is in flight) → log → commit → apply → watch events → reply
 *     read:  waits for the same client's earlier writes, then is answered from the tree
 *
 * Promises: replies leave in the order of the client's requests; a read sees the client's earlier writes; an event is sent
 * before any reply that shows the change; nothing is answered that is not durable.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { Acl } from '../../shared/znode/acl.ts';
import { Perms } from '../../shared/znode/acl.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import { isWrite, type AuthRequest, type Request, type Response, type SaslRequest } from '../../shared/znode/operations.ts';
import type { AccessRules } from '../tree/acl-check.ts';
import { isAllowed } from '../tree/acl-check.ts';
import type { ChangeListener } from '../tree/apply.ts';
import { applyMultiFor, applyTxn } from '../tree/apply.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { Txn, TxnBody } from '../tree/txn.ts';
import type { EventFilter } from '../tree/watch-table.ts';
import { WatchTable } from '../tree/watch-table.ts';
import { statOf } from '../tree/znode.ts';
import type { Authenticator } from './authenticator.ts';
import type { Client, ClientSession, Pending } from './client.ts';
import { PENDING_PER_CLIENT_MAX, UNLOGGED_BYTES_MAX, UNSENT_BYTES_MAX, UNSENT_BYTES_PAUSE } from './limits.ts';
import type { LocalSessions } from './local-sessions.ts';
import type { LocalRequest, ReadContext, ReadResult } from './reads.ts';
import { answer } from './reads.ts';
import type { Summary } from './metrics.ts';
import type { ServerStats } from './server-stats.ts';
import type { WriteOrder } from './write-order.ts';

/** Stands for a request of a type that nobody serves. */
const UNSERVED: Request = { op: 'ping' };

export interface PipelineOptions {
  tree: DataTree;
  order: WriteOrder;
  rules: AccessRules;
  authenticator: Authenticator;
  globalOutstandingLimit: number;
  /** Sessions of this member alone, where there are such. */
  local?: LocalSessions;
  clock: Clock;
  stats: ServerStats;
  /** A session's creation or end was applied: `client` is who asked for it, if still there. */
  sessionCreated(client: Client | null, sessionId: bigint): void;
  sessionClosed(client: Client | null, sessionId: bigint): void;
  /** How many transactions were applied: time for a snapshot? */
  applied(count: number): void;
}

export class RequestPipeline implements ChangeListener {
  readonly watches = new WatchTable<Client>();
  readonly tree: DataTree;
  private readonly options: PipelineOptions;
  private readonly reading: ReadContext;
  private readonly enforced: boolean;
  private readonly readLatency: Summary;
  private readonly updateLatency: Summary;
  private dirty: Client[] = [];
  private readonly paused = new Set<Client>();

  constructor(options: PipelineOptions) {
    this.options = options;
    this.tree = options.tree;
    this.enforced = options.authenticator.isEnforced;
    this.readLatency = options.stats.metrics.summaries.readlatency;
    this.updateLatency = options.stats.metrics.summaries.updatelatency;
    this.reading = { tree: options.tree, watches: this.watches, rules: options.rules };
    options.order.attach(this);
  }

  get outstandingCount(): number {
    return this.options.order.inFlightCount;
  }

  readonly markDirty = (client: Client): void => {
    this.dirty.push(client);
  };

  // --- Requests come in ---

  request(client: Client, xid: number, request: Request): void {
    client.stats.received++;
    const startMs = this.options.clock.monotonicMs();
    if (this.enforced && request.op !== 'auth' && request.op !== 'sasl' && !this.options.authenticator.isAdmitted(client)) {
      return this.refuseStranger(client, xid, request, startMs);
    }
    if (isWrite(request)) {
      if (this.options.local?.admit(client, request) === false) return this.settle(client, xid, request, startMs, ErrorCode.EPHEMERALONLOCALSESSION);
      return this.options.order.write(client, xid, request, startMs);
    }
    switch (request.op) {
      case 'closeSession':
        if (this.options.local?.isLocal(client.session!) === true) return this.closeLocal(client, xid, request, startMs);
        return this.options.order.closeSession(client.session!, client, xid, request);
      case 'auth':
        // At once: it counts for the requests that follow, which are prepared when they arrive.
        return this.authenticate(client, xid, request, startMs);
      case 'sasl':
        return this.sasl(client, xid, request, startMs);
      case 'sync':
        return this.options.order.sync(client, xid, request, startMs);
      default:
        return this.readInTurn(client, xid, request, startMs);
    }
  }

  /** A request that nobody serves: answered in its turn, and the last of its connection (`UnimplementedRequestProcessor`). */
  unknown(client: Client, xid: number): void {
    client.stats.received++;
    const outcome = { result: ErrorCode.UNIMPLEMENTED, zxid: -1 };
    client.pending.push({ client, xid, request: UNSERVED, txn: null, inFlight: false, startMs: this.options.clock.monotonicMs(), outcome });
    this.drain(client);
  }

  /** A request that waited too long to be done: answered in its turn. */
  throttled(client: Client, xid: number, request: Request): void {
    client.stats.received++;
    const outcome = { result: ErrorCode.THROTTLEDOP, zxid: 0 };
    client.pending.push({ client, xid, request, txn: null, inFlight: false, startMs: this.options.clock.monotonicMs(), outcome });
    this.drain(client);
  }

  /** `client` has one more request that waits before the pipeline. */
  held(client: Client): void {
    this.throttle(client);
  }

  /** The end of a session that nobody else knows. */
  private closeLocal(client: Client, xid: number, request: Request, startMs: number): void {
    this.options.local!.close(client.session!);
    this.settle(client, xid, request, startMs, null);
    client.door.close();
  }

  createSession(client: Client, session: ClientSession): void {
    this.options.order.createSession(client, session);
  }

  /** Ends a session: its client asked for it, or it expired (`client` null). */
  closeSession(session: ClientSession, client: Client | null, xid = 0, request: Request | null = null): void {
    this.options.order.closeSession(session, client, xid, request);
  }

  /** `pending` was ordered, or sent to be: its client's later requests wait for it. */
  awaits(client: Client, pending: Pending): void {
    client.pending.push(pending);
    this.throttle(client);
  }

  private authenticate(client: Client, xid: number, request: AuthRequest, startMs: number): void {
    const outcome = this.options.authenticator.auth(client, request.scheme, request.auth);
    if (outcome === 'elsewhere') return client.door.close();
    const ok = outcome === 'ok';
    this.identified(client, xid, request, startMs, ok ? null : ErrorCode.AUTHFAILED, ok);
  }

  private sasl(client: Client, xid: number, request: SaslRequest, startMs: number): void {
    const reply = this.options.authenticator.sasl(client, request.token);
    this.identified(client, xid, request, startMs, reply.ok ? { token: reply.token } : reply.error, reply.ok);
  }

  private identified(client: Client, xid: number, request: Request, startMs: number, result: ReadResult, ok: boolean): void {
    if (ok) this.options.order.identified?.(client);
    else this.options.stats.authFailedCount++;
    // Clients may say who they are before they have heard that they have a session, which has to come first.
    if (ok && client.pending.peek()?.request === null) {
      client.pending.push({ client, xid, request, txn: null, inFlight: false, startMs, outcome: { result, zxid: 0 } });
      return;
    }
    this.reply(client, xid, request, 0, result, startMs);
    if (!ok) client.door.close();
  }

  /** A request of someone who had to say first who they are: refused, and the connection ends; the session lives on. */
  private refuseStranger(client: Client, xid: number, request: Request, startMs: number): void {
    this.reply(client, xid, request, 0, ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH, startMs);
    client.door.close();
  }

  // --- Commits come back ---

  /** A connection's session was taken up: what it has asked meanwhile is answered. */
  admitted(client: Client): void {
    client.pending.shift();
    this.drain(client);
    this.flush();
  }

  /** `count` transactions were applied: what they made room for goes on. */
  applied(count: number): void {
    this.resumeClients();
    this.flush();
    if (count > 0) this.options.applied(count);
  }

  /** Answers in its turn a request that was decided without being ordered. */
  settle(client: Client, xid: number, request: Request, startMs: number, result: ReadResult): void {
    client.pending.push({ client, xid, request, txn: null, inFlight: false, startMs, outcome: { result, zxid: 0 } });
    this.drain(client);
  }

  /** What was ordered before a sync is applied. */
  synced(pending: Pending): void {
    this.finish(pending, null, 0);
  }

  /** Carries `txn` out and answers who waits for it, if that is someone here. */
  apply(pending: Pending | null, txn: Txn): void {
    const { body } = txn;
    if (pending === null || pending.client === null) {
      applyTxn(this.tree, txn, this);
      if (body.type === 'createSession') this.options.sessionCreated(null, txn.sessionId);
      else if (body.type === 'closeSession') this.options.sessionClosed(null, txn.sessionId);
      return;
    }
    this.applyFor(pending, pending.client, txn);
  }

  private applyFor(pending: Pending, client: Client, txn: Txn): void {
    const { request } = pending;
    const { body } = txn;
    if (request?.op === 'multi' && body.type === 'multi' && !client.gone) {
      const results = applyMultiFor(this.tree, txn, body, request.ops, this);
      this.finish(pending, { results }, txn.zxid);
      return;
    }
    applyTxn(this.tree, txn, this);
    if (body.type === 'createSession') {
      client.pending.shift();
      this.options.sessionCreated(client, txn.sessionId);
      this.drain(client);
      return;
    }
    if (body.type === 'closeSession') {
      this.finish(pending, null, txn.zxid);
      this.options.sessionClosed(client, txn.sessionId);
      return;
    }
    if (client.gone) return;
    this.finish(pending, body.type === 'error' ? body.error : this.responseOf(request!, body), txn.zxid);
  }

  private responseOf(request: Request, body: TxnBody): Response {
    switch (body.type) {
      case 'create':
        return request.op === 'create' ? { path: body.path } : { path: body.path, stat: statOf(this.tree.get(body.path)!) };
      case 'setData':
        if (request.op === 'reconfig') return { data: body.data, stat: statOf(this.tree.get(body.path)!) };
        return { stat: statOf(this.tree.get(body.path)!) };
      case 'setACL':
        return { stat: statOf(this.tree.get(body.path)!) };
      default:
        return null;
    }
  }

  /** What a write or a sync (`zxid` 0) came to. It is said now, or when what was asked before has been said. */
  private finish(pending: Pending, result: ReadResult, zxid: number): void {
    const { client, request } = pending;
    if (client === null || client.gone || request === null) return;
    pending.outcome = { result: request.op === 'sync' ? { path: request.path } : result, zxid };
    this.drain(client);
  }

  /** Answers what can be answered, in order: up to a write in flight, or until the client has to read first. */
  private drain(client: Client): void {
    for (let next = client.pending.peek(); next !== undefined; next = client.pending.peek()) {
      if (client.door.unsentBytes > UNSENT_BYTES_PAUSE) return;
      const request = next.request!;
      if (next.outcome !== null) {
        client.pending.shift();
        const zxid = next.outcome.zxid === 0 ? this.tree.lastZxid : next.outcome.zxid;
        this.reply(client, next.xid, request, zxid, next.outcome.result, next.startMs);
        if (request === UNSERVED) return hangUp(client);
        continue;
      }
      if (next.inFlight) return;
      client.pending.shift();
      this.read(client, next.xid, request, next.startMs);
    }
  }

  /** A request that is answered from the tree, after what its client asked before. */
  readInTurn(client: Client, xid: number, request: Request, startMs: number): void {
    if (client.pending.size === 0 && client.door.unsentBytes <= UNSENT_BYTES_PAUSE) {
      return this.read(client, xid, request, startMs);
    }
    client.pending.push({ client, xid, request, txn: null, inFlight: false, startMs, outcome: null });
    this.throttle(client);
  }

  private read(client: Client, xid: number, request: Request, startMs: number): void {
    const result = answer(this.reading, client, request as LocalRequest);
    this.reply(client, xid, request, this.tree.lastZxid, result, startMs);
  }

  private reply(client: Client, xid: number, request: Request, zxid: number, result: ReadResult, startMs: number): void {
    const nowMs = this.options.clock.monotonicMs();
    const error = typeof result === 'number' ? result : 0;
    client.answered(request.op, xid, zxid, startMs, nowMs);
    const { stats } = this.options;
    stats.latency(nowMs - startMs);
    (isUpdate(request) ? this.updateLatency : this.readLatency).add(nowMs - startMs);
    stats.responseSize(client.door.reply(xid, request.op, zxid, error, typeof result === 'number' ? null : result));
    client.markDirty();
  }

  /** The connection is gone: its watches go, its writes in flight stay. */
  disconnected(client: Client): void {
    client.gone = true;
    this.paused.delete(client);
    this.watches.removeWatcher(client);
  }

  // --- Watches ---

  created(path: string, acl: readonly Acl[], parentPath: string, parentAcl: readonly Acl[], zxid: number): void {
    if (this.watches.size === 0) return;
    const { summaries } = this.options.stats.metrics;
    summaries.node_created_watch_count.add(this.watches.created(path, zxid, this.readersOf(acl)));
    summaries.node_children_watch_count.add(this.watches.childrenChanged(parentPath, zxid, this.readersOf(parentAcl)));
  }

  deleted(path: string, acl: readonly Acl[], parentPath: string, parentAcl: readonly Acl[], zxid: number): void {
    if (this.watches.size === 0) return;
    const { summaries } = this.options.stats.metrics;
    summaries.node_deleted_watch_count.add(this.watches.deleted(path, zxid, this.readersOf(acl)));
    summaries.node_children_watch_count.add(this.watches.childrenChanged(parentPath, zxid, this.readersOf(parentAcl)));
  }

  dataChanged(path: string, acl: readonly Acl[], zxid: number): void {
    if (this.watches.size === 0) return;
    this.options.stats.metrics.summaries.node_changed_watch_count.add(this.watches.changed(path, zxid, this.readersOf(acl)));
  }

  private readersOf(acl: readonly Acl[]): EventFilter | null {
    if (acl === this.tree.acls.open.list) return null;
    return ({ ids }) => isAllowed(this.options.rules, acl, Perms.READ, ids);
  }

  // --- Bounds ---

  /** Sends what was said, closes those who don't listen. */
  flush(): void {
    const clients = this.dirty;
    this.dirty = [];
    for (const client of clients) {
      client.dirty = false;
      if (client.gone) continue;
      client.door.flush();
      const unsent = client.door.unsentBytes;
      if (unsent > UNSENT_BYTES_MAX) client.door.close();
      else if (unsent > UNSENT_BYTES_PAUSE) this.pause(client);
    }
  }

  /** A client's answers have left: those it did not have room for follow. */
  drained(client: Client): void {
    if (client.gone || (client.pending.size === 0 && !this.paused.has(client))) return;
    this.drain(client);
    this.flush();
    if (this.paused.has(client) && this.mayRead(client)) this.resume(client);
  }

  private throttle(client: Client): void {
    if (!this.mayRead(client)) this.pause(client);
  }

  private mayRead(client: Client): boolean {
    return (
      client.pending.size + client.throttledCount < PENDING_PER_CLIENT_MAX &&
      (client.pending.size === 0 || this.options.order.inFlightCount <= this.options.globalOutstandingLimit) &&
      this.options.order.waitingBytes < UNLOGGED_BYTES_MAX &&
      client.door.unsentBytes <= UNSENT_BYTES_PAUSE
    );
  }

  private pause(client: Client): void {
    if (this.paused.has(client)) return;
    this.paused.add(client);
    client.door.pause();
  }

  private resume(client: Client): void {
    this.paused.delete(client);
    client.door.resume();
  }

  private resumeClients(): void {
    if (this.paused.size === 0) return;
    for (const client of [...this.paused]) if (this.mayRead(client)) this.resume(client);
  }
}

/** Says no more than has been said: what was asked meanwhile goes unanswered, writes among it still happen. */
function hangUp(client: Client): void {
  while (client.pending.shift() !== undefined);
  client.door.close();
}

/** Does it count as an update? All that has a transaction does (`ServerStats.updateLatency`). */
function isUpdate(request: Request): boolean {
  return isWrite(request) || request.op === 'closeSession';
}
