/**
 * watch: prints a znode's events as they come, or (-R) those of everything below it. As the only command of a line it goes on
 * until it is interrupted. Beyond the original, whose addWatch ends with the command.
 */
import { AddWatchMode } from '../../../shared/znode/watch-event.ts';
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';

export const watch: Command = {
  name: 'watch',
  usage: '[-R] path',
  async run(argv, context) {
    const options = parseFor(watch, argv, { flags: 'R' }, 1);
    const mode = options.has('R') ? AddWatchMode.PERSISTENT_RECURSIVE : AddWatchMode.PERSISTENT;
    await context.client.addWatch(options.args[1]!, context.watch, mode);
    await context.untilInterrupted();
  },
};
