/**
 * The calls of a client, one for each thing that a session can ask: paths checked and put under the chroot on the way out,
 * answers unpacked and freed of it on the way in. How a request travels is `submit`'s business (`client.ts`).
 */
import type { Acl, Id } from '../znode/acl.ts';
import { CreateMode, isSequential } from '../znode/create-mode.ts';
import { ErrorCode } from '../znode/error-code.ts';
import type { Data, MultiOp, MultiResult, Request, Response, ResponseByOp } from '../znode/operations.ts';
import type { Stat } from '../znode/stat.ts';
import { AddWatchMode, KeeperState, WatcherType } from '../znode/watch-event.ts';
import { CoordinatorError } from './errors.ts';
import { callSafely } from './listeners.ts';
import type { CreateOptions, DataLike } from './ops.ts';
import { asData, createRequest } from './ops.ts';
import { prependChroot, stripChroot, validatePath } from './path.ts';
import type { WatchCallback, WatchKind } from './watch-registry.ts';
import { WatchRegistry } from './watch-registry.ts';

export interface ReadOptions {
  /** Called once, with the next change; over reconnections too. */
  watch?: WatchCallback;
}

/** `server.1=host:quorumPort:electionPort[:role];clientPort` each, or (`leaving`) an id. `members` goes with neither of the others. */
export interface Reconfiguration {
  joining?: readonly string[];
  leaving?: readonly string[];
  members?: readonly string[];
}

/** Called once with the outcome of a request. */
export type Outcome = (error: CoordinatorError | null, response: Response | null) => void;

export abstract class Calls {
  protected readonly chroot: string;
  protected readonly watches = new WatchRegistry();

  constructor(chroot: string) {
    this.chroot = chroot;
  }

  /** Sends a request; `complete` runs before anything that arrives after the reply is looked at. */
  protected abstract submit(request: Request, complete: Outcome): void;

  /** Creates a znode; returns its path, which for a sequential one ends in the counter. Persistent, open to all, unless said. */
  async create(path: string, data: DataLike = null, options: CreateOptions = {}): Promise<string> {
    return (await this.createAny(path, data, options, 'create')).path;
  }

  /** As `create`, and tells the new znode's Stat. */
  async createWithStat(path: string, data: DataLike = null, options: CreateOptions = {}): Promise<{ path: string; stat: Stat }> {
    return (await this.createAny(path, data, options, 'create2')) as { path: string; stat: Stat };
  }

  private async createAny(path: string, data: DataLike, options: CreateOptions, op: 'create' | 'create2'): Promise<{ path: string }> {
    const request = createRequest(this.toServerPath(path, isSequential(options.mode ?? CreateMode.PERSISTENT)), data, options, op);
    const response = (await this.call(request)) as ResponseByOp['create2'];
    return { ...response, path: stripChroot(this.chroot, response.path) };
  }

  /** Deletes a znode without children. `version` -1 matches any. */
  async delete(path: string, version = -1): Promise<void> {
    await this.call({ op: 'delete', path: this.toServerPath(path), version });
  }

  /** Null when there is no such znode: the watch then waits for its creation. */
  exists(path: string, options: ReadOptions = {}): Promise<Stat | null> {
    const { watch } = options;
    return new Promise((resolve, reject) => {
      const request = { op: 'exists', path: this.toServerPath(path), watch: watch !== undefined } as const;
      this.submit(request, (error, response) => {
        if (error !== null && error.code !== ErrorCode.NONODE) return reject(this.forCaller(error));
        if (watch !== undefined) this.watches.add(error === null ? 'data' : 'exist', request.path, watch);
        resolve(error === null ? (response as ResponseByOp['exists']).stat : null);
      });
    });
  }

  /** The bytes are a slice of what arrived: copy them to keep few of many. */
  getData(path: string, options: ReadOptions = {}): Promise<{ data: Data; stat: Stat }> {
    return this.read('getData', 'data', () => this.toServerPath(path), options.watch);
  }

  /** Names of the children, in no particular order. */
  getChildren(path: string, options: ReadOptions = {}): Promise<{ children: readonly string[]; stat: Stat }> {
    return this.read('getChildren2', 'child', () => this.toServerPath(path), options.watch);
  }

  async setData(path: string, data: DataLike, version = -1): Promise<Stat> {
    const response = await this.call({ op: 'setData', path: this.toServerPath(path), data: asData(data), version });
    return (response as ResponseByOp['setData']).stat;
  }

  /** All or nothing, in order; `ops.ts` makes the parts. When one is refused this fails with its code, path and `results`. */
  async multi(ops: readonly MultiOp[]): Promise<readonly MultiResult[]> {
    const request: Request = {
      op: 'multi',
      ops: ops.map((op) => ({ ...op, path: this.toServerPath(op.path, 'mode' in op && isSequential(op.mode)) })),
    };
    const { results } = (await this.call(request)) as ResponseByOp['multi'];
    const failed = results.findIndex((result) => result.op === 'error' && result.error !== ErrorCode.OK);
    if (failed >= 0) {
      const result = results[failed] as MultiResult & { op: 'error' };
      throw new CoordinatorError(result.error, ops[failed]?.path, { results });
    }
    if (this.chroot === '') return results;
    return results.map((result) => ('path' in result ? { ...result, path: stripChroot(this.chroot, result.path) } : result));
  }

  async getAcl(path: string): Promise<{ acl: readonly Acl[]; stat: Stat }> {
    return (await this.call({ op: 'getACL', path: this.toServerPath(path) })) as ResponseByOp['getACL'];
  }

  /** `version` is matched against the Stat's aversion. */
  async setAcl(path: string, acl: readonly Acl[], version = -1): Promise<Stat> {
    const response = await this.call({ op: 'setACL', path: this.toServerPath(path), acl, version });
    return (response as ResponseByOp['setACL']).stat;
  }

  /** Has the server catch up with the leader: a read after it sees every write that was acknowledged before it. */
  async sync(path: string): Promise<string> {
    const response = (await this.call({ op: 'sync', path: this.toServerPath(path) })) as ResponseByOp['sync'];
    return stripChroot(this.chroot, response.path);
  }

  /** Number of all descendants. */
  async getAllChildrenNumber(path: string): Promise<number> {
    const response = await this.call({ op: 'getAllChildrenNumber', path: this.toServerPath(path) });
    return (response as ResponseByOp['getAllChildrenNumber']).totalNumber;
  }

  /** Paths of this session's ephemerals that begin with `prefix`. */
  async getEphemerals(prefix = '/'): Promise<string[]> {
    const response = await this.call({ op: 'getEphemerals', path: this.toServerPath(prefix) });
    return (response as ResponseByOp['getEphemerals']).ephemerals.map((path) => stripChroot(this.chroot, path));
  }

  /** The ids that the server knows this session by. */
  async whoAmI(): Promise<readonly Id[]> {
    return ((await this.call({ op: 'whoAmI' })) as ResponseByOp['whoAmI']).clientInfo;
  }

  /** The ensemble's configuration, which lies outside of any chroot. */
  getConfig(options: ReadOptions = {}): Promise<{ data: Data; stat: Stat }> {
    return this.read('getData', 'data', () => '/zookeeper/config', options.watch);
  }

  /**
   * Changes the members of the ensemble: some in and out, or (`members`) all of them anew. Returns the new configuration. With a `version`,
   * only if that is still the one of the present configuration (BADVERSION else).
   */
  async reconfigure(change: Reconfiguration, version = -1): Promise<{ data: Data; stat: Stat }> {
    const joined = (servers: readonly string[] | undefined): string | null => (servers === undefined ? null : servers.join(','));
    const response = await this.call({
      op: 'reconfig',
      joiningServers: joined(change.joining),
      leavingServers: joined(change.leaving),
      newMembers: joined(change.members),
      curConfigId: version,
    });
    return response as ResponseByOp['reconfig'];
  }

  /** A watch that stays, of one path or (PERSISTENT_RECURSIVE) of everything below it too. */
  addWatch(path: string, callback: WatchCallback, mode: AddWatchMode = AddWatchMode.PERSISTENT_RECURSIVE): Promise<void> {
    return new Promise((resolve, reject) => {
      const serverPath = this.toServerPath(path);
      this.submit({ op: 'addWatch', path: serverPath, mode }, (error) => {
        if (error !== null) return reject(this.forCaller(error));
        this.watches.addPersistent(mode, serverPath, callback);
        resolve();
      });
    });
  }

  /**
   * Takes watches off: all of `type` on `path`, or only those with `callback`. Fails with NOWATCHER when there are none.
   * Each callback concerned gets a last event that says so. `local`: the client forgets them even if no server can be asked.
   */
  async removeWatches(
    path: string,
    type: WatcherType = WatcherType.ANY,
    options: { callback?: WatchCallback; local?: boolean } = {},
  ): Promise<void> {
    const serverPath = this.toServerPath(path);
    const { callback, local = false } = options;
    if (!this.watches.has(serverPath, type, callback)) throw new CoordinatorError(ErrorCode.NOWATCHER, path);
    try {
      // While other callbacks wait for the same events, the server has to keep its watch: it is only asked whether it has one.
      const op = callback === undefined ? 'removeWatches' : 'checkWatches';
      await this.call({ op, path: serverPath, type });
    } catch (error) {
      if (!local) throw error;
    }
    for (const [each, eventType] of this.watches.remove(serverPath, type, callback)) {
      callSafely(each, { type: eventType, state: KeeperState.SyncConnected, path, zxid: -1 });
    }
  }

  private toServerPath(path: string, sequential = false): string {
    validatePath(path, sequential);
    return prependChroot(this.chroot, path);
  }

  private call(request: Request): Promise<Response | null> {
    return new Promise((resolve, reject) => {
      this.submit(request, (error, response) => (error === null ? resolve(response) : reject(this.forCaller(error))));
    });
  }

  private read<T>(op: 'getData' | 'getChildren2', kind: WatchKind, pathOf: () => string, watch?: WatchCallback): Promise<T> {
    return new Promise((resolve, reject) => {
      // Inside of the promise, so that a path that is refused rejects it.
      const request = { op, path: pathOf(), watch: watch !== undefined };
      this.submit(request, (error, response) => {
        if (error !== null) return reject(this.forCaller(error));
        // Armed here rather than after the promise: an event may be the very next message.
        if (watch !== undefined) this.watches.add(kind, request.path, watch);
        resolve(response as T);
      });
    });
  }

  /** Errors speak of the paths that the caller knows. */
  private forCaller(error: CoordinatorError): CoordinatorError {
    if (this.chroot === '' || error.path === undefined || !error.fromServer) return error;
    return new CoordinatorError(error.code, stripChroot(this.chroot, error.path));
  }
}
