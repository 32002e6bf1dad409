/**
 * The twin of the SQLite log for tests and simulations: a `MemoryDisk` outlives the logs that are opened on it, and
 * forgets, in a crash, what was not synced.
 */
import type { TxnBatch, TxnLog, TxnLogEvents } from './txn-log.ts';

export class MemoryDisk {
  readonly batches: TxnBatch[] = [];
  readonly meta = new Map<string, string>();
}

export class MemoryTxnLog implements TxnLog {
  readonly meta: ReadonlyMap<string, string>;
  private readonly disk: MemoryDisk;
  private readonly events: TxnLogEvents;
  private unsynced: TxnBatch[] = [];
  private readonly autoSync: boolean;
  private scheduled = false;
  private open = true;

  /** With `autoSync` false nothing becomes durable before `sync` is called. */
  constructor(disk: MemoryDisk, events: TxnLogEvents, autoSync = true) {
    this.disk = disk;
    this.meta = disk.meta;
    this.events = events;
    this.autoSync = autoSync;
  }

  append(batch: TxnBatch): void {
    this.unsynced.push({ ...batch, body: Uint8Array.from(batch.body) });
    if (!this.autoSync || this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.sync();
    });
  }

  /** Makes everything appended so far durable and reports it. */
  sync(): void {
    if (!this.open) return;
    const batches = this.unsynced;
    this.unsynced = [];
    this.disk.batches.push(...batches);
    for (const batch of batches) this.events.durable(batch.lastZxid);
  }

  /** The machine stops: what was not synced is gone. */
  crash(): void {
    this.open = false;
    this.unsynced = [];
  }

  async read(afterZxid: number, take: (body: Buffer) => void): Promise<void> {
    for (const batch of this.disk.batches) if (batch.lastZxid > afterZxid) take(Buffer.from(batch.body));
  }

  prune(throughZxid: number): void {
    const { batches } = this.disk;
    const keep = batches.findIndex(({ lastZxid }) => lastZxid > throughZxid);
    batches.splice(0, keep < 0 ? batches.length : keep);
  }

  async setMeta(key: string, value: string): Promise<void> {
    this.disk.meta.set(key, value);
  }

  size(): number {
    return this.disk.batches.reduce((sum, { body }) => sum + body.length, 0);
  }

  async close(): Promise<void> {
    this.sync();
    this.open = false;
  }
}
