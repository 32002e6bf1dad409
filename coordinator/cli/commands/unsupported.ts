/** Commands whose server side does not exist yet: understood, listed in the usage, refused with a sentence. */
import { CliError } from '../cli-error.ts';
import type { Command } from '../command.ts';

function unsupported(name: string, usage: string, what: string): Command {
  return {
    name,
    usage,
    async run() {
      throw new CliError(`${name}: ${what} is not supported yet`);
    },
  };
}

export const reconfig = unsupported(
  'reconfig',
  '[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | ' +
    '[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]',
  'changing the ensemble while it runs',
);
