/** node-zookeeper-client, the client for Node: znodes, watches, transactions, access lists, broken lines and expiry. */
import { once } from 'node:events';
import { expect } from 'chai';
import zookeeper from 'node-zookeeper-client';
import type { Client, ClientEvent, ClientOptions, ClientState } from 'node-zookeeper-client';
import { TcpProxy } from '../shared/client/tcp-proxy.ts';
import { startClientsCoordinator } from './support/client-cases.ts';
import type { Coordinator } from './support/coordinator.ts';
import { freshName } from './support/shared-pair.ts';

const { ACL, CreateMode, Event, Exception, Id, Permission, State } = zookeeper;

type Callback<T> = (error: Error | null, value: T) => void;

/** What a call with a callback comes to. */
function called<T = void>(call: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => call((error, value) => (error === null || error === undefined ? resolve(value) : reject(error))));
}

/** The code with which a call is refused. */
async function refusal(call: (callback: Callback<unknown>) => void): Promise<number> {
  try {
    await called(call);
  } catch (error) {
    return (error as { getCode(): number }).getCode();
  }
  throw new Error('The call was not refused');
}

describe('node-zookeeper-client', () => {
  let coordinator: Coordinator;
  let proxy: TcpProxy;
  let root: string;
  let clients: Client[] = [];

  before(async () => {
    coordinator = await startClientsCoordinator();
  });
  after(() => coordinator.close());
  beforeEach(async () => {
    proxy = await TcpProxy.open(coordinator.port);
    root = `/${freshName('node')}`;
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    clients = [];
    await proxy.close();
  });

  async function connect(port = coordinator.port, options: ClientOptions = {}): Promise<Client> {
    const client = zookeeper.createClient(`127.0.0.1:${port}`, { sessionTimeout: 10_000, ...options });
    clients.push(client);
    client.connect();
    await once(client, 'connected');
    return client;
  }

  const create = (client: Client, path: string, data = '', mode = CreateMode.PERSISTENT): Promise<string> =>
    called((done) => client.create(path, Buffer.from(data), mode, done));
  const read = async (client: Client, path: string): Promise<string> =>
    new Promise((resolve, reject) => client.getData(path, undefined, (error, data) => (error ? reject(error) : resolve(String(data)))));
  const children = async (client: Client, path: string): Promise<string[]> =>
    (await called<string[]>((done) => client.getChildren(path, undefined, done))).toSorted();

  it('makes, reads, writes and deletes znodes, and is refused by name', async () => {
    const client = await connect();
    expect(await create(client, root, 'top')).to.equal(root);
    expect(await refusal((done) => client.create(root, done))).to.equal(Exception.NODE_EXISTS);
    expect(await refusal((done) => client.create(`${root}/a/b`, done))).to.equal(Exception.NO_NODE);
    expect(await create(client, `${root}/s-`, '', CreateMode.PERSISTENT_SEQUENTIAL)).to.equal(`${root}/s-0000000000`);
    expect(await create(client, `${root}/e`, '', CreateMode.EPHEMERAL)).to.equal(`${root}/e`);
    expect(await refusal((done) => client.create(`${root}/e/x`, done))).to.equal(Exception.NO_CHILDREN_FOR_EPHEMERALS);
    expect(await create(client, `${root}/es-`, '', CreateMode.EPHEMERAL_SEQUENTIAL)).to.equal(`${root}/es-0000000002`);
    expect(await called((done) => client.mkdirp(`${root}/deep/er`, done))).to.equal(`${root}/deep/er`);
    expect(await read(client, root)).to.equal('top');
    const stat = await called<{ version: number }>((done) => client.setData(root, Buffer.from('new'), 0, done));
    expect(stat.version).to.equal(1);
    expect(await refusal((done) => client.setData(root, Buffer.from('old'), 0, done))).to.equal(Exception.BAD_VERSION);
    expect(await refusal((done) => client.remove(root, done))).to.equal(Exception.NOT_EMPTY);
    expect(await children(client, root)).to.deep.equal(['deep', 'e', 'es-0000000002', 's-0000000000']);
    const owner = await called<{ ephemeralOwner: Buffer }>((done) => client.exists(`${root}/e`, undefined, done));
    expect(owner.ephemeralOwner).to.deep.equal(client.getSessionId());
    expect(await called((done) => client.listSubTreeBFS(`${root}/deep`, done))).to.deep.equal([`${root}/deep`, `${root}/deep/er`]);
    await called((done) => client.removeRecursive(`${root}/deep`, done));
    expect(await called((done) => client.exists(`${root}/deep`, undefined, done))).to.not.be.an('object');
  });

  it('has a thousand requests in flight, answered each with its own', async () => {
    const client = await connect();
    await create(client, root);
    const paths = Array.from({ length: 1000 }, (_, i) => `${root}/${String(i).padStart(4, '0')}`);
    expect(await Promise.all(paths.map((path) => create(client, path, path)))).to.deep.equal(paths);
    expect(await Promise.all(paths.map((path) => read(client, path)))).to.deep.equal(paths);
    expect(await children(client, root)).to.have.length(1000);
  });

  it('hears of data, children, creation and deletion', async () => {
    const client = await connect();
    const other = await connect();
    await create(other, root, '0');
    const heard = (watch: (watcher: (event: ClientEvent) => void) => Promise<unknown>): { event: Promise<[number, string]>; set: Promise<unknown> } => {
      let set!: Promise<unknown>;
      const event = new Promise<[number, string]>((resolve) => {
        set = watch((seen) => resolve([seen.getType(), seen.getPath()]));
      });
      return { event, set };
    };
    const changed = heard((watcher) => called((done) => client.getData(root, watcher, done)));
    const grown = heard((watcher) => called((done) => client.getChildren(root, watcher, done)));
    const made = heard((watcher) => called((done) => client.exists(`${root}/x`, watcher, done)));
    await Promise.all([changed.set, grown.set, made.set]);
    await called((done) => other.setData(root, Buffer.from('1'), done));
    await create(other, `${root}/x`);
    const gone = heard((watcher) => called((done) => client.exists(`${root}/x`, watcher, done)));
    await gone.set;
    await called((done) => other.remove(`${root}/x`, done));
    expect(await Promise.all([changed, grown, made, gone].map(({ event }) => event))).to.deep.equal([
      [Event.NODE_DATA_CHANGED, root],
      [Event.NODE_CHILDREN_CHANGED, root],
      [Event.NODE_CREATED, `${root}/x`],
      [Event.NODE_DELETED, `${root}/x`],
    ]);
  });

  it('commits a transaction whole, or nothing of it', async () => {
    const client = await connect();
    const results = await called<{ type: number; path?: string }[]>((done) =>
      client.transaction().create(root, Buffer.from('1')).create(`${root}/x`).check(root, 0).setData(root, Buffer.from('2'), 0).remove(`${root}/x`).commit(done),
    );
    expect(results).to.have.length(5);
    expect(results[0]?.path).to.equal(root);
    expect(await read(client, root)).to.equal('2');
    expect(await refusal((done) => client.transaction().create(`${root}/y`).check(root, 7).commit(done))).to.equal(Exception.BAD_VERSION);
    expect(await children(client, root)).to.deep.equal([]);
  });

  it('closes znodes with digest access lists; super opens them', async () => {
    const [alice, stranger, boss] = await Promise.all([connect(), connect(), connect()]);
    alice.addAuthInfo('digest', Buffer.from('alice:secret'));
    boss.addAuthInfo('digest', Buffer.from('super:test'));
    const creator = ACL.CREATOR_ALL_ACL;
    await called((done) => alice.create(root, Buffer.from('mine'), creator, done));
    expect(await refusal((done) => stranger.getData(root, undefined, done))).to.equal(Exception.NO_AUTH);
    const [list] = await called<[{ permission: number; id: { scheme: string; id: string } }[]]>((done) =>
      alice.getACL(root, (error, acls) => done(error, [acls])),
    );
    expect(list).to.have.length(1);
    expect([list[0]?.permission, list[0]?.id.scheme, list[0]?.id.id.split(':')[0]]).to.deep.equal([Permission.ALL, 'digest', 'alice']);
    await called((done) => alice.setACL(root, [new ACL(Permission.READ, new Id('world', 'anyone'))], done));
    expect(await read(stranger, root)).to.equal('mine');
    expect(await refusal((done) => alice.setData(root, Buffer.from('x'), done))).to.equal(Exception.NO_AUTH);
    await called((done) => boss.setData(root, Buffer.from('theirs'), done));
    expect(await read(stranger, root)).to.equal('theirs');
  });

  it('lives below a chroot', async () => {
    const outside = await connect();
    await create(outside, root);
    const inside = zookeeper.createClient(`${coordinator.address}${root}`);
    clients.push(inside);
    inside.connect();
    await once(inside, 'connected');
    expect(await create(inside, '/x', 'deep')).to.equal('/x');
    expect(await read(outside, `${root}/x`)).to.equal('deep');
    expect(await children(inside, '/')).to.deep.equal(['x']);
  });

  it('keeps session, identities and watches over a cut line, and hears what it missed', async () => {
    const client = await connect(proxy.port);
    const other = await connect();
    client.addAuthInfo('digest', Buffer.from('alice:secret'));
    await create(client, root, '0');
    await create(client, `${root}/e`, '', CreateMode.EPHEMERAL);
    await called((done) => client.create(`${root}/mine`, ACL.CREATOR_ALL_ACL, done));
    const session = client.getSessionId();
    const heard: [number, string][] = [];
    let wake = (): void => undefined;
    const watcher = (event: ClientEvent): void => {
      heard.push([event.getType(), event.getPath()]);
      wake();
    };
    const until = async (count: number): Promise<void> => {
      while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
    };
    await called((done) => client.getData(root, watcher, done));
    await called((done) => client.exists(`${root}/later`, watcher, done));
    const disconnected = once(client, 'disconnected');
    proxy.refuse(true);
    proxy.cut();
    await disconnected;
    await called((done) => other.setData(root, Buffer.from('missed'), done));
    const connected = once(client, 'connected');
    proxy.refuse(false);
    await connected;
    expect(client.getSessionId()).to.deep.equal(session);
    await until(1);
    await called((done) => client.getData(`${root}/mine`, undefined, done));
    expect(await called((done) => other.exists(`${root}/e`, undefined, done))).to.be.an('object');
    await create(other, `${root}/later`);
    await until(2);
    expect(heard).to.deep.equal([
      [Event.NODE_DATA_CHANGED, root],
      [Event.NODE_CREATED, `${root}/later`],
    ]);
  });

  it('keeps session and ephemerals over a kill -9 of the server', async () => {
    const client = await connect(coordinator.port, { sessionTimeout: 20_000 });
    await create(client, root, 'durable');
    await create(client, `${root}/e`, '', CreateMode.EPHEMERAL);
    const session = client.getSessionId();
    await coordinator.kill();
    const connected = once(client, 'connected');
    await coordinator.launch();
    await connected;
    expect(client.getSessionId()).to.deep.equal(session);
    expect(await read(client, root)).to.equal('durable');
    const stat = await called<{ ephemeralOwner: Buffer }>((done) => client.exists(`${root}/e`, undefined, done));
    expect(stat.ephemeralOwner).to.deep.equal(session);
  });

  it('loses session and ephemerals when it is away for too long', async () => {
    const client = await connect(proxy.port, { sessionTimeout: 1_500 });
    const other = await connect();
    await create(client, root);
    await create(client, `${root}/e`, '', CreateMode.EPHEMERAL);
    const gone = new Promise<ClientEvent>((resolve, reject) => other.exists(`${root}/e`, resolve, (error) => error && reject(error)));
    const expired = new Promise<void>((resolve) => client.on('state', (state: ClientState) => state === State.EXPIRED && resolve()));
    proxy.refuse(true);
    proxy.cut();
    expect((await gone).getType()).to.equal(Event.NODE_DELETED);
    proxy.refuse(false);
    await expired;
  });
});
