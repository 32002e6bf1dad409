/** stat: all that the tree knows of a znode, without its data. */
import { CoordinatorError } from '../../../shared/client/errors.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import type { Command } from '../command.ts';
import { pathArgument, withOldWatchForm } from '../command.ts';
import { formatStat } from '../format.ts';

export const stat: Command = {
  name: 'stat',
  usage: '[-w] path',
  async run(argv, context) {
    const options = withOldWatchForm(stat, argv, { flags: 'w' }, stat.usage, context);
    const path = pathArgument(stat, options);
    const found = await context.client.exists(path, { watch: options.has('w') ? context.watch : undefined });
    if (found === null) throw new CoordinatorError(ErrorCode.NONODE, path);
    context.out(formatStat(found));
  },
};
