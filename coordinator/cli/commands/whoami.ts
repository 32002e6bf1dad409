/** whoami: the identities that the server knows this session by. */
import type { Command } from '../command.ts';

export const whoami: Command = {
  name: 'whoami',
  usage: '',
  async run(_argv, context) {
    const ids = await context.client.whoAmI();
    context.out(['Auth scheme: User', ...ids.map(({ scheme, id }) => `${scheme}: ${id}`), ''].join('\n'));
  },
};
