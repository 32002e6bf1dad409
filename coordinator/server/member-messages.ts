/**
 * What a leader and its learners say to each other beside Zab, on the same link and in order with it: forwarded requests and their places
 * in the order, sessions taken up, touched and lost. Each message is an array that begins with its kind; `Fields` checks what arrives.
 *
 * A connection at a learner is known to the leader by a number of the learner's (`connection`); who it is (session, identities) is said
 * once when it takes up its session, so that a forwarded write is no more than the write.
 */
import type { Id } from '../../shared/znode/acl.ts';
import { isWrite, OpCode, type WriteRequest } from '../../shared/znode/operations.ts';
import { Fields } from '../../shared/ws-protocol/fields.ts';
import { WsProtocolError } from '../../shared/ws-protocol/messages.ts';
import { decodeRequest, encodeRequest, sessionOpOf } from '../../shared/ws-protocol/requests.ts';

/** What a learner asks of the leader for one of its connections. Those that get a zxid are answered in their order. */
export type Forwarded =
  /** A new session, its id made by the learner. Gets a zxid. */
  | { kind: 'createSession'; connection: number; sessionId: bigint; timeoutMs: number; graceMs: number; ids: readonly Id[] }
  /** A session comes back, its password is right: does it still live? */
  | { kind: 'revalidate'; connection: number; sessionId: bigint; timeoutMs: number; graceMs: number; ids: readonly Id[] }
  /** A session that only the learner knows: its writes count all the same. */
  | { kind: 'localSession'; connection: number; sessionId: bigint; ids: readonly Id[] }
  /** The connection's identities have changed. */
  | { kind: 'ids'; connection: number; ids: readonly Id[] }
  /** Gets a zxid. */
  | { kind: 'write'; connection: number; xid: number; request: WriteRequest }
  /** Gets a zxid. */
  | { kind: 'closeSession'; connection: number; xid: number }
  /** Gets the zxid after which it is answered. */
  | { kind: 'sync' }
  /** The connection is gone: `broken` if nobody here ended it. */
  | { kind: 'gone'; connection: number; broken: boolean };

export type ToLeader =
  | { kind: 'forward'; items: readonly Forwarded[] }
  /** Sessions heard of since the last time. */
  | { kind: 'touch'; sessionIds: readonly bigint[] }
  /** The answer to `probe`. */
  | { kind: 'probed'; round: number };

export type FromLeader =
  /** The key of session passwords, first of all. */
  | { kind: 'secret'; secret: Uint8Array }
  /**
   * Places of what was forwarded, in its order, as pairs: `count, zxid` says that the next `count` have the zxids from `zxid` on;
   * `0, zxid` that the next, a sync, is answered once `zxid` is applied and the leader has confirmed it.
   */
  | { kind: 'ordered'; runs: readonly number[] }
  /** So many more syncs, the oldest first, may be answered: the leader has made sure that it leads. */
  | { kind: 'confirmed'; count: number }
  /** Do you still follow me? Answered at once. */
  | { kind: 'probe'; round: number }
  | { kind: 'revalidated'; connection: number; valid: boolean; timeoutMs: number; graceMs: number }
  /** The connection's session lives on another one now. */
  | { kind: 'superseded'; connection: number };

const TO_LEADER = ['forward', 'touch', 'probed'] as const;
const FROM_LEADER = ['secret', 'ordered', 'revalidated', 'superseded', 'confirmed', 'probe'] as const;
const FORWARDED = ['createSession', 'revalidate', 'ids', 'write', 'closeSession', 'sync', 'gone', 'localSession'] as const;
const CODE = Object.fromEntries(
  [TO_LEADER, FROM_LEADER, FORWARDED].flatMap((kinds) => kinds.map((kind, code) => [kind, code])),
) as Record<(typeof TO_LEADER)[number] | (typeof FROM_LEADER)[number] | (typeof FORWARDED)[number], number>;

const packIds = (ids: readonly Id[]): unknown[] => ids.map(({ scheme, id }) => [scheme, id]);

/** One forwarded item as it travels. */
export function packForwarded(item: Forwarded): unknown[] {
  const code = CODE[item.kind];
  switch (item.kind) {
    case 'createSession':
    case 'revalidate':
      return [code, item.connection, item.sessionId, item.timeoutMs, item.graceMs, packIds(item.ids)];
    case 'localSession':
      return [code, item.connection, item.sessionId, packIds(item.ids)];
    case 'ids':
      return [code, item.connection, packIds(item.ids)];
    case 'write': {
      const fields: unknown[] = [code, item.connection, item.xid, OpCode[item.request.op]];
      encodeRequest(item.request, fields);
      return fields;
    }
    case 'closeSession':
      return [code, item.connection, item.xid];
    case 'sync':
      return [code];
    case 'gone':
      return [code, item.connection, item.broken];
  }
}

export const packForward = (packedItems: readonly unknown[]): unknown[] => [CODE.forward, packedItems];
export const packTouch = (sessionIds: readonly bigint[]): unknown[] => [CODE.touch, sessionIds];

export const packProbed = (round: number): unknown[] => [CODE.probed, round];

export function packFromLeader(message: FromLeader): unknown[] {
  const code = CODE[message.kind];
  switch (message.kind) {
    case 'secret':
      return [code, message.secret];
    case 'ordered':
      return [code, message.runs];
    case 'revalidated':
      return [code, message.connection, message.valid, message.timeoutMs, message.graceMs];
    case 'superseded':
      return [code, message.connection];
    case 'confirmed':
      return [code, message.count];
    case 'probe':
      return [code, message.round];
  }
}

/** Throws `WsProtocolError`, which names what is wrong. */
export function unpackToLeader(payload: unknown): ToLeader {
  const fields = fieldsOf(payload, 'message to the leader');
  switch (TO_LEADER[fields.int('kind', 0)]) {
    case 'forward':
      return { kind: 'forward', items: fields.list('items').map(unpackForwarded) };
    case 'touch':
      return { kind: 'touch', sessionIds: fields.list('sessionIds').map((id, i) => new Fields([id], `touch ${i}`).int64('sessionId')) };
    case 'probed':
      return { kind: 'probed', round: fields.int('round', 0) };
    case undefined:
      throw new WsProtocolError('message to the leader: unknown kind');
  }
}

function unpackForwarded(value: unknown, index: number): Forwarded {
  const fields = fieldsOf(value, `forwarded ${index}`);
  const kind = FORWARDED[fields.int('kind', 0)];
  switch (kind) {
    case 'createSession':
    case 'revalidate':
      return {
        kind,
        connection: fields.int('connection', 0),
        sessionId: fields.int64('sessionId'),
        timeoutMs: fields.int('timeoutMs', 0),
        graceMs: fields.int('graceMs', 0),
        ids: unpackIds(fields),
      };
    case 'localSession':
      return { kind, connection: fields.int('connection', 0), sessionId: fields.int64('sessionId'), ids: unpackIds(fields) };
    case 'ids':
      return { kind, connection: fields.int('connection', 0), ids: unpackIds(fields) };
    case 'write': {
      const connection = fields.int('connection', 0);
      const xid = fields.int('xid');
      const op = sessionOpOf(fields.int('opcode'));
      const request = op === undefined ? null : decodeRequest(op, fields);
      if (request === null || !isWrite(request)) throw new WsProtocolError(`forwarded ${index}: not a write`);
      return { kind, connection, xid, request };
    }
    case 'closeSession':
      return { kind, connection: fields.int('connection', 0), xid: fields.int('xid') };
    case 'sync':
      return { kind };
    case 'gone':
      return { kind, connection: fields.int('connection', 0), broken: fields.bool('broken') };
    case undefined:
      throw new WsProtocolError(`forwarded ${index}: unknown kind`);
  }
}

/** Throws `WsProtocolError`. */
export function unpackFromLeader(payload: unknown): FromLeader {
  const fields = fieldsOf(payload, 'message from the leader');
  const kind = FROM_LEADER[fields.int('kind', 0)];
  switch (kind) {
    case 'secret': {
      const secret = fields.data('secret');
      if (secret === null) throw new WsProtocolError('secret: should be bytes');
      return { kind, secret };
    }
    case 'ordered': {
      const runs = fields.list('runs').map((run, i) => new Fields([run], `ordered ${i}`).int53('run'));
      if (runs.length % 2 !== 0) throw new WsProtocolError('ordered: pairs are expected');
      return { kind, runs };
    }
    case 'revalidated':
      return {
        kind,
        connection: fields.int('connection', 0),
        valid: fields.bool('valid'),
        timeoutMs: fields.int('timeoutMs', 0),
        graceMs: fields.int('graceMs', 0),
      };
    case 'superseded':
      return { kind, connection: fields.int('connection', 0) };
    case 'confirmed':
      return { kind, count: fields.int('count', 0) };
    case 'probe':
      return { kind, round: fields.int('round', 0) };
    case undefined:
      throw new WsProtocolError('message from the leader: unknown kind');
  }
}

function fieldsOf(value: unknown, what: string): Fields {
  if (!Array.isArray(value)) throw new WsProtocolError(`${what}: should be an array`);
  return new Fields(value, what);
}

function unpackIds(fields: Fields): Id[] {
  return fields.list('ids').map((entry, i) => {
    const one = fields.nested(entry, `ids[${i}]`);
    return { scheme: one.text('scheme'), id: one.text('id') };
  });
}
