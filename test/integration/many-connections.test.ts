/**
 * A coordinator, in a process of its own, with as many clients as one machine can send: ten thousand sessions from one address, and more
 * connections than the system lets it have. Nobody who is in notices.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { maxFileCount } from '../../coordinator/server/open-files.ts';
import { CoordinatorClient } from '../../shared/client/client.ts';
import { nodeTransport } from '../../shared/client/node-transport.ts';

const repository = resolve(import.meta.dirname, '../..');
const WANTED = 10_000;
/** For this process's own files, and for what else the test opens. */
const SPARE = 500;
/** Connections in the making at a time: the system's queue of them is short. */
const AT_A_TIME = 200;
const CONNECT = Buffer.from(`0000002d 00000000 0000000000000000 0000ea60 0000000000000000 00000010 ${'00'.repeat(16)} 00`.replaceAll(' ', ''), 'hex');
const CONNECTED_SIZE = 4 + 37;
const MEBIBYTE = 1 << 20;

describe('many connections', function () {
  this.timeout(180_000);
  let directory: string;
  let server: ChildProcess;
  let port: number;
  let log: string;
  let sockets: Socket[] = [];
  let clients: CoordinatorClient[] = [];

  /** Starts one that may open `files` files (null: as many as the system lets it). */
  const start = async (settings: Record<string, string>, files: number | null): Promise<void> => {
    directory = mkdtempSync(join(tmpdir(), 'many-connections-'));
    const lines = { dataDir: directory, clientPort: '0', clientPortAddress: '127.0.0.1', maxClientCnxns: '0', 'admin.enableServer': 'false', '4lw.commands.whitelist': '*', ...settings };
    const file = join(directory, 'zoo.cfg');
    writeFileSync(file, Object.entries(lines).map(([key, value]) => `${key}=${value}\n`).join(''));
    const limit = files === null ? '' : `ulimit -n ${files}; `;
    server = spawn('bash', ['-c', `${limit}exec "$0" "$1"`, join(repository, 'bin/zookeeper-server-start.sh'), file], { env: { ...process.env, VIVARIUM_LOG_LEVEL: 'info' } });
    log = '';
    port = await new Promise((done, failed) => {
      const hear = (chunk: Buffer): void => {
        log += String(chunk);
        const found = /serving clients on port (\d+)/.exec(log)?.[1];
        if (found !== undefined) done(Number(found));
      };
      server.stdout!.on('data', hear);
      server.stderr!.on('data', hear);
      server.once('exit', () => failed(new Error(`The server ended:\n${log}`)));
    });
  };

  afterEach(async () => {
    for (const client of clients) await client.close();
    for (const socket of sockets) socket.destroy();
    sockets = [];
    clients = [];
    const ended = new Promise((done) => server.once('exit', done));
    server.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  });

  const client = async (): Promise<CoordinatorClient> => {
    const opened = await CoordinatorClient.connect({ servers: `127.0.0.1:${port}`, transport: nodeTransport() });
    clients.push(opened);
    return opened;
  };

  /** Opens a session natively; true once it is granted, false when the server hangs up. */
  const openSession = (): Promise<boolean> =>
    new Promise((done) => {
      const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(CONNECT));
      sockets.push(socket);
      let received = 0;
      socket.on('data', (chunk) => {
        received += chunk.length;
        if (received >= CONNECTED_SIZE) done(true);
      });
      socket.on('error', () => undefined); // a reset is one way to be refused
      socket.on('close', () => done(false));
    });

  const openSessions = async (count: number): Promise<number> => {
    let granted = 0;
    for (let left = count; left > 0; left -= AT_A_TIME) {
      const results = await Promise.all(Array.from({ length: Math.min(AT_A_TIME, left) }, openSession));
      granted += results.filter(Boolean).length;
    }
    return granted;
  };

  /** A number of `mntr`. */
  const count = (name: string): Promise<number> =>
    new Promise((done, failed) => {
      let text = '';
      const socket = connect({ port, host: '127.0.0.1' }, () => socket.write('mntr'));
      socket.on('data', (chunk) => (text += String(chunk))).on('error', failed);
      socket.on('close', () => done(Number(new RegExp(`^zk_${name}\t(.*)$`, 'm').exec(text)?.[1])));
    });

  it('serves ten thousand sessions from one address, within bounds of memory', async () => {
    const possible = maxFileCount() < 0 ? WANTED : Math.min(WANTED, maxFileCount() - SPARE);
    await start({ tickTime: '3000', maxSessionTimeout: '120000' }, null);
    const before = await client();
    await before.create('/a', 'x');
    expect(await openSessions(possible)).to.equal(possible);
    expect(await count('num_alive_connections')).to.equal(possible + 2);
    expect(await count('global_sessions')).to.equal(possible + 1);
    const after = await client();
    await after.setData('/a', 'y');
    expect(String((await before.getData('/a')).data)).to.equal('y');
    if (process.platform === 'linux') {
      const residentKib = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid!}/status`, 'latin1'))?.[1]);
      // About 10 KiB each, besides what the process is.
      expect(residentKib * 1024).to.be.lessThan(450 * MEBIBYTE);
    }
  });

  it('says so when the system gives it no more files, and goes on with those it has', async () => {
    const files = 300;
    await start({}, files);
    const early = await client();
    await early.create('/a', 'x');
    const granted = await openSessions(files);
    expect(granted).to.be.lessThan(files).and.greaterThan(files / 2);
    expect(log).to.contain(`this process may open ${files} files (ulimit -n)`);
    await early.setData('/a', 'y');
    for (const socket of sockets.splice(0)) socket.destroy();
    const late = await client();
    expect(String((await late.getData('/a')).data)).to.equal('y');
  });
});
