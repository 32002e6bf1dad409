import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { Packr } from 'msgpackr';
import { expect } from 'chai';
import { create } from '../raw-client.ts';
import { closeMembers, testMember } from '../server/test-member.ts';

const sockets: Socket[] = [];

/** Sends `bytes` and resolves with everything that comes until the server closes. */
function exchange(port: number, ...chunks: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined); // a reset is a close
    socket.on('close', () => resolve(text));
    const next = (): void => {
      const chunk = chunks.shift();
      if (chunk === undefined) return;
      socket.write(chunk, () => setImmediate(next));
    };
    socket.on('connect', next);
  });
}

describe('the client port', () => {
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await closeMembers();
  });

  it('answers four-letter words, however they arrive', async () => {
    const { member } = await testMember();
    expect(await exchange(member.port, 'ruok')).to.equal('imok');
    expect(await exchange(member.port, 'r', 'u', 'o', 'k')).to.equal('imok');
    expect(await exchange(member.port, 'isro\n')).to.equal('rw');
  });

  it('refuses words that are not in the whitelist', async () => {
    const { member } = await testMember({ '4lw.commands.whitelist': 'srvr' });
    expect(await exchange(member.port, 'ruok')).to.equal('ruok is not executed because it is not in the whitelist.\n');
    expect(await exchange(member.port, 'srvr')).to.match(
      /^Zookeeper version: 3\.8\.4-\S+, built on .*\nLatency min\/avg\/max: 0\/0\.0\/0\nReceived: 2\nSent: 0\nConnections: 1\nOutstanding: 0\nZxid: 0x0\nMode: standalone\nNode count: 5\n$/,
    );
  });

  it('always answers srvr, and all words to *', async () => {
    const { member } = await testMember({ '4lw.commands.whitelist': ' ruok , wchs' });
    for (const word of ['ruok', 'wchs', 'srvr']) expect(await exchange(member.port, word)).not.to.contain('whitelist');
    for (const word of ['stat', 'mntr', 'isro']) expect(await exchange(member.port, word)).to.contain(`${word} is not executed`);
  });

  it('shows connections, sessions and watches', async () => {
    const { member, session } = await testMember();
    const one = await session();
    await one.call(create('/e', { mode: 1 }));
    await one.call({ op: 'exists', path: '/e', watch: true });
    const id = `0x${[...member.tree.sessions.keys()][0]!.toString(16)}`;
    expect(await exchange(member.port, 'stat')).to.match(/\nClients:\n \/127\.0\.0\.1:\d+\[0\]\(queued=0,recved=1,sent=0\)\n \/127\.0\.0\.1:\d+\[1\]\(queued=0,recved=3,sent=2\)\n\nLatency/);
    expect(await exchange(member.port, 'cons')).to.match(new RegExp(`,sid=${id},lop=EXIS,est=\\d+,to=10000,lcxid=0x2,lzxid=0x2,lresp=\\d+,llat=\\d+,minlat=\\d+,avglat=\\d+,maxlat=\\d+\\)\n\n$`));
    expect(await exchange(member.port, 'wchs')).to.equal('1 connections watching 1 paths\nTotal watches:1\n');
    expect(await exchange(member.port, 'wchc')).to.equal(`${id}\n\t/e\n\n`);
    expect(await exchange(member.port, 'wchp')).to.equal(`/e\n\t${id}\n\n`);
    const dump = await exchange(member.port, 'dump');
    expect(dump).to.match(/^SessionTracker dump:\nSession Sets \(1\)\/\(1\):\n1 expire at \w{3} \w{3} \d\d [\d:]{8} UTC \d{4}:\n\t0x/);
    expect(dump).to.contain(`Sessions with Ephemerals (1):\n${id}:\n\t/e\n`);
    const mntr = await exchange(member.port, 'mntr');
    for (const line of ['zk_server_state\tstandalone', 'zk_znode_count\t6', 'zk_ephemerals_count\t1', 'zk_watch_count\t1', 'zk_num_alive_connections\t2', 'zk_outstanding_requests\t0', 'zk_approximate_data_size\t46']) {
      expect(mntr).to.contain(`${line}\n`);
    }
    expect(await exchange(member.port, 'conf')).to.match(/^clientPort=\d+\nsecureClientPort=-1\ndataDir=.*\/version-2\ndataDirSize=\d+\n/);
    expect(dump).to.match(new RegExp(`Connections dump:\nConnections Sets \\(\\d\\)/\\(2\\):\n(.*\n)*\tip: /127\\.0\\.0\\.1:\\d+ sessionId: ${id}\n`));
    expect(dump).to.match(/\tip: \/127\.0\.0\.1:\d+ sessionId: 0x0\n/);
    expect(mntr.match(/^zk_(avg|p999)_/gm)).to.have.length.greaterThan(60);
    expect(await exchange(member.port, 'envi')).to.match(/^Environment:\nzookeeper\.version=3\.8\.\S+, built on .*\nhost\.name=.*\njava\.version=/);
    expect(await exchange(member.port, 'hash')).to.equal('');
    expect(await exchange(member.port, 'dirs')).to.match(/^datadir_size: \d+\nlogdir_size: \d+\n$/);
    expect(await exchange(member.port, 'gtmk')).to.equal('306');
    expect(await exchange(member.port, Buffer.concat([Buffer.from('stmk'), Buffer.from('0000000000000007', 'hex')]))).to.equal('7');
    expect(await exchange(member.port, 'gtmk')).to.equal('7');
    expect(await exchange(member.port, 'crst')).to.equal('Connection stats reset.\n');
    expect(await exchange(member.port, 'srst')).to.equal('Server stats reset.\n');
  });

  it('closes what is no protocol, and what is too long', async () => {
    const { member } = await testMember();
    expect(await exchange(member.port, Buffer.from('ffffffff', 'hex'))).to.equal('');
    expect(await exchange(member.port, Buffer.from('7fffffff', 'hex'))).to.equal('');
    expect(await exchange(member.port, '\x16\x03\x01\x02\x00\x01')).to.equal('');
  });

  it('answers plain HTTP with what to do instead, and upgrades only on /', async () => {
    const { member, client } = await testMember();
    expect(await exchange(member.port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).to.match(/^HTTP\/1\.1 426 /);
    expect(await client('/elsewhere').untilClosed()).to.equal(1006);
  });

  it('allows an address so many connections', async () => {
    const { member, session } = await testMember({ maxClientCnxns: '2' });
    const [one] = [await session(), await session()];
    expect(await exchange(member.port, 'ruok')).to.equal('');
    expect(await one.call({ op: 'ping' })).to.include({ error: 0 });
    one.close();
    await one.untilClosed();
    let answer = '';
    while (answer === '') answer = await exchange(member.port, 'ruok');
    expect(answer).to.equal('imok');
  });
});

describe('the WebSocket door', () => {
  afterEach(closeMembers);
  const packr = new Packr({ useRecords: false });
  const connect = [0, -10, 0, 0, 10000, 0, Buffer.alloc(16), false];

  const broken: [string, unknown, number][] = [
    ['text', 'hello', 1003],
    ['bytes that are no msgpack', Buffer.from('c1c1c1', 'hex'), 1002],
    ['something else than an array', packr.pack(7), 1002],
    ['a request before connect', packr.pack([[1, 11]]), 1002],
    ['a second connect', packr.pack([connect, connect]), 1002],
    ['another protocol version', packr.pack([[0, -10, 9, 0, 10000, 0, Buffer.alloc(16), false]]), 1002],
    ['an unknown operation', packr.pack([connect, [1, 4711]]), 1002],
    ['data beyond jute.maxbuffer', packr.pack([connect, [1, 5, '/', Buffer.alloc(0xfffff + 2000), -1]]), 1009],
    ['a frame beyond every bound', Buffer.alloc(5 << 20), 1009],
  ];
  for (const [what, frame, code] of broken) {
    it(`closes on ${what}, and nobody else notices`, async () => {
      const { client, session } = await testMember();
      const other = await session();
      const one = client();
      await one.untilOpen();
      one.ws.send(frame as string | Buffer);
      expect(await one.untilClosed()).to.equal(code);
      expect((await other.call(create('/still-there'))).error).to.equal(0);
    });
  }

  it('speaks the bytes that are written down', async () => {
    const { client } = await testMember();
    const one = client();
    await one.untilOpen();
    const frames: Buffer[] = [];
    one.ws.on('message', (data) => frames.push(data as Buffer));
    // [[0, -10, 0, 0, 10000, 0, 16 zero bytes, false], [1, 3 (exists), "/", false]]
    one.ws.send(Buffer.from(`92 98 00 f6 00 00 cd2710 00 c410 ${'00'.repeat(16)} c2 94 01 03 a12f c2`.replaceAll(' ', ''), 'hex'));
    await one.replyTo(1);
    const bytes = Buffer.concat(frames).toString('hex');
    // [[0, -10, 0, 0, 10000, session id, 16 bytes, false]], [[1, 3, zxid 1, 0, stat of the root...]]
    expect(bytes).to.match(/^9[12]98 ?00f60000cd2710/);
    expect(bytes).to.contain('010301009b'.slice(0, 8));
  });

  it('holds a client back that sends and never reads, and serves the others', async () => {
    const { session, member } = await testMember();
    const [greedy, other] = [await session(), await session()];
    await greedy.call(create('/big', { data: Buffer.alloc(900_000) }));
    greedy.ws.pause();
    for (let i = 0; i < 200; i++) greedy.post({ op: 'getData', path: '/big', watch: false });
    for (let i = 0; i < 20; i++) expect((await other.call({ op: 'ping' })).error).to.equal(0);
    const unsent = Math.max(...member.view.connections().map(({ sent }) => sent));
    expect(unsent).to.be.lessThan(100);
    greedy.ws.resume();
    await greedy.until(() => (greedy.received.filter((m) => m.kind === 'reply').length >= 201 ? true : undefined));
  });
});
