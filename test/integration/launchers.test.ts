/** The launchers in `bin/`, in installations of their own whose servers are stand-ins: which program and Node they pick, what they print, whom they stop. */
import { expect } from 'chai';
import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Says what it was started as, then waits for SIGTERM. */
const SERVER = `
console.log('NAME started in ' + process.cwd() + ' with ' + process.argv.slice(2).join(' '));
if (process.argv.includes('--once')) process.exit(0);
const timer = setInterval(() => {}, 1000);
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => { console.log('stopped by ' + signal); clearInterval(timer); });
`;

interface Result {
  stdout: string;
  stderr: string;
  code: number;
}

describe('bin/', () => {
  let base: string;
  let pids: number[];

  beforeEach(async () => {
    base = realpathSync(await mkdtemp(join(tmpdir(), 'launchers test ')));
    pids = [];
  });
  afterEach(async () => {
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await rm(base, { recursive: true, force: true });
  });

  /** An installation whose programs say `source` or `build`. */
  function install(name: string, { withBuild = false, withNode = true } = {}): string {
    const root = join(base, name);
    cpSync(join(repository, 'bin'), join(root, 'bin'), { recursive: true });
    mkdirSync(join(root, 'node_modules'));
    writeFileSync(join(root, 'Makefile'), '');
    for (const room of ['shared', 'broker/server', 'coordinator/server', 'cluster']) mkdirSync(join(root, room), { recursive: true });
    if (withNode) {
      mkdirSync(join(root, '.node/node_modules/node-test/bin'), { recursive: true });
      symlinkSync(process.execPath, join(root, '.node/node_modules/node-test/bin/node'));
    }
    for (const program of ['broker/server/main', 'coordinator/server/main']) {
      writeFileSync(join(root, `${program}.ts`), SERVER.replace('NAME', 'source'));
      if (!withBuild) continue;
      mkdirSync(join(root, 'dist', dirname(program)), { recursive: true });
      writeFileSync(join(root, `dist/${program}.cjs`), SERVER.replace('NAME', 'build'));
      writeFileSync(join(root, 'dist/.built'), '');
    }
    return root;
  }

  function run(command: string, args: readonly string[], { cwd = base, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Result> {
    return new Promise((resolve) => {
      execFile(command, args, { cwd, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
        resolve({ stdout, stderr, code: error === null ? 0 : Number(error.code) });
      });
    });
  }

  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
      throw error;
    }
  };

  /** Starts a server in the foreground; resolves when it has said so. */
  async function start(script: string, args: readonly string[]): Promise<{ pid: number; ended: Promise<string> }> {
    const child = spawn(script, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    pids.push(child.pid!);
    let output = '';
    const ended = new Promise<string>((resolve) => child.on('close', () => resolve(output)));
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('started')) resolve();
      });
    });
    return { pid: child.pid!, ended };
  }

  it('prints the usage lines of Kafka on standard output and fails', async () => {
    const root = install('one');
    for (const [script, usage] of [
      ['zookeeper-server-start.sh', '[-daemon] zookeeper.properties'],
      ['kafka-server-start.sh', '[-daemon] server.properties [--override property=value]*'],
      ['zookeeper-shell.sh', 'zookeeper_host:port[/path] [-zk-tls-config-file file] [args...]'],
    ] as const) {
      expect(await run(`bin/${script}`, [], { cwd: root })).to.deep.equal({ stdout: `USAGE: bin/${script} ${usage}\n`, stderr: '', code: 1 });
    }
  });

  it('runs from any folder, through links, with the arguments as they are', async () => {
    const root = install('one');
    const link = join(base, 'linked.sh');
    symlinkSync(join(root, 'bin/kafka-server-start.sh'), link);
    const args = ['my server.properties', '--override', 'a=b c', '--once'];
    for (const script of [join(root, 'bin/kafka-server-start.sh'), link, 'one/bin/kafka-server-start.sh']) {
      expect((await run(script, args)).stdout).to.equal(`source started in ${base} with ${args.join(' ')}\n`);
    }
    const inside = await run('bash', ['kafka-server-start.sh', 'x', '--once'], { cwd: join(root, 'bin') });
    expect(inside.stdout).to.equal(`source started in ${join(root, 'bin')} with x --once\n`);
  });

  it('prefers the build while it is newer than the sources', async () => {
    const root = install('one', { withBuild: true });
    const script = join(root, 'bin/zookeeper-server-start.sh');
    expect((await run(script, ['x', '--once'])).stdout).to.match(/^build started/);
    const later = new Date(Date.now() + 60_000);
    writeFileSync(join(root, 'shared/changed.ts'), '');
    utimesSync(join(root, 'shared/changed.ts'), later, later);
    expect((await run(script, ['x', '--once'])).stdout).to.match(/^source started/);
  });

  it('is not disturbed by the variables of Kafka\'s scripts', async () => {
    const root = install('one');
    const env = { KAFKA_HEAP_OPTS: '-Xmx1G -Xms1G', KAFKA_OPTS: '-Dx=y', KAFKA_JVM_PERFORMANCE_OPTS: '-server', JMX_PORT: '9999', KAFKA_LOG4J_OPTS: '-Dlog4j' };
    const result = await run(join(root, 'bin/kafka-server-start.sh'), ['x', '--once'], { env });
    expect(result).to.deep.equal({ stdout: `source started in ${base} with x --once\n`, stderr: '', code: 0 });
  });

  it('leaves a daemon running, with its output in logs/, and stops it', async () => {
    const root = install('one');
    for (const [start, stop, log] of [
      ['zookeeper-server-start.sh', 'zookeeper-server-stop.sh', 'logs/zookeeper.out'],
      ['kafka-server-start.sh', 'kafka-server-stop.sh', 'logs/kafkaServer.out'],
    ] as const) {
      expect(await run(join(root, 'bin', start), ['-daemon', 'x'])).to.deep.equal({ stdout: '', stderr: '', code: 0 });
      const said = (): string => (existsSync(join(root, log)) ? readFileSync(join(root, log), 'utf8') : '');
      while (!said().includes('started')) await sleep(10);
      expect(await run(join(root, 'bin', stop), [])).to.deep.equal({ stdout: '', stderr: '', code: 0 });
      while (!said().includes('stopped by SIGTERM')) await sleep(10);
      expect(said()).to.equal(`source started in ${base} with x\nstopped by SIGTERM\n`);
    }
  });

  it('stops the servers of its own installation only, whether source or build', async () => {
    const [one, two] = [install('one'), install('two', { withBuild: true })];
    const mine = await start(join(one, 'bin/kafka-server-start.sh'), ['x']);
    const other = await start(join(two, 'bin/kafka-server-start.sh'), ['x']);
    const coordinator = await start(join(one, 'bin/zookeeper-server-start.sh'), ['x']);
    // Not a server: it only mentions one.
    const editor = spawn('sleep', ['1000'], { argv0: `view ${one}/broker/server/main.ts` });
    pids.push(editor.pid!);

    expect((await run(join(one, 'bin/kafka-server-stop.sh'), [])).code).to.equal(0);
    expect(await mine.ended).to.contain('stopped by SIGTERM');
    for (const { pid } of [other, coordinator, { pid: editor.pid! }]) expect(isAlive(pid)).to.equal(true);

    expect((await run(join(two, 'bin/kafka-server-stop.sh'), [], { env: { SIGNAL: 'INT' } })).code).to.equal(0);
    expect(await other.ended).to.contain('stopped by SIGINT');
  });

  it('says when there is nothing to stop', async () => {
    const root = install('one');
    expect(await run(join(root, 'bin/kafka-server-stop.sh'), [])).to.deep.equal({ stdout: 'No kafka server to stop\n', stderr: '', code: 1 });
    expect(await run(join(root, 'bin/zookeeper-server-stop.sh'), [])).to.deep.equal({ stdout: 'No zookeeper server to stop\n', stderr: '', code: 1 });
  });

  it('says in one line what to do without a suitable Node, packages or program', async () => {
    const root = install('one', { withNode: false });
    const script = join(root, 'bin/kafka-server-start.sh');
    const tools = join(base, 'tools');
    mkdirSync(tools);
    writeFileSync(join(tools, 'node'), '#!/bin/sh\necho v20.20.0\n', { mode: 0o755 });
    const old = await run(script, ['x'], { env: { PATH: `${tools}:/usr/bin:/bin` } });
    expect(old).to.deep.equal({
      stdout: '',
      stderr: `Node.js 22.18 or newer is needed, and the one on the PATH is v20.20.0: install it, or run "make setup" in ${root}, which brings one.\n`,
      code: 1,
    });

    // The system's own, if it is new enough.
    await rm(join(tools, 'node'));
    symlinkSync(process.execPath, join(tools, 'node'));
    const env = { PATH: `${tools}:/usr/bin:/bin` };
    expect((await run(script, ['x', '--once'], { env })).code).to.equal(0);

    expect((await run(join(root, 'bin/kafka-topics.sh'), ['--list'], { env })).stderr).to.equal(
      `broker/cli/kafka-topics is not part of this installation (${root}).\n`,
    );
    await rm(join(root, 'node_modules'), { recursive: true });
    expect(await run(script, ['x', '--once'], { env })).to.deep.equal({
      stdout: '',
      stderr: `Nothing is installed yet in ${root}: run "make setup" there first.\n`,
      code: 1,
    });
  });
});
