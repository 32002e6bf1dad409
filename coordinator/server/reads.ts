/**
 * Requests that change nothing in the log: reads, and what concerns only this connection's watches. Answered from the tree
 * as it is applied here. A result is the response, or the code of the error.
 */
import { unreachable } from '../../shared/base/assert.ts';
import { Perms } from '../../shared/znode/acl.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type {
  GetChildrenRequest,
  GetDataRequest,
  MultiReadRequest,
  MultiResult,
  PathRequest,
  PlainRequest,
  ReadRequest,
  Response,
  SetWatchesRequest,
  WatchesRequest,
  AddWatchRequest,
} from '../../shared/znode/operations.ts';
import { AddWatchMode, EventType, WatcherType } from '../../shared/znode/watch-event.ts';
import type { AccessRules } from '../tree/acl-check.ts';
import { isAllowed, maskDigests, userOf } from '../tree/acl-check.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { WatchTable } from '../tree/watch-table.ts';
import type { Znode } from '../tree/znode.ts';
import { statOf } from '../tree/znode.ts';
import type { Client } from './client.ts';

export type LocalRequest = ReadRequest | WatchesRequest | AddWatchRequest | SetWatchesRequest | PlainRequest;

export interface ReadContext {
  tree: DataTree;
  watches: WatchTable<Client>;
  rules: AccessRules;
}

/** The response, or an `ErrorCode` other than OK. */
export type ReadResult = Response | number;

export function answer(context: ReadContext, client: Client, request: LocalRequest): ReadResult {
  // What the original answers; to our tree the empty path is the root.
  if ('path' in request && request.path === '' && request.op !== 'getEphemerals') return ErrorCode.MARSHALLINGERROR;
  switch (request.op) {
    case 'exists': {
      const node = context.tree.get(request.path);
      // The only watch that waits for a znode that isn't there yet.
      if (request.watch) context.watches.addData(request.path, client);
      return node === undefined ? ErrorCode.NONODE : { stat: statOf(node) };
    }
    case 'getData':
    case 'getChildren':
    case 'getChildren2':
      return readNode(context, client, request);
    case 'multiRead':
      return { results: request.ops.map((op) => multiReadResult(context, client, op)) };
    case 'getACL':
      return getAcl(context, client, request);
    case 'getAllChildrenNumber': {
      const node = readable(context, client, request.path);
      return typeof node === 'number' ? node : { totalNumber: context.tree.descendantCount(node) };
    }
    case 'getEphemerals': {
      const paths = [...(context.tree.ephemerals.get(client.session!.id) ?? [])];
      return { ephemerals: paths.filter((path) => path.startsWith(request.path.trim())) };
    }
    case 'sync':
      return { path: request.path };
    case 'checkWatches':
      return checked(request) ?? (context.watches.has(request.path, client, request.type) ? null : ErrorCode.NOWATCHER);
    case 'removeWatches':
      return checked(request) ?? (context.watches.remove(request.path, client, request.type) ? null : ErrorCode.NOWATCHER);
    case 'addWatch':
      if (request.mode !== AddWatchMode.PERSISTENT && request.mode !== AddWatchMode.PERSISTENT_RECURSIVE) {
        return ErrorCode.MARSHALLINGERROR;
      }
      context.watches.addPersistent(request.path, client, request.mode);
      return null;
    case 'setWatches':
      setWatches(context, client, request);
      return null;
    case 'whoAmI':
      return { clientInfo: client.ids.map(userOf) };
    case 'ping':
    case 'closeSession':
      return null;
    default:
      return unreachable(request, 'read request');
  }
}

function checked({ type }: WatchesRequest): number | null {
  return type === WatcherType.ANY || type === WatcherType.CHILDREN || type === WatcherType.DATA ? null : ErrorCode.MARSHALLINGERROR;
}

/** The znode, if it is there and `client` may read it. */
function readable(context: ReadContext, client: Client, path: string): Znode | number {
  const node = context.tree.get(path);
  if (node === undefined) return ErrorCode.NONODE;
  const { acl } = node;
  // Nearly every list is the open one.
  if (acl !== context.tree.acls.open && !isAllowed(context.rules, acl.list, Perms.READ, client.ids)) return ErrorCode.NOAUTH;
  return node;
}

function readNode(context: ReadContext, client: Client, request: GetDataRequest | GetChildrenRequest): ReadResult {
  const { path, watch } = request;
  const node = readable(context, client, path);
  if (typeof node === 'number') return node;
  if (request.op === 'getData') {
    if (watch) context.watches.addData(path, client);
    return { data: node.ownData(), stat: statOf(node) };
  }
  if (watch) context.watches.addChild(path, client);
  const children = context.tree.childLists.of(node);
  return request.op === 'getChildren' ? { children } : { children, stat: statOf(node) };
}

/** Sets no watches, whatever the request says: the original drops the flag. */
function multiReadResult(context: ReadContext, client: Client, op: MultiReadRequest['ops'][number]): MultiResult {
  const result = op.path === '' ? ErrorCode.MARSHALLINGERROR : readNode(context, client, { ...op, watch: false });
  if (typeof result === 'number') return { op: 'error', error: result };
  return { op: op.op, ...result } as MultiResult;
}

function getAcl(context: ReadContext, client: Client, { path }: PathRequest): ReadResult {
  const node = context.tree.get(path);
  if (node === undefined) return ErrorCode.NONODE;
  const { list } = node.acl;
  if (!isAllowed(context.rules, list, Perms.READ | Perms.ADMIN, client.ids)) return ErrorCode.NOAUTH;
  const isAdmin = isAllowed(context.rules, list, Perms.ADMIN, client.ids);
  return { acl: isAdmin ? list : maskDigests(list), stat: statOf(node) };
}

/** Arms the watches of a client that reconnected, or tells at once what they missed (`DataTree.setWatches`). */
function setWatches({ tree, watches }: ReadContext, client: Client, request: SetWatchesRequest): void {
  const { relativeZxid } = request;
  for (const path of request.dataWatches) {
    const node = tree.get(path);
    if (node === undefined) client.notify(EventType.NodeDeleted, path, tree.lastZxid);
    else if (node.mzxid > relativeZxid) client.notify(EventType.NodeDataChanged, path, node.mzxid);
    else watches.addData(path, client);
  }
  for (const path of request.existWatches) {
    const node = tree.get(path);
    if (node === undefined) watches.addData(path, client);
    else client.notify(EventType.NodeCreated, path, node.czxid);
  }
  for (const path of request.childWatches) {
    const node = tree.get(path);
    if (node === undefined) client.notify(EventType.NodeDeleted, path, tree.lastZxid);
    else if (node.pzxid > relativeZxid) client.notify(EventType.NodeChildrenChanged, path, node.pzxid);
    else watches.addChild(path, client);
  }
  for (const path of request.persistentWatches) watches.addPersistent(path, client, AddWatchMode.PERSISTENT);
  for (const path of request.persistentRecursiveWatches) watches.addPersistent(path, client, AddWatchMode.PERSISTENT_RECURSIVE);
}
