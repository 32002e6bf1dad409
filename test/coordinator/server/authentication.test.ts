import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import { parseJaas } from '../../../coordinator/server/jaas.ts';
import type { LoadedServerSettings } from '../../../coordinator/server/settings.ts';
import { loadServerSettings } from '../../../coordinator/server/settings.ts';
import type { RawClient } from '../raw-client.ts';
import { create } from '../raw-client.ts';
import { digestMd5Response } from '../session/digest-md5-client.ts';
import { tempDir } from '../temp-dir.ts';
import { closeMembers, testMember } from './test-member.ts';

const JAAS = `
// who may connect
Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  user_bob="secret" /* not really */
  user_admin="a\\"d}min";
};
Client { org.apache.zookeeper.server.auth.DigestLoginModule required username="bob" password="secret"; };
Kerberos { com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true; };
`;

function jaasFile(): string {
  const path = join(tempDir(), 'jaas.conf');
  writeFileSync(path, JAAS);
  return path;
}
const sasl = (): Record<string, string> => ({
  'java.security.auth.login.config': jaasFile(),
  'authProvider.1': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
});

/** Goes through the exchange; the error of its last answer. */
async function login(client: RawClient, user: string, password: string): Promise<number> {
  const challenge = await client.call({ op: 'sasl', token: Buffer.alloc(0) });
  const { token } = challenge.response as { token: Buffer };
  const nonce = /nonce="([^"]*)"/.exec(Buffer.from(token).toString())![1]!;
  return (await client.call({ op: 'sasl', token: digestMd5Response({ user, password, nonce }) })).error;
}

describe('parseJaas', () => {
  it('reads the users of each section', () => {
    const sections = parseJaas(JAAS);
    expect(sections.get('Server')).to.deep.equal(new Map([['bob', 'secret'], ['admin', 'a"d}min']]));
    expect(sections.get('Client')).to.deep.equal(new Map());
    expect(sections.get('Kerberos')).to.equal('other');
  });
  it('finds nothing in nothing', () => {
    for (const text of ['', '{', 'Server', '}};', 'Server { user_a="b"']) expect(parseJaas(text).size).to.equal(0);
  });
});

describe('the settings of authentication', () => {
  const load = (more: Record<string, string>): LoadedServerSettings => loadServerSettings(new Map(Object.entries({ dataDir: '/d', clientPort: '1', ...more })));
  const refused: [Record<string, string>, RegExp][] = [
    [{ 'java.security.auth.login.config': '/nowhere/jaas.conf' }, /Cannot read java\.security\.auth\.login\.config "\/nowhere\/jaas\.conf"/],
    [{ 'enforce.auth.enabled': 'true' }, /enforce\.auth\.schemes must be configured/],
    [{ 'enforce.auth.enabled': 'true', 'enforce.auth.schemes': 'sasl' }, /Authentication scheme sasl is not available/],
  ];
  for (const [more, why] of refused) it(`refuse ${JSON.stringify(more)}`, () => expect(() => load(more)).to.throw(why));
  it('go without SASL, and say so, where the section is not there', () => {
    const missing = { 'java.security.auth.login.config': jaasFile(), 'zookeeper.sasl.serverconfig': 'Nobody' };
    const { settings, warnings } = load(missing);
    expect(settings.saslUsers).to.equal(null);
    expect(warnings.join('\n')).to.match(/There is no section 'Nobody' in '.*jaas\.conf': no SASL here/);
    expect(load({ ...missing, sessionRequireClientSASLAuth: 'true' }).warnings.join('\n')).to.match(/no client will be served/);
  });
  it('refuse a section of another mechanism', () => {
    const file = { 'java.security.auth.login.config': jaasFile() };
    expect(() => load({ ...file, 'zookeeper.sasl.serverconfig': 'Kerberos' })).to.throw(/DIGEST-MD5 is the only mechanism/);
  });
});

describe('SASL', () => {
  afterEach(closeMembers);

  it('gives an identity that access lists can name', async () => {
    const { session } = await testMember(sasl());
    const [bob, other] = [await session(), await session()];
    expect(await login(bob, 'bob', 'secret')).to.equal(0);
    expect((await bob.call({ op: 'whoAmI' })).response).to.deep.equal({ clientInfo: [{ scheme: 'ip', id: '127.0.0.1' }, { scheme: 'sasl', id: 'bob' }] });
    await bob.call(create('/bobs', { acl: [{ perms: 31, id: { scheme: 'sasl', id: 'bob' } }] }));
    expect((await bob.call({ op: 'getData', path: '/bobs', watch: false })).error).to.equal(0);
    expect((await other.call({ op: 'getData', path: '/bobs', watch: false })).error).to.equal(ErrorCode.NOAUTH);
    expect(await login(other, 'bob', 'secret')).to.equal(0);
    expect((await other.call({ op: 'getData', path: '/bobs', watch: false })).error).to.equal(0);
  });

  it('makes superUser super', async () => {
    const { session } = await testMember({ ...sasl(), superUser: 'nobody', 'superUser.1': 'admin' });
    const [admin, other] = [await session(), await session()];
    await other.call(create('/closed', { acl: [{ perms: 31, id: { scheme: 'digest', id: 'x:y' } }] }));
    expect(await login(admin, 'admin', 'a"d}min')).to.equal(0);
    expect((await admin.call({ op: 'getData', path: '/closed', watch: false })).error).to.equal(0);
  });

  it('grants everybody what letAnySaslUserDoX names', async () => {
    const { session } = await testMember({ ...sasl(), letAnySaslUserDoX: 'anyone' });
    const [bob, stranger] = [await session(), await session()];
    await bob.call(create('/open', { acl: [{ perms: 1, id: { scheme: 'sasl', id: 'anyone' } }] }));
    expect(await login(bob, 'bob', 'secret')).to.equal(0);
    expect((await bob.call({ op: 'getData', path: '/open', watch: false })).error).to.equal(0);
    expect((await bob.call({ op: 'setData', path: '/open', data: null, version: -1 })).error).to.equal(ErrorCode.NOAUTH);
    expect((await stranger.call({ op: 'getData', path: '/open', watch: false })).error).to.equal(ErrorCode.NOAUTH);
  });

  it('refuses names that are no principals in access lists', async () => {
    const { session } = await testMember(sasl());
    const bob = await session();
    const refused = async (id: string): Promise<number> => (await bob.call(create('/p', { acl: [{ perms: 31, id: { scheme: 'sasl', id } }] }))).error;
    for (const id of ['user@REALM/host', 'user@ONE@TWO', 'a/b/c@REALM']) expect(await refused(id), id).to.equal(ErrorCode.INVALIDACL);
    expect(await refused('user/host@REALM')).to.equal(0);
  });

  it('ends the connection of who fails', async () => {
    const { session, member } = await testMember(sasl());
    const eve = await session();
    expect(await login(eve, 'bob', 'guess')).to.equal(ErrorCode.AUTHFAILED);
    await eve.untilClosed();
    expect(member.view.authFailedCount).to.equal(1);
    const strict = await testMember({ ...sasl(), sessionRequireClientSASLAuth: 'true' });
    const mallory = await strict.session();
    expect(await login(mallory, 'bob', 'guess')).to.equal(ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH);
    await mallory.untilClosed();
  });

  it('lets who failed stay where that is allowed', async () => {
    const { session } = await testMember({ ...sasl(), allowSaslFailedClients: 'true' });
    const eve = await session();
    expect(await login(eve, 'bob', 'guess')).to.equal(0);
    expect((await eve.call({ op: 'whoAmI' })).response).to.deep.equal({ clientInfo: [{ scheme: 'ip', id: '127.0.0.1' }] });
  });

  it('answers nothing when it was not set up', async () => {
    const { session } = await testMember();
    expect(await (await session()).call({ op: 'sasl', token: Buffer.alloc(0) })).to.deep.include({ error: 0, response: { token: null } });
  });
});

describe('the scheme "ensemble"', () => {
  afterEach(closeMembers);

  it('sends who expects another ensemble away without an answer', async () => {
    const { session } = await testMember({ 'authProvider.1': 'org.apache.zookeeper.server.auth.EnsembleAuthenticationProvider', ensembleAuthName: 'foo,bar' });
    for (const name of ['', 'bar']) expect((await (await session()).call({ op: 'auth', scheme: 'ensemble', auth: Buffer.from(name) })).error).to.equal(0);
    const lost = await session();
    lost.post({ op: 'auth', scheme: 'ensemble', auth: Buffer.from('baz') });
    await lost.untilClosed();
  });
});

describe('enforced authentication', () => {
  afterEach(closeMembers);

  it('refuses requests of strangers and ends their connection', async () => {
    const { session, member } = await testMember({ 'enforce.auth.enabled': 'true', 'enforce.auth.schemes': 'digest' });
    const stranger = await session();
    const [first, second] = stranger.post(create('/a'), create('/b'));
    expect((await stranger.replyTo(first!)).error).to.equal(ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH);
    await stranger.untilClosed();
    expect(second).to.equal(2);
    expect(member.tree.get('/a')).to.equal(undefined);
    expect(member.tree.get('/b')).to.equal(undefined);
    const known = await session();
    await known.call({ op: 'auth', scheme: 'digest', auth: Buffer.from('bob:secret') });
    expect((await known.call(create('/a'))).error).to.equal(0);
  });

  it('takes SASL where that is asked for', async () => {
    const { session } = await testMember({ ...sasl(), sessionRequireClientSASLAuth: 'true' });
    const bob = await session();
    expect(await login(bob, 'bob', 'secret')).to.equal(0);
    expect((await bob.call(create('/a'))).error).to.equal(0);
    const digest = await session();
    await digest.call({ op: 'auth', scheme: 'digest', auth: Buffer.from('bob:secret') });
    expect((await digest.call(create('/b'))).error).to.equal(ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH);
  });
});
