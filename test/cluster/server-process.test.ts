import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerProcess, untilServes } from '../../cluster/server-process.ts';

describe('ServerProcess', () => {
  let directory: string;
  let server: ServerProcess | null = null;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vivarium-cluster-'));
  });
  afterEach(async () => {
    await server?.stop(0);
    server = null;
    rmSync(directory, { recursive: true });
  });

  function start(program: string): ServerProcess {
    const logFile = join(directory, 'logs', 'server.log');
    server = new ServerProcess({ name: 'server', command: process.execPath, args: ['-e', program], logFile });
    return server;
  }

  const hasSaid = (running: ServerProcess, text: string) => (): Promise<boolean> =>
    Promise.resolve(readFileSync(running.logFile, 'utf8').includes(text));

  it('keeps what the process prints, and tells how it ended', async () => {
    const running = start('console.log("one\\ntwo\\nthree"); process.exitCode = 3');
    expect(await running.ended).to.equal('exit code 3');
    expect(running.logTail(2)).to.equal('two\nthree');
    expect(running.running).to.equal(false);
  });

  it('stops a process with SIGTERM, which may tidy up', async () => {
    const running = start('process.on("SIGTERM", () => { console.log("tidy"); process.exit(0) }); setInterval(() => {}, 1000); console.log("up")');
    await untilServes(running, hasSaid(running, 'up'), 20_000);
    await running.stop(20_000);
    expect(await running.ended).to.equal('exit code 0');
    expect(running.logTail(1)).to.equal('tidy');
  });

  it('kills one that does not listen', async () => {
    const running = start('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")');
    await untilServes(running, hasSaid(running, 'up'), 20_000);
    await running.stop(50);
    expect(await running.ended).to.equal('signal SIGKILL');
  });

  it('says why a server never served: how it ended, and its last words', async () => {
    const running = start('console.log("port in use"); process.exitCode = 1');
    const failure = await untilServes(running, () => Promise.resolve(false), 20_000).then(
      () => null,
      (error: Error) => error.message,
    );
    expect(failure).to.match(/^server ended with exit code 1 before it served\. Last lines of .*server\.log:\nport in use$/);
  });
});
