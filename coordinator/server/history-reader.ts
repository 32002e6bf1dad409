/** Reads history for learners that the leader's memory doesn't reach back to: stretches of the log, or a snapshot's file piece by piece. */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { SnapshotFiles } from '../store/snapshot-file.ts';
import type { TxnBatch, TxnLog } from '../store/txn-log.ts';
import type { HistoryRead, ServerId } from '../zab/peer-types.ts';

export interface HistoryReaderOptions {
  log: TxnLog;
  files: SnapshotFiles;
  /** Takes a snapshot of the tree as it is. */
  takeSnapshot(): Promise<void>;
  batches(readId: number, answer: { fromZxid: number; batches: TxnBatch[] } | null): void;
  snapshot(readId: number, answer: { zxid: number; bytes: Uint8Array; last: boolean } | null): void;
  logger: Logger;
}

interface Sending {
  zxid: number;
  file: FileHandle;
  size: number;
}

export class HistoryReader {
  private readonly options: HistoryReaderOptions;
  private readonly sending = new Map<ServerId, Sending>();

  constructor(options: HistoryReaderOptions) {
    this.options = options;
  }

  /** The log has to be kept from here on, for a snapshot that is being sent; Infinity when none is. */
  get keepFromZxid(): number {
    let zxid = Number.POSITIVE_INFINITY;
    for (const sending of this.sending.values()) zxid = Math.min(zxid, sending.zxid);
    return zxid;
  }

  begin(reads: readonly HistoryRead[]): void {
    for (const read of reads) {
      if (read.kind === 'snapshotDone') void this.done(read.to);
      else if (read.kind === 'batches') void this.readBatches(read);
      else void this.readSnapshot(read);
    }
  }

  async close(): Promise<void> {
    for (const to of [...this.sending.keys()]) await this.done(to);
  }

  private async readBatches({ readId, afterZxid, bytesMax }: Extract<HistoryRead, { kind: 'batches' }>): Promise<void> {
    this.options.batches(readId, await this.options.log.history(afterZxid, bytesMax));
  }

  private async readSnapshot(read: Extract<HistoryRead, { kind: 'snapshot' }>): Promise<void> {
    const { readId, to, position, bytesMax } = read;
    try {
      if (position === 0) await this.choose(to, read.atLeastZxid);
      const sending = this.sending.get(to);
      if (sending === undefined) return this.options.snapshot(readId, null);
      const bytes = Buffer.allocUnsafe(Math.min(bytesMax, sending.size - position));
      const { bytesRead } = await sending.file.read(bytes, 0, bytes.length, position);
      if (bytesRead !== bytes.length) throw new Error(`the file has ${position + bytesRead} bytes instead of ${sending.size}`);
      this.options.snapshot(readId, { zxid: sending.zxid, bytes, last: position + bytesRead === sending.size });
    } catch (error) {
      this.options.logger.error(`Cannot read a snapshot for server ${to}: it is refused for now`, { error });
      await this.done(to);
      this.options.snapshot(readId, null);
    }
  }

  private async choose(to: ServerId, atLeastZxid: number): Promise<void> {
    await this.done(to);
    const { files, log, takeSnapshot } = this.options;
    const usable = (): number | undefined => files.list().find((zxid) => zxid >= Math.max(atLeastZxid, log.floorZxid));
    let zxid = usable();
    if (zxid === undefined) {
      await takeSnapshot();
      zxid = usable();
    }
    if (zxid === undefined) return;
    const file = await open(files.pathOf(zxid), 'r');
    this.sending.set(to, { zxid, file, size: (await file.stat()).size });
  }

  private async done(to: ServerId): Promise<void> {
    const sending = this.sending.get(to);
    if (sending === undefined) return;
    this.sending.delete(to);
    await sending.file.close();
  }
}
