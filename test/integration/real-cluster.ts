/** Coordinators and brokers as processes of their own, on free ports, that a test kills, holds up and starts again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../support/free-ports.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_PATIENCE_MS = 60_000;

/** A server that can die and come back. */
class Server {
  readonly name: string;
  readonly port: number;
  private readonly program: string;
  private readonly config: string;
  private readonly startedLine: RegExp;
  private readonly logFile: string;
  private child: ChildProcess | null = null;
  private exited: Promise<unknown> = Promise.resolve();
  output = '';

  constructor(options: {
    name: string;
    port: number;
    program: string;
    dir: string;
    properties: object;
    startedLine: RegExp;
  }) {
    this.name = options.name;
    this.port = options.port;
    this.program = join(ROOT, options.program);
    this.config = join(options.dir, `${options.name}.properties`);
    this.logFile = join(options.dir, `${options.name}.log`);
    this.startedLine = options.startedLine;
    const lines = Object.entries(options.properties).map(([key, value]) => `${key}=${value}`);
    writeFileSync(this.config, `${lines.join('\n')}\n`);
  }

  /** Resolves when it says that it serves. */
  async start(): Promise<void> {
    this.output = '';
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', this.program, this.config], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, VIVARIUM_LOG_LEVEL: 'info' },
    });
    this.child = child;
    this.exited = once(child, 'close').then(() => {
      if (this.child === child) this.child = null;
    });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.name} does not serve:\n${this.output}`)), START_PATIENCE_MS);
      const look = (chunk: Buffer): void => {
        this.output += chunk.toString();
        appendFileSync(this.logFile, chunk);
        if (!this.startedLine.test(this.output)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      child.once('exit', (code, signal) => reject(new Error(`${this.name} ended with ${code ?? signal}:\n${this.output}`)));
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Sends the signal and waits for the end. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.child === null) return;
    // One that is held up would not hear it.
    this.child.kill('SIGCONT');
    this.child.kill(signal);
    await this.exited;
  }
}

export class RealCluster {
  readonly dir = mkdtempSync(join(tmpdir(), 'vivarium-cluster-'));
  coordinators: Server[] = [];
  brokers: Server[] = [];

  /** Starts them all. `more` are further broker properties. */
  async start(coordinatorCount: number, brokerCount: number, more: Record<string, string> = {}): Promise<void> {
    const ports = await freePorts(3 * coordinatorCount + brokerCount);
    const take = (): number => ports.pop()!;
    const members = Array.from({ length: coordinatorCount }, (_, at) => ({
      id: at + 1,
      client: take(),
      quorum: take(),
      election: take(),
    }));
    this.coordinators = members.map(({ id, client }) => this.coordinator(id, client, members));
    const connect = members.map(({ client }) => `127.0.0.1:${client}`).join(',');
    this.brokers = Array.from({ length: brokerCount }, (_, id) => this.broker(id, take(), connect, more));
    await Promise.all([...this.coordinators, ...this.brokers].map((server) => server.start()));
  }

  private coordinator(
    id: number,
    port: number,
    members: readonly { id: number; quorum: number; election: number }[],
  ): Server {
    const ensemble =
      members.length === 1
        ? []
        : members.map((member) => [`server.${member.id}`, `127.0.0.1:${member.quorum}:${member.election}`] as const);
    const properties = {
      dataDir: join(this.dir, `coordinator-${id}`),
      clientPort: port,
      clientPortAddress: '127.0.0.1',
      'admin.enableServer': false,
      ...(members.length === 1 ? {} : { myid: id, initLimit: 10, syncLimit: 5 }),
      ...Object.fromEntries(ensemble),
    };
    const startedLine = /binding to port|Started: serving clients/;
    return new Server({
      name: `coordinator-${id}`,
      port,
      program: 'coordinator/server/main.ts',
      dir: this.dir,
      properties,
      startedLine,
    });
  }

  private broker(id: number, port: number, connect: string, more: Record<string, string>): Server {
    const properties = {
      'broker.id': id,
      listeners: `PLAINTEXT://127.0.0.1:${port}`,
      'log.dirs': join(this.dir, `logs-${id}`),
      'zookeeper.connect': connect,
      'default.replication.factor': 3,
      'min.insync.replicas': 2,
      'offsets.topic.num.partitions': 3,
      'offsets.topic.replication.factor': 3,
      'group.initial.rebalance.delay.ms': 0,
      ...more,
    };
    const startedLine = /\[KafkaServer id=\d+\] started \(kafka\.server\.KafkaServer\)/;
    return new Server({
      name: `broker-${id}`,
      port,
      program: 'broker/server/main.ts',
      dir: this.dir,
      properties,
      startedLine,
    });
  }

  get bootstrap(): { host: string; port: number }[] {
    return this.brokers.map(({ port }) => ({ host: '127.0.0.1', port }));
  }

  async close(): Promise<void> {
    await Promise.all(this.brokers.map((server) => server.end('SIGKILL')));
    await Promise.all(this.coordinators.map((server) => server.end('SIGKILL')));
    rmSync(this.dir, { recursive: true, force: true });
  }
}
