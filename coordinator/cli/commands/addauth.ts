/** addauth: adds an identity to the session. */
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';

export const addauth: Command = {
  name: 'addauth',
  usage: 'scheme auth',
  async run(argv, context) {
    const options = parseFor(addauth, argv, {}, 1);
    await context.client.addAuth(options.args[1]!, options.args[2] ?? null);
  },
};
