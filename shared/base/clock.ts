/**
 * Time, as an argument: cores take `nowMs`, shells hold a `Clock`, tests and simulations hand in their own.
 */
export interface Clock {
  /** Wall clock in ms since the epoch: for stamps that people or other programs read. May jump. */
  wallMs(): number;
  /** Monotonic clock in ms from an arbitrary start: for every time-out and interval. Never goes back. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
