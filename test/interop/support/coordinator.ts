/**
 * A coordinator that a test may kill and start again on the same data and port: ours as its users start it, or Apache ZooKeeper 3.8,
 * so that a test of a client is proven on the original. Which one is chosen by the environment, as for Kafka:
 * `INTEROP_TARGET=kafka` takes the original.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTemporaryDirectory, temporaryDirectory } from './leftovers.ts';
import { Program } from './process.ts';
import { zookeeperTool } from './real-zookeeper.ts';
import { coordinatorAnswers, freePort, repository, waitForAnswer } from './servers.ts';
import { maker as targetMaker } from './shared-pair.ts';

export type CoordinatorMaker = 'vivarium' | 'zookeeper';

/** Whose coordinator the tests of this run start. */
export const coordinatorMaker: CoordinatorMaker = targetMaker === 'vivarium' ? 'vivarium' : 'zookeeper';

const READY_TIMEOUT_MS = 60_000;

export class Coordinator {
  readonly port: number;
  readonly maker: CoordinatorMaker;
  readonly directory: string;
  /** The running server, or the last one that ran. */
  program!: Program;
  readonly #file: string;
  readonly #env: Readonly<Record<string, string>>;

  /**
   * Starts one and waits until it serves. `settings` are further lines of zoo.cfg; `files` lie beside it; `env` has what the
   * original takes from the environment alone (JVMFLAGS). DIRECTORY in a setting or variable stands for the folder.
   */
  static async start(
    settings: Readonly<Record<string, string | number>> = {},
    { maker = coordinatorMaker, files = {}, env = {} }: { maker?: CoordinatorMaker; files?: Readonly<Record<string, string>>; env?: Readonly<Record<string, string>> } = {},
  ): Promise<Coordinator> {
    const coordinator = new Coordinator(maker, await freePort(), settings, files, env);
    try {
      await coordinator.launch();
    } catch (error) {
      await coordinator.close();
      throw error;
    }
    return coordinator;
  }

  private constructor(
    maker: CoordinatorMaker,
    port: number,
    settings: Readonly<Record<string, string | number>>,
    files: Readonly<Record<string, string>>,
    env: Readonly<Record<string, string>>,
  ) {
    this.maker = maker;
    this.port = port;
    this.directory = temporaryDirectory(`interop-${maker}-coordinator-`);
    mkdirSync(join(this.directory, 'data'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.directory, name), text);
    const lines = {
      dataDir: join(this.directory, 'data'),
      clientPort: port,
      clientPortAddress: '127.0.0.1',
      maxClientCnxns: 0,
      'admin.enableServer': 'false',
      ...settings,
    };
    this.#file = join(this.directory, 'zoo.cfg');
    writeFileSync(this.#file, Object.entries(lines).map(([key, value]) => `${key}=${String(value).replace('DIRECTORY', this.directory)}\n`).join(''));
    this.#env = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace('DIRECTORY', this.directory)]));
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts the server, for the first time or after it ended; waits until it serves. */
  async launch(): Promise<void> {
    this.program =
      this.maker === 'vivarium'
        ? new Program(join(repository, 'bin/zookeeper-server-start.sh'), [this.#file], { cwd: this.directory, env: { LOG_DIR: join(this.directory, 'logs'), ...this.#env } })
        : new Program(zookeeperTool, ['server', this.#file], { cwd: this.directory, env: this.#env });
    await waitForAnswer(this.program, () => coordinatorAnswers(this.port), READY_TIMEOUT_MS);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    await this.program.stop('SIGKILL');
  }

  async close(): Promise<void> {
    if (this.program.ended === undefined) await this.program.stop('SIGTERM', 30_000);
    removeTemporaryDirectory(this.directory);
  }
}
