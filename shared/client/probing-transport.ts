/**
 * Finds out what a server speaks: WebSocket where it is offered, the native protocol else. Apache ZooKeeper takes the first
 * letters of the upgrade for an impossible length and hangs up at once, without a word; that hanging up is what tells it. So a
 * server with WebSocket is connected without any delay, one without costs one more connection, and what was found is kept
 * for as long as it works.
 */
import type { ServerAddress } from './connect-string.ts';
import { formatServer } from './connect-string.ts';
import type { Transport, TransportConnection, TransportHandlers } from './transport.ts';

export interface ProbingOptions {
  /** As `Transport.open`; `onClose` is told by `hungUp` whether the server ended the connection before it said anything. */
  openWebSocket(server: ServerAddress, handlers: WebSocketHandlers): TransportConnection;
  /** Loaded when a server needs it. */
  loadNative(): Promise<Transport>;
}

export interface WebSocketHandlers extends Omit<TransportHandlers, 'onClose'> {
  onClose(reason: string, hungUp: boolean): void;
}

type Protocol = 'WEBSOCKET' | 'NATIVE';

export function probingTransport(options: ProbingOptions): Transport {
  /** One entry per server of the connection string. */
  const known = new Map<string, Protocol>();
  return {
    open: (server, handlers) => new ProbingConnection(server, handlers, known, options),
  };
}

class ProbingConnection implements TransportConnection {
  private readonly server: ServerAddress;
  private readonly handlers: TransportHandlers;
  private readonly known: Map<string, Protocol>;
  private readonly options: ProbingOptions;
  private readonly key: string;
  /** Null while the native transport is being loaded, and after the end. */
  private inner: TransportConnection | null = null;
  private over = false;

  constructor(server: ServerAddress, handlers: TransportHandlers, known: Map<string, Protocol>, options: ProbingOptions) {
    this.server = server;
    this.handlers = handlers;
    this.known = known;
    this.options = options;
    this.key = formatServer(server);
    if (known.get(this.key) === 'NATIVE') this.openNative();
    else this.openWebSocket();
  }

  send(messages: Parameters<TransportConnection['send']>[0]): void {
    this.inner?.send(messages);
  }

  close(): void {
    this.over = true;
    this.inner?.close();
  }

  abort(): void {
    this.over = true;
    this.inner?.abort();
  }

  private openWebSocket(): void {
    this.inner = this.options.openWebSocket(this.server, {
      onOpen: () => {
        this.known.set(this.key, 'WEBSOCKET');
        this.handlers.onOpen();
      },
      onMessages: (messages) => this.handlers.onMessages(messages),
      onClose: (reason, hungUp) => {
        // A coordinator that is just going down hangs up too: where WebSocket was found it isn't doubted, but asked again.
        const isProbe = this.known.get(this.key) === undefined;
        this.known.delete(this.key);
        if (isProbe && hungUp) this.openNative();
        else this.handlers.onClose(reason);
      },
    });
  }

  private openNative(): void {
    this.inner = null;
    let granted = false;
    const handlers: TransportHandlers = {
      onOpen: () => this.handlers.onOpen(),
      onMessages: (messages) => {
        if (!granted) this.known.set(this.key, 'NATIVE');
        granted = true;
        this.handlers.onMessages(messages);
      },
      onClose: (reason) => {
        if (!granted) this.known.delete(this.key);
        this.handlers.onClose(reason);
      },
    };
    this.options.loadNative().then(
      (transport) => {
        if (!this.over) this.inner = transport.open(this.server, handlers);
      },
      (error: Error) => {
        if (!this.over) this.handlers.onClose(`the native protocol cannot be had here: ${error.message}`);
      },
    );
  }
}
