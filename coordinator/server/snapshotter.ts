/**
 * Keeps the log short: after `snapCount` transactions (at random between half and all, so that an ensemble's members don't
 * do it together) the tree is written out while transactions go on, and what the oldest kept snapshot covers leaves the log.
 */
import type { Logger } from '../../shared/telemetry/logger.ts';
import { formatZxid } from '../../shared/znode/zxid.ts';
import type { SnapshotFiles } from '../store/snapshot-file.ts';
import type { TxnLog } from '../store/txn-log.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { treeHas } from './heap-growth.ts';
import { encodeSnapshot } from '../tree/snapshot.ts';

export interface SnapshotterOptions {
  tree: DataTree;
  txnLog: TxnLog;
  files: SnapshotFiles;
  snapCount: number;
  retainCount: number;
  log: Logger;
  /** A number in [0, 1). */
  random(): number;
  /** The log has to be kept from this zxid on, whatever snapshots cover; absent: needn't. */
  keepFromZxid?(): number;
  /** The log was shortened to what follows the snapshot of `zxid`. */
  pruned?(zxid: number): void;
  /** A snapshot took so long. */
  took(ms: number): void;
}

export class Snapshotter {
  private readonly options: SnapshotterOptions;
  private sinceLast = 0;
  private dueAfter: number;
  private running: Promise<void> | null = null;

  constructor(options: SnapshotterOptions) {
    this.options = options;
    this.dueAfter = this.drawDueAfter();
  }

  private drawDueAfter(): number {
    const half = Math.floor(this.options.snapCount / 2);
    return half + Math.floor(this.options.random() * half) + 1;
  }

  /** `count` more transactions were applied. */
  applied(count: number): void {
    treeHas(this.options.tree.nodeCount);
    this.sinceLast += count;
    if (this.sinceLast < this.dueAfter || this.running !== null) return;
    void this.take();
  }

  /** Takes a snapshot now; resolves when it is durable, or was given up (the log then stays as it is). */
  take(): Promise<void> {
    if (this.running !== null) return this.running;
    this.sinceLast = 0;
    this.dueAfter = this.drawDueAfter();
    this.running = this.write().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async write(): Promise<void> {
    const { tree, txnLog, files, retainCount, log } = this.options;
    const startMs = performance.now();
    const zxid = tree.lastZxid;
    try {
      log.info(`Snapshotting: ${formatZxid(zxid)} to ${files.pathOf(zxid)}`);
      await files.write(zxid, encodeSnapshot(tree));
      this.options.took(performance.now() - startMs);
      const oldest = files.retain(retainCount);
      if (oldest === null) return;
      const through = Math.min(oldest, this.options.keepFromZxid?.() ?? oldest);
      txnLog.prune(through);
      this.options.pruned?.(oldest);
    } catch (error) {
      // Nothing is lost: the log still holds everything since the snapshot before.
      log.error(`Cannot write the snapshot of ${formatZxid(zxid)}; the next one is tried after more transactions`, { error });
    }
  }

  /** Waits for a snapshot under way. */
  async close(): Promise<void> {
    await this.running;
  }
}
