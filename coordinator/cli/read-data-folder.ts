/** Reads the tree of a coordinator from its files, while it runs or not, and touches none of them. */
import Database from 'better-sqlite3';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../../shared/bytes/crc32c.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { Metrics } from '../server/metrics.ts';
import { recover } from '../server/recovery.ts';
import { readSnapshotFile } from '../store/snapshot-file.ts';
import { StoreError } from '../store/txn-log.ts';
import type { DataTree } from '../tree/data-tree.ts';

/** A server that works may remove what we were about to read, because it has something newer: then we begin anew. */
const ATTEMPTS = 5;
const SILENT: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

export interface DataFolders {
  /** Where snapshots lie. */
  snapDir: string;
  /** Where the log lies. */
  logDir: string;
}

/** Everything that was committed to the log when it was read. Throws `StoreError`. */
export async function readDataFolder(folders: DataFolders): Promise<DataTree> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(folders);
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof StoreError || (error as NodeJS.ErrnoException).code === 'ENOENT')) throw error;
    }
  }
}

async function readOnce({ snapDir, logDir }: DataFolders): Promise<DataTree> {
  const path = join(logDir, 'txnlog.sqlite');
  if (!existsSync(path)) throw new StoreError('STORE_IO', `There is no coordinator's data in "${logDir}": no txnlog.sqlite`);
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const files = {
      list: () =>
        readdirSync(snapDir)
          .flatMap((name) => /^snapshot-([0-9a-f]+)$/.exec(name)?.[1] ?? [])
          .map((hex) => Number.parseInt(hex, 16))
          .sort((a, b) => b - a),
      read: (zxid: number, take: (piece: Buffer) => void) => readSnapshotFile(join(snapDir, `snapshot-${zxid.toString(16)}`), zxid, take),
    };
    const log = {
      async read(afterZxid: number, take: (body: Buffer) => void): Promise<void> {
        const rows = db.prepare<[number], { crc: number; body: Buffer }>('SELECT crc, body FROM txn_batch WHERE last_zxid > ? ORDER BY last_zxid');
        for (const { crc, body } of rows.iterate(afterZxid)) {
          if (crc32c(body) !== crc) throw new StoreError('STORE_DAMAGED', `Txn log "${path}" is damaged (CRC)`);
          take(body);
        }
      },
    };
    return await recover(files, log, SILENT, new Metrics());
  } finally {
    db.close();
  }
}
