/** The simulation finds what it is there to find: each broken core is caught, and what must do no harm does none. */
import { expect } from 'chai';
import type { BrokenCore } from './broken-cores.ts';
import { BROKEN_CORES, HARMLESS_BREAKS } from './broken-cores.ts';
import type { InvariantName } from './invariants.ts';
import { InvariantBroken } from './invariants.ts';
import { World } from './world.ts';

/** The rarest of the breaks shows itself once in some 300 worlds; most do in fewer than 10. */
const SEEDS_MAX = 4_000;
const HARMLESS_SEEDS = 50;

/** What the first worlds show in which an invariant breaks, up to the first that this core is there to break. */
function breaches({ options, breaks }: BrokenCore, seedsMax: number): InvariantName[] {
  const found: InvariantName[] = [];
  for (let seed = 1; seed <= seedsMax; seed++) {
    try {
      new World({ seed, ...options }).run();
    } catch (error) {
      if (!(error instanceof InvariantBroken)) throw error;
      found.push(error.invariant);
      if (breaks.includes(error.invariant)) break;
    }
  }
  return found;
}

describe('the simulation of ensembles', function () {
  this.timeout(SEEDS_MAX * 200);

  for (const core of BROKEN_CORES) {
    it(`catches a core that ${core.what}`, () => {
      expect(breaches(core, SEEDS_MAX), `the first breaches of ${SEEDS_MAX} worlds`).to.include.oneOf([...core.breaks]);
    });
  }

  for (const core of HARMLESS_BREAKS) {
    it(`finds nothing unsafe in a core that ${core.what}`, () => {
      // It may well keep others from coming to rest.
      expect(breaches(core, HARMLESS_SEEDS).filter((invariant) => invariant !== 'Progress')).to.deep.equal([]);
    });
  }
});
