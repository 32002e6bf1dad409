import { expect } from 'chai';
import { Counter } from '../../../../shared/client/recipes/counter.ts';
import { recipeWorld } from './recipe-world.ts';

describe('Counter', () => {
  const world = recipeWorld();

  it('counts what many add at once', async () => {
    const clients = await world.sessions(4);
    const sums = await Promise.all(clients.flatMap((client) => {
      const counter = new Counter(client, world.path);
      return Array.from({ length: 10 }, () => counter.add(1));
    }));
    expect(sums.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(await new Counter(clients[0]!, world.path).value()).to.equal(40);
    expect(await new Counter(clients[0]!, world.path).add(-41)).to.equal(-1);
  });

  it('is 0 before anybody has added', async () => {
    expect(await new Counter(await world.session(), world.path).value()).to.equal(0);
  });

  it('adds once when the line breaks before the reply', async () => {
    const { client, proxy } = await world.proxied();
    const other = await world.session();
    const counter = new Counter(client, world.path);
    expect(await counter.add(5)).to.equal(5);
    const written = new Promise<void>((resolve, reject) => void other.getData(world.path, { watch: () => resolve() }).catch(reject));
    let writings = 0;
    const multi = client.multi.bind(client);
    client.multi = (ops) => {
      // The line falls silent once the number was read: the first writing goes out, its answer does not come.
      if (++writings === 1) proxy.silence(true);
      return multi(ops);
    };
    const adding = counter.add(1);
    await written;
    proxy.silence(false);
    proxy.cut();
    expect(await adding).to.equal(6);
    expect(writings).to.equal(1);
    expect(await new Counter(other, world.path).value()).to.equal(6);
  });

  it('refuses what is no whole number, in the znode too', async () => {
    const client = await world.session();
    expect(await new Counter(client, world.path).add(0.5).catch((error: Error) => error.message)).to.equal('Cannot add 0.5: expected a whole number');
    const counter = new Counter(client, world.path);
    await counter.add(1);
    await client.setData(world.path, 'many');
    expect(await counter.value().catch((error: Error) => error.message)).to.match(/is "many", expected a whole number$/);
  });
});
