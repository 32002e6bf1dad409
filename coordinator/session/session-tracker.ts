/**
 * When sessions expire. Deadlines are rounded up to the next tick, so sessions share buckets and a touch mostly changes
 * nothing: a session expires up to one tick late and never early (`ExpiryQueue`, `SessionTrackerImpl`).
 */
import { assert } from '../../shared/base/assert.ts';

export interface Session {
  readonly id: bigint;
  timeoutMs: number;
  /** End of the bucket it is in: it expires then unless touched. Monotonic ms, a multiple of the tick. */
  deadlineMs: number;
  /** Its close is on its way: nothing is accepted from it any more. */
  closing: boolean;
}

export class SessionTracker<S extends Session = Session> {
  private readonly tickTimeMs: number;
  private readonly byId = new Map<bigint, S>();
  private readonly buckets = new Map<number, Set<S>>();
  /** The next bucket to look at; all before it are gone. */
  private nextBucketMs: number;

  constructor(tickTimeMs: number, nowMs: number) {
    assert(tickTimeMs > 0, 'a tick takes time');
    this.tickTimeMs = tickTimeMs;
    this.nextBucketMs = this.roundUp(nowMs);
  }

  get size(): number {
    return this.byId.size;
  }

  get(sessionId: bigint): S | undefined {
    return this.byId.get(sessionId);
  }

  values(): IterableIterator<S> {
    return this.byId.values();
  }

  /** Sessions by the moment they expire, soonest first. */
  bucketsInOrder(): [deadlineMs: number, sessions: ReadonlySet<S>][] {
    return [...this.buckets].sort(([a], [b]) => a - b);
  }

  add(session: S, nowMs: number): void {
    assert(!this.byId.has(session.id), 'a session is tracked once');
    this.byId.set(session.id, session);
    session.deadlineMs = 0;
    this.touch(session, nowMs);
  }

  /** The session was heard of. */
  touch(session: S, nowMs: number): void {
    const deadlineMs = this.roundUp(nowMs + session.timeoutMs);
    // Hearing again never brings the end closer, as when a reconnection asked for a shorter timeout.
    if (deadlineMs <= session.deadlineMs || session.closing) return;
    this.buckets.get(session.deadlineMs)?.delete(session);
    session.deadlineMs = deadlineMs;
    const bucket = this.buckets.get(deadlineMs);
    if (bucket === undefined) this.buckets.set(deadlineMs, new Set([session]));
    else bucket.add(session);
  }

  remove(sessionId: bigint): void {
    const session = this.byId.get(sessionId);
    if (session === undefined) return;
    this.byId.delete(sessionId);
    this.buckets.get(session.deadlineMs)?.delete(session);
  }

  /** The sessions whose time is over. They stay known, and are marked as closing, until `remove`. */
  expire(nowMs: number): S[] {
    const expired: S[] = [];
    if (nowMs - this.nextBucketMs > this.tickTimeMs * (this.buckets.size + 1)) return this.expireAfterPause(nowMs);
    while (this.nextBucketMs <= nowMs) {
      this.expireBucket(this.nextBucketMs, expired);
      this.nextBucketMs += this.tickTimeMs;
    }
    return expired;
  }

  /** As `expire`, when there are more ticks to catch up with than buckets. */
  private expireAfterPause(nowMs: number): S[] {
    const expired: S[] = [];
    for (const [deadlineMs] of this.bucketsInOrder()) if (deadlineMs <= nowMs) this.expireBucket(deadlineMs, expired);
    this.nextBucketMs = this.roundUp(nowMs);
    return expired;
  }

  private expireBucket(deadlineMs: number, expired: S[]): void {
    const bucket = this.buckets.get(deadlineMs);
    if (bucket === undefined) return;
    this.buckets.delete(deadlineMs);
    for (const session of bucket) {
      session.closing = true;
      expired.push(session);
    }
  }

  /** The first tick strictly after `ms`. */
  private roundUp(ms: number): number {
    return (Math.floor(ms / this.tickTimeMs) + 1) * this.tickTimeMs;
  }
}
