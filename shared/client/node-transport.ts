/** The WebSocket transport for Node programs, on `ws`: faster than the built-in WebSocket, and it bounds what it receives. */
import { WebSocket } from 'ws';
import { SERVER_FRAME_BYTES_MAX } from '../ws-protocol/messages.ts';
import type { Transport } from './transport.ts';
import type { WebSocketLike } from './ws-transport.ts';
import { wsTransport } from './ws-transport.ts';

const OPTIONS = {
  // Batches of small records don't earn back the time and the memory per connection that deflate takes.
  perMessageDeflate: false,
  maxPayload: SERVER_FRAME_BYTES_MAX,
  // A server that is asked to close and doesn't answer must not keep the program alive.
  closeTimeout: 1000,
  // There are only binary messages.
  skipUTF8Validation: true,
};

export function nodeTransport(): Transport {
  return wsTransport({
    createWebSocket: (url) => new WebSocket(url, OPTIONS) as unknown as WebSocketLike,
    binaryType: 'nodebuffer',
  });
}
