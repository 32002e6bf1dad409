/**
 * Several coordinators and several brokers on one machine, each started by the scripts of this repository or as the real
 * ZooKeeper and Kafka 3.4; also mixed, because a real broker may live among ours and ours on a real ensemble. Servers are numbered
 * from 0; member N of the ensemble has the id N + 1, broker N the id N.
 */
import { appendFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeTemporaryDirectory, temporaryDirectory } from './leftovers.ts';
import { Program, type Finished } from './process.ts';
import { brokerAnswers, coordinatorAnswers, freePort, kafkaTool, propertiesText, repository, waitForAnswer, type Maker } from './servers.ts';

export interface ClusterOptions {
  /** Whose servers, one for each. */
  readonly coordinators: readonly Maker[];
  readonly brokers: readonly Maker[];
  /** More lines of every coordinator's, or every broker's, properties. */
  readonly coordinator?: Readonly<Record<string, string | number>>;
  readonly broker?: Readonly<Record<string, string | number>>;
  /** Lines of one coordinator's properties that differ from the others'. */
  readonly coordinatorAt?: (at: number) => Readonly<Record<string, string | number>>;
}

interface Member {
  readonly maker: Maker;
  readonly port: number;
  program: Program | null;
}

const host = '127.0.0.1';
const READY_TIMEOUT_MS = 90_000;
const POLL_MS = 20;

export class ServerCluster {
  readonly directory: string;
  readonly coordinators: readonly Member[];
  readonly brokers: readonly Member[];
  /** All that were started, also those that ended. */
  private readonly programs: { readonly name: string; readonly program: Program }[] = [];

  /** Only writes the configuration; nothing runs yet. */
  static async prepare(options: ClusterOptions): Promise<ServerCluster> {
    const ports: number[] = [];
    const total = options.coordinators.length * 3 + options.brokers.length;
    while (ports.length < total) {
      const port = await freePort();
      if (!ports.includes(port)) ports.push(port);
    }
    return new ServerCluster(options, ports);
  }

  /** Gives a cluster whose members all serve. */
  static async start(options: ClusterOptions): Promise<ServerCluster> {
    const cluster = await ServerCluster.prepare(options);
    try {
      for (const at of cluster.coordinators.keys()) cluster.launchCoordinator(at);
      await cluster.coordinatorsReady();
      for (const at of cluster.brokers.keys()) cluster.launchBroker(at);
      await cluster.brokersReady();
      return cluster;
    } catch (error) {
      process.stderr.write(cluster.logs());
      await cluster.close();
      throw error;
    }
  }

  private constructor(options: ClusterOptions, ports: number[]) {
    this.directory = temporaryDirectory('interop-cluster-');
    const take = (maker: Maker): Member => ({ maker, port: ports.pop()!, program: null });
    this.coordinators = options.coordinators.map(take);
    this.brokers = options.brokers.map(take);
    const alone = this.coordinators.length === 1;
    const servers = alone
      ? {}
      : Object.fromEntries(this.coordinators.map((_, at) => [`server.${at + 1}`, `${host}:${ports.pop()!}:${ports.pop()!}`]));
    for (const [at, { port }] of this.coordinators.entries()) {
      const dataDir = join(this.directory, `coordinator-${at}`);
      mkdirSync(dataDir);
      if (!alone) writeFileSync(join(dataDir, 'myid'), `${at + 1}\n`);
      const base = { dataDir, clientPort: port, clientPortAddress: host, tickTime: 2000, initLimit: 10, syncLimit: 5, maxClientCnxns: 0 };
      const properties = { ...base, 'admin.enableServer': 'false', '4lw.commands.whitelist': '*', ...servers, ...options.coordinator, ...options.coordinatorAt?.(at) };
      writeFileSync(this.coordinatorFile(at), propertiesText(properties));
    }
    for (const [at, { port }] of this.brokers.entries()) {
      const properties = {
        'broker.id': at,
        listeners: `PLAINTEXT://${host}:${port}`,
        'log.dirs': this.logDirectory(at),
        'zookeeper.connect': this.connectString,
        'offsets.topic.replication.factor': Math.min(3, this.brokers.length),
        'transaction.state.log.replication.factor': Math.min(3, this.brokers.length),
        'transaction.state.log.min.isr': Math.min(2, this.brokers.length),
        'group.initial.rebalance.delay.ms': 0,
        ...options.broker,
      };
      writeFileSync(this.brokerFile(at), propertiesText(properties));
    }
  }

  private coordinatorFile(at: number): string {
    return join(this.directory, `zookeeper-${at}.properties`);
  }

  private brokerFile(at: number): string {
    return join(this.directory, `server-${at}.properties`);
  }

  logDirectory(at: number): string {
    return join(this.directory, `kafka-logs-${at}`);
  }

  get connectString(): string {
    return this.coordinators.map(({ port }) => `${host}:${port}`).join(',');
  }

  get bootstrap(): string {
    return this.brokers.map(({ port }) => `${host}:${port}`).join(',');
  }

  launchCoordinator(at: number): void {
    const member = this.coordinators[at]!;
    member.program = this.#launch(member.maker, 'zookeeper-server-start.sh', this.coordinatorFile(at), `coordinator-${at}`);
  }

  launchBroker(at: number): void {
    const member = this.brokers[at]!;
    member.program = this.#launch(member.maker, 'kafka-server-start.sh', this.brokerFile(at), `broker-${at}`);
  }

  async coordinatorsReady(): Promise<void> {
    for (const { program, port } of this.coordinators) {
      if (program !== null) await waitForAnswer(program, () => coordinatorAnswers(port), READY_TIMEOUT_MS);
    }
  }

  async brokersReady(): Promise<void> {
    for (const at of this.brokers.keys()) await this.brokerReady(at);
  }

  async brokerReady(at: number): Promise<void> {
    const { program, port } = this.brokers[at]!;
    if (program !== null) await waitForAnswer(program, () => brokerAnswers(port), READY_TIMEOUT_MS);
  }

  /** Ends a server as a power cut would. */
  async killCoordinator(at: number): Promise<Finished> {
    return this.coordinators[at]!.program!.stop('SIGKILL');
  }

  async killBroker(at: number): Promise<Finished> {
    return this.brokers[at]!.program!.stop('SIGKILL');
  }

  /** Which member leads, as the four-letter word says; null when none does. */
  async leader(ask: (port: number) => Promise<string>): Promise<number | null> {
    const modes = await Promise.all(this.coordinators.map(({ port }) => ask(port).catch(() => '')));
    const at = modes.findIndex((text) => /Mode: (leader|standalone)/.test(text));
    return at < 0 ? null : at;
  }

  coordinatorProcesses(): number[] {
    return this.coordinators.flatMap(({ program }) => (program === null || program.ended !== undefined ? [] : program.group()));
  }

  brokerProcesses(): number[] {
    return this.brokers.flatMap(({ program }) => (program === null || program.ended !== undefined ? [] : program.group()));
  }

  processes(): number[] {
    return [...this.coordinatorProcesses(), ...this.brokerProcesses()];
  }

  logs(charactersMax = 4_000): string {
    return [...this.coordinators, ...this.brokers]
      .flatMap(({ program }) => (program === null ? [] : [`=== ${program.title}\n${program.transcript(charactersMax)}`]))
      .join('');
  }

  /** Writes all that any server said in any of its lives into a folder, a file each, and gives that folder. */
  writeLogs(): string {
    const folder = mkdtempSync(join(tmpdir(), 'interop-logs-'));
    for (const { name, program } of this.programs) appendFileSync(join(folder, `${name}.log`), program.transcript(Number.MAX_SAFE_INTEGER));
    return folder;
  }

  /** Stops brokers, then coordinators, without removing their files. Those that were paused go on first. */
  async stop(): Promise<void> {
    for (const members of [this.brokers, this.coordinators]) {
      await Promise.all(
        members.map(async ({ program }) => {
          if (program === null || program.ended !== undefined) return;
          for (const pid of program.group()) process.kill(pid, 'SIGCONT');
          await program.stop('SIGTERM', 30_000);
        }),
      );
    }
  }

  async close(): Promise<void> {
    try {
      await this.stop();
    } finally {
      removeTemporaryDirectory(this.directory);
    }
  }

  #launch(maker: Maker, script: string, file: string, name: string): Program {
    const options = { cwd: this.directory, env: { LOG_DIR: join(this.directory, `logs-${name}`) } };
    const program =
      maker === 'vivarium' ? new Program(join(repository, 'bin', script), [file], options) : new Program(kafkaTool, [script, file], options);
    this.programs.push({ name, program });
    return program;
  }
}

/** Asks again and again until the answer is good; fails with `what` when that takes too long. */
export async function eventually<T>(what: string, attempt: () => Promise<T | null>, timeoutMs = READY_TIMEOUT_MS): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await attempt();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await delay(POLL_MS);
  }
}
