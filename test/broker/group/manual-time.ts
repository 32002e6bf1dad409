/** A clock and timers that stand still until they are told to go on. */
import type { Clock, Timers } from '../../../shared/base/clock.ts';

interface Task {
  readonly dueMs: number;
  readonly run: () => void;
}

export const START_MS = 1_700_000_000_000;

export class ManualTime implements Clock, Timers {
  private nowMs = 0;
  private tasks: Task[] = [];

  wallMs(): number {
    return START_MS + this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const task = { dueMs: this.nowMs + delayMs, run };
    this.tasks.push(task);
    return () => {
      this.tasks = this.tasks.filter((other) => other !== task);
    };
  }

  get pending(): number {
    return this.tasks.length;
  }

  /** Lets `ms` pass; tasks run at their times, and whoever awaits them has a turn after each. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      await settle();
      const next = this.tasks.filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.tasks = this.tasks.filter((task) => task !== next);
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      next.run();
    }
    this.nowMs = untilMs;
  }
}

/** Lets all promises that can go on do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
