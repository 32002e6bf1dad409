/** deleteall: removes a znode with everything below it, leaves first, in batches that are each done whole or not at all. */
import { CoordinatorError } from '../../../shared/client/errors.ts';
import { deleteOp } from '../../../shared/client/ops.ts';
import { CliError } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';
import { listSubtree } from '../subtree.ts';

const BATCH_DEFAULT = 1000;

export const deleteall: Command = {
  name: 'deleteall',
  usage: 'path [-b batch size]',
  async run(argv, context) {
    const options = parseFor(deleteall, argv, { valued: 'b' }, 1);
    const text = options.value('b');
    if (text !== undefined && !/^[+-]?\d+$/.test(text)) throw new CliError('-b argument must be an int value');
    const batchSize = text === undefined ? BATCH_DEFAULT : Number(text);

    const leavesFirst = (await listSubtree(context.client, options.args[1]!)).reverse();
    if (batchSize <= 0) {
      for (const path of leavesFirst) await context.client.delete(path);
      return;
    }
    for (let at = 0; at < leavesFirst.length; at += batchSize) {
      try {
        await context.client.multi(leavesFirst.slice(at, at + batchSize).map((path) => deleteOp(path)));
      } catch (error) {
        if (!(error instanceof CoordinatorError)) throw error;
        // Somebody else changes the tree, or it is partly not ours to delete. The original doesn't say which znode either.
        context.err('Failed to delete some node(s) in the subtree!');
        return;
      }
    }
  },
};
