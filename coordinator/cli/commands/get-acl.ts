/** getAcl: who may do what with a znode. */
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';
import { formatAcl, formatStat } from '../format.ts';

export const getAcl: Command = {
  name: 'getAcl',
  usage: '[-s] path',
  async run(argv, context) {
    const options = parseFor(getAcl, argv, { flags: 's' }, 1);
    const { acl, stat } = await context.client.getAcl(options.args[1]!);
    context.out(acl.map(formatAcl).join(''));
    if (options.has('s')) context.out(formatStat(stat));
  },
};
