import { expect } from 'chai';
import { LeaderElection } from '../../../../shared/client/recipes/leader-election.ts';
import { countEvents, fired, recipeWorld, untilChildren } from './recipe-world.ts';

describe('LeaderElection', () => {
  const world = recipeWorld();
  const text = (data: Uint8Array | null | undefined): string => Buffer.from(data ?? []).toString();

  it('has one leader; the next is told when it dies, and nobody else', async () => {
    const doomed = await world.session({ sessionTimeoutMs: 400 });
    const [onlooking, ...others] = await world.sessions(5);
    await new LeaderElection(doomed, world.path, { data: 'first' }).campaign();
    const order: number[] = [];
    const campaigns = [];
    for (const [i, client] of others.entries()) {
      campaigns.push(new LeaderElection(client, world.path, { data: `heir ${i}` }).campaign().then((held) => (order.push(i), held)));
      await untilChildren(onlooking!, world.path, i + 2);
    }
    const onlooker = new LeaderElection(onlooking!, world.path);
    expect((await onlooker.candidates()).map(({ data }) => text(data))).to.deep.equal(['first', 'heir 0', 'heir 1', 'heir 2', 'heir 3']);
    await Promise.all(others.map((client) => client.sync('/')));
    const counts = others.map(countEvents);
    doomed.abandon();
    const leadership = await campaigns[0]!;
    await Promise.all(others.map((client) => client.sync('/')));
    expect(counts.map((count) => count())).to.deep.equal([1, 0, 0, 0]);
    expect(text((await onlooker.leader())?.data)).to.equal('heir 0');
    await leadership.release();
    await campaigns[1];
    expect(order).to.deep.equal([0, 1]);
  });

  it('tells a leader whose session is over', async () => {
    const { client, proxy } = await world.proxied({ sessionTimeoutMs: 400 });
    const leadership = await new LeaderElection(client, world.path).campaign();
    proxy.refuse(true);
    proxy.cut();
    await fired(leadership.lost);
    proxy.refuse(false);
    expect(leadership.lost.aborted).to.equal(true);
  });

  it('has no leader where nobody stands', async () => {
    expect(await new LeaderElection(await world.session(), world.path).leader()).to.equal(null);
  });
});
