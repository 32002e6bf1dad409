/**
 * The client against a running server: what only both sides together can show. Run with our coordinator by `with-server.test.ts`
 * and with Apache ZooKeeper by the interop tests.
 */
import { expect } from 'chai';
import type { ClientEvent, ClientOptions } from '../../../shared/client/client.ts';
import { CoordinatorClient } from '../../../shared/client/client.ts';
import type { CoordinatorError } from '../../../shared/client/errors.ts';
import { checkOp, createOp, deleteOp, setDataOp } from '../../../shared/client/ops.ts';
import type { Transport } from '../../../shared/client/transport.ts';
import { CreateMode } from '../../../shared/znode/create-mode.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import { EventType } from '../../../shared/znode/watch-event.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** On 127.0.0.1, with ticks of 100 ms and sessions from 200 ms on. */
export interface SuiteServer {
  port: number;
  close(): Promise<void>;
}

const text = (data: Uint8Array | null): string | null => (data === null ? null : Buffer.from(data).toString());

/** Declares the tests. `name` says what the client is connected to, and how. */
export function describeWithServer(name: string, start: () => Promise<SuiteServer>, transport: () => Transport): void {
  describe(`CoordinatorClient with ${name}`, () => {
    let member: SuiteServer;
    let proxy: TcpProxy;
    let clients: CoordinatorClient[];

    before(async function () {
      this.timeout(120_000);
      member = await start();
    });
    after(() => member.close());
    beforeEach(async () => {
      clients = [];
      proxy = await TcpProxy.open(member.port);
    });
    afterEach(async () => {
      await Promise.all(clients.map((client) => client.close()));
      await proxy.close();
      const cleaner = await CoordinatorClient.connect({ servers: `127.0.0.1:${member.port}`, transport: transport() });
      const { children } = await cleaner.getChildren('/');
      for (const child of children) if (child !== 'zookeeper') await deleteTree(cleaner, `/${child}`);
      await cleaner.close();
    });

    async function deleteTree(client: CoordinatorClient, path: string): Promise<void> {
      const { children } = await client.getChildren(path);
      await Promise.all(children.map((child) => deleteTree(client, `${path}/${child}`)));
      await client.delete(path);
    }

    /** Connects through the proxy, or directly. */
    async function connect(options: Partial<ClientOptions> = {}, port = proxy.port): Promise<CoordinatorClient> {
      const client = await CoordinatorClient.connect({
        servers: `127.0.0.1:${port}`,
        sessionTimeoutMs: 2_000,
        connectTimeoutMs: 20_000,
        transport: transport(),
        ...options,
      });
      clients.push(client);
      return client;
    }
    const direct = (options: Partial<ClientOptions> = {}): Promise<CoordinatorClient> => connect(options, member.port);
    const happens = (client: CoordinatorClient, event: 'connected' | 'disconnected' | 'expired'): Promise<void> =>
      new Promise((resolve) => {
        const stop = client.on(event, () => {
          stop();
          resolve();
        });
      });
    const codeOf = (call: Promise<unknown>): Promise<number> => call.then(() => 0, (error: CoordinatorError) => error.code);

    it('creates, reads, changes, lists and deletes', async () => {
      const client = await direct();
      expect(await client.create('/a', 'one')).to.equal('/a');
      expect(await client.create('/a/s-', null, { mode: CreateMode.PERSISTENT_SEQUENTIAL })).to.equal('/a/s-0000000000');
      expect(text((await client.getData('/a')).data)).to.equal('one');
      expect((await client.getData('/a/s-0000000000')).data).to.equal(null);
      expect((await client.setData('/a', 'two', 0)).version).to.equal(1);
      expect(await codeOf(client.setData('/a', 'three', 0))).to.equal(ErrorCode.BADVERSION);
      expect(await codeOf(client.delete('/a'))).to.equal(ErrorCode.NOTEMPTY);
      const { children, stat } = await client.getChildren('/a');
      expect(children).to.deep.equal(['s-0000000000']);
      expect(stat.numChildren).to.equal(1);
      expect(await client.exists('/nope')).to.equal(null);
      expect(await client.getAllChildrenNumber('/a')).to.equal(1);
      expect(await client.sync('/a')).to.equal('/a');
      const { path, stat: created } = await client.createWithStat('/e', '', { mode: CreateMode.EPHEMERAL });
      expect(path).to.equal('/e');
      expect(created.ephemeralOwner).to.equal(client.sessionId);
      expect(await client.getEphemerals()).to.deep.equal(['/e']);
      expect((await client.whoAmI())[0]).to.deep.equal({ scheme: 'ip', id: '127.0.0.1' });
    });

    it('does a multi whole or not at all', async () => {
      const client = await direct();
      const results = await client.multi([createOp('/m', 'x'), setDataOp('/m', 'y'), createOp('/m/c', null, { mode: CreateMode.EPHEMERAL })]);
      expect(results.map(({ op }) => op)).to.deep.equal(['create', 'setData', 'create']);
      const failed = client.multi([deleteOp('/m/c'), checkOp('/m', 0), deleteOp('/m')]);
      expect(await codeOf(failed)).to.equal(ErrorCode.BADVERSION);
      expect(await client.exists('/m/c')).to.not.equal(null);
    });

    it('keeps the session over a cut line, and its ephemerals with it', async () => {
      const client = await connect();
      await client.create('/e', null, { mode: CreateMode.EPHEMERAL });
      const { sessionId } = client;
      const back = happens(client, 'disconnected').then(() => happens(client, 'connected'));
      proxy.cut();
      await back;
      expect(client.sessionId).to.equal(sessionId);
      expect((await client.exists('/e'))!.ephemeralOwner).to.equal(sessionId);
    });

    it('reports what changed while the line was cut, and re-arms what did not', async () => {
      const client = await connect();
      const other = await direct();
      for (const path of ['/data', '/gone', '/parent', '/still']) await client.create(path);
      const events: string[] = [];
      let news = (): void => {};
      const watch = (event: ClientEvent): void => {
        events.push(`${event.type} ${event.path}`);
        news();
      };
      await client.getData('/data', { watch });
      await client.getData('/gone', { watch });
      await client.getChildren('/parent', { watch });
      await client.exists('/new', { watch });
      await client.getData('/still', { watch });

      proxy.refuse(true);
      const gone = happens(client, 'disconnected');
      proxy.cut();
      await gone;
      await other.setData('/data', 'x');
      await other.delete('/gone');
      await other.create('/parent/child');
      await other.create('/new');
      expect(events).to.deep.equal([]);
      const back = happens(client, 'connected');
      const fourCame = new Promise<void>((resolve) => (news = () => events.length === 4 && resolve()));
      proxy.refuse(false);
      await back;
      await fourCame;
      expect(events.toSorted()).to.deep.equal([
        `${EventType.NodeCreated} /new`,
        `${EventType.NodeDeleted} /gone`,
        `${EventType.NodeDataChanged} /data`,
        `${EventType.NodeChildrenChanged} /parent`,
      ]);
      // The one that saw no change is armed, and fires once.
      const fifthCame = new Promise<void>((resolve) => (news = resolve));
      await other.setData('/still', 'y');
      await fifthCame;
      await other.setData('/still', 'z');
      await client.sync('/');
      expect(events).to.have.length(5);
      expect(events[4]).to.equal(`${EventType.NodeDataChanged} /still`);
    });

    it('fails with CONNECTIONLOSS what was in flight when the line broke', async () => {
      const client = await connect();
      proxy.silence(true);
      const inFlight = client.create('/maybe');
      // It has left when the server has carried it out.
      const other = await direct();
      await new Promise<void>((resolve, reject) => {
        other.exists('/maybe', { watch: () => resolve() }).then((stat) => stat !== null && resolve(), reject);
      });
      const outcome = codeOf(inFlight);
      proxy.silence(false);
      proxy.cut();
      expect(await outcome).to.equal(ErrorCode.CONNECTIONLOSS);
      expect(await client.exists('/maybe')).to.not.equal(null);
    });

    it('notices a server that falls silent, and finds it again', async () => {
      const client = await connect({ sessionTimeoutMs: 1_500 });
      const reasons: string[] = [];
      client.on('disconnected', ({ reason }) => reasons.push(reason));
      const lost = happens(client, 'disconnected');
      proxy.silence(true);
      await lost;
      const back = happens(client, 'connected');
      proxy.silence(false);
      await back;
      expect(reasons[0]).to.match(/^nothing heard from the server for \d+ ms$/);
    });

    it('expires when it stays away too long, and its ephemerals are gone', async () => {
      const client = await connect({ sessionTimeoutMs: 300 });
      const other = await direct();
      await client.create('/e', null, { mode: CreateMode.EPHEMERAL });
      const deleted = new Promise<ClientEvent>((resolve) => void other.exists('/e', { watch: resolve }));
      const expired = happens(client, 'expired');
      proxy.refuse(true);
      proxy.cut();
      expect((await deleted).type).to.equal(EventType.NodeDeleted);
      proxy.refuse(false);
      await expired;
      expect(await codeOf(client.getData('/'))).to.equal(ErrorCode.SESSIONEXPIRED);
    });

    it('hands a session on from one client to the next', async () => {
      const first = await direct({ sessionTimeoutMs: 2_000 });
      await first.create('/e', null, { mode: CreateMode.EPHEMERAL });
      const { sessionId, password } = first;
      first.abandon();
      const second = await direct({ session: { sessionId, password } });
      expect(second.sessionId).to.equal(sessionId);
      expect((await second.exists('/e'))!.ephemeralOwner).to.equal(sessionId);
      const wrong = CoordinatorClient.connect({
        servers: `127.0.0.1:${member.port}`,
        transport: transport(),
        session: { sessionId, password: new Uint8Array(16).fill(1) },
      });
      expect(await codeOf(wrong)).to.equal(ErrorCode.SESSIONEXPIRED);
    });

    it('runs a watch before the reply that shows the change', async () => {
      const client = await direct();
      await client.create('/a', '0');
      const order: string[] = [];
      for (let i = 1; i <= 20; i++) {
        await client.getData('/a', { watch: () => order.push(`event ${i}`) });
        // Pipelined behind each other: the event has to come between the two replies.
        const [, read] = await Promise.all([client.setData('/a', String(i)), client.getData('/a').then((result) => (order.push(`read ${i}`), result))]);
        expect(text(read.data)).to.equal(String(i));
      }
      expect(order).to.deep.equal(Array.from({ length: 20 }, (_, i) => [`event ${i + 1}`, `read ${i + 1}`]).flat());
    });

    it('sees everything below a recursive watch', async () => {
      const client = await direct();
      const events: string[] = [];
      await client.addWatch('/', (event) => events.push(`${event.type} ${event.path}`));
      await client.create('/a');
      await client.create('/a/b');
      await client.setData('/a/b', 'x');
      await client.delete('/a/b');
      expect(events).to.deep.equal(['1 /a', '1 /a/b', '3 /a/b', '2 /a/b']);
      await client.removeWatches('/');
      await client.delete('/a');
      expect(events.slice(4)).to.deep.equal([`${EventType.PersistentWatchRemoved} /`]);
    });

    it('works below a chroot', async () => {
      const client = await direct();
      await client.create('/app');
      const inside = await direct({ servers: `127.0.0.1:${member.port}/app` });
      expect(await inside.create('/a', 'x')).to.equal('/a');
      expect(text((await client.getData('/app/a')).data)).to.equal('x');
      expect((await inside.getChildren('/')).children).to.deep.equal(['a']);
      expect(await codeOf(inside.getData('/app'))).to.equal(ErrorCode.NONODE);
    });

    it('pipelines thousands of calls', async () => {
      const client = await direct();
      await client.create('/p');
      const paths = await Promise.all(Array.from({ length: 3_000 }, (_, i) => client.create(`/p/${i}`, String(i))));
      expect(paths[2_999]).to.equal('/p/2999');
      const datas = await Promise.all(paths.map((path) => client.getData(path)));
      expect(datas.every(({ data }, i) => text(data) === String(i))).to.equal(true);
    });
  });
}
