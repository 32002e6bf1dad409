/** removewatches: takes watches off a path: those on children (-c), on data (-d), or all. */
import { WatcherType } from '../../../shared/znode/watch-event.ts';
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';

export const removewatches: Command = {
  name: 'removewatches',
  usage: 'path [-c|-d|-a] [-l]',
  async run(argv, context) {
    const options = parseFor(removewatches, argv, { flags: 'cdal' }, 1);
    let type: WatcherType = WatcherType.ANY;
    if (options.has('c')) type = WatcherType.CHILDREN;
    else if (options.has('d')) type = WatcherType.DATA;
    await context.client.removeWatches(options.args[1]!, type, { local: options.has('l') });
  },
};
