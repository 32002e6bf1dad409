/**
 * The seam between the log and the disk: everything in this room reaches files through a `FileSystem`, so that tests and the
 * simulation can hand in one that loses unsynced writes, tears tails, fills up or turns read-only
 * (`memory-file-system.ts`). The real one is `node-file-system.ts`.
 *
 * Every operation is asynchronous: the event loop never waits for a disk. A failure is a `FileSystemError`, which names the
 * file and keeps the cause; `code` is the operating system's (`ENOSPC`, `EROFS`, `EIO`, ...).
 */
export class FileSystemError extends Error {
  override readonly name = 'FileSystemError';
  readonly code: string;
  readonly path: string;

  constructor(act: string, path: string, cause: unknown) {
    const code = codeOf(cause);
    super(`Cannot ${act} "${path}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.code = code;
    this.path = path;
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'EIO';
}

export interface FileHandle {
  /** Writes all of `buffers` from `position` on. Rejects when a byte could not be written; a prefix may have been. */
  writev(buffers: readonly Buffer[], position: number): Promise<void>;
  /**
   * Fills `buffer` from `position` on. Returns how many bytes there were: fewer than its length only at the end of the file.
   */
  read(buffer: Buffer, position: number): Promise<number>;
  /** Returns once everything written so far survives a loss of power. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

export interface FileStatus {
  readonly size: number;
  readonly isDirectory: boolean;
  readonly modifiedMs: number;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** Held until `release`, or until the process dies. */
export interface FileLock {
  release(): void;
}

export interface FileSystem {
  /** Opens for reading and writing. `create` makes the file if it isn't there. */
  open(path: string, options?: { readonly create?: boolean }): Promise<FileHandle>;
  /** The whole file, or null when there is none. */
  readFile(path: string): Promise<Buffer | null>;
  /**
   * Replaces the file in one step: whoever reads it, now or after a crash, sees the old content or the new one, never a
   * mixture.
   */
  replaceFile(path: string, content: Buffer): Promise<void>;
  /** Creates or overwrites a file, without care for crashes. `sync`: return once it survives a loss of power. */
  writeFile(path: string, content: Buffer, options?: { readonly sync?: boolean }): Promise<void>;
  status(path: string): Promise<FileStatus | null>;
  list(directory: string): Promise<DirectoryEntry[]>;
  /** Makes the directory and its parents; one that is there is fine. */
  makeDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that isn't there is fine. */
  remove(path: string): Promise<void>;
  /** Removes a directory and all in it. */
  removeTree(path: string): Promise<void>;
  /** Makes creations, renames and removals in a directory survive a loss of power. */
  syncDirectory(path: string): Promise<void>;
  /** Takes the exclusive lock on a file, or returns null when another process or another user in this process has it. */
  lock(path: string): Promise<FileLock | null>;
}

/** Reads `size` bytes from `position`, or as many as there are. */
export async function readRange(handle: FileHandle, position: number, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(size);
  const read = await handle.read(buffer, position);
  return read === size ? buffer : buffer.subarray(0, read);
}
