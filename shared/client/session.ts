/**
 * A session as its client holds it: identity, the last zxid seen, and the requests on their way: `waiting` to be sent, then
 * `inFlight` until the reply. Replies come in request order. A request that was in flight when the connection broke may or
 * may not have been carried out, so it fails with CONNECTIONLOSS; one that was still waiting goes out on the next connection.
 * Pure: no clock, no socket.
 */
import { ErrorCode } from '../znode/error-code.ts';
import type { Request, Response } from '../znode/operations.ts';
import type { ReplyMessage, RequestMessage } from '../ws-protocol/messages.ts';
import { CLIENT_FRAME_BYTES_MAX, PASSWORD_SIZE } from '../ws-protocol/messages.ts';
import { CoordinatorError } from './errors.ts';

/** What a session is taken up with by another connection, or another process. */
export interface SessionIdentity {
  sessionId: bigint;
  password: Uint8Array;
}

/** Called once with the outcome: a response (null for operations without one) or an error. */
export type Completion = (error: CoordinatorError | null, response: Response | null, zxid: number) => void;

interface Pending {
  xid: number;
  request: Request;
  bytes: number;
  complete: Completion;
}

/** Requests that wait or fly. A caller who gets this far ahead of the server is refused, instead of memory filling up. */
const PENDING_MAX = 65_536;
const PENDING_BYTES_MAX = 64 * 1024 * 1024;
/** Sent and not answered: enough to keep a server busy over any line, few enough to fail fast when the line breaks. */
const IN_FLIGHT_MAX = 8_192;
const IN_FLIGHT_BYTES_MAX = 8 * 1024 * 1024;
/** One frame: small enough that the server gets to others in between. */
const BATCH_MAX = 1_000;
const BATCH_BYTES_MAX = 512 * 1024;
/** Room for what an estimate doesn't count. */
const REQUEST_BYTES_MAX = CLIENT_FRAME_BYTES_MAX - 64 * 1024;
const XID_MAX = 0x7fff_ffff;

export class Session {
  sessionId: bigint;
  password: Uint8Array;
  /** As negotiated; before that, as asked for. */
  timeoutMs: number;
  /** As granted; 0: only the timeout ends the session. */
  disconnectGraceMs = 0;
  /** The newest state of the tree that this session has been shown. It must never be shown an older one. */
  lastZxidSeen = 0;

  private nextXid = 1;
  private waiting: Pending[] = [];
  private inFlight: Pending[] = [];
  /** Index of the first unanswered one: the array is compacted now and then rather than shifted each time. */
  private inFlightHead = 0;
  private inFlightBytes = 0;
  private pendingBytes = 0;

  constructor(timeoutMs: number, identity?: SessionIdentity) {
    this.timeoutMs = timeoutMs;
    this.sessionId = identity?.sessionId ?? 0n;
    this.password = identity?.password ?? new Uint8Array(PASSWORD_SIZE);
  }

  get pendingCount(): number {
    return this.waiting.length + this.inFlightCount;
  }

  get inFlightCount(): number {
    return this.inFlight.length - this.inFlightHead;
  }

  /** Puts a request into the queue; refuses it through `complete` when the queue is full. */
  enqueue(request: Request, complete: Completion): void {
    const bytes = sizeOf(request);
    if (bytes > REQUEST_BYTES_MAX) {
      const message = `A request of ${bytes} bytes cannot be sent: the limit is ${REQUEST_BYTES_MAX}`;
      complete(new CoordinatorError(ErrorCode.BADARGUMENTS, pathOf(request), { message }), null, 0);
      return;
    }
    if (this.pendingCount >= PENDING_MAX || this.pendingBytes + bytes > PENDING_BYTES_MAX) {
      const message = `${this.pendingCount} requests (${this.pendingBytes} bytes) already wait for the coordinator: wait for some of them first`;
      complete(new CoordinatorError(ErrorCode.THROTTLEDOP, pathOf(request), { message }), null, 0);
      return;
    }
    this.pendingBytes += bytes;
    this.waiting.push({ xid: 0, request, bytes, complete });
  }

  /** Takes the next batch to send; empty when nothing waits or enough is in flight. */
  takeBatch(): RequestMessage[] {
    const batch: RequestMessage[] = [];
    let bytes = 0;
    let count = 0;
    while (count < this.waiting.length && count < BATCH_MAX && bytes < BATCH_BYTES_MAX) {
      if (this.inFlightCount >= IN_FLIGHT_MAX || (this.inFlightBytes > 0 && this.inFlightBytes >= IN_FLIGHT_BYTES_MAX)) break;
      const pending = this.waiting[count]!;
      // A batch that is not empty yields to a large one, which then goes alone and stays below the server's limit.
      if (bytes > 0 && bytes + pending.bytes > REQUEST_BYTES_MAX) break;
      count++;
      pending.xid = this.nextXid;
      this.nextXid = this.nextXid === XID_MAX ? 1 : this.nextXid + 1;
      this.inFlight.push(pending);
      this.inFlightBytes += pending.bytes;
      bytes += pending.bytes;
      batch.push({ kind: 'request', xid: pending.xid, request: pending.request });
    }
    if (count > 0) this.waiting = count === this.waiting.length ? [] : this.waiting.slice(count);
    return batch;
  }

  /** Completes the oldest request in flight. Returns what is wrong when the reply isn't to that one. */
  complete(reply: ReplyMessage): string | null {
    const pending = this.inFlight[this.inFlightHead];
    if (pending === undefined) return `a reply with xid ${reply.xid}, but no request is in flight`;
    if (pending.xid !== reply.xid) return `a reply with xid ${reply.xid} where the one to xid ${pending.xid} belongs`;
    if (pending.request.op !== reply.op) return `a reply to ${reply.op} where the one to ${pending.request.op} belongs`;

    this.inFlightHead++;
    if (this.inFlightHead === this.inFlight.length || this.inFlightHead === IN_FLIGHT_MAX) {
      this.inFlight = this.inFlight.slice(this.inFlightHead);
      this.inFlightHead = 0;
    }
    this.inFlightBytes -= pending.bytes;
    this.pendingBytes -= pending.bytes;
    this.noteZxid(reply.zxid);
    const error = reply.error === 0 ? null : new CoordinatorError(reply.error, pathOf(pending.request));
    pending.complete(error, reply.response, reply.zxid);
    return null;
  }

  /**
   * Notes what a reply has shown. Events don't count: several of one zxid may be on their way, and a reconnection after the
   * first must still learn of the others (`relativeZxid`).
   */
  noteZxid(zxid: number): void {
    if (zxid > this.lastZxidSeen) this.lastZxidSeen = zxid;
  }

  /** The connection broke: nobody knows what became of the requests in flight. */
  failInFlight(code: ErrorCode): void {
    const failed = this.inFlight.slice(this.inFlightHead);
    this.inFlight = [];
    this.inFlightHead = 0;
    this.inFlightBytes = 0;
    this.fail(failed, code);
  }

  /** The session is over: nothing that waits will ever be sent. */
  failAll(code: ErrorCode): void {
    this.failInFlight(code);
    const failed = this.waiting;
    this.waiting = [];
    this.fail(failed, code);
  }

  private fail(failed: readonly Pending[], code: ErrorCode): void {
    for (const pending of failed) this.pendingBytes -= pending.bytes;
    for (const pending of failed) pending.complete(new CoordinatorError(code, pathOf(pending.request)), null, 0);
  }
}

function pathOf(request: Request): string | undefined {
  return 'path' in request ? request.path : undefined;
}

/** Roughly what a request takes on the wire. */
function sizeOf(request: Request): number {
  let bytes = 32;
  // UTF-8 takes at most three bytes for one UTF-16 unit.
  if ('path' in request) bytes += request.path.length * 3;
  if ('data' in request && request.data !== null) bytes += request.data.length;
  if ('acl' in request) for (const { id } of request.acl) bytes += 8 + (id.scheme.length + id.id.length) * 3;
  if ('ops' in request) for (const op of request.ops) bytes += sizeOf(op);
  return bytes;
}
