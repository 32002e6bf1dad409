import type { Timers } from '../../shared/base/clock.ts';

/** Time as the log's shells need it. Tests and the simulation hand in one that they drive. */
export interface Scheduler extends Timers {
  /** Calls `task` when what is going on now is done: everything that arrived together is seen by it. */
  soon(task: () => void): void;
}

/** Above this a timer of Node fires at once; nothing here needs to wait longer than 24 days in one go. */
const DELAY_MAX_MS = 0x7fff_ffff;

/** Timers don't keep the process alive: whoever holds the log open does. */
export const systemScheduler: Scheduler = {
  after(delayMs, task) {
    const timer = setTimeout(task, Math.min(delayMs, DELAY_MAX_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon(task) {
    setImmediate(task);
  },
};
