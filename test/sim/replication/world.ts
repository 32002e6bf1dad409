/**
 * What simulated brokers live in: one virtual clock, a network that delays and cuts, processes that are killed and held up.
 * Each process has its own view of time: what it planned happens only while it lives, and after it was held up, late.
 */
import type { Clock } from '../../../shared/base/clock.ts';
import type { Prng } from '../../../shared/base/prng.ts';
import type { Scheduler } from '../../../broker/log/scheduler.ts';
import { Schedule } from '../schedule.ts';

/** A link that is cut swallows what is sent; whoever waits hears of it after this. */
const CUT_TIMEOUT_MS = 1_200;

/** The coordinator's place in the network. */
export const COORDINATOR = 0;

export class World {
  readonly schedule = new Schedule();
  readonly prng: Prng;
  private readonly cuts = new Set<string>();

  constructor(prng: Prng) {
    this.prng = prng;
  }

  get nowMs(): number {
    return this.schedule.nowMs;
  }

  /** Mostly short, now and then long. */
  delayMs(): number {
    return this.prng.int(20) === 0 ? 5 + this.prng.next() * 80 : 0.2 + this.prng.next() * 3;
  }

  cut(a: number, b: number): void {
    this.cuts.add(linkName(a, b));
  }

  heal(): void {
    this.cuts.clear();
  }

  isCut(a: number, b: number): boolean {
    return this.cuts.has(linkName(a, b));
  }

  /**
   * Carries a request to `to` and its answer back. `serve` runs at the other end, if somebody lives there then; a rejection
   * says that nobody does, or that the answer did not come in time.
   */
  request<T>(from: Process, to: () => Process | null, at: number, serve: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const fail = (delayMs: number, why: string | Error): void =>
        this.deliver(from, delayMs, () => reject(typeof why === 'string' ? new Error(why) : why));
      this.schedule.after(this.delayMs(), () => {
        if (this.isCut(from.place, at)) return fail(CUT_TIMEOUT_MS, 'no answer');
        const process = to();
        if (process === null) return fail(this.delayMs(), 'connection refused');
        process.run(() => {
          Promise.resolve(serve()).then(
            (answer) => {
              if (this.isCut(from.place, at)) fail(CUT_TIMEOUT_MS, 'no answer');
              else if (!process.isAlive) fail(this.delayMs(), 'connection reset');
              else this.deliver(from, this.delayMs(), () => resolve(answer));
            },
            (error: unknown) => fail(this.delayMs(), error as Error),
          );
        });
        process.onDeath(() => fail(this.delayMs(), 'connection reset'));
      });
    });
  }

  private deliver(to: Process, delayMs: number, act: () => void): void {
    this.schedule.after(delayMs, () => to.run(act));
  }
}

function linkName(a: number, b: number): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

/** One life of a process. */
export class Process implements Scheduler, Clock {
  readonly place: number;
  isAlive = true;
  private readonly world: World;
  private heldUntilMs = 0;
  private readonly deathListeners: (() => void)[] = [];

  constructor(world: World, place: number) {
    this.world = world;
    this.place = place;
  }

  wallMs(): number {
    return this.world.nowMs;
  }

  monotonicMs(): number {
    return this.world.nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    let cancelled = false;
    this.world.schedule.after(delayMs, () => this.run(() => cancelled || task()));
    return () => {
      cancelled = true;
    };
  }

  soon(task: () => void): void {
    this.after(0, task);
  }

  /** Now, or when the process goes on; never when it is dead. */
  run(act: () => void): void {
    if (!this.isAlive) return;
    if (this.heldUntilMs > this.world.nowMs) this.world.schedule.at(this.heldUntilMs, () => this.run(act));
    else act();
  }

  get isHeldUp(): boolean {
    return this.heldUntilMs > this.world.nowMs;
  }

  holdUp(untilMs: number): void {
    this.heldUntilMs = Math.max(this.heldUntilMs, untilMs);
  }

  kill(): void {
    this.isAlive = false;
    for (const listener of this.deathListeners.splice(0)) listener();
  }

  onDeath(listener: () => void): void {
    this.deathListeners.push(listener);
  }
}
