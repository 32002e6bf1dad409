/**
 * Carries a session in ZooKeeper's native protocol over TCP or TLS, for servers that speak nothing else: Apache ZooKeeper. Node only.
 * Messages handed over together leave in one write; replies that arrive together are handed on together.
 */
import type { Socket } from 'node:net';
import { connect, isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import { FrameSplitter, FrameTooLargeError } from '../bytes/frame-splitter.ts';
import { Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import { JuteError } from '../jute/codec.ts';
import { readResponse, writeRequest } from '../jute/client-codec.ts';
import * as records from '../jute/records.ts';
import type { ClientMessage, ConnectMessage, ConnectedMessage, EventMessage, ServerMessage, SessionOp } from '../ws-protocol/messages.ts';
import { SERVER_FRAME_BYTES_MAX, Xid } from '../ws-protocol/messages.ts';
import { ErrorCode } from '../znode/error-code.ts';
import type { EventType, KeeperState } from '../znode/watch-event.ts';
import type { ServerAddress } from './connect-string.ts';
import type { NodeTransportOptions } from './node-transport.ts';
import type { Transport, TransportConnection, TransportHandlers } from './transport.ts';

/** What a reply to a xid that no application request has is an answer to: these may overtake the others. */
const SPECIAL_OPS: ReadonlyMap<number, SessionOp> = new Map([
  [Xid.PING, 'ping'],
  [Xid.AUTH, 'auth'],
  [Xid.SET_WATCHES, 'setWatches'],
]);

export function juteTransport({ tls }: NodeTransportOptions = {}): Transport {
  return { open: (server, handlers) => new JuteConnection(server, handlers, tls) };
}

function openSocket({ host, port }: ServerAddress, tls: ConnectionOptions | undefined, onConnect: () => void): Socket {
  if (tls === undefined) return connect({ host, port, noDelay: true }, onConnect);
  // The name that the certificate has to have: addresses are no names.
  const socket = connectTls({ ...(isIP(host) === 0 ? { servername: host } : {}), ...tls, host, port }, onConnect);
  socket.setNoDelay(true);
  return socket;
}

class JuteConnection implements TransportConnection {
  private readonly socket: Socket;
  /** Null once the connection is over for its owner. */
  private handlers: TransportHandlers | null;
  private readonly frames = new FrameSplitter(SERVER_FRAME_BYTES_MAX);
  private connected = false;
  /** Requests without a reply, oldest first: xid and operation. */
  private asked: { xid: number; op: SessionOp }[] = [];
  /** Index of the oldest: the array is compacted now and then rather than shifted each time. */
  private askedHead = 0;
  private errorText = '';

  constructor(server: ServerAddress, handlers: TransportHandlers, tls: ConnectionOptions | undefined) {
    this.handlers = handlers;
    this.socket = openSocket(server, tls, () => this.handlers?.onOpen());
    this.socket.on('data', (chunk: Buffer) => this.receive(chunk));
    // An error is always followed by a close.
    this.socket.on('error', (error) => (this.errorText = error.message));
    this.socket.on('close', () => this.end(this.errorText || 'the server closed the connection'));
  }

  send(messages: readonly ClientMessage[]): void {
    const out = new Writer(256);
    for (const message of messages) {
      const start = out.size;
      out.i32(0);
      if (message.kind === 'connect') writeConnect(out, message);
      else {
        const { xid, request } = message;
        if (!SPECIAL_OPS.has(xid)) this.asked.push({ xid, op: request.op });
        out.i32(xid);
        writeRequest(out, request);
      }
      out.patchI32(start, out.size - start - 4);
    }
    this.socket.write(out.finish());
  }

  close(): void {
    this.handlers = null;
    this.socket.end();
    // The server's own goodbye is of no interest, and a server that gives none must not keep the program alive.
    this.socket.destroySoon();
  }

  abort(): void {
    this.handlers = null;
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    if (this.handlers === null) return;
    const messages: ServerMessage[] = [];
    try {
      for (const frame of this.frames.push(chunk)) messages.push(this.readMessage(new Reader(frame)));
    } catch (error) {
      if (!(error instanceof JuteError) && !(error instanceof FrameTooLargeError)) throw error;
      this.socket.destroy();
      this.end(`the server does not speak this protocol: ${error.message}`);
      return;
    }
    if (messages.length > 0) this.handlers.onMessages(messages);
  }

  private readMessage(input: Reader): ServerMessage {
    if (!this.connected) {
      this.connected = true;
      return readConnected(input);
    }
    const { xid, zxid, err } = records.replyHeader.read(input);
    if (!input.complete) throw new JuteError(`a packet without a header: ${input.failure}`);
    if (xid === Xid.NOTIFICATION) return readEvent(input, zxid);
    const op = SPECIAL_OPS.get(xid) ?? this.takeAsked(xid);
    const response = err === ErrorCode.OK ? readResponse(op, input) : null;
    return { kind: 'reply', xid, op, zxid, error: err, response };
  }

  private takeAsked(xid: number): SessionOp {
    const oldest = this.asked[this.askedHead];
    if (oldest?.xid !== xid) {
      throw new JuteError(`a reply with xid ${xid} where ${oldest === undefined ? 'none' : `the one to xid ${oldest.xid}`} belongs`);
    }
    this.askedHead++;
    if (this.askedHead === this.asked.length || this.askedHead === 4_096) {
      this.asked = this.asked.slice(this.askedHead);
      this.askedHead = 0;
    }
    return oldest.op;
  }

  private end(reason: string): void {
    const { handlers } = this;
    this.handlers = null;
    handlers?.onClose(reason);
  }
}

function writeConnect(out: Writer, message: ConnectMessage): void {
  records.connectRequest.write(out, message);
  out.bool(message.readOnly);
}

function readConnected(input: Reader): ConnectedMessage {
  const { timeoutMs, sessionId, password } = records.connectResponse.read(input);
  if (!input.complete) throw new JuteError(`an answer to connect that is not whole: ${input.failure}`);
  // Servers before 3.4 don't say.
  const readOnly = input.remaining > 0 && input.bool();
  return { kind: 'connected', timeoutMs, sessionId, password: password ?? new Uint8Array(0), readOnly };
}

function readEvent(input: Reader, zxid: number): EventMessage {
  const { type, state, path } = records.watcherEvent.read(input);
  if (!input.complete) throw new JuteError(`an event that is not whole: ${input.failure}`);
  return { kind: 'event', type: type as EventType, state: state as KeeperState, path, zxid };
}
