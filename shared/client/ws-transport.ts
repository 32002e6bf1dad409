/**
 * Carries a session over a WebSocket: one binary WebSocket message is one batch (`shared/ws-protocol`). Works on the standard
 * WebSocket of browsers and Node; anything with the same face can be handed in (`node-transport.ts` does so with `ws`).
 */
import { decodeServerFrame, encodeClientFrame } from '../ws-protocol/codec.ts';
import type { ServerAddress } from './connect-string.ts';
import { formatServer } from './connect-string.ts';
import type { Transport, TransportConnection, TransportHandlers } from './transport.ts';

/** The part of the standard WebSocket that is used here. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: { message?: string }) => void) | null;
  send(data: Uint8Array): void;
  close(code?: number): void;
  /** Of `ws`: ends the connection without waiting for the other side. */
  terminate?(): void;
}

export type WebSocketFactory = (url: string) => WebSocketLike;

export interface WsTransportOptions {
  /** Makes the socket; default: the global `WebSocket`. */
  createWebSocket?: WebSocketFactory;
  /** How the socket hands bytes over; `ws` can also give its own buffers without a copy. */
  binaryType?: 'arraybuffer' | 'nodebuffer';
  /** `ws://host:port/` by default; a page served over TLS needs `wss:`. */
  scheme?: 'ws' | 'wss';
}

const CLOSE_NORMAL = 1000;

export function wsTransport(options: WsTransportOptions = {}): Transport {
  const createWebSocket = options.createWebSocket ?? globalWebSocket;
  const { scheme = 'ws', binaryType = 'arraybuffer' } = options;
  return {
    open(server: ServerAddress, handlers: TransportHandlers): TransportConnection {
      const socket = createWebSocket(`${scheme}://${formatServer(server)}/`);
      socket.binaryType = binaryType;
      return new WsConnection(socket, handlers);
    },
  };
}

function globalWebSocket(url: string): WebSocketLike {
  const { WebSocket } = globalThis as { WebSocket?: new (url: string) => unknown };
  if (WebSocket === undefined) throw new Error('There is no global WebSocket here: hand one in as createWebSocket');
  return new WebSocket(url) as WebSocketLike;
}

class WsConnection implements TransportConnection {
  private readonly socket: WebSocketLike;
  /** Null once the connection is over for its owner. */
  private handlers: TransportHandlers | null;
  private errorText = '';

  constructor(socket: WebSocketLike, handlers: TransportHandlers) {
    this.socket = socket;
    this.handlers = handlers;
    socket.onopen = () => this.handlers?.onOpen();
    socket.onmessage = ({ data }) => this.receive(data);
    // An error is always followed by a close, which has the code but not the text.
    socket.onerror = ({ message }) => (this.errorText = message ?? '');
    socket.onclose = ({ code, reason }) => this.end(reason || this.errorText || `connection closed (WebSocket code ${code})`);
  }

  send(messages: Parameters<TransportConnection['send']>[0]): void {
    this.socket.send(encodeClientFrame(messages));
  }

  close(): void {
    this.handlers = null;
    this.socket.close(CLOSE_NORMAL);
  }

  abort(): void {
    this.handlers = null;
    this.cut();
  }

  private receive(data: unknown): void {
    if (this.handlers === null) return;
    let messages;
    try {
      if (!(data instanceof ArrayBuffer) && !(data instanceof Uint8Array)) throw new Error('a text frame where a binary one belongs');
      messages = decodeServerFrame(data instanceof ArrayBuffer ? asBytes(data) : data);
    } catch (error) {
      this.cut();
      this.end(`the server does not speak this protocol: ${(error as Error).message}`);
      return;
    }
    this.handlers.onMessages(messages);
  }

  private cut(): void {
    if (this.socket.terminate === undefined) this.socket.close(CLOSE_NORMAL);
    else this.socket.terminate();
  }

  private end(reason: string): void {
    const handlers = this.handlers;
    this.handlers = null;
    handlers?.onClose(reason);
  }
}

interface BufferLike {
  Buffer?: { from(data: ArrayBuffer): Uint8Array };
}

/** Bytes over `data` without a copy: a Buffer where there are Buffers, because Node's programs expect `toString('utf8')`. */
function asBytes(data: ArrayBuffer): Uint8Array {
  const { Buffer } = globalThis as BufferLike;
  return Buffer === undefined ? new Uint8Array(data) : Buffer.from(data);
}
