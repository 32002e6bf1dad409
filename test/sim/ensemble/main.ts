/**
 * Runs the simulation with any number of seeds, or one of them again with its whole conversation (`make sim`):
 *
 *     node test/sim/ensemble/main.ts --seeds=10000 [--first=1] [--voters=3] [--observers=0] [--trace]
 */
import { parseArgs } from 'node:util';
import { InvariantBroken } from './invariants.ts';
import type { WorldOptions } from './world.ts';
import { World } from './world.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    voters: { type: 'string' },
    observers: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});
const first = Number(values.first);
const count = Number(values.seeds);
const fixed: Partial<WorldOptions> = {
  ...(values.voters === undefined ? {} : { voters: Number(values.voters) }),
  ...(values.observers === undefined ? {} : { observers: Number(values.observers) }),
};
let failures = 0;
let committed = 0;
let acknowledged = 0;
let steps = 0;
const startMs = performance.now();
for (let seed = first; seed < first + count; seed++) {
  try {
    const result = new World({ seed, ...fixed, ...(values.trace ? { trace: (line: string) => console.log(line) } : {}) }).run();
    committed += result.committedCount;
    acknowledged += result.ackCount;
    steps += result.stepCount;
  } catch (error) {
    if (!(error instanceof InvariantBroken)) throw error;
    failures++;
    const members = values.voters === undefined ? '' : ` MEMBERS=${values.voters}`;
    const observers = values.observers === undefined ? '' : ` OBSERVERS=${values.observers}`;
    console.log(`${error.message}\n  again: make sim SEEDS=1 FIRST=${seed}${members}${observers} TRACE=1`);
  }
}
const seconds = (performance.now() - startMs) / 1000;
console.log(
  `${count} seeds from ${first}: ${failures} failed; ${committed} batches committed, ${acknowledged} writes acknowledged, ` +
    `${steps} steps in ${seconds.toFixed(1)} s`,
);
process.exitCode = failures === 0 ? 0 : 1;
