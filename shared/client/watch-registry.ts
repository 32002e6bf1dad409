/**
 * The watches of one session as the client remembers them (`ZKWatchManager`): which callbacks an event goes to, which of them
 * are used up by it, and what to arm again after a reconnection. Paths are the server's (with chroot).
 */
import type { Request, SetWatchesRequest } from '../znode/operations.ts';
import type { EventType as EventTypeT, WatchedEvent } from '../znode/watch-event.ts';
import { AddWatchMode, EventType, WatcherType } from '../znode/watch-event.ts';

/** `zxid` is that of the change, or -1 for events that the client makes itself. */
export type ClientEvent = WatchedEvent & { zxid: number };
export type WatchCallback = (event: ClientEvent) => void;

/** What a one-shot watch was set by: exists on a znode that is there counts as data. */
export type WatchKind = 'data' | 'exist' | 'child';

type Watches = Map<string, Set<WatchCallback>>;

/** A SetWatches request is cut when its paths exceed this, as the original cuts it, to stay below any server's limit. */
const SET_WATCHES_BYTES_MAX = 128 * 1024;

const SET_WATCHES_LISTS = ['dataWatches', 'existWatches', 'childWatches', 'persistentWatches', 'persistentRecursiveWatches'] as const;
type SetWatchesList = (typeof SET_WATCHES_LISTS)[number];

export class WatchRegistry {
  private readonly data: Watches = new Map();
  private readonly exist: Watches = new Map();
  private readonly child: Watches = new Map();
  private readonly persistent: Watches = new Map();
  private readonly recursive: Watches = new Map();

  /** Remembers a one-shot watch. The same callback on the same path and kind is held once. */
  add(kind: WatchKind, path: string, callback: WatchCallback): void {
    addTo(this[kind], path, callback);
  }

  addPersistent(mode: AddWatchMode, path: string, callback: WatchCallback): void {
    addTo(mode === AddWatchMode.PERSISTENT ? this.persistent : this.recursive, path, callback);
  }

  get size(): number {
    return this.data.size + this.exist.size + this.child.size + this.persistent.size + this.recursive.size;
  }

  /** The callbacks `event` goes to, each once; one-shot ones among them are forgotten. */
  take(type: EventTypeT, path: string): ReadonlySet<WatchCallback> {
    const callbacks = new Set<WatchCallback>();
    switch (type) {
      case EventType.NodeCreated:
      case EventType.NodeDataChanged:
        moveTo(callbacks, this.data, path);
        moveTo(callbacks, this.exist, path);
        break;
      case EventType.NodeChildrenChanged:
        moveTo(callbacks, this.child, path);
        break;
      case EventType.NodeDeleted:
        moveTo(callbacks, this.data, path);
        moveTo(callbacks, this.exist, path);
        moveTo(callbacks, this.child, path);
        break;
      default:
        return callbacks;
    }
    copyTo(callbacks, this.persistent, path);
    // A recursive watch hears of every znode below it, but not of children: their own events say it all.
    if (type !== EventType.NodeChildrenChanged && this.recursive.size > 0) {
      for (let at = path; ; at = at.slice(0, Math.max(at.lastIndexOf('/'), 1))) {
        copyTo(callbacks, this.recursive, at);
        if (at === '/') break;
      }
    }
    return callbacks;
  }

  /** True when a watch of `type` is set on `path`; with `callback`, that very one. */
  has(path: string, type: WatcherType, callback?: WatchCallback): boolean {
    return this.ofType(type).some(([watches]) => {
      const callbacks = watches.get(path);
      return callbacks !== undefined && (callback === undefined || callbacks.has(callback));
    });
  }

  /**
   * Forgets the watches of `type` on `path` (with `callback`, only that one). Returns what to tell whom: a callback that was
   * held twice for the same kind of news hears of it once.
   */
  remove(path: string, type: WatcherType, callback?: WatchCallback): [callback: WatchCallback, type: EventTypeT][] {
    const removed: [WatchCallback, EventTypeT][] = [];
    for (const [watches, eventType] of this.ofType(type)) {
      const callbacks = watches.get(path);
      if (callbacks === undefined) continue;
      for (const each of callbacks) {
        if (callback !== undefined && each !== callback) continue;
        callbacks.delete(each);
        if (!removed.some(([told, what]) => told === each && what === eventType)) removed.push([each, eventType]);
      }
      if (callbacks.size === 0) watches.delete(path);
    }
    return removed;
  }

  /** The watch maps that a `WatcherType` means, with the event that says they are gone. */
  private ofType(type: WatcherType): [Watches, EventTypeT][] {
    const child: [Watches, EventTypeT][] = [[this.child, EventType.ChildWatchRemoved]];
    const data: [Watches, EventTypeT][] = [
      [this.data, EventType.DataWatchRemoved],
      [this.exist, EventType.DataWatchRemoved],
    ];
    switch (type) {
      case WatcherType.CHILDREN:
        return child;
      case WatcherType.DATA:
        return data;
      case WatcherType.ANY:
        return [
          ...child,
          ...data,
          [this.persistent, EventType.PersistentWatchRemoved],
          [this.recursive, EventType.PersistentWatchRemoved],
        ];
    }
  }

  /** What arms every watch again on a new connection, and has the server report what changed after `relativeZxid`. */
  setWatchesRequests(relativeZxid: number): Request[] {
    const maps: Record<SetWatchesList, Watches> = {
      dataWatches: this.data,
      existWatches: this.exist,
      childWatches: this.child,
      persistentWatches: this.persistent,
      persistentRecursiveWatches: this.recursive,
    };
    const requests: SetWatchesRequest[] = [];
    let lists: Record<SetWatchesList, string[]> | null = null;
    let bytes = 0;
    for (const list of SET_WATCHES_LISTS) {
      for (const path of maps[list].keys()) {
        if (lists === null || bytes > SET_WATCHES_BYTES_MAX) {
          lists = { dataWatches: [], existWatches: [], childWatches: [], persistentWatches: [], persistentRecursiveWatches: [] };
          bytes = 0;
          requests.push({ op: 'setWatches', relativeZxid, ...lists });
        }
        lists[list].push(path);
        bytes += path.length + 4;
      }
    }
    return requests;
  }

  clear(): void {
    for (const watches of [this.data, this.exist, this.child, this.persistent, this.recursive]) watches.clear();
  }
}

function addTo(watches: Watches, path: string, callback: WatchCallback): void {
  const callbacks = watches.get(path);
  if (callbacks === undefined) watches.set(path, new Set([callback]));
  else callbacks.add(callback);
}

function copyTo(target: Set<WatchCallback>, watches: Watches, path: string): void {
  const callbacks = watches.get(path);
  if (callbacks !== undefined) for (const callback of callbacks) target.add(callback);
}

function moveTo(target: Set<WatchCallback>, watches: Watches, path: string): void {
  copyTo(target, watches, path);
  watches.delete(path);
}
