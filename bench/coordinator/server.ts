/** One coordinator to be measured: this repository's or the real ZooKeeper 3.8, started as their users start them, with one configuration. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeTemporaryDirectory, temporaryDirectory } from '../../test/interop/support/leftovers.ts';
import { Program } from '../../test/interop/support/process.ts';
import { zookeeperTool } from '../../test/interop/support/real-zookeeper.ts';
import { coordinatorAnswers, cpuSeconds, freePort, memoryMiB, repository } from '../../test/interop/support/servers.ts';

export type Maker = 'zookeeper' | 'vivarium';

/** What zkServer.sh gives the original, in MB. */
const HEAP_MB = '1000';
const START_TIMEOUT_MS = 120_000;
const PROBE_MS = 5;

export class Server {
  readonly maker: Maker;
  readonly port: number;
  private readonly directory: string;
  private program: Program | null = null;

  private constructor(maker: Maker, port: number) {
    this.maker = maker;
    this.port = port;
    this.directory = temporaryDirectory(`bench-${maker}-`);
    // tickTime, snapCount, forceSync…: the defaults of both, which are the same.
    const settings = { dataDir: join(this.directory, 'data'), clientPort: port, clientPortAddress: '127.0.0.1', maxClientCnxns: 0, 'admin.enableServer': false };
    writeFileSync(this.configuration, Object.entries(settings).map(([key, value]) => `${key}=${value}\n`).join(''));
  }

  /** Only writes the configuration. */
  static async prepare(maker: Maker): Promise<Server> {
    return new Server(maker, await freePort());
  }

  private get configuration(): string {
    return join(this.directory, 'zoo.cfg');
  }

  /** Starts it; gives the time until it answered, in ms. */
  async start(): Promise<number> {
    const options = { cwd: this.directory, env: { ZK_SERVER_HEAP: HEAP_MB } };
    const startMs = performance.now();
    this.program =
      this.maker === 'zookeeper'
        ? new Program(zookeeperTool, ['server', this.configuration], options)
        : new Program(join(repository, 'bin/zookeeper-server-start.sh'), [this.configuration], options);
    // The original leaves some connections that were made while it starts open and silent: a probe must not wait for another.
    let servesMs = 0;
    while (servesMs === 0) {
      void coordinatorAnswers(this.port).then((answers) => {
        if (answers && servesMs === 0) servesMs = performance.now();
      });
      if (this.program.ended !== undefined || performance.now() - startMs > START_TIMEOUT_MS) {
        throw new Error(`${this.maker} does not serve:\n${this.program.transcript()}`);
      }
      await delay(PROBE_MS);
    }
    return servesMs - startMs;
  }

  cpuSeconds(): number {
    return cpuSeconds(this.program!.group());
  }

  memoryMiB(): number {
    return memoryMiB(this.program!.group(), 'VmRSS');
  }

  transcript(): string {
    return this.program?.transcript() ?? '';
  }

  async stop(): Promise<void> {
    if (this.program?.ended === undefined) await this.program?.stop('SIGTERM', 60_000);
  }

  async close(): Promise<void> {
    try {
      await this.stop();
    } finally {
      removeTemporaryDirectory(this.directory);
    }
  }
}
