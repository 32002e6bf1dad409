/** Access rights of a znode: not inherited; CREATE and DELETE are asked of the parent (`ZooDefs.Perms`). */
export const Perms = { READ: 1, WRITE: 2, CREATE: 4, DELETE: 8, ADMIN: 16, ALL: 31 } as const;

export interface Id {
  scheme: string;
  id: string;
}

export interface Acl {
  perms: number;
  id: Id;
}

/** Anyone may do anything (`ZooDefs.Ids.OPEN_ACL_UNSAFE`). */
export const OPEN_ACL_UNSAFE: readonly Acl[] = [{ perms: Perms.ALL, id: { scheme: 'world', id: 'anyone' } }];
