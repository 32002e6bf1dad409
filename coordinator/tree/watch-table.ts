/**
 * Who waits for which path. Data watches (exists, getData), child watches (getChildren), both one-shot; persistent and
 * persistent recursive ones stay. Modes of one watcher on one path add up as bits. Watches live with the connection: a
 * watcher that is removed leaves nothing behind (`WatchManager`, `WatcherModeManager`).
 */
import type { Id } from '../../shared/znode/acl.ts';
import { AddWatchMode, EventType, WatcherType } from '../../shared/znode/watch-event.ts';

/** A connection, as the table sees it. */
export interface Watcher {
  /** Its identities: events are kept from those who may not read the znode. */
  readonly ids: readonly Id[];
  notify(type: EventType, path: string, zxid: number): void;
}

/** May `watcher` see this event? Asked before a watch fires, which uses it up either way. */
export type EventFilter = (watcher: Watcher) => boolean;

// A persistent watch is held once as a data watch and once as a child watch: removing one kind leaves the other.
const DATA_ONCE = 1;
const DATA_PERSISTENT = 2;
const DATA_RECURSIVE = 4;
const CHILD_ONCE = 8;
const CHILD_PERSISTENT = 16;
const CHILD_RECURSIVE = 32;
const ONCE = DATA_ONCE | CHILD_ONCE;
const PERSISTENT = DATA_PERSISTENT | CHILD_PERSISTENT;
const RECURSIVE = DATA_RECURSIVE | CHILD_RECURSIVE;
const DATA = DATA_ONCE | DATA_PERSISTENT | DATA_RECURSIVE;
const CHILD = CHILD_ONCE | CHILD_PERSISTENT | CHILD_RECURSIVE;
const ANY = DATA | CHILD;

export class WatchTable<W extends Watcher = Watcher> {
  private readonly byPath = new Map<string, Map<W, number>>();
  private readonly byWatcher = new Map<W, Set<string>>();
  /** Entries with the RECURSIVE bit: while there are none, events don't look at ancestors. */
  private recursiveCount = 0;
  private dataCount = 0;
  private childCount = 0;

  /** Data and child watches set, as `zk_watch_count` counts them: a persistent one is both. */
  get size(): number {
    return this.dataCount + this.childCount;
  }

  addData(path: string, watcher: W): void {
    this.add(path, watcher, DATA_ONCE);
  }

  addChild(path: string, watcher: W): void {
    this.add(path, watcher, CHILD_ONCE);
  }

  addPersistent(path: string, watcher: W, mode: AddWatchMode): void {
    this.add(path, watcher, mode === AddWatchMode.PERSISTENT ? PERSISTENT : RECURSIVE);
  }

  /** Is a watch of that kind set? Persistent ones answer for both kinds. */
  has(path: string, watcher: W, type: WatcherType): boolean {
    const bits = this.byPath.get(path)?.get(watcher) ?? 0;
    return (bits & bitsOf(type)) !== 0;
  }

  /** Removes the watches of that kind; false when there was none. */
  remove(path: string, watcher: W, type: WatcherType): boolean {
    const bits = this.byPath.get(path)?.get(watcher) ?? 0;
    if ((bits & bitsOf(type)) === 0) return false;
    this.set(path, watcher, bits & ~bitsOf(type));
    return true;
  }

  /** Forgets everything about `watcher`. */
  removeWatcher(watcher: W): void {
    const paths = this.byWatcher.get(watcher);
    if (paths === undefined) return;
    for (const path of [...paths]) this.set(path, watcher, 0);
  }

  /** This and the next ones return how many watchers were told. */
  created(path: string, zxid: number, mayRead: EventFilter | null): number {
    return this.fire(EventType.NodeCreated, path, DATA, zxid, mayRead);
  }

  changed(path: string, zxid: number, mayRead: EventFilter | null): number {
    return this.fire(EventType.NodeDataChanged, path, DATA, zxid, mayRead);
  }

  /** Data and child watchers of the path hear of its end once each. */
  deleted(path: string, zxid: number, mayRead: EventFilter | null): number {
    return this.fire(EventType.NodeDeleted, path, ANY, zxid, mayRead);
  }

  /** A recursive watch hears of the child itself, not of its parent's list. */
  childrenChanged(path: string, zxid: number, mayRead: EventFilter | null): number {
    return this.fire(EventType.NodeChildrenChanged, path, CHILD & ~RECURSIVE, zxid, mayRead);
  }

  private fire(type: EventType, path: string, heard: number, zxid: number, mayRead: EventFilter | null): number {
    let fired = 0;
    const watchers = this.byPath.get(path);
    const recursive = this.recursiveCount > 0 ? heard & RECURSIVE : 0;
    const told = recursive === 0 ? null : new Set<W>();
    if (watchers !== undefined) {
      for (const [watcher, bits] of [...watchers]) {
        if ((bits & heard) === 0) continue;
        if ((bits & heard & ONCE) !== 0) this.set(path, watcher, bits & ~(heard & ONCE));
        told?.add(watcher);
        fired++;
        if (mayRead === null || mayRead(watcher)) watcher.notify(type, path, zxid);
      }
    }
    if (told !== null && path !== '/') {
      this.fireAncestors(type, path, recursive, told, zxid, mayRead);
      return told.size;
    }
    return fired;
  }

  private fireAncestors(
    type: EventType,
    path: string,
    recursive: number,
    told: Set<W>,
    zxid: number,
    mayRead: EventFilter | null,
  ): void {
    let slash = path.length;
    do {
      slash = path.lastIndexOf('/', slash - 1);
      const watchers = this.byPath.get(slash === 0 ? '/' : path.slice(0, slash));
      if (watchers === undefined) continue;
      for (const [watcher, bits] of watchers) {
        if ((bits & recursive) === 0 || told.has(watcher)) continue;
        told.add(watcher);
        if (mayRead === null || mayRead(watcher)) watcher.notify(type, path, zxid);
      }
    } while (slash > 0);
  }

  private add(path: string, watcher: W, bits: number): void {
    const old = this.byPath.get(path)?.get(watcher) ?? 0;
    this.set(path, watcher, old | bits);
  }

  private set(path: string, watcher: W, bits: number): void {
    let watchers = this.byPath.get(path);
    const old = watchers?.get(watcher) ?? 0;
    if (old === bits) return;
    this.recursiveCount += flag(bits, RECURSIVE) - flag(old, RECURSIVE);
    this.dataCount += flag(bits, DATA) - flag(old, DATA);
    this.childCount += flag(bits, CHILD) - flag(old, CHILD);
    if (bits !== 0) {
      if (watchers === undefined) this.byPath.set(path, (watchers = new Map()));
      watchers.set(watcher, bits);
      const paths = this.byWatcher.get(watcher);
      if (paths === undefined) this.byWatcher.set(watcher, new Set([path]));
      else paths.add(path);
      return;
    }
    watchers!.delete(watcher);
    if (watchers!.size === 0) this.byPath.delete(path);
    const paths = this.byWatcher.get(watcher)!;
    paths.delete(path);
    if (paths.size === 0) this.byWatcher.delete(watcher);
  }

  /** Data watches by path, persistent ones included, as the `wch*` four-letter words show them. */
  *dataWatches(): IterableIterator<[path: string, watchers: W[]]> {
    for (const [path, watchers] of this.byPath) {
      const found: W[] = [];
      for (const [watcher, bits] of watchers) if ((bits & DATA) !== 0) found.push(watcher);
      if (found.length > 0) yield [path, found];
    }
  }
}

function flag(bits: number, mask: number): number {
  return (bits & mask) === 0 ? 0 : 1;
}

function bitsOf(type: WatcherType): number {
  switch (type) {
    case WatcherType.DATA:
      return DATA;
    case WatcherType.CHILDREN:
      return CHILD;
    case WatcherType.ANY:
      return ANY;
  }
}
