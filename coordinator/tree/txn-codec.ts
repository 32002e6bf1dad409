/**
 * The bytes of transactions in the log, and of znodes in a snapshot:
 *
 *     | size: i32 | zxid: i64 | timeMs: i64 | sessionId: i64 | cxid: i32 | type: u8 | body |   one transaction
 *
 * Strings and data are an int32 size and their bytes, -1 for null. Kinds and access lists are written the same way in both.
 */
import { unreachable } from '../../shared/base/assert.ts';
import { Reader } from '../../shared/bytes/reader.ts';
import type { Writer } from '../../shared/bytes/writer.ts';
import type { Acl } from '../../shared/znode/acl.ts';
import { OPEN_ACL_UNSAFE } from '../../shared/znode/acl.ts';
import type { Data } from '../../shared/znode/operations.ts';
import type { MultiPart, Txn, TxnBody } from './txn.ts';
import type { ZnodeKind } from './znode.ts';
import { CONTAINER, PERSISTENT } from './znode.ts';

/** What was read is not what a coordinator wrote. */
export class TxnFormatError extends Error {
  override readonly name = 'TxnFormatError';
}

const TYPES = ['create', 'delete', 'setData', 'setACL', 'check', 'createSession', 'closeSession', 'error', 'multi'] as const;
const TYPE_CODE = Object.fromEntries(TYPES.map((type, code) => [type, code])) as Record<TxnBody['type'], number>;

export function writeTxn(out: Writer, txn: Txn): void {
  const start = out.size;
  out.i32(0);
  out.i64(txn.zxid);
  out.i64(txn.timeMs);
  out.i64Big(txn.sessionId);
  out.i32(txn.cxid);
  writeBody(out, txn.body);
  out.patchI32(start, out.size - start - 4);
}

/** The transactions in `bytes`, in order. Throws `TxnFormatError`. */
export function* readTxns(bytes: Buffer): IterableIterator<Txn> {
  const input = new Reader(bytes);
  while (input.remaining > 0) {
    const size = input.i32();
    const end = input.position + size;
    const txn: Txn = {
      zxid: input.i64(),
      timeMs: input.i64(),
      sessionId: input.i64Big(),
      cxid: input.i32(),
      body: readBody(input),
    };
    if (!input.complete || input.position !== end) {
      throw new TxnFormatError(`Transaction 0x${txn.zxid.toString(16)} is damaged: ${input.failure ?? `size ${size} is wrong`}`);
    }
    yield txn;
  }
}

function writeBody(out: Writer, body: TxnBody): void {
  out.i8(TYPE_CODE[body.type]);
  switch (body.type) {
    case 'create':
      writeText(out, body.path);
      writeData(out, body.data);
      writeAcl(out, body.acl);
      writeKind(out, body.kind);
      out.i32(body.parentCreations);
      return;
    case 'delete':
    case 'check':
      return writeText(out, body.path);
    case 'setData':
      writeText(out, body.path);
      writeData(out, body.data);
      out.i32(body.version);
      return;
    case 'setACL':
      writeText(out, body.path);
      writeAcl(out, body.acl);
      out.i32(body.version);
      return;
    case 'createSession':
      return out.i32(body.timeoutMs);
    case 'closeSession':
      out.i32(body.paths.length);
      for (const path of body.paths) writeText(out, path);
      return;
    case 'error':
      return out.i32(body.error);
    case 'multi':
      out.i32(body.parts.length);
      for (const part of body.parts) writeBody(out, part);
      return;
    default:
      unreachable(body, 'txn');
  }
}

function readBody(input: Reader): TxnBody {
  const type = TYPES[input.i8()];
  switch (type) {
    case 'create':
      return {
        type,
        path: readText(input),
        data: readData(input),
        acl: readAcl(input),
        kind: readKind(input),
        parentCreations: input.i32(),
      };
    case 'delete':
    case 'check':
      return { type, path: readText(input) };
    case 'setData':
      return { type, path: readText(input), data: readData(input), version: input.i32() };
    case 'setACL':
      return { type, path: readText(input), acl: readAcl(input), version: input.i32() };
    case 'createSession':
      return { type, timeoutMs: input.i32() };
    case 'closeSession':
      return { type, paths: readArray(input, readText) };
    case 'error':
      return { type, error: input.i32() };
    case 'multi':
      return { type, parts: readArray(input, (part) => readBody(part) as MultiPart) };
    case undefined:
      throw new TxnFormatError(`Unknown transaction type at byte ${input.position}: written by a newer version?`);
    default:
      return unreachable(type, 'txn type');
  }
}

export function writeText(out: Writer, text: string): void {
  // One pass over the text: its size stands before it.
  const at = out.size;
  out.i32(0);
  out.patchI32(at, out.utf8(text));
}

export function readText(input: Reader): string {
  return input.utf8(input.i32());
}

export function writeData(out: Writer, data: Data): void {
  if (data === null) {
    out.i32(-1);
    return;
  }
  out.i32(data.length);
  out.bytes(data);
}

/** A slice of the input. */
export function readData(input: Reader): Buffer | null {
  const size = input.i32();
  return size === -1 ? null : input.slice(size);
}

/** The open list, which nearly every znode has, is written as a count of -1. */
export function writeAcl(out: Writer, acl: readonly Acl[]): void {
  if (acl.length === 1 && acl[0]!.perms === 31 && acl[0]!.id.scheme === 'world' && acl[0]!.id.id === 'anyone') {
    out.i32(-1);
    return;
  }
  out.i32(acl.length);
  for (const { perms, id } of acl) {
    out.i32(perms);
    writeText(out, id.scheme);
    writeText(out, id.id);
  }
}

export function readAcl(input: Reader): readonly Acl[] {
  const count = input.i32();
  if (count === -1) return OPEN_ACL_UNSAFE;
  const acl: Acl[] = [];
  for (let i = 0; i < count && input.complete; i++) {
    acl.push({ perms: input.i32(), id: { scheme: readText(input), id: readText(input) } });
  }
  return acl;
}

const KINDS = ['persistent', 'ephemeral', 'container', 'ttl'] as const;

export function writeKind(out: Writer, kind: ZnodeKind): void {
  out.i8(KINDS.indexOf(kind.type));
  if (kind.type === 'ephemeral') out.i64Big(kind.sessionId);
  else if (kind.type === 'ttl') out.i64(kind.ttlMs);
}

export function readKind(input: Reader): ZnodeKind {
  switch (KINDS[input.i8()]) {
    case 'persistent':
      return PERSISTENT;
    case 'ephemeral':
      return { type: 'ephemeral', sessionId: input.i64Big() };
    case 'container':
      return CONTAINER;
    case 'ttl':
      return { type: 'ttl', ttlMs: input.i64() };
    case undefined:
      throw new TxnFormatError(`Unknown kind of znode at byte ${input.position}: written by a newer version?`);
  }
}

function readArray<T>(input: Reader, readItem: (input: Reader) => T): T[] {
  const count = input.i32();
  const items: T[] = [];
  // A damaged count must not cost more than the input is long.
  for (let i = 0; i < count && input.complete; i++) items.push(readItem(input));
  return items;
}
