/** tree: everything below a znode, drawn, with the first bytes of the data and what kind of znode it is. Beyond the original. */
import { CoordinatorError } from '../../../shared/client/errors.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import type { Command, CommandContext } from '../command.ts';
import { parseFor } from '../command.ts';
import { formatData } from '../format.ts';

const DATA_SHOWN_MAX = 40;

export const tree: Command = {
  name: 'tree',
  usage: '[path]',
  async run(argv, context) {
    const path = parseFor(tree, argv, {}, 0).args[1] ?? '/';
    await draw(context, path, path, '', '');
  },
};

async function draw(context: CommandContext, path: string, name: string, indent: string, childIndent: string): Promise<void> {
  let found;
  try {
    found = await Promise.all([context.client.getData(path), context.client.getChildren(path)]);
  } catch (error) {
    // It went while the tree was drawn; the first one was asked for.
    if (indent !== '' && error instanceof CoordinatorError && error.code === ErrorCode.NONODE) return;
    throw error;
  }
  const [{ data, stat }, { children }] = found;
  const owner = stat.ephemeralOwner === 0n ? '' : ` (ephemeral, session 0x${BigInt.asUintN(64, stat.ephemeralOwner).toString(16)})`;
  context.out(`${indent}${name}${data === null || data.length === 0 ? '' : ` = ${shortened(data)}`}${owner}\n`);
  const names = [...children].sort();
  for (const [i, child] of names.entries()) {
    const isLast = i === names.length - 1;
    await draw(context, path === '/' ? `/${child}` : `${path}/${child}`, child, `${childIndent}${isLast ? '└── ' : '├── '}`, `${childIndent}${isLast ? '    ' : '│   '}`);
  }
}

function shortened(data: Uint8Array): string {
  const text = JSON.stringify(formatData(data)).slice(1, -1);
  return text.length > DATA_SHOWN_MAX ? `${text.slice(0, DATA_SHOWN_MAX)}… (${data.length} bytes)` : text;
}
