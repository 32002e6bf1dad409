/**
 * Requests and responses in ZooKeeper's native protocol. A packet is an int32 length and a payload:
 *
 *     request   | xid: i32 | type: i32 | record |
 *     reply     | xid: i32 | zxid: i64 | err: i32 | record, when err is 0 |
 *     event     a reply with xid -1 and the record of a watched event
 *
 * The first packet in each direction has no header: the session is asked for and granted.
 */
import { unreachable } from '../base/assert.ts';
import type { Reader } from '../bytes/reader.ts';
import type { Writer } from '../bytes/writer.ts';
import type { CreateMode } from '../znode/create-mode.ts';
import type { MultiOp, MultiReadRequest, MultiResult, Request, Response, ResponseByOp } from '../znode/operations.ts';
import { OpCode } from '../znode/operations.ts';
import type { AddWatchMode, WatcherType } from '../znode/watch-event.ts';
import * as records from './records.ts';

/** What a peer sent is not this protocol. */
export class JuteError extends Error {
  override readonly name = 'JuteError';
}

/** `ZooDefs.OpCode.error`: an entry of a multi's answer. */
const ERROR_TYPE = -1;
/** Operations in one multi: a packet's size bounds them too, this bounds the answer. */
const MULTI_OPS_MAX = 100_000;

/** The request of `type`, or null for an operation that nobody serves. Throws `JuteError` when the record is not whole. */
export function readRequest(type: number, input: Reader): Request | null {
  const request = readRecord(type, input);
  if (!input.complete) throw new JuteError(`A request of type ${type} is not whole: ${input.failure}`);
  return request;
}

function readRecord(type: number, input: Reader): Request | null {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
    case OpCode.delete:
    case OpCode.setData:
    case OpCode.check:
      return readMultiOp(type, input);
    case OpCode.setACL:
      return { op: 'setACL', ...records.setAclRequest.read(input) };
    case OpCode.multi:
      return { op: 'multi', ops: readOps(input, readMultiOp) };
    case OpCode.multiRead:
      return { op: 'multiRead', ops: readOps(input, readMultiRead) };
    case OpCode.exists:
      return withWatch('exists', input);
    case OpCode.getData:
    case OpCode.getChildren:
      return readMultiRead(type, input);
    case OpCode.getChildren2:
      return withWatch('getChildren2', input);
    case OpCode.getACL:
      return { op: 'getACL', ...records.path.read(input) };
    case OpCode.sync:
      return { op: 'sync', ...records.path.read(input) };
    case OpCode.getAllChildrenNumber:
      return { op: 'getAllChildrenNumber', ...records.path.read(input) };
    case OpCode.getEphemerals:
      return { op: 'getEphemerals', ...records.path.read(input) };
    case OpCode.checkWatches:
    case OpCode.removeWatches: {
      const { path, type: watcherType } = records.pathType.read(input);
      return { op: type === OpCode.checkWatches ? 'checkWatches' : 'removeWatches', path, type: watcherType as WatcherType };
    }
    case OpCode.addWatch: {
      const { path, mode } = records.addWatchRequest.read(input);
      return { op: 'addWatch', path, mode: mode as AddWatchMode };
    }
    case OpCode.setWatches:
      return { op: 'setWatches', ...records.setWatches.read(input), persistentWatches: [], persistentRecursiveWatches: [] };
    case OpCode.setWatches2:
      return { op: 'setWatches', ...records.setWatches2.read(input) };
    case OpCode.auth: {
      const { scheme, auth } = records.authPacket.read(input);
      return { op: 'auth', scheme, auth };
    }
    case OpCode.sasl:
      return { op: 'sasl', ...records.saslToken.read(input) };
    case OpCode.reconfig:
      return { op: 'reconfig', ...records.reconfigRequest.read(input) };
    case OpCode.ping:
      return { op: 'ping' };
    case OpCode.whoAmI:
      return { op: 'whoAmI' };
    case OpCode.closeSession:
      return { op: 'closeSession' };
    default:
      return null;
  }
}

function readMultiOp(type: number, input: Reader): MultiOp {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer: {
      const { path, data, acl, flags } = records.createRequest.read(input);
      const op = type === OpCode.create ? 'create' : type === OpCode.create2 ? 'create2' : 'createContainer';
      return { op, path, data, acl, mode: flags as CreateMode };
    }
    case OpCode.createTTL: {
      const { path, data, acl, flags, ttl } = records.createTtlRequest.read(input);
      return { op: 'createTTL', path, data, acl, mode: flags as CreateMode, ttlMs: ttl };
    }
    case OpCode.delete:
    case OpCode.check: {
      const { path, version } = records.pathVersion.read(input);
      return { op: type === OpCode.delete ? 'delete' : 'check', path, version };
    }
    case OpCode.setData: {
      const { path, data, version } = records.setDataRequest.read(input);
      return { op: 'setData', path, data, version };
    }
    default:
      throw new JuteError(`Operation ${type} is not allowed in a multi`);
  }
}

function readMultiRead(type: number, input: Reader): MultiReadRequest['ops'][number] {
  if (type !== OpCode.getData && type !== OpCode.getChildren) throw new JuteError(`Operation ${type} is not allowed in a multiRead`);
  return withWatch(type === OpCode.getData ? 'getData' : 'getChildren', input);
}

/** Field by field: to spread a record costs more than to read it. */
function withWatch<O extends string>(op: O, input: Reader): { op: O; path: string; watch: boolean } {
  const { path, watch } = records.pathWatch.read(input);
  return { op, path, watch };
}

function readOps<T>(input: Reader, readOp: (type: number, input: Reader) => T): T[] {
  const ops: T[] = [];
  for (;;) {
    const { type, done } = records.multiHeader.read(input);
    if (done || !input.complete) return ops;
    if (ops.length === MULTI_OPS_MAX) throw new JuteError(`A multi has at most ${MULTI_OPS_MAX} operations`);
    ops.push(readOp(type, input));
  }
}

/** The record of a successful answer. */
export function writeResponse<O extends Request['op']>(out: Writer, op: O, response: Response): void {
  switch (op) {
    case 'create':
    case 'sync':
      return records.path.write(out, response as ResponseByOp['create']);
    case 'create2':
    case 'createContainer':
    case 'createTTL':
      return records.pathStat.write(out, response as ResponseByOp['create2']);
    case 'setData':
    case 'setACL':
    case 'exists':
      return records.stat.write(out, (response as ResponseByOp['setData']).stat);
    case 'getData':
    case 'reconfig':
      return records.dataStat.write(out, response as ResponseByOp['getData']);
    case 'getACL':
      return records.aclStat.write(out, response as ResponseByOp['getACL']);
    case 'getChildren':
      return records.children.write(out, response as ResponseByOp['getChildren']);
    case 'getChildren2':
      return records.childrenStat.write(out, response as ResponseByOp['getChildren2']);
    case 'getEphemerals':
      return records.ephemerals.write(out, response as ResponseByOp['getEphemerals']);
    case 'getAllChildrenNumber':
      return records.totalNumber.write(out, response as ResponseByOp['getAllChildrenNumber']);
    case 'sasl':
      return records.saslToken.write(out, response as ResponseByOp['sasl']);
    case 'whoAmI':
      return records.clientInfo.write(out, response as ResponseByOp['whoAmI']);
    case 'addWatch':
      return records.errorResponse.write(out, { err: 0 });
    case 'multi':
    case 'multiRead':
      return writeResults(out, (response as ResponseByOp['multi']).results);
    case 'delete':
    case 'check':
    case 'checkWatches':
    case 'removeWatches':
    case 'setWatches':
    case 'auth':
    case 'ping':
    case 'closeSession':
      return;
    default:
      unreachable(op as never, 'operation');
  }
}

function writeResults(out: Writer, results: readonly MultiResult[]): void {
  for (const result of results) {
    if (result.op === 'error') {
      records.multiHeader.write(out, { type: ERROR_TYPE, done: false, err: result.error });
      records.errorResponse.write(out, { err: result.error });
      continue;
    }
    records.multiHeader.write(out, { type: OpCode[result.op], done: false, err: 0 });
    switch (result.op) {
      case 'create':
        records.path.write(out, result);
        break;
      case 'create2':
      case 'createContainer':
      case 'createTTL':
        records.pathStat.write(out, result);
        break;
      case 'setData':
        records.statOnly.write(out, result);
        break;
      case 'getData':
        records.dataStat.write(out, result);
        break;
      case 'getChildren':
      case 'getChildren2':
        records.children.write(out, result);
        break;
      case 'delete':
      case 'check':
        break;
      default:
        unreachable(result, 'result');
    }
  }
  records.multiHeader.write(out, { type: ERROR_TYPE, done: true, err: -1 });
}
