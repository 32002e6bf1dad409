/**
 * A lock among sessions: one holds it, the others wait in the order in which they came (ZooKeeper's recipe "Locks").
 *
 *     const lock = new Lock(client, '/locks/printer');
 *     await lock.run(async (lost) => print({ signal: lost }));
 *
 * A holder whose session ends lets go of it. It may not notice at once, so it has to heed `lost`; see `held.ts`.
 */
import type { CoordinatorClient } from '../client.ts';
import { Held } from './held.ts';
import { standInLine } from './line.ts';
import { childOf, createTagged, deleteIfThere, namesIn } from './sequence.ts';
import type { WaitOptions } from './waiting.ts';

export class Lock {
  private readonly client: CoordinatorClient;
  private readonly path: string;

  constructor(client: CoordinatorClient, path: string) {
    this.client = client;
    this.path = path;
  }

  /** Waits for the lock. Not reentrant: who holds it and asks again waits for itself. */
  acquire({ signal }: WaitOptions = {}): Promise<Held> {
    return standInLine(this.client, this.path, { kind: 'lock', signal });
  }

  /** The lock, or null when somebody has it or waits for it. */
  async tryAcquire(): Promise<Held | null> {
    if ((await namesIn(this.client, this.path)).length > 0) return null;
    const name = await createTagged(this.client, this.path, 'lock');
    const path = childOf(this.path, name);
    if ((await namesIn(this.client, this.path))[0] === name) return new Held(this.client, path);
    await deleteIfThere(this.client, path);
    return null;
  }

  /** Runs `work` with the lock. */
  async run<T>(work: (lost: AbortSignal) => Promise<T> | T, options: WaitOptions = {}): Promise<T> {
    return (await this.acquire(options)).use(work);
  }
}
