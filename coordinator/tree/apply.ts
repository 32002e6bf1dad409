/**
 * Carries out transactions: the only place that changes the tree. Idempotent, because versions and counters in a
 * transaction are the outcome: replaying the log over a snapshot that was taken while transactions went on repairs it
 * (`DataTree.processTxn`). Watches fire after the whole transaction is in the tree.
 */
import { unreachable } from '../../shared/base/assert.ts';
import type { Acl } from '../../shared/znode/acl.ts';
import type { MultiOp, MultiResult } from '../../shared/znode/operations.ts';
import type { DataTree } from './data-tree.ts';
import { parentPathOf } from './path.ts';
import type { CreateTxn, DeleteTxn, MultiPart, MultiTxn, SetDataTxn, Txn } from './txn.ts';
import { statOf } from './znode.ts';

/** Hears of changes; `acl` is the znode's (a deleted one's last), for those who filter by READ. */
export interface ChangeListener {
  created(path: string, acl: readonly Acl[], parentPath: string, parentAcl: readonly Acl[], zxid: number): void;
  deleted(path: string, acl: readonly Acl[], parentPath: string, parentAcl: readonly Acl[], zxid: number): void;
  dataChanged(path: string, acl: readonly Acl[], zxid: number): void;
}

/** Applies `txn`; `listener` hears what changed afterwards. Null during a replay: nobody watches then. */
export function applyTxn(tree: DataTree, txn: Txn, listener: ChangeListener | null): void {
  const { body, zxid } = txn;
  switch (body.type) {
    case 'create':
    case 'delete':
    case 'setData':
    case 'check':
    case 'error':
      applyPart(tree, txn, body, listener);
      break;
    case 'setACL': {
      const node = tree.get(body.path);
      if (node !== undefined) {
        tree.setAcl(node, body.acl);
        node.aversion = body.version;
      }
      break;
    }
    case 'createSession':
      tree.sessions.set(txn.sessionId, body.timeoutMs);
      break;
    case 'closeSession':
      tree.sessions.delete(txn.sessionId);
      for (const path of body.paths) applyDelete(tree, { type: 'delete', path }, zxid, listener);
      break;
    case 'multi':
      applyMulti(tree, txn, body, null, listener);
      break;
    default:
      unreachable(body, 'txn');
  }
  tree.lastZxid = zxid;
}

/** Applies a multi that someone waits for: the results are those of each part at its moment. */
export function applyMultiFor(
  tree: DataTree,
  txn: Txn,
  body: MultiTxn,
  ops: readonly MultiOp[],
  listener: ChangeListener | null,
): MultiResult[] {
  const results: MultiResult[] = [];
  applyMulti(
    tree,
    txn,
    body,
    (part, i) => results.push(resultOf(tree, part, ops[i]!)),
    listener,
  );
  tree.lastZxid = txn.zxid;
  return results;
}

function applyMulti(
  tree: DataTree,
  txn: Txn,
  body: MultiTxn,
  afterPart: ((part: MultiPart, index: number) => void) | null,
  listener: ChangeListener | null,
): void {
  const late = listener === null ? null : new LateListener();
  body.parts.forEach((part, i) => {
    applyPart(tree, txn, part, late);
    afterPart?.(part, i);
  });
  if (listener !== null) late?.tell(listener);
}

function resultOf(tree: DataTree, part: MultiPart, op: MultiOp): MultiResult {
  switch (part.type) {
    case 'error':
      return { op: 'error', error: part.error };
    case 'create': {
      // The original's answer has one type for all creations with a stat.
      if (op.op === 'create2' || op.op === 'createContainer' || op.op === 'createTTL') {
        return { op: 'create2', path: part.path, stat: statOf(tree.get(part.path)!) };
      }
      return { op: 'create', path: part.path };
    }
    case 'setData':
      return { op: 'setData', stat: statOf(tree.get(part.path)!) };
    case 'delete':
    case 'check':
      return { op: part.type };
  }
}

function applyPart(tree: DataTree, txn: Txn, part: MultiPart, listener: ChangeListener | null): void {
  switch (part.type) {
    case 'create':
      return applyCreate(tree, part, txn, listener);
    case 'delete':
      return applyDelete(tree, part, txn.zxid, listener);
    case 'setData':
      return applySetData(tree, part, txn, listener);
    case 'check':
    case 'error':
      return;
  }
}

function applyCreate(tree: DataTree, create: CreateTxn, txn: Txn, listener: ChangeListener | null): void {
  const { path } = create;
  const parentPath = parentPathOf(path);
  const parent = tree.get(parentPath);
  // Both only happen in a replay: the snapshot already knows that the parent goes later, or has the znode.
  if (parent === undefined) return;
  // The counter tells whether the snapshot had this creation; beyond 2^31 it goes on from the negative end.
  if (((create.parentCreations - parent.creations) | 0) > 0) {
    parent.creations = create.parentCreations;
    parent.pzxid = Math.max(parent.pzxid, txn.zxid);
  }
  if (tree.get(path) !== undefined) return;
  const node = tree.makeNode(create.data, create.acl, create.kind, txn.zxid, txn.timeMs);
  tree.insert(path, node);
  tree.quotas.created(path, node);
  listener?.created(path, node.acl.list, parentPath === '' ? '/' : parentPath, parent.acl.list, txn.zxid);
}

function applyDelete(tree: DataTree, { path }: DeleteTxn, zxid: number, listener: ChangeListener | null): void {
  const parentPath = parentPathOf(path);
  const parent = tree.get(parentPath);
  if (parent === undefined) return;
  parent.pzxid = Math.max(parent.pzxid, zxid);
  const node = tree.remove(path);
  if (node === undefined) return;
  listener?.deleted(path, node.acl.list, parentPath === '' ? '/' : parentPath, parent.acl.list, zxid);
}

function applySetData(tree: DataTree, set: SetDataTxn, txn: Txn, listener: ChangeListener | null): void {
  const node = tree.get(set.path);
  if (node === undefined) return;
  const sizeBefore = node.dataSize;
  tree.setData(node, set.data);
  tree.quotas.dataChanged(set.path, node.dataSize - sizeBefore);
  node.version = set.version;
  node.mzxid = txn.zxid;
  node.mtime = txn.timeMs;
  listener?.dataChanged(set.path, node.acl.list, txn.zxid);
}

/** Keeps what happened inside a multi until all of it has happened. */
class LateListener implements ChangeListener {
  private readonly calls: ((listener: ChangeListener) => void)[] = [];

  created(...args: Parameters<ChangeListener['created']>): void {
    this.calls.push((listener) => listener.created(...args));
  }

  deleted(...args: Parameters<ChangeListener['deleted']>): void {
    this.calls.push((listener) => listener.deleted(...args));
  }

  dataChanged(...args: Parameters<ChangeListener['dataChanged']>): void {
    this.calls.push((listener) => listener.dataChanged(...args));
  }

  tell(listener: ChangeListener): void {
    for (const call of this.calls) call(listener);
  }
}
