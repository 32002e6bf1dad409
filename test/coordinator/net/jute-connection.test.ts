import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { FrameSplitter } from '../../../shared/bytes/frame-splitter.ts';
import { create } from '../raw-client.ts';
import { tempDir } from '../temp-dir.ts';
import { closeMembers, testMember } from '../server/test-member.ts';

/** Packets written by hand: `text` in quotes becomes size and bytes, the rest is hex. */
function packet(hex: string): Buffer {
  const parts = hex.match(/'[^']*'|[0-9a-f]+/g) ?? [];
  const bytes = parts.map((part) => {
    if (!part.startsWith("'")) return Buffer.from(part, 'hex');
    const body = Buffer.from(part.slice(1, -1));
    const size = Buffer.alloc(4);
    size.writeInt32BE(body.length);
    return Buffer.concat([size, body]);
  });
  const payload = Buffer.concat(bytes);
  const head = Buffer.alloc(4);
  head.writeInt32BE(payload.length);
  return Buffer.concat([head, payload]);
}

const int = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
const OPEN = `${int(1)} ${int(31)} 'world' 'anyone'`;
const CONNECT = packet(`${int(0)} 0000000000000000 ${int(10000)} 0000000000000000 ${int(16)} ${'00'.repeat(16)}`);
const request = (xid: number, type: number, body = ''): Buffer => packet(`${int(xid)} ${int(type)} ${body}`);

const open: JuteClient[] = [];

class JuteClient {
  readonly socket: Socket;
  readonly packets: Buffer[] = [];
  ended = false;
  private readonly frames = new FrameSplitter(1 << 30);
  private waiting: (() => void)[] = [];

  constructor(port: number) {
    open.push(this);
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.packets.push(...this.frames.push(chunk));
      this.wake();
    });
    this.socket.on('error', () => undefined); // a reset is an end
    this.socket.on('close', () => {
      this.ended = true;
      this.wake();
    });
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** The first `count` packets as hex. */
  async receive(count: number): Promise<string[]> {
    while (this.packets.length < count && !this.ended) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.packets.slice(0, count).map((bytes) => bytes.toString('hex'));
  }

  async untilEnded(): Promise<void> {
    while (!this.ended) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

describe('the native door', () => {
  afterEach(async () => {
    for (const client of open.splice(0)) client.socket.destroy();
    await closeMembers();
  });

  const conversation = [
    CONNECT,
    request(1, 1, `'/a' 'hi' ${OPEN} ${int(0)}`), // create
    request(2, 3, `'/no' 00`), // exists
    request(3, 4, `'/a' 01`), // getData, watched
    request(4, 5, `'/a' ${int(-1)} ${int(0)}`), // setData null
    request(5, 8, `'/' 00`), // getChildren
    request(6, 14, `${int(13)} 00 ${int(-1)} '/a' ${int(1)} ${int(2)} 00 ${int(-1)} '/a' ${int(7)} ${int(-1)} 01 ${int(-1)}`), // multi: check, delete
    request(7, 106, `'/a' ${int(0)}`), // addWatch
    request(-2, 11), // ping
    request(9, 4, `'/a' 00`), // getData: null
    request(10, -11), // closeSession
  ];

  async function expectConversation(packets: Buffer[], sessionId: bigint): Promise<void> {
    const hex = packets.map((bytes) => bytes.toString('hex'));
    expect(hex[0]).to.match(new RegExp(`^${int(0)}${int(10000)}${BigInt.asUintN(64, sessionId).toString(16).padStart(16, '0')}${int(16)}[0-9a-f]{32}$`));
    const head = (xid: number, zxid: number, error: number): string => int(xid) + zxid.toString(16).padStart(16, '0') + int(error);
    const text = (value: string): string => int(value.length) + Buffer.from(value).toString('hex');
    expect(hex[1]).to.equal(head(1, 2, 0) + text('/a'));
    expect(hex[2]).to.equal(head(2, 2, -101));
    expect(hex[3]).to.match(new RegExp(`^${head(3, 2, 0)}${text('hi')}0{15}20{15}2[0-9a-f]{32}${int(0).repeat(3)}0{16}${int(2)}${int(0)}0{15}2$`));
    expect(hex[4]).to.equal(`${int(-1)}${'f'.repeat(16)}${int(0)}${int(3)}${int(3)}${text('/a')}`);
    expect(hex[5]!.slice(0, 32)).to.equal(head(4, 3, 0));
    expect(hex[5]).to.have.length(32 + 68 * 2);
    expect(hex[6]).to.equal(head(5, 3, 0) + int(2) + text('zookeeper') + text('a'));
    const failed = (error: number): string => `${int(-1)}00${int(error)}${int(error)}`;
    expect(hex[7]).to.equal(`${head(6, 4, 0)}${failed(0)}${failed(-103)}${int(-1)}01${int(-1)}`);
    expect(hex[8]).to.equal(head(7, 4, 0) + int(0));
    expect(hex[9]).to.equal(head(-2, 4, 0));
    expect(hex[10]!.slice(0, 40)).to.equal(head(9, 4, 0) + int(-1));
    expect(hex[11]).to.equal(head(10, 5, 0));
  }

  it('speaks the protocol, all packets in one piece', async () => {
    const { member } = await testMember();
    const client = new JuteClient(member.port);
    client.socket.write(Buffer.concat(conversation));
    await client.receive(1);
    const [sessionId] = [...member.tree.sessions.keys()];
    await client.receive(12);
    await client.untilEnded();
    await expectConversation(client.packets, sessionId ?? BigInt.asIntN(64, BigInt(`0x${client.packets[0]!.toString('hex').slice(16, 32)}`)));
    expect(member.tree.sessions.size).to.equal(0);
  });

  it('speaks it byte by byte too', async () => {
    const { member } = await testMember();
    const client = new JuteClient(member.port);
    for (const byte of Buffer.concat(conversation)) {
      await new Promise<void>((resolve) => client.socket.write(Buffer.of(byte), () => resolve()));
    }
    await client.untilEnded();
    await expectConversation(client.packets, BigInt.asIntN(64, BigInt(`0x${client.packets[0]!.toString('hex').slice(16, 32)}`)));
  });

  it('answers a request of an unknown type, after what was asked before it, and closes', async () => {
    const { member } = await testMember();
    const client = new JuteClient(member.port);
    client.socket.write(Buffer.concat([CONNECT, request(1, 1, `'/a' 'hi' ${OPEN} ${int(0)}`), request(2, 4711), request(3, 3, `'/a' 00`)]));
    const packets = await client.receive(3);
    await client.untilEnded();
    expect(packets[2]).to.equal(`${int(2)}${'f'.repeat(16)}${int(-6)}`);
    expect(client.packets).to.have.length(3);
    expect(member.tree.get('/a')).not.to.equal(undefined);
  });

  it('answers a failed SASL step with a token too: clients read it before they look at the error', async () => {
    const jaas = join(tempDir(), 'jaas.conf');
    writeFileSync(jaas, 'Server { org.apache.zookeeper.server.auth.DigestLoginModule required user_bob="secret"; };');
    const { member } = await testMember({ 'java.security.auth.login.config': jaas });
    const client = new JuteClient(member.port);
    client.socket.write(CONNECT);
    await client.receive(1);
    client.socket.write(Buffer.concat([request(1, 102, int(0)), request(2, 102, `'nonsense'`)]));
    const packets = await client.receive(3);
    await client.untilEnded();
    expect(packets[2]!.slice(-16)).to.equal(int(-115) + int(-1));
  });

  it('closes on a packet of one byte more than jute.maxbuffer', async () => {
    const { member } = await testMember({ 'jute.maxbuffer': '100' });
    const exactly = new JuteClient(member.port);
    exactly.socket.write(Buffer.concat([CONNECT, request(1, 3, `'/${'a'.repeat(100 - 8 - 4 - 1 - 1)}' 00`), request(2, -11)]));
    expect(await exactly.receive(3)).to.have.length(3);
    const more = new JuteClient(member.port);
    more.socket.write(Buffer.concat([CONNECT, request(1, 3, `'/${'a'.repeat(100 - 8 - 4 - 1)}' 00`), request(2, -11)]));
    await more.untilEnded();
    expect(more.packets.length).to.be.below(2);
  });

  it('answers the read-only byte with its own, and resumes a session', async () => {
    const { member } = await testMember();
    const first = new JuteClient(member.port);
    first.socket.write(packet(`${CONNECT.subarray(4).toString('hex')} 00`));
    const [granted] = await first.receive(1);
    expect(granted).to.have.length((4 + 4 + 8 + 4 + 16 + 1) * 2);
    const [sessionId, password] = [granted!.slice(16, 32), granted!.slice(40, 72)];
    const second = new JuteClient(member.port);
    second.socket.write(packet(`${int(0)} 0000000000000000 ${int(10000)} ${sessionId} ${int(16)} ${password}`));
    expect((await second.receive(1))[0]!.slice(16, 32)).to.equal(sessionId);
    await first.untilEnded();
    const thief = new JuteClient(member.port);
    thief.socket.write(packet(`${int(0)} 0000000000000000 ${int(10000)} ${sessionId} ${int(16)} ${'ab'.repeat(16)}`));
    expect((await thief.receive(1))[0]).to.equal(`${int(0)}${int(0)}${'0'.repeat(16)}${int(16)}${'00'.repeat(16)}`);
    await thief.untilEnded();
  });

  it('shares its znodes and events with the WebSocket door', async () => {
    const { member, session } = await testMember();
    const web = await session();
    await web.call(create('/shared', { data: Buffer.from('x') }));
    await web.call({ op: 'getChildren', path: '/', watch: true });
    const native = new JuteClient(member.port);
    native.socket.write(Buffer.concat([CONNECT, request(1, 1, `'/native' 'y' ${OPEN} ${int(1)}`)]));
    expect(await web.event()).to.include({ type: 4, path: '/' });
    native.socket.write(request(2, -11));
    await native.untilEnded();
    expect((await web.call({ op: 'getChildren', path: '/', watch: false })).response).to.deep.equal({ children: ['zookeeper', 'shared'] });
  });

  const refused: [string, Buffer[]][] = [
    ['a packet of negative length', [CONNECT, Buffer.from('ffffffff', 'hex')]],
    ['a packet beyond jute.maxbuffer', [CONNECT, Buffer.from('00200000', 'hex')]],
    ['half a connect request', [packet('00000000')]],
    ['a request without a header', [CONNECT, packet('0001')]],
    ['a path that ends too early', [CONNECT, request(1, 3, int(100))]],
    ['a negative size', [CONNECT, request(1, 3, int(-7))]],
    ['a vector that is longer than its packet', [CONNECT, request(1, 101, `0000000000000000 ${int(0x7fffffff)}`)]],
    ['a multi without an end', [CONNECT, request(1, 14, `${int(13)} 00 ${int(-1)} '/a' ${int(1)}`)]],
    ['a multi in a multi', [CONNECT, request(1, 14, `${int(14)} 00 ${int(-1)}`)]],
  ];
  for (const [what, bytes] of refused) {
    it(`closes on ${what}, and nobody else notices`, async () => {
      const { member, session } = await testMember();
      const other = await session();
      const client = new JuteClient(member.port);
      client.socket.write(Buffer.concat(bytes));
      await client.untilEnded();
      expect((await other.call(create('/still-there'))).error).to.equal(0);
    });
  }

  it('survives any bytes', async function () {
    this.timeout(60_000);
    const { member, session } = await testMember();
    const other = await session({ timeoutMs: 60_000 });
    const noise = fc.array(
      fc.oneof(
        fc.constantFrom(...conversation),
        fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }), from: fc.constantFrom(...conversation) }).map(({ at, to, from }) => {
          const changed = Buffer.from(from);
          changed[at % changed.length] = to;
          return changed;
        }),
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      ),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(noise, async (chunks) => {
        const client = new JuteClient(member.port);
        client.socket.end(Buffer.concat(chunks));
        client.socket.resume();
        expect((await other.call({ op: 'ping' })).error).to.equal(0);
        client.socket.destroy();
      }),
      { numRuns: 300 },
    );
  });
});
