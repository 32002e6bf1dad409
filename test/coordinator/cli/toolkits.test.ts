/** The scripts around a server under ZooKeeper's names: zkServer, zkCli and the toolkits, on a server of their own. */
import { expect } from 'chai';
import Database from 'better-sqlite3';
import { execFile, spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { SnapshotFiles } from '../../../coordinator/store/snapshot-file.ts';
import { SqliteTxnLog } from '../../../coordinator/store/sqlite-txn-log.ts';
import { DataTree } from '../../../coordinator/tree/data-tree.ts';
import { encodeSnapshot } from '../../../coordinator/tree/snapshot.ts';
import type { Txn } from '../../../coordinator/tree/txn.ts';
import { writeTxn } from '../../../coordinator/tree/txn-codec.ts';
import { Writer } from '../../../shared/bytes/writer.ts';
import { OPEN_ACL_UNSAFE } from '../../../shared/znode/acl.ts';
import { freePorts } from '../../support/free-ports.ts';
import { tlsFile } from '../../support/tls-files.ts';
import { closeMembers, testMember } from '../server/test-member.ts';
import { removeTempDirs, tempDir } from '../temp-dir.ts';

const bin = resolve(import.meta.dirname, '../../../bin');

interface Ran {
  stdout: string;
  stderr: string;
  code: number;
}

async function run(script: string, ...args: string[]): Promise<Ran> {
  try {
    return { ...(await promisify(execFile)(join(bin, script), args)), code: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as Ran;
    return { stdout, stderr, code };
  }
}

describe('zkServer.sh and the toolkits', function () {
  this.timeout(60_000);
  let dir: string;
  let port: number;
  const zkServer = (command: string): Promise<Ran> => run('zkServer.sh', '--config', dir, command);

  before(async () => {
    dir = tempDir();
    [port] = (await freePorts(1)) as [number];
    process.env['ZOO_LOG_DIR'] = dir;
    writeFileSync(join(dir, 'zoo.cfg'), `tickTime=2000\ndataDir=${dir}/data\nclientPort=${port}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n`);
  });
  after(async () => {
    await zkServer('stop');
    delete process.env['ZOO_LOG_DIR'];
    removeTempDirs();
  });

  it('start, tell, serve and stop', async () => {
    expect((await zkServer('status')).stdout).to.equal(
      `Client port found: ${port}. Client address: 127.0.0.1. Client SSL: false.\nError contacting service. It is probably not running.\n`,
    );
    expect(await zkServer('start')).to.deep.equal({
      stdout: 'Starting zookeeper ... STARTED\n',
      stderr: `ZooKeeper JMX enabled by default\nUsing config: ${dir}/zoo.cfg\n`,
      code: 0,
    });
    const again = await zkServer('start');
    expect(again.code).to.equal(1);
    expect(again.stdout).to.match(/^Starting zookeeper \.\.\. already running as process \d+\.\n$/);
    expect((await run('zkCli.sh', '-server', `127.0.0.1:${port}`, 'create', '/a', 'hello')).stderr).to.equal('Created /a\n');
    expect((await zkServer('status')).stdout).to.match(/\nMode: standalone\n$/);

    const log = await run('zkTxnLogToolkit.sh', join(dir, 'data/version-2'));
    expect(log.stdout).to.match(/^ZooKeeper Transactional Log File with dbid 0 txnlog format version 2\n/);
    expect(log.stdout).to.match(
      /\n\d+\/\d+\/\d\d, \d+:\d\d:\d\d [AP]M .+ session 0x[0-9a-f]+ cxid 0x1 zxid 0x2 create \/a,hello,\[31,s\{'world,'anyone\}\n\],false,1\n/,
    );
    expect(log.stdout).to.match(/\nEOF reached after 3 txns\.\n$/);

    expect((await zkServer('stop')).stdout).to.equal('Stopping zookeeper ... STOPPED\n');
    expect((await zkServer('stop')).stdout).to.equal(
      `Stopping zookeeper ... no zookeeper to stop (could not find file ${dir}/data/zookeeper_server.pid)\n`,
    );
  });

  it('tell the status of a server with nothing but a secure port', async () => {
    const folder = tempDir();
    const { member } = await testMember({ clientPort: undefined as unknown as string, secureClientPort: '0', 'ssl.keyStore.location': tlsFile('server.pem'), 'ssl.trustStore.location': tlsFile('authority.pem') });
    try {
      writeFileSync(join(folder, 'zoo.cfg'), `dataDir=${folder}\nsecureClientPort=${member.securePort!}\n`);
      const begin = `Client port not found. Looking for secureClientPort in the static config.\nSecure client port found: ${member.securePort!}. Client address: localhost. Client SSL: true.\n`;
      expect((await run('zkServer.sh', '--config', folder, 'status')).stdout).to.equal(`${begin}Error contacting service. It is probably not running.\n`);
      process.env['CLIENT_JVMFLAGS'] = `-Dzookeeper.ssl.keyStore.location=${tlsFile('client.pem')} -Dzookeeper.ssl.trustStore.location=${tlsFile('authority.pem')}`;
      expect((await run('zkServer.sh', '--config', folder, 'status')).stdout).to.equal(`${begin}Mode: standalone\n`);
    } finally {
      delete process.env['CLIENT_JVMFLAGS'];
      await closeMembers();
    }
  });

  describe('zkTxnLogToolkit.sh on a damaged log', () => {
    let folder: string;
    let file: string;
    const create = (zxid: number): Txn => ({
      zxid, timeMs: 0, sessionId: 1n, cxid: zxid,
      body: { type: 'create', path: `/${zxid}`, data: null, acl: OPEN_ACL_UNSAFE, kind: { type: 'persistent' }, parentCreations: zxid },
    });

    beforeEach(async () => {
      folder = tempDir();
      file = join(folder, 'txnlog.sqlite');
      let last = 0;
      let wake = (): void => undefined;
      const log = await SqliteTxnLog.open({ dir: folder, forceSync: false }, {
        durable: (zxid) => ((last = zxid), wake()),
        failed: (error) => expect.fail(error.message),
        stalled: () => undefined,
      });
      for (const [firstZxid, lastZxid] of [[1, 2], [3, 4], [5, 6]] as const) {
        const out = new Writer(100);
        for (let zxid = firstZxid; zxid <= lastZxid; zxid++) writeTxn(out, create(zxid));
        log.append({ firstZxid, lastZxid, body: out.finish() });
      }
      while (last < 6) await new Promise<void>((resolve) => (wake = resolve));
      await log.close();
      const db = new Database(file);
      db.exec('UPDATE txn_batch SET crc = 1 WHERE last_zxid = 4');
      db.close();
    });

    const entries = async (path: string): Promise<string[]> => (await run('zkTxnLogToolkit.sh', path)).stdout.match(/create \/\d|CRC ERROR - the/g) ?? [];

    it('shows what is broken', async () => {
      const { stdout, code } = await run('zkTxnLogToolkit.sh', folder);
      expect(code).to.equal(1);
      expect(stdout).to.match(/\nCRC ERROR - the batch that ends at zxid 0x4\nCRC ERROR - .*create \/3,.*\n.*\nCRC ERROR - .*create \/4,/);
    });

    it('-r mends it where it is told to', async () => {
      const mended = await run('zkTxnLogToolkit.sh', '-ry', file);
      expect(mended.code).to.equal(0);
      expect(mended.stdout).to.match(/^CRC FIXED - .*create \/3,/);
      expect(mended.stdout.endsWith(`Recovery file ${file}.fixed has been written with 1 fixed CRC error(s)\n`)).to.equal(true);
      expect(await entries(`${file}.fixed`)).to.deep.equal(['create /1', 'create /2', 'create /3', 'create /4', 'create /5', 'create /6']);
      expect((await entries(file)).join()).to.contain('CRC ERROR');
      expect(await run('zkTxnLogToolkit.sh', '-r', file)).to.include({ code: 1, stderr: `Recovery file ${file}.fixed already exists or not writable\n` });
    });

    for (const [typed, code, last] of [['maybe\nYes\n', 0, 'Recovery file FILE.fixed has been written with 1 fixed CRC error(s)'], ['n\n', 0, 'Recovery file FILE.fixed has been written with 0 fixed CRC error(s)'], ['a\n', 0, 'Recovery aborted.'], ['', 0, 'Recovery aborted.']] as const) {
      it(`-r asks, and is answered ${JSON.stringify(typed)}`, async () => {
        const child = spawn(join(bin, 'zkTxnLogToolkit.sh'), ['-r', file]);
        let said = '';
        child.stdout.on('data', (chunk) => (said += String(chunk)));
        child.stderr.on('data', (chunk) => (said += String(chunk)));
        child.stdin.end(typed);
        expect(await new Promise((resolve) => child.on('close', resolve))).to.equal(code);
        expect(said).to.contain('Would you like to fix it (Yes/No/Abort) ? ');
        expect(said.trimEnd().endsWith(last.replace('FILE', file)), said).to.equal(true);
      });
    }

    it('-c makes a log that ends at a zxid, in the middle of a batch too', async () => {
      expect((await run('zkTxnLogToolkit.sh', '-c', '-z', '0x3', file)).stdout).to.equal(`Wrote ${file}.chopped3\n`);
      expect(await entries(`${file}.chopped3`)).to.deep.equal(['create /1', 'create /2', 'create /3']);
      expect((await run('zkTxnLogToolkit.sh', '-c', '-z', '99', file)).stderr).to.contain('it has no zxid 0x63');
      expect((await run('zkTxnLogToolkit.sh', '-c', '-z', 'x', file)).stderr).to.equal('-z x: expected a zxid such as 0x1f\n');
    });
  });

  it('print a snapshot', async () => {
    const folder = tempDir();
    const tree = new DataTree();
    tree.sessions.set(0x10n, 4000);
    await new SnapshotFiles(folder).write(0x1f, encodeSnapshot(tree));
    const file = join(folder, 'snapshot-1f');
    const { stdout } = await run('zkSnapShotToolkit.sh', file);
    const details = /^ZNode Details \(count=(\d+)\):\n----\n\/\n {2}cZxid = 0x0{14}\n/.exec(stdout);
    expect(details, stdout).to.not.equal(null);
    expect(stdout.match(/^ {2}dataLength = 0$/gm)).to.have.length(Number(details![1]));
    expect(stdout.endsWith('Session Details (sid, timeout, ephemeralCount):\n0x10, 4000, 0\n----\nLast zxid: 0x1f\n')).to.equal(true);
    expect((await run('zkSnapShotToolkit.sh', '-d', file)).stdout).to.match(/\n {2}data = \n----\n/);
    expect(JSON.parse((await run('zkSnapShotToolkit.sh', '-json', file)).stdout)).to.have.length(4);
    writeFileSync(file, 'VIVSNAP1 damaged');
    expect((await run('zkSnapShotToolkit.sh', file)).stderr).to.match(/^Snapshot ".*" is damaged: it does not begin as one\n$/);
    expect((await run('zkSnapShotToolkit.sh')).stderr).to.match(/^USAGE: SnapshotFormatter/);
  });

  it('keep the newest snapshots, and at least three', async () => {
    const folder = tempDir();
    for (const zxid of ['9', 'a', 'ff', '100', '1000']) writeFileSync(join(folder, `snapshot-${zxid}`), '');
    expect((await run('zkCleanup.sh', folder, '-n', '2')).code).to.equal(1);
    const { stdout } = await run('zkCleanup.sh', folder, '-n', '3');
    expect(stdout.match(/snapshot-\w+/g)!.sort()).to.deep.equal(['snapshot-9', 'snapshot-a']);
    expect(readdirSync(folder).sort()).to.deep.equal(['snapshot-100', 'snapshot-1000', 'snapshot-ff']);
  });

  it('keep of the log what the snapshots need, unless a server has it', async () => {
    const folder = tempDir();
    let wake = (): void => undefined;
    const durable = new Promise<void>((done) => (wake = done));
    const events = { durable: (zxid: number) => zxid === 40 && wake(), failed: (error: Error) => expect.fail(error.message), stalled: () => undefined };
    const log = await SqliteTxnLog.open({ dir: folder, forceSync: false }, events);
    for (const zxid of [10, 20, 30, 40]) log.append({ firstZxid: zxid - 9, lastZxid: zxid, body: Buffer.from('x') });
    await durable;
    for (const zxid of [10, 20, 30, 40]) writeFileSync(join(folder, `snapshot-${zxid.toString(16)}`), '');
    const busy = await run('zkCleanup.sh', folder, '-n', '3');
    expect(busy.stdout).to.match(/^Removing file: \w{3} \d+, \d{4}, \d+:\d\d:\d\d [AP]M\t.*snapshot-a\nA server is using .*: it removes what its snapshots cover of the log by itself\n$/);
    await log.close();
    const { stdout } = await run('zkCleanup.sh', folder, '-n', '3');
    expect(stdout).to.equal(`Removing transactions up to zxid 0x14 of ${folder}/txnlog.sqlite\n`);
    const db = new Database(join(folder, 'txnlog.sqlite'), { readonly: true });
    expect(db.prepare('SELECT last_zxid FROM txn_batch').pluck().all()).to.deep.equal([30, 40]);
    db.close();
    expect((await run('zkCleanup.sh', folder)).stderr).to.match(/^Usage:\nPurgeTxnLog dataLogDir/);
    expect((await run('zkCleanup.sh', '/no/such/folder', '-n', '3')).stderr).to.match(/^Path '\/no\/such\/folder' does not exist/);
  });

});
