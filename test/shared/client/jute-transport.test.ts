/** The native transport against a server that is written by hand, byte for byte. */
import { expect } from 'chai';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { juteTransport } from '../../../shared/client/jute-transport.ts';
import type { TransportConnection } from '../../../shared/client/transport.ts';
import type { ServerMessage } from '../../../shared/ws-protocol/messages.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const CONNECTED = '00000025 00000000 00001770 0123456789abcdef 00000010 000102030405060708090a0b0c0d0e0f 01';

describe('juteTransport()', () => {
  let server: Server;
  let peer: Promise<Socket>;
  let received: Buffer;
  let messages: ServerMessage[];
  let wake: () => void;
  let closed: string[];
  let connection: TransportConnection;

  beforeEach(async () => {
    received = Buffer.alloc(0);
    messages = [];
    closed = [];
    wake = () => {};
    server = createServer();
    peer = new Promise((resolve) => server.once('connection', resolve));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await new Promise<void>((resolve) => {
      connection = juteTransport().open(
        { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
        {
          onOpen: resolve,
          onMessages: (some) => {
            messages.push(...some);
            wake();
          },
          onClose: (reason) => {
            closed.push(reason);
            wake();
          },
        },
      );
    });
    (await peer).on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      wake();
    });
    (await peer).on('error', () => {}); // a connection that was aborted
  });
  afterEach(async () => {
    connection.abort();
    (await peer).destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  async function until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => (wake = resolve));
  }
  const connect = { kind: 'connect', protocolVersion: 0, lastZxidSeen: 7, timeoutMs: 6000, sessionId: 0n, password: new Uint8Array(16), readOnly: true } as const;

  it('says hello as ZooKeeper’s client does', async () => {
    connection.send([connect]);
    const expected = bytes(`0000002d 00000000 0000000000000007 00001770 0000000000000000 00000010 ${'00'.repeat(16)} 01`);
    await until(() => received.length >= expected.length);
    expect(received.toString('hex')).to.equal(expected.toString('hex'));
  });

  it('reads grant, replies and events, however they are cut', async () => {
    connection.send([
      connect,
      { kind: 'request', xid: 1, request: { op: 'exists', path: '/a', watch: false } },
      { kind: 'request', xid: -2, request: { op: 'ping' } },
      { kind: 'request', xid: 2, request: { op: 'sync', path: '/a' } },
    ]);
    const answer = bytes(
      `${CONNECTED} 00000010 fffffffe 0000000000000008 00000000
       00000010 00000001 0000000000000008 ffffff9b
       0000001e ffffffff ffffffffffffffff 00000000 00000003 00000003 00000002 2f61
       00000016 00000002 0000000000000009 00000000 00000002 2f61`.replaceAll('\n', ''),
    );
    const socket = await peer;
    socket.setNoDelay(true);
    for (const byte of answer) {
      await new Promise<void>((resolve) => socket.write(Buffer.of(byte), () => resolve()));
    }
    await until(() => messages.length === 5);
    const [granted, ping, exists, event, sync] = messages;
    expect(granted).to.deep.include({ kind: 'connected', timeoutMs: 6000, sessionId: 0x0123456789abcdefn, readOnly: true });
    expect(ping).to.deep.equal({ kind: 'reply', xid: -2, op: 'ping', zxid: 8, error: 0, response: null });
    expect(exists).to.deep.equal({ kind: 'reply', xid: 1, op: 'exists', zxid: 8, error: -101, response: null });
    expect(event).to.deep.equal({ kind: 'event', type: 3, state: 3, path: '/a', zxid: -1 });
    expect(sync).to.deep.equal({ kind: 'reply', xid: 2, op: 'sync', zxid: 9, error: 0, response: { path: '/a' } });
  });

  for (const [what, hex, reason] of [
    ['a packet of 2 GiB', '7fffffff', /Frame of 2147483647 bytes refused/],
    ['an answer to nothing', `${CONNECTED} 00000010 00000009 0000000000000008 00000000`, /a reply with xid 9 where none belongs/],
    ['a header cut short', `${CONNECTED} 00000004 00000001`, /a packet without a header/],
    ['an event cut short', `${CONNECTED} 00000010 ffffffff 0000000000000008 00000000`, /an event that is not whole/],
    ['a grant cut short', '00000004 00000000', /an answer to connect that is not whole/],
  ] as const) {
    it(`ends the connection at ${what}`, async () => {
      (await peer).write(bytes(hex));
      await until(() => closed.length > 0);
      expect(closed).to.have.length(1);
      expect(closed[0]).to.match(/^the server does not speak this protocol: /).and.match(reason);
    });
  }

  it('says that the server closed', async () => {
    (await peer).end();
    await until(() => closed.length > 0);
    expect(closed).to.deep.equal(['the server closed the connection']);
  });

  it('is silent after abort and after close', async () => {
    connection.close();
    const socket = await peer;
    await new Promise((resolve) => socket.once('close', resolve));
    expect(closed).to.deep.equal([]);
  });
});
