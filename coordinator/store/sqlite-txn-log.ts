/**
 * The transaction log on SQLite, written by a worker thread (`sqlite-worker.ts`): the server's loop never waits for the
 * disk. Appending is one message; what the worker has committed comes back as one.
 */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { programUrl } from '../../shared/runtime/program.ts';
import { refuseForeignFiles } from './foreign-files.ts';
import type { TxnBatch, TxnHistory, TxnLog, TxnLogEvents } from './txn-log.ts';
import { StoreError } from './txn-log.ts';
import type { FromWorker, OpenOptions, ToWorker, WorkerOptions } from './worker-messages.ts';

const WORKER = programUrl('coordinator/store/sqlite-worker');

/** Larger buffers than this are never cut from the pool that Node shares among small ones. */
const POOLED_BYTES_MAX = Buffer.poolSize;

/** `bytes` in a buffer that can be handed to the worker: their own if they have one and fill most of it, else a copy. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength > POOLED_BYTES_MAX && buffer.byteLength <= bytes.length * 4) {
    return bytes as Uint8Array<ArrayBuffer>;
  }
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}

export class SqliteTxnLog implements TxnLog {
  readonly meta: Map<string, string>;
  private readonly dir: string;
  private readonly worker: Worker;
  /** Counts messages to the worker, which may be asleep until it changes. */
  private readonly posted: Int32Array;
  private readonly events: TxnLogEvents;
  private reader: { take(body: Buffer): void; done(): void; failed(error: Error): void } | null = null;
  /** Those who wait for what the worker does in order: facts set, log shortened or replaced. */
  private waiting: (() => void)[] = [];
  private readers: ((history: TxnHistory | null) => void)[] = [];
  floorZxid: number;
  private closed: (() => void) | null = null;
  private failure: StoreError | null = null;

  private constructor(dir: string, worker: Worker, posted: Int32Array, opened: Extract<FromWorker, { kind: 'opened' }>, events: TxnLogEvents) {
    this.dir = dir;
    this.worker = worker;
    this.posted = posted;
    this.meta = opened.meta;
    this.floorZxid = opened.floorZxid;
    this.events = events;
    worker.on('message', (message: FromWorker) => this.receive(message));
    worker.on('error', (cause) => {
      this.fail(new StoreError('STORE_IO', `The thread of the txn log in "${dir}" ended: ${String(cause)}`, { cause }));
    });
  }

  /** Opens the log in `dir`, making it where there is none. Throws `StoreError`. */
  static async open(options: OpenOptions, events: TxnLogEvents): Promise<SqliteTxnLog> {
    refuseForeignFiles(options.dir);
    try {
      mkdirSync(options.dir, { recursive: true });
    } catch (cause) {
      throw new StoreError('STORE_IO', `Cannot make data directory "${options.dir}": ${(cause as Error).message}`, { cause });
    }
    const posted = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(WORKER, { workerData: { ...options, posted } satisfies WorkerOptions, name: 'txn-log' });
    const first = await new Promise<FromWorker>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    worker.removeAllListeners('error');
    if (first.kind === 'opened') return new SqliteTxnLog(options.dir, worker, posted, first, events);
    const { code, message } = first.kind === 'failed' ? first : { code: 'STORE_IO' as const, message: `Unexpected ${first.kind}` };
    throw new StoreError(code, message);
  }

  private post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.worker.postMessage(message, transfer);
    Atomics.add(this.posted, 0, 1);
    Atomics.notify(this.posted, 0);
  }

  append(batch: TxnBatch): void {
    const body = ownBytes(batch.body);
    this.post({ kind: 'append', batches: [{ firstZxid: batch.firstZxid, lastZxid: batch.lastZxid, body }] }, [body.buffer]);
  }

  appendAll(batches: readonly TxnBatch[]): void {
    const copies = batches.map(({ firstZxid, lastZxid, body }) => ({ firstZxid, lastZxid, body: new Uint8Array(body) }));
    this.post({ kind: 'append', batches: copies }, copies.map(({ body }) => body.buffer));
  }

  history(afterZxid: number, bytesMax: number): Promise<TxnHistory | null> {
    return new Promise((resolve) => {
      this.readers.push(resolve);
      this.post({ kind: 'history', afterZxid, bytesMax });
    });
  }

  truncate(zxid: number): Promise<void> {
    return this.ask({ kind: 'truncate', zxid });
  }

  replaceBySnapshot(zxid: number, note: string): Promise<void> {
    this.meta.delete(note);
    return this.ask({ kind: 'replaceBySnapshot', zxid, note });
  }

  private ask(message: ToWorker): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.post(message);
    });
  }

  read(afterZxid: number, take: (body: Buffer) => void): Promise<void> {
    return new Promise((done, failed) => {
      this.reader = { take, done, failed };
      this.post({ kind: 'read', afterZxid });
    });
  }

  prune(throughZxid: number): void {
    this.post({ kind: 'prune', throughZxid });
  }

  setMeta(key: string, value: string): Promise<void> {
    return this.setMetas([[key, value]]);
  }

  setMetas(entries: readonly (readonly [key: string, value: string])[]): Promise<void> {
    for (const [key, value] of entries) this.meta.set(key, value);
    return this.ask({ kind: 'setMetas', entries });
  }

  size(): number {
    let size = 0;
    for (const name of ['txnlog.sqlite', 'txnlog.sqlite-wal']) {
      size += statSync(join(this.dir, name), { throwIfNoEntry: false })?.size ?? 0;
    }
    return size;
  }

  async close(): Promise<void> {
    if (this.failure === null) {
      await new Promise<void>((resolve) => {
        this.closed = resolve;
        this.post({ kind: 'close' });
      });
    }
    await this.worker.terminate();
  }

  private receive(message: FromWorker): void {
    switch (message.kind) {
      case 'appended':
        this.events.durable(message.lastZxid);
        return;
      case 'batches':
        this.takeBatches(message.bodies, message.done);
        return;
      case 'done':
        this.waiting.shift()?.();
        return;
      case 'history':
        this.readers.shift()?.(message.history);
        return;
      case 'floor':
        this.floorZxid = message.floorZxid;
        return;
      case 'stalled':
        this.events.stalled(message.stalled, message.reason);
        return;
      case 'failed':
        this.fail(new StoreError(message.code, message.message));
        return;
      case 'closed':
        this.closed?.();
        return;
      case 'opened':
    }
  }

  private takeBatches(bodies: Uint8Array[], done: boolean): void {
    const { reader } = this;
    if (reader === null) return;
    try {
      for (const body of bodies) reader.take(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    } catch (error) {
      this.reader = null;
      reader.failed(error as Error);
      return;
    }
    if (!done) return this.post({ kind: 'more' });
    this.reader = null;
    reader.done();
  }

  private fail(error: StoreError): void {
    if (this.failure !== null) return;
    this.failure = error;
    this.closed?.();
    if (this.reader !== null) {
      const { reader } = this;
      this.reader = null;
      reader.failed(error);
    } else {
      this.events.failed(error);
    }
  }
}
