/** version: which ZooKeeper this shell behaves like. */
import { VERSION } from '../../net/four-letter-words.ts';
import { CliError } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';

export const version: Command = {
  name: 'version',
  usage: '',
  async run(argv, context) {
    if (parseFor(version, argv, {}, 0).args.length > 1) throw new CliError('version ');
    context.out(`ZooKeeper CLI version: ${VERSION}\n`);
  },
};
