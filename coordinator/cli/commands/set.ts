/** set: writes a znode's data. */
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';
import { formatStat } from '../format.ts';
import { parseInt32 } from '../options.ts';

export const set: Command = {
  name: 'set',
  usage: '[-s] [-v version] path data',
  async run(argv, context) {
    const options = parseFor(set, argv, { flags: 's', valued: 'v' }, 2);
    const [, path = '', data = ''] = options.args;
    const stat = await context.client.setData(path, data, parseInt32('v', options.value('v') ?? '-1'));
    if (options.has('s')) context.out(formatStat(stat));
  },
};
