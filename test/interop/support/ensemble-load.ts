/**
 * A client of an ensemble that never rests, and tells a history of all that it does: writes, synced reads, sequential znodes,
 * ephemerals, watches. Two kinds: our client, in this process, and kazoo (`python/ensemble_load.py`) in one of its own. Calls are
 * never repeated, so that what was done twice was done twice by the ensemble.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createPrng, type Prng } from '../../../shared/base/prng.ts';
import { CoordinatorClient, CoordinatorError, CreateMode, ErrorCode, type Transport } from '../../../shared/client/index.ts';
import { python } from './clients.ts';
import { monotonicMicros, type Happening, type History } from './history.ts';
import { Program } from './process.ts';
import { join } from 'node:path';

/** The most that a server with a tickTime of 2 s grants. */
const SESSION_TIMEOUT_MS = 40_000;
const PAUSE_MS = 15;
export const BELL = '/bell';
export const SEQUENTIALS = '/sequentials';
export const EPHEMERALS = '/ephemerals';

export interface Load {
  readonly client: number;
  /** What it works on from now on; it makes a new ephemeral, and watches all of these. */
  work(round: number, paths: readonly string[]): void;
  /** How it is, for a failure's message. */
  readonly state: () => string;
  /** Ends the load; the session, and what is ephemeral, is given up. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly client: number;
  readonly servers: string;
  readonly history: History;
  readonly seed: number;
}

/** Whether a call's failure leaves open what became of it. */
function isLost(error: unknown): boolean {
  return error instanceof CoordinatorError && (error.code === ErrorCode.CONNECTIONLOSS || error.code === ErrorCode.SESSIONEXPIRED);
}

export class OwnLoad implements Load {
  readonly client: number;
  private readonly history: History;
  private readonly prng: Prng;
  private readonly session: CoordinatorClient;
  private paths: readonly string[] = [];
  /** Watched znodes whose watch has gone off. */
  private readonly rung = new Set<string>([BELL]);
  private ephemeralOf = 0;
  private round = 0;
  /** The next round and its paths; taken up after a sync, for a follower may not have heard of them. */
  private assigned: { readonly round: number; readonly paths: readonly string[] } = { round: 0, paths: [] };
  private count = 0;
  private stopping = false;
  private failure: unknown = null;
  private readonly done: Promise<void>;

  constructor({ client, servers, history, seed }: LoadOptions, transport?: Transport) {
    this.client = client;
    this.history = history;
    this.prng = createPrng(seed);
    this.session = CoordinatorClient.open({ servers, sessionTimeoutMs: SESSION_TIMEOUT_MS, ...(transport === undefined ? {} : { transport }) });
    this.session.on('expired', () => history.add({ kind: 'expired', client }));
    this.done = this.run().catch((error: unknown) => {
      this.failure = error;
    });
  }

  work(round: number, paths: readonly string[]): void {
    this.assigned = { round, paths };
  }

  readonly state = (): string => `${this.session.state} at ${this.session.server}, ${String(this.failure ?? 'at work')}`;

  async stop(): Promise<void> {
    this.stopping = true;
    await this.done;
    await this.session.close();
    if (this.failure !== null) throw this.failure;
  }

  private async run(): Promise<void> {
    while (!this.stopping && this.session.state !== 'EXPIRED') {
      try {
        if (this.assigned.round !== this.round) await this.catchUp();
        for (const path of this.rung) await this.look(path);
        if (this.ephemeralOf !== this.round) await this.makeEphemeral();
        if (this.paths.length > 0) await this.step();
      } catch (error) {
        if (!isLost(error)) throw error;
      }
      await delay(PAUSE_MS);
    }
  }

  private async catchUp(): Promise<void> {
    const { round, paths } = this.assigned;
    await this.session.sync('/');
    for (const path of paths) this.rung.add(path);
    this.round = round;
    this.paths = paths;
  }

  private async look(path: string): Promise<void> {
    this.rung.delete(path); // first: the watch may go off before its call returns
    try {
      const { stat } = await this.session.getData(path, { watch: () => this.rung.add(path) });
      this.history.add({ kind: 'seen', client: this.client, path, version: stat.version });
    } catch (error) {
      this.rung.add(path);
      throw error;
    }
  }

  private async makeEphemeral(): Promise<void> {
    const { round, client } = this;
    this.ephemeralOf = round; // one try: a lost answer leaves a znode that nobody vouches for
    const { path, stat } = await this.session.createWithStat(`${EPHEMERALS}/${client}-${round}`, null, { mode: CreateMode.EPHEMERAL });
    this.history.add({ kind: 'ephemeral', client, path, czxid: stat.czxid });
  }

  private async step(): Promise<void> {
    const path = this.paths[this.prng.int(this.paths.length)]!;
    const dice = this.prng.int(10);
    if (dice < 4) await this.read(path);
    else if (dice < 6) await this.write(path, -1);
    else if (dice < 8) await this.write(path, await this.read(path));
    else await this.createSequential();
  }

  private async read(path: string): Promise<number> {
    const from = monotonicMicros();
    const synced = this.session.sync(path);
    const [, { data, stat }] = await Promise.all([synced, this.session.getData(path)]);
    const value = Buffer.from(data ?? []).toString();
    this.history.add({ kind: 'read', client: this.client, path, from, to: monotonicMicros(), outcome: 'ok', value, version: stat.version });
    return stat.version;
  }

  private async write(path: string, expected: number): Promise<void> {
    const value = `${this.client}:${this.count++}`;
    const from = monotonicMicros();
    const told = (outcome: 'ok' | 'refused' | 'unknown', version: number): void =>
      this.history.add({ kind: 'write', client: this.client, path, value, expected, from, to: monotonicMicros(), outcome, version });
    try {
      told('ok', (await this.session.setData(path, value, expected)).version);
    } catch (error) {
      if (isLost(error)) return told('unknown', -1);
      if (!(error instanceof CoordinatorError && error.code === ErrorCode.BADVERSION)) throw error;
      told('refused', -1);
    }
  }

  private async createSequential(): Promise<void> {
    const value = `${this.client}:${this.count++}`;
    const from = monotonicMicros();
    const told = (outcome: 'ok' | 'unknown', path: string): void =>
      this.history.add({ kind: 'sequential', client: this.client, value, from, to: monotonicMicros(), outcome, path });
    try {
      told('ok', await this.session.create(`${SEQUENTIALS}/n-`, value, { mode: CreateMode.PERSISTENT_SEQUENTIAL }));
    } catch (error) {
      if (!isLost(error)) throw error;
      told('unknown', '');
    }
  }
}

export class KazooLoad implements Load {
  readonly client: number;
  private readonly program: Program;
  private partial = '';

  constructor({ client, servers, history, seed }: LoadOptions) {
    this.client = client;
    const script = join(import.meta.dirname, '../python/ensemble_load.py');
    this.program = new Program(python, [script, servers, String(client), String(seed), String(SESSION_TIMEOUT_MS / 1000)], {
      openInput: true,
      onStdout: (chunk) => {
        const lines = (this.partial + chunk.toString()).split('\n');
        this.partial = lines.pop()!;
        for (const line of lines) history.add(JSON.parse(line) as Happening);
      },
    });
  }

  work(round: number, paths: readonly string[]): void {
    this.program.type(`${[round, ...paths].join(' ')}\n`);
  }

  readonly state = (): string => this.program.transcript();

  async stop(): Promise<void> {
    this.program.endInput();
    const { code, stderr } = await this.program.finish(60_000);
    if (code !== 0) throw new Error(`kazoo's load ended with code ${code}:\n${stderr}`);
  }
}
