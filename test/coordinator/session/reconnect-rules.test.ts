import { expect } from 'chai';
import { decideConnect } from '../../../coordinator/session/reconnect-rules.ts';

const known = {
  session: { id: 5n, timeoutMs: 4000, deadlineMs: 0, closing: false },
  passwordMatches: true,
  lastZxid: 10,
  minSessionTimeoutMs: 4000,
  maxSessionTimeoutMs: 40000,
};
const request = { lastZxidSeen: 0, timeoutMs: 10000, sessionId: 0n };

describe('decideConnect', () => {
  it('creates a session with a timeout within the bounds', () => {
    expect(decideConnect(request, known)).to.deep.equal({ kind: 'create', timeoutMs: 10000 });
    expect(decideConnect({ ...request, timeoutMs: 1 }, known)).to.deep.equal({ kind: 'create', timeoutMs: 4000 });
    expect(decideConnect({ ...request, timeoutMs: 1e9 }, known)).to.deep.equal({ kind: 'create', timeoutMs: 40000 });
  });
  it('refuses who has seen more than we have', () => {
    expect(decideConnect({ ...request, lastZxidSeen: 11 }, known).kind).to.equal('refuse');
    expect(decideConnect({ ...request, lastZxidSeen: 10 }, known).kind).to.equal('create');
  });
  it('resumes a session for its password', () => {
    expect(decideConnect({ ...request, sessionId: 5n }, known)).to.deep.equal({ kind: 'resume', timeoutMs: 10000 });
    expect(decideConnect({ ...request, sessionId: 5n }, { ...known, passwordMatches: false }).kind).to.equal('expired');
  });
  it('says expired of a session that is gone or going', () => {
    expect(decideConnect({ ...request, sessionId: 5n }, { ...known, session: undefined }).kind).to.equal('expired');
    const closing = { ...known.session, closing: true };
    expect(decideConnect({ ...request, sessionId: 5n }, { ...known, session: closing }).kind).to.equal('expired');
  });
});
