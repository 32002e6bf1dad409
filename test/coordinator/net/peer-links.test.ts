import { expect } from 'chai';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { Hello } from '../../../coordinator/net/peer-hello.ts';
import { packHello, unpackHello } from '../../../coordinator/net/peer-hello.ts';
import { packFrame } from '../../../coordinator/net/peer-link.ts';
import type { PeerAt } from '../../../coordinator/net/peer-links.ts';
import { PeerLinks } from '../../../coordinator/net/peer-links.ts';
import type { PeerMessage } from '../../../coordinator/zab/messages.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';

/** One member's links, and what happened to them. */
class Node {
  readonly id: number;
  readonly links: PeerLinks;
  readonly lines: string[] = [];
  readonly events: string[] = [];
  readonly received: PeerMessage[] = [];
  private waiting: (() => void)[] = [];

  constructor(id: number, port = 0) {
    this.id = id;
    const line = (text: string): void => {
      this.lines.push(text);
      this.wake();
    };
    const log = { info: line, warn: line, error: line, debug: () => undefined } as unknown as Logger;
    const event = (what: string): void => {
      this.events.push(what);
      this.wake();
    };
    this.links = new PeerLinks({
      serverId: id,
      address: '127.0.0.1:1:2',
      listen: [{ host: '127.0.0.1', port }],
      connectTimeoutMs: 5000,
      config: () => ({ version: 0, members: 'all' }),
      parseAddress: () => null,
      log,
      linkUp: (peer) => event(`up ${peer}`),
      linkDown: (peer, byPeer) => event(`down ${peer}${byPeer ? ' by peer' : ''}`),
      messages: (_peer, messages) => {
        this.received.push(...messages);
        this.wake();
      },
    });
    nodes.push(this);
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }

  at(port = this.links.port): PeerAt {
    return { id: this.id, addresses: [{ host: '127.0.0.1', quorumPort: port }] };
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

const nodes: Node[] = [];
const sockets: WebSocket[] = [];

async function node(id: number, port?: number): Promise<Node> {
  const made = new Node(id, port);
  await made.links.open();
  return made;
}

const ping = (zxid: number): PeerMessage => ({ type: 'PING', attempt: 1, zxid });

/** What a stranger is told in the close frame. */
function stranger(port: number, first: Buffer): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/`);
    sockets.push(ws);
    ws.on('open', () => ws.send(first));
    ws.on('error', () => undefined); // the close that follows is what tests look at
    ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
}

const hello = (more: Partial<Hello>): Buffer =>
  packFrame(packHello({ serverId: 2, to: 1, incarnation: 'x', address: '127.0.0.1:1:2', configVersion: 0, members: 'all', knock: false, ...more }));

describe('PeerLinks', () => {
  afterEach(async () => {
    for (const ws of sockets.splice(0)) ws.terminate();
    await Promise.all(nodes.splice(0).map(({ links }) => links.close()));
  });

  it('links two members once, whoever starts first, and carries messages in their order both ways', async () => {
    const [one, two] = [await node(1), await node(2)];
    one.links.keep([two.at()]);
    two.links.keep([one.at()]);
    await Promise.all([one.until(() => one.events.length > 0), two.until(() => two.events.length > 0)]);
    for (let i = 0; i < 100; i++) {
      one.links.send(2, ping(i));
      two.links.send(1, ping(i + 1000));
    }
    one.links.flush();
    two.links.flush();
    await Promise.all([one.until(() => one.received.length === 100), two.until(() => two.received.length === 100)]);
    expect(one.received.map((message) => (message as { zxid: number }).zxid)).to.deep.equal(Array.from({ length: 100 }, (_, i) => i + 1000));
    expect(two.received.map((message) => (message as { zxid: number }).zxid)).to.deep.equal(Array.from({ length: 100 }, (_, i) => i));
    expect([one.events, two.events]).to.deep.equal([['up 2'], ['up 1']]);
  });

  it('links up again with a member that was started again, from either side', async () => {
    const [one, two] = [await node(1), await node(2)];
    one.links.keep([two.at()]);
    two.links.keep([one.at()]);
    await one.until(() => one.events.includes('up 2'));
    const [port1, port2] = [one.links.port, two.links.port];
    await two.links.close();
    await one.until(() => one.events.includes('down 2 by peer'));
    const again = await node(2, port2);
    again.links.keep([one.at(port1)]);
    await one.until(() => one.events.length === 3);
    expect(one.events).to.deep.equal(['up 2', 'down 2 by peer', 'up 2']);
    await one.links.close();
    await again.until(() => again.events.includes('down 1 by peer'));
    const first = await node(1, port1);
    first.links.keep([again.at(port2)]);
    await again.until(() => again.events.filter((event) => event === 'up 1').length === 2);
  });

  it('refuses a second process with an id that is taken, and keeps the first', async () => {
    const [one, two, twin] = [await node(1), await node(2), await node(2)];
    two.links.keep([one.at()]);
    await one.until(() => one.events.includes('up 2'));
    twin.links.keep([one.at()]);
    await twin.until(() => twin.lines.some((line) => line.includes('another process with id 2 is a member already')));
    expect(one.events).to.deep.equal(['up 2']);
    expect(one.lines.join('\n')).to.contain('Refused a connection from /127.0.0.1');
  });

  it('refuses who expects someone else here, and who has its own id', async () => {
    const one = await node(1);
    expect((await stranger(one.links.port, hello({ to: 3 }))).reason).to.contain('server 2 expects server 3 here, this is server 1');
    expect((await stranger(one.links.port, hello({ serverId: 1 }))).reason).to.contain("it has this server's own id, 1");
    expect(one.events).to.deep.equal([]);
  });

  it('refuses what is no member at all, in words, and nobody else notices', async () => {
    const [one, two] = [await node(1), await node(2)];
    two.links.keep([one.at()]);
    await one.until(() => one.events.includes('up 2'));
    for (const bytes of [Buffer.from('hello'), packFrame(['zookeeper', 1]), Buffer.from([0xc1]), packFrame(['vivarium-peer', 99])]) {
      const { code } = await stranger(one.links.port, bytes);
      expect(code).to.equal(4000);
    }
    // As a member of Apache ZooKeeper would begin.
    const foreign = connect(one.links.port, '127.0.0.1', () => foreign.write(Buffer.from('0000000b00000000ffffffff', 'hex')));
    await new Promise((resolve) => foreign.on('error', () => undefined).on('close', resolve));
    await one.until(() => one.lines.some((line) => line.includes('it speaks another protocol')));
    expect(one.lines.join('\n')).to.contain("version 99 of the members' protocol");
    expect(one.events).to.deep.equal(['up 2']);
  });

  it('does not listen long to who does not say who it is', async () => {
    const one = await node(1);
    const { code } = await stranger(one.links.port, Buffer.alloc(4 << 20));
    expect(code).to.equal(1006);
    await one.until(() => one.lines.some((line) => line.includes('bytes before it said who it is')));
  });

  it('ends a link on which something else than a message comes', async () => {
    const one = await node(1);
    const ws = new WebSocket(`ws://127.0.0.1:${one.links.port}/`);
    sockets.push(ws);
    ws.on('error', () => undefined);
    ws.on('open', () => ws.send(hello({})));
    await one.until(() => one.events.includes('up 2'));
    ws.send(packFrame([[3, 'nonsense']]));
    await one.until(() => one.events.includes('down 2'));
    expect(one.lines.join('\n')).to.match(/Ending the link to server 2: \w+ has \d+ fields, not 1/);
  });

  it('warns once where two configurations differ', async () => {
    const one = await node(1);
    for (let i = 0; i < 2; i++) {
      const ws = new WebSocket(`ws://127.0.0.1:${one.links.port}/`);
      sockets.push(ws);
      ws.on('open', () => ws.send(hello({ members: 'others', incarnation: String(i) })));
      await one.until(() => one.events.filter((event) => event === 'up 2').length === i + 1);
      ws.terminate();
      await one.until(() => one.events.filter((event) => event.startsWith('down')).length === i + 1);
    }
    expect(one.lines.filter((line) => line.includes('make them equal'))).to.deep.equal([
      'The configuration of server 2 has the members others, this one all: make them equal',
    ]);
  });
});

describe('unpackHello', () => {
  it('takes what packHello made, and nothing else', () => {
    const whole: Hello = { serverId: 1, to: 2, incarnation: 'i', address: 'a', configVersion: 3, members: 'm', knock: true };
    expect(unpackHello(packHello(whole))).to.deep.equal(whole);
    const packed = packHello(whole);
    for (let i = 2; i < packed.length; i++) expect(unpackHello(packed.with(i, {})), `field ${i}`).to.equal('its hello is malformed');
    expect(unpackHello('x')).to.contain('does not speak');
  });
});
