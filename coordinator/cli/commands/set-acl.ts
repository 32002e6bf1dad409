/** setAcl: replaces the rights of a znode, or (-R) of everything below it too. */
import { CoordinatorError } from '../../../shared/client/errors.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';
import { formatStat, parseAcl } from '../format.ts';
import { parseInt32 } from '../options.ts';
import { visitSubtree } from '../subtree.ts';

export const setAcl: Command = {
  name: 'setAcl',
  usage: '[-s] [-v version] [-R] path acl',
  async run(argv, context) {
    const options = parseFor(setAcl, argv, { flags: 'sR', valued: 'v' }, 2);
    const [, path = '', aclText = ''] = options.args;
    const acl = parseAcl(aclText, (message) => context.err(message));
    const version = parseInt32('v', options.value('v') ?? '-1');
    if (acl.length === 0) throw new CoordinatorError(ErrorCode.INVALIDACL);
    if (!options.has('R')) {
      const stat = await context.client.setAcl(path, acl, version);
      if (options.has('s')) context.out(formatStat(stat));
      return;
    }
    await visitSubtree(context.client, path, undefined, async (each) => {
      try {
        await context.client.setAcl(each, acl, version);
      } catch (error) {
        if (!(error instanceof CoordinatorError)) throw error;
        // The others are still done; printed as the original prints it, without an end of line.
        context.out(error.message);
      }
    });
  },
};
