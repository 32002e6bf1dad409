/** The real process: started, killed, started again, and every acknowledged write looked for. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { CreateMode } from '../../../shared/znode/create-mode.ts';
import { create, RawClient } from '../raw-client.ts';
import { removeTempDirs, tempDir } from '../temp-dir.ts';

const MAIN = new URL('../../../coordinator/server/main.ts', import.meta.url).pathname;
const running = new Set<ChildProcess>();

interface Started {
  child: ChildProcess;
  port: number;
  output(): string;
  exited: Promise<number | NodeJS.Signals>;
}

/** Starts the process; resolves when it serves, or has ended. */
async function start(dir: string, more: Record<string, string> = {}, args: string[] = []): Promise<Started> {
  const file = join(dir, 'zoo.cfg');
  const properties = { dataDir: join(dir, 'data'), clientPort: '0', clientPortAddress: '127.0.0.1', 'admin.enableServer': 'false', ...more };
  writeFileSync(file, Object.entries(properties).map(([key, value]) => `${key}=${value}\n`).join(''));
  return launch([file, ...args]);
}

async function launch(args: string[]): Promise<Started> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, VIVARIUM_LOG_LEVEL: 'info' },
  });
  running.add(child);
  let output = '';
  const exited = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return (code ?? signal) as number | NodeJS.Signals;
  });
  const port = await new Promise<number>((resolve) => {
    const look = (chunk: Buffer): void => {
      output += chunk.toString();
      const match = /serving clients on port (\d+)/.exec(output);
      if (match !== null) resolve(Number(match[1]));
    };
    child.stdout!.on('data', look);
    child.stderr!.on('data', look);
    void exited.then(() => resolve(0));
  });
  return { child, port, output: () => output, exited };
}

describe('the coordinator process', () => {
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
    removeTempDirs();
  });

  it('has every acknowledged write after kill -9, and the session that made it', async () => {
    const dir = tempDir();
    const acknowledged = new Set<string>();
    let identity: { sessionId: bigint; password: Uint8Array } | null = null;
    for (let round = 0; round < 3; round++) {
      const server = await start(dir, { snapCount: '200' });
      const client = new RawClient(server.port);
      const granted = await client.connect(identity ?? {});
      if (identity !== null) expect(granted.sessionId).to.equal(identity.sessionId);
      identity = { sessionId: granted.sessionId, password: granted.password };
      if (round === 0) await client.call(create('/e', { mode: CreateMode.EPHEMERAL }));
      const { response } = await client.call({ op: 'getChildren', path: '/', watch: false });
      const there = new Set((response as { children: string[] }).children);
      for (const name of acknowledged) expect(there.has(name), name).to.equal(true);
      expect(there.has('e')).to.equal(true);

      // Writes as fast as they go, killed in their midst: whatever was answered counts.
      let sent = 0;
      const more = (): void => {
        for (let i = 0; i < 50; i++, sent++) client.post(create(`/r${round}-${sent}`));
      };
      more();
      let counted = 0;
      await client
        .until(() => {
          for (; counted < client.received.length; counted++) {
            const message = client.received[counted]!;
            if (message.kind !== 'reply' || message.op !== 'create' || message.error !== 0) continue;
            acknowledged.add((message.response as { path: string }).path.slice(1));
            if (acknowledged.size % 40 === 0) more();
          }
          if (acknowledged.size > 300 * (round + 1)) server.child.kill('SIGKILL');
          return undefined;
        })
        .catch(() => undefined); // the connection ends with the process
      expect(await server.exited).to.equal('SIGKILL');
      for (; counted < client.received.length; counted++) {
        const message = client.received[counted]!;
        if (message.kind === 'reply' && message.op === 'create' && message.error === 0) acknowledged.add((message.response as { path: string }).path.slice(1));
      }
      expect(acknowledged.size).to.be.greaterThan(300 * (round + 1));
    }
    const server = await start(dir, { snapCount: '200' });
    const client = new RawClient(server.port);
    await client.connect();
    const { response } = await client.call({ op: 'getChildren', path: '/', watch: false });
    const there = new Set((response as { children: string[] }).children);
    for (const name of acknowledged) expect(there.has(name), name).to.equal(true);
    client.close();
    server.child.kill('SIGTERM');
    expect(await server.exited).to.equal(0);
  });

  it('stops cleanly on SIGTERM and SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const server = await start(tempDir());
      expect(server.output()).to.match(/binding to port 127\.0\.0\.1\/127\.0\.0\.1:0 \(org\.apache\.zookeeper/);
      server.child.kill(signal);
      expect(await server.exited).to.equal(0);
    }
  });

  it('refuses a data directory that another process has, by name', async () => {
    const dir = tempDir();
    const first = await start(dir);
    const second = await start(dir);
    expect(await second.exited).to.equal(3);
    expect(second.output()).to.contain(`Data directory "${join(dir, 'data', 'version-2')}" is in use by another process`);
    const client = new RawClient(first.port);
    await client.connect();
    expect((await client.call(create('/a'))).error).to.equal(0);
    client.close();
  });

  it('says which port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const server = await start(tempDir(), { clientPort: String(port) });
    expect(await server.exited).to.equal(1);
    expect(server.output()).to.contain(`EADDRINUSE`).and.to.contain(String(port));
    other.close();
  });

  it('refuses wrong settings and arguments with exit code 2', async () => {
    const wrong = await start(tempDir(), { tickTime: 'soon' });
    expect(await wrong.exited).to.equal(2);
    expect(wrong.output()).to.contain('Invalid value soon for configuration tickTime: Not a number of type INT');
    const none = await launch([]);
    expect(await none.exited).to.equal(2);
    expect(none.output()).to.contain('Usage:');
    const missing = await launch([join(tempDir(), 'no.cfg')]);
    expect(await missing.exited).to.equal(2);
    expect(missing.output()).to.contain('no.cfg');
  });

  it('ends with 4 when the AdminServer that was asked for has no port', async () => {
    const { port } = await start(tempDir());
    const settings = { 'admin.serverPort': String(port), 'admin.serverAddress': '127.0.0.1' };
    const asked = await start(tempDir(), { ...settings, 'admin.enableServer': 'true' });
    expect(await asked.exited).to.equal(4);
    expect(asked.output()).to.contain('Unable to start AdminServer, exiting abnormally');
  });

  it('takes what operators give the JVM, and lets the file win', async () => {
    const before = process.env['SERVER_JVMFLAGS'];
    process.env['SERVER_JVMFLAGS'] = '-Xmx1g -Dzookeeper.4lw.commands.whitelist=ruok -Dzookeeper.snapCount=nonsense -Dznode.container.checkIntervalMs=10 -Dfoo=bar';
    try {
      const server = await start(tempDir(), { snapCount: '1000' });
      expect(server.port).to.be.greaterThan(0);
      const bad = await start(tempDir());
      expect(await bad.exited).to.equal(2);
      expect(bad.output()).to.contain('Invalid value nonsense for configuration snapCount');
    } finally {
      if (before === undefined) delete process.env['SERVER_JVMFLAGS'];
      else process.env['SERVER_JVMFLAGS'] = before;
    }
  });

  it('lets --override win over the file', async () => {
    const server = await start(tempDir(), { tickTime: 'soon' }, ['--override', 'tickTime=1000']);
    expect(server.output()).to.contain('tickTime 1000 ms');
    server.child.kill('SIGTERM');
    expect(await server.exited).to.equal(0);
  });
});
