import { expect } from 'chai';
import { ProducerIds, type ProducerIdBlock } from '../../../broker/replication/producer-ids.ts';

/** A controller that hands out blocks of `length`, and counts. */
function controller(length: number): { allocate: () => Promise<ProducerIdBlock>; blocks: number; failure: Error | null } {
  const state = {
    blocks: 0,
    failure: null as Error | null,
    allocate: async (): Promise<ProducerIdBlock> => {
      await Promise.resolve();
      if (state.failure !== null) throw state.failure;
      return { start: length * state.blocks++, length };
    },
  };
  return state;
}

describe('ProducerIds', () => {
  it('gives ids in order over the ends of blocks, also to many who ask at once', async () => {
    const ids = new ProducerIds(controller(10).allocate);
    const given = await Promise.all(Array.from({ length: 35 }, () => ids.allocate()));
    expect(new Set(given).size).to.equal(35);
    expect(Math.max(...given)).to.equal(34);
  });

  it('fetches the next block when nine tenths of one are gone, and never more than that one', async () => {
    const source = controller(10);
    const ids = new ProducerIds(source.allocate);
    for (let i = 0; i < 8; i += 1) await ids.allocate();
    expect(source.blocks).to.equal(1);
    await ids.allocate();
    await ids.allocate();
    await Promise.resolve();
    expect(source.blocks).to.equal(2);
    expect(await ids.allocate()).to.equal(10);
    expect(source.blocks).to.equal(2);
  });

  it('says why there is no block, and tries again for the next who asks', async () => {
    const source = controller(10);
    source.failure = new Error('no controller');
    const ids = new ProducerIds(source.allocate);
    const outcome = await ids.allocate().then(String, (error: Error) => error.message);
    expect(outcome).to.equal('no controller');
    source.failure = null;
    expect(await ids.allocate()).to.equal(0);
  });

  it('uses up its block while the next one cannot be had', async () => {
    const source = controller(10);
    const ids = new ProducerIds(source.allocate);
    await ids.allocate();
    source.failure = new Error('no controller');
    for (let i = 1; i < 10; i += 1) expect(await ids.allocate()).to.equal(i);
    expect(await ids.allocate().then(String, (error: Error) => error.message)).to.equal('no controller');
  });

  it('refuses a block that was given before', async () => {
    const ids = new ProducerIds(() => Promise.resolve({ start: 0, length: 2 }));
    expect([await ids.allocate(), await ids.allocate()]).to.deep.equal([0, 1]);
    expect(await ids.allocate().then(String, (error: Error) => error.message)).to.equal(
      'Producer id block 0+2 does not follow 2',
    );
  });
});
