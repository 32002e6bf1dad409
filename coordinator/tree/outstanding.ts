/**
 * The tree as it will be once everything in flight is applied: what a write is prepared against. Only the znodes that some
 * transaction in flight touches are held here, the rest is looked up in the tree (`ZooKeeperServer.outstandingChanges`).
 * Invariant: a record goes when the transaction that made it is applied, so with nothing in flight this is empty.
 */
import type { Acl } from '../../shared/znode/acl.ts';
import type { DataTree } from './data-tree.ts';
import type { QuotaExcess } from './quota.ts';
import type { ZnodeKind } from './znode.ts';
import { childCountOf } from './znode.ts';

/** What preparing needs to know of a znode. `exists` false: a transaction in flight deletes it. */
export interface PendingZnode {
  readonly path: string;
  /** The transaction in flight that leaves it so. */
  zxid: number;
  exists: boolean;
  version: number;
  aversion: number;
  creations: number;
  childCount: number;
  acl: readonly Acl[];
  kind: ZnodeKind;
}

export class Outstanding {
  private readonly tree: DataTree;
  private readonly records = new Map<string, PendingZnode>();
  /** Records in the order of their zxids, to be dropped from the front. */
  private queue: PendingZnode[] = [];
  private queueHead = 0;

  constructor(tree: DataTree) {
    this.tree = tree;
  }

  get size(): number {
    return this.records.size;
  }

  /** What a write of `bytes` at `path` exceeds: a new znode, or new data for the one there. In flight is not counted, as in the original. */
  quotaExcess(path: string, isNew: boolean, bytes: number): QuotaExcess | null {
    const { quotas } = this.tree;
    if (quotas.ruling(path) === null) return null;
    const node = isNew ? undefined : this.tree.get(path);
    return quotas.excess(path, isNew ? 1 : 0, bytes - (node === undefined ? 0 : node.dataSize));
  }

  /** The znode as it will be, or undefined when it will not exist. The record may be shared: `change` before changing it. */
  get(path: string): PendingZnode | undefined {
    const record = this.records.get(path === '' ? '/' : path);
    if (record !== undefined) return record.exists ? record : undefined;
    const node = this.tree.get(path);
    if (node === undefined) return undefined;
    return {
      path: path === '' ? '/' : path,
      zxid: 0,
      exists: true,
      version: node.version,
      aversion: node.aversion,
      creations: node.creations,
      childCount: childCountOf(node),
      acl: node.acl.list,
      kind: node.kind,
    };
  }

  /** Puts `record` in place as left by transaction `zxid`. The caller made it or took it from `change`. */
  put(record: PendingZnode): void {
    if (this.records.get(record.path) === record) return;
    this.records.set(record.path, record);
    this.queue.push(record);
  }

  /** A form of `record` that transaction `zxid` may change and then `put`: a copy, unless nobody else has this one. */
  change(record: PendingZnode, zxid: number): PendingZnode {
    if (record.zxid === 0 || record.zxid === zxid) {
      record.zxid = zxid;
      return record;
    }
    return {
      path: record.path,
      zxid,
      exists: record.exists,
      version: record.version,
      aversion: record.aversion,
      creations: record.creations,
      childCount: record.childCount,
      acl: record.acl,
      kind: record.kind,
    };
  }

  /** A point to return to when a multi is refused half-way. */
  mark(): number {
    return this.queue.length;
  }

  /** Takes back what was put since `mark`. */
  rollback(mark: number): void {
    const dropped = this.queue.splice(mark);
    for (const record of dropped) this.records.delete(record.path);
    // What those records hid is still queued.
    if (dropped.length === 0) return;
    const hidden = new Set(dropped.map(({ path }) => path));
    for (let i = this.queueHead; i < this.queue.length; i++) {
      const record = this.queue[i]!;
      if (hidden.has(record.path)) this.records.set(record.path, record);
    }
  }

  /** Everything up to `zxid` is in the tree now. */
  applied(zxid: number): void {
    let head = this.queueHead;
    while (head < this.queue.length && this.queue[head]!.zxid <= zxid) {
      const record = this.queue[head]!;
      if (this.records.get(record.path) === record) this.records.delete(record.path);
      head++;
    }
    this.queueHead = head;
    if (head === this.queue.length) {
      this.queue = [];
      this.queueHead = 0;
    } else if (head > 4096 && head * 2 > this.queue.length) {
      this.queue = this.queue.slice(head);
      this.queueHead = 0;
    }
  }

  /** The ephemerals that `sessionId` will have. */
  ephemeralsOf(sessionId: bigint): string[] {
    const paths = new Set(this.tree.ephemerals.get(sessionId));
    for (const record of this.records.values()) {
      if (!record.exists) paths.delete(record.path);
      else if (record.kind.type === 'ephemeral' && record.kind.sessionId === sessionId) paths.add(record.path);
    }
    return [...paths];
  }
}
