/**
 * A coordinator and a broker as their users start them, by the scripts in `bin/`, on free ports and a temporary directory; or
 * the real ZooKeeper and Kafka 3.4 in the same way, so that each test can be proven on the original and a benchmark can run both.
 *
 * A server counts as ready when it answers: `srvr` for the coordinator, an ApiVersions request for the broker.
 */
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeTemporaryDirectory, temporaryDirectory } from './leftovers.ts';
import { Program, readProcessFile, type Finished } from './process.ts';

export const repository = resolve(import.meta.dirname, '../../..');
export const kafkaTool = join(repository, 'test/interop/kafka-tools/kafka-tool.sh');

/** Whose servers: this repository's, or the real ones. */
export type Maker = 'vivarium' | 'kafka';

export interface PairOptions {
  readonly maker: Maker;
  /** More lines of server.properties. */
  readonly broker?: Readonly<Record<string, string | number>>;
  /** More lines of zookeeper.properties. */
  readonly coordinator?: Readonly<Record<string, string | number>>;
}

const host = '127.0.0.1';
const readyTimeoutMs = 60_000;
const pollMs = 50;

/** A port nobody listens on, below the range the kernel takes for outgoing connections, so that it stays free. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, host, () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error('No free port among 100 tried between 12000 and 30000');
}

/** Sends `request` to a port and gives the answer's first bytes, or undefined where nothing answers in time. */
async function ask(port: number, request: Buffer | string, bytesMin: number, timeoutMs: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let answer = Buffer.alloc(0);
    const socket = connect(port, host, () => socket.write(request));
    const timer = setTimeout(() => end(undefined), timeoutMs);
    const end = (result: Buffer | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= bytesMin) end(answer);
    });
    socket.on('error', () => end(undefined));
    socket.on('close', () => end(undefined));
  });
}

export async function coordinatorAnswers(port: number): Promise<boolean> {
  const answer = await ask(port, 'srvr', 9, 1_000);
  return answer !== undefined && answer.toString('latin1', 0, 9) === 'Zookeeper';
}

// Size 10, api key 18 (ApiVersions), version 0, correlation id 1, null client id.
const apiVersionsRequest = Buffer.from('0000000a0012000000000001ffff', 'hex');

export async function brokerAnswers(port: number, timeoutMs = 1_000): Promise<boolean> {
  const answer = await ask(port, apiVersionsRequest, 10, timeoutMs);
  return answer !== undefined && answer.readInt32BE(4) === 1 && answer.readInt16BE(8) === 0;
}

export async function waitForAnswer(server: Program, answers: () => Promise<boolean>, timeoutMs = readyTimeoutMs): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await answers())) {
    if (server.ended !== undefined) throw new Error(`"${server.title}" ended instead of serving:\n${server.transcript()}`);
    if (Date.now() > deadline) throw new Error(`"${server.title}" does not answer after ${timeoutMs} ms:\n${server.transcript()}`);
    await delay(pollMs);
  }
}

export function propertiesText(properties: Readonly<Record<string, string | number>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

export class ServerPair {
  readonly maker: Maker;
  readonly directory: string;
  readonly coordinatorPort: number;
  readonly brokerPort: number;
  /** The running server, or the last one that ran. */
  coordinator!: Program;
  broker!: Program;

  /** Only writes the configuration; nothing runs yet. */
  static async prepare(options: PairOptions): Promise<ServerPair> {
    return new ServerPair(options, await freePort(), await freePort());
  }

  /** Gives a pair that serves. */
  static async start(options: PairOptions): Promise<ServerPair> {
    const pair = await ServerPair.prepare(options);
    try {
      pair.launchCoordinator();
      await pair.coordinatorReady();
      pair.launchBroker();
      await pair.brokerReady();
      return pair;
    } catch (error) {
      await pair.close();
      throw error;
    }
  }

  private constructor(options: PairOptions, coordinatorPort: number, brokerPort: number) {
    this.maker = options.maker;
    this.coordinatorPort = coordinatorPort;
    this.brokerPort = brokerPort;
    this.directory = temporaryDirectory(`interop-${options.maker}-`);
    writeFileSync(
      join(this.directory, 'zookeeper.properties'),
      propertiesText({
        dataDir: join(this.directory, 'coordinator'),
        clientPort: coordinatorPort,
        clientPortAddress: host,
        maxClientCnxns: 0,
        'admin.enableServer': 'false',
        ...options.coordinator,
      }),
    );
    writeFileSync(
      join(this.directory, 'server.properties'),
      propertiesText({
        'broker.id': 0,
        listeners: `PLAINTEXT://${host}:${brokerPort}`,
        'log.dirs': this.logDirectory,
        'zookeeper.connect': `${host}:${coordinatorPort}`,
        'offsets.topic.replication.factor': 1,
        'transaction.state.log.replication.factor': 1,
        'transaction.state.log.min.isr': 1,
        'group.initial.rebalance.delay.ms': 0,
        ...options.broker,
      }),
    );
  }

  get bootstrap(): string {
    return `${host}:${this.brokerPort}`;
  }

  get logDirectory(): string {
    return join(this.directory, 'kafka-logs');
  }

  launchCoordinator(): void {
    this.coordinator = this.#launch('zookeeper-server-start.sh', [join(this.directory, 'zookeeper.properties')]);
  }

  async coordinatorReady(): Promise<void> {
    await waitForAnswer(this.coordinator, () => coordinatorAnswers(this.coordinatorPort));
  }

  launchBroker(): void {
    this.broker = this.#launch('kafka-server-start.sh', [join(this.directory, 'server.properties')]);
  }

  async brokerReady(timeoutMs?: number): Promise<void> {
    await waitForAnswer(this.broker, () => brokerAnswers(this.brokerPort), timeoutMs);
  }

  /** Ends the broker as a power cut would: no clean-up, no goodbye to the coordinator. */
  async killBroker(): Promise<Finished> {
    return this.broker.stop('SIGKILL');
  }

  /** All processes of both servers. */
  processes(): number[] {
    return [...this.coordinatorProcesses(), ...this.brokerProcesses()];
  }

  coordinatorProcesses(): number[] {
    return this.coordinator.group();
  }

  brokerProcesses(): number[] {
    return this.broker.group();
  }

  /** What both servers have said last, for a failure's message. */
  logs(charactersMax = 4_000): string {
    return [this.coordinator, this.broker]
      .filter((server) => (server as Program | undefined) !== undefined)
      .map((server) => `=== ${server.title}\n${server.transcript(charactersMax)}`)
      .join('');
  }

  /** Stops the broker, then the coordinator, without removing their files. */
  async stop(): Promise<void> {
    for (const server of [this.broker, this.coordinator] as (Program | undefined)[]) {
      if (server !== undefined && server.ended === undefined) await server.stop('SIGTERM', 30_000);
    }
  }

  async close(): Promise<void> {
    try {
      await this.stop();
    } finally {
      removeTemporaryDirectory(this.directory);
    }
  }

  #launch(script: string, args: readonly string[]): Program {
    // The servers' own log files would land in the repository; what they say is kept here anyway.
    const options = { cwd: this.directory, env: { LOG_DIR: join(this.directory, 'logs') } };
    if (this.maker === 'vivarium') return new Program(join(repository, 'bin', script), args, options);
    return new Program(kafkaTool, [script, ...args], options);
  }
}

/** Processor time that these processes have used so far, user and system, in seconds. */
export function cpuSeconds(pids: readonly number[]): number {
  const ticksPerSecond = 100; // USER_HZ, the unit of /proc/<pid>/stat, is 100 on every Linux that Node runs on.
  let ticks = 0;
  for (const pid of pids) {
    const stat = readProcessFile(pid, 'stat');
    if (stat === undefined) continue;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]); // utime and stime, fields 14 and 15 of the line
  }
  return ticks / ticksPerSecond;
}

/** Memory of these processes, in MiB: `VmRSS` now, `VmHWM` at most so far, `Pss` now with pages that several share counted once. */
export function memoryMiB(pids: readonly number[], row: 'VmRSS' | 'VmHWM' | 'Pss'): number {
  let kib = 0;
  const file = row === 'Pss' ? 'smaps_rollup' : 'status';
  for (const pid of pids) kib += Number(readProcessFile(pid, file)?.match(new RegExp(`^${row}:\\s+(\\d+)`, 'm'))?.[1] ?? 0);
  return kib / 1024;
}
