/**
 * A learner's order: writes of its clients go to the leader, those of one turn of the loop together. The leader says which zxids they got
 * (before it commits any of them); when those are applied here, the clients are answered. One client's requests stay in their order all
 * the way: they leave in it, get ascending zxids, and are applied in it.
 */
import type { Request, WriteRequest } from '../../shared/znode/operations.ts';
import type { Txn } from '../tree/txn.ts';
import type { Client, ClientSession, Pending } from './client.ts';
import { Fifo } from './fifo.ts';
import type { Forwarded } from './member-messages.ts';
import { packForward, packForwarded } from './member-messages.ts';
import type { RequestPipeline } from './request-pipeline.ts';
import { SyncQueue } from './sync-queue.ts';
import type { WriteOrder } from './write-order.ts';

interface Ordered {
  pending: Pending;
  zxid: number;
  bytes: number;
}

export class ForwardedOrder implements WriteOrder {
  private readonly send: (payload: unknown) => void;
  private readonly nowMs: () => number;
  private pipeline!: RequestPipeline;
  private packed: unknown[] = [];
  private scheduled = false;
  /** Forwarded; the leader has not said their places. */
  private readonly unordered = new Fifo<{ pending: Pending; bytes: number }>();
  private readonly ordered = new Fifo<Ordered>();
  private readonly syncs = new SyncQueue((pending) => this.pipeline.synced(pending));
  private bytes = 0;
  private stopped = false;

  /** @param send takes a message for the leader. */
  constructor(send: (payload: unknown) => void, nowMs: () => number) {
    this.send = send;
    this.nowMs = nowMs;
  }

  attach(pipeline: RequestPipeline): void {
    this.pipeline = pipeline;
  }

  get inFlightCount(): number {
    return this.unordered.size + this.ordered.size + this.syncs.size;
  }

  get waitingBytes(): number {
    return this.bytes;
  }

  write(client: Client, xid: number, request: WriteRequest, startMs: number): void {
    this.wait({ client, xid, request, txn: null, inFlight: true, startMs, outcome: null }, bytesOf(request));
    this.forward({ kind: 'write', connection: client.id, xid, request });
  }

  createSession(client: Client, session: ClientSession): void {
    this.wait({ client, xid: 0, request: null, txn: null, inFlight: true, startMs: this.nowMs(), outcome: null }, 0);
    const { id: sessionId, timeoutMs, disconnectGraceMs: graceMs } = session;
    this.forward({ kind: 'createSession', connection: client.id, sessionId, timeoutMs, graceMs, ids: client.ids });
  }

  upgradeSession(client: Client, session: ClientSession): void {
    const pending: Pending = { client: null, xid: 0, request: null, txn: null, inFlight: true, startMs: 0, outcome: null };
    this.unordered.push({ pending, bytes: 0 });
    this.forward({ kind: 'createSession', connection: client.id, sessionId: session.id, timeoutMs: session.timeoutMs, graceMs: 0, ids: client.ids });
  }

  closeSession(_session: ClientSession, client: Client | null, xid: number, request: Request | null): void {
    if (client === null) return; // the leader alone ends sessions that nobody closes
    this.wait({ client, xid, request, txn: null, inFlight: true, startMs: this.nowMs(), outcome: null }, 0);
    this.forward({ kind: 'closeSession', connection: client.id, xid });
  }

  sync(client: Client, xid: number, request: Request, startMs: number): void {
    this.wait({ client, xid, request, txn: null, inFlight: true, startMs, outcome: null }, 0);
    this.forward({ kind: 'sync' });
  }

  identified(client: Client): void {
    this.forward({ kind: 'ids', connection: client.id, ids: client.ids });
  }

  private wait(pending: Pending, bytes: number): void {
    this.unordered.push({ pending, bytes });
    this.bytes += bytes;
    this.pipeline.awaits(pending.client!, pending);
  }

  /** Sends `item` to the leader with all that comes in this turn of the loop. */
  forward(item: Forwarded): void {
    this.packed.push(packForwarded(item));
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      const items = this.packed;
      this.packed = [];
      if (!this.stopped) this.send(packForward(items));
    });
  }

  /** The leader has put what was forwarded in its places. Returns what is wrong with that, or null. */
  placed(runs: readonly number[], appliedZxid: number): string | null {
    for (let i = 0; i < runs.length; i += 2) {
      const isSync = runs[i] === 0;
      const count = isSync ? 1 : runs[i]!;
      for (let k = 0; k < count; k++) {
        const next = this.unordered.shift();
        if (next === undefined) return 'the leader ordered more than was forwarded';
        const zxid = runs[i + 1]! + k;
        if (!isSync && zxid <= appliedZxid) return `the leader ordered 0x${zxid.toString(16)} after it was applied`;
        if (isSync) this.syncs.add(next.pending, zxid);
        else this.ordered.push({ pending: next.pending, zxid, bytes: next.bytes });
      }
    }
    return null;
  }

  /** Who waits for the transaction `txn`, which is applied next; null if nobody does here. */
  take(txn: Txn): Pending | null {
    const next = this.ordered.peek();
    if (next === undefined || next.zxid !== txn.zxid) return null;
    this.ordered.shift();
    this.bytes -= next.bytes;
    return next.pending;
  }

  /** The leader leads: so many more syncs may be answered. */
  confirmed(count: number, appliedZxid: number): void {
    this.syncs.confirm(count, appliedZxid);
  }

  /** Everything up to `zxid` is applied: syncs that waited for it are answered. */
  applied(zxid: number): void {
    this.syncs.applied(zxid);
  }

  stop(): void {
    this.stopped = true;
  }
}

/** About the bytes of a request: its data counts. */
function bytesOf(request: WriteRequest): number {
  switch (request.op) {
    case 'multi':
      return request.ops.reduce((sum, op) => sum + bytesOf(op), 0);
    case 'reconfig':
      return 0;
    default:
      return 100 + ('data' in request ? (request.data?.length ?? 0) : 0);
  }
}
