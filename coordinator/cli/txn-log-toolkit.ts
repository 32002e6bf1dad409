/**
 * zkTxnLogToolkit: prints the transactions of a log, one each, as the original prints those of its own files. Only reads, also
 * while the server runs. A batch whose CRC is wrong is shown as that and passed over.
 */
import Database from 'better-sqlite3';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../../shared/bytes/crc32c.ts';
import type { Acl } from '../../shared/znode/acl.ts';
import type { MultiPart, Txn, TxnBody } from '../tree/txn.ts';
import { readTxns } from '../tree/txn-codec.ts';

const USAGE = `usage: TxnLogToolkit [-dhv] txn_log_file_name (or the folder that holds txnlog.sqlite)
 -d,--dump      Dump mode. Dump all entries of the log file to STDOUT. (default)
 -h,--help      Print help message
 -v,--verbose   Be verbose in recovery mode.
`;

/** `11/22/26, 7:35:31 PM UTC`. */
function formatTime(ms: number): string {
  const date = new Intl.DateTimeFormat('en-US', { dateStyle: 'short', timeStyle: 'long' }).format(ms);
  return date.replaceAll('\u202f', ' ');
}

const hex = (value: bigint | number): string => `0x${(typeof value === 'bigint' ? BigInt.asUintN(64, value) : value).toString(16)}`;

function formatAcl(acl: readonly Acl[]): string {
  return `[${acl.map(({ perms, id }) => `${perms},s{'${id.scheme},'${id.id}}\n`).join('')}]`;
}

function formatBody(body: TxnBody | MultiPart): string {
  const text = (data: Uint8Array | null): string => Buffer.from(data ?? []).toString();
  switch (body.type) {
    case 'create':
      return `${body.path},${text(body.data)},${formatAcl(body.acl)},${body.kind.type === 'ephemeral'},${body.parentCreations}`;
    case 'setData':
      return `${body.path},${text(body.data)},${body.version}`;
    case 'setACL':
      return `${body.path},${formatAcl(body.acl)},${body.version}`;
    case 'delete':
    case 'check':
      return `'${body.path}`;
    case 'createSession':
      return String(body.timeoutMs);
    case 'closeSession':
      return `v{${body.paths.map((path) => `'${path}`).join(',')}}`;
    case 'error':
      return String(body.error);
    case 'multi':
      return body.parts.map((part) => `${part.type}:${formatBody(part)}`).join(';');
  }
}

export function formatTxn({ zxid, timeMs, sessionId, cxid, body }: Txn): string {
  return `${formatTime(timeMs)} session ${hex(sessionId)} cxid ${hex(cxid)} zxid ${hex(zxid)} ${body.type} ${formatBody(body)}`;
}

/** Prints the log at `path`; returns how many batches were damaged. */
export function dump(path: string, print: (line: string) => void): number {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    print('ZooKeeper Transactional Log File with dbid 0 txnlog format version 2');
    const rows = db.prepare<[], { last_zxid: number; crc: number; body: Buffer }>('SELECT last_zxid, crc, body FROM txn_batch ORDER BY last_zxid');
    let count = 0;
    let damaged = 0;
    for (const { last_zxid: lastZxid, crc, body } of rows.iterate()) {
      if (crc32c(body) !== crc) {
        damaged++;
        print(`CRC ERROR - the batch that ends at zxid ${hex(lastZxid)}`);
        continue;
      }
      for (const txn of readTxns(body)) {
        count++;
        print(formatTxn(txn));
      }
    }
    print(`EOF reached after ${count} txns.`);
    return damaged;
  } finally {
    db.close();
  }
}

export function main(argv: readonly string[]): number {
  const file = argv.find((word) => !word.startsWith('-'));
  if (argv.some((word) => word === '-r' || word === '--recover')) {
    process.stderr.write('-r: a batch whose CRC is wrong cannot be believed; start the server from an older snapshot, or with an empty dataDir in its ensemble\n');
    return 1;
  }
  if (file === undefined || argv.some((word) => word === '-h' || word === '--help')) {
    process.stdout.write(USAGE);
    return file === undefined ? 1 : 0;
  }
  const path = existsSync(file) && statSync(file).isDirectory() ? join(file, 'txnlog.sqlite') : file;
  if (!existsSync(path)) {
    process.stderr.write(`File doesn't exist or not readable: ${path}\n`);
    return 1;
  }
  return dump(path, (line) => process.stdout.write(`${line}\n`)) === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && /txn-log-toolkit\.(ts|js)$/.test(process.argv[1])) process.exitCode = main(process.argv.slice(2));
