/**
 * Who is there (ZooKeeper's recipe "Group Membership"): each member has an ephemeral znode with what it says of itself, gone
 * with its session.
 */
import { CreateMode } from '../../znode/create-mode.ts';
import { ErrorCode } from '../../znode/error-code.ts';
import type { CoordinatorClient } from '../client.ts';
import { CoordinatorError } from '../errors.ts';
import type { DataLike } from '../ops.ts';
import { Held } from './held.ts';
import type { CachedChild } from './path-cache.ts';
import { PathCache } from './path-cache.ts';
import { childOf, ensurePath, hasCode, retried } from './sequence.ts';

/** A parent that is a container may be swept away before its first child comes, but hardly this often in a row. */
const ATTEMPTS_MAX = 10;

export class GroupMembership {
  private readonly client: CoordinatorClient;
  private readonly path: string;

  constructor(client: CoordinatorClient, path: string) {
    this.client = client;
    this.path = path;
  }

  /** Joins under a name that is free; fails with NODEEXISTS where it is taken. Release it to leave. */
  async join(name: string, data: DataLike = null): Promise<Held> {
    const path = childOf(this.path, name);
    for (let attempts = 1; ; attempts++) {
      try {
        await retried(() => this.client.create(path, data, { mode: CreateMode.EPHEMERAL }));
        return new Held(this.client, path);
      } catch (error) {
        // A create that was repeated because its outcome was unknown may find its own znode.
        if (hasCode(error, ErrorCode.NODEEXISTS) && (await this.isOwn(path))) return new Held(this.client, path);
        if (!hasCode(error, ErrorCode.NONODE) || attempts === ATTEMPTS_MAX) throw error;
        await ensurePath(this.client, this.path);
      }
    }
  }

  private async isOwn(path: string): Promise<boolean> {
    return (await retried(() => this.client.exists(path)))?.ephemeralOwner === this.client.sessionId;
  }

  /** Names of those that are there now, sorted. */
  async members(): Promise<string[]> {
    try {
      return [...(await retried(() => this.client.getChildren(this.path))).children].sort();
    } catch (error) {
      if (error instanceof CoordinatorError && error.code === ErrorCode.NONODE) return [];
      throw error;
    }
  }

  /** Calls `listener` with the members (by name, with their data) now and after every change; the returned function stops that. */
  async watch(listener: (members: ReadonlyMap<string, CachedChild>) => void): Promise<() => void> {
    await ensurePath(this.client, this.path);
    const cache = new PathCache(this.client, this.path, () => listener(cache.children));
    await cache.start();
    return () => cache.stop();
  }
}
