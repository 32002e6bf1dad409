/**
 * The children of a znode with their data, kept up to date by watches: one on the list, one on each child. A read costs no round
 * trip, and may be as old as news takes to travel. Changes that follow each other quickly may be seen as one.
 */
import { ErrorCode } from '../../znode/error-code.ts';
import type { Data } from '../../znode/operations.ts';
import type { Stat } from '../../znode/stat.ts';
import type { CoordinatorClient } from '../client.ts';
import { childOf, hasCode, retried } from './sequence.ts';

export interface CachedChild {
  data: Data;
  stat: Stat;
}

export class PathCache {
  private readonly client: CoordinatorClient;
  private readonly path: string;
  private readonly onChange: () => void;
  private readonly known = new Map<string, CachedChild>();
  /** The list as it was last read: news of a child that has left it since is stale. */
  private names: ReadonlySet<string> = new Set();
  /** One function for each watch, so that two readings at once don't leave two watches. */
  private readonly onList = (): void => this.refresh(() => this.readList());
  private readonly onChild = new Map<string, () => void>();
  private running = false;
  private readonly rejected: (error: Error) => void;

  /**
   * @param onChange called after each change once `start` has resolved, and when it does.
   * @param onError what ended the watching: the session is over, or reading was forbidden. Default: the cache keeps what it has.
   */
  constructor(client: CoordinatorClient, path: string, onChange: () => void = () => {}, onError: (error: Error) => void = () => {}) {
    this.client = client;
    this.path = path;
    this.onChange = onChange;
    this.rejected = onError;
  }

  /** By name. */
  get children(): ReadonlyMap<string, CachedChild> {
    return this.known;
  }

  /** Resolves when everything has been read for the first time. Fails with NONODE when there is no such znode. */
  async start(): Promise<void> {
    this.running = true;
    await this.readList();
    this.onChange();
  }

  /** What is still watched wakes nobody any more. */
  stop(): void {
    this.running = false;
  }

  private async readList(): Promise<void> {
    const { children } = await retried(() => this.client.getChildren(this.path, { watch: this.onList }));
    this.names = new Set(children);
    for (const name of this.known.keys()) if (!this.names.has(name)) this.known.delete(name);
    for (const name of this.onChild.keys()) if (!this.names.has(name)) this.onChild.delete(name);
    await Promise.all(children.filter((name) => !this.known.has(name)).map((name) => this.readChild(name)));
  }

  private async readChild(name: string): Promise<void> {
    let watch = this.onChild.get(name);
    if (watch === undefined) this.onChild.set(name, (watch = () => this.refresh(() => this.readChild(name))));
    try {
      const { data, stat } = await retried(() => this.client.getData(childOf(this.path, name), { watch }));
      const old = this.known.get(name);
      // Two readings of one child may be under way; the newer state wins.
      if (this.names.has(name) && (old === undefined || stat.mzxid >= old.stat.mzxid)) this.known.set(name, { data, stat });
    } catch (error) {
      if (!hasCode(error, ErrorCode.NONODE)) throw error;
      this.known.delete(name); // the list says the same soon
    }
  }

  private refresh(read: () => Promise<void>): void {
    if (!this.running) return;
    read().then(
      () => this.running && this.onChange(),
      (error: Error) => {
        // The znode itself has gone, and its children before it.
        if (hasCode(error, ErrorCode.NONODE)) return;
        if (this.running) this.rejected(error);
      },
    );
  }
}
