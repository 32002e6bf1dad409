/**
 * Where the network meets the request pipeline: a door speaks one client's protocol (msgpackr over WebSocket, jute), the
 * gate behind it takes typed requests and gives typed answers. One semantics, any number of codecs.
 */
import type { Request, Response } from '../../shared/znode/operations.ts';
import type { EventType } from '../../shared/znode/watch-event.ts';
import type { Id } from '../../shared/znode/acl.ts';

export interface ConnectMessage {
  lastZxidSeen: number;
  timeoutMs: number;
  /** 0n asks for a new session. */
  sessionId: bigint;
  password: Uint8Array;
  readOnly: boolean;
  /** The session may be ended this long after its connection broke; 0 and absent: it has its timeout. */
  disconnectGraceMs?: number;
}

export interface SessionGrant {
  /** 0 says that the session is over. */
  timeoutMs: number;
  sessionId: bigint;
  password: Uint8Array;
  /** Only where it was asked for. */
  disconnectGraceMs?: number;
  /** The server has no quorum and can only be read from. */
  readOnly?: boolean;
}

/** One client's connection, as the pipeline uses it. What is said is kept until `flush`. */
export interface Door {
  /** Without port: the `ip` identity. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Whom the client's certificate proved; null on a connection without TLS. */
  readonly certified: readonly Id[] | null;
  /** Bytes on their way to a client that doesn't read them. */
  readonly unsentBytes: number;
  connected(grant: SessionGrant): void;
  /** Returns the bytes of the reply: about, where it is encoded later, together with others. */
  reply(xid: number, op: Request['op'], zxid: number, error: number, response: Response | null): number;
  event(type: EventType, path: string, zxid: number): void;
  /** Sends what was said since the last flush as one write. */
  flush(): void;
  /** Stops and resumes reading requests. */
  pause(): void;
  resume(): void;
  /** Ends the connection, after what was said was sent. */
  close(): void;
}

/** The pipeline's side of one connection. */
export interface Gate {
  connect(message: ConnectMessage): void;
  /** Only after `connect`; before its answer too. */
  request(xid: number, request: Request): void;
  /** A request of a type that nobody serves: refused in its turn. */
  unknown(xid: number, type: number): void;
  /** All requests that arrived together were handed over: answers may leave. */
  endOfBatch(): void;
  /** Unsent bytes have left. */
  drained(): void;
  /** The connection is gone. */
  closed(): void;
}

/** What doors tell of the traffic as a whole. */
export interface DoorCounts {
  bytesReceived(count: number): void;
  requestTooLarge(): void;
  /** A connection was turned away. */
  rejected(): void;
  /** A connection didn't say in time what it is. */
  silent(): void;
  handshakeFailed(): void;
  /** A connection was turned away because too many others were at their TLS handshakes. */
  handshakesExceeded(): void;
}

/** Lets connections in. */
export interface Gatekeeper {
  open(door: Door): Gate;
}
