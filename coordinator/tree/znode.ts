/**
 * One node of the tree. Millions of them are kept, so it is a small object of fixed shape: its numbers and its data are in a
 * cell outside the heap (`cells.ts`), equal kinds and access lists are shared, and only a znode with children has a map.
 */
import type { Stat } from '../../shared/znode/stat.ts';
import type { SharedAcl } from './acl-store.ts';
import type { CellPage, Cells, CellUser } from './cells.ts';
import { dataOf, dataSizeOf, DOUBLE, INT, NO_PAGE } from './cells.ts';

/** What becomes of a znode by itself: nothing, gone with its session, or removed by the leader when it has no children. */
export type ZnodeKind =
  | { readonly type: 'persistent' }
  | { readonly type: 'ephemeral'; readonly sessionId: bigint }
  | { readonly type: 'container' }
  | { readonly type: 'ttl'; readonly ttlMs: number };

export const PERSISTENT: ZnodeKind = { type: 'persistent' };
export const CONTAINER: ZnodeKind = { type: 'container' };

export class Znode implements CellUser {
  /** Where the numbers and the data are: for `cells.ts` only. */
  page: CellPage = NO_PAGE;
  at = 0;
  large: Buffer | null = null;
  acl: SharedAcl;
  kind: ZnodeKind;
  children: Map<string, Znode> | null = null;

  /** @param data is copied. */
  constructor(cells: Cells, data: Uint8Array | null, acl: SharedAcl, kind: ZnodeKind, zxid: number, timeMs: number) {
    this.acl = acl;
    this.kind = kind;
    cells.assign(this, data);
    this.czxid = zxid;
    this.mzxid = zxid;
    this.pzxid = zxid;
    this.ctime = timeMs;
    this.mtime = timeMs;
    this.version = 0;
    this.aversion = 0;
    this.creations = 0;
  }

  /** Must not be written to, and holds until the next change of the tree. Null and empty differ. */
  get data(): Buffer | null {
    return dataOf(this);
  }

  /** The data to keep: nothing changes it. Large data is not copied, because it is only ever replaced. */
  ownData(): Buffer | null {
    const { data } = this;
    return data === null || this.large !== null ? data : Buffer.from(data);
  }

  get dataSize(): number {
    return dataSizeOf(this);
  }

  get czxid(): number {
    return this.page.doubles[this.at + DOUBLE.czxid]!;
  }

  set czxid(value: number) {
    this.page.doubles[this.at + DOUBLE.czxid] = value;
  }

  get mzxid(): number {
    return this.page.doubles[this.at + DOUBLE.mzxid]!;
  }

  set mzxid(value: number) {
    this.page.doubles[this.at + DOUBLE.mzxid] = value;
  }

  get pzxid(): number {
    return this.page.doubles[this.at + DOUBLE.pzxid]!;
  }

  set pzxid(value: number) {
    this.page.doubles[this.at + DOUBLE.pzxid] = value;
  }

  get ctime(): number {
    return this.page.doubles[this.at + DOUBLE.ctime]!;
  }

  set ctime(value: number) {
    this.page.doubles[this.at + DOUBLE.ctime] = value;
  }

  get mtime(): number {
    return this.page.doubles[this.at + DOUBLE.mtime]!;
  }

  set mtime(value: number) {
    this.page.doubles[this.at + DOUBLE.mtime] = value;
  }

  get version(): number {
    return this.page.ints[this.at * 2 + INT.version]!;
  }

  set version(value: number) {
    this.page.ints[this.at * 2 + INT.version] = value;
  }

  get aversion(): number {
    return this.page.ints[this.at * 2 + INT.aversion]!;
  }

  set aversion(value: number) {
    this.page.ints[this.at * 2 + INT.aversion] = value;
  }

  /** How many children were ever created here: numbers sequential children. `cversion` as clients see it follows from it. */
  get creations(): number {
    return this.page.ints[this.at * 2 + INT.creations]!;
  }

  set creations(value: number) {
    this.page.ints[this.at * 2 + INT.creations] = value;
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
    dataLength: node.dataSize,
    numChildren,
    pzxid: node.pzxid,
  };
}
