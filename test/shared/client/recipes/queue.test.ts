import { expect } from 'chai';
import { Queue } from '../../../../shared/client/recipes/queue.ts';
import { countEvents, recipeWorld, untilChildren } from './recipe-world.ts';

describe('Queue', () => {
  const world = recipeWorld();
  const text = (data: Uint8Array | null): string => Buffer.from(data ?? []).toString();

  it('gives items out in order, each once', async () => {
    const clients = await world.sessions(3);
    const queue = new Queue(clients[0]!, world.path);
    for (let i = 0; i < 12; i++) await queue.put(`item ${i}`);
    expect(await queue.size()).to.equal(12);
    const taken = await Promise.all(clients.flatMap((client) => Array.from({ length: 4 }, async () => text(await new Queue(client, world.path).take()))));
    expect(taken.toSorted((a, b) => Number(a.slice(5)) - Number(b.slice(5)))).to.deep.equal(Array.from({ length: 12 }, (_, i) => `item ${i}`));
    expect(await queue.size()).to.equal(0);
  });

  it('wakes the first that waits for an item, and nobody else', async () => {
    const clients = await world.sessions(4);
    const takers = clients.slice(1);
    const order: number[] = [];
    const taking = [];
    for (const [i, client] of takers.entries()) {
      taking.push(new Queue(client, world.path).take().then((data) => (order.push(i), text(data))));
      await untilChildren(clients[0]!, `${world.path}/turn`, i + 1);
    }
    // The first watches the items once there is a place for them.
    await untilChildren(clients[0]!, `${world.path}/items`, 0);
    await Promise.all(clients.map((client) => client.sync('/')));
    const last = countEvents(takers[2]!);
    await new Queue(clients[0]!, world.path).put('a');
    expect(await taking[0]).to.equal('a');
    await clients[2]!.sync('/');
    expect(order).to.deep.equal([0]);
    expect(last()).to.equal(0);
    await new Queue(clients[0]!, world.path).put('b');
    await new Queue(clients[0]!, world.path).put('c');
    expect(await Promise.all(taking)).to.deep.equal(['a', 'b', 'c']);
  });

  it('lets the next taker on when one dies that waited', async () => {
    const doomed = await world.session({ sessionTimeoutMs: 300 });
    const heir = await world.session();
    const never = new Queue(doomed, world.path).take().catch((error: Error) => error.name);
    await untilChildren(heir, `${world.path}/turn`, 1);
    const next = new Queue(heir, world.path).take();
    await untilChildren(heir, `${world.path}/turn`, 2);
    doomed.abandon();
    expect(await never).to.equal('CoordinatorError');
    await new Queue(heir, world.path).put('for the living');
    expect(text(await next)).to.equal('for the living');
  });

  it('loses nothing when the line breaks under a put', async () => {
    const { client, proxy } = await world.proxied();
    const other = await world.session();
    await new Queue(other, world.path).put('first');
    proxy.silence(true);
    const putting = new Queue(client, world.path).put('second');
    await untilChildren(other, `${world.path}/items`, 2);
    proxy.silence(false);
    proxy.cut();
    await putting;
    expect(await new Queue(other, world.path).size()).to.equal(2);
  });
});
