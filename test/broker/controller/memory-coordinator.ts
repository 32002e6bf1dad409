/**
 * A coordinator in memory, as far as the controller needs one: znodes with versions, one-time watches, multi. Each call is answered in a
 * later microtask, in order, after the watches that it set off; as from a server that is very near.
 */
import type { ControllerClient } from '../../../broker/controller/read-state.ts';
import type { WatchCallback } from '../../../shared/client/client.ts';
import { CoordinatorError } from '../../../shared/client/errors.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import type { Data, MultiOp, MultiResult } from '../../../shared/znode/operations.ts';
import type { Stat } from '../../../shared/znode/stat.ts';
import { EventType, KeeperState } from '../../../shared/znode/watch-event.ts';

interface Znode {
  data: Data;
  czxid: number;
  version: number;
  ephemeralOwner: bigint;
  children: Set<string>;
}

const parentOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 1));
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export class MemoryCoordinator implements ControllerClient {
  readonly sessionId = 77n;
  readonly znodes = new Map<string, Znode>([['/', { data: null, czxid: 0, version: 0, ephemeralOwner: 0n, children: new Set() }]]);
  private zxid = 0;
  private readonly dataWatches = new Map<string, Set<WatchCallback>>();
  private readonly childWatches = new Map<string, Set<WatchCallback>>();
  /** Called before each multi, which it may foil. */
  beforeMulti: ((ops: readonly MultiOp[]) => void) | null = null;

  whenConnected(): Promise<void> {
    return Promise.resolve();
  }

  /** Puts a znode there with all above it, or changes its data. */
  put(path: string, data: string | Data = null, ephemeralOwner = 0n): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const known = this.znodes.get(path);
    if (known !== undefined) {
      known.data = bytes;
      known.version++;
      this.fire(this.dataWatches, path, EventType.NodeDataChanged);
      return;
    }
    const parent = parentOf(path);
    if (!this.znodes.has(parent)) this.put(parent);
    this.znodes.set(path, { data: bytes, czxid: ++this.zxid, version: 0, ephemeralOwner, children: new Set() });
    this.znodes.get(parent)!.children.add(nameOf(path));
    this.fire(this.dataWatches, path, EventType.NodeCreated);
    this.fire(this.childWatches, parent, EventType.NodeChildrenChanged);
  }

  remove(path: string): void {
    this.znodes.delete(path);
    this.znodes.get(parentOf(path))?.children.delete(nameOf(path));
    this.fire(this.dataWatches, path, EventType.NodeDeleted);
    this.fire(this.childWatches, path, EventType.NodeDeleted);
    this.fire(this.childWatches, parentOf(path), EventType.NodeChildrenChanged);
  }

  text(path: string): string | null {
    const data = this.znodes.get(path)?.data;
    return data === undefined || data === null ? null : Buffer.from(data).toString();
  }

  private fire(watches: Map<string, Set<WatchCallback>>, path: string, type: EventType): void {
    const callbacks = watches.get(path);
    if (callbacks === undefined) return;
    watches.delete(path);
    for (const callback of callbacks) callback({ type, state: KeeperState.SyncConnected, path, zxid: this.zxid });
  }

  private watch(watches: Map<string, Set<WatchCallback>>, path: string, callback: unknown): void {
    if (typeof callback !== 'function') return;
    const known = watches.get(path);
    if (known === undefined) watches.set(path, new Set([callback as WatchCallback]));
    else known.add(callback as WatchCallback);
  }

  private stat({ data, czxid, version, ephemeralOwner, children }: Znode): Stat {
    const times = { mzxid: czxid, pzxid: czxid, ctime: 0, mtime: 0, cversion: 0, aversion: 0 };
    return { ...times, czxid, version, ephemeralOwner, dataLength: data?.length ?? 0, numChildren: children.size };
  }

  private found(path: string): Znode {
    const znode = this.znodes.get(path);
    if (znode === undefined) throw new CoordinatorError(ErrorCode.NONODE, path);
    return znode;
  }

  async exists(path: string, options: { watch?: unknown } = {}): Promise<Stat | null> {
    this.watch(this.dataWatches, path, options.watch);
    const znode = this.znodes.get(path);
    return znode === undefined ? null : this.stat(znode);
  }

  async getData(path: string, options: { watch?: unknown } = {}): Promise<{ data: Data; stat: Stat }> {
    const znode = this.found(path);
    this.watch(this.dataWatches, path, options.watch);
    return { data: znode.data, stat: this.stat(znode) };
  }

  async getChildren(path: string, options: { watch?: unknown } = {}): Promise<{ children: readonly string[]; stat: Stat }> {
    const znode = this.found(path);
    this.watch(this.childWatches, path, options.watch);
    return { children: [...znode.children], stat: this.stat(znode) };
  }

  async create(path: string, data: Data | string = null): Promise<string> {
    if (this.znodes.has(path)) throw new CoordinatorError(ErrorCode.NODEEXISTS, path);
    this.put(path, data);
    return path;
  }

  async multi(ops: readonly MultiOp[]): Promise<readonly MultiResult[]> {
    const { beforeMulti } = this;
    this.beforeMulti = null;
    beforeMulti?.(ops);
    const made = new Set<string>();
    const gone = new Set<string>();
    for (const [index, op] of ops.entries()) {
      const error = this.faultOf(op, made, gone);
      if (error === ErrorCode.OK) continue;
      const results = ops.map((_, at) => ({
        op: 'error' as const,
        error: at < index ? ErrorCode.OK : at === index ? error : ErrorCode.RUNTIMEINCONSISTENCY,
      }));
      throw new CoordinatorError(error, op.path, { results });
    }
    return ops.map((op) => this.carryOut(op));
  }

  private faultOf(op: MultiOp, made: Set<string>, gone: Set<string>): number {
    const isThere = (path: string): boolean => made.has(path) || (this.znodes.has(path) && !gone.has(path));
    const wrongVersion = 'version' in op && op.version !== -1 && this.znodes.get(op.path)?.version !== op.version;
    if (op.op === 'check' || op.op === 'setData') {
      if (!isThere(op.path)) return ErrorCode.NONODE;
      return wrongVersion ? ErrorCode.BADVERSION : ErrorCode.OK;
    }
    if (op.op === 'delete') {
      if (!isThere(op.path)) return ErrorCode.NONODE;
      const left = [...this.znodes.get(op.path)!.children].some((name) => !gone.has(`${op.path}/${name}`));
      if (left) return ErrorCode.NOTEMPTY;
      gone.add(op.path);
      return ErrorCode.OK;
    }
    if (isThere(op.path)) return ErrorCode.NODEEXISTS;
    if (!isThere(parentOf(op.path))) return ErrorCode.NONODE;
    made.add(op.path);
    return ErrorCode.OK;
  }

  private carryOut(op: MultiOp): MultiResult {
    if (op.op === 'check') return { op: 'check' };
    if (op.op === 'delete') {
      this.remove(op.path);
      return { op: 'delete' };
    }
    // The one mode that the controller uses: its own znode.
    this.put(op.path, op.data, op.op !== 'setData' && op.mode === 1 ? this.sessionId : 0n);
    if (op.op === 'setData') return { op: 'setData', stat: this.stat(this.found(op.path)) };
    return { op: 'create', path: op.path };
  }
}
