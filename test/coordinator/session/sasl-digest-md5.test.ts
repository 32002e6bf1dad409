import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { DigestMd5Server } from '../../../coordinator/session/sasl-digest-md5.ts';
import { digestMd5Response } from './digest-md5-client.ts';

const users = new Map([
  ['bob', 'secret'],
  ['jürgen', 'pass"word'],
]);
const challenged = (): DigestMd5Server => {
  const server = new DigestMd5Server((user) => users.get(user), 'nonce==');
  server.step(Buffer.alloc(0));
  return server;
};
const respond = (fields: Parameters<typeof digestMd5Response>[0]): Buffer => digestMd5Response(fields);
const good = { user: 'bob', password: 'secret', nonce: 'nonce==' };

describe('DigestMd5Server', () => {
  it('challenges, and lets in who knows the password', () => {
    const server = new DigestMd5Server((user) => users.get(user), 'nonce==');
    const challenge = server.step(Buffer.alloc(0));
    expect(challenge).to.deep.equal({ kind: 'challenge', token: Buffer.from('realm="zk-sasl-md5",nonce="nonce==",charset=utf-8,algorithm=md5-sess') });
    const step = server.step(respond(good));
    expect(step).to.include({ kind: 'done', user: 'bob' });
    expect(step.kind === 'done' && step.token.toString()).to.match(/^rspauth=[0-9a-f]{32}$/);
  });

  it('proves to the client that it knows the password too', () => {
    const step = challenged().step(respond(good));
    const md5 = (data: string | Buffer): Buffer => createHash('md5').update(data).digest();
    const a1 = md5(Buffer.concat([md5('bob:zk-sasl-md5:secret'), Buffer.from(':nonce==:cnonce')])).toString('hex');
    const expected = md5(`${a1}:nonce==:00000001:cnonce:auth:${md5(':zookeeper/zk-sasl-md5').toString('hex')}`).toString('hex');
    expect(step.kind === 'done' && step.token.toString()).to.equal(`rspauth=${expected}`);
  });

  it('takes names and passwords beyond ASCII, escaped where they must be', () => {
    expect(challenged().step(respond({ ...good, user: 'jürgen', password: 'pass"word' }))).to.include({ kind: 'done', user: 'jürgen' });
  });

  const refused: [string, Parameters<typeof digestMd5Response>[0], RegExp][] = [
    ['a wrong password', { ...good, password: 'guess' }, /wrong name or password \("bob"\)/],
    ['an unknown user', { ...good, user: 'eve' }, /wrong name or password/],
    ['an unknown user with no password', { ...good, user: 'eve', password: '' }, /wrong name or password/],
    ['an answer to another challenge', { ...good, nonce: 'old' }, /nonce that is not ours/],
    ['a second use', { ...good, nc: '00000002' }, /nonce count/],
    ['another realm', { ...good, realm: 'elsewhere' }, /realm "elsewhere"/],
    ['another service', { ...good, uri: 'imap/x' }, /digest-uri/],
    ['acting as someone else', { ...good, authzid: 'super' }, /may not act as "super"/],
    ['encryption', { ...good, qop: 'auth-conf' }, /qop auth-conf/],
  ];
  for (const [what, fields, reason] of refused) {
    it(`refuses ${what}`, () => {
      const step = challenged().step(respond(fields));
      expect(step.kind === 'failed' && step.reason).to.match(reason);
    });
  }

  for (const noise of ['', 'x', '=', ',,,', 'username="bob', 'a=1,a=1', 'username="bob",username="eve"', '\0'.repeat(100), 'a'.repeat(5000)]) {
    it(`refuses ${JSON.stringify(noise.slice(0, 40))}`, () => expect(challenged().step(Buffer.from(noise)).kind).to.equal('failed'));
  }

  it('is good for one exchange', () => {
    const server = challenged();
    server.step(respond({ ...good, password: 'guess' }));
    expect(server.step(respond(good)).kind).to.equal('failed');
  });
});
