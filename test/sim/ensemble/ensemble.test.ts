/**
 * The real core in simulated ensembles: every seed is another world of members, clients and faults, and each invariant is checked
 * at every step. `make sim SEEDS=…` runs more of them.
 */
import { expect } from 'chai';
import { InvariantBroken } from './invariants.ts';
import { World } from './world.ts';

const SEED_COUNT = 2000;
const SEEDS_PER_TEST = 100;

describe('an ensemble, simulated', function () {
  // About 15 ms a seed on a core of its own; a busy machine takes its time.
  this.timeout(SEEDS_PER_TEST * 2_000);

  for (let first = 1; first <= SEED_COUNT; first += SEEDS_PER_TEST) {
    it(`keeps its promises in worlds ${first} to ${first + SEEDS_PER_TEST - 1}`, () => {
      let acknowledged = 0;
      for (let seed = first; seed < first + SEEDS_PER_TEST; seed++) {
        try {
          acknowledged += new World({ seed }).run().ackCount;
        } catch (error) {
          if (!(error instanceof InvariantBroken)) throw error;
          throw new Error(`${error.message}\n  again: make sim SEEDS=1 FIRST=${seed} TRACE=1`, { cause: error });
        }
      }
      // Worlds in which nothing is ever written prove nothing.
      expect(acknowledged).to.be.greaterThan(SEEDS_PER_TEST * 50);
    });
  }
});

describe('a large ensemble, simulated', function () {
  this.timeout(300_000);

  for (const { voters, observers } of [
    { voters: 7, observers: 6 },
    { voters: 13, observers: 0 },
    { voters: 7, observers: 18 },
  ]) {
    it(`keeps its promises with ${voters} voters and ${observers} observers`, () => {
      let committed = 0;
      for (let seed = 1; seed <= 5; seed++) committed += new World({ seed, voters, observers, faultsMs: 2000 }).run().committedCount;
      expect(committed).to.be.greaterThan(50);
    });
  }
});
