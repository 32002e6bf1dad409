/**
 * The quick start, typed at this installation and at the real Kafka 3.4, each on a machine of its own with the stock ports:
 * the same output, character for character, but for what is drawn anew on each run. Then our tools at the real servers.
 */
import { expect } from 'chai';
import { masked, quickStart, withoutJava } from './support/quick-start.ts';
import { makeRealInstallation, type RealInstallation } from './support/real-installation.ts';
import { repository } from './support/servers.ts';
import { maker } from './support/shared-pair.ts';
import { playInSandbox, type Outcome } from './support/terminals.ts';

const steps = quickStart.map(([, step]) => step);
let real: RealInstallation;
let expected: Outcome[];

/** The commands whose output is compared: not those that start and stop servers. */
function compared(wanted: (commands: string) => boolean, actual: () => readonly Outcome[]): void {
  quickStart.forEach(([name, step], index) => {
    if (step.background === true || step.endsAll === true || !wanted(step.commands)) return;
    it(name, () => {
      const [ours, theirs] = [actual()[index], expected[index]];
      expect(masked(ours?.stdout ?? '')).to.equal(masked(theirs?.stdout ?? ''));
      expect(withoutJava(masked(ours?.stderr ?? ''))).to.equal(withoutJava(masked(theirs?.stderr ?? '')));
      expect(ours?.code).to.equal(theirs?.code);
    });
  });
}

describe('the quick start', () => {
  before(async () => {
    real = makeRealInstallation();
    expected = await playInSandbox({ directory: real.directory, steps });
  });

  after(() => {
    real.remove();
  });

  describe('by our scripts and servers, beside the real Kafka 3.4', () => {
    let actual: Outcome[];

    before(async () => {
      actual = await playInSandbox({ directory: maker === 'kafka' ? real.directory : repository, steps });
    });

    compared(
      () => true,
      () => actual,
    );
  });

  describe('by our command-line tools at the servers of the real Kafka 3.4', () => {
    let mixed: RealInstallation;
    let actual: Outcome[];

    before(async () => {
      mixed = makeRealInstallation({ toolsFrom: repository });
      actual = await playInSandbox({ directory: mixed.directory, steps });
    });

    after(() => {
      mixed.remove();
    });

    compared(
      (commands) => commands.startsWith('bin/kafka-'),
      () => actual,
    );
  });
});
