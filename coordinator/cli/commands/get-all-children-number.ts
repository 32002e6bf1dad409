/** getAllChildrenNumber: how many znodes there are below one. */
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';

export const getAllChildrenNumber: Command = {
  name: 'getAllChildrenNumber',
  usage: 'path',
  async run(argv, context) {
    const options = parseFor(getAllChildrenNumber, argv, {}, 1);
    context.out(`${await context.client.getAllChildrenNumber(options.args[1]!)}\n`);
  },
};
