/** What the SQLite log and its worker thread say to each other. */
import type { StoreErrorCode, TxnBatch, TxnHistory } from './txn-log.ts';

export interface OpenOptions {
  /** Folder of the log; it exists. */
  dir: string;
  /** `forceSync=no` gives up durability in a power cut for speed. */
  forceSync: boolean;
  /** The size at which the disk counts as full, in bytes; for tests. */
  sizeMax?: number;
}

export interface WorkerOptions extends OpenOptions {
  /** One number, shared: it changes with each message that was posted to the worker. */
  posted: Int32Array;
}

export type ToWorker =
  /** With one commit. */
  | { kind: 'append'; batches: TxnBatch[] }
  | { kind: 'read'; afterZxid: number }
  /** The reader has taken the last piece: send the next. */
  | { kind: 'more' }
  | { kind: 'prune'; throughZxid: number }
  | { kind: 'setMetas'; entries: readonly (readonly [key: string, value: string])[] }
  | { kind: 'history'; afterZxid: number; bytesMax: number }
  | { kind: 'truncate'; zxid: number }
  | { kind: 'replaceBySnapshot'; zxid: number; note: string }
  | { kind: 'close' };

export type FromWorker =
  | { kind: 'opened'; meta: Map<string, string>; floorZxid: number }
  | { kind: 'appended'; lastZxid: number }
  | { kind: 'batches'; bodies: Uint8Array[]; done: boolean }
  /** Of setMetas, truncate, replaceBySnapshot: in the order in which they were asked for. */
  | { kind: 'done' }
  | { kind: 'history'; history: TxnHistory | null }
  | { kind: 'floor'; floorZxid: number }
  | { kind: 'stalled'; stalled: boolean; reason: string }
  | { kind: 'failed'; code: StoreErrorCode; message: string }
  | { kind: 'closed' };
