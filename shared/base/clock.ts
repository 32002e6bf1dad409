/**
 * Time, as an argument: cores take `nowMs`, shells hold a `Clock` and `Timers`, tests and simulations hand in their own.
 */
export interface Clock {
  /** Wall clock in ms since the epoch: for stamps that people or other programs read. May jump. */
  wallMs(): number;
  /** Monotonic clock in ms from an arbitrary start: for every time-out and interval. Never goes back. */
  monotonicMs(): number;
}

export interface Timers {
  /** Calls `task` once after `delayMs`. Returns a function that takes it back; calling that late is fine. */
  after(delayMs: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
