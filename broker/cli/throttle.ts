/** Keeps a tool to a number of events per second, as Kafka's `ThroughputThrottler`: it waits when it is ahead. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Shorter waits than this are collected: timers are not that exact. */
const SLEEP_MS_MIN = 2;

export class Throttle {
  private readonly perSecond: number;
  private readonly startMs: number;

  /** No limit below 0; 0 waits for ever. */
  constructor(perSecond: number, startMs: number) {
    this.perSecond = perSecond;
    this.startMs = startMs;
  }

  /** Waits if `count` events are more than there should have been. */
  async pace(count: number, nowMs: number): Promise<void> {
    if (this.perSecond < 0) return;
    const aheadMs = this.startMs + (count * 1000) / this.perSecond - nowMs;
    if (aheadMs >= SLEEP_MS_MIN) await sleep(Math.min(aheadMs, 0x7fff_ffff));
  }
}
