/**
 * Brings znodes of a backup into an ensemble that runs, as any client would: what is missing is created, what differs is set, and only
 * if asked what the backup doesn't have is deleted. Ephemerals are left out: they belong to sessions. Versions, times and the counters of
 * sequential znodes are the ensemble's own; who needs them restores the files.
 */
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import type { CreateOptions } from '../../shared/client/ops.ts';
import { createOp } from '../../shared/client/ops.ts';
import type { Acl } from '../../shared/znode/acl.ts';
import { CreateMode } from '../../shared/znode/create-mode.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { MultiOp } from '../../shared/znode/operations.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { joinPath } from '../tree/path.ts';
import type { Znode } from '../tree/znode.ts';

/** Of one multi: a request may have 1 MiB by default, and what stands around the data of an operation. */
const BATCH_OPS_MAX = 500;
const BATCH_BYTES_MAX = 512 * 1024;
const OP_BYTES = 100;

export interface RestoreOnlineOptions {
  /** The znode at which to begin. */
  path: string;
  /** Deletes what the backup doesn't have. */
  deleteOthers: boolean;
  /** Changes nothing, only tells. */
  dryRun: boolean;
  tell(line: string): void;
}

export interface RestoreCounts {
  created: number;
  changed: number;
  deleted: number;
  /** Ephemerals, which were left out. */
  skipped: number;
}

export async function restoreOnline(client: CoordinatorClient, tree: DataTree, options: RestoreOnlineOptions): Promise<RestoreCounts> {
  const counts: RestoreCounts = { created: 0, changed: 0, deleted: 0, skipped: 0 };
  const start = tree.get(options.path);
  if (start === undefined) throw new CoordinatorError(ErrorCode.NONODE, options.path);
  await restoreZnode(client, options.path, start, options, counts);
  return counts;
}

/** Of the server's own, only quotas are somebody's data. */
const isLeftOut = (path: string): boolean => path === '/zookeeper/config';

async function restoreZnode(client: CoordinatorClient, path: string, node: Znode, options: RestoreOnlineOptions, counts: RestoreCounts): Promise<void> {
  if (isLeftOut(path)) return;
  if (node.kind.type === 'ephemeral') {
    counts.skipped++;
    return;
  }
  // What is below a znode that is missing is missing too.
  if ((await client.exists(path)) === null) return createAll(client, path, node, options, counts);
  if (path !== '/' && path !== '/zookeeper' && path !== '/zookeeper/quota') await change(client, path, node, options, counts);
  for (const [name, child] of node.children ?? []) await restoreZnode(client, joinPath(path, name), child, options, counts);
  if (!options.deleteOthers) return;
  for (const name of (await client.getChildren(path)).children) {
    const child = joinPath(path, name);
    if (node.children?.has(name) !== true && !child.startsWith('/zookeeper')) await remove(client, child, options, counts);
  }
}

/** Creates a znode and all below it, many with one commit. */
async function createAll(client: CoordinatorClient, path: string, node: Znode, { dryRun, tell }: RestoreOnlineOptions, counts: RestoreCounts): Promise<void> {
  let ops: MultiOp[] = [];
  let size = 0;
  const send = async (): Promise<void> => {
    if (ops.length > 0 && !dryRun) await client.multi(ops);
    ops = [];
    size = 0;
  };
  for (const [each, below] of subtreeOf(path, node, counts)) {
    if (ops.length === BATCH_OPS_MAX || size + below.dataSize > BATCH_BYTES_MAX) await send();
    counts.created++;
    tell(`create ${each}`);
    ops.push(createOp(each, below.ownData(), { ...modeOf(below), acl: below.acl.list }));
    size += below.dataSize + each.length + OP_BYTES;
  }
  await send();
}

/** Parents before children, without ephemerals. */
function* subtreeOf(path: string, node: Znode, counts: RestoreCounts): IterableIterator<[path: string, node: Znode]> {
  if (node.kind.type === 'ephemeral') {
    counts.skipped++;
    return;
  }
  yield [path, node];
  for (const [name, child] of node.children ?? []) yield* subtreeOf(joinPath(path, name), child, counts);
}

function modeOf({ kind }: Znode): CreateOptions {
  switch (kind.type) {
    case 'container':
      return { mode: CreateMode.CONTAINER };
    case 'ttl':
      return { mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: kind.ttlMs };
    case 'persistent':
    case 'ephemeral':
      return {};
  }
}

async function change(client: CoordinatorClient, path: string, node: Znode, { dryRun, tell }: RestoreOnlineOptions, counts: RestoreCounts): Promise<void> {
  const { data } = await client.getData(path);
  const wanted = node.ownData();
  const sameData = data === null || wanted === null ? data === wanted : Buffer.from(data).equals(wanted);
  const { acl } = await client.getAcl(path);
  const sameAcl = JSON.stringify(plain(acl)) === JSON.stringify(plain(node.acl.list));
  if (sameData && sameAcl) return;
  counts.changed++;
  tell(`change ${path}`);
  if (dryRun) return;
  if (!sameData) await client.setData(path, wanted);
  if (!sameAcl) await client.setAcl(path, node.acl.list);
}

const plain = (acl: readonly Acl[]): unknown => acl.map(({ perms, id }) => [perms, id.scheme, id.id]);

async function remove(client: CoordinatorClient, path: string, options: RestoreOnlineOptions, counts: RestoreCounts): Promise<void> {
  const stat = await client.exists(path);
  if (stat === null) return;
  if (stat.ephemeralOwner !== 0n) {
    counts.skipped++;
    return;
  }
  for (const name of (await client.getChildren(path)).children) await remove(client, joinPath(path, name), options, counts);
  counts.deleted++;
  options.tell(`delete ${path}`);
  if (!options.dryRun) await client.delete(path);
}
