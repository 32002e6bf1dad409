/**
 * Three coordinators whose lines, to each other and to their clients, can be cut or silenced, and the bad luck they have: killed,
 * hanging, cut off, one after the other. It is drawn from a seed: kinds come like cards of a shuffled deck, so that a few rounds
 * see different ones, and half of the time the leader is meant, whoever that is by then.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createPrng, type Prng } from '../../../shared/base/prng.ts';
import { eventually, ServerCluster } from './cluster.ts';
import { modeOf } from './ensemble.ts';
import { Line, type Direction } from './line.ts';
import { freePort, type Maker } from './servers.ts';

const SIZE = 3;
const host = '127.0.0.1';
/** All of it shorter than a session, longer than it takes to elect somebody else. */
const DOWN_MS: readonly [number, number] = [200, 5_000];
const HANG_MS: readonly [number, number] = [1_000, 12_000];

interface Ports {
  readonly quorum: number;
  readonly election: number;
}

export class ChaoticEnsemble {
  readonly cluster: ServerCluster;
  /** `lines[from][to]`: what member `from` has in its configuration for member `to`, quorum and election port. */
  private readonly lines: readonly (readonly (readonly Line[])[])[];
  private readonly clientLines: readonly Line[];

  static async start(maker: Maker): Promise<ChaoticEnsemble> {
    const ports: Ports[] = [];
    for (let at = 0; at < SIZE; at++) ports.push({ quorum: await freePort(), election: await freePort() });
    const lines: Line[][][] = [];
    for (let from = 0; from < SIZE; from++) {
      lines.push([]);
      for (const [to, { quorum, election }] of ports.entries()) lines[from]!.push(from === to ? [] : [await Line.open(quorum), await Line.open(election)]);
    }
    const addressFor = (from: number, to: number): string => {
      const [quorum, election] = lines[from]![to]!;
      return quorum === undefined || election === undefined
        ? `${host}:${ports[to]!.quorum}:${ports[to]!.election}`
        : `${host}:${quorum.port}:${election.port}`;
    };
    const cluster = await ServerCluster.start({
      coordinators: Array.from({ length: SIZE }, () => maker),
      brokers: [],
      // Four seconds of silence end a leadership: most of what hangs here hangs longer.
      coordinator: { syncLimit: 2 },
      coordinatorAt: (from) => Object.fromEntries(ports.map((_, to) => [`server.${to + 1}`, addressFor(from, to)])),
    });
    const clientLines: Line[] = [];
    for (const { port } of cluster.coordinators) clientLines.push(await Line.open(port));
    return new ChaoticEnsemble(cluster, lines, clientLines);
  }

  private constructor(cluster: ServerCluster, lines: readonly (readonly (readonly Line[])[])[], clientLines: readonly Line[]) {
    this.cluster = cluster;
    this.lines = lines;
    this.clientLines = clientLines;
  }

  /** The connect string of clients that share the members' bad luck with lines. */
  get servers(): string {
    return this.clientLines.map(({ port }) => `${host}:${port}`).join(',');
  }

  /** Waits for a leader, and gives its number. */
  async leader(): Promise<number> {
    return eventually('a leader', async () => {
      const modes = await Promise.all(this.cluster.coordinators.map(({ port }) => modeOf(port)));
      const at = modes.indexOf('leader');
      return at < 0 ? null : at;
    });
  }

  /** Waits until all members serve. */
  async whole(): Promise<void> {
    await eventually('three members that serve', async () => {
      const modes = await Promise.all(this.cluster.coordinators.map(({ port }) => modeOf(port)));
      return modes.includes('leader') && modes.every((mode) => mode !== null) ? true : null;
    });
  }

  /** Both members' lines to each other. */
  between(one: number, other: number): Line[] {
    return [...this.lines[one]![other]!, ...this.lines[other]![one]!];
  }

  /** One member's lines to all others. */
  around(member: number): Line[] {
    return others(member).flatMap((other) => this.between(member, other));
  }

  toClients(member: number): Line {
    return this.clientLines[member]!;
  }

  /** Silences what `member` says to the others; it goes on hearing them. */
  mute(member: number): void {
    for (const other of others(member)) {
      for (const line of this.lines[member]![other]!) line.silence(['forth']);
      for (const line of this.lines[other]![member]!) line.silence(['back']);
    }
  }

  async kill(members: readonly number[], downMs: number): Promise<void> {
    await Promise.all(members.map((at) => this.cluster.killCoordinator(at)));
    await delay(downMs);
    for (const at of members) this.cluster.launchCoordinator(at);
  }

  async hang(member: number, ms: number): Promise<void> {
    const program = this.cluster.coordinators[member]!.program!;
    program.signal('SIGSTOP');
    await delay(ms);
    program.signal('SIGCONT');
  }

  async close(): Promise<void> {
    await this.cluster.close();
    for (const line of [...this.lines.flat(2), ...this.clientLines]) line.close();
  }
}

function others(member: number): number[] {
  return Array.from({ length: SIZE }, (_, at) => at).filter((at) => at !== member);
}

interface Victim {
  readonly ensemble: ChaoticEnsemble;
  readonly member: number;
  /** One of the others. */
  readonly other: number;
  readonly downMs: number;
  readonly hangMs: number;
}

async function spoil(lines: readonly Line[], ms: number, how: (line: Line) => void): Promise<void> {
  lines.forEach(how);
  await delay(ms);
  for (const line of lines) line.mend();
}

const cut = (line: Line): void => line.cut();
const silence = (directions?: readonly Direction[]) => (line: Line) => line.silence(directions);

const KINDS: Readonly<Record<string, (victim: Victim) => Promise<void>>> = {
  'is killed': ({ ensemble, member, downMs }) => ensemble.kill([member], downMs),
  hangs: ({ ensemble, member, hangMs }) => ensemble.hang(member, hangMs),
  'is cut off from the others': ({ ensemble, member, hangMs }) => spoil(ensemble.around(member), hangMs, cut),
  'hears nothing and is not heard': ({ ensemble, member, hangMs }) => spoil(ensemble.around(member), hangMs, silence()),
  'is not heard, but hears': async ({ ensemble, member, hangMs }) => {
    ensemble.mute(member);
    await delay(hangMs);
    for (const line of ensemble.around(member)) line.mend();
  },
  'loses one of the others': ({ ensemble, member, other, hangMs }) => spoil(ensemble.between(member, other), hangMs, silence()),
  'loses its clients': ({ ensemble, member, downMs }) => spoil([ensemble.toClients(member)], downMs, cut),
  'keeps its clients waiting': ({ ensemble, member, hangMs }) => spoil([ensemble.toClients(member)], hangMs, silence()),
  'is killed with one of the others': ({ ensemble, member, other, downMs }) => ensemble.kill([member, other], downMs),
  'is cut off for a moment, again and again': async ({ ensemble, member }) => {
    for (let time = 0; time < 5; time++) {
      await spoil(ensemble.around(member), 300, cut);
      await delay(300);
    }
  },
  'is killed while another hangs': async ({ ensemble, member, other, downMs, hangMs }) =>
    void (await Promise.all([ensemble.kill([member], downMs), ensemble.hang(other, hangMs)])),
};

export interface Disruption {
  readonly name: string;
  /** Does harm, waits, and undoes it. */
  run(): Promise<void>;
}

export class BadLuck {
  private readonly ensemble: ChaoticEnsemble;
  private readonly prng: Prng;
  private deck: string[] = [];

  constructor(ensemble: ChaoticEnsemble, seed: number) {
    this.ensemble = ensemble;
    this.prng = createPrng(seed);
  }

  async next(): Promise<Disruption> {
    const { ensemble, prng } = this;
    if (this.deck.length === 0) this.deck = Object.keys(KINDS);
    const [kind] = this.deck.splice(prng.int(this.deck.length), 1) as [string];
    const between = ([low, high]: readonly [number, number]): number => low + prng.int(high - low);
    const [anybody, step, meansLeader, downMs, hangMs] = [prng.int(SIZE), 1 + prng.int(SIZE - 1), prng.int(2) === 1, between(DOWN_MS), between(HANG_MS)];
    const member = meansLeader ? await ensemble.leader() : anybody;
    const other = (member + step) % SIZE;
    const name = `${meansLeader ? 'the leader, ' : ''}member ${member + 1}, ${kind} (the other: ${other + 1}; down ${downMs} ms, hanging ${hangMs} ms)`;
    return { name, run: () => KINDS[kind]!({ ensemble, member, other, downMs, hangMs }) };
  }
}
