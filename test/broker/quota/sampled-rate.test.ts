import { expect } from 'chai';
import fc from 'fast-check';
import type { RateSpan, RateWindows } from '../../../broker/quota/sampled-rate.ts';
import { SampledRate } from '../../../broker/quota/sampled-rate.ts';

/** Keeps every sample that ever was, and finds out each time anew which of them count. */
class DumbRate {
  private samples: { startMs: number; sum: number }[] = [];
  private readonly windows: RateWindows;
  private readonly span: RateSpan;
  constructor(windows: RateWindows, span: RateSpan) {
    this.windows = windows;
    this.span = span;
  }

  record(value: number, nowMs: number): void {
    const last = this.samples.at(-1);
    if (last === undefined || nowMs - last.startMs >= this.windows.sizeMs) this.samples.push({ startMs: nowMs, sum: value });
    else last.sum += value;
  }

  perSecond(nowMs: number): number {
    const { count, sizeMs } = this.windows;
    const counting = this.samples.filter(({ startMs }, i) => i >= this.samples.length - count && nowMs - startMs < count * sizeMs);
    const elapsedMs = counting.length === 0 ? 0 : nowMs - counting[0]!.startMs;
    const missingSamples = Math.max(0, count - 1 - Math.floor(elapsedMs / sizeMs));
    const spanMs = this.span === 'elapsed' ? Math.max(elapsedMs, sizeMs) : Math.max(1, elapsedMs + missingSamples * sizeMs);
    return (counting.reduce((total, { sum }) => total + sum, 0) / spanMs) * 1000;
  }
}

describe('SampledRate', () => {
  const windows = { count: 11, sizeMs: 1000 };

  // After these records, the rate at that time: as the arithmetic of Kafka's Rate has it.
  const table: [records: [atMs: number, value: number][], atMs: number, perSecond: number][] = [
    [[], 0, 0],
    [[[0, 1000]], 0, 100],
    [[[0, 1000]], 500, 1000 / 10.5],
    // A sample that is over counts as whole before another has begun.
    [[[0, 1000]], 1000, 100],
    [[[0, 1000], [1000, 1000]], 1000, 200],
    [[[0, 1000], [10_500, 1000]], 10_500, 2000 / 10.5],
    // The oldest sample goes when all of the time is over.
    [[[0, 1000], [10_500, 1000]], 11_000, 1000 / 10.5],
    [[[0, 1000]], 11_000, 0],
    [[[5, 700], [6, -700]], 7, 0],
  ];
  for (const [records, atMs, perSecond] of table) {
    it(`is ${perSecond.toFixed(2)} at ${atMs} after ${JSON.stringify(records)}`, () => {
      const rate = new SampledRate(windows);
      for (const [recordedMs, value] of records) rate.record(value, recordedMs);
      expect(rate.perSecond(atMs)).to.be.closeTo(perSecond, 1e-9);
    });
  }

  it('asks for as long a silence as brings the rate down to the limit', () => {
    const rate = new SampledRate(windows);
    rate.record(20_000, 0);
    // 2000 a second over 10 s: 1000 a second over 20 s.
    expect(rate.throttleMs(1000, 0)).to.equal(10_000);
    expect(rate.throttleMs(2000, 0)).to.equal(0);
    expect(rate.throttleMs(0, 0)).to.equal(11_000);
    expect([10_999, 11_000].map((nowMs) => rate.throttleMs(0, nowMs))).to.deep.equal([11_000, 0]);
  });

  it('spreads over a single sample at least where only the elapsed time counts', () => {
    const rate = new SampledRate(windows, 'elapsed');
    rate.record(1000, 0);
    expect([0, 500, 1000, 4000].map((nowMs) => rate.perSecond(nowMs))).to.deep.equal([1000, 1000, 1000, 250]);
  });

  for (const span of ['full', 'elapsed'] as const) {
    it(`does as one that keeps everything (${span})`, () => {
      const size = fc.record({ count: fc.integer({ min: 1, max: 5 }), sizeMs: fc.integer({ min: 1, max: 50 }) });
      const step = fc.record({ afterMs: fc.nat(60), value: fc.integer({ min: -5, max: 1000 }) });
      fc.assert(
        fc.property(size, fc.array(step, { maxLength: 60 }), fc.nat(60), (sized, steps, laterMs) => {
          const rate = new SampledRate(sized, span);
          const dumb = new DumbRate(sized, span);
          let nowMs = 0;
          for (const { afterMs, value } of steps) {
            nowMs += afterMs;
            rate.record(value, nowMs);
            dumb.record(value, nowMs);
          }
          nowMs += laterMs;
          expect(rate.perSecond(nowMs)).to.be.closeTo(dumb.perSecond(nowMs), 1e-6);
        }),
      );
    });
  }
});
