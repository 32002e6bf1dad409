/**
 * The native door: ZooKeeper's own protocol, for clients made for Apache ZooKeeper. Packets of one turn of the loop leave
 * as one write. Garbage and oversized packets end the connection, as in the original.
 */
import type { Socket } from 'node:net';
import { FrameSplitter, FrameTooLargeError } from '../../shared/bytes/frame-splitter.ts';
import { Reader } from '../../shared/bytes/reader.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import { JuteError, readRequest, writeResponse } from '../../shared/jute/codec.ts';
import { connectRequest, connectResponse, watcherEvent } from '../../shared/jute/records.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { Id } from '../../shared/znode/acl.ts';
import type { Request, Response } from '../../shared/znode/operations.ts';
import type { EventType } from '../../shared/znode/watch-event.ts';
import { KeeperState } from '../../shared/znode/watch-event.ts';
import type { Door, DoorCounts, Gate, Gatekeeper, SessionGrant } from './door.ts';

const NOTIFICATION_XID = -1;
/** Until a client has read its last answers, or as long as this: then the connection is cut. */
const CLOSE_TIMEOUT_MS = 2000;

export interface JuteConnectionOptions {
  gatekeeper: Gatekeeper;
  requestBytesMax: number;
  log: Logger;
  counts: DoorCounts;
}

export class JuteConnection implements Door {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly certified: readonly Id[] | null;
  private readonly socket: Socket;
  private readonly gate: Gate;
  private readonly log: Logger;
  private readonly counts: DoorCounts;
  private readonly frames: FrameSplitter;
  private out = new Writer(4096);
  private readonly onConnect: () => void;
  private connectSeen = false;
  /** Whether the client asked for a read-only server: the answer then has that byte too. */
  private saidReadOnly = false;
  private closing = false;

  /**
   * @param head what the client has sent so far.
   * @param onConnect called when a session was asked for.
   */
  constructor(socket: Socket, head: Buffer, remoteAddress: string, certified: readonly Id[] | null, options: JuteConnectionOptions, onConnect: () => void) {
    this.onConnect = onConnect;
    this.socket = socket;
    this.certified = certified;
    this.remoteAddress = remoteAddress;
    this.remotePort = socket.remotePort ?? 0;
    this.log = options.log;
    this.counts = options.counts;
    this.frames = new FrameSplitter(options.requestBytesMax);
    this.gate = options.gatekeeper.open(this);
    socket.on('close', () => this.gate.closed());
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    this.receive(head);
  }

  get unsentBytes(): number {
    return this.socket.writableLength + this.out.size;
  }

  private receive(chunk: Buffer): void {
    if (this.closing) return;
    this.counts.bytesReceived(chunk.length);
    try {
      for (const frame of this.frames.push(chunk)) {
        this.take(new Reader(frame));
        if (this.closing) break;
      }
    } catch (error) {
      if (!(error instanceof JuteError) && !(error instanceof FrameTooLargeError)) throw error;
      if (error instanceof FrameTooLargeError) this.counts.requestTooLarge();
      const why = error instanceof FrameTooLargeError ? `Unreasonable length = ${error.size}` : error.message;
      this.log.warn(`Closing the connection from /${this.remoteAddress}:${this.remotePort}: ${why}`);
      this.close();
    }
    this.gate.endOfBatch();
  }

  private take(input: Reader): void {
    if (!this.connectSeen) return this.takeConnect(input);
    const xid = input.i32();
    const type = input.i32();
    if (!input.complete) throw new JuteError(`A request without a header: ${input.failure}`);
    const request = readRequest(type, input);
    if (request === null) {
      this.gate.unknown(xid, type);
      return;
    }
    this.gate.request(xid, request);
  }

  private takeConnect(input: Reader): void {
    const message = connectRequest.read(input);
    if (!input.complete) throw new JuteError(`A connect request that is not whole: ${input.failure}`);
    this.connectSeen = true;
    this.onConnect();
    this.saidReadOnly = input.remaining > 0;
    const readOnly = this.saidReadOnly && input.bool();
    this.gate.connect({ ...message, password: message.password ?? new Uint8Array(0), readOnly });
  }

  connected(grant: SessionGrant): void {
    const start = this.begin();
    connectResponse.write(this.out, { protocolVersion: 0, ...grant });
    if (this.saidReadOnly) this.out.bool(grant.readOnly ?? false);
    this.end(start);
  }

  reply(xid: number, op: Request['op'], zxid: number, error: number, response: Response | null): number {
    const start = this.begin();
    this.writeHeader(xid, zxid, error);
    if (error === ErrorCode.OK) writeResponse(this.out, op, response);
    // A client reads the token before it looks at the error.
    else if (op === 'sasl') writeResponse(this.out, op, { token: null });
    this.end(start);
    return this.out.size - start - 4;
  }

  event(type: EventType, path: string): void {
    const start = this.begin();
    this.writeHeader(NOTIFICATION_XID, -1, 0);
    watcherEvent.write(this.out, { type, state: KeeperState.SyncConnected, path });
    this.end(start);
  }

  private writeHeader(xid: number, zxid: number, error: number): void {
    this.out.i32(xid);
    this.out.i64(zxid);
    this.out.i32(error);
  }

  /** Leaves room for a packet's length; returns where. */
  private begin(): number {
    const start = this.out.size;
    this.out.i32(0);
    return start;
  }

  private end(start: number): void {
    this.out.patchI32(start, this.out.size - start - 4);
  }

  flush(): void {
    if (this.out.size === 0 || this.socket.destroyed) return;
    const { out } = this;
    this.out = new Writer(Math.min(Math.max(out.size, 1024), 64 * 1024));
    const chunks = out.finishChunks();
    const last = chunks.pop()!;
    // One system call for all of them.
    if (chunks.length > 0) this.socket.cork();
    for (const chunk of chunks) this.socket.write(chunk);
    this.socket.write(last, this.written);
    if (chunks.length > 0) this.socket.uncork();
  }

  /** After each write rather than on 'drain': waiting for that one, a client that read late was seen to be left waiting for ever. */
  private readonly written = (): void => this.gate.drained();

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    if (this.closing) return;
    this.closing = true;
    this.flush();
    this.socket.resume();
    this.socket.end();
    const timer = setTimeout(() => this.socket.destroy(), CLOSE_TIMEOUT_MS);
    this.socket.once('close', () => clearTimeout(timer));
  }
}
