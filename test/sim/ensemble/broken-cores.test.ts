/** The simulation finds what it is there to find: each broken core is caught, and what must do no harm does none. */
import { expect } from 'chai';
import { BROKEN_CORES, HARMLESS_BREAKS } from './broken-cores.ts';
import { InvariantBroken } from './invariants.ts';
import type { WorldOptions } from './world.ts';
import { World } from './world.ts';

/** The rarest of the breaks shows itself once in some 300 worlds; most do in fewer than 10. */
const SEEDS_MAX = 4_000;
const HARMLESS_SEEDS = 50;

function firstBreach(options: Partial<WorldOptions>): InvariantBroken | null {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    try {
      new World({ seed, ...options }).run();
    } catch (error) {
      if (!(error instanceof InvariantBroken)) throw error;
      return error;
    }
  }
  return null;
}

describe('the simulation of ensembles', function () {
  this.timeout(SEEDS_MAX * 200);

  for (const { what, breaks, options } of BROKEN_CORES) {
    it(`catches a core that ${what}`, () => {
      const breach = firstBreach(options);
      expect(breach, `no world of ${SEEDS_MAX} shows it`).not.to.equal(null);
      expect(breaks).to.include(breach!.invariant);
    });
  }

  for (const { what, options } of HARMLESS_BREAKS) {
    it(`lets a core be that ${what}`, () => {
      for (let seed = 1; seed <= HARMLESS_SEEDS; seed++) new World({ seed, ...options }).run();
    });
  }
});
