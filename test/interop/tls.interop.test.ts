/**
 * TLS: ZooKeeper's own shell (Netty), kazoo (Python's ssl) and our client on our secure port, and on the original's with the same
 * certificates. Every one of them is known by its certificate under the same name.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CoordinatorClient } from '../../shared/client/client.ts';
import { nodeTransport } from '../../shared/client/node-transport.ts';
import { Perms } from '../../shared/znode/acl.ts';
import { tlsFile } from '../support/tls-files.ts';
import { python } from './support/clients.ts';
import type { CoordinatorMaker } from './support/coordinator.ts';
import { Coordinator } from './support/coordinator.ts';
import type { Finished } from './support/process.ts';
import { run, runOk } from './support/process.ts';
import { zookeeperTool } from './support/real-zookeeper.ts';
import { freePort, repository } from './support/servers.ts';

const CLIENT = String.raw`CN=client,OU=\#1 \<R&D\>,O=Smith\, Jones \+ Co,L=München,ST=Bavaria,C=DE`;
const TIMEOUT = { timeoutMs: 60_000 };

const clientFlags = (certificate: string): Record<string, string> => ({
  'zookeeper.client.secure': 'true',
  'zookeeper.clientCnxnSocket': 'org.apache.zookeeper.ClientCnxnSocketNetty',
  'zookeeper.ssl.keyStore.location': tlsFile(certificate),
  'zookeeper.ssl.trustStore.location': tlsFile('authority.pem'),
});
const javaFlags = (certificate: string): string =>
  Object.entries(clientFlags(certificate)).map(([key, value]) => `-D${key}=${value}`).join(' ');

for (const maker of ['zookeeper', 'vivarium'] as const satisfies readonly CoordinatorMaker[]) {
  describe(`TLS with ${maker}`, () => {
    let coordinator: Coordinator;
    let secure: string;
    before(async () => {
      const port = await freePort();
      secure = `localhost:${port}`;
      coordinator = await Coordinator.start(
        {
          secureClientPort: port,
          secureClientPortAddress: '127.0.0.1',
          serverCnxnFactory: 'org.apache.zookeeper.server.NettyServerCnxnFactory',
          'authProvider.x509': 'org.apache.zookeeper.server.auth.X509AuthenticationProvider',
          'ssl.keyStore.location': tlsFile('server.pem'),
          'ssl.trustStore.location': tlsFile('authority.pem'),
          '4lw.commands.whitelist': '*',
        },
        { maker },
      );
    });
    after(() => coordinator.close());

    /** ZooKeeper's own shell, and ours. */
    const shells: [string, (certificate: string, command: readonly string[]) => Promise<Finished>][] = [
      ['zkCli', (certificate, command) => run(zookeeperTool, ['shell', '-server', secure, ...command], { ...TIMEOUT, env: { JVMFLAGS: javaFlags(certificate) } })],
      ['our shell', (certificate, command) => run(join(repository, 'bin/zkCli.sh'), ['-server', secure, ...command], { ...TIMEOUT, env: { JVMFLAGS: javaFlags(certificate) } })],
    ];
    for (const [name, shell] of shells) {
      it(`serves ${name}, and lets it at what is its own`, async () => {
        const path = `/${name.replaceAll(' ', '-')}`;
        const created = await shell('client.pem', ['create', path, 'data', 'auth::cdrwa']);
        expect(created.stdout + created.stderr).to.contain(`Created ${path}`);
        // Java prints the ü as the machine's locale lets it.
        const acl = (await shell('client.pem', ['getAcl', path])).stdout;
        expect(acl).to.match(/'x509,'CN=client%2COU=\\#1 \\<R&D\\>%2CO=Smith\\%2C Jones \\\+ Co%2CL=M.*nchen%2CST=Bavaria%2CC=DE\n: cdrwa\n$/);
        expect((await shell('client.pem', ['whoami'])).stdout).to.match(/x509: CN=client/);
        const refused = await shell('admin.pem', ['get', path]);
        expect(refused.stdout + refused.stderr).to.contain(`Insufficient permission : ${path}`);
      });
    }

    it('serves kazoo', async () => {
      const script = join(import.meta.dirname, 'python/tls_session.py');
      const { stdout } = await runOk(python, [script, secure, tlsFile('authority.pem'), tlsFile('client.pem')], TIMEOUT);
      expect(JSON.parse(stdout)).to.deep.equal({ size: 100_000, version: 0, acl: [['x509', CLIENT]] });
    });

    it('serves our client, and no other than whom it trusts', async () => {
      const ca = readFileSync(tlsFile('authority.pem'));
      const shown = (name: string) => ({ ca, key: readFileSync(tlsFile(name)), cert: readFileSync(tlsFile(name)) });
      const client = await CoordinatorClient.connect({ servers: secure, transport: nodeTransport({ tls: shown('client.pem') }) });
      try {
        await client.create('/ours', 'x', { acl: [{ perms: Perms.ALL, id: { scheme: 'auth', id: '' } }] });
        expect((await client.getAcl('/ours')).acl.map(({ id }) => id)).to.deep.equal([{ scheme: 'x509', id: CLIENT }]);
        expect((await client.whoAmI()).map(({ scheme }) => scheme).sort()).to.deep.equal(['ip', 'x509']);
      } finally {
        await client.close();
      }
      const stranger = await CoordinatorClient.connect({ servers: secure, transport: nodeTransport({ tls: shown('stranger.pem') }), connectTimeoutMs: 3000 }).then(
        () => 'let in',
        () => 'refused',
      );
      expect(stranger).to.equal('refused');
    });
  });
}
