import { expect } from 'chai';
import { formatJavaDouble, parseJavaDouble } from '../../../broker/cli/java-double.ts';

describe('formatJavaDouble()', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0.0'],
    [-0, '-0.0'],
    [12.5, '12.5'],
    [-2048, '-2048.0'],
    [9_999_999, '9999999.0'],
    [1e7, '1.0E7'],
    [123_456_789, '1.23456789E8'],
    [0.001, '0.001'],
    [0.000_25, '2.5E-4'],
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
  ];
  for (const [value, text] of cases) it(`prints ${text}`, () => expect(formatJavaDouble(value)).to.equal(text));
});

describe('parseJavaDouble()', () => {
  it('takes what Java takes', () => {
    expect([' 1 ', '1.', '.5', '-1e3', '2d', '3.5F', 'Infinity', '-Infinity'].map(parseJavaDouble)).to.deep.equal([
      1, 1, 0.5, -1000, 2, 3.5, Infinity, -Infinity,
    ]);
    expect(parseJavaDouble('-NaN')).to.be.NaN;
  });

  it('refuses what is no number', () => {
    expect(['', 'fast', '1,5', '.', '1e', '1 2', 'infinity'].map(parseJavaDouble)).to.deep.equal(Array(7).fill(null));
  });
});
