import { expect } from 'chai';
import { AssertionError } from '../../../shared/base/assert.ts';
import { ENTERED_FROM, assertMove, canMove } from '../../../broker/group/group-state.ts';
import type { GroupState } from '../../../broker/group/group-state.ts';

describe('group states', () => {
  it('allow exactly the moves of the picture', () => {
    const states = Object.keys(ENTERED_FROM) as GroupState[];
    const moves = states.flatMap((from) => states.filter((to) => canMove(from, to)).map((to) => `${from} -> ${to}`));
    expect(moves).to.have.members([
      'Empty -> PreparingRebalance',
      'Stable -> PreparingRebalance',
      'CompletingRebalance -> PreparingRebalance',
      'PreparingRebalance -> CompletingRebalance',
      'PreparingRebalance -> Empty',
      'CompletingRebalance -> Stable',
      ...states.map((from) => `${from} -> Dead`),
    ]);
  });

  it('stop whoever makes another move', () => {
    expect(() => assertMove('g', 'Stable', 'Empty')).to.throw(AssertionError, 'group "g" moves from Stable to Empty');
  });
});
