/**
 * The durable log of transactions, as the server needs it: batches of encoded transactions go in, each is reported once it
 * is on the disk, and after a crash every batch that was reported comes back, in order, with at most a few more behind it.
 */
export interface TxnBatch {
  firstZxid: number;
  lastZxid: number;
  /** Transactions as `txn-codec` writes them. */
  body: Uint8Array;
}

export interface TxnLogEvents {
  /** Everything up to `lastZxid` survives whatever happens next. */
  durable(lastZxid: number): void;
  /** The log can't be written any more. Nothing after the last `durable` may be acknowledged. */
  failed(error: StoreError): void;
  /** The disk is full: the log waits and tries again. Told once, and once more (`false`) when it goes on. */
  stalled(stalled: boolean, reason: string): void;
}

export interface TxnLog {
  /** Takes over `batch` and its bytes (the caller must not touch them again); batches are made durable in the order in which they were appended. */
  append(batch: TxnBatch): void;
  /** Hands every batch with transactions after `afterZxid` to `take`, oldest first. */
  read(afterZxid: number, take: (body: Buffer) => void): Promise<void>;
  /** Forgets batches that lie wholly at or before `throughZxid`: a snapshot holds them. */
  prune(throughZxid: number): void;
  /** Small facts that must survive with the log. */
  readonly meta: ReadonlyMap<string, string>;
  setMeta(key: string, value: string): Promise<void>;
  /** Bytes on the disk. */
  size(): number;
  /** Resolves when everything appended is durable and the files are closed. */
  close(): Promise<void>;
}

export type StoreErrorCode = 'STORE_LOCKED' | 'STORE_SCHEMA' | 'STORE_DAMAGED' | 'STORE_IO';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
