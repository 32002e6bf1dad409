import { expect } from 'chai';
import { firstSessionId, isPassword, passwordOf } from '../../../coordinator/session/session-minting.ts';

describe('firstSessionId', () => {
  it('has the server in its top byte and the time below', () => {
    // ((ms << 24) >>> 8) | (1 << 56), by hand.
    const id = firstSessionId(1, 0x191_2345_6789);
    expect(id.toString(16)).to.equal('191234567890000');
    expect(id >> 56n).to.equal(1n);
  });
  it('is a signed 64-bit integer for every server id', () => {
    expect(firstSessionId(255, Date.UTC(2026, 0)) < 0n).to.equal(true);
  });
});

describe('passwordOf', () => {
  const secret = Buffer.from('a secret');
  it('is the same for the same secret, and proves only its session', () => {
    expect(isPassword(passwordOf(7n, secret), 7n, Buffer.from('a secret'))).to.equal(true);
    expect(isPassword(passwordOf(7n, secret), 8n, secret)).to.equal(false);
    expect(isPassword(passwordOf(7n, secret), 7n, Buffer.from('another'))).to.equal(false);
    expect(isPassword(new Uint8Array(3), 7n, secret)).to.equal(false);
  });
});
