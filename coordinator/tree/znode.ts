/**
 * One node of the tree. Millions of them are kept, so it is a plain object of fixed shape: equal kinds and access lists
 * are shared, and only a znode with children has a map.
 */
import type { Stat } from '../../shared/znode/stat.ts';
import type { SharedAcl } from './acl-store.ts';
import type { StoredData } from './stored-data.ts';
import { storedSize } from './stored-data.ts';

/** What becomes of a znode by itself: nothing, gone with its session, or removed by the leader when it has no children. */
export type ZnodeKind =
  | { readonly type: 'persistent' }
  | { readonly type: 'ephemeral'; readonly sessionId: bigint }
  | { readonly type: 'container' }
  | { readonly type: 'ttl'; readonly ttlMs: number };

export const PERSISTENT: ZnodeKind = { type: 'persistent' };
export const CONTAINER: ZnodeKind = { type: 'container' };

export class Znode {
  data: StoredData;
  acl: SharedAcl;
  kind: ZnodeKind;
  children: Map<string, Znode> | null = null;
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctime: number;
  mtime: number;
  version = 0;
  aversion = 0;
  /** How many children were ever created here: numbers sequential children. `cversion` as clients see it follows from it. */
  creations = 0;

  constructor(data: StoredData, acl: SharedAcl, kind: ZnodeKind, zxid: number, timeMs: number) {
    this.data = data;
    this.acl = acl;
    this.kind = kind;
    this.czxid = zxid;
    this.mzxid = zxid;
    this.pzxid = zxid;
    this.ctime = timeMs;
    this.mtime = timeMs;
  }
}

export function childCountOf(node: Znode): number {
  return node.children === null ? 0 : node.children.size;
}

/** The `Stat` that clients see: each child that is gone was created and deleted, which makes two changes. */
export function statOf(node: Znode): Stat {
  const numChildren = node.children === null ? 0 : node.children.size;
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    cversion: (node.creations * 2 - numChildren) | 0,
    aversion: node.aversion,
    ephemeralOwner: node.kind.type === 'ephemeral' ? node.kind.sessionId : 0n,
    dataLength: storedSize(node.data),
    numChildren,
    pzxid: node.pzxid,
  };
}
