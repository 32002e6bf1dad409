import { expect } from 'chai';
import { rmSync } from 'node:fs';
import { CreateMode } from '../../../shared/znode/create-mode.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import { epochOf } from '../../../shared/znode/zxid.ts';
import type { RawClient } from '../raw-client.ts';
import { create } from '../raw-client.ts';
import { removeTempDirs } from '../temp-dir.ts';
import { closeEnsembles, TestEnsemble } from './test-ensemble.ts';

const children = async (client: RawClient, path = '/'): Promise<string[]> => {
  await client.call({ op: 'sync', path });
  const { response } = await client.call({ op: 'getChildren', path, watch: false });
  return [...(response as { children: string[] }).children].filter((name) => name !== 'zookeeper').sort();
};

describe('an ensemble', () => {
  afterEach(async () => {
    await closeEnsembles();
    removeTempDirs();
  });

  it('elects one leader; writes through any member are read through any other', async () => {
    const ensemble = await TestEnsemble.start();
    const leader = await ensemble.leader();
    await ensemble.serving();
    expect([...ensemble.members.values()].map(({ role }) => role!.state).sort()).to.deep.equal(['FOLLOWING', 'FOLLOWING', 'LEADING']);
    for (const id of [1, 2, 3]) {
      const client = await ensemble.session(id);
      const made = await client.call(create(`/from-${id}`, { data: Buffer.from('x') }));
      expect(made).to.include({ error: 0 });
      // Its own write is there at once, whoever ordered it.
      const own = await client.call({ op: 'getData', path: `/from-${id}`, watch: false });
      expect(own).to.deep.include({ error: 0, zxid: made.zxid });
    }
    for (const id of [1, 2, 3]) expect(await children(await ensemble.session(id))).to.deep.equal(['from-1', 'from-2', 'from-3']);
    expect(epochOf(ensemble.members.get(leader)!.tree.lastZxid)).to.equal(1);
  });

  it('answers a pipelined client of a follower in its order, reads among writes', async () => {
    const ensemble = await TestEnsemble.start();
    const client = await ensemble.session((await ensemble.followers())[0]!);
    const requests = Array.from({ length: 200 }, (_, i) => [
      create(`/n${i}`, { data: Buffer.from(String(i)) }),
      { op: 'getData' as const, path: `/n${i}`, watch: false },
      ...(i % 50 === 0 ? [{ op: 'sync' as const, path: '/' }] : []),
      create(`/n${i}`),
    ]).flat();
    const xids = client.post(...requests);
    await client.replyTo(xids.at(-1)!);
    const replies = client.received.filter((message) => message.kind === 'reply');
    expect(replies.map(({ xid }) => xid)).to.deep.equal(xids);
    replies.forEach(({ op, error, response }, i) => {
      if (op === 'getData') expect(Buffer.from((response as unknown as { data: Buffer }).data).toString()).to.equal((requests[i] as { path: string }).path.slice(2));
      expect(error, `${op} ${i}`).to.be.oneOf([0, ErrorCode.NODEEXISTS]);
    });
    expect(replies.filter(({ error }) => error === ErrorCode.NODEEXISTS)).to.have.length(200);
  });

  it('fires watches at the member that holds them, before any answer that shows the change', async () => {
    const ensemble = await TestEnsemble.start();
    const [one, two] = await ensemble.followers();
    const [watcher, writer] = [await ensemble.session(one!), await ensemble.session(two!)];
    await watcher.call({ op: 'exists', path: '/w', watch: true });
    const { zxid } = await writer.call(create('/w'));
    expect((await watcher.event()).zxid).to.equal(zxid);
    await watcher.call({ op: 'sync', path: '/' });
    const { response } = await watcher.call({ op: 'getChildren', path: '/', watch: true });
    expect((response as { children: string[] }).children).to.include('w');
    const multi = await writer.call({ op: 'multi', ops: [create('/m'), { op: 'delete', path: '/w', version: 0 }] });
    expect(multi.response).to.deep.equal({ results: [{ op: 'create', path: '/m' }, { op: 'delete' }] });
    await watcher.event(({ path }) => path === '/');
  });

  it('lets a session move with its ephemerals, and closes the connection that it left', async () => {
    const ensemble = await TestEnsemble.start();
    await ensemble.serving();
    const first = ensemble.client(1);
    const { sessionId, password } = await first.connect({ timeoutMs: 8000 });
    await first.call(create('/e', { mode: CreateMode.EPHEMERAL }));
    const { zxid } = await first.call({ op: 'sync', path: '/' });
    for (const id of [2, 3, 1]) {
      const last = ensemble.client(id);
      // A member that has not seen as much yet closes; the next attempt finds it has.
      const granted = await last.connect({ sessionId, password, timeoutMs: 8000, lastZxidSeen: id === 2 ? 0 : zxid });
      expect(granted.sessionId, `member ${id}`).to.equal(sessionId);
      expect((await last.call(create(`/e${id}`, { mode: CreateMode.EPHEMERAL }))).error).to.equal(0);
      if (id === 2) await first.untilClosed();
    }
    const last = ensemble.client(3);
    await last.connect({ sessionId, password, timeoutMs: 8000 });
    expect(((await last.call({ op: 'getEphemerals', path: '/' })).response as { ephemerals: string[] }).ephemerals.sort()).to.deep.equal(['/e', '/e1', '/e2', '/e3']);
    await last.call({ op: 'closeSession' });
    expect(await children(await ensemble.session(1))).to.deep.equal([]);
    const thief = ensemble.client(2);
    expect(await thief.connect({ sessionId, password })).to.include({ sessionId: 0n });
  });

  it('expires a session that is silent everywhere, and has those that a follower hears live on', async () => {
    const ensemble = await TestEnsemble.start({ properties: { tickTime: '100', syncLimit: '100', initLimit: '100', minSessionTimeout: '2000', maxSessionTimeout: '60000' } });
    await ensemble.serving();
    const leader = ensemble.members.get(await ensemble.leader())!;
    const [follower] = await ensemble.followers();
    const heard = ensemble.client(follower!);
    const { sessionId } = await heard.connect({ timeoutMs: 60000 });
    const silent = await ensemble.session(follower!, { timeoutMs: 2000 });
    await silent.call(create('/silent', { mode: CreateMode.EPHEMERAL }));
    await heard.call({ op: 'exists', path: '/silent', watch: true });
    const deadline = (): number => leader.view.sessionsByExpiry().find(([, ids]) => ids.includes(sessionId))![0];
    const before = deadline();
    await heard.event(({ path, type }) => path === '/silent' && type === 2);
    await silent.untilClosed();
    while (deadline() <= before) await heard.call({ op: 'ping' });
    expect(await children(heard)).to.deep.equal([]);
  });

  it('ends a session whose client asked for a grace, wherever its connection broke', async () => {
    const ensemble = await TestEnsemble.start({ properties: { tickTime: '1000' } });
    const [follower, other] = await ensemble.followers();
    const [gone, back] = [ensemble.client(follower!), ensemble.client(follower!)];
    await gone.connect({ timeoutMs: 20000, disconnectGraceMs: 50 });
    const granted = await back.connect({ timeoutMs: 20000, disconnectGraceMs: 10000 });
    const watcher = await ensemble.session(other!, { timeoutMs: 20000 });
    await gone.call(create('/gone', { mode: CreateMode.EPHEMERAL }));
    const { zxid } = await back.call(create('/back', { mode: CreateMode.EPHEMERAL }));
    await watcher.call({ op: 'sync', path: '/' });
    await watcher.call({ op: 'exists', path: '/gone', watch: true });
    back.close();
    gone.close();
    await watcher.event(({ path }) => path === '/gone');
    const again = ensemble.client(other!);
    const { sessionId, password } = granted;
    expect(await again.connect({ sessionId, password, timeoutMs: 20000, lastZxidSeen: zxid, disconnectGraceMs: 10000 })).to.include({ sessionId });
    expect(await children(again)).to.deep.equal(['back']);
    // A member that goes takes its clients' connections with it; one of them comes back elsewhere, the other doesn't.
    const [orphan, mover] = [ensemble.client(follower!), ensemble.client(follower!)];
    await orphan.connect({ timeoutMs: 20000, disconnectGraceMs: 50 });
    const moving = await mover.connect({ timeoutMs: 20000, disconnectGraceMs: 15000 });
    await orphan.call(create('/orphan', { mode: CreateMode.EPHEMERAL }));
    const last = await mover.call(create('/mover', { mode: CreateMode.EPHEMERAL }));
    await watcher.call({ op: 'sync', path: '/' });
    await watcher.call({ op: 'exists', path: '/orphan', watch: true });
    await ensemble.stop(follower!);
    await watcher.event(({ path }) => path === '/orphan');
    const found = await ensemble.session(other!, { sessionId: moving.sessionId, password: moving.password, timeoutMs: 20000, lastZxidSeen: last.zxid, disconnectGraceMs: 15000 });
    expect(await children(found)).to.deep.equal(['back', 'mover']);
  });

  it('has every acknowledged write after its leader is gone under load, and its sessions with their ephemerals', async () => {
    const ensemble = await TestEnsemble.start();
    const leader = await ensemble.leader();
    await ensemble.serving();
    const [follower] = await ensemble.followers();
    const clients = [await ensemble.session(leader), await ensemble.session(follower!)];
    await clients[1]!.call(create('/e', { mode: CreateMode.EPHEMERAL }));
    const acknowledged: string[] = [];
    const writers = clients.map(async (client, k) => {
      for (let i = 0; ; i++) {
        const path = `/${k}-${i}`;
        // Rejects when the connection ends.
        const reply = await client.call(create(path)).catch(() => null);
        if (reply === null) return;
        if (reply.error === 0) acknowledged.push(path.slice(1));
      }
    });
    while (acknowledged.length < 100) await new Promise((resolve) => setImmediate(resolve));
    await ensemble.stop(leader);
    await Promise.all(writers);
    const next = await ensemble.leader();
    expect(next).not.to.equal(leader);
    for (const id of await ensemble.followers()) {
      const found = new Set(await children(await ensemble.session(id)));
      expect(acknowledged.filter((name) => !found.has(name))).to.deep.equal([]);
      expect(found.has('e'), 'the session lives on').to.equal(true);
    }
    // The one that left comes back and has it all.
    await ensemble.open(leader);
    const found = new Set(await children(await ensemble.session(leader)));
    expect(acknowledged.filter((name) => !found.has(name))).to.deep.equal([]);
  });

  it('brings a follower up to date from the log, and one without anything by a snapshot, while writes go on', async () => {
    const ensemble = await TestEnsemble.start({ properties: { snapCount: '100', commitLogCount: '10' } });
    await ensemble.serving();
    const [away, other] = await ensemble.followers();
    await ensemble.stop(away!);
    const writer = await ensemble.session(other!);
    const put = (from: number, to: number) => writer.call({ op: 'multi', ops: Array.from({ length: to - from }, (_, i) => create(`/p${from + i}`, { data: Buffer.alloc(2000) })) });
    for (let i = 0; i < 20; i++) await put(i * 10, i * 10 + 10);
    let stop = false;
    let written = 200;
    const going = (async () => {
      while (!stop) await put(written, (written += 5));
    })();
    await ensemble.open(away!);
    const seen = async (): Promise<number> => (await children(await ensemble.session(away!))).length;
    expect(await seen()).to.be.at.least(200);
    await ensemble.stop(away!);
    rmSync(ensemble.dirs.get(away!)!, { recursive: true });
    await ensemble.members.get(await ensemble.leader())!.snapshot();
    await ensemble.open(away!);
    expect(await seen()).to.be.at.least(200);
    stop = true;
    await going;
    expect(await seen()).to.equal(written);
    expect(ensemble.members.get(away!)!.tree.nodeCount).to.equal(ensemble.members.get(other!)!.tree.nodeCount);
  });

  it('stops writing without a quorum, and goes on with one', async () => {
    const ensemble = await TestEnsemble.start();
    const leader = await ensemble.leader();
    await ensemble.serving();
    const client = await ensemble.session(leader);
    await client.call(create('/before'));
    for (const id of await ensemble.followers()) await ensemble.stop(id);
    await client.untilClosed();
    await ensemble.role(leader, ({ state }) => state === 'LOOKING');
    const lonely = ensemble.client(leader);
    await lonely.untilOpen().catch(() => undefined);
    if (lonely.closeCode === null) {
      lonely.send({ kind: 'connect', protocolVersion: 0, lastZxidSeen: 0, timeoutMs: 4000, sessionId: 0n, password: Buffer.alloc(16), readOnly: false });
      await lonely.untilClosed();
    }
    expect(lonely.received).to.deep.equal([]);
    const back = [1, 2, 3].find((id) => id !== leader)!;
    await ensemble.open(back);
    expect(await children(await ensemble.session(back))).to.deep.equal(['before']);
  });

  it('serves reads without a quorum to those who want no more, where that is enabled', async () => {
    const ensemble = await TestEnsemble.start({ properties: { 'readonlymode.enabled': 'true' } });
    await ensemble.serving();
    const one = ensemble.client(1);
    const { sessionId, password } = await one.connect({ timeoutMs: 8000, readOnly: true });
    const { zxid } = await one.call(create('/r', { data: Buffer.from('x') }));
    expect(one.received[0]).to.include({ kind: 'connected', readOnly: false });
    await ensemble.stop(2);
    await ensemble.stop(3);
    await one.untilClosed();
    await ensemble.serving([1]);
    expect(ensemble.members.get(1)!.view.mode).to.equal('read-only');
    const reader = ensemble.client(1);
    expect(await reader.connect({ sessionId, password, lastZxidSeen: zxid, timeoutMs: 8000, readOnly: true })).to.include({ sessionId, readOnly: true });
    expect(Buffer.from(((await reader.call({ op: 'getData', path: '/r', watch: false })).response as unknown as { data: Buffer }).data).toString()).to.equal('x');
    for (const request of [create('/w'), { op: 'sync' as const, path: '/' }]) expect((await reader.call(request)).error, request.op).to.equal(ErrorCode.NOTREADONLY);
    const writer = ensemble.client(1);
    await writer.untilOpen();
    writer.send({ kind: 'connect', protocolVersion: 0, lastZxidSeen: 0, timeoutMs: 8000, sessionId: 0n, password: Buffer.alloc(16), readOnly: false });
    await writer.untilClosed();
    // With a quorum its session goes on as it was.
    await ensemble.open(2);
    await reader.untilClosed();
    await ensemble.serving([1]);
    const again = ensemble.client(1);
    expect(await again.connect({ sessionId, password, lastZxidSeen: zxid, timeoutMs: 8000, readOnly: true })).to.include({ sessionId, readOnly: false });
    expect((await again.call(create('/w'))).error).to.equal(0);
  });

  it('keeps local sessions to itself, until one asks for an ephemeral', async () => {
    const ensemble = await TestEnsemble.start({ properties: { localSessionsEnabled: 'true', localSessionsUpgradingEnabled: 'true' } });
    await ensemble.serving();
    const leader = await ensemble.leader();
    const [follower, other] = await ensemble.followers();
    for (const id of [leader, follower!]) {
      const member = ensemble.members.get(id)!;
      const local = ensemble.client(id);
      const { sessionId, password } = await local.connect({ timeoutMs: 8000 });
      expect((await local.call(create(`/plain-${id}`))).error).to.equal(0);
      expect([...member.tree.sessions.keys()]).not.to.include(sessionId);
      const stranger = ensemble.client(other!);
      expect(await stranger.connect({ sessionId, password }), 'nobody else knows it').to.include({ sessionId: 0n });
      const back = ensemble.client(id);
      expect(await back.connect({ sessionId, password, timeoutMs: 8000 })).to.include({ sessionId });
      await local.untilClosed();
      expect((await back.call({ op: 'multi', ops: [create(`/e-${id}`, { mode: CreateMode.EPHEMERAL })] })).response).to.deep.equal({ results: [{ op: 'create', path: `/e-${id}` }] });
      expect([...member.tree.sessions.keys()]).to.include(sessionId);
      const moved = ensemble.client(other!);
      expect(await moved.connect({ sessionId, password, timeoutMs: 8000 })).to.include({ sessionId });
      await back.untilClosed();
      await moved.call({ op: 'closeSession' });
    }
    const quitter = ensemble.client(follower!);
    await quitter.connect({ timeoutMs: 8000 });
    expect(await children(quitter)).to.deep.equal([`plain-${leader}`, `plain-${follower}`].sort());
    expect((await quitter.call({ op: 'closeSession' })).error).to.equal(0);
    await quitter.untilClosed();
  });

  it('refuses ephemerals to local sessions that may not become the ensemble\'s', async () => {
    const ensemble = await TestEnsemble.start({ properties: { localSessionsEnabled: 'true' } });
    const client = await ensemble.session((await ensemble.followers())[0]!);
    expect((await client.call(create('/e', { mode: CreateMode.EPHEMERAL }))).error).to.equal(ErrorCode.EPHEMERALONLOCALSESSION);
    expect((await client.call(create('/p'))).error).to.equal(0);
  });

  it('has everything acknowledged after all of it went down, and its sessions', async () => {
    const ensemble = await TestEnsemble.start();
    const client = ensemble.client((await ensemble.followers())[0]!);
    await ensemble.serving();
    const { sessionId, password } = await client.connect({ timeoutMs: 8000 });
    for (let i = 0; i < 50; i++) await client.call(create(`/a${i}`));
    await client.call(create('/e', { mode: CreateMode.EPHEMERAL }));
    await Promise.all([1, 2, 3].map((id) => ensemble.stop(id)));
    await Promise.all([1, 2, 3].map((id) => ensemble.open(id)));
    await ensemble.serving();
    const again = ensemble.client(2);
    expect(await again.connect({ sessionId, password, timeoutMs: 8000 })).to.include({ sessionId });
    expect(await children(again)).to.have.length(51);
  });

  it('has observers that follow without a vote', async () => {
    const ensemble = await TestEnsemble.start({ size: 4, observers: [4] });
    await ensemble.serving();
    expect(ensemble.members.get(4)!.role!.state).to.equal('OBSERVING');
    const client = await ensemble.session(4);
    expect((await client.call(create('/o'))).error).to.equal(0);
    expect(await children(await ensemble.session(1))).to.deep.equal(['o']);
    // Two of three voters are a quorum; one and an observer are none.
    const [first, second] = (await ensemble.followers()).filter((id) => id !== 4);
    await ensemble.stop(first!);
    expect((await client.call(create('/p'))).error).to.equal(0);
    await ensemble.stop(second!);
    await client.untilClosed();
  });

  it('may have one member, which is its own quorum', async () => {
    const ensemble = await TestEnsemble.start({ size: 1, properties: { standaloneEnabled: 'false' } });
    const client = await ensemble.session(1);
    expect((await client.call(create('/one'))).error).to.equal(0);
    expect(await children(client)).to.deep.equal(['one']);
    expect(ensemble.members.get(1)!.view.mode).to.equal('leader');
  });

  it('serves, and keeps its sessions, while its members are restarted one after the other', async () => {
    const ensemble = await TestEnsemble.start();
    await ensemble.serving();
    const leader = await ensemble.leader();
    const order = [...(await ensemble.followers()), leader];
    const watching = ensemble.client(order[1]!);
    const { sessionId, password } = await watching.connect({ timeoutMs: 10000 });
    await watching.call(create('/e', { mode: CreateMode.EPHEMERAL }));
    for (const id of order) {
      await ensemble.stop(id);
      // The others go on meanwhile.
      const left = order.find((other) => other !== id)!;
      await ensemble.leader();
      expect((await (await ensemble.session(left)).call(create(`/without-${id}`))).error).to.equal(0);
      await ensemble.open(id);
      await ensemble.serving();
      const again = await ensemble.session(id);
      expect((await again.call(create(`/after-${id}`))).error).to.equal(0);
    }
    const back = await ensemble.session(order[0]!, { sessionId, password, timeoutMs: 10000 });
    expect(await children(back)).to.deep.equal(['after-1', 'after-2', 'after-3', 'e', 'without-1', 'without-2', 'without-3']);
  });

  it('refuses a client that has seen more than it', async () => {
    const ensemble = await TestEnsemble.start();
    await ensemble.serving();
    const client = ensemble.client(1);
    await client.untilOpen();
    client.send({ kind: 'connect', protocolVersion: 0, lastZxidSeen: 2 ** 40, timeoutMs: 4000, sessionId: 0n, password: Buffer.alloc(16), readOnly: false });
    await client.untilClosed();
    expect(client.received).to.deep.equal([]);
  });
});
