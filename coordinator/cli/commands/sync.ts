/** sync: has the server catch up with the leader. */
import { CoordinatorError } from '../../../shared/client/errors.ts';
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';

export const sync: Command = {
  name: 'sync',
  usage: 'path',
  async run(argv, context) {
    const options = parseFor(sync, argv, {}, 1);
    try {
      await context.client.sync(options.args[1]!);
      context.out('Sync is OK\n');
    } catch (error) {
      if (!(error instanceof CoordinatorError) || !error.fromServer) throw error;
      context.out(`Sync has failed. rc=${error.code}\n`);
    }
  },
};
