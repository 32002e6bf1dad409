/**
 * zkCleanup: removes all but the newest snapshots, and what the oldest of those that stay covers of the log. While a server runs its log
 * is left to it: after each snapshot it shortens it by itself.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isProgram, runProgram } from '../../shared/runtime/program.ts';
import { SqliteTxnLog } from '../store/sqlite-txn-log.ts';
import { StoreError } from '../store/txn-log.ts';

const USAGE = `Usage:
PurgeTxnLog dataLogDir [snapDir] -n count
\tdataLogDir -- path to the txn log directory
\tsnapDir -- path to the snapshot directory
\tcount -- the number of old snaps/logs you want to keep, value should be greater than or equal to 3
`;
const COUNT_MIN = 3;

/** `Nov 22, 2026, 7:35:31 PM` */
const formatTime = (date: Date): string => new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium' }).format(date).replaceAll('\u202f', ' ');

/** Data lies in `version-2`, which one may name or not. */
const dataFolder = (dir: string): string => (existsSync(join(dir, 'version-2')) ? join(dir, 'version-2') : dir);

/** Removes all but the newest `count` snapshots of `dir`; returns the zxid of the oldest that is left, null without any. */
function purgeSnapshots(dir: string, count: number, print: (line: string) => void): number | null {
  const zxids = readdirSync(dir)
    .flatMap((name) => /^snapshot-([0-9a-f]+)$/.exec(name)?.[1] ?? [])
    .map((hex) => Number.parseInt(hex, 16))
    .sort((a, b) => b - a);
  for (const zxid of zxids.slice(count)) {
    const file = join(dir, `snapshot-${zxid.toString(16)}`);
    print(`Removing file: ${formatTime(statSync(file).mtime)}\t${file}`);
    rmSync(file);
  }
  return zxids.slice(0, count).at(-1) ?? null;
}

/** Forgets what the snapshot of `throughZxid` covers, if no server has the log open. */
async function purgeLog(dir: string, throughZxid: number, print: (line: string) => void): Promise<void> {
  if (!existsSync(join(dir, 'txnlog.sqlite'))) return;
  let failure: StoreError | null = null;
  try {
    const log = await SqliteTxnLog.open({ dir, forceSync: true }, { durable: () => undefined, failed: (error) => (failure = error), stalled: () => undefined });
    log.prune(throughZxid);
    await log.close();
    print(`Removing transactions up to zxid 0x${throughZxid.toString(16)} of ${join(dir, 'txnlog.sqlite')}`);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'STORE_LOCKED') throw error;
    print(`A server is using ${dir}: it removes what its snapshots cover of the log by itself`);
  }
  if (failure !== null) throw failure;
}

async function main(argv: readonly string[]): Promise<number> {
  const at = argv.indexOf('-n');
  const folders = at < 0 ? [] : argv.slice(0, at);
  const text = at < 0 ? undefined : argv[at + 1];
  const refuse = (why: string): number => {
    process.stderr.write(`${why}${USAGE}`);
    return 1;
  };
  if (folders.length < 1 || folders.length > 2 || text === undefined || argv.length !== at + 2) return refuse('');
  if (!/^\d+$/.test(text)) return refuse(`'${text}' can not be parsed to integer.\n`);
  if (Number(text) < COUNT_MIN) return refuse(`count should be greater than or equal to ${COUNT_MIN}\n`);
  const missing = folders.find((folder) => !existsSync(folder));
  if (missing !== undefined) return refuse(`Path '${missing}' does not exist. \n`);
  const [logDir, snapDir] = [dataFolder(folders[0]!), dataFolder(folders[1] ?? folders[0]!)];
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    const oldest = purgeSnapshots(snapDir, Number(text), print);
    if (oldest !== null) await purgeLog(logDir, oldest, print);
    return 0;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

if (isProgram('coordinator/cli/purge-toolkit')) void runProgram(main);
