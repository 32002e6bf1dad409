/**
 * Which limit holds for a client, and with whom it shares it (KIP-55). Of the entities that fit a client the most specific one wins:
 *
 *     1 user and client id            4 default user and client id       7 client id
 *     2 user and default client id    5 default user, default client id  8 default client id
 *     3 user                          6 default user
 *
 * Where 3 or 6 wins, all clients of the user share the limit; where 7 or 8 wins, all users of the client id; else it is this user's with this
 * client id alone. A client that tells no id has no id that a default could stand for: only 3 and 6 fit it. Pure.
 */

/** A name; null for the default; undefined where the entity names none of this kind. */
export type EntityName = string | null | undefined;

export interface FoundLimit {
  readonly limit: number;
  /** The same for all who share the limit. */
  readonly sharedBy: string;
}

interface UserLimits {
  own: number | undefined;
  readonly byClientId: Map<string | null, number>;
}

export class QuotaLimits {
  private readonly byUser = new Map<string | null, UserLimits>();
  private readonly byClientId = new Map<string | null, number>();

  get isEmpty(): boolean {
    return this.byUser.size === 0 && this.byClientId.size === 0;
  }

  /** Sets an entity's limit; undefined takes it away. */
  set(user: EntityName, clientId: EntityName, limit: number | undefined): void {
    if (user === undefined) {
      if (clientId !== undefined) setOrDelete(this.byClientId, clientId, limit);
      return;
    }
    const limits = this.byUser.get(user) ?? { own: undefined, byClientId: new Map<string | null, number>() };
    if (clientId === undefined) limits.own = limit;
    else setOrDelete(limits.byClientId, clientId, limit);
    setOrDelete(this.byUser, user, limits.own === undefined && limits.byClientId.size === 0 ? undefined : limits);
  }

  /** Takes all limits of users (and users' clients) away, or all of client ids. */
  clear(kind: 'users' | 'clients'): void {
    if (kind === 'users') this.byUser.clear();
    else this.byClientId.clear();
  }

  /** Null for a client without limit. `clientId` is empty for one that told none. */
  find(user: string, clientId: string): FoundLimit | null {
    const users = [this.byUser.get(user), this.byUser.get(null)];
    for (const limits of users) {
      if (limits === undefined) continue;
      const both = clientId === '' ? undefined : (limits.byClientId.get(clientId) ?? limits.byClientId.get(null));
      if (both !== undefined) return { limit: both, sharedBy: `${user.length}:${user}${clientId}` };
      if (limits.own !== undefined) return { limit: limits.own, sharedBy: `${user.length}:${user}` };
    }
    const limit = clientId === '' ? undefined : (this.byClientId.get(clientId) ?? this.byClientId.get(null));
    return limit === undefined ? null : { limit, sharedBy: `:${clientId}` };
  }
}

function setOrDelete<V>(map: Map<string | null, V>, key: string | null, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
