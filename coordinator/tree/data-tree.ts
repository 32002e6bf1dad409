/**
 * The tree of znodes in memory, with the indexes that keep it cheap to live with: ephemerals by session, and the znodes
 * that the leader has to look after (containers, TTLs). It is replicated state: every member that applied the same
 * transactions holds the same tree. `apply.ts` is the only one to change it.
 */
import { assert } from '../../shared/base/assert.ts';
import type { Acl } from '../../shared/znode/acl.ts';
import type { Data } from '../../shared/znode/operations.ts';
import type { SharedAcl } from './acl-store.ts';
import { AclStore } from './acl-store.ts';
import { Cells, releaseCell } from './cells.ts';
import { ChildLists } from './child-lists.ts';
import { joinPath, nameOf } from './path.ts';
import { Quotas } from './quota.ts';
import type { ZnodeKind } from './znode.ts';
import { PERSISTENT, Znode } from './znode.ts';

/** The znodes of every tree, and who may change them: anyone reads, only `super` writes the ensemble's configuration. */
const CONFIG_ACL: readonly Acl[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];

/** How many parents are remembered; a power of two. */
const PARENTS = 32;
/** No path is this short. */
const NO_PARENT: { readonly path: string; readonly node: Znode | undefined } = { path: '', node: undefined };

const EMPTY = new Uint8Array(0);

export class DataTree {
  private readonly cells = new Cells();
  readonly acls = new AclStore();
  readonly root: Znode;
  /** Session id → timeout: sessions are part of the replicated state. */
  readonly sessions = new Map<bigint, number>();
  readonly ephemerals = new Map<bigint, Set<string>>();
  readonly containers = new Set<string>();
  readonly ttls = new Set<string>();
  readonly quotas = new Quotas(this);
  readonly childLists = new ChildLists();
  private readonly parents: { readonly path: string; readonly node: Znode | undefined }[] = Array.from({ length: PARENTS }, () => NO_PARENT);
  /** zxid of the last transaction applied. */
  lastZxid = 0;
  /** The root included. */
  nodeCount = 1;
  ephemeralCount = 0;
  /** Characters of all paths plus bytes of all data. */
  approximateDataSize = 1;

  constructor() {
    this.root = new Znode(this.cells, EMPTY, this.acls.acquire(this.acls.open.list), PERSISTENT, 0, 0);
    this.insert('/zookeeper', this.makeSystemNode(this.acls.open.list));
    this.insert('/zookeeper/quota', this.makeSystemNode(this.acls.open.list));
    const config = this.makeSystemNode(CONFIG_ACL);
    config.aversion = -1; // as the original shows it: set once more than the version says
    this.insert('/zookeeper/config', config);
  }

  private makeSystemNode(acl: readonly Acl[]): Znode {
    return new Znode(this.cells, EMPTY, this.acls.acquire(acl), PERSISTENT, 0, 0);
  }

  /** The znode at `path`; `''` is the root too. Any string may be asked for: one that is no path has no znode. */
  get(path: string): Znode | undefined {
    const size = path.length;
    if (size <= 1) return size === 0 || path === '/' ? this.root : undefined;
    const slash = path.lastIndexOf('/');
    return this.parentAt(path, slash)?.children?.get(path.slice(slash + 1));
  }

  /** The znode at `path.slice(0, slash)`. Those asked for last are remembered: what follows is mostly about their children too. */
  private parentAt(path: string, slash: number): Znode | undefined {
    if (slash <= 0) return slash === 0 ? this.root : undefined;
    const place = (slash ^ path.charCodeAt(slash - 1)) & (PARENTS - 1);
    const known = this.parents[place]!;
    if (known.path.length === slash && path.startsWith(known.path)) return known.node;
    const parentPath = path.slice(0, slash);
    const node = this.find(parentPath);
    if (node !== undefined) this.parents[place] = { path: parentPath, node };
    return node;
  }

  /** Goes down from the root. */
  private find(path: string): Znode | undefined {
    if (path.charCodeAt(0) !== 0x2f) return undefined;
    let node: Znode | undefined = this.root;
    let start = 1;
    for (;;) {
      if (node.children === null) return undefined;
      const slash = path.indexOf('/', start);
      if (slash < 0) return node.children.get(path.slice(start));
      node = node.children.get(path.slice(start, slash));
      if (node === undefined) return undefined;
      start = slash + 1;
    }
  }

  /** `node` is no longer in the tree. */
  private forgetParent(node: Znode): void {
    for (let i = 0; i < PARENTS; i++) if (this.parents[i]!.node === node) this.parents[i] = NO_PARENT;
  }

  /** Copies `data`. A node that is not inserted then has to be discarded. */
  makeNode(data: Data, acl: readonly Acl[], kind: ZnodeKind, zxid: number, timeMs: number): Znode {
    return new Znode(this.cells, data, this.acls.acquire(acl), kind, zxid, timeMs);
  }

  /** Gives back what a node has that is in no tree any more. */
  discard(node: Znode): void {
    this.acls.release(node.acl);
    releaseCell(node);
  }

  /** Hangs `node` in at `path`. Its parent is there and the place is free. */
  insert(path: string, node: Znode): void {
    const slash = path.lastIndexOf('/');
    const parent = this.parentAt(path, slash);
    assert(parent !== undefined, 'a znode is inserted below an existing one');
    // A slice would keep the whole path (and what it was cut from) alive for as long as the znode lives.
    const name = detached(path.slice(slash + 1));
    parent.children ??= new Map();
    assert(!parent.children.has(name), 'a znode is inserted where none is');
    parent.children.set(name, node);
    this.childLists.changed(parent);
    this.nodeCount++;
    this.approximateDataSize += path.length + node.dataSize;
    this.index(path, node.kind);
  }

  /** Takes the znode at `path` out, with everything below it. Returns it, or undefined when there is none. */
  remove(path: string): Znode | undefined {
    const parent = this.parentAt(path, path.lastIndexOf('/'));
    const name = nameOf(path);
    const node = parent?.children?.get(name);
    if (parent === undefined || node === undefined) return undefined;
    // Only the replay over a snapshot that was taken while transactions went on can find children here: the transactions
    // that put them there come again later.
    if (node.children !== null) for (const child of [...node.children.keys()]) this.remove(joinPath(path, child));
    parent.children!.delete(name);
    this.childLists.changed(parent);
    if (parent.children!.size === 0) parent.children = null;
    this.forgetParent(node);
    this.nodeCount--;
    this.approximateDataSize -= path.length + node.dataSize;
    this.unindex(path, node.kind);
    this.quotas.removed(path, node);
    this.discard(node);
    return node;
  }

  /** Copies `data`. */
  setData(node: Znode, data: Data): void {
    this.approximateDataSize += (data === null ? 0 : data.length) - node.dataSize;
    this.cells.setData(node, data);
  }

  setAcl(node: Znode, acl: readonly Acl[]): void {
    const shared: SharedAcl = this.acls.acquire(acl);
    this.acls.release(node.acl);
    node.acl = shared;
  }

  private index(path: string, kind: ZnodeKind): void {
    switch (kind.type) {
      case 'persistent':
        return;
      case 'ephemeral': {
        const paths = this.ephemerals.get(kind.sessionId);
        if (paths === undefined) this.ephemerals.set(kind.sessionId, new Set([path]));
        else paths.add(path);
        this.ephemeralCount++;
        return;
      }
      case 'container':
        this.containers.add(path);
        return;
      case 'ttl':
        this.ttls.add(path);
    }
  }

  private unindex(path: string, kind: ZnodeKind): void {
    switch (kind.type) {
      case 'persistent':
        return;
      case 'ephemeral': {
        const paths = this.ephemerals.get(kind.sessionId);
        if (paths !== undefined && paths.delete(path)) this.ephemeralCount--;
        if (paths?.size === 0) this.ephemerals.delete(kind.sessionId);
        return;
      }
      case 'container':
        this.containers.delete(path);
        return;
      case 'ttl':
        this.ttls.delete(path);
    }
  }

  /** All znodes below `node`. Each counts as one step, so callers with a bound on their patience can stop early. */
  descendantCount(node: Znode): number {
    let count = 0;
    const stack: Znode[] = [node];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (next.children === null) continue;
      count += next.children.size;
      for (const child of next.children.values()) if (child.children !== null) stack.push(child);
    }
    return count;
  }
}

/** A copy of `text` that refers to no longer string. Only slices of 13 characters and more do in V8. */
function detached(text: string): string {
  return text.length < 13 ? text : Buffer.from(text).toString();
}
