/**
 * The published tests of ZooKeeper's Java client and of Curator's recipes, unchanged, on our server: where they would start
 * ZooKeeper inside their JVM, `java/stand-in` starts a process. With INTEROP_TARGET=kafka they run as published.
 *
 *     INTEROP_SUITES=all   every class that can be put on a server of its own (half an hour), not just a good part of them
 */
import { expect } from 'chai';
import { coordinatorMaker } from './support/coordinator.ts';
import type { TestOutcome } from './support/java.ts';
import { junit } from './support/java.ts';
import type { Suite } from './support/java-suites.ts';
import { CURATOR, ZOOKEEPER } from './support/java-suites.ts';

const all = process.env['INTEROP_SUITES'] === 'all';
const JVM_TIMEOUT_MS = all ? 20 * 60_000 : 5 * 60_000;
/** These tests mostly wait: for expiry, for timeouts, for nothing to happen. */
const JVMS_AT_ONCE = 4;

/** The JVMs of both suites share the machine: each result is there when its turn has come. */
class JvmPool {
  readonly #free = Array.from({ length: JVMS_AT_ONCE }, (_unused, slot) => slot);
  readonly #waiting: ((slot: number) => void)[] = [];

  async run(classes: readonly string[]): Promise<TestOutcome[]> {
    const slot = this.#free.shift() ?? (await new Promise<number>((resolve) => this.#waiting.push(resolve)));
    try {
      return await junit(classes, { real: coordinatorMaker === 'zookeeper', slot, timeoutMs: JVM_TIMEOUT_MS });
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(slot);
      else next(slot);
    }
  }
}

describe('published Java tests', function () {
  this.timeout(all ? 60 * 60_000 : 10 * 60_000);
  const pool = new JvmPool();
  const results = new Map<readonly string[], Promise<TestOutcome[]>>();
  const jvmsOf = (suite: Suite): (readonly string[])[] => (all ? [...suite.jvms, ...suite.more] : [...suite.jvms]);

  before(() => {
    for (const suite of [ZOOKEEPER, CURATOR]) {
      for (const classes of jvmsOf(suite)) {
        const result = pool.run(classes);
        // Whoever waits for it is told; until then it must not end the run.
        result.catch(() => undefined);
        results.set(classes, result);
      }
    }
  });

  for (const suite of [ZOOKEEPER, CURATOR]) {
    describe(suite.name, () => {
      const counted: TestOutcome[] = [];
      const setAside = (name: string): boolean => name in suite.aside || name.split('.')[0]! in suite.aside;

      for (const classes of jvmsOf(suite)) {
        it(classes.map((name) => name.split('.').at(-1)).join(', '), async () => {
          const outcomes = (await results.get(classes)!).filter(({ name }) => coordinatorMaker === 'zookeeper' || !setAside(name));
          counted.push(...outcomes);
          expect(outcomes.filter(({ failure }) => failure !== null).map(({ name, failure }) => `${name}: ${failure}`)).to.deep.equal([]);
          expect(outcomes.length, 'cases that ran').to.be.greaterThan(0);
        });
      }

      after(() => {
        const passed = counted.filter(({ failure }) => failure === null).length;
        console.log(`      ${passed} of ${counted.length} cases passed`);
      });
    });
  }
});
