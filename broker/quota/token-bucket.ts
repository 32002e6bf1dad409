/**
 * Tokens that come at a rate and are taken in advance (`org.apache.kafka.common.metrics.stats.TokenBucket`): there are at most as many as
 * come in `burstMs`, and below zero is what was taken too much. Pure: the time is an argument, and so is the rate, which may change.
 */
export class TokenBucket {
  private readonly burstMs: number;
  private tokens = 0;
  /** Null: full, nobody took any yet. */
  private filledMs: number | null = null;

  constructor(burstMs: number) {
    this.burstMs = burstMs;
  }

  take(count: number, perSecond: number, nowMs: number): void {
    this.tokens = this.level(perSecond, nowMs) - count;
  }

  /** The tokens there are. */
  level(perSecond: number, nowMs: number): number {
    const most = (this.burstMs / 1000) * perSecond;
    const come = this.filledMs === null ? most : ((nowMs - this.filledMs) / 1000) * perSecond;
    this.tokens = Math.min(most, this.tokens + come);
    this.filledMs = nowMs;
    return this.tokens;
  }

  /** How long until nothing is owed, in whole ms. Without new tokens that is never: so long, then, as the burst's would take to come. */
  throttleMs(perSecond: number, nowMs: number): number {
    const level = this.level(perSecond, nowMs);
    if (level >= 0) return 0;
    return perSecond > 0 ? Math.round((-level / perSecond) * 1000) : this.burstMs;
  }
}
