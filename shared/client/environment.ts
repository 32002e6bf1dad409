/**
 * What the client takes from the world around it: time, chance and the end of the current tick. Handed in, so that tests and
 * simulations give their own, with defaults that exist in browsers and in Node alike.
 */
export interface Environment {
  /** Monotonic, in ms. */
  nowMs(): number;
  /** Runs `action` after `delayMs`; the returned function forgets it. */
  schedule(action: () => void, delayMs: number): () => void;
  /** Runs `action` once, after everything that is already under way in this tick: what is asked for until then travels together. */
  defer(action: () => void): void;
  /** A float in [0, 1): shuffles servers, spreads reconnections. */
  random(): number;
}

interface NodeLike {
  process?: { nextTick?: (action: () => void) => void };
}
// In Node a nextTick from inside promise callbacks runs when all of these are through; browsers have no such hook.
const nextTick = (globalThis as NodeLike).process?.nextTick;

export const systemEnvironment: Environment = {
  nowMs: () => performance.now(),
  schedule: (action, delayMs) => {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
  defer: nextTick === undefined ? (action) => queueMicrotask(action) : (action) => nextTick(action),
  random: () => Math.random(),
};
