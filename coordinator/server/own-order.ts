/**
 * Orders writes here: each is prepared against the tree and what is in flight, which makes it a transaction with the next zxid. What comes
 * back as committed is applied, in that order. Used by a server alone, whose own disk commits, and by the leader of an ensemble, where a
 * quorum does; the writes that other members' clients sent there come in through `orderRemote…`.
 */
import { assert } from '../../shared/base/assert.ts';
import type { Clock } from '../../shared/base/clock.ts';
import type { Id } from '../../shared/znode/acl.ts';
import { Perms } from '../../shared/znode/acl.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { ReconfigRequest, Request, WriteRequest } from '../../shared/znode/operations.ts';
import { COUNTER_MAX, counterOf } from '../../shared/znode/zxid.ts';
import type { AccessRules } from '../tree/acl-check.ts';
import { isAllowed } from '../tree/acl-check.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { Outstanding } from '../tree/outstanding.ts';
import type { PrepareContext } from '../tree/prepare.ts';
import { prepare, prepareCloseSession, prepareDeleteContainer } from '../tree/prepare.ts';
import type { QuotaExcess } from '../tree/quota.ts';
import type { TxnBody } from '../tree/txn.ts';
import type { EnsembleConfig } from '../zab/messages.ts';
import type { Client, ClientSession, Pending, SessionHolder } from './client.ts';
import { CONFIG_PATH, configData } from './ensemble-config.ts';
import { Fifo } from './fifo.ts';
import type { Proposals } from './proposals.ts';
import type { RequestPipeline } from './request-pipeline.ts';
import { SyncQueue } from './sync-queue.ts';
import type { WriteOrder } from './write-order.ts';

export interface OwnOrderOptions {
  tree: DataTree;
  proposals: Proposals;
  rules: AccessRules;
  ttlsEnabled: boolean;
  /** `enforceQuota`: hears what a write exceeds. Absent: quotas are not looked at. */
  quotaExceeded?: (excess: QuotaExcess) => void;
  /** `reconfigEnabled`: the ensemble that a request makes at `zxid`, or an error. */
  reconfigure?: (request: ReconfigRequest, zxid: number) => EnsembleConfig | number;
  /** `skipReconfigACL`: whoever may connect may change the ensemble. */
  skipReconfigAcl?: boolean;
  clock: Clock;
  /** The zxid before the first one to give out: the tree's, or the beginning of a new epoch. */
  lastZxid: number;
  /** A leader's: calls `then` once a quorum has confirmed that it leads. Absent: a server alone knows. */
  confirmLeadership?: (then: () => void) => void;
  /** The counter of this epoch is used up: a leader makes room for another election. */
  counterExhausted?: () => void;
}

export class OwnOrder implements WriteOrder {
  private readonly options: OwnOrderOptions;
  private readonly outstanding: Outstanding;
  private readonly quota: Pick<PrepareContext, 'quotaExceeded'>;
  /** Writes, and syncs between them, in the order of their zxids. */
  private readonly inFlight = new Fifo<Pending>();
  private readonly syncs = new SyncQueue((pending) => this.pipeline.synced(pending));
  private pipeline!: RequestPipeline;
  lastProposedZxid: number;
  /** The ensemble that the transaction being made proposes. */
  private nextConfig: EnsembleConfig | null = null;
  /** Of the last change of the ensemble that was ordered here; 0: none. */
  private reconfigZxid = 0;

  constructor(options: OwnOrderOptions) {
    this.options = options;
    this.outstanding = new Outstanding(options.tree);
    this.quota = options.quotaExceeded === undefined ? {} : { quotaExceeded: options.quotaExceeded };
    this.lastProposedZxid = options.lastZxid;
  }

  attach(pipeline: RequestPipeline): void {
    this.pipeline = pipeline;
  }

  /** A change of the ensemble was ordered and is not committed. */
  get isReconfiguring(): boolean {
    return this.reconfigZxid > this.options.tree.lastZxid;
  }

  get inFlightCount(): number {
    return this.inFlight.size;
  }

  get waitingBytes(): number {
    return this.options.proposals.unloggedBytes;
  }

  write(client: Client, xid: number, request: WriteRequest, startMs: number): void {
    const zxid = this.nextZxid();
    const body = this.prepare(client, client.session!, client.ids, request, zxid);
    this.propose({ client, xid, request, txn: null, inFlight: true, startMs, outcome: null }, zxid, client.session!.id, body);
  }

  private prepare(holder: SessionHolder, session: ClientSession, ids: readonly Id[], request: WriteRequest, zxid: number): TxnBody {
    if (session.closing) return { type: 'error', error: ErrorCode.SESSIONEXPIRED };
    if (session.client !== holder) return { type: 'error', error: ErrorCode.SESSIONMOVED };
    if (request.op === 'reconfig' && this.options.reconfigure !== undefined) return this.prepareReconfig(request, ids, zxid);
    const { rules, ttlsEnabled } = this.options;
    return prepare(this.outstanding, request, { sessionId: session.id, ids, rules, ttlsEnabled, ...this.quota }, zxid);
  }

  /** A change of the ensemble: a change of `/zookeeper/config`, if a quorum of the old and of the new one agrees. */
  private prepareReconfig(request: ReconfigRequest, ids: readonly Id[], zxid: number): TxnBody {
    const config = this.options.reconfigure!(request, zxid);
    if (typeof config === 'number') return { type: 'error', error: config };
    const acl = this.outstanding.get(CONFIG_PATH)?.acl ?? [];
    if (!this.options.skipReconfigAcl && !isAllowed(this.options.rules, acl, Perms.WRITE, ids)) return { type: 'error', error: ErrorCode.NOAUTH };
    this.nextConfig = config;
    this.reconfigZxid = zxid;
    return { type: 'setData', path: CONFIG_PATH, data: configData(config), version: -1 };
  }

  createSession(client: Client, session: ClientSession): void {
    const pending: Pending = { client, xid: 0, request: null, txn: null, inFlight: true, startMs: this.options.clock.monotonicMs(), outcome: null };
    this.propose(pending, this.nextZxid(), session.id, { type: 'createSession', timeoutMs: session.timeoutMs });
  }

  closeSession(session: ClientSession, client: Client | null, xid = 0, request: Request | null = null): void {
    session.closing = true;
    const zxid = this.nextZxid();
    const body = prepareCloseSession(this.outstanding, session.id, zxid);
    const startMs = this.options.clock.monotonicMs();
    this.propose({ client, xid, request, txn: null, inFlight: true, startMs, outcome: null }, zxid, session.id, body);
  }

  sync(client: Client, xid: number, request: Request, startMs: number): void {
    const { confirmLeadership } = this.options;
    if (confirmLeadership === undefined && this.inFlight.size === 0) return this.pipeline.readInTurn(client, xid, request, startMs);
    const pending: Pending = { client, xid, request, txn: null, inFlight: true, startMs, outcome: null };
    if (confirmLeadership === undefined) return this.enqueue(pending);
    this.syncs.add(pending, this.syncZxid);
    this.pipeline.awaits(client, pending);
    confirmLeadership(() => {
      this.syncs.confirm(1, this.options.tree.lastZxid);
      this.pipeline.flush();
    });
  }

  /** What a sync that comes now has to wait for; 0: nothing is in flight. */
  get syncZxid(): number {
    return this.inFlight.size === 0 ? 0 : this.lastProposedZxid;
  }

  /** Removes a container or TTL znode if it still has no children. */
  deleteContainer(path: string): void {
    const zxid = this.nextZxid();
    this.propose(nobody(0), zxid, 0n, prepareDeleteContainer(this.outstanding, path, zxid));
  }

  // --- For clients of other members, who are answered there. Each returns the zxid. ---

  writeRemote(holder: SessionHolder, session: ClientSession, ids: readonly Id[], xid: number, request: WriteRequest): number {
    const zxid = this.nextZxid();
    this.propose(nobody(xid), zxid, session.id, this.prepare(holder, session, ids, request, zxid));
    return zxid;
  }

  createSessionRemote(session: ClientSession): number {
    const zxid = this.nextZxid();
    this.propose(nobody(0), zxid, session.id, { type: 'createSession', timeoutMs: session.timeoutMs });
    return zxid;
  }

  closeSessionRemote(session: ClientSession, xid: number): number {
    this.closeSession(session, null, xid);
    return this.lastProposedZxid;
  }

  /** A request that can't be carried out, by name: it takes its place in the order all the same. */
  refuseRemote(sessionId: bigint, xid: number, error: number): number {
    const zxid = this.nextZxid();
    this.propose(nobody(xid), zxid, sessionId, { type: 'error', error });
    return zxid;
  }

  private nextZxid(): number {
    // One more would carry into the epoch half and outrank the next leader's zxids.
    if (counterOf(this.lastProposedZxid) === COUNTER_MAX) {
      this.options.counterExhausted?.();
      assert(false, 'the zxid counter has room');
    }
    return ++this.lastProposedZxid;
  }

  private propose(pending: Pending, zxid: number, sessionId: bigint, body: TxnBody): void {
    pending.txn = { zxid, timeMs: this.options.clock.wallMs(), sessionId, cxid: pending.xid, body };
    if (this.nextConfig === null) {
      this.options.proposals.add(pending.txn);
    } else {
      this.options.proposals.addAlone(pending.txn, this.nextConfig);
      this.nextConfig = null;
    }
    this.enqueue(pending);
  }

  private enqueue(pending: Pending): void {
    this.inFlight.push(pending);
    if (pending.client !== null) this.pipeline.awaits(pending.client, pending);
  }

  /** Everything up to `zxid` is committed: applies it, in order, and answers those who wait. */
  committed(zxid: number): void {
    const { pipeline } = this;
    let count = 0;
    for (let next = this.inFlight.peek(); next !== undefined; next = this.inFlight.peek()) {
      if (next.txn !== null && next.txn.zxid > zxid) break;
      this.inFlight.shift();
      if (next.txn === null) {
        pipeline.synced(next);
        continue;
      }
      pipeline.apply(next, next.txn);
      count++;
    }
    this.outstanding.applied(zxid);
    this.syncs.applied(zxid);
    pipeline.applied(count);
  }
}

/** Nobody here waits for it. */
function nobody(xid: number): Pending {
  return { client: null, xid, request: null, txn: null, inFlight: true, startMs: 0, outcome: null };
}
