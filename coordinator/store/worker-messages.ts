/** What the SQLite log and its worker thread say to each other. */
import type { StoreErrorCode, TxnBatch } from './txn-log.ts';

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
  | { kind: 'append'; batch: TxnBatch }
  | { kind: 'read'; afterZxid: number }
  /** The reader has taken the last piece: send the next. */
  | { kind: 'more' }
  | { kind: 'prune'; throughZxid: number }
  | { kind: 'setMeta'; key: string; value: string }
  | { kind: 'close' };

export type FromWorker =
  | { kind: 'opened'; meta: Map<string, string> }
  | { kind: 'appended'; lastZxid: number }
  | { kind: 'batches'; bodies: Uint8Array[]; done: boolean }
  | { kind: 'metaSet' }
  | { kind: 'stalled'; stalled: boolean; reason: string }
  | { kind: 'failed'; code: StoreErrorCode; message: string }
  | { kind: 'closed' };
