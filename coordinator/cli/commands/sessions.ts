/** sessions: this session, and every other one that holds ephemeral znodes, with those. Beyond the original; any server answers it. */
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';
import { visitSubtree } from '../subtree.ts';

export const sessions: Command = {
  name: 'sessions',
  usage: '',
  async run(argv, context) {
    parseFor(sessions, argv, {}, 0);
    const { client } = context;
    const held = new Map<bigint, string[]>([[client.sessionId, []]]);
    await visitSubtree(client, '/', undefined, async (path) => {
      const stat = await client.exists(path);
      if (stat === null || stat.ephemeralOwner === 0n) return;
      const paths = held.get(stat.ephemeralOwner);
      if (paths === undefined) held.set(stat.ephemeralOwner, [path]);
      else paths.push(path);
    });
    for (const [sessionId, paths] of held) {
      const what = sessionId === client.sessionId ? ` (this one, timeout ${client.sessionTimeoutMs} ms)` : '';
      context.out(`0x${BigInt.asUintN(64, sessionId).toString(16)}${what}\n${paths.map((path) => `    ${path}\n`).join('')}`);
    }
  },
};
