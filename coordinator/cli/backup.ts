/**
 * `vivarium coordinator backup|restore`: the whole tree in one file, taken while the server runs, and put back: as the first snapshot of
 * an empty data folder (everything is as it was, to the zxids), or into an ensemble that runs (`restore-online.ts`).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CoordinatorClient } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import { nodeTransport } from '../../shared/client/node-transport.ts';
import { parseProperties } from '../../shared/settings/properties.ts';
import { SettingError } from '../../shared/settings/schema.ts';
import { epochOf, formatZxid } from '../../shared/znode/zxid.ts';
import { EPOCHS } from '../store/log-facts.ts';
import { readSnapshotFile, snapshotZxid, writeSnapshotFile } from '../store/snapshot-file.ts';
import { SqliteTxnLog } from '../store/sqlite-txn-log.ts';
import { StoreError } from '../store/txn-log.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { encodeSnapshot, SnapshotDecoder } from '../tree/snapshot.ts';
import { BACKUP_USAGE } from './backup-usage.ts';
import { CliError } from './cli-error.ts';
import type { DataFolders } from './read-data-folder.ts';
import { readDataFolder } from './read-data-folder.ts';
import { restoreOnline } from './restore-online.ts';

const OPTIONS = {
  config: { type: 'string' },
  'data-dir': { type: 'string' },
  'data-log-dir': { type: 'string' },
  server: { type: 'string' },
  path: { type: 'string' },
  auth: { type: 'string' },
  delete: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

type Values = { -readonly [K in keyof typeof OPTIONS]?: (typeof OPTIONS)[K]['type'] extends 'string' ? string : boolean };

const WHERE_OPTIONS = ['config', 'data-dir', 'data-log-dir'] as const;
const ONLINE_OPTIONS = ['path', 'auth', 'delete', 'dry-run'] as const;

export interface CoordinatorCommandIo {
  /** Where `config/zookeeper.properties` is looked for. */
  root: string;
  out(line: string): void;
  err(line: string): void;
}

/** Runs `argv` (what follows `vivarium coordinator`); returns the exit code: 0 done, 1 failed, 2 wrong arguments. */
export async function coordinatorCommand(argv: readonly string[], io: CoordinatorCommandIo): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: OPTIONS });
    const [command, file, ...rest] = positionals;
    if (values.help === true) {
      io.out(BACKUP_USAGE);
      return 0;
    }
    if ((command !== 'backup' && command !== 'restore') || file === undefined || rest.length > 0) {
      throw new UsageError(`Expected backup FILE or restore FILE, got "${positionals.join(' ')}"`);
    }
    refuseMixed(command, values);
    if (command === 'backup') await backup(whereOf(values, io.root), resolve(file), io);
    else if (values.server === undefined) await restoreFiles(whereOf(values, io.root), resolve(file), io);
    else await restoreInto(values.server, values, resolve(file), io);
    return 0;
  } catch (error) {
    // parseArgs explains a wrong option in one sentence.
    const isUsage = error instanceof UsageError || String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
    const known = [CliError, StoreError, SettingError, CoordinatorError].some((type) => error instanceof type) || typeof (error as NodeJS.ErrnoException).syscall === 'string';
    if (!isUsage && !known) throw error;
    io.err(isUsage ? `${(error as Error).message}\n\n${BACKUP_USAGE}` : (error as Error).message);
    return isUsage ? 2 : 1;
  }
}

class UsageError extends Error {}

function refuseMixed(command: string, values: Values): void {
  const given = (names: readonly (keyof Values)[]): keyof Values | undefined => names.find((name) => values[name] !== undefined);
  if (command === 'backup' && given(['server', ...ONLINE_OPTIONS]) !== undefined) throw new UsageError('backup reads the files of a server: say --config or --data-dir');
  if (values.server !== undefined && given(WHERE_OPTIONS) !== undefined) throw new UsageError('Restore into a folder or into a server (--server), not both');
  if (values.server === undefined && given(ONLINE_OPTIONS) !== undefined) throw new UsageError(`--${given(ONLINE_OPTIONS)!} goes with --server`);
  if (values.config !== undefined && values['data-dir'] !== undefined) throw new UsageError('--config and --data-dir say the same: give one of them');
}

function whereOf(values: Values, root: string): DataFolders {
  let { 'data-dir': dataDir, 'data-log-dir': dataLogDir } = values;
  if (dataDir === undefined) {
    const config = values.config ?? join(root, 'config/zookeeper.properties');
    const properties = parseProperties(readFileSync(config, 'utf8'));
    dataDir = properties.get('dataDir');
    dataLogDir ??= properties.get('dataLogDir');
    if (dataDir === undefined) throw new CliError(`${config} names no dataDir: say --data-dir`);
  }
  return { snapDir: join(resolve(dataDir), 'version-2'), logDir: join(resolve(dataLogDir ?? dataDir), 'version-2') };
}

async function backup(folders: DataFolders, file: string, io: CoordinatorCommandIo): Promise<void> {
  if (existsSync(file)) throw new CliError(`${file} is already there: name a new file`);
  const tree = await readDataFolder(folders);
  await writeSnapshotFile(file, tree.lastZxid, encodeSnapshot(tree));
  io.out(`Wrote ${tree.nodeCount} znodes, up to zxid ${formatZxid(tree.lastZxid)}, to ${file}`);
}

/** Reads a backup to its end, so that nothing is begun with a damaged one. */
function readBackup(file: string): { tree: DataTree; zxid: number } {
  const zxid = snapshotZxid(file);
  const decoder = new SnapshotDecoder();
  readSnapshotFile(file, zxid, (piece) => decoder.push(piece));
  return { tree: decoder.tree, zxid };
}

async function restoreFiles({ snapDir, logDir }: DataFolders, file: string, io: CoordinatorCommandIo): Promise<void> {
  const { tree, zxid } = readBackup(file);
  for (const dir of new Set([snapDir, logDir])) {
    const found = existsSync(dir) ? readdirSync(dir).find((name) => /^snapshot-[0-9a-f]+$|^txnlog\.sqlite$/.test(name)) : undefined;
    if (found !== undefined) throw new CliError(`${dir} is not empty (${found}): stop the server and move that folder away, then restore`);
  }
  mkdirSync(snapDir, { recursive: true });
  await writeSnapshotFile(join(snapDir, `snapshot-${zxid.toString(16)}`), zxid, encodeSnapshot(tree));
  let failure: StoreError | null = null;
  const log = await SqliteTxnLog.open({ dir: logDir, forceSync: true }, { durable: () => undefined, failed: (error) => (failure = error), stalled: () => undefined });
  // The log begins where the snapshot ends, and a member of an ensemble goes on from that epoch.
  await log.replaceBySnapshot(zxid, 'none');
  const epoch = String(epochOf(zxid));
  await log.setMetas([
    [EPOCHS.accepted, epoch],
    [EPOCHS.current, epoch],
  ]);
  await log.close();
  if (failure !== null) throw failure;
  io.out(`Restored ${tree.nodeCount} znodes, up to zxid ${formatZxid(zxid)}, in ${snapDir}`);
}

async function restoreInto(servers: string, values: Values, file: string, io: CoordinatorCommandIo): Promise<void> {
  const { tree } = readBackup(file);
  const dryRun = values['dry-run'] === true;
  const client = await CoordinatorClient.connect({ servers, transport: nodeTransport(), connectTimeoutMs: 15_000 });
  try {
    if (values.auth !== undefined) {
      const [scheme, who] = [values.auth.slice(0, values.auth.indexOf(':')), values.auth.slice(values.auth.indexOf(':') + 1)];
      if (scheme === '') throw new CliError(`--auth ${values.auth}: expected SCHEME:WHO, for example digest:super:password`);
      await client.addAuth(scheme, who);
    }
    const counts = await restoreOnline(client, tree, {
      path: values.path ?? '/',
      deleteOthers: values.delete === true,
      dryRun,
      tell: (line) => (dryRun ? io.out(line) : undefined),
    });
    const { created, changed, deleted, skipped } = counts;
    io.out(`${dryRun ? 'Would have created' : 'Created'} ${created}, changed ${changed}, deleted ${deleted} znodes; left ${skipped} ephemerals alone`);
  } finally {
    await client.close();
  }
}
