import { expect } from 'chai';
import type { CoordinatorError } from '../../../../shared/client/errors.ts';
import type { Held } from '../../../../shared/client/recipes/held.ts';
import { Lock } from '../../../../shared/client/recipes/lock.ts';
import { ErrorCode } from '../../../../shared/znode/error-code.ts';
import { countEvents, fired, recipeWorld, untilChildren } from './recipe-world.ts';

describe('Lock', () => {
  const world = recipeWorld();

  it('is held by one at a time, whoever hurries', async () => {
    const clients = await world.sessions(5);
    let inside = 0;
    let most = 0;
    let runs = 0;
    await Promise.all(
      clients.flatMap((client) => Array.from({ length: 4 }, () =>
        new Lock(client, world.path).run(async () => {
          most = Math.max(most, ++inside);
          await client.sync('/'); // gives the others a chance
          inside--;
          runs++;
        }),
      )),
    );
    expect({ most, runs }).to.deep.equal({ most: 1, runs: 20 });
  });

  it('goes to the others in the order in which they came, and wakes one at a time', async () => {
    const clients = await world.sessions(6);
    const first = await new Lock(clients[0]!, world.path).acquire();
    const order: number[] = [];
    const waiting: Promise<Held>[] = [];
    for (let i = 1; i < clients.length; i++) {
      waiting.push(new Lock(clients[i]!, world.path).acquire().then((held) => (order.push(i), held)));
      await untilChildren(clients[0]!, world.path, i + 1);
    }
    // They have looked at the line and watch the one before them when they have answered this.
    await Promise.all(clients.map((client) => client.sync('/')));
    const counts = clients.slice(1).map(countEvents);
    await first.release();
    const second = await waiting[0]!;
    await Promise.all(clients.map((client) => client.sync('/')));
    expect(counts.map((count) => count())).to.deep.equal([1, 0, 0, 0, 0]);
    await second.release();
    for (const next of waiting.slice(1)) await (await next).release();
    expect(order).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it('passes on when the session of its holder expires', async () => {
    const [doomed, heir] = [await world.session({ sessionTimeoutMs: 300 }), await world.session()];
    await new Lock(doomed, world.path).acquire();
    const next = new Lock(heir, world.path).acquire();
    await untilChildren(heir, world.path, 2);
    doomed.abandon();
    expect((await next).lost.aborted).to.equal(false);
  });

  it('skips one that died while it waited', async () => {
    const [holder, last] = await world.sessions(2);
    const doomed = await world.session({ sessionTimeoutMs: 300 });
    const held = await new Lock(holder!, world.path).acquire();
    const never = new Lock(doomed, world.path).acquire().catch((error: CoordinatorError) => error.code);
    await untilChildren(holder!, world.path, 2);
    const next = new Lock(last!, world.path).acquire();
    await untilChildren(holder!, world.path, 3);
    doomed.abandon();
    expect(await never).to.equal(ErrorCode.SESSIONEXPIRED);
    await untilChildren(holder!, world.path, 2);
    let early = true;
    void next.then(() => expect(early).to.equal(false));
    await last!.sync('/'); // news of the death has come, and must not let anybody in
    early = false;
    await held.release();
    await next;
  });

  it('tells its holder that it is lost before the session can have expired', async () => {
    const { client, proxy } = await world.proxied({ sessionTimeoutMs: 900 });
    const other = await world.session();
    const held = await new Lock(client, world.path).acquire();
    const order: string[] = [];
    const next = new Lock(other, world.path).acquire().then(() => order.push('next'));
    await untilChildren(other, world.path, 2);
    void fired(held.lost).then(() => order.push('lost'));
    proxy.refuse(true);
    proxy.cut();
    await next;
    expect(order).to.deep.equal(['lost', 'next']);
    expect((held.lost.reason as Error).message).to.match(/is no longer held: the coordinator cannot be reached$/);
    proxy.refuse(false);
  });

  it('is kept over a short cut of the line', async () => {
    const { client, proxy } = await world.proxied({ sessionTimeoutMs: 4_000 });
    const held = await new Lock(client, world.path).acquire();
    const back = new Promise((resolve) => client.on('connected', resolve));
    proxy.cut();
    await back;
    expect(held.lost.aborted).to.equal(false);
    expect(await new Lock(await world.session(), world.path).tryAcquire()).to.equal(null);
  });

  it('is lost when somebody deletes its znode', async () => {
    const [client, other] = await world.sessions(2);
    const held = await new Lock(client!, world.path).acquire();
    await other!.delete(held.path);
    await fired(held.lost);
    expect((held.lost.reason as Error).message).to.contain('its znode was deleted');
    await held.release();
  });

  it('can be given up waiting for, and leaves nothing behind', async () => {
    const [client, other] = await world.sessions(2);
    const held = await new Lock(client!, world.path).acquire();
    const patience = new AbortController();
    const waiting = new Lock(other!, world.path).acquire({ signal: patience.signal }).catch((error: Error) => error.message);
    await untilChildren(client!, world.path, 2);
    patience.abort(new Error('enough'));
    expect(await waiting).to.equal('enough');
    expect((await client!.getChildren(world.path)).children).to.have.length(1);
    await held.release();
    expect(held.lost.aborted).to.equal(false);
  });

  it('is tried for without waiting', async () => {
    const [client, other] = await world.sessions(2);
    const held = await new Lock(client!, world.path).tryAcquire();
    expect(held).to.not.equal(null);
    expect(await new Lock(other!, world.path).tryAcquire()).to.equal(null);
    await held!.release();
    expect(await new Lock(other!, world.path).tryAcquire()).to.not.equal(null);
  });

  it('is released when the work fails', async () => {
    const client = await world.session();
    const failing = new Lock(client, world.path).run(() => Promise.reject(new Error('work failed')));
    expect(await failing.catch((error: Error) => error.message)).to.equal('work failed');
    expect((await client.getChildren(world.path)).children).to.deep.equal([]);
  });
});
