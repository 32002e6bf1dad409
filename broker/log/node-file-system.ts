/**
 * The real disk. Data goes through libuv's callback API wrapped in one promise a call; the lock is a POSIX record lock.
 *
 * Node has no call for record locks, but SQLite takes them on the file it opens, and Kafka's broker takes one on all of
 * `.lock`: `BEGIN EXCLUSIVE` on `.lock` as an (empty, never written) database therefore shuts out a second Vivarium and a
 * real Kafka alike, and the kernel drops the lock with the process, however that ends.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { makeDirectory } from '../../shared/runtime/make-directory.ts';
import { FileSystemError } from './file.ts';
import type { DirectoryEntry, FileHandle, FileLock, FileStatus, FileSystem } from './file.ts';

type Done = (error: NodeJS.ErrnoException | null) => void;

class NodeFileHandle implements FileHandle {
  private readonly descriptor: number;
  private readonly path: string;

  constructor(descriptor: number, filePath: string) {
    this.descriptor = descriptor;
    this.path = filePath;
  }

  writev(buffers: readonly Buffer[], position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.writeRest(buffers as Buffer[], position, resolve, reject);
    });
  }

  /** One write may take less than it was given (the disk is nearly full, a signal): the rest is tried again. */
  private writeRest(buffers: Buffer[], position: number, resolve: () => void, reject: (error: Error) => void): void {
    fs.writev(this.descriptor, buffers, position, (error, written) => {
      if (error !== null) return reject(new FileSystemError('write', this.path, error));
      let left = written;
      let first = 0;
      while (first < buffers.length && left >= buffers[first]!.length) left -= buffers[first++]!.length;
      if (first === buffers.length) return resolve();
      if (written === 0) return reject(new FileSystemError('write', this.path, new Error('the disk took no bytes')));
      const rest = buffers.slice(first);
      rest[0] = rest[0]!.subarray(left);
      this.writeRest(rest, position + written, resolve, reject);
    });
  }

  read(buffer: Buffer, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const step = (filled: number): void => {
        fs.read(this.descriptor, buffer, filled, buffer.length - filled, position + filled, (error, read) => {
          if (error !== null) reject(new FileSystemError('read', this.path, error));
          else if (read === 0 || filled + read === buffer.length) resolve(filled + read);
          else step(filled + read);
        });
      };
      if (buffer.length === 0) resolve(0);
      else step(0);
    });
  }

  sync(): Promise<void> {
    return this.call('sync', (done) => fs.fdatasync(this.descriptor, done));
  }

  truncate(size: number): Promise<void> {
    return this.call('truncate', (done) => fs.ftruncate(this.descriptor, size, done));
  }

  close(): Promise<void> {
    return this.call('close', (done) => fs.close(this.descriptor, done));
  }

  private call(act: string, start: (done: Done) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      start((error) => (error === null ? resolve() : reject(new FileSystemError(act, this.path, error))));
    });
  }
}

async function attempt<T>(act: string, filePath: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new FileSystemError(act, filePath, error);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

export const nodeFileSystem: FileSystem = {
  open(filePath, options): Promise<FileHandle> {
    const flags = fs.constants.O_RDWR | (options?.create === true ? fs.constants.O_CREAT : 0);
    return new Promise((resolve, reject) => {
      fs.open(filePath, flags, 0o644, (error, descriptor) => {
        if (error !== null) reject(new FileSystemError('open', filePath, error));
        else resolve(new NodeFileHandle(descriptor, filePath));
      });
    });
  },

  async readFile(filePath): Promise<Buffer | null> {
    try {
      return await fs.promises.readFile(filePath);
    } catch (error) {
      if (isMissing(error)) return null;
      throw new FileSystemError('read', filePath, error);
    }
  },

  async replaceFile(filePath, content): Promise<void> {
    const temporary = `${filePath}.tmp`;
    await this.writeFile(temporary, content, { sync: true });
    await this.rename(temporary, filePath);
    await this.syncDirectory(path.dirname(filePath));
  },

  writeFile(filePath, content, options): Promise<void> {
    return attempt('write', filePath, () => fs.promises.writeFile(filePath, content, { flush: options?.sync === true }));
  },

  async status(filePath): Promise<FileStatus | null> {
    try {
      const found = await fs.promises.stat(filePath);
      return { size: found.size, isDirectory: found.isDirectory(), modifiedMs: Math.floor(found.mtimeMs) };
    } catch (error) {
      if (isMissing(error)) return null;
      throw new FileSystemError('look at', filePath, error);
    }
  },

  list(directory): Promise<DirectoryEntry[]> {
    return attempt('list', directory, async () => {
      const entries = await fs.promises.readdir(directory, { withFileTypes: true });
      return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
    });
  },

  async makeDirectory(directory): Promise<void> {
    await attempt('create directory', directory, () => makeDirectory(directory));
  },

  rename(from, to): Promise<void> {
    return attempt('rename', from, () => fs.promises.rename(from, to));
  },

  remove(filePath): Promise<void> {
    return attempt('remove', filePath, () => fs.promises.rm(filePath, { force: true }));
  },

  removeTree(directory): Promise<void> {
    return attempt('remove', directory, () => fs.promises.rm(directory, { force: true, recursive: true }));
  },

  syncDirectory(directory): Promise<void> {
    return attempt('sync', directory, async () => {
      const handle = await fs.promises.open(directory, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    });
  },

  lock(filePath): Promise<FileLock | null> {
    return attempt('lock', filePath, async () => lockWithSqlite(filePath));
  },
};

type SqliteConstructor = typeof import('better-sqlite3');

function lockWithSqlite(filePath: string): FileLock | null {
  // Loaded on first use: a tool that only reads a log needs no lock.
  const Sqlite = createRequire(import.meta.url)('better-sqlite3') as SqliteConstructor;
  const database = new Sqlite(filePath, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')) return null;
    throw error;
  }
  return { release: () => void database.close() };
}
