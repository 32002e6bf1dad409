/**
 * The twin of the SQLite log for tests and simulations: a `MemoryDisk` outlives the logs that are opened on it, and
 * forgets, in a crash, what was not synced.
 */
import type { TxnBatch, TxnHistory, TxnLog, TxnLogEvents } from './txn-log.ts';

export class MemoryDisk {
  readonly batches: TxnBatch[] = [];
  readonly meta = new Map<string, string>();
  floorZxid = 0;
}

export class MemoryTxnLog implements TxnLog {
  readonly meta: ReadonlyMap<string, string>;
  private readonly disk: MemoryDisk;
  private readonly events: TxnLogEvents;
  private unsynced: TxnBatch[] = [];
  /** A test may change its mind. */
  autoSync: boolean;
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

  appendAll(batches: readonly TxnBatch[]): void {
    for (const batch of batches) this.append(batch);
  }

  get floorZxid(): number {
    return this.disk.floorZxid;
  }

  async history(afterZxid: number, bytesMax: number): Promise<TxnHistory | null> {
    const { batches, floorZxid } = this.disk;
    if (afterZxid < floorZxid) return null;
    const start = batches.findIndex(({ lastZxid }) => lastZxid > afterZxid);
    const end = start < 0 ? batches.length : start;
    const found: TxnBatch[] = [];
    for (let i = end, size = 0; i < batches.length && (size < bytesMax || found.length === 0); i++) {
      found.push(batches[i]!);
      size += batches[i]!.body.length;
    }
    return { fromZxid: batches[end - 1]?.lastZxid ?? floorZxid, batches: found };
  }

  async truncate(zxid: number): Promise<void> {
    this.sync();
    const { batches } = this.disk;
    const keep = batches.findIndex(({ lastZxid }) => lastZxid > zxid);
    if (keep >= 0) batches.splice(keep);
  }

  async replaceBySnapshot(zxid: number, note: string): Promise<void> {
    this.sync();
    this.disk.batches.splice(0);
    this.disk.floorZxid = zxid;
    this.disk.meta.delete(note);
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
    const gone = batches.splice(0, keep < 0 ? batches.length : keep);
    this.disk.floorZxid = gone.at(-1)?.lastZxid ?? this.disk.floorZxid;
  }

  async setMeta(key: string, value: string): Promise<void> {
    this.disk.meta.set(key, value);
  }

  async setMetas(entries: readonly (readonly [key: string, value: string])[]): Promise<void> {
    for (const [key, value] of entries) this.disk.meta.set(key, value);
  }

  size(): number {
    return this.disk.batches.reduce((sum, { body }) => sum + body.length, 0);
  }

  async close(): Promise<void> {
    this.sync();
    this.open = false;
  }
}
