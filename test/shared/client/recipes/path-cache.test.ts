import { expect } from 'chai';
import type { CoordinatorError } from '../../../../shared/client/errors.ts';
import { PathCache } from '../../../../shared/client/recipes/path-cache.ts';
import { ensurePath } from '../../../../shared/client/recipes/sequence.ts';
import { ErrorCode } from '../../../../shared/znode/error-code.ts';
import { changeWhileCut, recipeWorld, storm } from './recipe-world.ts';

describe('PathCache', () => {
  const world = recipeWorld();
  const show = (cache: PathCache): string =>
    [...cache.children].map(([name, { data }]) => `${name}=${Buffer.from(data ?? []).toString()}`).sort().join();

  async function started(client: Parameters<typeof ensurePath>[0]): Promise<{ cache: PathCache; until: (state: string) => Promise<void> }> {
    let wake = (): void => {};
    const cache = new PathCache(client, world.path, () => wake());
    await cache.start();
    const until = async (state: string): Promise<void> => {
      while (show(cache) !== state) await new Promise<void>((resolve) => (wake = resolve));
    };
    return { cache, until };
  }

  it('follows children and their data', async () => {
    const [client, other] = await world.sessions(2);
    await ensurePath(other!, world.path);
    await other!.create(`${world.path}/a`, '1');
    const { cache, until } = await started(client!);
    expect(show(cache)).to.equal('a=1');
    await other!.create(`${world.path}/b`, '2');
    await until('a=1,b=2');
    for (const value of ['3', '4', '5']) await other!.setData(`${world.path}/a`, value);
    await until('a=5,b=2');
    await other!.delete(`${world.path}/b`);
    await until('a=5');
    await other!.delete(`${world.path}/a`);
    await other!.create(`${world.path}/a`, 'again');
    await until('a=again');
    cache.stop();
    await other!.setData(`${world.path}/a`, 'unseen');
    await client!.sync('/');
    expect(show(cache)).to.equal('a=again');
  });

  it('misses nothing while the line is cut', async () => {
    const { client, proxy } = await world.proxied();
    const other = await world.session();
    await ensurePath(other, world.path);
    for (const name of ['a', 'b']) await other.create(`${world.path}/${name}`, '1');
    const { until } = await started(client);
    await changeWhileCut(proxy, other, world.path);
    await until('a=2,c=3');
  });

  it('ends where the storm ends', async () => {
    const [client, other] = await world.sessions(2);
    await ensurePath(other!, world.path);
    const { until } = await started(client!);
    await until((await storm(other!, world.path, 10)).sort().join());
  });

  it('says that there is nothing to watch', async () => {
    const code = await new PathCache(await world.session(), world.path).start().then(() => 0, (error: CoordinatorError) => error.code);
    expect(code).to.equal(ErrorCode.NONODE);
  });
});
