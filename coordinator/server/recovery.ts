/** Brings the tree back: the newest snapshot that is whole, then the log after it. The same whether we stopped or died. */
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Metrics } from './metrics.ts';
import { counterOf, epochOf, formatZxid } from '../../shared/znode/zxid.ts';
import type { SnapshotFiles } from '../store/snapshot-file.ts';
import type { TxnLog } from '../store/txn-log.ts';
import { StoreError } from '../store/txn-log.ts';
import { applyTxn } from '../tree/apply.ts';
import { DataTree } from '../tree/data-tree.ts';
import { SnapshotDecoder } from '../tree/snapshot.ts';
import { readTxns } from '../tree/txn-codec.ts';
import { treeHas } from './heap-growth.ts';

export async function recover(
  files: Pick<SnapshotFiles, 'list' | 'read'>,
  txnLog: Pick<TxnLog, 'read'>,
  log: Logger,
  metrics: Metrics,
): Promise<DataTree> {
  const startMs = performance.now();
  const { tree, snapshotZxid } = loadSnapshot(files, log);
  treeHas(tree.nodeCount);
  const loadedMs = performance.now();
  tree.lastZxid = snapshotZxid;
  let count = 0;
  await txnLog.read(snapshotZxid, (body) => {
    for (const txn of readTxns(body)) {
      if (txn.zxid <= snapshotZxid) continue;
      if (count === 0 && !follows(snapshotZxid, txn.zxid)) throw missing(snapshotZxid, txn.zxid);
      applyTxn(tree, txn, null);
      count++;
    }
  });
  const { summaries } = metrics;
  summaries.startup_snap_load_time.add(loadedMs - startMs);
  summaries.startup_txns_load_time.add(performance.now() - loadedMs);
  summaries.startup_txns_loaded.add(count);
  summaries.dbinittime.add(performance.now() - startMs);
  log.info(
    `Snapshot loaded in ${Math.round(performance.now() - startMs)} ms, highest zxid is ${formatZxid(tree.lastZxid)}, ` +
      `${count} txns replayed`,
  );
  return tree;
}

/** Is `zxid` the next after `before`: by count, or as the first one of a later leader? */
function follows(before: number, zxid: number): boolean {
  return zxid === before + 1 || (counterOf(zxid) === 1 && epochOf(zxid) > epochOf(before));
}

/** A later transaction than the first missing one must not be applied as if nothing were between. */
function missing(snapshotZxid: number, found: number): StoreError {
  return new StoreError(
    'STORE_DAMAGED',
    `The txn log begins at zxid ${formatZxid(found)}, the newest readable snapshot ends at ${formatZxid(snapshotZxid)}: what is between is missing`,
  );
}

function loadSnapshot(files: Pick<SnapshotFiles, 'list' | 'read'>, log: Logger): { tree: DataTree; snapshotZxid: number } {
  for (const zxid of files.list()) {
    const decoder = new SnapshotDecoder();
    try {
      files.read(zxid, (piece) => decoder.push(piece));
      decoder.tree.quotas.recount();
      return { tree: decoder.tree, snapshotZxid: zxid };
    } catch (error) {
      // The log still holds what the older snapshots that we keep need.
      log.error(`Cannot use the snapshot of ${formatZxid(zxid)}, trying the one before`, { error });
    }
  }
  return { tree: new DataTree(), snapshotZxid: 0 };
}
