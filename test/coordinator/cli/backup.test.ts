/** `vivarium coordinator backup|restore`, as one types it, with servers that run. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { Member } from '../../../coordinator/server/member.ts';
import { startMember } from '../../../coordinator/server/member.ts';
import { loadServerSettings } from '../../../coordinator/server/settings.ts';
import { encodeSnapshot } from '../../../coordinator/tree/snapshot.ts';
import { CoordinatorClient } from '../../../shared/client/client.ts';
import { nodeTransport } from '../../../shared/client/node-transport.ts';
import { CreateMode } from '../../../shared/znode/create-mode.ts';
import { removeTempDirs, tempDir } from '../temp-dir.ts';

const vivarium = resolve(import.meta.dirname, '../../../bin/vivarium');

async function run(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  try {
    return { ...(await promisify(execFile)(vivarium, ['coordinator', ...args])), code: 0 };
  } catch (error) {
    return error as { stdout: string; stderr: string; code: number };
  }
}

describe('vivarium coordinator backup|restore', function () {
  this.timeout(60_000);
  const members: Member[] = [];
  const clients: CoordinatorClient[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    for (const member of members.splice(0)) await member.close();
    removeTempDirs();
  });

  const start = async (dataDir: string): Promise<Member> => {
    const properties = { dataDir, clientPort: '0', clientPortAddress: '127.0.0.1', 'admin.enableServer': 'false', extendedTypesEnabled: 'true' };
    const member = await startMember(loadServerSettings(new Map(Object.entries(properties))).settings);
    members.push(member);
    return member;
  };
  const connect = async (member: Member): Promise<CoordinatorClient> => {
    const client = await CoordinatorClient.connect({ servers: `127.0.0.1:${member.port}`, transport: nodeTransport() });
    clients.push(client);
    return client;
  };
  /** A server with all kinds of znodes, of which one part is in a snapshot and the other in the log. */
  const world = async (): Promise<{ dataDir: string; member: Member; client: CoordinatorClient; file: string }> => {
    const dataDir = tempDir();
    const member = await start(dataDir);
    const client = await connect(member);
    await client.create('/app', 'one');
    for (let i = 0; i < 50; i++) await client.create('/app/s-', `${i}`, { mode: CreateMode.PERSISTENT_SEQUENTIAL });
    await member.snapshot();
    await client.setData('/app', 'two');
    await client.create('/app/box', null, { mode: CreateMode.CONTAINER });
    await client.create('/app/ttl', '', { mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: 3_600_000 });
    await client.create('/app/here', 'me', { mode: CreateMode.EPHEMERAL });
    await client.create('/app/closed', 'x', { acl: [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }] });
    return { dataDir, member, client, file: join(tempDir(), 'backup') };
  };
  const bytesOf = (member: Member): string => Buffer.concat([...encodeSnapshot(member.tree)].map((piece) => Buffer.from(piece))).toString('hex');

  it('takes a backup while the server writes, and makes another server of it that is the same to the zxids', async () => {
    const { dataDir, member, client, file } = await world();
    const before = bytesOf(member);
    const zxid = member.tree.lastZxid;
    const said = await run('backup', '--data-dir', dataDir, file);
    expect(said).to.include({ code: 0, stdout: `Wrote ${member.tree.nodeCount} znodes, up to zxid 0x${zxid.toString(16)}, to ${file}\n` });
    await client.setData('/app', 'after the backup');
    expect((await run('backup', '--data-dir', dataDir, file)).stderr).to.equal(`${file} is already there: name a new file\n`);

    const target = tempDir();
    expect((await run('restore', '--data-dir', target, file)).stdout).to.equal(`Restored ${member.tree.nodeCount} znodes, up to zxid 0x${zxid.toString(16)}, in ${target}/version-2\n`);
    const again = await run('restore', '--data-dir', target, file);
    expect(again.code).to.equal(1);
    expect(again.stderr).to.match(/version-2 is not empty \(.+\): stop the server and move that folder away, then restore\n$/);
    const restored = await start(target);
    expect(bytesOf(restored)).to.equal(before);
    const other = await connect(restored);
    expect(await other.create('/app/s-', null, { mode: CreateMode.PERSISTENT_SEQUENTIAL })).to.equal('/app/s-0000000054');
    expect(String((await other.getData('/app')).data)).to.equal('two');
  });

  it('brings what is missing or different into a server that runs', async () => {
    const { dataDir, file } = await world();
    expect((await run('backup', '--data-dir', dataDir, file)).code).to.equal(0);
    const target = await start(tempDir());
    const client = await connect(target);
    await client.create('/app', 'mine');
    await client.create('/app/extra');
    await client.create('/app/extra/deep');
    await client.create('/other');
    const server = `127.0.0.1:${target.port}`;
    const dry = await run('restore', '--server', server, '--path', '/app', '--delete', '--dry-run', file);
    expect(dry.stdout).to.match(/^change \/app\ncreate \/app\/s-0000000000\n(?:.*\n)*delete \/app\/extra\/deep\ndelete \/app\/extra\nWould have created 53, changed 1, deleted 2 znodes; left 1 ephemerals alone\n$/);
    expect(String((await client.getData('/app')).data)).to.equal('mine');

    expect((await run('restore', '--server', server, file)).stdout).to.equal('Created 53, changed 1, deleted 0 znodes; left 1 ephemerals alone\n');
    expect(String((await client.getData('/app')).data)).to.equal('two');
    expect((await client.getAcl('/app/closed')).acl).to.deep.equal([{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]);
    expect((await client.getData('/app/box')).data).to.equal(null);
    expect(await client.exists('/app/here')).to.equal(null);
    expect((await run('restore', '--server', server, '--delete', '--path', '/app', file)).stdout).to.equal('Created 0, changed 0, deleted 2 znodes; left 1 ephemerals alone\n');
    expect(await client.exists('/app/extra')).to.equal(null);
    expect(await client.exists('/other')).to.not.equal(null);
  });

  it('brings thousands of znodes, and large ones, into an empty server', async () => {
    const { dataDir, member, client, file } = await world();
    await client.create('/many');
    await Promise.all(Array.from({ length: 3000 }, (_, i) => client.create(`/many/${i}`, `${i}`)));
    for (let i = 0; i < 5; i++) await client.create(`/many/7/large-${i}`, Buffer.alloc(900_000, i));
    await run('backup', '--data-dir', dataDir, file);
    const target = await start(tempDir());
    const said = await run('restore', '--server', `127.0.0.1:${target.port}`, file);
    expect(said.stdout).to.equal('Created 3060, changed 0, deleted 0 znodes; left 1 ephemerals alone\n');
    // All but the ephemeral.
    expect(target.tree.nodeCount).to.equal(member.tree.nodeCount - 1);
    const other = await connect(target);
    expect(Buffer.from((await other.getData('/many/7/large-4')).data!).equals(Buffer.alloc(900_000, 4))).to.equal(true);
  });

  it('says what is wrong', async () => {
    const { dataDir, file } = await world();
    await run('backup', '--data-dir', dataDir, file);
    const bytes = readFileSync(file);
    bytes[bytes.length - 30]! ^= 1;
    const damaged = join(tempDir(), 'damaged');
    writeFileSync(damaged, bytes);
    const target = tempDir();
    for (const [args, code, message] of [
      [[], 2, /^Expected backup FILE or restore FILE, got ""\n\n {2}vivarium coordinator backup/],
      [['backup', '--server', 'x', 'f'], 2, /^backup reads the files of a server/],
      [['restore', '--delete', 'f'], 2, /^--delete goes with --server/],
      [['restore', '--nope', 'f'], 2, /--nope/],
      [['backup', '--data-dir', target, 'f'], 1, /^There is no coordinator's data in ".*version-2": no txnlog\.sqlite\n$/],
      [['backup', '--config', '/no/such/file', 'f'], 1, /ENOENT/],
      [['restore', '--data-dir', target, '/no/such/file'], 1, /ENOENT/],
      [['restore', '--data-dir', target, damaged], 1, /is damaged: piece \d+ has a wrong CRC\n$/],
      [['restore', '--data-dir', target, vivarium], 1, /is damaged: it does not begin as one\n$/],
    ] as const) {
      const said = await run(...args);
      expect(said.stderr, args.join(' ')).to.match(message);
      expect(said.code, args.join(' ')).to.equal(code);
    }
    expect((await run('--help')).stdout).to.match(/^ {2}vivarium coordinator backup \[WHERE\] FILE\n/);
  });
});
