/** getEphemerals: the ephemeral znodes of this session, all or those below a path. */
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';
import { formatList } from '../format.ts';

export const getEphemerals: Command = {
  name: 'getEphemerals',
  usage: 'path',
  async run(argv, context) {
    const options = parseFor(getEphemerals, argv, {}, 0);
    context.out(`${formatList(await context.client.getEphemerals(options.args[1]))}\n`);
  },
};
