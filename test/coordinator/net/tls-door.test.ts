/** TLS on the ports: who gets in, as whom, and what speaks inside. */
import type { Socket } from 'node:net';
import { connect as connectPlain } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect } from 'node:tls';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import type { Member } from '../../../coordinator/server/member.ts';
import { CoordinatorClient } from '../../../shared/client/client.ts';
import { juteTransport } from '../../../shared/client/jute-transport.ts';
import { nodeTransport, nodeWsTransport } from '../../../shared/client/node-transport.ts';
import type { Transport } from '../../../shared/client/transport.ts';
import { Perms } from '../../../shared/znode/acl.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import { tlsFile } from '../../support/tls-files.ts';
import { closeMembers, testMember } from '../server/test-member.ts';
import { tempDir } from '../temp-dir.ts';

const pem = (name: string): Buffer => readFileSync(tlsFile(`${name}.pem`));
const ca = pem('authority');
const shown = (name: string): ConnectionOptions => ({ ca, key: pem(name), cert: pem(name) });
const STORES = { 'ssl.keyStore.location': tlsFile('server.pem'), 'ssl.trustStore.location': tlsFile('authority.pem') };
const FUZZ_MS = 2000;
const CLIENT_DN = String.raw`CN=client,OU=\#1 \<R&D\>,O=Smith\, Jones \+ Co,L=München,ST=Bavaria,C=DE`;
const ADMIN_DN = '1.2.840.113549.1.9.1=#161161646d696e406578616d706c652e6f7267,CN=admin+UID=root,DC=example,DC=org';

describe('TLS on the client ports', () => {
  const clients: CoordinatorClient[] = [];
  const sockets: { destroy(): void }[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    await closeMembers();
  });

  const secured = async (more: Record<string, string> = {}): Promise<Member> => (await testMember({ secureClientPort: '0', secureClientPortAddress: '127.0.0.1', ...STORES, ...more })).member;
  const session = async (port: number, transport: Transport): Promise<CoordinatorClient> => {
    const client = await CoordinatorClient.connect({ servers: `127.0.0.1:${port}`, transport });
    clients.push(client);
    return client;
  };
  /** All that the server says until it ends the connection. */
  const ask = (port: number, text: string, options: ConnectionOptions): Promise<string> =>
    new Promise((resolve, reject) => {
      let said = '';
      const socket = connect({ port, host: '127.0.0.1', ...options }, () => socket.write(text));
      sockets.push(socket);
      socket.on('data', (chunk) => (said += String(chunk)));
      socket.on('error', reject);
      socket.on('close', () => resolve(said));
    });
  const countOf = (member: Member, name: string): string | number | undefined => [...member.view.monitor()].find(([key]) => key === name)?.[1];
  /** Resolves once the server has ended the connection, however it did so. */
  const ended = (socket: TLSSocket): Promise<void> => {
    sockets.push(socket);
    return new Promise((resolve) => socket.resume().on('error', () => undefined).on('close', () => resolve()));
  };

  for (const [name, transport] of [
    ['native', juteTransport],
    ['WebSocket', nodeWsTransport],
    ['whichever', nodeTransport],
  ] as const) {
    it(`serves sessions (${name}), the certificate's subject being an identity`, async () => {
      const member = await secured();
      const client = await session(member.securePort!, transport({ tls: shown('client') }));
      expect(await client.whoAmI()).to.deep.equal([
        { scheme: 'ip', id: '127.0.0.1' },
        { scheme: 'x509', id: CLIENT_DN },
      ]);
      await client.create('/mine', 'x', { acl: [{ perms: Perms.ALL, id: { scheme: 'x509', id: CLIENT_DN } }] });
      await client.create('/too', 'x', { acl: [{ perms: Perms.ALL, id: { scheme: 'auth', id: '' } }] });
      expect((await client.getAcl('/too')).acl).to.deep.equal([{ perms: Perms.ALL, id: { scheme: 'x509', id: CLIENT_DN } }]);
      const stranger = await session(member.port, nodeTransport());
      expect((await stranger.getData('/mine').catch((error: unknown) => error as Error)) as unknown).to.have.property('code', ErrorCode.NOAUTH);
      expect(String((await client.getData('/mine')).data)).to.equal('x');
    });
  }

  it('takes TLS on the plain port where that is wanted, for each of the doors', async () => {
    const { member } = await testMember({ 'client.portUnification': 'true', ...STORES });
    expect(member.securePort).to.equal(null);
    expect(await ask(member.port, 'ruok', shown('client'))).to.equal('imok');
    for (const transport of [juteTransport({ tls: shown('client') }), nodeWsTransport({ tls: shown('client') }), juteTransport(), nodeWsTransport()]) {
      await (await session(member.port, transport)).exists('/');
    }
    const lists = member.view.connections().map(({ secure }) => secure);
    expect(lists.filter(Boolean)).to.have.length(2);
  });

  it('refuses TLS on a port that is not for it, and the other way round', async () => {
    const member = await secured();
    await ended(connect({ port: member.port, host: '127.0.0.1', ...shown('client') }));
    const plain = connectPlain(member.securePort!, '127.0.0.1', () => plain.write('ruok\n'));
    let said = '';
    await new Promise<void>((resolve) => plain.on('data', (chunk) => (said += String(chunk))).on('error', () => undefined).on('close', () => resolve()));
    expect(said).not.to.contain('imok');
    expect(countOf(member, 'unsuccessful_handshake')).to.equal(1);
  });

  it('needs a certificate that it trusts', async () => {
    const member = await secured();
    for (const options of [{ ca }, shown('stranger')]) await ended(connect({ port: member.securePort!, host: '127.0.0.1', ...options }));
    expect(countOf(member, 'unsuccessful_handshake')).to.equal(2);
    expect(countOf(member, 'auth_failed_count')).to.equal(2);
  });

  it('may want one without needing it', async () => {
    const member = await secured({ 'ssl.clientAuth': 'want' });
    const nobody = await session(member.securePort!, nodeTransport({ tls: { ca } }));
    expect(await nobody.whoAmI()).to.deep.equal([{ scheme: 'ip', id: '127.0.0.1' }]);
    await ended(connect({ port: member.securePort!, host: '127.0.0.1', ...shown('stranger') }));
  });

  it('asks for none where it shall not', async () => {
    const member = await secured({ 'ssl.clientAuth': 'none' });
    expect(await (await session(member.securePort!, nodeTransport({ tls: { ca } }))).whoAmI()).to.have.length(1);
  });

  it('lets one subject do anything', async () => {
    const member = await secured({ 'X509AuthenticationProvider.superUser': ADMIN_DN });
    const client = await session(member.securePort!, nodeTransport({ tls: shown('client') }));
    await client.create('/closed', null, { acl: [{ perms: Perms.ALL, id: { scheme: 'x509', id: 'CN=nobody' } }] });
    const admin = await session(member.securePort!, nodeTransport({ tls: shown('admin') }));
    await admin.setData('/closed', 'seen');
    expect(await client.setData('/closed', 'x').catch((error: unknown) => error)).to.have.property('code', ErrorCode.NOAUTH);
  });

  it('refuses whom the authority has revoked', async () => {
    const member = await secured({ 'ssl.crl': 'true', 'ssl.trustStore.location': tlsFile('authority-and-revoked.pem') });
    await (await session(member.securePort!, nodeTransport({ tls: shown('client') }))).exists('/');
    await ended(connect({ port: member.securePort!, host: '127.0.0.1', ...shown('revoked') }));
  });

  it('takes keys from PKCS #12 and encrypted PEM, and offers the versions that it is told', async () => {
    const member = await secured({
      'ssl.keyStore.location': tlsFile('server-encrypted.pem'),
      'ssl.keyStore.passwordPath': tlsFile('tls-password.txt'),
      'ssl.trustStore.location': tlsFile('trust.p12'),
      'ssl.trustStore.password': 'secret',
      'ssl.protocol': 'TLSv1.2',
      'ssl.ciphersuites': 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    });
    const socket = connect({ port: member.securePort!, host: '127.0.0.1', ca, pfx: readFileSync(tlsFile('client.p12')), passphrase: 'secret' });
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => socket.on('secureConnect', resolve).on('error', reject));
    expect(socket.getProtocol()).to.equal('TLSv1.2');
    expect(socket.getCipher().name).to.equal('ECDHE-ECDSA-AES256-GCM-SHA384');
  });

  it('serves on the secure port alone where there is no other', async () => {
    const properties = { clientPort: undefined, secureClientPort: '0', secureClientPortAddress: '127.0.0.1', ...STORES } as unknown as Record<string, string>;
    const { member } = await testMember(properties);
    expect(member.port).to.equal(member.securePort);
    await (await session(member.securePort!, nodeTransport({ tls: shown('client') }))).exists('/');
  });

  it('turns handshakes away where too many are under way', async () => {
    const member = await secured({ 'outstandingHandshake.limit': '2' });
    const silent = await Promise.all(
      [1, 2].map(
        () =>
          new Promise<ReturnType<typeof connectPlain>>((resolve) => {
            const socket = connectPlain(member.securePort!, '127.0.0.1', () => socket.write(Buffer.of(0x16), () => resolve(socket)));
            socket.on('error', () => undefined);
            sockets.push(socket);
          }),
      ),
    );
    while (countOf(member, 'outstanding_tls_handshake') !== 2) await new Promise((resolve) => setImmediate(resolve));
    await ended(connect({ port: member.securePort!, host: '127.0.0.1', ...shown('client') }));
    expect(countOf(member, 'tls_handshake_exceeded')).to.equal(1);
    for (const socket of silent) socket.destroy();
    while (countOf(member, 'outstanding_tls_handshake') !== 0) await new Promise((resolve) => setImmediate(resolve));
    await (await session(member.securePort!, nodeTransport({ tls: shown('client') }))).exists('/');
  });

  it('reads its stores again when they change', async function () {
    this.timeout(30_000);
    const folder = tempDir();
    const keys = join(folder, 'keys.pem');
    copyFileSync(tlsFile('server.pem'), keys);
    const member = await secured({ 'client.certReload': 'true', 'ssl.keyStore.location': keys });
    const subject = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const socket = connect({ port: member.securePort!, host: '127.0.0.1', ...shown('client'), checkServerIdentity: () => undefined }, () => {
          resolve(socket.getPeerCertificate().subject.CN);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    expect(await subject()).to.equal('localhost');
    copyFileSync(tlsFile('admin.pem'), keys);
    while ((await subject()) !== 'admin') await new Promise((resolve) => setTimeout(resolve, 100));
  });

  it('answers a page that there is not inside TLS too', async () => {
    const member = await secured();
    const ws = new WebSocket(`wss://127.0.0.1:${member.securePort!}/elsewhere`, shown('client'));
    const status = await new Promise((resolve) => ws.on('unexpected-response', (_request, response) => resolve(response.statusCode)).on('error', () => undefined));
    expect(status).to.equal(404);
    ws.terminate();
  });

  it('survives whatever begins like a handshake, or follows one', async () => {
    const { member } = await testMember({ 'client.portUnification': 'true', ...STORES });
    const other = await session(member.port, nodeTransport({ tls: shown('client') }));
    const bytes = fc.uint8Array({ maxLength: 300 }).map((rest) => Buffer.from(rest));
    const closed = (socket: Socket): Promise<void> =>
      new Promise((resolve) => {
        sockets.push(socket);
        socket.resume().on('error', () => undefined).on('close', () => resolve());
      });
    await fc.assert(
      fc.asyncProperty(bytes, fc.boolean(), async (rest, inside) => {
        const end = inside
          ? connect({ port: member.port, host: '127.0.0.1', ...shown('client') }, () => (end as TLSSocket).end(rest))
          : connectPlain(member.port, '127.0.0.1', () => end.end(Buffer.concat([Buffer.from([0x16, 3, 1]), rest])));
        await closed(end);
        await other.exists('/');
      }),
      { numRuns: 1000, interruptAfterTimeLimit: FUZZ_MS },
    );
    while (countOf(member, 'outstanding_tls_handshake') !== 0) await new Promise((resolve) => setImmediate(resolve));
  });

});
