/**
 * Open files, bounded: thousands of partitions have more files than a process may open, and most of them are rarely touched.
 * A file is opened when it is used and stays open until others need its place, longest unused first. Files in use are never
 * closed, so the pool can exceed its bound by the number of operations under way.
 *
 * A file that is renamed stays open under its new name, and whoever asks for that name waits until the rename is done: so
 * readers go on while segments change their names.
 */
import { sep as separator } from 'node:path';
import type { FileHandle, FileSystem } from './file.ts';

interface Entry {
  /** How many operations use the file now. */
  users: number;
  /** Known once the file is open. */
  handle: FileHandle | null;
  readonly opening: Promise<FileHandle>;
  /** Its file is to be closed when the last user is done: it was forgotten meanwhile. */
  forgotten: boolean;
}

export class HandlePool {
  private readonly fileSystem: FileSystem;
  private readonly openMax: number;
  /** In order of use, oldest first. */
  private readonly entries = new Map<string, Entry>();
  /** Renames under way, by the new name. */
  private readonly renaming = new Map<string, Promise<void>>();
  /** The same for directories, by the new name with a separator behind it. */
  private readonly renamingDirectories = new Map<string, Promise<void>>();

  constructor(fileSystem: FileSystem, openMax: number) {
    this.fileSystem = fileSystem;
    this.openMax = openMax;
  }

  get openCount(): number {
    return this.entries.size;
  }

  /** Runs `operation` on the open file. `create` makes the file when it isn't there. */
  async use<T>(path: string, create: boolean, operation: (handle: FileHandle) => Promise<T>): Promise<T> {
    const rename = this.renaming.get(path);
    if (rename !== undefined) await rename;
    for (const [directory, over] of this.renamingDirectories) if (path.startsWith(directory)) await over;
    const entry = this.take(path, create);
    try {
      return await operation(entry.handle ?? (await entry.opening));
    } finally {
      entry.users--;
      if (entry.forgotten) await this.closeIfIdle(entry);
      else await this.evict();
    }
  }

  private take(path: string, create: boolean): Entry {
    let entry = this.entries.get(path);
    if (entry === undefined) {
      const opening = this.fileSystem.open(path, { create });
      const opened: Entry = { users: 0, handle: null, opening, forgotten: false };
      opening.then(
        (handle) => void (opened.handle = handle),
        // Whoever waits for `opening` gets the error; the next use tries again.
        () => void (this.entries.get(path) === opened && this.entries.delete(path)),
      );
      entry = opened;
    } else {
      this.entries.delete(path);
    }
    this.entries.set(path, entry);
    entry.users++;
    return entry;
  }

  private async evict(): Promise<void> {
    if (this.entries.size <= this.openMax) return;
    for (const [path, entry] of this.entries) {
      if (this.entries.size <= this.openMax) return;
      if (entry.users > 0 || entry.handle === null) continue;
      this.entries.delete(path);
      await entry.handle.close();
    }
  }

  /** Gives the file another name, in place of what had it. Rejects when the file system does, with the file under its old name. */
  async rename(from: string, to: string): Promise<void> {
    const rename = this.renameFile(from, to);
    // Those who wait for the new name find out for themselves whether the file is there.
    const over = rename.catch(() => undefined);
    this.renaming.set(to, over);
    try {
      await rename;
    } finally {
      if (this.renaming.get(to) === over) this.renaming.delete(to);
    }
  }

  /** The same for a directory and all files in it. */
  async renameDirectory(from: string, to: string): Promise<void> {
    const inside = [...this.entries.keys()].filter((path) => path.startsWith(from + separator));
    const entries = inside.map((path) => [path, this.entries.get(path)!] as const);
    for (const [, entry] of entries) entry.users++;
    const rename = (async () => {
      try {
        for (const [, entry] of entries) entry.handle ?? (await entry.opening);
      } finally {
        for (const [, entry] of entries) entry.users--;
      }
      await this.fileSystem.rename(from, to);
      for (const [path, entry] of entries) {
        if (this.entries.get(path) !== entry) continue;
        this.entries.delete(path);
        this.entries.set(to + path.slice(from.length), entry);
      }
    })();
    const over = rename.catch(() => undefined);
    this.renamingDirectories.set(to + separator, over);
    try {
      await rename;
    } finally {
      this.renamingDirectories.delete(to + separator);
    }
  }

  private async renameFile(from: string, to: string): Promise<void> {
    const entry = this.entries.get(from);
    if (entry !== undefined) {
      // What is being opened under the old name has to be open before the name goes.
      entry.users++;
      try {
        entry.handle ?? (await entry.opening);
      } finally {
        entry.users--;
      }
    }
    await this.fileSystem.rename(from, to);
    await this.forget(to);
    if (entry === undefined || this.entries.get(from) !== entry) return;
    this.entries.delete(from);
    this.entries.set(to, entry);
  }

  /** The file goes away: the next use opens it anew. */
  async forget(path: string): Promise<void> {
    const entry = this.entries.get(path);
    if (entry === undefined) return;
    this.entries.delete(path);
    entry.forgotten = true;
    await this.closeIfIdle(entry);
  }

  private async closeIfIdle(entry: Entry): Promise<void> {
    if (entry.users > 0 || entry.handle === null) return;
    const handle = entry.handle;
    entry.handle = null;
    await handle.close();
  }

  async close(): Promise<void> {
    for (const path of [...this.entries.keys()]) await this.forget(path);
  }
}
