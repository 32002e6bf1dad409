/**
 * The seam between a session and the bytes that carry it: a transport opens connections to a server and passes typed
 * messages both ways. `ws-transport.ts` is the one for the WebSocket door.
 */
import type { ClientMessage, ServerMessage } from '../ws-protocol/messages.ts';
import type { ServerAddress } from './connect-string.ts';

export interface TransportHandlers {
  /** The connection stands; the handshake of the session can be sent. */
  onOpen(): void;
  /** Messages that arrived together, in order. */
  onMessages(messages: readonly ServerMessage[]): void;
  /** The connection is gone, or never came to be, or spoke gibberish; called exactly once, and nothing after it. */
  onClose(reason: string): void;
}

export interface TransportConnection {
  /** Sends messages together, in order. */
  send(messages: readonly ClientMessage[]): void;
  /** Ends the connection politely; `onClose` is not called any more. */
  close(): void;
  /** Drops the connection of a peer that is dead or can't be trusted; `onClose` is not called any more. */
  abort(): void;
}

export interface Transport {
  open(server: ServerAddress, handlers: TransportHandlers): TransportConnection;
}
