/**
 * The thread that writes the transaction log: SQLite in WAL mode with synchronous=FULL, so a committed batch is on the disk.
 * One row holds one batch, which is what one commit took; while a commit is on its way the server collects the next one.
 *
 *     txn_batch: last_zxid (key) | first_zxid | crc | body
 *
 * A second file, locked for as long as this process lives, keeps other processes out without keeping readers off the log.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { assert } from '../../shared/base/assert.ts';
import { crc32c } from '../../shared/bytes/crc32c.ts';
import type { StoreErrorCode, TxnBatch, TxnHistory } from './txn-log.ts';
import { StoreError } from './txn-log.ts';
import type { FromWorker, ToWorker, WorkerOptions } from './worker-messages.ts';

const APPLICATION_ID = 0x56_69_76_43; // "VivC"
const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE txn_batch (last_zxid INTEGER PRIMARY KEY, first_zxid INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL);
`;

/** Pages in the WAL before it is copied into the database: 16 MiB, so that this costs little per commit. */
const CHECKPOINT_PAGES = 4096;
/** Batches are written at the end and read once, in order: the 16 MiB that are the default would only fill up. */
const CACHE_KIB = 1024;
/** Bytes of a page and its header in the WAL. */
const WAL_FRAME_BYTES = 4096 + 24;
/** Bytes by which the WAL is made longer at a time. */
const PREALLOCATE_BYTES = 1 << 20;
/** How long this thread waits for the next batch before it goes back to its event loop, which is woken more slowly. */
const NEXT_BATCH_MS = 1000;
/** Rows deleted at a time, so that commits wait a few ms for a prune at most. */
const PRUNE_ROWS = 500;
/** Bytes of batches sent in one piece when the log is read. */
const READ_BYTES = 1 << 20;
/** Meta: everything up to this zxid was forgotten, because a snapshot holds it. */
const FLOOR = 'log-floor';
/** How long to wait before a full disk is tried again. */
const FULL_RETRY_MS = 500;

assert(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;
const { posted, ...options } = workerData as WorkerOptions;

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

/** Gives the memory back at once: this thread makes too little garbage of its own to collect it soon. */
function release(bytes: Uint8Array): void {
  if (bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Takes the lock file, which the kernel gives back when this process ends, however it ends. */
function lock(): Database.Database {
  const path = join(options.dir, 'lock.sqlite');
  const db = new Database(path, { timeout: 0 });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (cause) {
    db.close();
    if (codeOf(cause) !== 'SQLITE_BUSY') throw cause;
    throw new StoreError(
      'STORE_LOCKED',
      `Data directory "${options.dir}" is in use by another process. Stop it, or give this server another dataDir`,
      { cause },
    );
  }
}

function open(): Database.Database {
  const path = join(options.dir, 'txnlog.sqlite');
  const db = new Database(path, { timeout: 0 });
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${options.forceSync ? 'FULL' : 'OFF'}`);
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  db.pragma(`cache_size = -${CACHE_KIB}`);
  const found = Number(db.pragma('user_version', { simple: true }));
  if (found === 0) {
    db.transaction(() => {
      db.exec(SCHEMA);
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${SCHEMA_VERSION}`);
    })();
  } else if (found !== SCHEMA_VERSION || db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new StoreError('STORE_SCHEMA', `Cannot open txn log "${path}": schema ${found}, this build reads ${SCHEMA_VERSION}`);
  }
  if (options.sizeMax !== undefined) {
    db.pragma(`max_page_count = ${Math.ceil(options.sizeMax / Number(db.pragma('page_size', { simple: true })))}`);
  }
  return db;
}

/**
 * Makes the WAL a piece longer, up to the length it has at a checkpoint; true while there is more to do. From then on SQLite
 * overwrites the same bytes, and to sync these takes half the time of syncing a file that grows. What follows the last frame
 * is never read: after a checkpoint too there are old frames.
 */
function preallocate(): boolean {
  const file = openSync(join(options.dir, 'txnlog.sqlite-wal'), 'r+');
  try {
    const { size } = fstatSync(file);
    const missing = CHECKPOINT_PAGES * WAL_FRAME_BYTES - size;
    if (missing <= 0) return false;
    const zeros = Buffer.alloc(Math.min(missing, PREALLOCATE_BYTES));
    try {
      writeSync(file, zeros, 0, zeros.length, size);
      fdatasyncSync(file);
    } catch (error) {
      // No room for what is only faster: SQLite says it when there is none for what is needed.
      if (codeOf(error) !== 'ENOSPC' && codeOf(error) !== 'EDQUOT') throw error;
      return false;
    }
    return zeros.length < missing;
  } finally {
    closeSync(file);
  }
}

function serve(lockDb: Database.Database, db: Database.Database): void {
  const insert = db.prepare('INSERT INTO txn_batch (last_zxid, first_zxid, crc, body) VALUES (?, ?, ?, ?)');
  const select = db.prepare<[number], { last_zxid: number; crc: number; body: Buffer }>(
    'SELECT last_zxid, crc, body FROM txn_batch WHERE last_zxid > ? ORDER BY last_zxid',
  );
  const prune = db.prepare(
    `DELETE FROM txn_batch WHERE last_zxid IN (SELECT last_zxid FROM txn_batch WHERE last_zxid <= ? ORDER BY last_zxid LIMIT ${PRUNE_ROWS})`,
  );
  const lastOfPrune = db.prepare<[number], { last_zxid: number | null }>(
    `SELECT max(last_zxid) AS last_zxid FROM (SELECT last_zxid FROM txn_batch WHERE last_zxid <= ? ORDER BY last_zxid LIMIT ${PRUNE_ROWS})`,
  );
  const putMeta = db.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
  const dropMeta = db.prepare('DELETE FROM meta WHERE key = ?');
  const getMeta = db.prepare<[string], { value: string }>('SELECT value FROM meta WHERE key = ?');
  const lastAtOrBefore = db.prepare<[number], { last_zxid: number | null }>('SELECT max(last_zxid) AS last_zxid FROM txn_batch WHERE last_zxid <= ?');
  const firstBatch = db.prepare<[], { first_zxid: number }>('SELECT first_zxid FROM txn_batch ORDER BY last_zxid LIMIT 1');
  const selectAll = db.prepare<[number], { last_zxid: number; first_zxid: number; crc: number; body: Buffer }>(
    'SELECT last_zxid, first_zxid, crc, body FROM txn_batch WHERE last_zxid > ? ORDER BY last_zxid',
  );
  const dropAfter = db.prepare('DELETE FROM txn_batch WHERE last_zxid > ?');
  /** What arrived together and gets one commit. */
  let waiting: TxnBatch[][] = [];
  let stalled = false;
  let retry: NodeJS.Timeout | undefined;
  let closing = false;
  let isAwaiting = false;
  /** More is to be pruned, in the next turn of the event loop. */
  let pruning = false;

  let lengthening: 'due' | 'underWay' | 'done' = 'due';
  const lengthenWal = (): void => {
    if (!closing && preallocate()) setImmediate(() => guarded(lengthenWal));
    else lengthening = 'done';
  };

  const insertOne = (batch: TxnBatch): void => {
    insert.run(batch.lastZxid, batch.firstZxid, crc32c(batch.body), batch.body);
  };
  const insertAll = db.transaction((batches: readonly TxnBatch[]) => batches.forEach(insertOne));
  const setMetas = db.transaction((entries: readonly (readonly [string, string])[]) => entries.forEach(([key, value]) => putMeta.run(key, value)));
  const replaceBySnapshot = db.transaction((zxid: number, note: string) => {
    dropAfter.run(-1);
    putMeta.run(FLOOR, String(zxid));
    dropMeta.run(note);
  });
  // A log of before this was noted begins where its first batch does.
  let floorZxid = Number(getMeta.get(FLOOR)?.value ?? Math.max(0, (firstBatch.get()?.first_zxid ?? 1) - 1));

  /** Commits what waits; on a full disk leaves it waiting and comes back. */
  const drain = (): void => {
    while (waiting.length > 0) {
      const batches = waiting[0]!;
      try {
        if (batches.length === 1) insertOne(batches[0]!);
        else insertAll(batches);
      } catch (error) {
        if (codeOf(error) !== 'SQLITE_FULL') throw error;
        if (!stalled) send({ kind: 'stalled', stalled: true, reason: (error as Error).message });
        stalled = true;
        clearTimeout(retry);
        retry = setTimeout(() => guarded(drain), FULL_RETRY_MS);
        return;
      }
      waiting.shift();
      for (const { body } of batches) release(body);
      if (stalled) send({ kind: 'stalled', stalled: false, reason: '' });
      stalled = false;
      send({ kind: 'appended', lastZxid: batches.at(-1)!.lastZxid });
    }
    if (lengthening === 'due') {
      lengthening = 'underWay';
      setImmediate(() => guarded(lengthenWal));
    }
    if (closing) close();
  };

  const close = (): void => {
    clearTimeout(retry);
    db.close();
    lockDb.close();
    send({ kind: 'closed' });
    port.close();
  };

  let rows: IterableIterator<{ last_zxid: number; crc: number; body: Buffer }> | null = null;
  const readPiece = (): void => {
    assert(rows !== null, 'a read was begun');
    const bodies: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    let done = false;
    while (size < READ_BYTES) {
      const next = rows.next();
      if (next.done === true) {
        done = true;
        rows = null;
        break;
      }
      const { last_zxid: lastZxid, crc, body } = next.value;
      checkCrc(lastZxid, crc, body);
      bodies.push(Uint8Array.from(body));
      size += body.length;
    }
    send({ kind: 'batches', bodies, done }, bodies.map(({ buffer }) => buffer));
  };

  const history = (afterZxid: number, bytesMax: number): TxnHistory | null => {
    if (afterZxid < floorZxid) return null;
    const fromZxid = Math.max(floorZxid, lastAtOrBefore.get(afterZxid)?.last_zxid ?? 0);
    const batches: TxnBatch[] = [];
    let size = 0;
    for (const row of selectAll.iterate(fromZxid)) {
      checkCrc(row.last_zxid, row.crc, row.body);
      batches.push({ firstZxid: row.first_zxid, lastZxid: row.last_zxid, body: Uint8Array.from(row.body) });
      size += row.body.length;
      if (size >= bytesMax) break;
    }
    return { fromZxid, batches };
  };

  /** Changes besides appends, oldest first: one that finds the disk full waits, and those after it. */
  const changes: (() => void)[] = [];
  const runChanges = (): void => {
    if (closing) return;
    for (let change = changes[0]; change !== undefined; change = changes[0]) {
      try {
        change();
      } catch (error) {
        if (codeOf(error) !== 'SQLITE_FULL') throw error;
        setTimeout(() => guarded(runChanges), FULL_RETRY_MS);
        return;
      }
      changes.shift();
      send({ kind: 'done' });
    }
  };
  const whenRoom = (change: () => void): void => {
    changes.push(change);
    if (changes.length === 1) runChanges();
  };

  const moveFloor = (zxid: number): void => {
    floorZxid = zxid;
    send({ kind: 'floor', floorZxid });
  };
  const pruneRows = db.transaction((throughZxid: number): { changes: number; last: number } => {
    const last = lastOfPrune.get(throughZxid)?.last_zxid ?? floorZxid;
    const { changes } = prune.run(throughZxid);
    if (changes > 0) putMeta.run(FLOOR, String(last));
    return { changes, last };
  });

  const pruneSome = (throughZxid: number): void => {
    if (closing) return;
    let changes: number;
    try {
      let last: number;
      ({ changes, last } = pruneRows(throughZxid));
      if (changes > 0) moveFloor(last);
    } catch (error) {
      // To forget takes a little room too. The next snapshot asks again.
      if (codeOf(error) !== 'SQLITE_FULL') throw error;
      pruning = false;
      return;
    }
    pruning = changes === PRUNE_ROWS;
    if (pruning) setImmediate(() => guarded(() => pruneSome(throughZxid)));
    else if (stalled) drain();
  };

  const handle = (message: ToWorker): void => {
    switch (message.kind) {
      case 'append':
        waiting.push(message.batches);
        if (stalled) return;
        drain();
        return awaitNext();
      case 'read':
        rows = select.iterate(message.afterZxid);
        return readPiece();
      case 'more':
        return readPiece();
      case 'prune':
        return pruneSome(message.throughZxid);
      case 'setMetas':
        return whenRoom(() => setMetas(message.entries));
      case 'history': {
        const found = history(message.afterZxid, message.bytesMax);
        return send({ kind: 'history', history: found }, found?.batches.map(({ body }) => body.buffer as ArrayBuffer) ?? []);
      }
      case 'truncate':
        return whenRoom(() => dropAfter.run(message.zxid));
      case 'replaceBySnapshot':
        return whenRoom(() => {
          replaceBySnapshot(message.zxid, message.note);
          moveFloor(message.zxid);
        });
      case 'close':
        closing = true;
        if (!stalled) drain();
        else {
          // There is no room for what waits, and nobody was told that it is durable.
          waiting = [];
          close();
        }
    }
  };
  /**
   * Takes the messages that follow a commit as they come. Asleep in its event loop this thread is woken by a system call that
   * the server makes while it holds the port's lock, which this thread wants first of all: on a busy machine both then wait
   * for the processor. Here it is woken when the message is there.
   */
  const awaitNext = (): void => {
    if (isAwaiting) return;
    isAwaiting = true;
    while (!stalled && !closing && !pruning && lengthening === 'done') {
      const seen = Atomics.load(posted, 0);
      const next = receiveMessageOnPort(port) as { message: ToWorker } | undefined;
      if (next !== undefined) handle(next.message);
      else if (Atomics.wait(posted, 0, seen, NEXT_BATCH_MS) === 'timed-out') break;
    }
    isAwaiting = false;
  };
  port.on('message', (message: ToWorker) => guarded(() => handle(message)));

  const meta = new Map<string, string>();
  for (const row of db.prepare<[], { key: string; value: string }>('SELECT key, value FROM meta').all()) meta.set(row.key, row.value);
  send({ kind: 'opened', meta, floorZxid });
}

function checkCrc(lastZxid: number, crc: number, body: Buffer): void {
  if (crc32c(body) === crc) return;
  throw new StoreError(
    'STORE_DAMAGED',
    `Txn log "${join(options.dir, 'txnlog.sqlite')}": the batch ending at zxid 0x${lastZxid.toString(16)} is damaged (CRC)`,
  );
}

/** Runs `act`; a failure is told to the server and ends the thread, because the log's state is then unknown. */
function guarded(act: () => void): void {
  try {
    act();
  } catch (error) {
    const code: StoreErrorCode =
      error instanceof StoreError
        ? error.code
        : codeOf(error) === 'SQLITE_CORRUPT' || codeOf(error) === 'SQLITE_NOTADB'
          ? 'STORE_DAMAGED'
          : 'STORE_IO';
    const message =
      error instanceof StoreError
        ? error.message
        : `Txn log in "${options.dir}": ${error instanceof Error ? error.message : String(error)} (${codeOf(error)})`;
    send({ kind: 'failed', code, message });
    port.close();
  }
}

guarded(() => {
  const lockDb = lock();
  serve(lockDb, open());
});
