/** What one run of a load has measured. */
export interface Sample {
  readonly ops: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** With what is left to do when the clock has stopped. */
export type Measured = Sample & { after(): Promise<void> };

export function sampled(latencies: readonly number[], ops: number, seconds: number): Sample {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { ops, seconds, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) };
}
