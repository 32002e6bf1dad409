/**
 * Access lists, each distinct one kept once and counted: nearly all znodes share one or two. A list that no znode uses
 * any more is forgotten.
 */
import type { Acl } from '../../shared/znode/acl.ts';
import { OPEN_ACL_UNSAFE } from '../../shared/znode/acl.ts';

export interface SharedAcl {
  readonly list: readonly Acl[];
  readonly key: string;
  /** Znodes that have it. */
  users: number;
}

export class AclStore {
  private readonly byKey = new Map<string, SharedAcl>();
  /** `world:anyone:cdrwa`, compared without making a key. */
  readonly open: SharedAcl;

  constructor() {
    this.open = this.acquire(OPEN_ACL_UNSAFE);
  }

  get size(): number {
    return this.byKey.size;
  }

  /** The shared form of `list`, with one more user. */
  acquire(list: readonly Acl[]): SharedAcl {
    if (this.open !== undefined && isOpen(list)) {
      this.open.users++;
      return this.open;
    }
    const key = keyOf(list);
    let shared = this.byKey.get(key);
    if (shared === undefined) {
      shared = { list: list.map(({ perms, id }) => ({ perms, id: { scheme: id.scheme, id: id.id } })), key, users: 0 };
      this.byKey.set(key, shared);
    }
    shared.users++;
    return shared;
  }

  release(shared: SharedAcl): void {
    shared.users--;
    if (shared.users === 0) this.byKey.delete(shared.key);
  }
}

function isOpen(list: readonly Acl[]): boolean {
  if (list.length !== 1) return false;
  const { perms, id } = list[0]!;
  return perms === 31 && id.scheme === 'world' && id.id === 'anyone';
}

function keyOf(list: readonly Acl[]): string {
  return JSON.stringify(list.map(({ perms, id }) => [perms, id.scheme, id.id]));
}
