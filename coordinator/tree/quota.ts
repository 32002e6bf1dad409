/**
 * Quotas: how many znodes, and bytes of data, a subtree may hold. A quota for `/a` is made of two znodes that clients write,
 *
 *     /zookeeper/quota/a/zookeeper_limits   count=5,bytes=100=;byteHardLimit=200;countHardLimit=20
 *     /zookeeper/quota/a/zookeeper_stats    count=1,bytes=4
 *
 * of which the server keeps the second one: it follows from the tree, so no transaction says it, and a recovery counts anew
 * (`StatsTrack`, `DataTree.updateQuotaStat`, `ZooKeeperServer.checkQuota`).
 */
import type { DataTree } from './data-tree.ts';
import { joinPath, nameOf, parentPathOf } from './path.ts';
import type { Znode } from './znode.ts';

const QUOTA_ROOT = '/zookeeper/quota';
const LIMITS = 'zookeeper_limits';
const STATS = 'zookeeper_stats';

/** What stands in a limits or a stats znode; -1 where nothing does. */
export interface QuotaValues {
  count: number;
  bytes: number;
  countHardLimit: number;
  byteHardLimit: number;
}

/** Reads `count=5,bytes=100=;byteHardLimit=200`. The `=` before `;` made older servers stop reading there. */
export function parseQuota(text: string): QuotaValues {
  const values: QuotaValues = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 };
  for (const pair of text.split(/[,;]+/)) {
    const [key, value] = pair.split('=', 2);
    if (key === undefined || !Object.hasOwn(values, key)) continue;
    // What is no number sets no limit: nobody can be refused for it.
    if (value !== undefined && /^[+-]?\d+$/.test(value)) values[key as keyof QuotaValues] = Number(value);
  }
  return values;
}

/** What a write would exceed. `line` is what the original logs; only a hard limit refuses. */
export interface QuotaExcess {
  hard: boolean;
  line: string;
}

export class Quotas {
  private readonly tree: DataTree;
  /** Paths that have a limits znode. */
  private readonly paths = new Set<string>();

  constructor(tree: DataTree) {
    this.tree = tree;
  }

  /** The nearest znode at or above `path` that has a quota, or null. */
  ruling(path: string): string | null {
    if (this.paths.size === 0) return null;
    for (let at = path; at !== ''; at = parentPathOf(at)) if (this.paths.has(at)) return at;
    return null;
  }

  /** What a write that adds `countDiff` znodes and `bytesDiff` bytes at `path` exceeds; null when there is room. */
  excess(path: string, countDiff: number, bytesDiff: number): QuotaExcess | null {
    const ruling = this.ruling(path);
    if (ruling === null) return null;
    const limits = this.read(ruling, LIMITS);
    const stats = this.read(ruling, STATS);
    if (limits === null || stats === null) return null;
    return (
      exceeded(ruling, 'count', countDiff, stats.count, limits.count, limits.countHardLimit) ??
      exceeded(ruling, 'byte', bytesDiff, stats.bytes, limits.bytes, limits.byteHardLimit)
    );
  }

  /** `node` has come to be at `path`. */
  created(path: string, node: Znode): void {
    if (path.startsWith(`${QUOTA_ROOT}/`)) this.quotaCreated(path);
    this.add(path, 1, node.dataSize);
  }

  removed(path: string, node: Znode): void {
    if (this.paths.size === 0) return;
    if (path.startsWith(QUOTA_ROOT) && nameOf(path) === LIMITS) this.paths.delete(subjectOf(path));
    this.add(path, -1, -node.dataSize);
  }

  dataChanged(path: string, bytesDiff: number): void {
    if (this.paths.size > 0) this.add(path, 0, bytesDiff);
  }

  /** Counts everything anew, as after a snapshot was read. */
  recount(): void {
    this.paths.clear();
    const visit = (path: string, node: Znode): void => {
      if (nameOf(path) === LIMITS) this.paths.add(subjectOf(path));
      if (node.children !== null) for (const [name, child] of node.children) visit(joinPath(path, name), child);
    };
    const root = this.tree.get(QUOTA_ROOT);
    if (root !== undefined) visit(QUOTA_ROOT, root);
    for (const path of this.paths) this.count(path);
  }

  private quotaCreated(path: string): void {
    const name = nameOf(path);
    const subject = subjectOf(path);
    if (subject === '') return; // the root has no quota
    if (name === LIMITS) this.paths.add(subject);
    else if (name === STATS) this.count(subject);
  }

  private add(path: string, countDiff: number, bytesDiff: number): void {
    const ruling = this.ruling(path);
    if (ruling === null) return;
    const stats = this.read(ruling, STATS);
    if (stats !== null) this.write(ruling, stats.count + countDiff, stats.bytes + bytesDiff);
  }

  /** Sets the stats of `path` to what is there now. */
  private count(path: string): void {
    let count = 0;
    let bytes = 0;
    const subject = this.tree.get(path);
    const stack: Znode[] = subject === undefined ? [] : [subject];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      count++;
      bytes += node.dataSize;
      if (node.children !== null) for (const child of node.children.values()) stack.push(child);
    }
    this.write(path, count, bytes);
  }

  private read(path: string, name: string): QuotaValues | null {
    const node = this.tree.get(`${QUOTA_ROOT}${path}/${name}`);
    return node === undefined ? null : parseQuota(node.data?.toString() ?? '');
  }

  /** Not a change that anyone watches, and no new version. */
  private write(path: string, count: number, bytes: number): void {
    const node = this.tree.get(`${QUOTA_ROOT}${path}/${STATS}`);
    if (node !== undefined) this.tree.setData(node, Buffer.from(`count=${count},bytes=${bytes}`));
  }
}

/** Whose quota the znode at `path` belongs to: `/a` for `/zookeeper/quota/a/zookeeper_limits`. */
function subjectOf(path: string): string {
  return parentPathOf(path).slice(QUOTA_ROOT.length);
}

function exceeded(path: string, what: string, diff: number, now: number, soft: number, hard: number): QuotaExcess | null {
  const isHard = hard > -1;
  const limit = isHard ? hard : soft;
  const next = now + diff;
  if (diff === 0 || limit < 0 || next <= limit) return null;
  const line = `Quota exceeded: ${path} [current ${what === 'byte' ? 'bytes' : what}=${next}, ${isHard ? 'hard' : 'soft'}${what === 'byte' ? 'Byte' : 'Count'}Limit=${limit}]`;
  return { hard: isHard, line };
}
