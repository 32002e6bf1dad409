import { expect } from 'chai';
import { Barrier } from '../../../../shared/client/recipes/barrier.ts';
import { recipeWorld } from './recipe-world.ts';

describe('Barrier', () => {
  const world = recipeWorld();

  it('holds everybody until it is lowered', async () => {
    const clients = await world.sessions(4);
    const barrier = new Barrier(clients[0]!, world.path);
    expect(await barrier.raise()).to.equal(true);
    expect(await barrier.raise()).to.equal(false);
    let through = 0;
    const waiting = clients.map((client) => new Barrier(client, world.path).wait().then(() => through++));
    await Promise.all(clients.map((client) => client.sync('/')));
    await clients[0]!.setData(world.path, 'still closed');
    await Promise.all(clients.map((client) => client.sync('/')));
    expect(through).to.equal(0);
    await barrier.lower();
    await Promise.all(waiting);
    expect(through).to.equal(4);
    await barrier.wait();
  });

  it('outlives the session that raised it', async () => {
    const other = await world.session();
    const first = await world.session();
    await new Barrier(first, world.path).raise();
    await first.close();
    expect(await other.exists(world.path)).to.not.equal(null);
  });

  it('can be given up waiting for', async () => {
    const client = await world.session();
    await new Barrier(client, world.path).raise();
    const waiting = new Barrier(client, world.path).wait({ signal: AbortSignal.timeout(20) });
    expect(await waiting.catch((error: Error) => error.name)).to.equal('TimeoutError');
  });
});
