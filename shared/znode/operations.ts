/**
 * What a session can ask of the coordinator, and what it is answered: one declaration for the request pipeline and both
 * codecs (msgpackr over WebSocket, jute). `op` is the name of the operation, `OpCode` its number on the wire.
 */
import type { Acl, Id } from './acl.ts';
import type { CreateMode } from './create-mode.ts';
import type { Stat } from './stat.ts';
import type { AddWatchMode, WatcherType } from './watch-event.ts';

/** `ZooDefs.OpCode`. */
export const OpCode = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
} as const;

/** Bytes of a znode. Null and empty differ. Buffers on a server, plain `Uint8Array` in a browser. */
export type Data = Uint8Array | null;

export interface CreateRequest {
  /** create answers the path only, the others path and stat. `createContainer` has mode 4, `createTTL` modes 5 and 6. */
  op: 'create' | 'create2' | 'createContainer' | 'createTTL';
  path: string;
  data: Data;
  acl: readonly Acl[];
  mode: CreateMode;
  /** createTTL only: ms. */
  ttlMs?: number;
}
export interface DeleteRequest {
  op: 'delete';
  path: string;
  /** -1 matches any. */
  version: number;
}
export interface SetDataRequest {
  op: 'setData';
  path: string;
  data: Data;
  /** -1 matches any. */
  version: number;
}
export interface CheckRequest {
  op: 'check';
  path: string;
  version: number;
}
export type MultiOp = CreateRequest | DeleteRequest | SetDataRequest | CheckRequest;

export interface MultiRequest {
  op: 'multi';
  ops: readonly MultiOp[];
}
export interface SetAclRequest {
  op: 'setACL';
  path: string;
  acl: readonly Acl[];
  /** Matches `aversion`; -1 matches any. */
  version: number;
}
export interface ReconfigRequest {
  op: 'reconfig';
  joiningServers: string | null;
  leavingServers: string | null;
  newMembers: string | null;
  curConfigId: number;
}

export interface ExistsRequest {
  op: 'exists';
  path: string;
  watch: boolean;
}
export interface GetDataRequest {
  op: 'getData';
  path: string;
  watch: boolean;
}
export interface GetChildrenRequest {
  op: 'getChildren' | 'getChildren2';
  path: string;
  watch: boolean;
}
export interface MultiReadRequest {
  op: 'multiRead';
  ops: readonly (GetDataRequest | GetChildrenRequest)[];
}
export interface PathRequest {
  op: 'getACL' | 'sync' | 'getAllChildrenNumber' | 'getEphemerals';
  /** For getEphemerals a prefix. */
  path: string;
}
export interface WatchesRequest {
  op: 'checkWatches' | 'removeWatches';
  path: string;
  type: WatcherType;
}
export interface AddWatchRequest {
  op: 'addWatch';
  path: string;
  mode: AddWatchMode;
}
/** Sent on reconnection: arms the watches again and reports what changed since `relativeZxid`. */
export interface SetWatchesRequest {
  op: 'setWatches';
  relativeZxid: number;
  dataWatches: readonly string[];
  existWatches: readonly string[];
  childWatches: readonly string[];
  persistentWatches: readonly string[];
  persistentRecursiveWatches: readonly string[];
}
export interface AuthRequest {
  op: 'auth';
  scheme: string;
  auth: Data;
}
/** One message of a SASL exchange; the answer is the server's. */
export interface SaslRequest {
  op: 'sasl';
  token: Data;
}
export interface PlainRequest {
  op: 'ping' | 'whoAmI' | 'closeSession';
}

export type WriteRequest =
  | CreateRequest
  | DeleteRequest
  | SetDataRequest
  | SetAclRequest
  | CheckRequest
  | MultiRequest
  | ReconfigRequest;

export const WRITE_OPS: Readonly<Record<WriteRequest['op'], true>> = {
  create: true,
  create2: true,
  createContainer: true,
  createTTL: true,
  delete: true,
  setData: true,
  setACL: true,
  check: true,
  multi: true,
  reconfig: true,
};

/** Does it take a place in the order of transactions, and so is for the leader to carry out? */
export function isWrite(request: Request): request is WriteRequest {
  return Object.hasOwn(WRITE_OPS, request.op);
}

export type ReadRequest = ExistsRequest | GetDataRequest | GetChildrenRequest | MultiReadRequest | PathRequest;
export type SessionRequest = WatchesRequest | AddWatchRequest | SetWatchesRequest | AuthRequest | SaslRequest | PlainRequest;
export type Request = WriteRequest | ReadRequest | SessionRequest;

/** One op's part of a multi's answer. After a failure every op has an error: 0 before the failed one, -2 after it. */
export type MultiResult =
  | { op: 'create'; path: string }
  | { op: 'create2' | 'createContainer' | 'createTTL'; path: string; stat: Stat }
  | { op: 'setData'; stat: Stat }
  | { op: 'delete' | 'check' }
  | { op: 'getData'; data: Data; stat: Stat }
  | { op: 'getChildren' | 'getChildren2'; children: readonly string[] }
  | { op: 'error'; error: number };

/** The record of a successful answer; which fields are there follows from the operation. */
export interface ResponseByOp {
  create: { path: string };
  create2: { path: string; stat: Stat };
  createContainer: { path: string; stat: Stat };
  createTTL: { path: string; stat: Stat };
  delete: null;
  setData: { stat: Stat };
  setACL: { stat: Stat };
  check: null;
  multi: { results: readonly MultiResult[] };
  multiRead: { results: readonly MultiResult[] };
  reconfig: { data: Data; stat: Stat };
  exists: { stat: Stat };
  getData: { data: Data; stat: Stat };
  getACL: { acl: readonly Acl[]; stat: Stat };
  getChildren: { children: readonly string[] };
  getChildren2: { children: readonly string[]; stat: Stat };
  sync: { path: string };
  getAllChildrenNumber: { totalNumber: number };
  getEphemerals: { ephemerals: readonly string[] };
  checkWatches: null;
  removeWatches: null;
  addWatch: null;
  setWatches: null;
  auth: null;
  sasl: { token: Data };
  ping: null;
  whoAmI: { clientInfo: readonly Id[] };
  closeSession: null;
}
export type Response = ResponseByOp[Request['op']];
