/** Makes the requests that write: the parts of a `multi`, and what `create` sends. */
import type { Acl } from '../znode/acl.ts';
import { OPEN_ACL_UNSAFE } from '../znode/acl.ts';
import { CreateMode, hasTtl } from '../znode/create-mode.ts';
import type { CheckRequest, CreateRequest, Data, DeleteRequest, SetDataRequest } from '../znode/operations.ts';
import { badArguments } from './errors.ts';

/** Text stands for its UTF-8 bytes. Null (no data) and '' (no bytes) differ. */
export type DataLike = Uint8Array | string | null;

export interface CreateOptions {
  /** Default: PERSISTENT. */
  mode?: CreateMode;
  /** Default: open to all. */
  acl?: readonly Acl[];
  /** For the two TTL modes, which need it. */
  ttlMs?: number;
}

/** The original's bound: five bytes. */
const TTL_MS_MAX = 1_099_511_627_775;

export function asData(data: DataLike): Data {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data;
}

/** The request behind a create: which operation it is follows from the mode; `plainOp` is that of ordinary znodes. */
export function createRequest(path: string, data: DataLike, options: CreateOptions, plainOp: 'create' | 'create2'): CreateRequest {
  const { mode = CreateMode.PERSISTENT, acl = OPEN_ACL_UNSAFE, ttlMs } = options;
  const request = { path, data: asData(data), acl, mode };
  if (hasTtl(mode)) {
    if (ttlMs === undefined || !(ttlMs > 0 && ttlMs <= TTL_MS_MAX)) {
      throw badArguments(`ttl must be positive and cannot be larger than: ${TTL_MS_MAX}`, path);
    }
    return { op: 'createTTL', ...request, ttlMs };
  }
  if (ttlMs !== undefined) throw badArguments(`ttl not valid for mode ${mode}: only for the two modes with TTL`, path);
  return { op: mode === CreateMode.CONTAINER ? 'createContainer' : plainOp, ...request };
}

export function createOp(path: string, data: DataLike = null, options: CreateOptions = {}): CreateRequest {
  return createRequest(path, data, options, 'create');
}

export function deleteOp(path: string, version = -1): DeleteRequest {
  return { op: 'delete', path, version };
}

export function setDataOp(path: string, data: DataLike, version = -1): SetDataRequest {
  return { op: 'setData', path, data: asData(data), version };
}

/** Refuses the whole multi unless the znode is there, at `version` (-1: any). */
export function checkOp(path: string, version = -1): CheckRequest {
  return { op: 'check', path, version };
}
