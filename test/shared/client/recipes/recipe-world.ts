/**
 * A coordinator with short ticks, and sessions on it that a test can kill. TEST_COORDINATOR=host:port uses one that runs already
 * (an Apache ZooKeeper, say; with a tickTime of 100 and a minSessionTimeout of 200 the tests take as long as usual).
 */
import type { ClientOptions } from '../../../../shared/client/client.ts';
import { CoordinatorClient } from '../../../../shared/client/client.ts';
import { nodeTransport } from '../../../../shared/client/node-transport.ts';
import type { LogLevel } from '../../../../shared/telemetry/logger.ts';
import { setLogLevel } from '../../../../shared/telemetry/logger.ts';
import { closeMembers, testMember } from '../../../coordinator/server/test-member.ts';
import { TcpProxy } from '../tcp-proxy.ts';

export interface RecipeWorld {
  /** A fresh path for each test. */
  path: string;
  session(options?: Partial<ClientOptions>): Promise<CoordinatorClient>;
  sessions(count: number): Promise<CoordinatorClient[]>;
  /** One whose line the test can cut. */
  proxied(options?: Partial<ClientOptions>): Promise<{ client: CoordinatorClient; proxy: TcpProxy }>;
}

/** Declares the hooks of a `describe`. */
export function recipeWorld(): RecipeWorld {
  let port = 0;
  let clients: CoordinatorClient[] = [];
  let proxies: TcpProxy[] = [];
  let count = 0;
  const run = Date.now();

  let levelBefore: LogLevel;
  before(async () => {
    levelBefore = setLogLevel('silent');
    const given = process.env['TEST_COORDINATOR'];
    if (given !== undefined) port = Number(given.split(':')[1]);
    else ({ port } = (await testMember({ tickTime: '100', minSessionTimeout: '200' })).member);
  });
  beforeEach(() => {
    world.path = `/recipe-${run}-${count++}/deep`;
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  });
  after(async () => {
    await closeMembers();
    setLogLevel(levelBefore);
  });

  async function connect(toPort: number, options: Partial<ClientOptions>): Promise<CoordinatorClient> {
    const client = await CoordinatorClient.connect({ servers: `127.0.0.1:${toPort}`, sessionTimeoutMs: 2_000, transport: nodeTransport(), ...options });
    clients.push(client);
    return client;
  }
  const world: RecipeWorld = {
    path: '',
    session: (options = {}) => connect(port, options),
    sessions: (number) => Promise.all(Array.from({ length: number }, () => world.session())),
    async proxied(options = {}) {
      const proxy = await TcpProxy.open(port);
      proxies.push(proxy);
      return { client: await connect(proxy.port, options), proxy };
    },
  };
  return world;
}

/** Resolves when `signal` fires. */
export function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve())));
}

/** Resolves when as many children are there as said. */
export async function untilChildren(client: CoordinatorClient, path: string, count: number): Promise<void> {
  for (;;) {
    const changed = await new Promise<boolean>((resolve, reject) => {
      const wake = (): void => resolve(true);
      client.exists(path, { watch: wake }).then(async (stat) => {
        if (stat === null) return;
        const { children } = await client.getChildren(path, { watch: wake });
        if (children.length === count) resolve(false);
      }).catch(reject);
    });
    if (!changed) return;
  }
}

/** Counts the watch events of znodes that reach a client from now on. */
export function countEvents(client: CoordinatorClient): () => number {
  let count = 0;
  client.on('event', ({ path }) => path !== '' && count++);
  return () => count;
}

/** Behind a client whose line is cut, of two children `a` and `b`: one changes, one goes, and `c` comes. */
export async function changeWhileCut(proxy: TcpProxy, other: CoordinatorClient, path: string): Promise<void> {
  proxy.refuse(true);
  proxy.cut();
  await other.setData(`${path}/a`, '2');
  await other.delete(`${path}/b`);
  await other.create(`${path}/c`, '3');
  proxy.refuse(false);
}

/** Forty times at once: creates, writes and deletes one of so many children. Gives what is left, each as `name=data`. */
export async function storm(client: CoordinatorClient, path: string, names: number): Promise<string[]> {
  const paths = Array.from({ length: 40 }, (_, i) => `${path}/n${i % names}`);
  await Promise.allSettled(paths.flatMap((child, i) => [client.create(child, 'x'), client.setData(child, String(i)), i % 3 === 0 ? client.delete(child) : null]));
  const { children } = await client.getChildren(path);
  return Promise.all(children.map(async (name) => `${name}=${Buffer.from((await client.getData(`${path}/${name}`)).data ?? []).toString()}`));
}
