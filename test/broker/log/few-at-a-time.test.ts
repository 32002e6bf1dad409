import { expect } from 'chai';
import { FewAtATime } from '../../../broker/log/few-at-a-time.ts';

describe('FewAtATime', () => {
  it('starts a task when one before it has ended, however that did', async () => {
    const few = new FewAtATime(2);
    const started: number[] = [];
    const tasks = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const outcomes = tasks.map(({ promise }, index) =>
      few.run(async () => {
        started.push(index);
        await promise;
        return index;
      }),
    );
    await new Promise(setImmediate);
    expect(started).to.deep.equal([0, 1]);
    tasks[1]!.reject(new Error('disk'));
    const failure: unknown = await outcomes[1]!.catch((error: unknown) => error);
    expect(failure).to.be.an('error').with.property('message', 'disk');
    await new Promise(setImmediate);
    expect(started).to.deep.equal([0, 1, 2]);
    for (const { resolve } of tasks) resolve();
    expect(await Promise.all([outcomes[0], outcomes[2], outcomes[3]])).to.deep.equal([0, 2, 3]);
    expect(await few.run(() => Promise.resolve('later'))).to.equal('later');
  });
});
