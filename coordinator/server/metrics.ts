/**
 * Counts and durations of this server, cheap enough to be taken on every request. Who shows them (`mntr`, the AdminServer,
 * Prometheus) reads them under the original's names.
 */
import type { CounterName, SummaryName } from './metric-names.ts';
import { COUNTERS, PERCENTILES, SUMMARIES } from './metric-names.ts';

export class Counter {
  value = 0;

  add(count = 1): void {
    this.value += count;
  }
}

/** Samples kept for percentiles: the latest ones. */
const SAMPLES = 1024;

export class Summary {
  count = 0;
  sum = 0;
  min = 0;
  max = 0;
  readonly withPercentiles: boolean;
  /** Made when there is something to put in: most of them never see a value. */
  private samples: Float64Array | null = null;

  constructor(withPercentiles: boolean) {
    this.withPercentiles = withPercentiles;
  }

  add(value: number): void {
    if (this.withPercentiles) (this.samples ??= new Float64Array(SAMPLES))[this.count % SAMPLES] = value;
    if (this.count === 0 || value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.count++;
    this.sum += value;
  }

  get average(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** The sample that `share` of the latest ones don't exceed; NaN without any. */
  percentile(share: number): number {
    const count = Math.min(this.count, SAMPLES);
    if (this.samples === null || count === 0) return NaN;
    const sorted = this.samples.slice(0, count).sort();
    return sorted[Math.min(count - 1, Math.floor(share * count))]!;
  }

  reset(): void {
    this.count = 0;
    this.sum = 0;
    this.min = 0;
    this.max = 0;
  }
}

/** `14.3333`, `0.0`: four decimals at most, one at least. */
export function decimal(value: number): string {
  const text = String(Math.round(value * 10000) / 10000);
  return text.includes('.') ? text : `${text}.0`;
}

const record = <N extends string, T>(names: readonly N[], make: () => T): Record<N, T> =>
  Object.fromEntries(names.map((name) => [name, make()])) as Record<N, T>;

export class Metrics {
  readonly counters: Readonly<Record<CounterName, Counter>> = record(COUNTERS, () => new Counter());
  readonly summaries: Readonly<Record<SummaryName, Summary>> = {
    ...record(SUMMARIES, () => new Summary(false)),
    ...record(PERCENTILES, () => new Summary(true)),
  };

  /** As `mntr` lists them. */
  *entries(): IterableIterator<[name: string, value: string | number]> {
    for (const name of COUNTERS) yield [name, this.counters[name].value];
    for (const name of SUMMARIES) yield* this.summary(name);
    for (const name of PERCENTILES) {
      yield* this.summary(name);
      for (const [label, share] of [['p50', 0.5], ['p95', 0.95], ['p99', 0.99], ['p999', 0.999]] as const) {
        const value = this.summaries[name].percentile(share);
        yield [`${label}_${name}`, Number.isNaN(value) ? 0 : Math.round(value)];
      }
    }
  }

  private *summary(name: SummaryName): IterableIterator<[name: string, value: string | number]> {
    const { average, min, max, count, sum } = this.summaries[name];
    yield [`avg_${name}`, decimal(average)];
    yield [`min_${name}`, Math.floor(min)];
    yield [`max_${name}`, Math.floor(max)];
    yield [`cnt_${name}`, count];
    yield [`sum_${name}`, Math.floor(sum)];
  }
}
