import { expect } from 'chai';
import { ReadWriteLock } from '../../../../shared/client/recipes/read-write-lock.ts';
import { countEvents, recipeWorld, untilChildren } from './recipe-world.ts';

describe('ReadWriteLock', () => {
  const world = recipeWorld();

  it('lets readers in together, and a writer when all of them have gone', async () => {
    const [a, b, c] = await world.sessions(3);
    const first = await new ReadWriteLock(a!, world.path).acquireRead();
    const second = await new ReadWriteLock(b!, world.path).acquireRead();
    let written = false;
    const writer = new ReadWriteLock(c!, world.path).acquireWrite().then((held) => ((written = true), held));
    await untilChildren(a!, world.path, 3);
    await first.release();
    await c!.sync('/');
    expect(written).to.equal(false);
    await second.release();
    await (await writer).release();
  });

  it('has readers that come after a waiting writer wait for it, and lets them in together', async () => {
    const clients = await world.sessions(5);
    const [reader, writer, ...later] = clients;
    const held = await new ReadWriteLock(reader!, world.path).acquireRead();
    const writing = new ReadWriteLock(writer!, world.path).acquireWrite();
    await untilChildren(reader!, world.path, 2);
    let entered = 0;
    const reading = later.map((client) => new ReadWriteLock(client, world.path).acquireRead().then((lease) => (entered++, lease)));
    await untilChildren(reader!, world.path, 5);
    await Promise.all(clients.map((client) => client.sync('/')));
    const counts = later.map(countEvents);
    await held.release();
    const wrote = await writing;
    await Promise.all(clients.map((client) => client.sync('/')));
    expect(entered).to.equal(0);
    expect(counts.map((count) => count())).to.deep.equal([0, 0, 0]);
    await wrote.release();
    const leases = await Promise.all(reading);
    expect(entered).to.equal(3);
    await Promise.all(leases.map((lease) => lease.release()));
  });

  it('goes on when a writer dies', async () => {
    const doomed = await world.session({ sessionTimeoutMs: 300 });
    const reader = await world.session();
    await new ReadWriteLock(doomed, world.path).acquireWrite();
    const reading = new ReadWriteLock(reader, world.path).read(() => 'read');
    await untilChildren(reader, world.path, 2);
    doomed.abandon();
    expect(await reading).to.equal('read');
  });
});
