/** create: a znode of any kind. Its name is printed on standard error, where the original prints it. */
import { CoordinatorError } from '../../../shared/client/errors.ts';
import { OPEN_ACL_UNSAFE } from '../../../shared/znode/acl.ts';
import type { Acl } from '../../../shared/znode/acl.ts';
import { CreateMode } from '../../../shared/znode/create-mode.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import { CliError } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';
import { parseAcl } from '../format.ts';
import type { ParsedOptions } from '../options.ts';

export const create: Command = {
  name: 'create',
  usage: '[-s] [-e] [-c] [-t ttl] path [data] [acl]',
  async run(argv, context) {
    const options = parseFor(create, argv, { flags: 'sec', valued: 't' }, 1);
    const { mode, ttlMs } = kindOf(options);
    const [, path = '', data = null, aclText] = options.args;
    let acl: readonly Acl[] = OPEN_ACL_UNSAFE;
    if (aclText !== undefined) acl = parseAcl(aclText, (message) => context.err(message));
    try {
      if (acl.length === 0) throw new CoordinatorError(ErrorCode.INVALIDACL);
      const created = await context.client.create(path, data, { mode, acl, ttlMs });
      context.err(`Created ${created}`);
    } catch (error) {
      if (error instanceof CoordinatorError && error.code === ErrorCode.INVALIDACL) context.err(error.message);
      if (error instanceof CoordinatorError && error.code === ErrorCode.EPHEMERALONLOCALSESSION) {
        context.err('Unable to create ephemeral node on a local session');
      }
      throw error;
    }
  },
};

function kindOf(options: ParsedOptions): { mode: CreateMode; ttlMs: number | undefined } {
  const [e, s, c] = [options.has('e'), options.has('s'), options.has('c')];
  if (c && (e || s)) {
    throw new CliError('-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.');
  }
  const ttl = options.value('t');
  if (ttl === undefined) {
    if (c) return { mode: CreateMode.CONTAINER, ttlMs: undefined };
    if (e) return { mode: s ? CreateMode.EPHEMERAL_SEQUENTIAL : CreateMode.EPHEMERAL, ttlMs: undefined };
    return { mode: s ? CreateMode.PERSISTENT_SEQUENTIAL : CreateMode.PERSISTENT, ttlMs: undefined };
  }
  if (!/^[+-]?\d+$/.test(ttl)) throw new CliError('-t argument must be a long value');
  if (e) throw new CliError('TTLs cannot be used with Ephemeral znodes');
  if (c) throw new CliError('TTLs cannot be used with Container znodes');
  return { mode: s ? CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL : CreateMode.PERSISTENT_WITH_TTL, ttlMs: Number(ttl) };
}
