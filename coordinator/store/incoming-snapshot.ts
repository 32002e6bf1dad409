/**
 * A snapshot that another member sends, on its way to become this member's whole history. Until the last step everything of before is
 * untouched; after a crash either that is there, or the snapshot alone:
 *
 *     file written and synced → note INSTALL in the log's facts → file gets its name → other snapshots go → log and note go, together
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SnapshotFiles } from './snapshot-file.ts';
import { readSnapshotFile } from './snapshot-file.ts';
import type { TxnLog } from './txn-log.ts';

const INSTALL = 'install-snapshot';

export class IncomingSnapshot {
  private readonly files: SnapshotFiles;
  private readonly log: TxnLog;
  private readonly path: string;
  private readonly zxid: number;
  private readonly file: FileHandle;

  private constructor(files: SnapshotFiles, log: TxnLog, zxid: number, path: string, file: FileHandle) {
    this.files = files;
    this.log = log;
    this.zxid = zxid;
    this.path = path;
    this.file = file;
  }

  static async begin(files: SnapshotFiles, log: TxnLog, zxid: number): Promise<IncomingSnapshot> {
    // Of a name that is cleared away at the next start.
    const path = `${files.pathOf(zxid)}.incoming.tmp`;
    return new IncomingSnapshot(files, log, zxid, path, await open(path, 'w'));
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.file.writeFile(bytes);
  }

  async abort(): Promise<void> {
    await this.file.close();
    rmSync(this.path, { force: true });
  }

  /** Puts it in the place of snapshots and log. Throws `StoreError`, with everything as it was, when it is not whole. */
  async install(): Promise<void> {
    const { files, log, zxid } = this;
    await this.file.sync();
    await this.file.close();
    readSnapshotFile(this.path, zxid, () => undefined);
    await log.setMeta(INSTALL, String(zxid));
    renameSync(this.path, files.pathOf(zxid));
    syncDirectory(dirname(this.path));
    await finish(files, log, zxid);
  }
}

/** Ends an installation that a crash interrupted; to be called before the history is read. */
export async function finishInstallation(files: SnapshotFiles, log: TxnLog): Promise<void> {
  const note = log.meta.get(INSTALL);
  if (note === undefined || note === '') return;
  const zxid = Number(note);
  if (files.list().includes(zxid)) await finish(files, log, zxid);
  else await log.setMeta(INSTALL, ''); // the file had no name yet: the old history holds
}

async function finish(files: SnapshotFiles, log: TxnLog, zxid: number): Promise<void> {
  for (const other of files.list()) if (other !== zxid) rmSync(files.pathOf(other));
  await log.replaceBySnapshot(zxid, INSTALL);
}

function syncDirectory(path: string): void {
  const dir = openSync(path, 'r');
  fsyncSync(dir);
  closeSync(dir);
}
