/**
 * The transport for Node programs: WebSocket by `ws` (faster than the built-in one, and it bounds what it receives) where the
 * server offers it, ZooKeeper's native protocol where it does not; either over TLS.
 */
import type { ConnectionOptions } from 'node:tls';
import { WebSocket } from 'ws';
import { SERVER_FRAME_BYTES_MAX } from '../ws-protocol/messages.ts';
import { probingTransport } from './probing-transport.ts';
import type { Transport } from './transport.ts';
import type { WebSocketLike } from './ws-transport.ts';
import { wsTransport } from './ws-transport.ts';

export interface NodeTransportOptions {
  /** TLS: authorities, key and certificate to show, as `tls.connect` takes them. Absent: no TLS. */
  tls?: ConnectionOptions;
}

const OPTIONS = {
  // Batches of small records don't earn back the time and the memory per connection that deflate takes.
  perMessageDeflate: false,
  maxPayload: SERVER_FRAME_BYTES_MAX,
  // A server that is asked to close and doesn't answer must not keep the program alive.
  closeTimeout: 1000,
  // There are only binary messages.
  skipUTF8Validation: true,
};

/** How a socket ends whose peer hung up instead of answering. */
const HUNG_UP: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE']);

export function nodeTransport(options: NodeTransportOptions = {}): Transport {
  return probingTransport({
    openWebSocket(server, handlers) {
      let opened = false;
      let errorCode: string | undefined;
      const onError = (error: NodeJS.ErrnoException): void => void (errorCode = error.code);
      return nodeWsTransport(options, onError).open(server, {
        onOpen: () => {
          opened = true;
          handlers.onOpen();
        },
        onMessages: (messages) => handlers.onMessages(messages),
        onClose: (reason) => handlers.onClose(reason, !opened && HUNG_UP.has(errorCode)),
      });
    },
    loadNative: async () => (await import('./jute-transport.ts')).juteTransport(options),
  });
}

/** WebSocket and nothing else. */
export function nodeWsTransport({ tls }: NodeTransportOptions = {}, onError?: (error: Error) => void): Transport {
  return wsTransport({
    createWebSocket: (url) => {
      const socket = new WebSocket(url, tls === undefined ? OPTIONS : { ...tls, ...OPTIONS });
      if (onError !== undefined) socket.on('error', onError);
      return socket as unknown as WebSocketLike;
    },
    binaryType: 'nodebuffer',
    scheme: tls === undefined ? 'ws' : 'wss',
  });
}
