import { expect } from 'chai';
import { dateTimeMs, durationMs } from '../../../broker/cli/java-time.ts';

describe('dateTimeMs()', () => {
  it('reads dates with and without a zone', () => {
    const noon = Date.UTC(2026, 10, 22, 12);
    expect(dateTimeMs('2026-11-22T12:00:00.000')).to.equal(noon);
    expect(dateTimeMs('2026-11-22T12:00:00.000Z')).to.equal(noon);
    for (const zone of ['+02', '+0200', '+02:00']) expect(dateTimeMs(`2026-11-22T14:00:00.000${zone}`), zone).to.equal(noon);
  });

  it('refuses what is no date', () => {
    expect(() => dateTimeMs('yesterday')).to.throw("does not contain a 'T'");
    expect(() => dateTimeMs('2026-11-22T12')).to.throw('Unparseable date: "2026-11-22T12"');
  });
});

describe('durationMs()', () => {
  it('reads days, hours, minutes and seconds', () => {
    expect(durationMs('P1DT2H3M4.5S')).to.equal(93_784_500);
    expect(durationMs('PT0S')).to.equal(0);
    expect(durationMs('-PT1M')).to.equal(-60_000);
    expect(durationMs('PT-1M')).to.equal(-60_000);
  });

  it('refuses what is no duration', () => {
    for (const text of ['', 'P', 'PT', '1H', 'P1H', 'P1DT']) expect(() => durationMs(text), text).to.throw('Text cannot be parsed');
  });
});
