/**
 * Replication under crashes, pauses, cut links and sessions that end: seeded histories of the real cores, checked after
 * every step. `SIM_SEEDS` says how many (CI: 2,000), `SIM_SEED` replays one.
 */
import { expect } from 'chai';
import { setLogLevel } from '../../../shared/telemetry/logger.ts';
import { mutants } from './mutants.ts';
import { simulate } from './scenario.ts';

const SEED_COUNT = Number(process.env['SIM_SEEDS'] ?? 300);
/** Each mutant below is found in fewer than 10; chance has to leave room. */
const MUTANT_SEEDS_MAX = 150;

async function violationOf(seed: number): Promise<string | null> {
  try {
    await simulate(seed);
    return null;
  } catch (error) {
    if ((error as Error).name === 'InvariantViolation') return (error as Error).message;
    throw error;
  }
}

describe('replication, simulated', function () {
  // A history takes some 50 ms of a core of its own.
  this.timeout(60_000 + SEED_COUNT * 1_000);
  before(() => setLogLevel('silent'));

  it(`keeps its promises in ${SEED_COUNT} histories`, async () => {
    const only = process.env['SIM_SEED'];
    const seeds = only === undefined ? Array.from({ length: SEED_COUNT }, (_, at) => at + 1) : [Number(only)];
    let ackedCount = 0;
    let leaderEpochs = 0;
    for (const seed of seeds) {
      try {
        const outcome = await simulate(seed);
        ackedCount += outcome.ackedCount;
        leaderEpochs += outcome.leaderEpochs;
      } catch (error) {
        throw new Error(`Seed ${seed} (replay with SIM_SEED=${seed}): ${(error as Error).message}`, { cause: error });
      }
    }
    // Histories in which nothing is written, or nobody else ever leads, would prove little.
    expect(ackedCount / seeds.length, 'acknowledged batches a history').to.be.above(20);
    expect(leaderEpochs / seeds.length, 'elections a history').to.be.above(3);
  });

  it('is the same history for the same seed', async () => {
    expect(await simulate(77)).to.deep.equal(await simulate(77));
  });

  for (const [name, mutate] of Object.entries(mutants)) {
    it(`finds that ${name}`, async () => {
      const undo = mutate();
      try {
        let violation: string | null = null;
        for (let seed = 1; seed <= MUTANT_SEEDS_MAX && violation === null; seed++) violation = await violationOf(seed);
        expect(violation, `in ${MUTANT_SEEDS_MAX} histories`).to.be.a('string');
      } finally {
        undo();
      }
    });
  }
});
