/**
 * What happens to servers on a bad day: killed, paused, and after a while back again. Which one and how long is drawn from a
 * seed, so that a day can be had again, as far as real processes allow.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createPrng, type Prng } from '../../../shared/base/prng.ts';
import { type ServerCluster } from './cluster.ts';

export interface Disruption {
  readonly name: string;
  /** Does harm, waits, and undoes it; everybody runs again when it returns. */
  run(): Promise<void>;
}

/** Longer than a broker's disconnect grace, shorter than its session. */
const PAUSE_MS: readonly [number, number] = [1_000, 9_000];
const DOWN_MS: readonly [number, number] = [200, 4_000];

export class Chaos {
  private readonly cluster: ServerCluster;
  private readonly prng: Prng;

  constructor(cluster: ServerCluster, seed: number) {
    this.cluster = cluster;
    this.prng = createPrng(seed);
  }

  private between([low, high]: readonly [number, number]): number {
    return Math.floor(low + this.prng.next() * (high - low));
  }

  private oneOf(count: number): number {
    return Math.floor(this.prng.next() * count);
  }

  /** The next piece of bad luck. */
  next(): Disruption {
    const broker = this.oneOf(this.cluster.brokers.length);
    const coordinator = this.oneOf(this.cluster.coordinators.length);
    const downMs = this.between(DOWN_MS);
    const pauseMs = this.between(PAUSE_MS);
    const all: readonly Disruption[] = [
      { name: `broker ${broker} is killed, back after ${downMs} ms`, run: () => this.killBroker(broker, downMs) },
      { name: `broker ${broker} hangs for ${pauseMs} ms`, run: () => this.pause(this.cluster.brokers[broker]!.program!, pauseMs) },
      { name: `coordinator ${coordinator} is killed, back after ${downMs} ms`, run: () => this.killCoordinator(coordinator, downMs) },
      {
        name: `coordinator ${coordinator} hangs for ${pauseMs} ms`,
        run: () => this.pause(this.cluster.coordinators[coordinator]!.program!, pauseMs),
      },
      {
        name: `broker ${broker} and coordinator ${coordinator} are killed, back after ${downMs} ms`,
        run: async () => void (await Promise.all([this.killBroker(broker, downMs), this.killCoordinator(coordinator, downMs)])),
      },
    ];
    return all[this.oneOf(all.length)]!;
  }

  async killBroker(at: number, downMs: number): Promise<void> {
    await this.cluster.killBroker(at);
    await delay(downMs);
    this.cluster.launchBroker(at);
    await this.cluster.brokerReady(at);
  }

  async killCoordinator(at: number, downMs: number): Promise<void> {
    await this.cluster.killCoordinator(at);
    await delay(downMs);
    this.cluster.launchCoordinator(at);
    await this.cluster.coordinatorsReady();
  }

  async pause(program: { signal(signal: NodeJS.Signals): void }, ms: number): Promise<void> {
    program.signal('SIGSTOP');
    await delay(ms);
    program.signal('SIGCONT');
  }

  /** Everybody at once, as when the power fails. */
  async killAll(): Promise<void> {
    const { cluster } = this;
    await Promise.all([
      ...cluster.brokers.map((_, at) => cluster.killBroker(at)),
      ...cluster.coordinators.map((_, at) => cluster.killCoordinator(at)),
    ]);
    for (const at of cluster.coordinators.keys()) cluster.launchCoordinator(at);
    for (const at of cluster.brokers.keys()) cluster.launchBroker(at);
    await cluster.coordinatorsReady();
    await cluster.brokersReady();
  }
}
