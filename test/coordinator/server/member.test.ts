import { expect } from 'chai';
import { CreateMode } from '../../../shared/znode/create-mode.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import type { Request } from '../../../shared/znode/operations.ts';
import { AddWatchMode, EventType, WatcherType } from '../../../shared/znode/watch-event.ts';
import type { RawClient } from '../raw-client.ts';
import { create } from '../raw-client.ts';
import { closeMembers, testMember } from './test-member.ts';

/** Lets everything that is on its way in this process and through loopback arrive. */
async function settle(client: RawClient): Promise<void> {
  const pong = new Promise<void>((resolve) => client.ws.once('pong', () => resolve()));
  client.ws.ping();
  await pong;
}

describe('a member', () => {
  afterEach(closeMembers);

  it('carries out every operation', async () => {
    const { session } = await testMember({ extendedTypesEnabled: 'true' });
    const one = await session();
    const data = Buffer.from('hello');
    const made = await one.call(create('/a', { data }));
    expect(made).to.include({ error: 0, zxid: 2 });
    expect(made.response).to.deep.equal({ path: '/a' });
    const steps: [Request, number, (response: never) => unknown, unknown][] = [
      [create('/a/e', { op: 'create2', mode: CreateMode.EPHEMERAL }), 0, (r: { path: string }) => r.path, '/a/e'],
      [create('/a/s-', { mode: CreateMode.PERSISTENT_SEQUENTIAL }), 0, (r: { path: string }) => r.path, '/a/s-0000000001'],
      [create('/c', { op: 'createContainer', mode: CreateMode.CONTAINER }), 0, (r: { stat: { czxid: number } }) => r.stat.czxid, 5],
      [create('/t', { op: 'createTTL', mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: 1e6 }), 0, (r: { path: string }) => r.path, '/t'],
      [{ op: 'getData', path: '/a', watch: false }, 0, (r: { data: Buffer }) => Buffer.from(r.data).toString(), 'hello'],
      [{ op: 'setData', path: '/a', data: null, version: 0 }, 0, (r: { stat: { version: number } }) => r.stat.version, 1],
      [{ op: 'getData', path: '/a', watch: false }, 0, (r: { data: null }) => r.data, null],
      [{ op: 'exists', path: '/a', watch: false }, 0, (r: { stat: { numChildren: number } }) => r.stat.numChildren, 2],
      [{ op: 'exists', path: '/no', watch: false }, ErrorCode.NONODE, (r) => r, null],
      [{ op: 'getChildren', path: '/a', watch: false }, 0, (r: { children: string[] }) => [...r.children].sort(), ['e', 's-0000000001']],
      [{ op: 'getChildren2', path: '/a', watch: false }, 0, (r: { stat: { cversion: number } }) => r.stat.cversion, 2],
      [{ op: 'getAllChildrenNumber', path: '/' }, 0, (r: { totalNumber: number }) => r.totalNumber, 8],
      [{ op: 'getEphemerals', path: '/' }, 0, (r: { ephemerals: string[] }) => r.ephemerals, ['/a/e']],
      [{ op: 'getEphemerals', path: '/b' }, 0, (r: { ephemerals: string[] }) => r.ephemerals, []],
      [{ op: 'setACL', path: '/a', acl: [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }], version: 0 }, 0, (r: { stat: { aversion: number } }) => r.stat.aversion, 1],
      [{ op: 'getACL', path: '/a' }, 0, (r: { acl: { perms: number }[] }) => r.acl[0]!.perms, 1],
      [{ op: 'setData', path: '/a', data, version: -1 }, ErrorCode.NOAUTH, (r) => r, null],
      [{ op: 'sync', path: '/a' }, 0, (r: { path: string }) => r.path, '/a'],
      [{ op: 'auth', scheme: 'digest', auth: Buffer.from('bob:x') }, 0, (r) => r, null],
      [{ op: 'whoAmI' }, 0, (r: { clientInfo: { id: string }[] }) => r.clientInfo.map(({ id }) => id), ['127.0.0.1', 'bob']],
      [{ op: 'delete', path: '/t', version: 0 }, 0, (r) => r, null],
      [{ op: 'ping' }, 0, (r) => r, null],
      [
        { op: 'multiRead', ops: [{ op: 'getData', path: '/c', watch: false }, { op: 'getChildren', path: '/no', watch: false }] },
        0,
        (r: { results: { op: string }[] }) => r.results.map(({ op }) => op),
        ['getData', 'error'],
      ],
      [
        { op: 'multi', ops: [create('/m'), { op: 'setData', path: '/m', data, version: 0 }, { op: 'check', path: '/m', version: 1 }] },
        0,
        (r: { results: { op: string; stat?: { version: number } }[] }) => r.results.map(({ op, stat }) => [op, stat?.version]),
        [['create', undefined], ['setData', 1], ['check', undefined]],
      ],
      [
        { op: 'multi', ops: [create('/m2'), create('/m2'), create('/m3')] },
        0,
        (r: { results: unknown[] }) => r.results,
        [0, ErrorCode.NODEEXISTS, ErrorCode.RUNTIMEINCONSISTENCY].map((error) => ({ op: 'error', error })),
      ],
      [{ op: 'reconfig', joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1 }, ErrorCode.RECONFIGDISABLED, (r) => r, null],
    ];
    for (const [request, error, look, expected] of steps) {
      const reply = await one.call(request);
      expect(reply.error, request.op).to.equal(error);
      expect(look(reply.response as never), request.op).to.deep.equal(expected);
    }
  });

  it('gives nothing away before it is durable, and answers in the order of requests', async () => {
    const { session, log } = await testMember({}, { autoSync: false });
    const connecting = session();
    const timer = setInterval(() => log().sync(), 5);
    const [one, two] = [await connecting, await session()];
    clearInterval(timer);
    one.received.length = two.received.length = 0;
    one.post(create('/a', { data: Buffer.from('1') }), { op: 'getData', path: '/a', watch: false }, create('/a'), { op: 'exists', path: '/b', watch: false });
    await settle(one);
    await settle(one);
    expect(one.received).to.deep.equal([]);
    // Another client reads what is committed, without waiting.
    expect(await two.call({ op: 'exists', path: '/a', watch: false })).to.include({ error: ErrorCode.NONODE });
    const flushing = setInterval(() => log().sync(), 5);
    await one.replyTo(4);
    clearInterval(flushing);
    const replies = one.received.map((m) => m.kind === 'reply' && [m.xid, m.op, m.error]);
    expect(replies).to.deep.equal([
      [1, 'create', 0],
      [2, 'getData', 0],
      [3, 'create', ErrorCode.NODEEXISTS],
      [4, 'exists', ErrorCode.NONODE],
    ]);
  });

  it('sends an event before any reply that shows the change', async () => {
    const { session } = await testMember();
    const [watcher, writer] = [await session(), await session()];
    await watcher.call(create('/w'));
    for (let round = 0; round < 50; round++) {
      watcher.received.length = 0;
      const before = await watcher.call({ op: 'getData', path: '/w', watch: true });
      const writing = writer.call({ op: 'setData', path: '/w', data: null, version: -1 });
      for (let seen = before; seen.response !== null; ) {
        const reply = await watcher.call({ op: 'getData', path: '/w', watch: false });
        const { version } = (reply.response as { stat: { version: number } }).stat;
        if (version === round) continue;
        const order = watcher.received.map((m) => (m.kind === 'reply' && m.xid === reply.xid ? 'reply' : m.kind === 'event' ? 'event' : ''));
        expect(order.indexOf('event')).to.be.greaterThan(-1).and.lessThan(order.indexOf('reply'));
        break;
      }
      await writing;
    }
  });

  it('arms watches again on reconnection, or tells what they missed', async () => {
    const { session } = await testMember();
    const one = await session();
    for (const path of ['/same', '/changed', '/gone', '/parent', '/quiet']) await one.call(create(path));
    const { zxid } = await one.call({ op: 'sync', path: '/' });
    await one.call({ op: 'setData', path: '/changed', data: null, version: -1 });
    await one.call({ op: 'delete', path: '/gone', version: -1 });
    await one.call(create('/parent/a'));
    await one.call(create('/came'));
    const two = await session();
    const reply = await two.call({
      op: 'setWatches',
      relativeZxid: zxid,
      dataWatches: ['/same', '/changed', '/gone'],
      existWatches: ['/came', '/coming'],
      childWatches: ['/parent', '/gone', '/quiet'],
      persistentWatches: ['/p'],
      persistentRecursiveWatches: ['/r'],
    });
    expect(reply.error).to.equal(0);
    const told = (): string[] => two.received.flatMap((m) => (m.kind === 'event' ? [`${m.type} ${m.path}`] : []));
    const { NodeChildrenChanged, NodeCreated, NodeDataChanged, NodeDeleted } = EventType;
    expect(told()).to.deep.equal([`${NodeDataChanged} /changed`, `${NodeDeleted} /gone`, `${NodeCreated} /came`, `${NodeChildrenChanged} /parent`, `${NodeDeleted} /gone`]);
    two.received.length = 0;
    await one.call({ op: 'setData', path: '/same', data: null, version: -1 });
    await one.call(create('/coming'));
    await one.call(create('/quiet/a'));
    await one.call(create('/p'));
    await one.call(create('/r'));
    await one.call(create('/r/deep'));
    await two.call({ op: 'ping' });
    expect(told()).to.deep.equal([`${NodeDataChanged} /same`, `${NodeCreated} /coming`, `${NodeChildrenChanged} /quiet`, `${NodeCreated} /p`, `${NodeCreated} /r`, `${NodeCreated} /r/deep`]);
  });

  it('adds, checks and removes watches, and forgets those of a closed connection', async () => {
    const { session, member } = await testMember();
    const one = await session();
    const codeOf = async (request: Request): Promise<number> => (await one.call(request)).error;
    expect(await codeOf({ op: 'addWatch', path: '/a', mode: AddWatchMode.PERSISTENT })).to.equal(0);
    expect(await codeOf({ op: 'checkWatches', path: '/a', type: WatcherType.ANY })).to.equal(0);
    expect(await codeOf({ op: 'removeWatches', path: '/a', type: WatcherType.ANY })).to.equal(0);
    expect(await codeOf({ op: 'removeWatches', path: '/a', type: WatcherType.ANY })).to.equal(ErrorCode.NOWATCHER);
    await one.call({ op: 'exists', path: '/a', watch: true });
    expect([...member.view.dataWatches()]).to.have.length(1);
    const two = await session();
    one.close();
    await two.until(() => (member.view.connections().length === 1 ? true : (void two.call({ op: 'ping' }), undefined)));
    expect([...member.view.dataWatches()]).to.have.length(0);
  });

  it('resumes a session for its password, closes its older connection, and refuses a wrong one', async () => {
    const { client, member } = await testMember();
    const first = client();
    const { sessionId, password, timeoutMs } = await first.connect();
    expect(timeoutMs).to.equal(10000);
    await first.call(create('/e', { mode: CreateMode.EPHEMERAL }));
    const second = client();
    expect(await second.connect({ sessionId, password, timeoutMs: 1 })).to.deep.include({ sessionId, timeoutMs: 6000 });
    await first.untilClosed();
    expect(await second.call({ op: 'exists', path: '/e', watch: false })).to.include({ error: 0 });
    const thief = client();
    expect(await thief.connect({ sessionId, password: Buffer.alloc(16, 1) })).to.deep.include({ sessionId: 0n, timeoutMs: 0 });
    await thief.untilClosed();
    expect(member.tree.ephemeralCount).to.equal(1);
    expect((await second.call({ op: 'closeSession' })).error).to.equal(0);
    await second.untilClosed();
    expect(member.tree.get('/e')).to.equal(undefined);
    expect(member.tree.sessions.size).to.equal(0);
  });

  it('refuses who has seen a later zxid', async () => {
    const { client } = await testMember();
    const ahead = client();
    const outcome = await ahead.connect({ lastZxidSeen: 99 }).then(
      () => 'connected',
      () => 'closed',
    );
    expect(outcome).to.equal('closed');
    expect(ahead.received).to.deep.equal([]);
  });

  it('ends a silent session after its timeout, with its ephemerals and their watches, and not before', async () => {
    const { session, client, member } = await testMember({ tickTime: '50' });
    const silent = await session({ timeoutMs: 300 });
    await silent.call(create('/e', { mode: CreateMode.EPHEMERAL }));
    const watcher = client();
    await watcher.connect({ timeoutMs: 1000 });
    await watcher.call({ op: 'exists', path: '/e', watch: true });
    const pinging = setInterval(() => watcher.post({ op: 'ping' }), 50);
    const startMs = performance.now();
    const event = await watcher.event();
    clearInterval(pinging);
    expect(event).to.include({ type: EventType.NodeDeleted, path: '/e' });
    expect(performance.now() - startMs).to.be.greaterThan(250);
    await silent.untilClosed();
    expect(member.tree.sessions.size).to.equal(1);
  });

  it('ends a session when its grace is over after its connection broke, and not if it comes back or is only silent', async () => {
    const { session, client, member } = await testMember({ tickTime: '1000' });
    const watcher = await session();
    const [gone, back, silent] = [client(), client(), client()];
    // Timeouts are longer than this test: what ends here, ends by its grace.
    expect((await gone.connect({ timeoutMs: 20000, disconnectGraceMs: 40 })).disconnectGraceMs).to.equal(40);
    const granted = await back.connect({ timeoutMs: 20000, disconnectGraceMs: 30000 });
    expect(granted.disconnectGraceMs, 'no more than the timeout').to.equal(20000);
    await silent.connect({ timeoutMs: 20000, disconnectGraceMs: 40 });
    for (const [name, one] of Object.entries({ gone, back, silent })) await one.call(create(`/${name}`, { mode: CreateMode.EPHEMERAL }));
    for (const path of ['/gone', '/back', '/silent']) await watcher.call({ op: 'exists', path, watch: true });
    back.close();
    const again = client();
    expect(await again.connect({ ...granted, kind: 'connect', disconnectGraceMs: 40 })).to.deep.include({ sessionId: granted.sessionId, disconnectGraceMs: 40 });
    gone.close();
    await watcher.event(({ path }) => path === '/gone');
    expect(member.tree.sessions.size).to.equal(3);
    again.close();
    await watcher.event(({ path }) => path === '/back');
    expect((await watcher.call({ op: 'getChildren', path: '/', watch: false })).response).to.deep.equal({ children: ['zookeeper', 'silent'] });
  });

  it('says nothing of a grace to those who do not ask', async () => {
    const { client, member } = await testMember();
    const plain = client();
    expect(await plain.connect()).not.to.have.property('disconnectGraceMs');
    plain.close();
    const watcher = client();
    await watcher.connect();
    expect(member.tree.sessions.size).to.equal(2);
  });

  it('keeps znodes and sessions over a restart', async () => {
    const { client, disk, member } = await testMember();
    const before = client();
    const { sessionId, password } = await before.connect();
    await before.call(create('/kept', { data: Buffer.from('x') }));
    await before.call(create('/e', { mode: CreateMode.EPHEMERAL }));
    await member.close();
    const again = await testMember({}, { disk });
    const after = again.client();
    expect(await after.connect({ sessionId, password })).to.deep.include({ sessionId });
    expect(await after.call({ op: 'exists', path: '/kept', watch: false })).to.include({ error: 0, zxid: 3 });
    expect((await after.call({ op: 'getEphemerals', path: '/' })).response).to.deep.equal({ ephemerals: ['/e'] });
  });

  it('closes a connection whose credentials nobody checks', async () => {
    const { session } = await testMember();
    const one = await session();
    expect((await one.call({ op: 'auth', scheme: 'nonsense', auth: null })).error).to.equal(ErrorCode.AUTHFAILED);
    await one.untilClosed();
  });

  it('removes containers that were emptied and outlived TTL znodes', async () => {
    const { session } = await testMember({ 'znode.container.checkIntervalMs': '20', extendedTypesEnabled: 'true' });
    const one = await session();
    await one.call(create('/c', { op: 'createContainer', mode: CreateMode.CONTAINER }));
    await one.call(create('/c/a'));
    await one.call(create('/unused', { op: 'createContainer', mode: CreateMode.CONTAINER }));
    await one.call(create('/t', { op: 'createTTL', mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: 1 }));
    await one.call({ op: 'addWatch', path: '/', mode: AddWatchMode.PERSISTENT_RECURSIVE });
    await one.call({ op: 'delete', path: '/c/a', version: -1 });
    await one.event(({ type, path }) => type === EventType.NodeDeleted && path === '/c');
    await one.until(() => (one.received.length > 0 ? true : undefined));
    expect((await one.call({ op: 'exists', path: '/unused', watch: false })).error).to.equal(0);
    await one.until(() => {
      const gone = one.received.some((m) => m.kind === 'reply' && m.op === 'exists' && m.error === ErrorCode.NONODE);
      if (!gone) one.post({ op: 'exists', path: '/t', watch: false });
      return gone ? true : undefined;
    });
  });

  it('takes snapshots, shortens its log, and comes back from both', async () => {
    const { session, disk, member } = await testMember({ snapCount: '100' });
    const one = await session();
    for (let round = 0; round < 6; round++) {
      const xids = one.post(...Array.from({ length: 100 }, (_, i) => create(`/n${round}-${i}`)));
      await one.replyTo(xids.at(-1)!);
      await member.snapshot();
    }
    expect(disk.batches[0]!.firstZxid).to.be.greaterThan(100);
    await one.call(create('/last'));
    const { tree } = member;
    const again = await testMember({ dataDir: member.view.configuration().find(([key]) => key === 'dataDir')![1].toString().replace('/version-2', '') }, { disk });
    expect(again.member.tree.nodeCount).to.equal(tree.nodeCount);
    expect(again.member.tree.lastZxid).to.equal(tree.lastZxid);
    expect(again.member.tree.get('/last')?.czxid).to.equal(tree.lastZxid);
  });
});
