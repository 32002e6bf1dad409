/** reconfig: changes the members of the ensemble, some of them (-add, -remove) or all (-members, -file). */
import { readFileSync } from 'node:fs';
import type { Reconfiguration } from '../../../shared/client/client.ts';
import { parseProperties } from '../../../shared/settings/properties.ts';
import { CliError } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';
import { formatData, formatStat } from '../format.ts';
import type { ParsedOptions } from '../options.ts';

export const reconfig: Command = {
  name: 'reconfig',
  usage:
    '[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | ' +
    '[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]',
  async run(argv, context) {
    const options = parseFor(reconfig, argv, { flags: 's', valued: 'v', words: ['add', 'remove', 'members', 'file'] }, 0);
    const change = changeOf(options);
    const { data, stat } = await context.client.reconfigure(change, versionOf(options.value('v')));
    context.out(`Committed new configuration:\n${formatData(data)}\n`);
    if (options.has('s')) context.out(formatStat(stat));
  },
};

function changeOf(options: ParsedOptions): Reconfiguration {
  const [add, remove, members, file] = ['add', 'remove', 'members', 'file'].map((word) => options.value(word));
  const isBulk = members !== undefined || file !== undefined;
  const isIncremental = add !== undefined || remove !== undefined;
  if (!isBulk && !isIncremental) throw new CliError(`reconfig ${reconfig.usage}`);
  if (isBulk && isIncremental) {
    throw new CliError("Can't use -file or -members together with -add or -remove (mixing incremental and non-incremental modes is not allowed)");
  }
  if (members !== undefined && file !== undefined) throw new CliError("Can't use -file and -members together (conflicting non-incremental modes)");
  if (file !== undefined) return { members: membersOf(file) };
  if (members !== undefined) return { members: [members.toLowerCase()] };
  return { ...(add === undefined ? {} : { joining: [add.toLowerCase()] }), ...(remove === undefined ? {} : { leaving: [remove.toLowerCase()] }) };
}

/** The lines of a dynamic configuration file. What they mean is for the leader to judge. */
function membersOf(file: string): string[] {
  try {
    return [...parseProperties(readFileSync(file, 'utf8'))].filter(([key]) => key !== 'version').map(([key, value]) => `${key}=${value}`);
  } catch (error) {
    throw new CliError(`Error processing ${file}: ${(error as Error).message}`);
  }
}

/** Written in hex, as `config` shows it. */
function versionOf(text: string | undefined): number {
  if (text === undefined) return -1;
  const version = Number.parseInt(text, 16);
  if (!/^-?[0-9a-f]+$/i.test(text) || !Number.isSafeInteger(version)) throw new CliError('-v must be followed by a long (configuration version)');
  return version;
}
