import { expect } from 'chai';
import { javaHash, javaHashOrder } from '../../../broker/cli/java-order.ts';

describe('javaHashOrder', () => {
  it('hashes strings as Java does', () => {
    expect(javaHash('')).to.equal(0);
    expect(javaHash('hello')).to.equal(99162322);
    expect(javaHash('polygenelubricants')).to.equal(-2147483648);
  });

  it('orders as a HashMap iterates', () => {
    // Single letters fall into buckets by their code; with four buckets d (100) comes first.
    expect(javaHashOrder(['a', 'b', 'c', 'd'], (name) => name, 4)).to.deep.equal(['a', 'b', 'c', 'd']);
    expect(javaHashOrder(['a', 'b', 'd'], (name) => name, 4)).to.deep.equal(['d', 'a', 'b']);
  });
});
