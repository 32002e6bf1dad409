/**
 * What zkTxnLogToolkit writes: a copy of a log in which broken CRCs are made to fit (`-r`), or one that ends at a zxid (`-c`). The log
 * itself stays as it is; an operator who means it puts the copy in its place while the server is stopped.
 */
import Database from 'better-sqlite3';
import { existsSync } from 'node:fs';
import { crc32c } from '../../shared/bytes/crc32c.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import type { Txn } from '../tree/txn.ts';
import { readTxns, TxnFormatError, writeTxn } from '../tree/txn-codec.ts';
import { CliError } from './cli-error.ts';

interface Row {
  last_zxid: number;
  first_zxid: number;
  crc: number;
  body: Buffer;
}

export type Answer = 'yes' | 'no' | 'abort';

export interface Recovery {
  path: string;
  fixed: number;
}

/** The transactions of a batch, as far as they can be read; `whole` is false where they can't to its end. */
export function readAsFarAsPossible(body: Buffer): { txns: Txn[]; whole: boolean } {
  const txns: Txn[] = [];
  try {
    for (const txn of readTxns(body)) txns.push(txn);
    return { txns, whole: true };
  } catch (error) {
    if (!(error instanceof TxnFormatError)) throw error;
    return { txns, whole: false };
  }
}

/**
 * Copies the log at `path` to `path.fixed`, giving each batch whose CRC is wrong one that fits where `ask` says so. A batch that can't
 * be read to its end is told through `tell` and left broken: no CRC makes it one that a server can use.
 */
export async function recover(path: string, ask: (txns: readonly Txn[]) => Promise<Answer>, tell: (line: string) => void): Promise<Recovery> {
  const target = `${path}.fixed`;
  if (existsSync(target)) throw new CliError(`Recovery file ${target} already exists or not writable`);
  const db = copyLog(path, target);
  try {
    const setCrc = db.prepare('UPDATE txn_batch SET crc = ? WHERE last_zxid = ?');
    let fixed = 0;
    for (const { last_zxid: lastZxid, crc, body } of db.prepare<[], Row>('SELECT * FROM txn_batch ORDER BY last_zxid').all()) {
      const right = crc32c(body);
      if (right === crc) continue;
      const { txns, whole } = readAsFarAsPossible(body);
      if (!whole) {
        const last = txns.at(-1)?.zxid ?? lastZxid - 1;
        tell(`The batch that ends at zxid 0x${lastZxid.toString(16)} cannot be read after zxid 0x${last.toString(16)}; -c -z 0x${last.toString(16)} makes a log that ends there`);
        continue;
      }
      const answer = await ask(txns);
      if (answer === 'abort') throw new CliError('Recovery aborted.', 0);
      if (answer === 'no') continue;
      setCrc.run(right, lastZxid);
      fixed++;
    }
    return { path: target, fixed };
  } finally {
    db.close();
  }
}

/** Copies the log at `path` up to and with `zxid` to `path.chopped<zxid>`. Throws `CliError` where `zxid` is not in it. */
export function chop(path: string, zxid: number): string {
  const target = `${path}.chopped${zxid}`;
  if (existsSync(target)) throw new CliError(`${target} already exists`);
  const db = copyLog(path, target);
  try {
    const around = db.prepare<[number, number], Row>('SELECT * FROM txn_batch WHERE first_zxid <= ? AND last_zxid >= ?').get(zxid, zxid);
    if (around === undefined) throw new CliError(`Failed to chop ${path}: it has no zxid 0x${zxid.toString(16)}`);
    const kept = readAsFarAsPossible(around.body).txns.filter((txn) => txn.zxid <= zxid);
    if (kept.at(-1)?.zxid !== zxid) throw new CliError(`Failed to chop ${path}: zxid 0x${zxid.toString(16)} cannot be read`);
    const out = new Writer(around.body.length);
    for (const txn of kept) writeTxn(out, txn);
    const body = out.finish();
    db.transaction(() => {
      db.prepare('DELETE FROM txn_batch WHERE last_zxid >= ?').run(zxid);
      db.prepare('INSERT INTO txn_batch (last_zxid, first_zxid, crc, body) VALUES (?, ?, ?, ?)').run(zxid, around.first_zxid, crc32c(body), body);
    })();
    return target;
  } finally {
    db.close();
  }
}

/** A copy with everything that was committed so far, also of a log in use. */
function copyLog(path: string, target: string): Database.Database {
  const source = new Database(path, { readonly: true, fileMustExist: true });
  try {
    source.prepare('VACUUM INTO ?').run(target);
  } finally {
    source.close();
  }
  return new Database(target);
}
