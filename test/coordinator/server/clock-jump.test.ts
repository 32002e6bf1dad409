/** A wall clock that jumps, as when somebody sets it: znodes carry what it says, and nothing else goes by it. */
import { expect } from 'chai';
import type { Clock } from '../../../shared/base/clock.ts';
import { create } from '../raw-client.ts';
import { closeMembers, testMember } from './test-member.ts';

const DAY_MS = 86_400_000;

describe('a coordinator whose wall clock jumps', () => {
  afterEach(closeMembers);

  for (const [direction, jumpMs] of [
    ['ahead', 10 * DAY_MS],
    ['back', -10 * DAY_MS],
  ] as const) {
    it(`keeps sessions and ephemerals when it jumps ${direction}, and ends sessions by silence as before`, async () => {
      const wall = { offsetMs: 0 };
      const clock: Clock = { wallMs: () => Date.now() + wall.offsetMs, monotonicMs: () => performance.now() };
      const { member, session } = await testMember({ tickTime: '200', minSessionTimeout: '400' }, { clock });
      const steady = await session({ timeoutMs: 30_000 });
      await steady.call(create('/steady', { mode: 1 }));
      const silent = await session({ timeoutMs: 400 });
      await silent.call(create('/silent', { mode: 1 }));
      wall.offsetMs = jumpMs;
      const made = await steady.call(create('/after'));
      expect(made.error).to.equal(0);
      const [before, after] = [member.tree.get('/steady')!, member.tree.get('/after')!];
      expect(Math.round((after.ctime - before.ctime) / DAY_MS)).to.equal(jumpMs / DAY_MS);
      expect(after.czxid).to.be.above(before.czxid);
      // Its session is the one that is silent; the other pings.
      while (member.tree.get('/silent') !== undefined) {
        await steady.call({ op: 'ping' });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(member.tree.get('/steady'), 'the other session lives').to.not.equal(undefined);
    });
  }
});
