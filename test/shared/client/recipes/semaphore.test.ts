import { expect } from 'chai';
import { Semaphore } from '../../../../shared/client/recipes/semaphore.ts';
import { countEvents, recipeWorld, untilChildren } from './recipe-world.ts';

describe('Semaphore', () => {
  const world = recipeWorld();

  it('has as many leases out as it has, and no more', async () => {
    const clients = await world.sessions(5);
    let out = 0;
    let most = 0;
    let twoAreOut = (): void => {};
    const two = new Promise<void>((resolve) => (twoAreOut = resolve));
    await Promise.all(
      clients.flatMap((client) => Array.from({ length: 3 }, () =>
        new Semaphore(client, world.path, 2).run(async () => {
          most = Math.max(most, ++out);
          if (out === 2) twoAreOut();
          await two;
          await Promise.all(clients.map((each) => each.sync('/'))); // gives the others a chance
          out--;
        }),
      )),
    );
    expect(most).to.equal(2);
  });

  it('wakes the first that waits when a lease comes back, and nobody else', async () => {
    const clients = await world.sessions(5);
    const semaphores = clients.map((client) => new Semaphore(client, world.path, 2));
    const leases = [await semaphores[0]!.acquire(), await semaphores[1]!.acquire()];
    const order: number[] = [];
    const waiting = [];
    for (let i = 2; i < 5; i++) {
      waiting.push(semaphores[i]!.acquire().then((lease) => (order.push(i), lease)));
      await untilChildren(clients[0]!, `${world.path}/turn`, i - 1);
    }
    await untilChildren(clients[0]!, `${world.path}/leases`, 3); // the first that waits has put its own in
    await Promise.all(clients.map((client) => client.sync('/')));
    const counts = clients.slice(3).map(countEvents);
    await leases[0]!.release();
    await waiting[0];
    await untilChildren(clients[0]!, `${world.path}/leases`, 3);
    // The next one got the turn, the last one heard nothing.
    expect(counts[1]!()).to.equal(0);
    expect(order).to.deep.equal([2]);
    await leases[1]!.release();
    await (await waiting[1]!).release();
    await waiting[2];
    expect(order).to.deep.equal([2, 3, 4]);
  });

  it('gets the lease of a session that dies', async () => {
    const doomed = await world.session({ sessionTimeoutMs: 300 });
    const heir = await world.session();
    await new Semaphore(doomed, world.path, 1).acquire();
    const next = new Semaphore(heir, world.path, 1).acquire();
    await untilChildren(heir, `${world.path}/leases`, 2);
    doomed.abandon();
    await next;
    expect((await heir.getChildren(`${world.path}/leases`)).children).to.have.length(1);
  });

  it('keeps no lease for one who gave up', async () => {
    const [a, b] = await world.sessions(2);
    await new Semaphore(a!, world.path, 1).acquire();
    const patience = new AbortController();
    const waiting = new Semaphore(b!, world.path, 1).acquire({ signal: patience.signal }).catch((error: Error) => error.message);
    await untilChildren(a!, `${world.path}/leases`, 2);
    patience.abort(new Error('enough'));
    expect(await waiting).to.equal('enough');
    expect((await a!.getChildren(`${world.path}/leases`)).children).to.have.length(1);
    expect((await a!.getChildren(`${world.path}/turn`)).children).to.have.length(0);
  });

  it('refuses to have no leases', async () => {
    const client = await world.session();
    expect(() => new Semaphore(client, world.path, 0)).to.throw(RangeError, 'A semaphore with 0 leases');
  });
});
