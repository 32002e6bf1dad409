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

/** A stretch of history: `batches` follow `fromZxid` without a gap. */
export interface TxnHistory {
  /** End of the last batch at or before the zxid asked for, or where the log begins. */
  fromZxid: number;
  batches: TxnBatch[];
}

export interface TxnLog {
  /** Takes over `batch` and its bytes (the caller must not touch them again); batches are made durable in the order in which they were appended. */
  append(batch: TxnBatch): void;
  /** As `append`, several with one commit; their bytes are copied and stay the caller's. */
  appendAll(batches: readonly TxnBatch[]): void;
  /** Hands every batch with transactions after `afterZxid` to `take`, oldest first. */
  read(afterZxid: number, take: (body: Buffer) => void): Promise<void>;
  /** About `bytesMax` of history after `afterZxid`, at least one batch where there is one; null if the log doesn't reach back so far. */
  history(afterZxid: number, bytesMax: number): Promise<TxnHistory | null>;
  /** The zxid after which the log begins: 0, or where a snapshot took the place of what was before. */
  readonly floorZxid: number;
  /** Forgets every batch after `zxid`, which is the end of one (or the floor). */
  truncate(zxid: number): Promise<void>;
  /** Forgets every batch and the meta `note`, together: a snapshot of `zxid` takes their place. */
  replaceBySnapshot(zxid: number, note: string): Promise<void>;
  /** Forgets batches that lie wholly at or before `throughZxid`: a snapshot holds them. */
  prune(throughZxid: number): void;
  /** Small facts that must survive with the log. */
  readonly meta: ReadonlyMap<string, string>;
  setMeta(key: string, value: string): Promise<void>;
  /** Several together or not at all. */
  setMetas(entries: readonly (readonly [key: string, value: string])[]): Promise<void>;
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
