/**
 * Leases, of which only so many are out at a time. Whoever wants one stands in line for a lock; the first in line alone watches
 * the leases, takes one as soon as there is one, and lets the next to the front. So a lease that comes back wakes one session.
 */
import type { CoordinatorClient } from '../client.ts';
import { Held } from './held.ts';
import { Lock } from './lock.ts';
import { childOf, createTagged, giveUp, inOrder, retried } from './sequence.ts';
import type { WaitOptions } from './waiting.ts';
import { untilFired } from './waiting.ts';

export class Semaphore {
  private readonly client: CoordinatorClient;
  private readonly leases: string;
  private readonly turn: Lock;
  private readonly leasesMax: number;

  /** Everybody has to say the same `leasesMax`. */
  constructor(client: CoordinatorClient, path: string, leasesMax: number) {
    if (!Number.isInteger(leasesMax) || leasesMax < 1) throw new RangeError(`A semaphore with ${leasesMax} leases: expected a whole number from 1 on`);
    this.client = client;
    this.leases = childOf(path, 'leases');
    this.turn = new Lock(client, childOf(path, 'turn'));
    this.leasesMax = leasesMax;
  }

  /** Waits for a lease. */
  async acquire({ signal }: WaitOptions = {}): Promise<Held> {
    const turn = await this.turn.acquire({ signal });
    return turn.use(async (lost) => {
      const path = childOf(this.leases, await createTagged(this.client, this.leases, 'lease'));
      const either = signal === undefined ? lost : AbortSignal.any([signal, lost]);
      try {
        // Its own lease is there already, so that it counts as soon as it is the last that fits.
        while (!(await this.fits(either))) continue;
        return new Held(this.client, path);
      } catch (error) {
        await giveUp(this.client, path);
        throw error;
      }
    });
  }

  async run<T>(work: (lost: AbortSignal) => Promise<T> | T, options: WaitOptions = {}): Promise<T> {
    return (await this.acquire(options)).use(work);
  }

  /** True when no more leases are out than allowed; else false, after they have changed. */
  private async fits(signal: AbortSignal): Promise<boolean> {
    let fits = false;
    await untilFired(
      this.client,
      async (watch) => {
        const { children } = await retried(() => this.client.getChildren(this.leases, { watch }));
        fits = inOrder(children).length <= this.leasesMax;
        return !fits;
      },
      signal,
    );
    return fits;
  }
}
