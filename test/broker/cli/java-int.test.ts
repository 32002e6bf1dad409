import { expect } from 'chai';
import { isJavaInt } from '../../../broker/cli/java-int.ts';

describe('isJavaInt()', () => {
  it('takes 32 bits, with a sign', () => {
    expect(['0', '+7', '-007', '2147483647', '-2147483648'].every(isJavaInt)).to.equal(true);
    expect(['', '-', '1.0', ' 1', '2147483648', '-2147483649', 'x'].some(isJavaInt)).to.equal(false);
  });
});
