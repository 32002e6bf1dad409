/**
 * A znode and all that is below it, kept up to date by one recursive watch. What changed while the line was cut is not told by
 * such a watch, so the tree is read again after every reconnection.
 */
import { ErrorCode } from '../../znode/error-code.ts';
import type { Data } from '../../znode/operations.ts';
import type { Stat } from '../../znode/stat.ts';
import { AddWatchMode, EventType, WatcherType } from '../../znode/watch-event.ts';
import type { ClientEvent, CoordinatorClient } from '../client.ts';
import { childOf, hasCode, retried } from './sequence.ts';

const CHANGES: ReadonlySet<EventType> = new Set([EventType.NodeCreated, EventType.NodeDataChanged, EventType.NodeDeleted]);

export interface CachedNode {
  data: Data;
  stat: Stat;
}

export type TreeChange =
  | { kind: 'added' | 'changed'; path: string; node: CachedNode }
  | { kind: 'removed'; path: string };

export class TreeCache {
  private readonly client: CoordinatorClient;
  private readonly root: string;
  private readonly onChange: (change: TreeChange) => void;
  private readonly onError: (error: Error) => void;
  private readonly known = new Map<string, CachedNode>();
  private stopListening: (() => void) | null = null;

  /**
   * @param onChange called for every znode that came, changed or went, from the first reading on.
   * @param onError what ended the watching: the session is over, or reading was forbidden. Default: the cache keeps what it has.
   */
  constructor(
    client: CoordinatorClient,
    root: string,
    onChange: (change: TreeChange) => void = () => {},
    onError: (error: Error) => void = () => {},
  ) {
    this.client = client;
    this.root = root;
    this.onChange = onChange;
    this.onError = onError;
  }

  /** By path, the root included; empty while there is no such znode. */
  get nodes(): ReadonlyMap<string, CachedNode> {
    return this.known;
  }

  /** Resolves when everything has been read for the first time. */
  async start(): Promise<void> {
    this.stopListening = this.client.on('connected', () => this.refresh(() => this.readAll()));
    // First the watch: what changes during the reading is read once more.
    await retried(() => this.client.addWatch(this.root, this.onEvent, AddWatchMode.PERSISTENT_RECURSIVE));
    await this.readAll();
  }

  async stop(): Promise<void> {
    this.stopListening?.();
    this.stopListening = null;
    try {
      await this.client.removeWatches(this.root, WatcherType.ANY, { callback: this.onEvent, local: true });
    } catch (error) {
      // With the session the watch has gone too.
      if (!hasCode(error, ErrorCode.NOWATCHER)) throw error;
    }
  }

  private readonly onEvent = (event: ClientEvent): void => {
    // For a deletion too: a reading from before it may be about to be noted, and this one comes after that.
    if (CHANGES.has(event.type)) this.refresh(() => this.read(event.path));
  };

  /** Replies come in the order of requests, so that a reading that is overtaken by an event is followed by a newer one. */
  private async read(path: string): Promise<void> {
    try {
      const node = await retried(() => this.client.getData(path));
      const old = this.known.get(path);
      if (old !== undefined && old.stat.mzxid >= node.stat.mzxid && old.stat.czxid === node.stat.czxid) return;
      this.known.set(path, node);
      this.onChange({ kind: old === undefined ? 'added' : 'changed', path, node });
    } catch (error) {
      if (!hasCode(error, ErrorCode.NONODE)) throw error;
      this.remove(path);
    }
  }

  private remove(path: string): void {
    if (this.known.delete(path)) this.onChange({ kind: 'removed', path });
  }

  private async readAll(): Promise<void> {
    const found = new Set<string>();
    const visit = async (path: string): Promise<void> => {
      found.add(path);
      const [, children] = await Promise.all([this.read(path), this.childrenOf(path)]);
      await Promise.all(children.map((name) => visit(childOf(path, name))));
    };
    const before = [...this.known.keys()];
    await visit(this.root);
    for (const path of before) if (!found.has(path)) this.remove(path);
  }

  private async childrenOf(path: string): Promise<readonly string[]> {
    try {
      return (await retried(() => this.client.getChildren(path))).children;
    } catch (error) {
      if (hasCode(error, ErrorCode.NONODE)) return [];
      throw error;
    }
  }

  private refresh(read: () => Promise<void>): void {
    if (this.stopListening === null) return;
    read().catch((error: Error) => this.stopListening !== null && this.onError(error));
  }
}
