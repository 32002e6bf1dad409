/**
 * A lock that many readers share or one writer has alone (ZooKeeper's recipe "Shared Locks"). First come, first served: a
 * reader waits for the writers before it, a writer for everybody before it, so that neither kind starves.
 *
 * A writer that goes wakes all readers that waited for it, which are then all let in; nobody is woken in vain.
 */
import type { CoordinatorClient } from '../client.ts';
import type { Held } from './held.ts';
import type { BlockerOf } from './line.ts';
import { standInLine } from './line.ts';
import type { WaitOptions } from './waiting.ts';

const isWriter = (name: string): boolean => /-write-\d+$/.test(name);

/** The nearest writer before it. */
const writerBefore: BlockerOf = (line, position) => line.slice(0, position).findLast(isWriter);

export class ReadWriteLock {
  private readonly client: CoordinatorClient;
  private readonly path: string;

  constructor(client: CoordinatorClient, path: string) {
    this.client = client;
    this.path = path;
  }

  acquireRead({ signal }: WaitOptions = {}): Promise<Held> {
    return standInLine(this.client, this.path, { kind: 'read', blockerOf: writerBefore, signal });
  }

  acquireWrite({ signal }: WaitOptions = {}): Promise<Held> {
    return standInLine(this.client, this.path, { kind: 'write', signal });
  }

  async read<T>(work: (lost: AbortSignal) => Promise<T> | T, options: WaitOptions = {}): Promise<T> {
    return (await this.acquireRead(options)).use(work);
  }

  async write<T>(work: (lost: AbortSignal) => Promise<T> | T, options: WaitOptions = {}): Promise<T> {
    return (await this.acquireWrite(options)).use(work);
  }
}
