/**
 * Snapshots on the disk: `snapshot-<hex zxid>`, each begun at that zxid. A file gets its name only when all of it is on the
 * disk, and every piece carries a CRC, so a name stands for a whole snapshot or, after damage, for one that is refused.
 *
 *     | "VIVSNAP1" | zxid: i64 | size: i32, crc: u32, piece | ... | -1: i32, pieces: u32 |
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32c } from '../../shared/bytes/crc32c.ts';
import { refuseForeignFiles } from './foreign-files.ts';
import { StoreError } from './txn-log.ts';

const MAGIC = Buffer.from('VIVSNAP1');
const PREFIX = 'snapshot-';
const HEAD_BYTES = 16;
/** No piece is larger: a damaged size must not claim the memory of the machine. */
const PIECE_BYTES_MAX = 64 << 20;

export class SnapshotFiles {
  private readonly dir: string;

  constructor(dir: string) {
    refuseForeignFiles(dir);
    this.dir = dir;
    mkdirSync(dir, { recursive: true });
    for (const name of readdirSync(dir)) if (name.startsWith(PREFIX) && name.endsWith('.tmp')) rmSync(join(dir, name));
  }

  /** zxids of the snapshots there are, newest first. */
  list(): number[] {
    const zxids: number[] = [];
    for (const name of readdirSync(this.dir)) {
      const match = /^snapshot-([0-9a-f]+)$/.exec(name);
      if (match !== null) zxids.push(Number.parseInt(match[1]!, 16));
    }
    return zxids.sort((a, b) => b - a);
  }

  /** The newest one and when it was written; null before the first. */
  newest(): { zxid: number; timestampMs: number } | null {
    const zxid = this.list()[0];
    return zxid === undefined ? null : { zxid, timestampMs: statSync(this.pathOf(zxid)).mtimeMs };
  }

  pathOf(zxid: number): string {
    return join(this.dir, `${PREFIX}${zxid.toString(16)}`);
  }

  size(): number {
    return this.list().reduce((sum, zxid) => sum + statSync(this.pathOf(zxid)).size, 0);
  }

  /** Writes `pieces` as the snapshot of `zxid`; resolves when it is durable. The loop goes on between pieces. */
  async write(zxid: number, pieces: Iterable<Buffer>): Promise<void> {
    await writeSnapshotFile(this.pathOf(zxid), zxid, pieces);
  }

  /** Hands the pieces of a snapshot to `take`. Throws `StoreError` when it is not whole. */
  read(zxid: number, take: (piece: Buffer) => void): void {
    readSnapshotFile(this.pathOf(zxid), zxid, take);
  }

  /** Removes those that were begun after `zxid`. */
  removeAfter(zxid: number): void {
    for (const taken of this.list()) if (taken > zxid) rmSync(this.pathOf(taken));
  }

  /** Removes all but the `count` newest; returns the oldest zxid that is left, or null. */
  retain(count: number): number | null {
    const zxids = this.list();
    for (const zxid of zxids.slice(count)) rmSync(this.pathOf(zxid));
    return zxids.slice(0, count).at(-1) ?? null;
  }
}

/** Writes `pieces` as the snapshot of `zxid` at `path`; resolves when it is durable there. The loop goes on between pieces. */
export async function writeSnapshotFile(path: string, zxid: number, pieces: Iterable<Buffer>): Promise<void> {
  const file = await open(`${path}.tmp`, 'w');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    MAGIC.copy(head);
    head.writeBigInt64BE(BigInt(zxid), 8);
    await file.write(head);
    let count = 0;
    for (const piece of pieces) {
      await file.writev([frameHead(piece.length, crc32c(piece)), piece]);
      count++;
    }
    await file.write(frameHead(-1, count));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
  const dir = openSync(dirname(path), 'r');
  fsyncSync(dir);
  closeSync(dir);
}

/** The zxid of the snapshot at `path`, whatever its name. Throws `StoreError` when it is none. */
export function snapshotZxid(path: string): number {
  const file = openSync(path, 'r');
  try {
    const head = readExactly(file, HEAD_BYTES, path);
    if (!head.subarray(0, 8).equals(MAGIC)) throw damaged(path, 'it does not begin as one');
    return Number(head.readBigInt64BE(8));
  } finally {
    closeSync(file);
  }
}

/** Hands the pieces of the snapshot of `zxid` at `path` to `take`, and touches nothing. Throws `StoreError` when it is not whole. */
export function readSnapshotFile(path: string, zxid: number, take: (piece: Buffer) => void): void {
  const file = openSync(path, 'r');
  try {
    const head = readExactly(file, HEAD_BYTES, path);
    if (!head.subarray(0, 8).equals(MAGIC) || Number(head.readBigInt64BE(8)) !== zxid) {
      throw damaged(path, 'it does not begin as one');
    }
    for (let count = 0; ; count++) {
      const frame = readExactly(file, 8, path);
      const size = frame.readInt32BE(0);
      const check = frame.readUInt32BE(4);
      if (size === -1) {
        if (check !== count) throw damaged(path, `${count} pieces of ${check}`);
        return;
      }
      if (size < 0 || size > PIECE_BYTES_MAX) throw damaged(path, `a piece of ${size} bytes`);
      const piece = readExactly(file, size, path);
      if (crc32c(piece) !== check) throw damaged(path, `piece ${count} has a wrong CRC`);
      take(piece);
    }
  } finally {
    closeSync(file);
  }
}

function frameHead(size: number, check: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(size, 0);
  head.writeUInt32BE(check, 4);
  return head;
}

function readExactly(file: number, size: number, path: string): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; ) {
    const count = readSync(file, bytes, at, size - at, null);
    if (count === 0) throw damaged(path, 'it ends too early');
    at += count;
  }
  return bytes;
}

function damaged(path: string, why: string): StoreError {
  return new StoreError('STORE_DAMAGED', `Snapshot "${path}" is damaged: ${why}`);
}
