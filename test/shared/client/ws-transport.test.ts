import { expect } from 'chai';
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import type { WebSocketLike } from '../../../shared/client/ws-transport.ts';
import { wsTransport } from '../../../shared/client/ws-transport.ts';
import { decodeClientFrame, encodeServerFrame } from '../../../shared/ws-protocol/codec.ts';
import type { ServerMessage } from '../../../shared/ws-protocol/messages.ts';

/** A socket in the test's hands. */
class FakeSocket implements WebSocketLike {
  binaryType = '';
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onerror: WebSocketLike['onerror'] = null;
  readonly sent: Uint8Array[] = [];
  closedWith: number | undefined;
  send(data: Uint8Array): void {
    this.sent.push(data);
  }
  close(code?: number): void {
    this.closedWith = code;
  }
}

describe('wsTransport()', () => {
  let socket: FakeSocket;
  let url: string;
  let told: string[];
  let messages: ServerMessage[];

  function open() {
    socket = new FakeSocket();
    told = [];
    messages = [];
    const transport = wsTransport({
      createWebSocket: (address) => {
        url = address;
        return socket;
      },
    });
    return transport.open(
      { host: '::1', port: 2181 },
      { onOpen: () => told.push('open'), onMessages: (batch) => messages.push(...batch), onClose: (reason) => told.push(reason) },
    );
  }
  const ping: ServerMessage = { kind: 'reply', xid: -2, op: 'ping', zxid: 4, error: 0, response: null };

  it('carries batches of messages both ways as binary frames', () => {
    const connection = open();
    expect(url).to.equal('ws://[::1]:2181/');
    expect(socket.binaryType).to.equal('arraybuffer');
    connection.send([{ kind: 'request', xid: -2, request: { op: 'ping' } }]);
    expect(socket.sent.flatMap((frame) => decodeClientFrame(frame))).to.deep.equal([{ kind: 'request', xid: -2, request: { op: 'ping' } }]);
    const frame = Uint8Array.from(encodeServerFrame([ping, ping]));
    socket.onmessage!({ data: frame.buffer });
    expect(messages).to.deep.equal([ping, ping]);
  });

  it('tells why a connection ended: the reason, else the error, else the code', () => {
    open();
    socket.onclose!({ code: 1002, reason: 'malformed' });
    expect(told).to.deep.equal(['malformed']);
    open();
    socket.onerror!({ message: 'connect ECONNREFUSED' });
    socket.onclose!({ code: 1006, reason: '' });
    socket.onclose!({ code: 1006, reason: '' });
    expect(told).to.deep.equal(['connect ECONNREFUSED']);
    open();
    socket.onclose!({ code: 1006, reason: '' });
    expect(told).to.deep.equal(['connection closed (WebSocket code 1006)']);
  });

  it('gives up a server that speaks something else', () => {
    for (const [data, reason] of [
      ['text', 'a text frame where a binary one belongs'],
      [Uint8Array.of(0x01).buffer, 'A frame is one array of messages, this one starts with byte 0x1'],
    ] as const) {
      open();
      socket.onmessage!({ data });
      expect(told).to.deep.equal([`the server does not speak this protocol: ${reason}`]);
      expect(socket.closedWith).to.equal(1000);
      socket.onmessage!({ data: Uint8Array.from(encodeServerFrame([ping])).buffer });
      expect(messages).to.deep.equal([]);
    }
  });

  it('says nothing more once it was closed', () => {
    const connection = open();
    connection.close();
    socket.onclose!({ code: 1000, reason: '' });
    expect(told).to.deep.equal([]);
  });
});

describe('shared/client/client.ts', () => {
  it('holds nothing that only Node has', async () => {
    const entry = fileURLToPath(new URL('../../../shared/client/client.ts', import.meta.url));
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, platform: 'browser', format: 'esm', write: false, logLevel: 'silent' });
    expect(outputFiles[0]!.text).to.contain('CoordinatorClient').and.not.match(/from ["']node:/);
  });
});
