/**
 * A disk in memory, for tests and the simulation: it can fill up, turn read-only, fail single operations, and lose power.
 *
 * Each file remembers what was synced and the writes since. `crash` puts every file back to its synced content plus a prefix
 * of those writes, the next of which may be torn at any byte or leave zeros where its end should be. Creations, renames and
 * removals survive, as on a journalling file system. Locks go, because processes do; whatever the old process still tries,
 * with a handle or without, fails from then on: the next one gets a file system of its own on the same disk.
 */
import path from 'node:path';
import type { Prng } from '../../shared/base/prng.ts';
import { FileSystemError } from './file.ts';
import type { DirectoryEntry, FileHandle, FileLock, FileStatus, FileSystem } from './file.ts';

export type Operation = 'open' | 'read' | 'write' | 'sync' | 'truncate' | 'list' | 'rename' | 'remove' | 'mkdir' | 'lock';

export interface MemoryFileSystemOptions {
  /** Bytes that fit: a write beyond fails with ENOSPC after as much of it as fits. */
  readonly capacity?: number;
  /** Asked before each operation: a code such as `EIO` makes it fail. */
  readonly fault?: (operation: Operation, filePath: string) => string | null;
  /** When an operation is done; by default in a later microtask. */
  readonly delay?: () => Promise<void>;
  readonly nowMs?: () => number;
}

interface Write {
  readonly position: number;
  readonly bytes: Buffer;
}

class MemoryFile {
  content: Buffer = Buffer.alloc(0);
  size = 0;
  modifiedMs: number;
  private synced: Buffer = Buffer.alloc(0);
  private unsynced: Write[] = [];

  constructor(nowMs: number) {
    this.modifiedMs = nowMs;
  }

  write(position: number, bytes: Buffer): void {
    this.unsynced.push({ position, bytes: Buffer.from(bytes) });
    this.apply(position, bytes);
  }

  private apply(position: number, bytes: Buffer): void {
    const end = position + bytes.length;
    if (end > this.content.length) {
      const larger = Buffer.alloc(Math.max(end, this.content.length * 2, 256));
      this.content.copy(larger, 0, 0, this.size);
      this.content = larger;
    }
    if (position > this.size) this.content.fill(0, this.size, position);
    bytes.copy(this.content, position);
    this.size = Math.max(this.size, end);
  }

  truncate(size: number): void {
    if (size < this.size) this.size = size;
    else this.apply(this.size, Buffer.alloc(size - this.size));
    this.sync(); // a journalled operation on the inode: it does not come undone
  }

  sync(): void {
    this.synced = Buffer.from(this.content.subarray(0, this.size));
    this.unsynced = [];
  }

  losePower(prng: Prng): void {
    const writes = this.unsynced;
    this.content = Buffer.from(this.synced);
    this.size = this.content.length;
    this.unsynced = [];
    const kept = prng.int(writes.length + 1);
    for (const write of writes.slice(0, kept)) this.apply(write.position, write.bytes);
    const torn = writes[kept];
    if (torn !== undefined) {
      const bytes = torn.bytes.subarray(0, prng.int(torn.bytes.length + 1));
      this.apply(torn.position, bytes);
      if (prng.int(2) === 0) this.apply(torn.position + bytes.length, Buffer.alloc(torn.bytes.length - bytes.length));
    }
    this.sync();
  }
}

type Node = MemoryFile | 'directory';

/** What outlives a process. */
interface Disk {
  readonly nodes: Map<string, Node>;
  readonly locks: Set<string>;
  readonly options: MemoryFileSystemOptions;
  readOnly: boolean;
  capacity: number;
  fault: (operation: Operation, filePath: string) => string | null;
}

function emptyDisk(options: MemoryFileSystemOptions): Disk {
  return {
    nodes: new Map([['/', 'directory']]),
    locks: new Set(),
    options,
    readOnly: false,
    capacity: options.capacity ?? Number.POSITIVE_INFINITY,
    fault: options.fault ?? (() => null),
  };
}

/** The disk as one process sees it. */
export class MemoryFileSystem implements FileSystem {
  private readonly disk: Disk;
  private isDead = false;

  constructor(options: MemoryFileSystemOptions = {}, disk = emptyDisk(options)) {
    this.disk = disk;
  }

  /** Bytes in all files. */
  get used(): number {
    let sum = 0;
    for (const node of this.disk.nodes.values()) if (node !== 'directory') sum += node.size;
    return sum;
  }

  setReadOnly(readOnly: boolean): void {
    this.disk.readOnly = readOnly;
  }

  setCapacity(bytes: number): void {
    this.disk.capacity = bytes;
  }

  setFault(fault: (operation: Operation, filePath: string) => string | null): void {
    this.disk.fault = fault;
  }

  /** Power is lost: see the head of this file. Returns the file system of the next process. */
  crash(prng: Prng): MemoryFileSystem {
    const next = this.kill();
    for (const node of this.disk.nodes.values()) if (node !== 'directory') node.losePower(prng);
    return next;
  }

  /** The process dies (`kill -9`): what was written stays, locks and handles go. Returns the file system of the next one. */
  kill(): MemoryFileSystem {
    this.isDead = true;
    this.disk.locks.clear();
    return new MemoryFileSystem(this.disk.options, this.disk);
  }

  /** For tests: the content of a file, or null. */
  peek(filePath: string): Buffer | null {
    const node = this.disk.nodes.get(path.resolve('/', filePath));
    return node === undefined || node === 'directory' ? null : Buffer.from(node.content.subarray(0, node.size));
  }

  private async step(operation: Operation, filePath: string): Promise<void> {
    await (this.disk.options.delay?.() ?? Promise.resolve());
    if (this.isDead) throw failure(operation, filePath, 'EBADF', 'the process that asks is gone');
    const code = this.disk.fault(operation, filePath);
    if (code !== null) throw failure(operation, filePath, code, 'injected fault');
    if (this.disk.readOnly && !['read', 'list', 'open', 'sync'].includes(operation)) {
      throw failure(operation, filePath, 'EROFS', 'read-only file system');
    }
  }

  private nowMs(): number {
    return this.disk.options.nowMs?.() ?? 0;
  }

  private file(filePath: string): MemoryFile | null {
    const node = this.disk.nodes.get(filePath);
    if (node === 'directory') throw failure('open', filePath, 'EISDIR', 'is a directory');
    return node ?? null;
  }

  private create(filePath: string): MemoryFile {
    if (this.disk.nodes.get(path.dirname(filePath)) !== 'directory')
      throw failure('open', filePath, 'ENOENT', 'no such directory');
    if (this.disk.readOnly) throw failure('open', filePath, 'EROFS', 'read-only file system');
    const file = new MemoryFile(this.nowMs());
    this.disk.nodes.set(filePath, file);
    return file;
  }

  async open(rawPath: string, options?: { readonly create?: boolean }): Promise<FileHandle> {
    const filePath = path.resolve('/', rawPath);
    await this.step('open', filePath);
    const file = this.file(filePath) ?? (options?.create === true ? this.create(filePath) : null);
    if (file === null) throw failure('open', filePath, 'ENOENT', 'no such file');
    return {
      writev: async (buffers, position) => {
        // The bytes are those at the time of the call, as the kernel takes them before the call is answered.
        const bytes = Buffer.concat(buffers);
        await this.step('write', filePath);
        this.put(file, filePath, bytes, position);
      },
      read: async (buffer, position) => {
        await this.step('read', filePath);
        if (position >= file.size) return 0;
        return file.content.copy(buffer, 0, position, Math.min(file.size, position + buffer.length));
      },
      sync: async () => {
        await this.step('sync', filePath);
        file.sync();
      },
      truncate: async (size) => {
        await this.step('truncate', filePath);
        file.truncate(size);
      },
      close: async () => undefined,
    };
  }

  private put(file: MemoryFile, filePath: string, bytes: Buffer, position: number): void {
    const growth = Math.max(0, position + bytes.length - file.size);
    const room = this.disk.capacity - this.used;
    const fits = growth <= room ? bytes : bytes.subarray(0, Math.max(0, bytes.length - (growth - room)));
    if (fits.length > 0) file.write(position, fits);
    file.modifiedMs = this.nowMs();
    if (fits.length < bytes.length) throw failure('write', filePath, 'ENOSPC', 'no space left on device');
  }

  async readFile(rawPath: string): Promise<Buffer | null> {
    const filePath = path.resolve('/', rawPath);
    await this.step('read', filePath);
    const file = this.file(filePath);
    return file === null ? null : Buffer.from(file.content.subarray(0, file.size));
  }

  async replaceFile(rawPath: string, content: Buffer): Promise<void> {
    await this.writeFile(`${rawPath}.tmp`, content, { sync: true });
    await this.rename(`${rawPath}.tmp`, rawPath);
  }

  async writeFile(rawPath: string, content: Buffer, options?: { readonly sync?: boolean }): Promise<void> {
    const filePath = path.resolve('/', rawPath);
    await this.step('write', filePath);
    const file = this.create(filePath);
    this.put(file, filePath, content, 0);
    if (options?.sync === true) file.sync();
  }

  async status(rawPath: string): Promise<FileStatus | null> {
    const filePath = path.resolve('/', rawPath);
    await this.step('list', filePath);
    const node = this.disk.nodes.get(filePath);
    if (node === undefined) return null;
    if (node === 'directory') return { size: 0, isDirectory: true, modifiedMs: 0 };
    return { size: node.size, isDirectory: false, modifiedMs: node.modifiedMs };
  }

  async list(rawPath: string): Promise<DirectoryEntry[]> {
    const directory = path.resolve('/', rawPath);
    await this.step('list', directory);
    if (this.disk.nodes.get(directory) !== 'directory') throw failure('list', directory, 'ENOENT', 'no such directory');
    const entries: DirectoryEntry[] = [];
    for (const [name, node] of this.disk.nodes) {
      if (name !== directory && path.dirname(name) === directory) {
        entries.push({ name: path.basename(name), isDirectory: node === 'directory' });
      }
    }
    return entries;
  }

  async makeDirectory(rawPath: string): Promise<void> {
    const directory = path.resolve('/', rawPath);
    if (this.disk.nodes.get(directory) === 'directory') return;
    await this.step('mkdir', directory);
    for (let at = directory; at !== '/'; at = path.dirname(at)) {
      if (this.disk.nodes.get(at) === undefined) this.disk.nodes.set(at, 'directory');
      else if (this.disk.nodes.get(at) !== 'directory') throw failure('mkdir', at, 'ENOTDIR', 'a file is in the way');
    }
  }

  async rename(rawFrom: string, rawTo: string): Promise<void> {
    const from = path.resolve('/', rawFrom);
    const to = path.resolve('/', rawTo);
    await this.step('rename', from);
    const node = this.disk.nodes.get(from);
    if (node === undefined) throw failure('rename', from, 'ENOENT', 'no such file');
    for (const [name, found] of [...this.disk.nodes]) {
      if (name !== from && !name.startsWith(`${from}/`)) continue;
      this.disk.nodes.delete(name);
      this.disk.nodes.set(to + name.slice(from.length), found);
    }
  }

  async remove(rawPath: string): Promise<void> {
    const filePath = path.resolve('/', rawPath);
    await this.step('remove', filePath);
    this.disk.nodes.delete(filePath);
  }

  async removeTree(rawPath: string): Promise<void> {
    const directory = path.resolve('/', rawPath);
    await this.step('remove', directory);
    for (const name of [...this.disk.nodes.keys()]) {
      if (name === directory || name.startsWith(`${directory}/`)) this.disk.nodes.delete(name);
    }
  }

  async syncDirectory(rawPath: string): Promise<void> {
    await this.step('sync', path.resolve('/', rawPath));
  }

  async lock(rawPath: string): Promise<FileLock | null> {
    const filePath = path.resolve('/', rawPath);
    await this.step('lock', filePath);
    if (this.disk.locks.has(filePath)) return null;
    if (this.file(filePath) === null) this.create(filePath);
    this.disk.locks.add(filePath);
    return { release: () => void (this.isDead || this.disk.locks.delete(filePath)) };
  }
}

function failure(act: string, filePath: string, code: string, why: string): FileSystemError {
  return new FileSystemError(act, filePath, Object.assign(new Error(`${code}: ${why}`), { code }));
}
