import { expect } from 'chai';
import type { CoordinatorClient } from '../../../../shared/client/client.ts';
import { ensurePath } from '../../../../shared/client/recipes/sequence.ts';
import { TreeCache } from '../../../../shared/client/recipes/tree-cache.ts';
import { changeWhileCut, recipeWorld, storm } from './recipe-world.ts';

describe('TreeCache', () => {
  const world = recipeWorld();

  function watched(client: CoordinatorClient): { cache: TreeCache; changes: string[]; until: (state: string) => Promise<void> } {
    const changes: string[] = [];
    let wake = (): void => {};
    const cache = new TreeCache(client, world.path, ({ kind, path }) => {
      changes.push(`${kind} ${path.slice(world.path.length)}`);
      wake();
    });
    const show = (): string => [...cache.nodes].map(([path, { data }]) => `${path.slice(world.path.length)}=${Buffer.from(data ?? []).toString()}`).sort().join();
    const until = async (state: string): Promise<void> => {
      while (show() !== state) await new Promise<void>((resolve) => (wake = resolve));
    };
    return { cache, changes, until };
  }

  it('follows everything below a znode, at any depth', async () => {
    const [client, other] = await world.sessions(2);
    await ensurePath(other!, world.path);
    await other!.create(`${world.path}/a`, '1');
    const { cache, changes, until } = watched(client!);
    await cache.start();
    await until('/a=1,=');
    await other!.create(`${world.path}/a/b`, '2');
    await other!.create(`${world.path}/a/b/c`, '3');
    await until('/a/b/c=3,/a/b=2,/a=1,=');
    await other!.setData(`${world.path}/a/b`, '4');
    await until('/a/b/c=3,/a/b=4,/a=1,=');
    await other!.delete(`${world.path}/a/b/c`);
    await other!.delete(`${world.path}/a/b`);
    await until('/a=1,=');
    expect(changes.slice(2)).to.deep.equal(['added /a/b', 'added /a/b/c', 'changed /a/b', 'removed /a/b/c', 'removed /a/b']);
    await cache.stop();
    await other!.setData(`${world.path}/a`, 'unseen');
    await client!.sync('/');
    expect(changes).to.have.length(7);
  });

  it('begins before there is anything', async () => {
    const [client, other] = await world.sessions(2);
    const { cache, until } = watched(client!);
    await cache.start();
    expect(cache.nodes.size).to.equal(0);
    await ensurePath(other!, world.path);
    await until('=');
  });

  it('catches up after the line was cut', async () => {
    const { client, proxy } = await world.proxied();
    const other = await world.session();
    await ensurePath(other, world.path);
    for (const name of ['a', 'b']) await other.create(`${world.path}/${name}`, '1');
    const { cache, until } = watched(client);
    await cache.start();
    await changeWhileCut(proxy, other, world.path);
    await until('/a=2,/c=3,=');
  });

  it('ends where the storm ends', async () => {
    const [client, other] = await world.sessions(2);
    await ensurePath(other!, world.path);
    const { cache, until } = watched(client!);
    const starting = cache.start();
    const left = await storm(other!, world.path, 7);
    await starting;
    await until([...left.map((child) => `/${child}`), '='].sort().join());
  });
});
