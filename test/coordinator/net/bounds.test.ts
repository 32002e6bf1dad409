/** Clients that mean no good, or are broken: each costs a bounded amount, and nobody else notices. */
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { WebSocket } from 'ws';
import { Reader } from '../../../shared/bytes/reader.ts';
import { JuteError, readRequest } from '../../../shared/jute/codec.ts';
import { decodeClientFrame } from '../../../shared/ws-protocol/codec.ts';
import { WsProtocolError } from '../../../shared/ws-protocol/messages.ts';
import { OpCode } from '../../../shared/znode/operations.ts';
import type { Gate } from '../../../coordinator/net/door.ts';
import { FourLetterWords } from '../../../coordinator/net/four-letter-words.ts';
import { ClientPort } from '../../../coordinator/net/port.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import type { ResponseByOp } from '../../../shared/znode/operations.ts';
import { create } from '../raw-client.ts';
import { closeMembers, testMember } from '../server/test-member.ts';

const FUZZ_MS = 2000;
const packr = new Packr({ useRecords: false, int64AsType: 'bigint' });

describe('the codecs, given anything', () => {
  it('native: a request, a refusal, or no such operation', () => {
    const types = fc.oneof(fc.constantFrom(...Object.values(OpCode)), fc.integer());
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 200 }), (type, bytes) => {
        try {
          const request = readRequest(type, new Reader(Buffer.from(bytes)));
          expect(request === null || typeof request.op === 'string').to.equal(true);
        } catch (error) {
          if (!(error instanceof JuteError)) throw error;
        }
      }),
      { numRuns: 100_000, interruptAfterTimeLimit: FUZZ_MS },
    );
  });

  it('WebSocket: messages, or a refusal', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(...Object.values(OpCode)),
        fc.integer(),
        fc.double(),
        fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
        fc.array(tie('any'), { maxLength: 9 }),
        fc.dictionary(fc.string(), tie('any'), { maxKeys: 2 }),
      ),
    })).any;
    const frames = fc.oneof(
      value.map((any) => packr.pack(any)),
      fc.array(fc.array(value, { maxLength: 9 }), { maxLength: 4 }).map((any) => packr.pack(any)),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(frames, (frame) => {
        try {
          for (const message of decodeClientFrame(frame)) expect(message.kind).to.be.oneOf(['connect', 'request']);
        } catch (error) {
          if (!(error instanceof WsProtocolError)) throw error;
        }
      }),
      { numRuns: 100_000, interruptAfterTimeLimit: FUZZ_MS },
    );
  });
});

describe('the port, given anything', () => {
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await closeMembers();
  });

  const open = (port: number): Socket => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined); // a reset is one way to be refused
    sockets.push(socket);
    return socket;
  };

  it('serves the others, whatever WebSocket frames come', async () => {
    const { member, session } = await testMember();
    const other = await session({ timeoutMs: 60_000 });
    const hello = [0, -10, 0, 0, 10000, 0, Buffer.alloc(16), false];
    const scalar = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null), fc.constantFrom('/', '/a', '', '//', '/zookeeper/quota'), fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)));
    const message = fc.tuple(fc.integer(), fc.constantFrom(...Object.values(OpCode)), fc.array(scalar, { maxLength: 6 })).map(([xid, op, rest]) => [xid, op, ...rest]);
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 5 }), async (messages) => {
        const ws = new WebSocket(`ws://127.0.0.1:${member.port}/`);
        ws.on('error', () => undefined);
        await new Promise((resolve) => ws.once('open', resolve));
        for (const one of messages) ws.send(packr.pack([one[1] === OpCode.createSession ? hello : one]));
        ws.send(packr.pack([hello, ...messages]));
        expect((await other.call({ op: 'ping' })).error).to.equal(0);
        ws.terminate();
      }),
      { numRuns: 1000, interruptAfterTimeLimit: FUZZ_MS },
    );
  });

  it('lets an address have so many connections of the many that it tries', async () => {
    const { member, session } = await testMember({ maxClientCnxns: '60' });
    const other = await session();
    const tries = 300;
    let refused = 0;
    await new Promise<void>((resolve) => {
      for (let i = 0; i < tries; i++) {
        open(member.port).resume().on('close', () => {
          if (++refused === tries - 59) resolve();
        });
      }
    });
    expect((await other.call({ op: 'ping' })).error).to.equal(0);
    expect([...member.view.monitor()].find(([name]) => name === 'connection_rejected')).to.deep.equal(['connection_rejected', tries - 59]);
  });

  it('holds back who sends and never reads, on the native door too', async () => {
    const { member, session } = await testMember();
    const other = await session({ timeoutMs: 60_000 });
    await other.call(create('/big', { data: Buffer.alloc(500_000) }));
    const greedy = open(member.port);
    greedy.pause();
    const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
    greedy.write(hex(`0000002c 00000000 0000000000000000 0000ea60 0000000000000000 00000010 ${'00'.repeat(16)}`));
    // getData /big
    for (let i = 0; i < 100; i++) greedy.write(hex('00000011 00000001 00000004 00000004 2f626967 00'));
    for (let i = 0; i < 20; i++) expect((await other.call({ op: 'ping' })).error).to.equal(0);
    const sent = Math.max(...member.view.connections().map((connection) => connection.sent));
    // 4 MiB at most wait in the server, the rest of it in the system's buffers.
    expect(sent).to.be.lessThan(60);
    let received = 0;
    await new Promise<void>((resolve) => {
      greedy.on('data', (chunk: Buffer) => {
        received += chunk.length;
        if (received > 100 * 500_000) resolve();
      });
      greedy.resume();
    });
  });

  it('waits for who dribbles, without waiting for it', async () => {
    const { member, session } = await testMember();
    const other = await session();
    const slow = open(member.port);
    for (const byte of Buffer.from('0000002c0000000000', 'hex')) {
      await new Promise<void>((resolve) => slow.write(Buffer.of(byte), () => resolve()));
      expect((await other.call({ op: 'ping' })).error).to.equal(0);
    }
    expect(slow.destroyed).to.equal(false);
  });

  const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
  const CONNECT = hex(`0000002c 00000000 0000000000000000 0000ea60 0000000000000000 00000010 ${'00'.repeat(16)}`);
  /** What the server says until it hangs up. */
  const untilClosed = (socket: Socket): Promise<Buffer> =>
    new Promise((resolve) => {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('close', () => resolve(Buffer.concat(chunks)));
    });

  for (const [what, begun] of [
    ['says nothing', ''],
    ['stops in the middle of its request for a session', '0000002c 00000000'],
    ['stops in the middle of an upgrade', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n').toString('hex')],
  ] as const) {
    it(`waits only so long for who ${what}`, async () => {
      let silent = 0;
      const nothing = (): void => undefined;
      const gate: Gate = { connect: nothing, request: nothing, unknown: nothing, endOfBatch: nothing, drained: nothing, closed: nothing };
      const port = await ClientPort.open({
        port: 0, host: '127.0.0.1', backlog: -1, keepAlive: false, perAddressMax: 0, totalMax: 0, filesMax: -1, handshakeTimeoutMs: 30, requestBytesMax: 1000, tls: null,
        origins: { allowed: [], hostName: 'here' },
        gatekeeper: { open: () => gate },
        words: new FourLetterWords({} as never, []),
        log: { error: nothing, warn: nothing, info: nothing, debug: nothing },
        counts: { bytesReceived: nothing, requestTooLarge: nothing, rejected: nothing, silent: () => silent++, handshakeFailed: nothing, handshakesExceeded: nothing },
      });
      try {
        const socket = open(port.port);
        if (begun !== '') socket.write(hex(begun));
        await untilClosed(socket);
        expect(silent).to.equal(1);
        // Who asked in time stays.
        const asked = open(port.port);
        asked.write(CONNECT);
        await untilClosed(open(port.port));
        expect(asked.destroyed).to.equal(false);
      } finally {
        await port.close();
      }
    });
  }

  it('hangs up on a request before there is a session, and on one that is cut off', async () => {
    const { member, session } = await testMember();
    const other = await session();
    const early = open(member.port);
    early.write(hex('00000011 00000001 00000004 00000004 2f626967 00'));
    expect((await untilClosed(early)).length).to.equal(0);
    // getData whose path is longer than its packet; a packet with half a header; vectors of negative and of absurd sizes.
    for (const packet of ['0000000d 00000001 00000004 7fffffff 00', '00000006 00000001 0000', '00000014 00000001 00000065 0000000000000000 fffffffe', '00000014 00000001 00000065 0000000000000000 7fffffff']) {
      const socket = open(member.port);
      socket.write(Buffer.concat([CONNECT, hex(packet)]));
      // The answer to the connect request may have left or not.
      expect((await untilClosed(socket)).length).to.be.oneOf([0, 40]);
    }
    expect((await other.call({ op: 'ping' })).error).to.equal(0);
  });

  it('carries out ten thousand operations at once, and none of ten thousand of which one fails', async () => {
    const { session } = await testMember();
    const one = await session({ timeoutMs: 60_000 });
    await one.call(create('/m'));
    const ops = Array.from({ length: 10_000 }, (_, i) => create(`/m/${i}`));
    const done = await one.call({ op: 'multi', ops });
    expect(done.error).to.equal(0);
    expect((done.response as ResponseByOp['multi']).results).to.have.length(10_000);
    const failed = await one.call({ op: 'multi', ops: [...ops.slice(1).map(({ path }) => ({ op: 'delete', path, version: -1 }) as const), create('/m')] });
    expect((failed.response as ResponseByOp['multi']).results.at(-1)).to.deep.equal({ op: 'error', error: ErrorCode.NODEEXISTS });
    expect(((await one.call({ op: 'exists', path: '/m', watch: false })).response as ResponseByOp['exists'])?.stat.numChildren).to.equal(10_000);
  }).timeout(30_000);

  it('refuses data of a megabyte and a byte on the WebSocket door too', async () => {
    const { session } = await testMember();
    const [one, other] = [await session(), await session()];
    one.post(create('/large', { data: Buffer.alloc((1 << 20) + 1024) }));
    await one.untilClosed();
    expect((await other.call({ op: 'exists', path: '/large', watch: false })).error).to.equal(ErrorCode.NONODE);
  });

});
