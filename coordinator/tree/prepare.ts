/**
 * Turns a write request into the transaction that carries it out, or into the error it meets; checks come in the original's
 * order (`PrepRequestProcessor`). Nothing is changed but `Outstanding`, in which the next request finds the outcome.
 */
import { unreachable } from '../../shared/base/assert.ts';
import type { Id } from '../../shared/znode/acl.ts';
import { Perms } from '../../shared/znode/acl.ts';
import { CreateMode, hasTtl, isEphemeral, isSequential } from '../../shared/znode/create-mode.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type {
  CheckRequest,
  CreateRequest,
  Data,
  DeleteRequest,
  MultiRequest,
  SetAclRequest,
  SetDataRequest,
  WriteRequest,
} from '../../shared/znode/operations.ts';
import type { AccessRules } from './acl-check.ts';
import { fixAcl, isAllowed } from './acl-check.ts';
import type { Outstanding } from './outstanding.ts';
import type { QuotaExcess } from './quota.ts';
import { isSystemPath, isValidPath, parentPathOf } from './path.ts';
import type { CloseSessionTxn, ErrorTxn, MultiPart, TxnBody } from './txn.ts';
import type { ZnodeKind } from './znode.ts';
import { CONTAINER, PERSISTENT } from './znode.ts';

/** Whose request it is, and what the server was set to. */
export interface PrepareContext {
  readonly sessionId: bigint;
  readonly ids: readonly Id[];
  readonly rules: AccessRules;
  /** `extendedTypesEnabled`: TTLs are understood. */
  readonly ttlsEnabled: boolean;
  /** `enforceQuota`: hears what a write exceeds; absent when quotas are not looked at. */
  readonly quotaExceeded?: (excess: QuotaExcess) => void;
}

/** Five bytes hold a TTL in the original's ephemeralOwner. */
const TTL_MS_MAX = 0xff_ffff_ffff;

const refused = (error: number): ErrorTxn => ({ type: 'error', error });

/** The transaction of `request` at `zxid`. */
export function prepare(view: Outstanding, request: WriteRequest, context: PrepareContext, zxid: number): TxnBody {
  switch (request.op) {
    case 'create':
    case 'create2':
    case 'createContainer':
    case 'createTTL':
      return prepareCreate(view, request, context, zxid);
    case 'delete':
      return prepareDelete(view, request, context, zxid);
    case 'setData':
      return prepareSetData(view, request, context, zxid);
    case 'setACL':
      return prepareSetAcl(view, request, context, zxid);
    case 'check':
      return prepareCheck(view, request, context);
    case 'multi':
      return prepareMulti(view, request, context, zxid);
    case 'reconfig':
      return refused(ErrorCode.RECONFIGDISABLED);
    default:
      return unreachable(request, 'write request');
  }
}

/** The end of a session: its ephemerals go with it, those in flight included. */
export function prepareCloseSession(view: Outstanding, sessionId: bigint, zxid: number): CloseSessionTxn {
  const paths = view.ephemeralsOf(sessionId);
  for (const path of paths) removeFromView(view, path, zxid);
  return { type: 'closeSession', paths };
}

/** A container or TTL znode that outlived its use. Refused when a child came meanwhile. */
export function prepareDeleteContainer(view: Outstanding, path: string, zxid: number): TxnBody {
  const node = view.get(path);
  if (node === undefined) return refused(ErrorCode.NONODE);
  if (node.childCount > 0) return refused(ErrorCode.NOTEMPTY);
  if (node.kind.type !== 'container' && node.kind.type !== 'ttl') return refused(ErrorCode.BADVERSION);
  removeFromView(view, path, zxid);
  return { type: 'delete', path };
}

function removeFromView(view: Outstanding, path: string, zxid: number): void {
  const node = view.get(path)!;
  const parent = view.get(parentPathOf(path))!;
  const newParent = view.change(parent, zxid);
  newParent.childCount--;
  view.put(newParent);
  const gone = view.change(node, zxid);
  gone.exists = false;
  view.put(gone);
}

function prepareCreate(view: Outstanding, request: CreateRequest, context: PrepareContext, zxid: number): TxnBody {
  const { mode, data } = request;
  if (!isMode(mode)) return refused(ErrorCode.BADARGUMENTS);
  const ttlMs = request.op === 'createTTL' ? (request.ttlMs ?? -1) : -1;
  if (hasTtl(mode)) {
    if (!context.ttlsEnabled) return refused(ErrorCode.UNIMPLEMENTED);
    if (ttlMs <= 0 || ttlMs > TTL_MS_MAX) return refused(ErrorCode.BADARGUMENTS);
  } else if (ttlMs >= 0) {
    return refused(ErrorCode.BADARGUMENTS);
  }
  let path = request.path;
  if (path === '') return refused(ErrorCode.MARSHALLINGERROR);
  if (path.lastIndexOf('/') < 0 || path.includes('\0')) return refused(ErrorCode.BADARGUMENTS);
  const acl = fixAcl(context.rules, request.acl, context.ids);
  if (acl === null) return refused(ErrorCode.INVALIDACL);
  const parent = view.get(parentPathOf(path));
  if (parent === undefined) return refused(ErrorCode.NONODE);
  if (!isAllowed(context.rules, parent.acl, Perms.CREATE, context.ids)) return refused(ErrorCode.NOAUTH);
  if (isSequential(mode)) path += sequenceSuffix(parent.creations);
  if (!isValidPath(path)) return refused(ErrorCode.BADARGUMENTS);
  if (view.get(path) !== undefined) return refused(ErrorCode.NODEEXISTS);
  if (parent.kind.type === 'ephemeral') return refused(ErrorCode.NOCHILDRENFOREPHEMERALS);
  if (isOverQuota(view, path, true, data, context)) return refused(ErrorCode.QUOTAEXCEEDED);

  const kind = kindOf(mode, ttlMs, context.sessionId);
  const parentCreations = (parent.creations + 1) | 0;
  const newParent = view.change(parent, zxid);
  newParent.creations = parentCreations;
  newParent.childCount++;
  view.put(newParent);
  view.put({ path, zxid, exists: true, version: 0, aversion: 0, creations: 0, childCount: 0, acl, kind });
  return { type: 'create', path, data, acl, kind, parentCreations };
}

function isMode(mode: number): boolean {
  return Number.isInteger(mode) && mode >= CreateMode.PERSISTENT && mode <= CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL;
}

/** Ten digits; past 2^31 - 1 the counter goes on from the negative end, as the original's does. */
function sequenceSuffix(creations: number): string {
  return creations < 0 ? `-${String(-creations).padStart(9, '0')}` : String(creations).padStart(10, '0');
}

function kindOf(mode: CreateMode, ttlMs: number, sessionId: bigint): ZnodeKind {
  if (isEphemeral(mode)) return { type: 'ephemeral', sessionId };
  if (mode === CreateMode.CONTAINER) return CONTAINER;
  return hasTtl(mode) ? { type: 'ttl', ttlMs } : PERSISTENT;
}

function prepareDelete(view: Outstanding, request: DeleteRequest, context: PrepareContext, zxid: number): TxnBody {
  const { path } = request;
  if (path === '') return refused(ErrorCode.MARSHALLINGERROR);
  if (path.lastIndexOf('/') < 0 || path.includes('\0') || isSystemPath(path)) return refused(ErrorCode.BADARGUMENTS);
  const parent = view.get(parentPathOf(path));
  if (parent === undefined) return refused(ErrorCode.NONODE);
  if (!isAllowed(context.rules, parent.acl, Perms.DELETE, context.ids)) return refused(ErrorCode.NOAUTH);
  const node = view.get(path);
  if (node === undefined) return refused(ErrorCode.NONODE);
  if (!versionMatches(node.version, request.version)) return refused(ErrorCode.BADVERSION);
  if (node.childCount > 0) return refused(ErrorCode.NOTEMPTY);
  removeFromView(view, path, zxid);
  return { type: 'delete', path };
}

function prepareSetData(view: Outstanding, request: SetDataRequest, context: PrepareContext, zxid: number): TxnBody {
  const { path, data } = request;
  if (!isValidPath(path)) return refused(ErrorCode.BADARGUMENTS);
  const node = view.get(path);
  if (node === undefined) return refused(ErrorCode.NONODE);
  if (!isAllowed(context.rules, node.acl, Perms.WRITE, context.ids)) return refused(ErrorCode.NOAUTH);
  if (isOverQuota(view, path, false, data, context)) return refused(ErrorCode.QUOTAEXCEEDED);
  if (!versionMatches(node.version, request.version)) return refused(ErrorCode.BADVERSION);
  const changed = view.change(node, zxid);
  changed.version = nextVersion(changed.version);
  view.put(changed);
  return { type: 'setData', path, data, version: changed.version };
}

function prepareSetAcl(view: Outstanding, request: SetAclRequest, context: PrepareContext, zxid: number): TxnBody {
  const { path } = request;
  if (!isValidPath(path)) return refused(ErrorCode.BADARGUMENTS);
  const acl = fixAcl(context.rules, request.acl, context.ids);
  if (acl === null) return refused(ErrorCode.INVALIDACL);
  const node = view.get(path);
  if (node === undefined) return refused(ErrorCode.NONODE);
  if (!isAllowed(context.rules, node.acl, Perms.ADMIN, context.ids)) return refused(ErrorCode.NOAUTH);
  if (!versionMatches(node.aversion, request.version)) return refused(ErrorCode.BADVERSION);
  const changed = view.change(node, zxid);
  changed.aversion = nextVersion(changed.aversion);
  changed.acl = acl;
  view.put(changed);
  return { type: 'setACL', path, acl, version: changed.aversion };
}

function prepareCheck(view: Outstanding, request: CheckRequest, context: PrepareContext): TxnBody {
  const { path } = request;
  if (!isValidPath(path)) return refused(ErrorCode.BADARGUMENTS);
  const node = view.get(path);
  if (node === undefined) return refused(ErrorCode.NONODE);
  if (!isAllowed(context.rules, node.acl, Perms.READ, context.ids)) return refused(ErrorCode.NOAUTH);
  if (!versionMatches(node.version, request.version)) return refused(ErrorCode.BADVERSION);
  return { type: 'check', path };
}

function prepareMulti(view: Outstanding, request: MultiRequest, context: PrepareContext, zxid: number): TxnBody {
  // The original finds this while it reads the request, before there is a multi whose parts could fail.
  if (request.ops.some((op) => 'mode' in op && !isMode(op.mode))) return refused(ErrorCode.MARSHALLINGERROR);
  const mark = view.mark();
  const parts: MultiPart[] = [];
  for (const op of request.ops) {
    const part = prepare(view, op, context, zxid) as MultiPart;
    if (part.type === 'error') {
      view.rollback(mark);
      const failedAt = parts.length;
      return {
        type: 'multi',
        parts: request.ops.map((_, i) => {
          if (i < failedAt) return refused(ErrorCode.OK);
          return i === failedAt ? part : refused(ErrorCode.RUNTIMEINCONSISTENCY);
        }),
      };
    }
    parts.push(part);
  }
  return { type: 'multi', parts };
}

function isOverQuota(view: Outstanding, path: string, isNew: boolean, data: Data, context: PrepareContext): boolean {
  if (context.quotaExceeded === undefined) return false;
  const excess = view.quotaExcess(path, isNew, data === null ? 0 : data.length);
  if (excess === null) return false;
  context.quotaExceeded(excess);
  return excess.hard;
}

/** -1 matches any version. */
function versionMatches(actual: number, expected: number): boolean {
  return expected === -1 || expected === actual;
}

/** Wraps in 32 bits, past -1: nobody could ask for that version, because -1 asks for any (ZOOKEEPER-4743). */
function nextVersion(version: number): number {
  const next = (version + 1) | 0;
  return next === -1 ? 0 : next;
}
