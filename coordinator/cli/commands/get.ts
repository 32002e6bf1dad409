/** get: a znode's data as text. */
import type { Command } from '../command.ts';
import { pathArgument, withOldWatchForm } from '../command.ts';
import { formatData, formatStat } from '../format.ts';

export const get: Command = {
  name: 'get',
  usage: '[-s] [-w] path',
  async run(argv, context) {
    const options = withOldWatchForm(get, argv, { flags: 'sw' }, get.usage, context);
    const watch = options.has('w') ? context.watch : undefined;
    const { data, stat } = await context.client.getData(pathArgument(get, options), { watch });
    context.out(`${formatData(data)}\n`);
    if (options.has('s')) context.out(formatStat(stat));
  },
};
