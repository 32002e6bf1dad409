/** addWatch: a watch that stays. */
import { AddWatchMode } from '../../../shared/znode/watch-event.ts';
import { CliError } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';

export const addWatch: Command = {
  name: 'addWatch',
  usage: '[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE',
  async run(argv, context) {
    const options = parseFor(addWatch, argv, { valued: 'm' }, 1);
    const name = (options.value('m') ?? 'PERSISTENT_RECURSIVE').toUpperCase();
    const mode = AddWatchMode[name as keyof typeof AddWatchMode] as AddWatchMode | undefined;
    if (mode === undefined || options.args.length !== 2) throw new CliError(`addWatch ${addWatch.usage}`);
    await context.client.addWatch(options.args[1]!, context.watch, mode);
  },
};
