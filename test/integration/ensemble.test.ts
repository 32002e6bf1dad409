/**
 * Three coordinators as processes, killed and paused under a client that notes what was acknowledged. What has to hold needs no clock: nothing
 * acknowledged is missing anywhere, the session lives on, sequential znodes are numbered once.
 */
import { expect } from 'chai';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CoordinatorClient } from '../../shared/client/index.ts';
import { CreateMode } from '../../shared/znode/create-mode.ts';
import { freePorts } from '../support/free-ports.ts';

const MAIN = fileURLToPath(new URL('../../coordinator/server/main.ts', import.meta.url));
const IDS = [1, 2, 3] as const;

/** What the member at `port` says of itself; '' where there is none. */
function srvr(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('srvr'));
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('error', () => undefined); // 'close' follows
    socket.on('data', (data) => (text += data.toString()));
    socket.on('close', () => resolve(text));
  });
}

describe('an ensemble of processes', function () {
  this.timeout(180_000);
  let dir: string;
  let ports: number[];
  const processes = new Map<number, ChildProcess>();
  const clients: CoordinatorClient[] = [];

  const clientPort = (id: number): number => ports[id - 1]!;

  function start(id: number): void {
    const properties = {
      dataDir: join(dir, String(id)),
      myid: id,
      clientPort: clientPort(id),
      clientPortAddress: '127.0.0.1',
      tickTime: 500,
      initLimit: 40,
      syncLimit: 8,
      '4lw.commands.whitelist': '*',
      ...Object.fromEntries(IDS.map((other) => [`server.${other}`, `127.0.0.1:${ports[2 + other]}:${ports[5 + other]}`])),
    };
    const log = openSync(join(dir, `${id}.log`), 'a');
    const overrides = Object.entries(properties).flatMap(([key, value]) => ['--override', `${key}=${value}`]);
    const file = fileURLToPath(new URL('../../config/zookeeper.properties', import.meta.url));
    const env = { ...process.env, VIVARIUM_LOG_LEVEL: 'info' };
    processes.set(id, spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, file, ...overrides], { stdio: ['ignore', log, log], env }));
    closeSync(log);
  }

  async function end(id: number, signal: NodeJS.Signals): Promise<void> {
    const child = processes.get(id)!;
    processes.delete(id);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  async function leader(): Promise<number> {
    for (;;) {
      for (const id of processes.keys()) if ((await srvr(clientPort(id))).includes('Mode: leader')) return id;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function open(ids: readonly number[], sessionTimeoutMs = 10_000): Promise<CoordinatorClient> {
    const client = await CoordinatorClient.connect({ servers: ids.map((id) => `127.0.0.1:${clientPort(id)}`).join(','), sessionTimeoutMs });
    clients.push(client);
    return client;
  }

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'vivarium-ensemble-'));
    ports = await freePorts(9);
    for (const id of IDS) start(id);
  });

  afterEach(async function () {
    for (const client of clients.splice(0)) client.abandon();
    for (const id of [...processes.keys()]) await end(id, 'SIGKILL');
    if (this.currentTest?.state === 'failed') for (const id of IDS) console.error(`--- member ${id}\n${readFileSync(join(dir, `${id}.log`), 'utf8')}`);
    rmSync(dir, { recursive: true });
  });

  it('loses nothing that it acknowledged, whoever is killed or paused, and when all are', async () => {
    const client = await open(IDS, 20_000);
    await client.create('/w');
    await client.create('/e', '', { mode: CreateMode.EPHEMERAL });
    const acknowledged = new Set<string>();
    let stop = false;
    const writing = (async () => {
      while (!stop) {
        // What fails may have happened or not: nothing follows from it.
        const path = await client.create('/w/n-', '', { mode: CreateMode.PERSISTENT_SEQUENTIAL }).catch(() => null);
        if (path === null) await new Promise((resolve) => setTimeout(resolve, 5));
        else if (acknowledged.has(path)) throw new Error(`${path} was given out twice`);
        else acknowledged.add(path);
      }
    })();
    const more = async (count: number): Promise<void> => {
      const goal = acknowledged.size + count;
      while (acknowledged.size < goal) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await more(50);
    const first = await leader();
    await end(first, 'SIGKILL');
    await more(50);
    start(first);
    await more(50);
    // Frozen, its connections stay open: the others have to find out.
    const second = await leader();
    processes.get(second)!.kill('SIGSTOP');
    await more(50);
    processes.get(second)!.kill('SIGCONT');
    await more(50);
    stop = true;
    await writing;
    await client.whenConnected(); // rejects when the session is over

    const check = async (reader: CoordinatorClient, where: string): Promise<void> => {
      await reader.sync('/w');
      const found = new Set((await reader.getChildren('/w')).children.map((name) => `/w/${name}`));
      expect([...acknowledged].filter((path) => !found.has(path)), where).to.deep.equal([]);
      expect(await reader.exists('/e'), where).not.to.equal(null);
    };
    for (const id of IDS) await check(await open([id]), `member ${id}`);

    await Promise.all(IDS.map((id) => end(id, 'SIGKILL')));
    for (const id of IDS) start(id);
    await check(await open(IDS), 'after all were killed');
  });
});
