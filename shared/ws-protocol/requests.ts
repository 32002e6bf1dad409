/** The fields of each request after `[xid, opcode]`: the order is that of the records in zookeeper.jute. */
import { unreachable } from '../base/assert.ts';
import type { Acl } from '../znode/acl.ts';
import { CreateMode, hasTtl } from '../znode/create-mode.ts';
import type { CreateRequest, GetChildrenRequest, GetDataRequest, MultiOp, Request } from '../znode/operations.ts';
import { OpCode, WRITE_OPS } from '../znode/operations.ts';
import type { AddWatchMode, WatcherType } from '../znode/watch-event.ts';
import { Fields } from './fields.ts';
import type { SessionOp } from './messages.ts';
import { MULTI_OPS_MAX, WsProtocolError } from './messages.ts';

/** Every operation that may stand in a message; those absent (createSession, deleteContainer) are not for sessions. */
const SESSION_OPS: Record<SessionOp, true> = {
  ...WRITE_OPS,
  multiRead: true,
  exists: true,
  getData: true,
  getACL: true,
  getChildren: true,
  getChildren2: true,
  sync: true,
  getAllChildrenNumber: true,
  getEphemerals: true,
  checkWatches: true,
  removeWatches: true,
  addWatch: true,
  setWatches: true,
  auth: true,
  sasl: true,
  ping: true,
  whoAmI: true,
  closeSession: true,
};
const OP_BY_CODE: ReadonlyMap<number, SessionOp> = new Map(
  (Object.keys(SESSION_OPS) as SessionOp[]).map((op) => [OpCode[op], op]),
);

/** The operation that `opcode` names, if a session may ask for it. */
export function sessionOpOf(opcode: number): SessionOp | undefined {
  return OP_BY_CODE.get(opcode);
}

const encodeAcl = (acl: readonly Acl[]): unknown[] => acl.map(({ perms, id }) => [perms, id.scheme, id.id]);

/** Appends the fields of `request` to `out`. */
export function encodeRequest(request: Request, out: unknown[]): void {
  switch (request.op) {
    case 'create':
    case 'create2':
    case 'createContainer':
      out.push(request.path, request.data, encodeAcl(request.acl), request.mode);
      return;
    case 'createTTL':
      out.push(request.path, request.data, encodeAcl(request.acl), request.mode, request.ttlMs ?? 0);
      return;
    case 'delete':
    case 'check':
      out.push(request.path, request.version);
      return;
    case 'setData':
      out.push(request.path, request.data, request.version);
      return;
    case 'setACL':
      out.push(request.path, encodeAcl(request.acl), request.version);
      return;
    case 'multi':
    case 'multiRead':
      out.push(
        request.ops.map((op) => {
          const fields: unknown[] = [OpCode[op.op]];
          encodeRequest(op, fields);
          return fields;
        }),
      );
      return;
    case 'reconfig':
      out.push(request.joiningServers, request.leavingServers, request.newMembers, request.curConfigId);
      return;
    case 'exists':
    case 'getData':
    case 'getChildren':
    case 'getChildren2':
      out.push(request.path, request.watch);
      return;
    case 'getACL':
    case 'sync':
    case 'getAllChildrenNumber':
    case 'getEphemerals':
      out.push(request.path);
      return;
    case 'checkWatches':
    case 'removeWatches':
      out.push(request.path, request.type);
      return;
    case 'addWatch':
      out.push(request.path, request.mode);
      return;
    case 'setWatches':
      out.push(
        request.relativeZxid,
        request.dataWatches,
        request.existWatches,
        request.childWatches,
        request.persistentWatches,
        request.persistentRecursiveWatches,
      );
      return;
    case 'auth':
      out.push(request.scheme, request.auth);
      return;
    case 'sasl':
      out.push(request.token);
      return;
    case 'ping':
    case 'whoAmI':
    case 'closeSession':
      return;
    default:
      unreachable(request, 'request');
  }
}

/** Takes the fields of a request for `op`. Throws `WsProtocolError`. */
export function decodeRequest(op: SessionOp, fields: Fields): Request {
  switch (op) {
    case 'create':
    case 'create2':
    case 'createContainer':
    case 'createTTL':
      return decodeCreate(op, fields);
    case 'delete':
    case 'check':
      return { op, path: fields.text('path'), version: fields.int('version') };
    case 'setData':
      return { op, path: fields.text('path'), data: fields.data('data'), version: fields.int('version') };
    case 'setACL':
      return { op, path: fields.text('path'), acl: fields.acl('acl'), version: fields.int('version') };
    case 'multi':
      return { op, ops: decodeOps(fields, isMultiOp) };
    case 'multiRead':
      return { op, ops: decodeOps(fields, isMultiReadOp) };
    case 'reconfig':
      return {
        op,
        joiningServers: fields.textOrNull('joiningServers'),
        leavingServers: fields.textOrNull('leavingServers'),
        newMembers: fields.textOrNull('newMembers'),
        curConfigId: fields.int53('curConfigId', -1),
      };
    case 'exists':
    case 'getData':
    case 'getChildren':
    case 'getChildren2':
      return { op, path: fields.text('path'), watch: fields.bool('watch') };
    case 'getACL':
    case 'sync':
    case 'getAllChildrenNumber':
    case 'getEphemerals':
      return { op, path: fields.text('path') };
    case 'checkWatches':
    case 'removeWatches':
      return { op, path: fields.text('path'), type: fields.int('type', 1, 3) as WatcherType };
    case 'addWatch':
      return { op, path: fields.text('path'), mode: fields.int('mode', 0, 1) as AddWatchMode };
    case 'setWatches':
      return {
        op,
        relativeZxid: fields.int53('relativeZxid'),
        dataWatches: fields.texts('dataWatches'),
        existWatches: fields.texts('existWatches'),
        childWatches: fields.texts('childWatches'),
        persistentWatches: fields.texts('persistentWatches'),
        persistentRecursiveWatches: fields.texts('persistentRecursiveWatches'),
      };
    case 'auth':
      return { op, scheme: fields.text('scheme'), auth: fields.data('auth') };
    case 'sasl':
      return { op, token: fields.data('token') };
    case 'ping':
    case 'whoAmI':
    case 'closeSession':
      return { op };
    default:
      return unreachable(op, 'opcode');
  }
}

/** Each kind of create takes only its modes: the opcode and the flags of an honest client never disagree. */
const MODES: Record<CreateRequest['op'], (mode: CreateMode) => boolean> = {
  create: (mode) => mode < CreateMode.CONTAINER,
  create2: (mode) => mode < CreateMode.CONTAINER,
  createContainer: (mode) => mode === CreateMode.CONTAINER,
  createTTL: hasTtl,
};

function decodeCreate(op: CreateRequest['op'], fields: Fields): CreateRequest {
  const request: CreateRequest = {
    op,
    path: fields.text('path'),
    data: fields.data('data'),
    acl: fields.acl('acl'),
    mode: fields.int('mode', CreateMode.PERSISTENT, CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL) as CreateMode,
  };
  if (!MODES[op](request.mode)) throw new WsProtocolError(`${op} request: mode ${request.mode} is not one of this operation`);
  if (op === 'createTTL') request.ttlMs = fields.int53('ttlMs', Number.MIN_SAFE_INTEGER);
  return request;
}

function decodeOps<T extends Request>(fields: Fields, allowed: (request: Request) => request is T): T[] {
  return fields.list('ops', MULTI_OPS_MAX).map((value, i) => {
    const opFields = fields.nested(value, `ops[${i}]`);
    const opcode = opFields.int('opcode');
    const op = sessionOpOf(opcode);
    // Checked before its fields are read: a multi inside a multi must not recurse.
    if (op === undefined || op === 'multi' || op === 'multiRead') throw notAllowed(i, opcode);
    const request = decodeRequest(op, opFields);
    opFields.end();
    if (!allowed(request)) throw notAllowed(i, opcode);
    return request;
  });
}

function notAllowed(index: number, opcode: number): WsProtocolError {
  return new WsProtocolError(`ops[${index}]: opcode ${opcode} can't be part of this request`);
}

function isMultiOp(request: Request): request is MultiOp {
  switch (request.op) {
    case 'create':
    case 'create2':
    case 'createContainer':
    case 'createTTL':
    case 'delete':
    case 'setData':
    case 'check':
      return true;
    default:
      return false;
  }
}

function isMultiReadOp(request: Request): request is GetDataRequest | GetChildrenRequest {
  return request.op === 'getData' || request.op === 'getChildren' || request.op === 'getChildren2';
}
