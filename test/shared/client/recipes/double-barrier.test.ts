import { expect } from 'chai';
import { DoubleBarrier } from '../../../../shared/client/recipes/double-barrier.ts';
import { recipeWorld, untilChildren } from './recipe-world.ts';

describe('DoubleBarrier', () => {
  const world = recipeWorld();

  it('begins and ends together, round after round', async () => {
    const clients = await world.sessions(4);
    const barriers = clients.map((client) => new DoubleBarrier(client, world.path, 4));
    for (let round = 0; round < 3; round++) {
      let entered = 0;
      let left = 0;
      const first = barriers.slice(0, 3).map((barrier) => barrier.enter().then(() => entered++));
      await untilChildren(clients[0]!, world.path, 3);
      await Promise.all(clients.map((client) => client.sync('/')));
      expect(entered).to.equal(0);
      await Promise.all([...first, barriers[3]!.enter()]);
      const leaving = barriers.slice(0, 3).map((barrier) => barrier.leave().then(() => left++));
      await Promise.all(clients.map((client) => client.sync('/')));
      expect(left).to.equal(0);
      await Promise.all([...leaving, barriers[3]!.leave()]);
      expect(left).to.equal(3);
      expect((await clients[0]!.getChildren(world.path)).children).to.deep.equal([]);
    }
  });

  it('does not wait for the dead on the way out', async () => {
    const [a, b] = await world.sessions(2);
    const doomed = await world.session({ sessionTimeoutMs: 300 });
    const barriers = [a!, b!, doomed].map((client) => new DoubleBarrier(client, world.path, 3));
    await Promise.all(barriers.map((barrier) => barrier.enter()));
    const leaving = Promise.all(barriers.slice(0, 2).map((barrier) => barrier.leave()));
    doomed.abandon();
    await leaving;
    expect((await a!.getChildren(world.path)).children).to.deep.equal([]);
  });

  it('closes the way in when the one dies for whom all others wait', async () => {
    const [a, b] = await world.sessions(2);
    const doomed = await world.session({ sessionTimeoutMs: 300 });
    const barriers = [doomed, a!, b!].map((client) => new DoubleBarrier(client, world.path, 3));
    const entering: Promise<void>[] = [];
    for (const barrier of barriers) {
      entering.push(barrier.enter());
      // One after the other: the doomed one stands first in line, and the last one opens.
      if (entering.length < 3) await untilChildren(a!, world.path, entering.length);
    }
    await Promise.all(entering);
    const leaving = barriers.slice(1).map((barrier) => barrier.leave());
    await untilChildren(a!, world.path, 2);
    doomed.abandon();
    await Promise.all(leaving);
    expect((await a!.getChildren(world.path)).children).to.deep.equal([]);
  });

  it('can be given up waiting at', async () => {
    const [a, b] = await world.sessions(2);
    const barrier = new DoubleBarrier(a!, world.path, 2);
    const patience = new AbortController();
    const waiting = barrier.enter({ signal: patience.signal }).catch((error: Error) => error.message);
    await untilChildren(b!, world.path, 1);
    patience.abort(new Error('enough'));
    expect(await waiting).to.equal('enough');
    expect((await b!.getChildren(world.path)).children).to.deep.equal([]);
    expect(await barrier.leave().catch((error: Error) => error.message)).to.match(/^leave\(\) of the barrier .* without an enter\(\)/);
  });
});
