/** The scripts around a server under ZooKeeper's names: zkServer, zkCli and the toolkits, on a server of their own. */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { SnapshotFiles } from '../../../coordinator/store/snapshot-file.ts';
import { DataTree } from '../../../coordinator/tree/data-tree.ts';
import { encodeSnapshot } from '../../../coordinator/tree/snapshot.ts';
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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

describe('zkServer.sh and the toolkits', function () {
  this.timeout(60_000);
  let dir: string;
  let port: number;
  const zkServer = (command: string): Promise<Ran> => run('zkServer.sh', '--config', dir, command);

  before(async () => {
    dir = tempDir();
    port = await freePort();
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
});
