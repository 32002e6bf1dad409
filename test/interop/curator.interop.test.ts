/**
 * Curator's recipes, all at once (`java/programs/CuratorRecipes.java` checks what each promises), while the coordinator is killed
 * under them: no session may be lost by it, and every recipe goes on.
 */
import { expect } from 'chai';
import { Coordinator } from './support/coordinator.ts';
import { javaProgram } from './support/java.ts';

const SECONDS = 15;
const KILLS = 3;

describe("Curator's recipes", () => {
  it(`keep their promises while the coordinator is killed ${KILLS} times`, async () => {
    const coordinator = await Coordinator.start({ tickTime: 2000 });
    const program = javaProgram('CuratorRecipes', [coordinator.address, String(SECONDS)]);
    try {
      await program.waitFor(/^started$/m, 120_000);
      for (let kill = 0; kill < KILLS; kill++) {
        await new Promise((resolve) => setTimeout(resolve, (SECONDS / (KILLS + 1)) * 1_000));
        await coordinator.kill();
        await coordinator.launch();
      }
      const { code, stdout } = await program.finish(150_000);
      expect(code, program.transcript()).to.equal(0);
      expect(stdout).to.match(/^verified$/m);
      expect(stdout).to.match(/^suspended: [1-9]\d*, sessions lost: 0$/m);
    } finally {
      if (program.ended === undefined) await program.stop('SIGKILL');
      await coordinator.close();
    }
  });
});
