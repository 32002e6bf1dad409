/** delete: removes a znode that has no children. */
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';
import { parseInt32 } from '../options.ts';

export const deleteNode: Command = {
  name: 'delete',
  usage: '[-v version] path',
  async run(argv, context) {
    const options = parseFor(deleteNode, argv, { valued: 'v' }, 1);
    if (options.args.length > 2) {
      context.err("'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.");
    }
    await context.client.delete(options.args[1]!, parseInt32('v', options.value('v') ?? '-1'));
  },
};
