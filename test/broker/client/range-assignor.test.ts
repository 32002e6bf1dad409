import { expect } from 'chai';
import { assignRanges } from '../../../broker/client/range-assignor.ts';

const member = (memberId: string, topics: string[], groupInstanceId: string | null = null) => ({
  memberId,
  groupInstanceId,
  topics,
});
const shown = (assignments: Map<string, Map<string, number[]>>) =>
  Object.fromEntries([...assignments].map(([id, topics]) => [id, Object.fromEntries(topics)]));

describe('assignRanges', () => {
  it('deals each topic out in runs, the first members getting one more', () => {
    const assigned = assignRanges(
      [member('b', ['t', 'u']), member('a', ['t', 'u'])],
      new Map([
        ['t', 3],
        ['u', 1],
      ]),
    );
    expect(shown(assigned)).to.deep.equal({ a: { t: [0, 1], u: [0] }, b: { t: [2] } });
  });

  it('gives a topic only to those who want it, and nothing of an unknown one', () => {
    const assigned = assignRanges(
      [member('a', ['t', 'gone']), member('b', ['u'])],
      new Map([
        ['t', 2],
        ['u', 2],
      ]),
    );
    expect(shown(assigned)).to.deep.equal({ a: { t: [0, 1] }, b: { u: [0, 1] } });
  });

  it('sorts static members by instance id, before the others', () => {
    const assigned = assignRanges(
      [member('a', ['t']), member('z', ['t'], 'i-2'), member('y', ['t'], 'i-1')],
      new Map([['t', 3]]),
    );
    expect(shown(assigned)).to.deep.equal({ y: { t: [0] }, z: { t: [1] }, a: { t: [2] } });
  });
});
