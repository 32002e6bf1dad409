/**
 * The WebSocket door: msgpackr frames (`shared/ws-protocol`), each a batch of messages. Answers of one turn of the loop
 * leave as one frame. A client that breaks the protocol loses its connection, with a close code and a reason.
 */
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { decodeClientFrame, encodeServerFrame } from '../../shared/ws-protocol/codec.ts';
import type { ClientMessage, ServerMessage } from '../../shared/ws-protocol/messages.ts';
import { PROTOCOL_VERSION, WsProtocolError } from '../../shared/ws-protocol/messages.ts';
import type { Id } from '../../shared/znode/acl.ts';
import type { Request, Response } from '../../shared/znode/operations.ts';
import type { EventType } from '../../shared/znode/watch-event.ts';
import { KeeperState } from '../../shared/znode/watch-event.ts';
import type { Door, DoorCounts, Gate, Gatekeeper, SessionGrant } from './door.ts';

/** Messages encoded into one frame; more leave in further frames, so that a client decodes while others are on their way. */
const MESSAGES_PER_FRAME = 1000;
/** Close codes of RFC 6455. */
const NORMAL = 1000;
const PROTOCOL_ERROR = 1002;
const UNSUPPORTED_DATA = 1003;
const MESSAGE_TOO_BIG = 1009;
/** How long a client may take to answer a close before the connection is cut. */
const CLOSE_TIMEOUT_MS = 2000;

export interface WsConnectionOptions {
  gatekeeper: Gatekeeper;
  requestBytesMax: number;
  log: Logger;
  counts: DoorCounts;
}

export class WsConnection implements Door {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly certified: readonly Id[] | null;
  private readonly ws: WebSocket;
  private readonly gate: Gate;
  private readonly options: WsConnectionOptions;
  private outgoing: ServerMessage[] = [];
  /** About how many bytes `outgoing` will be. */
  private outgoingSize = 0;
  private readonly onConnect: () => void;
  private connectSeen = false;
  private closing = false;

  constructor(ws: WebSocket, socket: Socket, remoteAddress: string, certified: readonly Id[] | null, options: WsConnectionOptions, onConnect: () => void) {
    this.onConnect = onConnect;
    this.ws = ws;
    this.certified = certified;
    this.remoteAddress = remoteAddress;
    this.remotePort = socket.remotePort ?? 0;
    this.options = options;
    this.gate = options.gatekeeper.open(this);
    ws.binaryType = 'nodebuffer';
    ws.on('message', (data, isBinary) => this.receive(data, isBinary));
    ws.on('error', (error) => options.log.warn(`Closing the connection from /${remoteAddress}: ${error.message}`));
    ws.on('close', () => this.gate.closed());
  }

  get unsentBytes(): number {
    return this.ws.bufferedAmount + this.outgoingSize;
  }

  private receive(data: RawData, isBinary: boolean): void {
    if (this.closing) return;
    if (!isBinary) return this.refuse(UNSUPPORTED_DATA, 'frames are binary: one msgpack array of messages');
    this.options.counts.bytesReceived((data as Buffer).length);
    let messages: ClientMessage[];
    try {
      messages = decodeClientFrame(data as Buffer);
    } catch (error) {
      if (!(error instanceof WsProtocolError)) throw error;
      return this.refuse(PROTOCOL_ERROR, error.message);
    }
    for (const message of messages) {
      this.take(message);
      if (this.closing) break;
    }
    this.gate.endOfBatch();
  }

  private take(message: ClientMessage): void {
    if (message.kind === 'connect') {
      if (this.connectSeen) return this.refuse(PROTOCOL_ERROR, 'connect is the first message, and only that');
      if (message.protocolVersion !== PROTOCOL_VERSION) {
        return this.refuse(PROTOCOL_ERROR, `protocol version ${message.protocolVersion}, this server speaks ${PROTOCOL_VERSION}`);
      }
      this.connectSeen = true;
      this.onConnect();
      return this.gate.connect(message);
    }
    if (!this.connectSeen) return this.refuse(PROTOCOL_ERROR, 'the first message is connect');
    const size = dataSizeOf(message.request);
    if (size > this.options.requestBytesMax) {
      this.options.counts.requestTooLarge();
      return this.refuse(MESSAGE_TOO_BIG, `data of ${size} bytes, jute.maxbuffer allows ${this.options.requestBytesMax}`);
    }
    this.gate.request(message.xid, message.request);
  }

  private refuse(code: number, reason: string): void {
    this.options.log.warn(`Closing the connection from /${this.remoteAddress}:${this.remotePort}: ${reason}`);
    this.end(code, reason);
  }

  connected(grant: SessionGrant): void {
    this.outgoing.push({ kind: 'connected', readOnly: false, ...grant });
  }

  reply(xid: number, op: Request['op'], zxid: number, error: number, response: Response | null): number {
    this.outgoing.push({ kind: 'reply', xid, op, zxid, error, response });
    const size = response === null ? 16 : sizeOf(response);
    this.outgoingSize += size;
    return size;
  }

  event(type: EventType, path: string, zxid: number): void {
    this.outgoing.push({ kind: 'event', type, state: KeeperState.SyncConnected, path, zxid });
    this.outgoingSize += 32 + path.length;
  }

  flush(): void {
    const { outgoing } = this;
    if (outgoing.length === 0 || this.ws.readyState !== this.ws.OPEN) return;
    this.outgoing = [];
    this.outgoingSize = 0;
    for (let at = 0; at < outgoing.length; at += MESSAGES_PER_FRAME) {
      const part = outgoing.length <= MESSAGES_PER_FRAME ? outgoing : outgoing.slice(at, at + MESSAGES_PER_FRAME);
      this.ws.send(encodeServerFrame(part), { binary: true }, this.written);
    }
  }

  /** After each write rather than on 'drain': waiting for that one, a client that read late was seen to be left waiting for ever. */
  private readonly written = (): void => this.gate.drained();

  pause(): void {
    this.ws.pause();
  }

  resume(): void {
    this.ws.resume();
  }

  close(): void {
    this.end(NORMAL, '');
  }

  private end(code: number, reason: string): void {
    if (this.closing) return;
    this.closing = true;
    this.flush();
    this.ws.resume(); // the answer to our close frame has to be read
    this.ws.close(code, Buffer.from(reason).subarray(0, 120));
    const timer = setTimeout(() => this.ws.terminate(), CLOSE_TIMEOUT_MS);
    this.ws.once('close', () => clearTimeout(timer));
  }
}

/** About the bytes of a response: what is large in it counts. */
function sizeOf(response: NonNullable<Response>): number {
  if ('data' in response) return 80 + (response.data?.length ?? 0);
  if ('children' in response) return 80 + response.children.length * 24;
  return 100;
}

/** Bytes of data in a request. */
function dataSizeOf(request: Request): number {
  switch (request.op) {
    case 'create':
    case 'create2':
    case 'createContainer':
    case 'createTTL':
    case 'setData':
      return request.data?.length ?? 0;
    case 'multi':
      return request.ops.reduce((sum, op) => sum + dataSizeOf(op), 0);
    default:
      return 0;
  }
}
