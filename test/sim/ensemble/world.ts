/**
 * One simulated world: an ensemble, its clients, and what goes wrong, all drawn from one seed. First a time of faults, then all of
 * them heal, and the ensemble has to come to rest with everything that was ever acknowledged on every member.
 */
import { AssertionError } from '../../../shared/base/assert.ts';
import type { Prng } from '../../../shared/base/prng.ts';
import { createPrng } from '../../../shared/base/prng.ts';
import type { EnsembleConfig } from '../../../coordinator/zab/messages.ts';
import { DEFAULT_WINDOWS } from '../../../coordinator/zab/feeder.ts';
import { Peer } from '../../../coordinator/zab/peer.ts';
import type { FeedWindows, PeerOptions, PeerStart } from '../../../coordinator/zab/peer-types.ts';
import { Clients } from './clients.ts';
import type { Disk } from './disk.ts';
import { Platter } from './disk.ts';
import { HistoryOfAll, InvariantBroken } from './invariants.ts';
import type { Surroundings } from './member.ts';
import { Member } from './member.ts';
import { Network } from './network.ts';
import { Schedule } from '../schedule.ts';

/**
 * What a world suffers from most: a bit of everything; faults at the very moments when somebody takes a new role; disks that are
 * emptied; ensembles that change.
 */
const MOODS = ['mixed', 'elections', 'emptied', 'reconfig'] as const;
export type Mood = (typeof MOODS)[number];

export interface WorldOptions {
  seed: number;
  /** Voters; drawn from the seed where it isn't named. */
  voters?: number;
  observers?: number;
  /** Simulated ms of faults. */
  faultsMs?: number;
  /** What may go wrong. Nothing at all for measurements. */
  faults?: boolean;
  mood?: Mood;
  /** A good network and good disks, the same for all seeds; as much memory as a real member has. */
  quiet?: boolean;
  makePeer?: Surroundings['makePeer'];
  makeDisk?: (disk: Disk) => Pick<Disk, 'begin'>;
  /** See `DiskOptions`. */
  reportsEarly?: boolean;
  trace?: (line: string) => void;
}

export interface WorldResult {
  committedCount: number;
  ackCount: number;
  messageCount: number;
  stepCount: number;
  simulatedMs: number;
}

const TICK_MS = 100;
const STEPS_MAX = 2_000_000;
/** Simulated ms within which a healed ensemble has to come to rest: several elections, each with its limits. */
const HEAL_MS = 60_000;
const HEAL_WITH_CLIENTS_MS = 600;

export class World {
  protected readonly schedule = new Schedule();
  private readonly prng: Prng;
  private readonly options: WorldOptions;
  protected readonly network: Network;
  protected readonly all: HistoryOfAll;
  protected readonly clients: Clients;
  private readonly surroundings: Surroundings;
  private readonly platters = new Map<number, Platter>();
  /** Disks that were emptied. What their members acknowledged before counts as acknowledged. */
  private readonly lostPlatters = new Map<number, Platter>();
  protected readonly members = new Map<number, Member>();
  private readonly lives = new Map<number, number>();
  private readonly observers = new Set<number>();
  protected readonly ids: number[] = [];
  private readonly firstConfig: EnsembleConfig;
  private isHealing = false;
  /** A member whose disk was emptied, until it serves again: only one at a time, and not before all have served once. */
  private emptied: number | null = null;
  private readonly haveServed = new Set<number>();
  private readonly mood: Mood;
  private readonly paceMs: number;

  constructor(options: WorldOptions) {
    this.options = options;
    const prng = createPrng(options.seed);
    this.prng = prng;
    const voters = options.voters ?? [3, 3, 3, 3, 5, 5, 5, 7, 1, 4][prng.int(10)]!;
    const observers = options.observers ?? (options.voters === undefined ? [0, 0, 0, 1, 2][prng.int(5)]! : 0);
    for (let id = 1; id <= voters + observers; id++) this.ids.push(id);
    for (const id of this.ids.slice(voters)) this.observers.add(id);
    this.firstConfig = this.drawConfig(this.ids.slice(0, voters), prng);
    this.mood = options.mood ?? MOODS[prng.int(MOODS.length)]!;
    this.paceMs = 20 + prng.int(400);
    this.all = new HistoryOfAll(this.firstConfig, [this.platters, this.lostPlatters]);
    this.network = new Network(this.schedule, prng.fork(), {
      delayMinMs: 0.1,
      delayMaxMs: [2, 10, 40][options.quiet === true ? 0 : prng.int(3)]!,
      reconnectMs: 20,
      breakNoticeMaxMs: options.quiet === true ? 2 : 4 * TICK_MS,
    });
    const members = (): Member[] => [...this.members.values()];
    const touchMs = TICK_MS / 2;
    this.clients = new Clients(this.schedule, prng.fork(), this.all, members, {
      count: options.quiet === true ? 20 : 1 + prng.int(5),
      meanPauseMs: options.quiet === true ? 10 : 5 + prng.int(40),
      touchMs,
    });
    const initLimitTicks = 10;
    this.surroundings = {
      schedule: this.schedule,
      network: this.network,
      prng: prng.fork(),
      all: this.all,
      peerOptions: {
        tickTimeMs: TICK_MS,
        initLimitTicks,
        syncLimitTicks: 5,
        commitLogCount: options.quiet === true ? 500 : 1 + prng.int(20),
        commitLogBytesMax: options.quiet === true ? 1 << 20 : 10_000,
        windows: options.quiet === true ? DEFAULT_WINDOWS : drawWindows(prng),
      },
      diskOptions: {
        latencyMaxMs: [1, 5, 20][options.quiet === true ? 0 : prng.int(3)]!,
        reportsEarly: options.reportsEarly === true,
      },
      bodyBytesMax: 300,
      sessionTimeoutMs: 6 * TICK_MS,
      makePeer: options.makePeer ?? makePeer,
      ...(options.makeDisk === undefined ? {} : { makeDisk: options.makeDisk }),
      ...(options.trace === undefined
        ? {}
        : { trace: (line: string) => options.trace!(`${this.schedule.nowMs.toFixed(2).padStart(9)} ${line}`) }),
      ended: (member) => this.endAndRestart(member),
      acknowledged: (member, operation, batchId) => this.clients.acknowledged(member, operation, batchId),
      entered: (member) => this.entered(member),
      attached: (member, client, connection) => this.clients.attached(member, client, connection),
      disconnectClients: (member) => this.clients.disconnectFrom(member),
    };
  }

  private drawConfig(voters: readonly number[], prng: Prng): EnsembleConfig {
    const groups: Record<number, number> = {};
    const weights: Record<number, number> = {};
    // Sometimes a hierarchy: three groups, and now and then a heavier voter.
    if (voters.length >= 5 && prng.int(4) === 0) {
      for (const [at, id] of voters.entries()) {
        groups[id] = at % 3;
        if (prng.int(4) === 0) weights[id] = 2;
      }
    }
    return { version: 0, voters: [...voters], observers: [...this.observers], groups, weights, text: '' };
  }

  // --- Running ---

  run(): WorldResult {
    const { faultsMs = 3000 + this.prng.int(5000), faults = true } = this.options;
    let stepCount = 0;
    const advance = (untilMs: number): void => {
      while (this.schedule.step(untilMs)) {
        if (++stepCount > STEPS_MAX) throw new InvariantBroken('Progress', `${STEPS_MAX} steps, and no end`);
      }
    };
    try {
      for (const id of this.ids) this.schedule.after(this.prng.next() * 200, () => this.start(id));
      this.every(TICK_MS, () => {
        for (const member of this.members.values()) member.expireSessions();
      });
      this.every(TICK_MS / 4, () => this.watch());
      if (faults) this.planFault();
      advance(faultsMs);
      this.heal();
      const untilMs = this.schedule.nowMs + HEAL_MS;
      // Members return while writes go on.
      advance(this.schedule.nowMs + HEAL_WITH_CLIENTS_MS);
      this.clients.stop();
      do advance(this.schedule.nowMs + 2 * TICK_MS);
      while (!this.isAtRest() && this.schedule.nowMs < untilMs);
      this.checkEnd();
    } catch (error) {
      if (error instanceof AssertionError) throw new InvariantBroken('NoBrokenAssertion', error.stack ?? error.message);
      throw error;
    }
    return {
      committedCount: this.all.committed.length,
      ackCount: this.all.ackCount,
      messageCount: this.network.messageCount,
      stepCount,
      simulatedMs: this.schedule.nowMs,
    };
  }

  private every(ms: number, act: () => void): void {
    this.schedule.after(ms, () => {
      act();
      this.every(ms, act);
    });
  }

  private watch(): void {
    for (const member of this.members.values()) {
      if (!member.isServing) continue;
      this.haveServed.add(member.id);
      if (this.emptied === member.id) this.emptied = null;
    }
  }

  /** Every member serves, and has all that is committed. */
  private isAtRest(): boolean {
    if (this.members.size < this.ids.length) return false;
    for (const member of this.members.values()) {
      if (!member.isServing || member.tree.length !== this.all.committed.length) return false;
    }
    return true;
  }

  private checkEnd(): void {
    for (const member of this.members.values()) {
      if (!member.isServing) {
        const { role } = member.peer;
        throw new InvariantBroken('Progress', `${member.name} is still in ${role.state}, ${role.phase}, long after all was healed`);
      }
      this.all.checkEnd(member.name, member.tree);
    }
  }

  // --- Processes ---

  protected start(id: number): void {
    if (this.members.has(id)) return;
    const life = (this.lives.get(id) ?? 0) + 1;
    this.lives.set(id, life);
    let platter = this.platters.get(id);
    if (platter === undefined) {
      platter = new Platter(this.firstConfig);
      this.platters.set(id, platter);
    }
    const { acceptedEpoch, currentEpoch, lastZxid } = platter;
    this.surroundings.trace?.(`${id}.${life} starts at ${lastZxid.toString(16)}, epochs ${acceptedEpoch} ${currentEpoch}`);
    this.members.set(id, new Member(id, life, platter, this.observers.has(id) ? 'observer' : 'participant', this.surroundings));
  }

  protected kill(id: number): void {
    const member = this.members.get(id);
    if (member === undefined) return;
    this.surroundings.trace?.(`${member.name} is killed`);
    this.members.delete(id);
    member.kill();
  }

  private endAndRestart(member: Member): void {
    this.kill(member.id);
    this.schedule.after(this.prng.int(500), () => this.start(member.id));
  }

  // --- Faults ---

  private planFault(): void {
    this.schedule.after(this.prng.next() * 2 * this.paceMs, () => {
      if (this.isHealing) return;
      this.fault();
      this.planFault();
    });
  }

  private someone(): number {
    return this.ids[this.prng.int(this.ids.length)]!;
  }

  /** Leaders are the more interesting victims. */
  private someoneOrLeader(): number {
    if (this.prng.int(2) === 0) return this.someone();
    for (const { id, peer, isServing } of this.members.values()) if (isServing && peer.role.state === 'LEADING') return id;
    return this.someone();
  }

  private fault(): void {
    const { prng } = this;
    const id = this.someoneOrLeader();
    const member = this.members.get(id);
    switch (this.mood !== 'mixed' && prng.int(4) === 0 ? 14 : prng.int(16)) {
      case 0:
      case 1:
      case 2:
        this.kill(id);
        this.schedule.after(prng.int(800), () => this.start(id));
        return;
      case 3:
        // The power fails.
        if (prng.int(4) > 0) return;
        for (const one of this.ids) {
          this.kill(one);
          this.schedule.after(prng.int(500), () => this.start(one));
        }
        return;
      case 4:
      case 5:
        return this.network.breakBetween(id, this.someone());
      case 6:
      case 7:
        return this.partition();
      case 8:
      case 9:
        return this.network.heal();
      case 10:
        if (member === undefined || member.isPaused) return;
        member.pause();
        this.schedule.after(prng.int(1200), () => member.resume());
        return;
      case 11:
        if (member === undefined) return;
        member.disk.slowFactor = 50;
        this.schedule.after(prng.int(1000), () => (member.disk.slowFactor = 1));
        return;
      case 12:
        if (member !== undefined && prng.int(2) === 0) member.disk.fails = true;
        return;
      case 13:
        for (const one of this.members.values()) if (prng.int(2) === 0) one.takeSnapshot();
        return;
      case 14:
        if (this.mood === 'reconfig') return this.reconfigure();
        if (this.mood === 'emptied') return this.empty(id);
        return;
      case 15:
        member?.resign();
    }
  }

  private partition(): void {
    const { prng, ids } = this;
    const giveUpMs = prng.int(1500);
    const isInside = new Map(ids.map((id) => [id, prng.int(2) === 0]));
    const oneWay = prng.int(3) === 0;
    for (const a of ids) {
      for (const b of ids) {
        if (a === b || isInside.get(a) === isInside.get(b) || (oneWay && isInside.get(a) === true)) continue;
        this.network.block(a, b, giveUpMs);
      }
    }
  }

  /** A member loses its disk. */
  private empty(id: number): void {
    if (this.emptied !== null || this.haveServed.size < this.ids.length || this.firstConfig.voters.length < 3) return;
    this.emptied = id;
    this.kill(id);
    this.lostPlatters.set(id, this.platters.get(id)!);
    this.platters.delete(id);
    this.schedule.after(this.prng.int(200), () => this.start(id));
    if (this.prng.int(2) === 0) return;
    // Those who know better are away, and those who were away are back.
    const { prng } = this;
    this.network.heal();
    for (const other of this.ids) {
      if (other === id || this.members.get(other)?.isServing !== true || prng.int(2) === 0) continue;
      this.kill(other);
      this.schedule.after(500 + prng.int(1500), () => this.start(other));
    }
  }

  /** Somebody has come into a new role or phase: the best moment for mischief. */
  private entered(member: Member): void {
    const { prng } = this;
    if (this.isHealing || this.mood !== 'elections' || prng.int(4) > 0) return;
    const victim = prng.int(2) === 0 ? member.id : this.someone();
    const doing = prng.int(5);
    this.schedule.after(prng.next() * prng.next() * 60, () => {
      if (this.isHealing) return;
      const other = this.members.get(victim);
      switch (doing) {
        case 0:
          this.kill(victim);
          this.schedule.after(prng.int(100), () => this.start(victim));
          return;
        case 1:
          if (other === undefined || other.isPaused) return;
          other.pause();
          this.schedule.after(prng.int(900), () => other.resume());
          return;
        case 2:
          for (const id of this.ids) if (id !== victim) this.network.breakBetween(id, victim);
          return;
        case 3:
          // It hears nobody, or nobody hears it, or both.
          for (const id of this.ids) {
            if (id === victim) continue;
            if (prng.int(2) === 0) this.network.block(id, victim, prng.int(800));
            if (prng.int(2) === 0) this.network.block(victim, id, prng.int(800));
          }
          return this.schedule.after(prng.int(800), () => this.network.heal());
        case 4:
          return other?.resign();
      }
    });
  }

  /** A voter leaves or an observer becomes one; all processes stay. */
  private reconfigure(): void {
    const { prng } = this;
    const target = this.someone();
    for (const member of this.members.values()) {
      member.reconfigure((config) => {
        const isVoter = config.voters.includes(target);
        const voters = isVoter ? config.voters.filter((id) => id !== target) : [...config.voters, target];
        if (voters.length === 0) return config;
        const observers = this.ids.filter((id) => !voters.includes(id));
        return { ...this.drawConfig(voters, prng), observers };
      });
    }
  }

  private heal(): void {
    this.isHealing = true;
    this.network.heal();
    for (const member of this.members.values()) {
      member.resume();
      member.disk.slowFactor = 1;
      member.disk.fails = false;
    }
  }
}

function makePeer(options: PeerOptions, start: PeerStart, nowMs: number): Peer {
  return new Peer(options, start, nowMs);
}

/** So small that every member falls out of them now and then. */
function drawWindows(prng: Prng): FeedWindows {
  return { batchBytes: 500 + prng.int(2000), readBytes: 16 + prng.int(400), snapshotBytes: 100 + prng.int(2000) };
}
