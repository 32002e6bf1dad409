/**
 * Syncs that wait: each is answered once what was ordered before it is applied here, and once the leader has made sure, after the sync came,
 * that it still leads. Without the second a leader that slept through an election would show its clients a past as the present.
 */
import type { Pending } from './client.ts';
import { Fifo } from './fifo.ts';

export class SyncQueue {
  private readonly waiting = new Fifo<{ pending: Pending; zxid: number }>();
  /** How many of the oldest ones are confirmed. */
  private confirmedCount = 0;
  private readonly answer: (pending: Pending) => void;

  constructor(answer: (pending: Pending) => void) {
    this.answer = answer;
  }

  get size(): number {
    return this.waiting.size;
  }

  /** @param zxid what has to be applied first; 0: nothing more. */
  add(pending: Pending, zxid: number): void {
    this.waiting.push({ pending, zxid });
  }

  /** The leader leads: so many more syncs, the oldest first, may be answered. */
  confirm(count: number, appliedZxid: number): void {
    this.confirmedCount += count;
    this.applied(appliedZxid);
  }

  /** Everything up to `zxid` is applied. */
  applied(zxid: number): void {
    for (let next = this.waiting.peek(); next !== undefined && this.confirmedCount > 0 && next.zxid <= zxid; next = this.waiting.peek()) {
      this.waiting.shift();
      this.confirmedCount--;
      this.answer(next.pending);
    }
  }
}
