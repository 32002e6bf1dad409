/** One connection as the pipeline sees it: its session, its identities, the requests it waits for, what it has used. */
import type { Id } from '../../shared/znode/acl.ts';
import type { Request } from '../../shared/znode/operations.ts';
import type { EventType } from '../../shared/znode/watch-event.ts';
import type { Door } from '../net/door.ts';
import type { DigestMd5Server } from '../session/sasl-digest-md5.ts';
import type { Session } from '../session/session-tracker.ts';
import type { Watcher } from '../tree/watch-table.ts';
import type { Txn } from '../tree/txn.ts';
import { Fifo } from './fifo.ts';
import type { ReadResult } from './reads.ts';

/** What a session lives on: a connection here, or, for a leader, one at another member. */
export interface SessionHolder {
  /** The session came back on another connection: end this one. */
  supersede(): void;
  /** The session is over. */
  ended(): void;
}

export interface ClientSession extends Session {
  /** The connection it lives on now, if any. */
  client: SessionHolder | null;
  /** How long it may live without a connection, if its client asked for less than the timeout; 0: did not. */
  disconnectGraceMs: number;
  /** Runs while it has none. */
  graceTimer: NodeJS.Timeout | null;
}

/** A request that is not answered yet: a write in flight, or what waits for one, or for the client to read its answers. */
export interface Pending {
  /** Null when nobody waits for an answer, as with the close of an expired session. */
  client: Client | null;
  xid: number;
  /** Null for what is no request of a session: its creation, and what the server does by itself. */
  request: Request | null;
  /** The transaction, where it was made here. */
  txn: Txn | null;
  /** Waits for a commit. False: for those before it, or for the client to read. */
  inFlight: boolean;
  startMs: number;
  /** Set once it is committed; it is said when what the client asked before was said. zxid 0: the last one then. */
  outcome: { result: ReadResult; zxid: number } | null;
}

export interface LastRequest {
  op: string;
  xid: number;
  zxid: number;
  atMs: number;
  latencyMs: number;
}

/** Ids wrap there: far more connections than live at once. */
const CLIENT_ID_MAX = 0x7fff_ffff;
let lastClientId = 0;

export class Client implements Watcher, SessionHolder {
  /** Tells this connection from others of this process. */
  readonly id = (lastClientId = (lastClientId % CLIENT_ID_MAX) + 1);
  readonly door: Door;
  readonly ids: Id[];
  readonly establishedMs: number;
  session: ClientSession | null = null;
  /** What its connect asked for: the answer speaks of it only then. */
  graceAsked: number | undefined = undefined;
  /** The SASL exchange under way. */
  sasl: DigestMd5Server | null = null;
  /** In the order in which they are to be answered. */
  readonly pending = new Fifo<Pending>();
  /** Requests that wait before the pipeline, where requests are throttled. */
  throttledCount = 0;
  /** One of its requests was dropped: so are all after it. */
  invalid = false;
  gone = false;
  /** Has answers that were not flushed. */
  dirty = false;
  readonly stats = { received: 0, sent: 0, latencyMinMs: -1, latencyMaxMs: 0, latencySumMs: 0, latencyCount: 0 };
  last: LastRequest = { op: 'NA', xid: 0, zxid: 0, atMs: 0, latencyMs: 0 };
  private readonly onDirty: (client: Client) => void;

  constructor(door: Door, onDirty: (client: Client) => void, nowMs: number) {
    this.door = door;
    this.ids = [{ scheme: 'ip', id: door.remoteAddress }, ...(door.certified ?? [])];
    this.onDirty = onDirty;
    this.establishedMs = nowMs;
  }

  notify(type: EventType, path: string, zxid: number): void {
    this.stats.sent++;
    this.door.event(type, path, zxid);
    this.markDirty();
  }

  supersede(): void {
    this.door.close();
  }

  ended(): void {
    this.door.close();
  }

  markDirty(): void {
    if (this.dirty) return;
    this.dirty = true;
    this.onDirty(this);
  }

  /** Counts one answered request. */
  answered(op: string, xid: number, zxid: number, startMs: number, nowMs: number): void {
    const latencyMs = nowMs - startMs;
    const { stats } = this;
    stats.sent++;
    stats.latencySumMs += latencyMs;
    stats.latencyCount++;
    if (latencyMs > stats.latencyMaxMs) stats.latencyMaxMs = latencyMs;
    if (stats.latencyMinMs < 0 || latencyMs < stats.latencyMinMs) stats.latencyMinMs = latencyMs;
    const { last } = this;
    last.op = op;
    last.xid = xid;
    last.zxid = zxid;
    last.atMs = nowMs;
    last.latencyMs = latencyMs;
  }

  resetStats(): void {
    Object.assign(this.stats, { received: 0, sent: 0, latencyMinMs: -1, latencyMaxMs: 0, latencySumMs: 0, latencyCount: 0 });
  }
}
