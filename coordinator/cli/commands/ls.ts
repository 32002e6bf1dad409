/** ls: the names of a znode's children, or (-R) the paths of everything below it. */
import type { Command } from '../command.ts';
import { pathArgument, withOldWatchForm } from '../command.ts';
import { formatList, formatStat } from '../format.ts';
import { visitSubtree } from '../subtree.ts';

const HELP = 'usage: ls [options] path\n -?   help\n -R   recurse\n -s   stat\n -w   watch\n';

export const ls: Command = {
  name: 'ls',
  usage: '[-s] [-w] [-R] path',
  async run(argv, context) {
    const options = withOldWatchForm(ls, argv, { flags: '?swR' }, '[-w] path', context);
    if (options.has('?')) context.out(HELP);
    const path = pathArgument(ls, options);
    const watch = options.has('w') ? context.watch : undefined;
    if (options.has('R')) {
      await visitSubtree(context.client, path, watch, (each) => context.out(`${each}\n`));
      return;
    }
    const { children, stat } = await context.client.getChildren(path, { watch });
    context.out(`${formatList([...children].sort())}\n`);
    if (options.has('s')) context.out(formatStat(stat));
  },
};
