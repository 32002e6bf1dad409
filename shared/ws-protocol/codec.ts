/**
 * Frames of the WebSocket door: one binary WebSocket message is one msgpack array of messages, because requests that arrive
 * together travel together. A message is itself an array that begins `[xid, opcode, …]` in both directions:
 *
 *     connect    [0, -10, protocolVersion, lastZxidSeen, timeoutMs, sessionId, password, readOnly, disconnectGraceMs?]
 *     request    [xid, opcode, …fields]
 *     connected  [0, -10, 0, 0, timeoutMs, sessionId, password, readOnly, disconnectGraceMs?]
 *     reply      [xid, opcode, zxid, error, …fields of the response]
 *     event      [-1, 0, zxid, 0, type, state, path]
 *
 * Decoding is strict: whatever is not exactly such a message throws `WsProtocolError` and says what and where.
 */
import { Packr, Unpackr } from 'msgpackr';
import { unreachable } from '../base/assert.ts';
import { OpCode } from '../znode/operations.ts';
import { EventType, KeeperState } from '../znode/watch-event.ts';
import { Fields } from './fields.ts';
import type { ClientMessage, ServerMessage, SessionOp } from './messages.ts';
import { MESSAGES_PER_FRAME_MAX, PASSWORD_SIZE, WsProtocolError, Xid } from './messages.ts';
import { decodeRequest, encodeRequest, sessionOpOf } from './requests.ts';
import { decodeResponse, encodeResponse } from './responses.ts';
import { vetFrame } from './vet-frame.ts';

const NOTIFICATION_OPCODE = 0;

const packr = new Packr({ useRecords: false });
// Values in a 64-bit format become bigints, which `Fields` turns into what each field is.
const unpackr = new Unpackr({ useRecords: false, int64AsType: 'bigint' });

const eventTypes: ReadonlySet<number> = new Set(Object.values(EventType));
const keeperStates: ReadonlySet<number> = new Set(Object.values(KeeperState));

export function encodeClientFrame(messages: readonly ClientMessage[]): Uint8Array {
  return packr.pack(messages.map(encodeClientMessage));
}

export function encodeServerFrame(messages: readonly ServerMessage[]): Uint8Array {
  return packr.pack(messages.map(encodeServerMessage));
}

/** Decodes what a client sent. Bytes in the messages are slices of `frame`. Throws `WsProtocolError`. */
export function decodeClientFrame(frame: Uint8Array): ClientMessage[] {
  return unpack(frame).map(decodeClientMessage);
}

/** Decodes what a server sent. Bytes in the messages are slices of `frame`. Throws `WsProtocolError`. */
export function decodeServerFrame(frame: Uint8Array): ServerMessage[] {
  return unpack(frame).map(decodeServerMessage);
}

function unpack(frame: Uint8Array): unknown[] {
  vetFrame(frame);
  let messages: unknown;
  try {
    messages = unpackr.unpack(frame);
  } catch (error) {
    throw new WsProtocolError(`Cannot read the frame of ${frame.length} bytes as msgpack`, { cause: error });
  }
  if (!Array.isArray(messages)) throw new WsProtocolError('A frame is one array of messages');
  if (messages.length > MESSAGES_PER_FRAME_MAX) {
    throw new WsProtocolError(`A frame has at most ${MESSAGES_PER_FRAME_MAX} messages, this one ${messages.length}`);
  }
  return messages;
}

function encodeClientMessage(message: ClientMessage): unknown[] {
  switch (message.kind) {
    case 'connect':
      return [
        Xid.CONNECT,
        OpCode.createSession,
        message.protocolVersion,
        message.lastZxidSeen,
        message.timeoutMs,
        // A bigint would always take nine bytes, and most connections open a new session.
        message.sessionId === 0n ? 0 : message.sessionId,
        message.password,
        message.readOnly,
        ...graceField(message),
      ];
    case 'request': {
      const fields: unknown[] = [message.xid, OpCode[message.request.op]];
      encodeRequest(message.request, fields);
      return fields;
    }
    default:
      return unreachable(message, 'client message');
  }
}

function encodeServerMessage(message: ServerMessage): unknown[] {
  switch (message.kind) {
    case 'connected':
      return [
        Xid.CONNECT,
        OpCode.createSession,
        0,
        0,
        message.timeoutMs,
        message.sessionId,
        message.password,
        message.readOnly,
        ...graceField(message),
      ];
    case 'reply': {
      const fields: unknown[] = [message.xid, OpCode[message.op], message.zxid, message.error];
      if (message.error === 0) encodeResponse(message.op, message.response, fields);
      return fields;
    }
    case 'event':
      return [Xid.NOTIFICATION, NOTIFICATION_OPCODE, message.zxid, 0, message.type, message.state, message.path];
    default:
      return unreachable(message, 'server message');
  }
}

/** The last field of the handshake, left out where nobody speaks of it. */
function graceField({ disconnectGraceMs }: { disconnectGraceMs?: number }): number[] {
  return disconnectGraceMs === undefined ? [] : [disconnectGraceMs];
}

function decodeClientMessage(value: unknown, index: number): ClientMessage {
  const head = new Fields(array(value, index), `message ${index}`);
  const xid = head.int('xid');
  const opcode = head.int('opcode');
  if (opcode === OpCode.createSession) {
    const fields = new Fields(value as unknown[], 'connect', 2);
    const message: ClientMessage = {
      kind: 'connect',
      protocolVersion: fields.int('protocolVersion'),
      lastZxidSeen: fields.int53('lastZxidSeen'),
      timeoutMs: fields.int('timeoutMs', 0),
      sessionId: fields.int64('sessionId'),
      password: fields.bytesOfSize('password', PASSWORD_SIZE),
      readOnly: fields.bool('readOnly'),
      ...(fields.hasMore ? { disconnectGraceMs: fields.int('disconnectGraceMs', 0) } : {}),
    };
    fields.end();
    return message;
  }
  const op = opOf(opcode, index);
  const fields = new Fields(value as unknown[], `${op} request (xid ${xid})`, 2);
  const request = decodeRequest(op, fields);
  fields.end();
  return { kind: 'request', xid, request };
}

function decodeServerMessage(value: unknown, index: number): ServerMessage {
  const head = new Fields(array(value, index), `message ${index}`);
  const xid = head.int('xid');
  const opcode = head.int('opcode');
  const zxid = head.int53('zxid', -1);
  const error = head.int('error');
  if (opcode === NOTIFICATION_OPCODE) {
    const fields = new Fields(value as unknown[], 'event', 4);
    const type = fields.int('type');
    const state = fields.int('state');
    const path = fields.text('path');
    if (!eventTypes.has(type)) throw new WsProtocolError(`event: unknown type ${type}`);
    if (!keeperStates.has(state)) throw new WsProtocolError(`event: unknown state ${state}`);
    fields.end();
    return { kind: 'event', zxid, type: type as EventType, state: state as KeeperState, path };
  }
  if (opcode === OpCode.createSession) {
    const fields = new Fields(value as unknown[], 'connected', 4);
    const message: ServerMessage = {
      kind: 'connected',
      timeoutMs: fields.int('timeoutMs', 0),
      sessionId: fields.int64('sessionId'),
      password: fields.bytesOfSize('password', PASSWORD_SIZE),
      readOnly: fields.bool('readOnly'),
      ...(fields.hasMore ? { disconnectGraceMs: fields.int('disconnectGraceMs', 0) } : {}),
    };
    fields.end();
    return message;
  }
  const op = opOf(opcode, index);
  const fields = new Fields(value as unknown[], `reply to ${op} (xid ${xid})`, 4);
  const response = error === 0 ? decodeResponse(op, fields) : null;
  fields.end();
  return { kind: 'reply', xid, op, zxid, error, response };
}

function array(value: unknown, index: number): unknown[] {
  if (!Array.isArray(value)) throw new WsProtocolError(`message ${index}: should be an array [xid, opcode, …]`);
  return value;
}

function opOf(opcode: number, index: number): SessionOp {
  const op = sessionOpOf(opcode);
  if (op === undefined) throw new WsProtocolError(`message ${index}: unknown opcode ${opcode}`);
  return op;
}
