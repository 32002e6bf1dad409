import { expect } from 'chai';
import type { CoordinatorError } from '../../../../shared/client/errors.ts';
import { GroupMembership } from '../../../../shared/client/recipes/group-membership.ts';
import { ErrorCode } from '../../../../shared/znode/error-code.ts';
import { recipeWorld } from './recipe-world.ts';

describe('GroupMembership', () => {
  const world = recipeWorld();

  it('knows who is there, and hears who comes and goes', async () => {
    const [a, b] = await world.sessions(2);
    const doomed = await world.session({ sessionTimeoutMs: 300 });
    const seen: string[][] = [];
    let wake = (): void => {};
    const stop = await new GroupMembership(a!, world.path).watch((members) => {
      seen.push([...members].map(([name, { data }]) => `${name}=${Buffer.from(data ?? []).toString()}`).sort());
      wake();
    });
    const until = async (members: string): Promise<void> => {
      while (seen.at(-1)!.join() !== members) await new Promise<void>((resolve) => (wake = resolve));
    };
    expect(seen).to.deep.equal([[]]);
    const seat = await new GroupMembership(b!, world.path).join('b', 'host-2');
    await new GroupMembership(doomed, world.path).join('c', 'host-3');
    await until('b=host-2,c=host-3');
    expect(await new GroupMembership(a!, world.path).members()).to.deep.equal(['b', 'c']);
    doomed.abandon();
    await until('b=host-2');
    await b!.setData(seat.path, 'moved');
    await until('b=moved');
    await seat.release();
    await until('');
    stop();
  });

  it('refuses a name that is taken', async () => {
    const [a, b] = await world.sessions(2);
    await new GroupMembership(a!, world.path).join('same');
    const code = await new GroupMembership(b!, world.path).join('same').then(() => 0, (error: CoordinatorError) => error.code);
    expect(code).to.equal(ErrorCode.NODEEXISTS);
  });

  it('has no members where there is no group', async () => {
    expect(await new GroupMembership(await world.session(), world.path).members()).to.deep.equal([]);
  });
});
