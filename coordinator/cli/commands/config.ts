/** config: the ensemble's configuration, in full or (-c) as the connection string that clients need. */
import { parseProperties } from '../../../shared/settings/properties.ts';
import type { Command } from '../command.ts';
import { parseFor } from '../command.ts';
import { formatData, formatStat } from '../format.ts';

export const config: Command = {
  name: 'config',
  usage: '[-c] [-w] [-s]',
  async run(argv, context) {
    const options = parseFor(config, argv, { flags: 'swc' }, 0);
    const { data, stat } = await context.client.getConfig({ watch: options.has('w') ? context.watch : undefined });
    const text = formatData(data);
    context.out(`${options.has('c') ? clientConfig(text) : text}\n`);
    if (options.has('s')) context.out(formatStat(stat));
  },
};

/** `100000003 host:port,host:port`: the version, and where clients connect (`server.1=…;host:port`). */
export function clientConfig(text: string): string {
  const properties = parseProperties(text);
  const addresses: string[] = [];
  for (const [key, value] of properties) {
    const client = value.split(';')[1]?.trim();
    if (key.startsWith('server.') && client !== undefined) addresses.push(client.includes(':') ? client : `0.0.0.0:${client}`);
  }
  return `${properties.get('version')?.trim() ?? ''} ${addresses.join(',')}`;
}
