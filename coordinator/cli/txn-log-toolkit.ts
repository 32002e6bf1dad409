/**
 * zkTxnLogToolkit: prints the transactions of a log, one each, as the original prints those of its own files; `-r` and `-c` write a
 * copy that is mended or shortened. The log itself is only read, also while the server runs.
 */
import Database from 'better-sqlite3';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { crc32c } from '../../shared/bytes/crc32c.ts';
import { isProgram, runProgram } from '../../shared/runtime/program.ts';
import type { Acl } from '../../shared/znode/acl.ts';
import type { MultiPart, Txn, TxnBody } from '../tree/txn.ts';
import { readTxns } from '../tree/txn-codec.ts';
import { CliError } from './cli-error.ts';
import type { Answer } from './txn-log-repair.ts';
import { chop, readAsFarAsPossible, recover } from './txn-log-repair.ts';

const USAGE = `usage: TxnLogToolkit [-dhrvc] <txn_log_file_name> (-z <zxid>)
 -c,--chop         Chop mode. Chop txn file to a zxid.
 -d,--dump         Dump mode. Dump all entries of the log file with printing the content of a nodepath (default)
 -h,--help         Print help message
 -r,--recover      Recovery mode. Re-calculate CRC for broken entries.
 -v,--verbose      Be verbose in recovery mode: print all entries, not just fixed ones.
 -y,--yes          Non-interactive mode: repair all CRC errors without asking
 -z,--zxid <arg>   Used with chop. Zxid to which to chop.
The file is txnlog.sqlite, or the folder that has it. What is written is a copy beside it: put it in the log's place yourself.
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

function formatTxn({ zxid, timeMs, sessionId, cxid, body }: Txn): string {
  return `${formatTime(timeMs)} session ${hex(sessionId)} cxid ${hex(cxid)} zxid ${hex(zxid)} ${body.type} ${formatBody(body)}`;
}

/** Prints the log at `path`; returns how many batches were damaged. */
function dump(path: string, print: (line: string) => void): number {
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
        for (const txn of readAsFarAsPossible(body).txns) print(`CRC ERROR - ${formatTxn(txn)}`);
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

/** Asks on the terminal what to do with a broken batch, until one of the letters is typed; the end of the input is "abort". */
async function askForFix(lines: AsyncIterator<string>): Promise<Answer> {
  for (;;) {
    process.stdout.write('Would you like to fix it (Yes/No/Abort) ? ');
    const { value, done } = await lines.next();
    if (done === true) return 'abort';
    const letter = value.trim().charAt(0).toUpperCase();
    if (letter === 'Y') return 'yes';
    if (letter === 'N') return 'no';
    if (letter === 'A') return 'abort';
  }
}

interface Options {
  help: boolean;
  recover: boolean;
  verbose: boolean;
  yes: boolean;
  chop: boolean;
  zxid: number | null;
  file: string | null;
}

const LETTERS = { h: 'help', r: 'recover', v: 'verbose', y: 'yes', c: 'chop' } as const;

function parseArguments(argv: readonly string[]): Options {
  const options: Options = { help: false, recover: false, verbose: false, yes: false, chop: false, zxid: null, file: null };
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (!word.startsWith('-')) {
      options.file ??= word;
    } else if (word === '-z' || word === '--zxid') {
      const text = argv[++i];
      options.zxid = Number(text);
      if (text === undefined || !Number.isSafeInteger(options.zxid)) throw new CliError(`-z ${text ?? ''}: expected a zxid such as 0x1f`);
    } else {
      const names = word.startsWith('--') ? [word.slice(2)] : [...word.slice(1)].map((letter) => LETTERS[letter as keyof typeof LETTERS] ?? letter);
      for (const name of names) {
        if (name === 'd' || name === 'dump') continue;
        if (!Object.values<string>(LETTERS).includes(name)) throw new CliError(`Unrecognized option: ${word}\n\n${USAGE}`);
        options[name as (typeof LETTERS)[keyof typeof LETTERS]] = true;
      }
    }
  }
  return options;
}

async function main(argv: readonly string[]): Promise<number> {
  const options = parseArguments(argv);
  const { file } = options;
  if (file === null || options.help) {
    process.stdout.write(USAGE);
    return options.help ? 0 : 1;
  }
  const path = existsSync(file) && statSync(file).isDirectory() ? join(file, 'txnlog.sqlite') : file;
  if (!existsSync(path)) throw new CliError(`File doesn't exist or not readable: ${path}`);
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  if (options.chop && options.zxid !== null) {
    print(`Wrote ${chop(path, options.zxid)}`);
    return 0;
  }
  if (!options.recover) return dump(path, print) === 0 ? 0 : 1;
  if (options.verbose) dump(path, print);
  const input = createInterface({ input: process.stdin });
  const lines = input[Symbol.asyncIterator]();
  const ask = async (txns: readonly Txn[]): Promise<Answer> => {
    for (const txn of txns) print(`${options.yes ? 'CRC FIXED' : 'CRC ERROR'} - ${formatTxn(txn)}`);
    return options.yes ? 'yes' : askForFix(lines);
  };
  try {
    const recovered = await recover(path, ask, print);
    print(`Recovery file ${recovered.path} has been written with ${recovered.fixed} fixed CRC error(s)`);
    return 0;
  } finally {
    input.close();
  }
}

async function run(argv: readonly string[]): Promise<number> {
  try {
    return await main(argv);
  } catch (error) {
    const known = error instanceof CliError || error instanceof Database.SqliteError;
    if (!known) throw error;
    process.stderr.write(`${error.message}\n`);
    return error instanceof CliError ? error.exitCode : 1;
  }
}

if (isProgram('coordinator/cli/txn-log-toolkit')) void runProgram(run);
