import { expect } from 'chai';
import type { ClientEvent, ClientOptions } from '../../../shared/client/client.ts';
import { CoordinatorClient } from '../../../shared/client/client.ts';
import { CoordinatorError } from '../../../shared/client/errors.ts';
import { checkOp, createOp } from '../../../shared/client/ops.ts';
import { OPEN_ACL_UNSAFE } from '../../../shared/znode/acl.ts';
import { CreateMode } from '../../../shared/znode/create-mode.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import type { Stat } from '../../../shared/znode/stat.ts';
import { AddWatchMode, EventType, KeeperState, WatcherType } from '../../../shared/znode/watch-event.ts';
import { ManualEnvironment, opsOf, PASSWORD, ScriptedEnsemble, settle } from './scripted-ensemble.ts';

const stat: Stat = {
  czxid: 1,
  mzxid: 1,
  ctime: 0,
  mtime: 0,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  dataLength: 0,
  numChildren: 0,
  pzxid: 1,
};

describe('CoordinatorClient', () => {
  let ensemble: ScriptedEnsemble;
  let environment: ManualEnvironment;
  let clients: CoordinatorClient[];

  beforeEach(() => {
    ensemble = new ScriptedEnsemble();
    environment = new ManualEnvironment();
    clients = [];
  });
  afterEach(() => clients.forEach((client) => client.abandon()));

  function open(options: Partial<ClientOptions> = {}): CoordinatorClient {
    const client = CoordinatorClient.open({ servers: 'a:1', transport: ensemble, environment, ...options });
    clients.push(client);
    return client;
  }

  function openConnected(options: Partial<ClientOptions> = {}): CoordinatorClient {
    const client = open(options);
    ensemble.last.accept();
    ensemble.last.grant();
    return client;
  }

  /** Drops the connection and has the next one accepted. */
  function reconnect(): void {
    ensemble.last.drop();
    environment.advance(1_000);
    ensemble.last.accept();
    ensemble.last.grant();
  }

  const codeOf = (call: Promise<unknown>): Promise<ErrorCode | 'ok'> =>
    call.then(
      () => 'ok' as const,
      (error: CoordinatorError) => error.code,
    );

  describe('session', () => {
    it('asks for a new session and takes what the server grants', async () => {
      const client = open({ sessionTimeoutMs: 6_000 });
      const connected = client.whenConnected();
      expect(client.state).to.equal('CONNECTING');
      ensemble.last.accept();
      expect(ensemble.last.connectMessage).to.deep.equal({
        kind: 'connect',
        protocolVersion: 0,
        lastZxidSeen: 0,
        timeoutMs: 6_000,
        sessionId: 0n,
        password: new Uint8Array(16),
        readOnly: false,
      });
      ensemble.last.grant({ timeoutMs: 8_000 });
      await connected;
      expect(client.state).to.equal('CONNECTED');
      expect(client.sessionId).to.equal(0x123n);
      expect(client.password).to.deep.equal(PASSWORD);
      expect(client.sessionTimeoutMs).to.equal(8_000);
    });

    it('takes a session up again that it was given', () => {
      const resumed: boolean[] = [];
      const client = open({ session: { sessionId: 0x99n, password: PASSWORD } });
      client.on('connected', (info) => resumed.push(info.resumed));
      ensemble.last.accept();
      expect(ensemble.last.connectMessage).to.include({ sessionId: 0x99n, password: PASSWORD });
      ensemble.last.grant({ sessionId: 0x99n });
      expect(resumed).to.deep.equal([true]);
    });

    it('reconnects with id, password and the last zxid seen', async () => {
      const client = openConnected();
      const created = client.create('/a');
      await settle();
      ensemble.last.reply({ path: '/a' }, { zxid: 77 });
      await created;
      ensemble.last.drop();
      expect(client.state).to.equal('CONNECTING');
      environment.advance(1_000);
      ensemble.last.accept();
      expect(ensemble.connections).to.have.length(2);
      expect(ensemble.last.connectMessage).to.include({ sessionId: 0x123n, password: client.password, lastZxidSeen: 77 });
    });

    it('fails what waits and is over when the session has expired', async () => {
      const client = openConnected();
      const states: KeeperState[] = [];
      let expired = 0;
      client.on('expired', () => expired++);
      client.on('event', (event) => states.push(event.state));
      ensemble.last.drop();
      const waiting = codeOf(client.getData('/a'));
      environment.advance(1_000);
      ensemble.last.accept();
      ensemble.last.grant({ sessionId: 0n, timeoutMs: 0 });
      expect(await waiting).to.equal(ErrorCode.SESSIONEXPIRED);
      expect(expired).to.equal(1);
      expect(states).to.deep.equal([KeeperState.Disconnected, KeeperState.Expired]);
      expect(client.state).to.equal('EXPIRED');
      expect(await codeOf(client.getData('/a'))).to.equal(ErrorCode.SESSIONEXPIRED);
      environment.advance(60_000);
      expect(ensemble.connections).to.have.length(2);
    });

    it('closes after the calls made before, and refuses those after', async () => {
      const client = openConnected();
      const before = client.sync('/');
      const closed = client.close();
      const after = codeOf(client.sync('/'));
      await settle();
      expect(opsOf(ensemble.last.requests)).to.deep.equal(['sync', 'closeSession']);
      ensemble.last.reply({ path: '/' });
      ensemble.last.reply(null);
      expect(await before).to.equal('/');
      await closed;
      expect(await after).to.equal(ErrorCode.SESSIONEXPIRED);
      expect(client.state).to.equal('CLOSED');
      expect(ensemble.last.ended).to.equal('closed');
    });

    it('closes without a server, and when the server does not answer', async () => {
      await open().close();
      const client = openConnected();
      const closed = client.close();
      environment.advance(3_000);
      await closed;
      expect(client.state).to.equal('CLOSED');
    });

    it('fails connect() when no server takes the session in time, saying what was tried', async () => {
      const connect = CoordinatorClient.connect({ servers: 'a:1', transport: ensemble, environment, connectTimeoutMs: 500 });
      ensemble.last.drop('connect ECONNREFUSED 127.0.0.1:1');
      environment.advance(500);
      const error = await connect.then(
        () => null,
        (failure: CoordinatorError) => failure,
      );
      expect(error).to.be.instanceOf(CoordinatorError);
      expect(error!.code).to.equal(ErrorCode.CONNECTIONLOSS);
      expect(error!.message).to.equal(
        'Timed out after 500 ms waiting for connection while in state: CONNECTING (a:1: connect ECONNREFUSED 127.0.0.1:1)',
      );
    });

    it('sends authentication first on every connection, and is over when it is refused', async () => {
      const client = openConnected();
      const added = client.addAuth('digest', 'bob:secret');
      expect(ensemble.last.requests).to.deep.equal([
        { kind: 'request', xid: -4, request: { op: 'auth', scheme: 'digest', auth: new TextEncoder().encode('bob:secret') } },
      ]);
      ensemble.last.say({ kind: 'reply', xid: -4, op: 'auth', zxid: 0, error: 0, response: null });
      await added;
      ensemble.last.drop();
      const read = codeOf(client.getData('/a'));
      environment.advance(1_000);
      ensemble.last.accept();
      ensemble.last.grant();
      expect(opsOf(ensemble.last.requests)).to.deep.equal(['auth', 'getData']);
      ensemble.last.say({ kind: 'reply', xid: -4, op: 'auth', zxid: 0, error: ErrorCode.AUTHFAILED, response: null });
      expect(await read).to.equal(ErrorCode.AUTHFAILED);
      expect(client.state).to.equal('AUTH_FAILED');
    });
  });

  it('settles each authentication with its own reply, when some are sent again', async () => {
    const client = openConnected();
    const granted = { kind: 'reply', xid: -4, op: 'auth', zxid: 0, error: 0, response: null } as const;
    const first = client.addAuth('digest', 'bob:1');
    ensemble.last.say(granted);
    await first;
    ensemble.last.drop();
    let done = false;
    const second = client.addAuth('digest', 'eve:2').then(() => (done = true));
    environment.advance(1_000);
    ensemble.last.accept();
    ensemble.last.grant();
    expect(opsOf(ensemble.last.requests)).to.deep.equal(['auth', 'auth']);
    ensemble.last.say(granted);
    await settle();
    expect(done).to.equal(false);
    ensemble.last.say(granted);
    await second;
  });

  describe('requests', () => {
    it('sends those of one tick in one frame, in order', async () => {
      const client = openConnected();
      const calls = [client.exists('/a'), client.create('/b', 'x'), client.delete('/c', 3)];
      await settle();
      expect(ensemble.last.frames.slice(1)).to.deep.equal([
        [
          { kind: 'request', xid: 1, request: { op: 'exists', path: '/a', watch: false } },
          {
            kind: 'request',
            xid: 2,
            request: { op: 'create', path: '/b', data: new TextEncoder().encode('x'), acl: OPEN_ACL_UNSAFE, mode: CreateMode.PERSISTENT },
          },
          { kind: 'request', xid: 3, request: { op: 'delete', path: '/c', version: 3 } },
        ],
      ]);
      ensemble.last.reply(null, { error: ErrorCode.NONODE });
      ensemble.last.reply({ path: '/b' });
      ensemble.last.reply(null, { error: ErrorCode.BADVERSION });
      expect(await calls[0]).to.equal(null);
      expect(await calls[1]).to.equal('/b');
      const error = await calls[2]!.catch((failure: CoordinatorError) => failure);
      expect(error).to.include({ code: ErrorCode.BADVERSION, path: '/c', message: 'KeeperErrorCode = BadVersion for /c' });
    });

    it('fails those in flight when the line breaks, and sends those that waited on the next connection', async () => {
      const client = openConnected();
      const inFlight = codeOf(client.setData('/a', 'x'));
      await settle();
      ensemble.last.drop();
      const waiting = codeOf(client.setData('/b', 'x'));
      expect(await inFlight).to.equal(ErrorCode.CONNECTIONLOSS);
      environment.advance(1_000);
      ensemble.last.accept();
      ensemble.last.grant();
      expect(ensemble.last.requests.map(({ request }) => 'path' in request && request.path)).to.deep.equal(['/b']);
      ensemble.last.reply({ stat });
      expect(await waiting).to.equal('ok');
    });

    it('waits with calls until the first connection', async () => {
      const client = open();
      const read = client.getChildren('/');
      await settle();
      ensemble.last.accept();
      ensemble.last.grant();
      ensemble.last.reply({ children: ['a'], stat });
      expect((await read).children).to.deep.equal(['a']);
    });

    it('refuses what is beyond its bounds instead of keeping it', async () => {
      const client = openConnected();
      expect(await codeOf(client.create('/big', new Uint8Array(5_000_000)))).to.equal(ErrorCode.BADARGUMENTS);
      ensemble.last.drop();
      const calls = Array.from({ length: 65_536 }, () => codeOf(client.sync('/')));
      expect(await codeOf(client.sync('/'))).to.equal(ErrorCode.THROTTLEDOP);
      client.abandon();
      expect(new Set(await Promise.all(calls))).to.deep.equal(new Set([ErrorCode.CONNECTIONLOSS]));
    });

    it('cuts what waits into frames, and keeps no more than a bound in flight', async () => {
      const client = openConnected();
      const calls = Array.from({ length: 10_000 }, () => codeOf(client.sync('/')));
      await settle();
      expect(ensemble.last.requests).to.have.length(8_192);
      expect(Math.max(...ensemble.last.frames.map((frame) => frame.length))).to.equal(1_000);
      for (let i = 0; i < 10_000; i++) {
        ensemble.last.reply({ path: '/' });
        if (i % 1_000 === 0) await settle();
      }
      expect(new Set(await Promise.all(calls))).to.deep.equal(new Set(['ok']));
    });

    it('gives up a server that answers something else than what was asked', async () => {
      const client = openConnected();
      const reasons: string[] = [];
      client.on('disconnected', ({ reason }) => reasons.push(reason));
      const read = codeOf(client.getData('/a'));
      await settle();
      ensemble.last.say({ kind: 'reply', xid: 9, op: 'getData', zxid: 1, error: 0, response: { data: null, stat } });
      expect(await read).to.equal(ErrorCode.CONNECTIONLOSS);
      expect(reasons).to.deep.equal(['the server breaks the protocol: a reply with xid 9 where the one to xid 1 belongs']);
      expect(ensemble.last.ended).to.equal('aborted');
    });

    it('rejects a path that cannot be before sending anything', async () => {
      const client = openConnected();
      const calls = [
        client.getData('a'),
        client.exists('/a/'),
        client.getChildren('/a//b'),
        client.create('/a/..'),
        client.addWatch('', () => {}),
        client.multi([checkOp('x')]),
      ];
      const codes = await Promise.all(calls.map((call) => codeOf(call)));
      expect(codes).to.deep.equal(calls.map(() => ErrorCode.BADARGUMENTS));
      await settle();
      expect(ensemble.last.requests).to.deep.equal([]);
    });

    it('picks the operation of a create by its mode', async () => {
      const client = openConnected();
      const calls = [
        client.createWithStat('/a'),
        client.create('/c', null, { mode: CreateMode.CONTAINER }),
        client.create('/t', null, { mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: 5 }),
        client.create('/s/', null, { mode: CreateMode.EPHEMERAL_SEQUENTIAL }),
      ];
      await settle();
      expect(opsOf(ensemble.last.requests)).to.deep.equal(['create2', 'createContainer', 'createTTL', 'create']);
      for (const path of ['/a', '/c', '/t', '/s/0000000000']) ensemble.last.reply({ path, stat });
      expect(await Promise.all(calls)).to.deep.equal([{ path: '/a', stat }, '/c', '/t', '/s/0000000000']);
      expect(await codeOf(client.create('/t', null, { mode: CreateMode.PERSISTENT_WITH_TTL }))).to.equal(ErrorCode.BADARGUMENTS);
      expect(await codeOf(client.create('/t', null, { ttlMs: 5 }))).to.equal(ErrorCode.BADARGUMENTS);
    });

    it('fails a multi with code and path of the operation that failed', async () => {
      const client = openConnected();
      const call = client.multi([createOp('/a'), checkOp('/b', 2), createOp('/c')]);
      await settle();
      const results = [0, ErrorCode.BADVERSION, ErrorCode.RUNTIMEINCONSISTENCY].map((error) => ({ op: 'error' as const, error }));
      ensemble.last.reply({ results });
      const error = await call.then(
        () => null,
        (failure: CoordinatorError) => failure,
      );
      expect(error).to.include({ code: ErrorCode.BADVERSION, path: '/b', results });
    });
  });

  describe('chroot', () => {
    it('stands before every path that goes out and is gone from all that comes in', async () => {
      const client = openConnected({ servers: 'a:1/app/x' });
      const events: ClientEvent[] = [];
      const calls = [
        client.create('/a', null, { mode: CreateMode.PERSISTENT_SEQUENTIAL }),
        client.exists('/', { watch: (event) => events.push(event) }),
        client.getEphemerals(),
        client.multi([createOp('/m')]),
        client.getData('/missing'),
        client.getConfig(),
      ] as const;
      await settle();
      const paths = ensemble.last.requests.map(({ request }) => ('ops' in request ? request.ops[0]!.path : 'path' in request && request.path));
      expect(paths).to.deep.equal(['/app/x/a', '/app/x', '/app/x', '/app/x/m', '/app/x/missing', '/zookeeper/config']);
      ensemble.last.reply({ path: '/app/x/a0000000000' });
      ensemble.last.reply({ stat });
      ensemble.last.reply({ ephemerals: ['/app/x/e'] });
      ensemble.last.reply({ results: [{ op: 'create', path: '/app/x/m' }] });
      ensemble.last.reply(null, { error: ErrorCode.NONODE });
      ensemble.last.reply({ data: null, stat });
      ensemble.last.event(EventType.NodeDataChanged, '/app/x');
      expect(await calls[0]).to.equal('/a0000000000');
      expect(await calls[2]).to.deep.equal(['/e']);
      expect(await calls[3]).to.deep.equal([{ op: 'create', path: '/m' }]);
      expect(await calls[4].catch((error: Error) => error.message)).to.equal('KeeperErrorCode = NoNode for /missing');
      expect(events.map(({ path }) => path)).to.deep.equal(['/']);
    });
  });

  describe('watches', () => {
    it('runs the callback before the reply to a call that shows the change', async () => {
      const client = openConnected();
      const order: string[] = [];
      const first = client.getData('/a', { watch: () => order.push('event') });
      await settle();
      ensemble.last.reply({ data: null, stat });
      await first;
      const second = client.getData('/a').then(() => order.push('reply'));
      await settle();
      // In one batch, as a server sends them.
      const reply = ensemble.last.replyMessage({ data: null, stat });
      ensemble.last.say({ kind: 'event', type: EventType.NodeDataChanged, state: KeeperState.SyncConnected, path: '/a', zxid: 5 }, reply);
      await second;
      expect(order).to.deep.equal(['event', 'reply']);
    });

    it('hears an event that follows the arming reply in the same frame', async () => {
      const client = openConnected();
      const events: ClientEvent[] = [];
      const read = client.exists('/a', { watch: (event) => events.push(event) });
      await settle();
      const reply = ensemble.last.replyMessage(null, { error: ErrorCode.NONODE });
      ensemble.last.say(reply, { kind: 'event', type: EventType.NodeCreated, state: KeeperState.SyncConnected, path: '/a', zxid: 9 });
      expect(await read).to.equal(null);
      expect(events).to.deep.equal([{ type: EventType.NodeCreated, state: KeeperState.SyncConnected, path: '/a', zxid: 9 }]);
    });

    it('sets none when getData is refused', async () => {
      const client = openConnected();
      const events: ClientEvent[] = [];
      const read = codeOf(client.getData('/a', { watch: (event) => events.push(event) }));
      await settle();
      ensemble.last.reply(null, { error: ErrorCode.NONODE });
      expect(await read).to.equal(ErrorCode.NONODE);
      ensemble.last.event(EventType.NodeCreated, '/a');
      expect(events).to.deep.equal([]);
    });

    it('arms all of them again on reconnection, before what waits, relative to the last reply', async () => {
      const client = openConnected();
      const note = (): void => {};
      const calls = [
        client.getData('/data', { watch: note }),
        client.exists('/there', { watch: note }),
        client.exists('/absent', { watch: note }),
        client.getChildren('/parent', { watch: note }),
        client.addWatch('/p', note, AddWatchMode.PERSISTENT),
        client.addWatch('/r', note),
      ];
      await settle();
      ensemble.last.reply({ data: null, stat });
      ensemble.last.reply({ stat });
      ensemble.last.reply(null, { error: ErrorCode.NONODE });
      ensemble.last.reply({ children: [], stat });
      ensemble.last.reply(null);
      ensemble.last.reply(null, { zxid: 41 });
      await Promise.all(calls);
      // One event of zxid 42 has come; others of the same zxid may be lost with the line, so it must not count as seen.
      ensemble.last.event(EventType.NodeDataChanged, '/data', 42);
      ensemble.last.drop();
      const waiting = codeOf(client.sync('/'));
      environment.advance(1_000);
      ensemble.last.accept();
      ensemble.last.grant();
      await settle();
      expect(ensemble.last.requests).to.deep.equal([
        {
          kind: 'request',
          xid: -8,
          request: {
            op: 'setWatches',
            relativeZxid: 41,
            dataWatches: ['/there'],
            existWatches: ['/absent'],
            childWatches: ['/parent'],
            persistentWatches: ['/p'],
            persistentRecursiveWatches: ['/r'],
          },
        },
        { kind: 'request', xid: 7, request: { op: 'sync', path: '/' } },
      ]);
      ensemble.last.say({ kind: 'reply', xid: -8, op: 'setWatches', zxid: 43, error: 0, response: null });
      ensemble.last.reply({ path: '/' });
      expect(await waiting).to.equal('ok');
    });

    it('takes watches off and tells their callbacks', async () => {
      const client = openConnected();
      const types: [string, EventType][] = [];
      const calls = [
        client.getData('/a', { watch: ({ type }) => types.push(['data', type]) }),
        client.getChildren('/a', { watch: ({ type }) => types.push(['child', type]) }),
        client.addWatch('/a', ({ type }) => types.push(['recursive', type])),
      ];
      await settle();
      ensemble.last.reply({ data: null, stat });
      ensemble.last.reply({ children: [], stat });
      ensemble.last.reply(null);
      await Promise.all(calls);

      const children = client.removeWatches('/a', WatcherType.CHILDREN);
      await settle();
      ensemble.last.reply(null);
      await children;
      expect(types).to.deep.equal([['child', EventType.ChildWatchRemoved]]);

      const rest = client.removeWatches('/a');
      await settle();
      ensemble.last.reply(null);
      await rest;
      expect(types.slice(1)).to.deep.equal([
        ['data', EventType.DataWatchRemoved],
        ['recursive', EventType.PersistentWatchRemoved],
      ]);
      expect(await codeOf(client.removeWatches('/a'))).to.equal(ErrorCode.NOWATCHER);
    });

    it('keeps the session whole when a callback throws', async () => {
      const client = openConnected();
      const before = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      const thrown = new Promise<Error>((resolve) => process.once('uncaughtException', resolve));
      try {
        const read = client.exists('/a', {
          watch: () => {
            throw new Error('from the callback');
          },
        });
        await settle();
        ensemble.last.reply({ stat });
        await read;
        const next = client.sync('/');
        await settle();
        const reply = ensemble.last.replyMessage({ path: '/' });
        ensemble.last.say({ kind: 'event', type: EventType.NodeDeleted, state: KeeperState.SyncConnected, path: '/a', zxid: 3 }, reply);
        expect(await next).to.equal('/');
        expect((await thrown).message).to.equal('from the callback');
      } finally {
        for (const listener of before) process.on('uncaughtException', listener);
      }
    });
  });

  describe('events', () => {
    it('tells the changes of the connection in order', () => {
      const told: string[] = [];
      const client = open();
      client.on('connected', ({ resumed }) => told.push(`connected resumed=${resumed}`));
      client.on('disconnected', ({ reason }) => told.push(`disconnected: ${reason}`));
      client.on('attemptFailed', ({ server, reason }) => told.push(`${server}: ${reason}`));
      ensemble.last.accept();
      ensemble.last.grant();
      ensemble.last.drop('gone');
      environment.advance(100);
      ensemble.last.drop('refused');
      environment.advance(100);
      ensemble.last.accept();
      ensemble.last.grant();
      expect(told).to.deep.equal(['connected resumed=false', 'disconnected: gone', 'a:1: refused', 'connected resumed=true']);
    });

    it('stops telling who no longer listens', () => {
      const client = openConnected();
      let count = 0;
      const stop = client.on('disconnected', () => count++);
      stop();
      reconnect();
      expect(count).to.equal(0);
    });
  });
});
