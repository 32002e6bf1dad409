/**
 * How much came per second of late: sums of up to `count` samples, each of which takes in what is recorded within `sizeMs` of its first
 * record (`org.apache.kafka.common.metrics.stats.Rate` and `SimpleRate`). Samples begin with a record and not by the clock, so time without
 * records belongs to no sample, and yet counts as time.
 *
 * Pure: the time, in ms of a clock that never goes back, is an argument.
 */
export interface RateWindows {
  readonly count: number;
  readonly sizeMs: number;
}

/**
 * Over how much time a sum is spread while there are few samples. `full`: all samples but the current one count as whole, so that a burst
 * after a silence is no violation. `elapsed`: only the time since the oldest sample began, at least one sample's.
 */
export type RateSpan = 'full' | 'elapsed';

export class SampledRate {
  private readonly windows: RateWindows;
  private readonly span: RateSpan;
  private readonly startsMs: number[] = [];
  private readonly sums: number[] = [];
  private current = 0;

  constructor(windows: RateWindows, span: RateSpan = 'full') {
    this.windows = windows;
    this.span = span;
  }

  /** `value` may be negative: what was recorded in vain is taken back. */
  record(value: number, nowMs: number): void {
    const { startsMs, sums, windows } = this;
    if (startsMs.length === 0) this.begin(0, nowMs);
    else if (nowMs - startsMs[this.current]! >= windows.sizeMs) this.begin((this.current + 1) % windows.count, nowMs);
    sums[this.current]! += value;
  }

  private begin(sample: number, nowMs: number): void {
    this.current = sample;
    this.startsMs[sample] = nowMs;
    this.sums[sample] = 0;
  }

  perSecond(nowMs: number): number {
    const windowMs = this.windowMs(nowMs);
    let total = 0;
    for (const sum of this.sums) total += sum;
    return (total * 1000) / windowMs;
  }

  /** The time over which `perSecond` spreads what was recorded. */
  windowMs(nowMs: number): number {
    const { count, sizeMs } = this.windows;
    const elapsedMs = nowMs - this.forgetOld(nowMs);
    if (this.span === 'elapsed') return Math.max(elapsedMs, sizeMs);
    const missing = count - 1 - Math.floor(elapsedMs / sizeMs);
    return Math.max(1, missing > 0 ? elapsedMs + missing * sizeMs : elapsedMs);
  }

  /** Empties samples that are too old. Returns when the oldest one began. */
  private forgetOld(nowMs: number): number {
    const { startsMs, sums } = this;
    const ageMax = this.windows.count * this.windows.sizeMs;
    let oldestMs = nowMs;
    for (let sample = 0; sample < startsMs.length; sample++) {
      if (nowMs - startsMs[sample]! >= ageMax) {
        startsMs[sample] = nowMs;
        sums[sample] = 0;
      }
      oldestMs = Math.min(oldestMs, startsMs[sample]!);
    }
    return oldestMs;
  }

  /**
   * How long nothing may come until the rate is down to `limit`, in whole ms; 0 when it is not above it. Down to nothing it is when all
   * samples are too old.
   */
  throttleMs(limit: number, nowMs: number): number {
    const rate = this.perSecond(nowMs);
    if (rate <= limit) return 0;
    return limit > 0 ? Math.round(((rate - limit) / limit) * this.windowMs(nowMs)) : this.windows.count * this.windows.sizeMs;
  }
}
