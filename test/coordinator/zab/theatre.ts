/**
 * A stage for a few real peers, with perfect links and disks unless told otherwise, and everything they say written down. Scripts
 * (`testdata/*.txt`) are a command, `----`, and the conversation it brings about; `REWRITE=1` writes what is said now.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { EnsembleConfig, PeerMessage } from '../../../coordinator/zab/messages.ts';
import { Peer } from '../../../coordinator/zab/peer.ts';
import type { DiskWork, HistoryRead, PeerStart, ProposedBatch } from '../../../coordinator/zab/peer-types.ts';
import { formatZxid, makeZxid } from '../../../shared/znode/zxid.ts';

export const TICK_MS = 1000;

export function configOf(voters: readonly number[], observers: readonly number[] = [], version = 0): EnsembleConfig {
  return { version, voters, observers, groups: {}, weights: {}, text: '' };
}

interface Actor {
  peer: Peer;
  /** Work that the disk has not done. */
  undone: DiskWork[];
  batches: ProposedBatch[];
  start: PeerStart;
}

export class Theatre {
  readonly actors = new Map<number, Actor>();
  readonly lines: string[] = [];
  nowMs = 0;
  config: EnsembleConfig;
  /** Members whose disks wait for `disk`. */
  readonly slowDisks = new Set<number>();
  private readonly muted = new Set<number>();
  private readonly links = new Set<string>();
  private readonly inTransit: { from: number; to: number; message: PeerMessage }[] = [];

  constructor(config: EnsembleConfig) {
    this.config = config;
  }

  /** `log` are the ends of its batches, oldest first, each as [epoch, counter]. */
  start(id: number, log: readonly (readonly [number, number])[] = [], epochs = { accepted: 0, current: 0 }): void {
    const batches: ProposedBatch[] = [];
    for (const [at, [epoch, counter]] of log.entries()) {
      const previous = log[at - 1];
      const first = previous !== undefined && previous[0] === epoch ? previous[1] + 1 : 1;
      batches.push({ firstZxid: makeZxid(epoch, first), lastZxid: makeZxid(epoch, counter), body: Uint8Array.of(epoch, counter) });
    }
    const start: PeerStart = {
      acceptedEpoch: epochs.accepted,
      currentEpoch: epochs.current,
      lastZxid: batches.at(-1)?.lastZxid ?? 0,
      truncateFloorZxid: 0,
      config: this.config,
      pendingConfig: null,
    };
    const options = {
      serverId: id,
      tickTimeMs: TICK_MS,
      initLimitTicks: 10,
      syncLimitTicks: 5,
      peerType: 'participant' as const,
      commitLogCount: 500,
      commitLogBytesMax: 1 << 20,
    };
    this.actors.set(id, { peer: new Peer(options, start, this.nowMs), undone: [], batches, start });
    this.say(`${id} starts at ${zxidOf(start.lastZxid)} epoch=${start.currentEpoch}`);
  }

  /** Its process ends; what the disk had done by then is what it starts with. */
  restart(id: number): void {
    const { start, batches } = this.actors.get(id)!;
    this.stop(id);
    const log = batches.map(({ lastZxid }) => [Math.floor(lastZxid / 2 ** 32), lastZxid % 2 ** 32] as const);
    this.start(id, log, { accepted: start.acceptedEpoch, current: start.currentEpoch });
  }

  stop(id: number): void {
    for (const other of this.actors.keys()) if (other !== id) this.cut(id, other);
    this.actors.delete(id);
  }

  peer(id: number): Peer {
    return this.actors.get(id)!.peer;
  }

  /** It is there, and says nothing. */
  mute(id: number): void {
    this.muted.add(id);
  }

  link(a: number, b: number): void {
    if (this.links.has(key(a, b))) return;
    this.links.add(key(a, b));
    this.peer(a).linkUp(b, this.nowMs);
    this.peer(b).linkUp(a, this.nowMs);
  }

  linkAll(): void {
    const ids = [...this.actors.keys()];
    for (const a of ids) for (const b of ids) if (a < b) this.link(a, b);
  }

  cut(a: number, b: number): void {
    if (!this.links.delete(key(a, b))) return;
    this.inTransit.splice(0, Infinity, ...this.inTransit.filter(({ from, to }) => key(from, to) !== key(a, b)));
    this.actors.get(a)?.peer.linkDown(b, this.nowMs);
    this.actors.get(b)?.peer.linkDown(a, this.nowMs);
  }

  /** Lets everything happen that follows from what has happened. */
  run(): void {
    for (let count = 0; count < 10_000; count++) {
      this.carryOut();
      const next = this.inTransit.shift();
      if (next === undefined) return;
      this.actors.get(next.to)?.peer.step(next.from, next.message, this.nowMs);
    }
    throw new Error('The conversation does not come to an end');
  }

  advance(ms: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) {
      const wakeAtMs = Math.min(untilMs, ...[...this.actors.values()].map(({ peer }) => peer.wakeAtMs()));
      this.nowMs = Math.max(this.nowMs + 1, wakeAtMs);
      for (const { peer } of this.actors.values()) peer.tick(this.nowMs);
      this.run();
    }
  }

  /** The disk of `id` does all it was given. */
  disk(id: number): void {
    const actor = this.actors.get(id)!;
    const last = actor.undone.at(-1);
    for (const work of actor.undone.splice(0)) this.write(actor, work);
    if (last !== undefined) actor.peer.persisted(last.seq, this.nowMs);
  }

  private write(actor: Actor, work: DiskWork): void {
    if (work.kind === 'append') actor.batches.push(work.batch);
    if (work.kind === 'truncate') actor.batches = actor.batches.filter(({ lastZxid }) => lastZxid <= work.zxid);
    if (work.kind === 'epochs') {
      actor.start = { ...actor.start, acceptedEpoch: work.acceptedEpoch, currentEpoch: work.currentEpoch };
    }
  }

  private carryOut(): void {
    for (let busy = true; busy; ) {
      busy = false;
      for (const [id, actor] of this.actors) {
        const ready = actor.peer.ready();
        if (ready === null) continue;
        busy = true;
        actor.undone.push(...ready.persist);
        for (const { to, message } of ready.send) this.send(id, to, message);
        for (const event of ready.events) {
          if (event.kind === 'committed') this.say(`${id} commits ${zxidOf(event.batch.lastZxid)}`);
          if (event.kind !== 'role') continue;
          const { role, reason } = event;
          const of = role.state === 'LOOKING' ? '' : ` leader=${role.leader} epoch=${role.epoch}`;
          this.say(`${id} ${role.state} ${role.phase}${of}: ${reason}`);
        }
        if (!this.slowDisks.has(id)) this.disk(id);
        for (const read of ready.reads) this.read(actor, read);
      }
    }
  }

  private read(actor: Actor, read: HistoryRead): void {
    if (read.kind !== 'batches') throw new Error(`No ${read.kind} on this stage`);
    const before = actor.batches.filter(({ lastZxid }) => lastZxid <= read.afterZxid);
    const batches = actor.batches.slice(before.length);
    actor.peer.historyRead(read.readId, { fromZxid: before.at(-1)?.lastZxid ?? 0, batches }, this.nowMs);
  }

  private send(from: number, to: number, message: PeerMessage): void {
    if (!this.links.has(key(from, to)) || this.muted.has(from)) return;
    this.inTransit.push({ from, to, message });
    const { type } = message;
    if (type === 'PING' || type === 'PONG' || type === 'CONFIG') return;
    this.say(`${from} -> ${to} ${type}${detailOf(message)}`);
  }

  private say(line: string): void {
    this.lines.push(line);
  }
}

function key(a: number, b: number): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

function zxidOf(zxid: number): string {
  return formatZxid(zxid);
}

function detailOf(message: PeerMessage): string {
  switch (message.type) {
    case 'NOTIFICATION':
      return (
        ` ${message.state} vote=${message.leader} zxid=${zxidOf(message.zxid)}` +
        ` epoch=${message.peerEpoch} round=${message.electionEpoch}`
      );
    case 'FOLLOWERINFO':
      return ` accepted=${message.acceptedEpoch}${message.fresh ? ' fresh' : ''}`;
    case 'LEADERINFO':
      return ` epoch=${message.epoch}`;
    case 'ACKEPOCH':
      return ` current=${message.currentEpoch} zxid=${zxidOf(message.lastZxid)}${message.repeated ? ' repeated' : ''}`;
    case 'PROPOSAL':
      return ` ${zxidOf(message.firstZxid)}..${zxidOf(message.lastZxid)} committed=${zxidOf(message.committedZxid)}`;
    case 'REFUSED':
      return ` ${message.reason}`;
    default:
      return 'zxid' in message ? ` ${zxidOf(message.zxid)}` : '';
  }
}

/** Runs a script: `act` carries a command out, the lines said since are compared with those written below it. */
export function playScript(url: URL, act: (command: string, theatre: Theatre) => Theatre): void {
  const text = readFileSync(url, 'utf8');
  const written: string[] = [];
  let theatre = new Theatre(configOf([]));
  for (const block of text.trimEnd().split(/\n\n+/)) {
    const [head, said] = `${block}\n`.split('\n----\n');
    for (const command of head!.split('\n')) if (!command.startsWith('#')) theatre = act(command, theatre);
    const lines = theatre.lines.splice(0);
    written.push([head!, '----', ...lines].join('\n'));
    if (process.env['REWRITE'] === undefined) expect(lines.join('\n'), head).to.equal((said ?? '').trimEnd());
  }
  if (process.env['REWRITE'] !== undefined) writeFileSync(url, `${written.join('\n\n')}\n`);
}
