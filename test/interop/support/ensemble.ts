/**
 * Three coordinators that are one ensemble, ours or Apache ZooKeeper 3.8, started as their users start them; members are killed and
 * started again on their data.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CoordinatorMaker } from './coordinator.ts';
import { coordinatorMaker } from './coordinator.ts';
import { removeTemporaryDirectory, temporaryDirectory } from './leftovers.ts';
import { Program } from './process.ts';
import { zookeeperTool } from './real-zookeeper.ts';
import { freePort, repository } from './servers.ts';

const SIZE = 3;
const QUORUM_TIMEOUT_MS = 90_000;

interface Member {
  readonly id: number;
  readonly port: number;
  readonly file: string;
  program: Program | null;
}

/** What a member calls itself (`srvr`): `leader`, `follower`, or null while it serves nobody. */
export async function modeOf(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('srvr'));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(/^Mode: (\w+)$/m.exec(answer)?.[1] ?? null));
  });
}

export class Ensemble {
  readonly #maker: CoordinatorMaker;
  readonly #directory: string;
  readonly #members: Member[];

  readonly #env: Readonly<Record<string, string>>;

  /** Only writes the configuration; nothing runs yet. */
  static async prepare(maker: CoordinatorMaker, env: Readonly<Record<string, string>> = {}): Promise<Ensemble> {
    const ports: number[] = [];
    while (ports.length < SIZE * 3) {
      const port = await freePort();
      if (!ports.includes(port)) ports.push(port);
    }
    return new Ensemble(maker, ports, env);
  }

  /** Starts three members and waits until all of them serve. */
  static async start(maker: CoordinatorMaker = coordinatorMaker, env: Readonly<Record<string, string>> = {}): Promise<Ensemble> {
    const ensemble = await Ensemble.prepare(maker, env);
    try {
      ensemble.launch();
      await ensemble.whenServing(SIZE);
    } catch (error) {
      const logs = ensemble.logs();
      await ensemble.close();
      throw new Error(`The ensemble does not serve:\n${logs}`, { cause: error });
    }
    return ensemble;
  }

  private constructor(maker: CoordinatorMaker, ports: readonly number[], env: Readonly<Record<string, string>>) {
    this.#maker = maker;
    this.#env = env;
    this.#directory = temporaryDirectory(`interop-${maker}-ensemble-`);
    const servers = Array.from({ length: SIZE }, (_unused, i) => `server.${i + 1}=127.0.0.1:${ports[SIZE + i]}:${ports[2 * SIZE + i]}`);
    this.#members = Array.from({ length: SIZE }, (_unused, i) => {
      const id = i + 1;
      const dataDir = join(this.#directory, String(id));
      mkdirSync(dataDir);
      writeFileSync(join(dataDir, 'myid'), `${id}\n`);
      const file = join(this.#directory, `zookeeper-${id}.properties`);
      const lines = [`dataDir=${dataDir}`, `clientPort=${ports[i]}`, 'clientPortAddress=127.0.0.1', 'tickTime=2000', 'initLimit=10', 'syncLimit=5'];
      writeFileSync(file, `${[...lines, 'maxClientCnxns=0', 'admin.enableServer=false', ...servers].join('\n')}\n`);
      return { id, port: ports[i]!, file, program: null };
    });
  }

  /** The connect string: every member. */
  get address(): string {
    return this.#members.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  get ports(): readonly number[] {
    return this.#members.map(({ port }) => port);
  }

  /** Of all members that run. */
  processes(): number[] {
    return this.#members.flatMap(({ program }) => (program === null || program.ended !== undefined ? [] : program.group()));
  }

  /** Starts all members at once. */
  launch(): void {
    for (const member of this.#members) this.#launch(member);
  }

  #launch(member: Member): void {
    const env = { LOG_DIR: this.#directory, ...this.#env };
    member.program =
      this.#maker === 'vivarium'
        ? new Program(join(repository, 'bin/zookeeper-server-start.sh'), [member.file], { cwd: this.#directory, env })
        : new Program(zookeeperTool, ['server', member.file], { cwd: this.#directory, env: this.#env });
  }

  /** Waits until `count` members serve, one of them as leader. */
  async whenServing(count: number): Promise<void> {
    const deadline = Date.now() + QUORUM_TIMEOUT_MS;
    for (;;) {
      const modes = await Promise.all(this.#members.map(({ port }) => modeOf(port)));
      if (modes.includes('leader') && modes.filter((mode) => mode !== null).length >= count) return;
      if (Date.now() > deadline) throw new Error(`${count} members do not serve within ${QUORUM_TIMEOUT_MS} ms: ${modes.join(', ')}`);
      await delay(50);
    }
  }

  async #leader(): Promise<Member> {
    for (const member of this.#members) if ((await modeOf(member.port)) === 'leader') return member;
    throw new Error('There is no leader');
  }

  async leaderPort(): Promise<number> {
    return (await this.#leader()).port;
  }

  /**
   * Kills the leader as a power cut would, waits until the others have another, and starts it again as a follower. `killed` is
   * called when the signal has been sent, and waited for.
   */
  async killLeader(killed: () => void | Promise<void> = () => undefined): Promise<void> {
    const leader = await this.#leader();
    const ended = leader.program!.stop('SIGKILL');
    await killed();
    await ended;
    await this.whenServing(SIZE - 1);
    this.#launch(leader);
    await this.whenServing(SIZE);
  }

  logs(charactersMax = 4_000): string {
    return this.#members.map(({ id, program }) => `=== member ${id}\n${program?.transcript(charactersMax) ?? ''}`).join('');
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ program }) => (program === null || program.ended !== undefined ? undefined : program.stop('SIGTERM', 30_000))));
    removeTemporaryDirectory(this.#directory);
  }
}
