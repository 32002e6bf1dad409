/**
 * Keeps a line that repeats itself from filling the log: the same one is written again only after a while, with how often it came
 * meanwhile (`RateLogger`).
 */
import type { Clock } from '../../shared/base/clock.ts';

const QUIET_MS = 100;

export class RateLog {
  private readonly write: (line: string) => void;
  private readonly clock: Clock;
  private line = '';
  private sinceMs = 0;
  private suppressed = 0;

  constructor(write: (line: string) => void, clock: Clock) {
    this.write = write;
    this.clock = clock;
  }

  once(line: string): void {
    const nowMs = this.clock.monotonicMs();
    if (line === this.line && nowMs - this.sinceMs < QUIET_MS) {
      this.suppressed++;
      return;
    }
    if (this.suppressed > 0) this.write(`[${this.suppressed} times] ${this.line}`);
    this.write(line);
    this.line = line;
    this.sinceMs = nowMs;
    this.suppressed = 0;
  }
}
