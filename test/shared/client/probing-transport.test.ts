import { expect } from 'chai';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { WebSocketHandlers } from '../../../shared/client/probing-transport.ts';
import { probingTransport } from '../../../shared/client/probing-transport.ts';
import { nodeTransport } from '../../../shared/client/node-transport.ts';
import type { TransportConnection, TransportHandlers } from '../../../shared/client/transport.ts';

const SERVER = { host: 'there', port: 1 };

describe('probingTransport()', () => {
  /** What was opened, in order, with the handlers to play its server by. */
  let opened: { protocol: 'ws' | 'native'; handlers: WebSocketHandlers }[];
  let told: string[];
  const connection: TransportConnection = {
    send: () => told.push('sent'),
    close: () => told.push('closed'),
    abort: () => told.push('aborted'),
  };
  const handlers: TransportHandlers = {
    onOpen: () => told.push('open'),
    onMessages: () => told.push('messages'),
    onClose: (reason) => told.push(reason),
  };
  let transport: ReturnType<typeof probingTransport>;

  beforeEach(() => {
    opened = [];
    told = [];
    transport = probingTransport({
      openWebSocket: (_server, given) => (opened.push({ protocol: 'ws', handlers: given }), connection),
      loadNative: async () => ({ open: (_server, given) => (opened.push({ protocol: 'native', handlers: given }), connection) }),
    });
  });
  const protocols = (): string[] => opened.map(({ protocol }) => protocol);
  const last = (): WebSocketHandlers => opened.at(-1)!.handlers;
  /** The import of the native transport takes some turns of the promise queue. */
  const loaded = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('uses WebSocket where it is offered', () => {
    transport.open(SERVER, handlers).send([]);
    last().onOpen();
    last().onMessages([]);
    expect(protocols()).to.deep.equal(['ws']);
    expect(told).to.deep.equal(['sent', 'open', 'messages']);
  });

  it('turns to the native protocol when the server hangs up on the question, without a word to its owner', async () => {
    transport.open(SERVER, handlers);
    last().onClose('socket hang up', true);
    await loaded();
    expect(protocols()).to.deep.equal(['ws', 'native']);
    last().onOpen();
    expect(told).to.deep.equal(['open']);
  });

  it('remembers a native server once it has granted a session', async () => {
    transport.open(SERVER, handlers);
    last().onClose('socket hang up', true);
    await loaded();
    last().onMessages([]);
    last().onClose('cut', false);
    transport.open(SERVER, handlers);
    await loaded();
    expect(protocols()).to.deep.equal(['ws', 'native', 'native']);
    expect(told).to.deep.equal(['messages', 'cut']);
  });

  it('asks again after a native attempt that led nowhere', async () => {
    transport.open(SERVER, handlers);
    last().onClose('socket hang up', true);
    await loaded();
    last().onClose('refused', false);
    transport.open(SERVER, handlers);
    await loaded();
    expect(protocols()).to.deep.equal(['ws', 'native', 'ws']);
  });

  it('says why when the server cannot be reached, or answers something else', () => {
    transport.open(SERVER, handlers);
    last().onClose('connect ECONNREFUSED', false);
    expect(protocols()).to.deep.equal(['ws']);
    expect(told).to.deep.equal(['connect ECONNREFUSED']);
  });

  it('does not doubt WebSocket because a server that offered it is going down', () => {
    transport.open(SERVER, handlers);
    last().onOpen();
    last().onClose('cut', false);
    transport.open(SERVER, handlers);
    last().onClose('socket hang up', true);
    expect(protocols()).to.deep.equal(['ws', 'ws']);
  });

  it('opens nothing more once it was aborted', async () => {
    const attempt = transport.open(SERVER, handlers);
    last().onClose('socket hang up', true);
    attempt.abort();
    await loaded();
    expect(protocols()).to.deep.equal(['ws']);
    expect(told).to.deep.equal([]);
  });
});

describe('nodeTransport()', () => {
  let server: Server;
  let first: string[];

  beforeEach(async () => {
    first = [];
    server = createServer((socket: Socket) => {
      socket.on('error', () => {}); // hung up on from both sides
      socket.once('data', (chunk: Buffer) => {
        first.push(chunk.toString('latin1', 0, 4));
        socket.destroy(); // as ZooKeeper does with a length out of bounds
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it('speaks natively to a server that hangs up on an upgrade', async () => {
    const { port } = server.address() as AddressInfo;
    const reason = await new Promise<string>((resolve) => {
      const connection = nodeTransport().open(
        { host: '127.0.0.1', port },
        {
          onOpen: () =>
            connection.send([
              { kind: 'connect', protocolVersion: 0, lastZxidSeen: 0, timeoutMs: 1000, sessionId: 0n, password: new Uint8Array(16), readOnly: false },
            ]),
          onMessages: () => undefined,
          onClose: resolve,
        },
      );
    });
    expect(first).to.deep.equal(['GET ', '\0\0\0\x2d']);
    expect(reason).to.match(/closed|ECONNRESET/);
  });
});
