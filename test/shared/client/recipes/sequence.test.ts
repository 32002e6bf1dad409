import { expect } from 'chai';
import { createTagged, ensurePath, inOrder } from '../../../../shared/client/recipes/sequence.ts';
import { recipeWorld, untilChildren } from './recipe-world.ts';

describe('createTagged()', () => {
  const world = recipeWorld();

  it('makes one znode, and finds it again, when the line breaks before the reply', async () => {
    const { client, proxy } = await world.proxied();
    const other = await world.session();
    await ensurePath(other, world.path);
    proxy.silence(true);
    const creating = createTagged(client, world.path, 'lock', 'mine');
    await untilChildren(other, world.path, 1);
    proxy.silence(false);
    proxy.cut();
    const name = await creating;
    expect((await other.getChildren(world.path)).children).to.deep.equal([name]);
    expect((await other.exists(`${world.path}/${name}`))!.ephemeralOwner).to.equal(client.sessionId);
  });

  it('makes it after all when the line broke before the request arrived', async () => {
    const { client, proxy } = await world.proxied();
    const gone = new Promise((resolve) => client.on('disconnected', resolve));
    proxy.refuse(true);
    proxy.cut();
    await gone;
    const creating = createTagged(client, world.path, 'lock');
    proxy.refuse(false);
    expect(await creating).to.match(/^_c_[0-9a-f]{32}-lock-0000000000$/);
  });

  it('makes the parents that are missing', async () => {
    const client = await world.session();
    await createTagged(client, world.path, 'a');
    expect((await client.getChildren(world.path)).children).to.have.length(1);
  });
});

describe('inOrder()', () => {
  it('sorts by the counter, whatever the tag, and leaves out other znodes', () => {
    expect(inOrder(['_c_f-lock-0000000010', 'ready', '_c_0-lock-0000000011', '_c_z-lock-0000000009'])).to.deep.equal([
      '_c_z-lock-0000000009',
      '_c_f-lock-0000000010',
      '_c_0-lock-0000000011',
    ]);
  });
});
