/**
 * The client's direction of the native protocol: `codec.ts` mirrored, on the same records. A packet is an int32 length and
 *
 *     request   | xid: i32 | type: i32 | record |
 *     reply     | xid: i32 | zxid: i64 | err: i32 | record, when err is 0 |
 *
 * A reply doesn't say what it answers: whoever reads it has to remember what was asked.
 */
import { unreachable } from '../base/assert.ts';
import type { Reader } from '../bytes/reader.ts';
import type { Writer } from '../bytes/writer.ts';
import type { CreateRequest, MultiResult, Request, Response } from '../znode/operations.ts';
import { OpCode } from '../znode/operations.ts';
import { JuteError } from './codec.ts';
import * as records from './records.ts';

/** `ZooDefs.OpCode.error`: an entry of a multi's answer, and the type of its last header. */
const ERROR_TYPE = -1;

type Op = Request['op'];

/** The opcode and the record of `request`: what stands after the xid. */
export function writeRequest(out: Writer, request: Request): void {
  if (request.op === 'setWatches') return writeSetWatches(out, request);
  out.i32(OpCode[request.op]);
  writeRecord(out, request);
}

/** Without persistent watches the older form, which older servers know too. */
function writeSetWatches(out: Writer, request: Request & { op: 'setWatches' }): void {
  const isPlain = request.persistentWatches.length === 0 && request.persistentRecursiveWatches.length === 0;
  out.i32(isPlain ? OpCode.setWatches : OpCode.setWatches2);
  if (isPlain) records.setWatches.write(out, request);
  else records.setWatches2.write(out, request);
}

function writeRecord(out: Writer, request: Exclude<Request, { op: 'setWatches' }>): void {
  switch (request.op) {
    case 'create':
    case 'create2':
    case 'createContainer':
    case 'createTTL':
      return writeCreate(out, request);
    case 'delete':
    case 'check':
      return records.pathVersion.write(out, request);
    case 'setData':
      return records.setDataRequest.write(out, request);
    case 'setACL':
      return records.setAclRequest.write(out, request);
    case 'exists':
    case 'getData':
    case 'getChildren':
    case 'getChildren2':
      return records.pathWatch.write(out, request);
    case 'getACL':
    case 'sync':
    case 'getAllChildrenNumber':
    case 'getEphemerals':
      return records.path.write(out, request);
    case 'checkWatches':
    case 'removeWatches':
      return records.pathType.write(out, request);
    case 'addWatch':
      return records.addWatchRequest.write(out, request);
    case 'auth':
      return records.authPacket.write(out, { type: 0, scheme: request.scheme, auth: request.auth });
    case 'sasl':
      return records.saslToken.write(out, request);
    case 'reconfig':
      return records.reconfigRequest.write(out, request);
    case 'multi':
    case 'multiRead':
      for (const op of request.ops) {
        records.multiHeader.write(out, { type: OpCode[op.op], done: false, err: -1 });
        writeRecord(out, op);
      }
      return records.multiHeader.write(out, { type: ERROR_TYPE, done: true, err: -1 });
    case 'ping':
    case 'whoAmI':
    case 'closeSession':
      return;
    default:
      unreachable(request as never, 'request');
  }
}

function writeCreate(out: Writer, { op, path, data, acl, mode, ttlMs }: CreateRequest): void {
  if (op === 'createTTL') records.createTtlRequest.write(out, { path, data, acl, flags: mode, ttl: ttlMs ?? 0 });
  else records.createRequest.write(out, { path, data, acl, flags: mode });
}

/** The record of a successful answer to `op`. Bytes are slices of the input. Throws `JuteError` when it is not whole. */
export function readResponse(op: Op, input: Reader): Response {
  const response = readRecord(op, input);
  if (!input.complete) throw new JuteError(`The answer to ${op} is not whole: ${input.failure}`);
  return response;
}

function readRecord(op: Op, input: Reader): Response {
  switch (op) {
    case 'create':
    case 'sync':
      return records.path.read(input);
    case 'create2':
    case 'createContainer':
    case 'createTTL':
      return records.pathStat.read(input);
    case 'setData':
    case 'setACL':
    case 'exists':
      return records.statOnly.read(input);
    case 'getData':
    case 'reconfig':
      return records.dataStat.read(input);
    case 'getACL':
      return records.aclStat.read(input);
    case 'getChildren':
      return records.children.read(input);
    case 'getChildren2':
      return records.childrenStat.read(input);
    case 'getEphemerals':
      return records.ephemerals.read(input);
    case 'getAllChildrenNumber':
      return records.totalNumber.read(input);
    case 'sasl':
      return records.saslToken.read(input);
    case 'whoAmI':
      return records.clientInfo.read(input);
    case 'multi':
    case 'multiRead':
      return { results: readResults(input) };
    case 'addWatch': // an ErrorResponse, which says what the header has said
    case 'delete':
    case 'check':
    case 'checkWatches':
    case 'removeWatches':
    case 'setWatches':
    case 'auth':
    case 'ping':
    case 'closeSession':
      return null;
    default:
      return unreachable(op as never, 'operation');
  }
}

function readResults(input: Reader): MultiResult[] {
  const results: MultiResult[] = [];
  for (;;) {
    const { type, done } = records.multiHeader.read(input);
    // An input that has run dry yields zeros for ever.
    if (done || !input.complete) return results;
    results.push(readResult(type, input));
  }
}

function readResult(type: number, input: Reader): MultiResult {
  switch (type) {
    case ERROR_TYPE:
      return { op: 'error', error: records.errorResponse.read(input).err };
    case OpCode.create:
      return { op: 'create', ...records.path.read(input) };
    case OpCode.create2:
      return { op: 'create2', ...records.pathStat.read(input) };
    case OpCode.createContainer:
      return { op: 'createContainer', ...records.pathStat.read(input) };
    case OpCode.createTTL:
      return { op: 'createTTL', ...records.pathStat.read(input) };
    case OpCode.setData:
      return { op: 'setData', ...records.statOnly.read(input) };
    case OpCode.delete:
      return { op: 'delete' };
    case OpCode.check:
      return { op: 'check' };
    case OpCode.getData:
      return { op: 'getData', ...records.dataStat.read(input) };
    case OpCode.getChildren:
      return { op: 'getChildren', ...records.children.read(input) };
    default:
      throw new JuteError(`A multi's answer has a result of type ${type}, which no operation in a multi has`);
  }
}
