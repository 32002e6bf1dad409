/**
 * The messages of the WebSocket door, typed. A session speaks ZooKeeper's vocabulary (requests, replies, watch events) in
 * frames of msgpack arrays; `codec.ts` turns one into the other, `docs/wire-websocket.md` tells the bytes.
 */
import type { Request, Response } from '../znode/operations.ts';
import type { WatchedEvent } from '../znode/watch-event.ts';

/** What `connect` announces. Another number is refused, so that a field can be added without guessing. */
export const PROTOCOL_VERSION = 0;

/** xids that no application request has; the values are ZooKeeper's (`ClientCnxn`), 0 is ours for the handshake. */
export const Xid = { CONNECT: 0, NOTIFICATION: -1, PING: -2, AUTH: -4, SET_WATCHES: -8 } as const;

/** Bytes of a session password. */
export const PASSWORD_SIZE = 16;
/** A frame from a client: a few full-sized requests (1 MiB of data each) may travel together. Larger ones end the connection. */
export const CLIENT_FRAME_BYTES_MAX = 4 * 1024 * 1024;
/** A frame from a server: the children of one large znode are one message, so it is more generous. */
export const SERVER_FRAME_BYTES_MAX = 64 * 1024 * 1024;
/** Messages in one frame. Below it, a frame's bytes bound the work it can cause. */
export const MESSAGES_PER_FRAME_MAX = 10_000;
/** Operations in one multi. */
export const MULTI_OPS_MAX = 10_000;

/** Every operation a session can ask for. */
export type SessionOp = Request['op'];

/** The first message of a connection: opens a session, or takes one up again. */
export interface ConnectMessage {
  kind: 'connect';
  protocolVersion: number;
  /** A server that has seen less closes the connection: the client must not go back in time. */
  lastZxidSeen: number;
  timeoutMs: number;
  /** 0n asks for a new session. */
  sessionId: bigint;
  /** 16 bytes; zeros for a new session. */
  password: Uint8Array;
  readOnly: boolean;
  /**
   * The ensemble may end the session this long after its connection broke, if it came back to no member by then. Absent or 0: only
   * the timeout ends it. For those who would rather be replaced fast than come back late, and who stop by themselves in time.
   */
  disconnectGraceMs?: number;
}

export interface RequestMessage {
  kind: 'request';
  /** Numbers one client's requests; comes back in the reply. */
  xid: number;
  request: Request;
}

export type ClientMessage = ConnectMessage | RequestMessage;

/** Answers `connect`. `sessionId` 0n and `timeoutMs` 0 say that the session is expired (or the password wrong). */
export interface ConnectedMessage {
  kind: 'connected';
  timeoutMs: number;
  sessionId: bigint;
  password: Uint8Array;
  readOnly: boolean;
  /** As granted; only where `connect` asked. */
  disconnectGraceMs?: number;
}

export interface ReplyMessage {
  kind: 'reply';
  xid: number;
  op: SessionOp;
  /** The write's zxid; for anything else the last one this server has applied. */
  zxid: number;
  /** An `ErrorCode`; when it is not 0 there is no response. */
  error: number;
  response: Response | null;
}

/** A watch fired. Sent before the reply to any request that could show the change. */
export interface EventMessage extends WatchedEvent {
  kind: 'event';
  /** zxid of the change. */
  zxid: number;
}

export type ServerMessage = ConnectedMessage | ReplyMessage | EventMessage;

/** What a peer sent is not this protocol: the message says where and why. The connection ends; nothing else is touched. */
export class WsProtocolError extends Error {
  override readonly name = 'WsProtocolError';
}
