import { expect } from 'chai';
import { javaHash, partitionForKey } from '../../../broker/group/java-hash.ts';

describe('javaHash()', () => {
  // Values of java.lang.String.hashCode.
  const known: [text: string, hash: number][] = [
    ['', 0],
    ['a', 97],
    ['abc', 96354],
    ['consumer-group', -1_738_392_088],
    ['polygenelubricants', -2_147_483_648],
    ['grüße', 98_768_023],
    ['😀', 1_772_899],
  ];
  for (const [text, hash] of known) it(`is ${hash} for "${text}"`, () => expect(javaHash(text)).to.equal(hash));
});

describe('partitionForKey()', () => {
  it('takes the absolute value, and 0 for the one int that has none', () => {
    expect(partitionForKey('abc', 50)).to.equal(4);
    expect(partitionForKey('consumer-group', 50)).to.equal(38);
    expect(partitionForKey('polygenelubricants', 50)).to.equal(0);
  });
});
