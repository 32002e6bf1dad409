/** kafka-broker-api-versions: which APIs and versions each broker speaks. */
import { Cluster, negotiate, type Node } from '../../client/cluster.ts';
import { Admin } from '../../client/admin.ts';
import { apisByKey } from '../../protocol/api-keys.ts';
import { BootstrapError, parseBootstrap } from '../bootstrap.ts';
import { logLine, uncaughtExit, usageExit, type ToolIo } from '../io.ts';
import { describeFailure } from '../java-exception.ts';
import { OptionError } from '../options.ts';
import { parseTool } from '../parse-tool.ts';
import { options as specs } from './broker-api-versions-options.ts';

type Range = readonly [number, number];

export async function brokerApiVersions(args: readonly string[], io: ToolIo): Promise<number> {
  const bootstrap = readBootstrap(args, io);
  const log = (level: string, text: string, logger: string): void => logLine(io, level, text, logger);
  const admin = new Admin({ bootstrap, clientId: 'admin-1', log });
  try {
    await admin.liveBrokers();
    for (const node of admin.cluster.brokers.values()) io.out(await describe(admin.cluster, node));
    return 0;
  } catch (error) {
    io.err(`Exception in thread "main" ${describeFailure(error)}\n`);
    return 1;
  } finally {
    admin.close();
  }
}

function readBootstrap(args: readonly string[], io: ToolIo): { host: string; port: number }[] {
  const syntax = { specs, description: 'This tool helps to retrieve broker version information.', required: ['bootstrap-server'], onError: 'usage' } as const;
  const options = parseTool(syntax, args, io);
  try {
    return parseBootstrap(options.one('bootstrap-server')!);
  } catch (error) {
    if (error instanceof OptionError) usageExit(io, specs, error.message);
    if (error instanceof BootstrapError) uncaughtExit(io, 'org.apache.kafka.common.config.ConfigException', error.message);
    throw error;
  }
}

async function describe(cluster: Cluster, node: Node): Promise<string> {
  const name = `${node.host}:${node.port} (id: ${node.id} rack: ${node.rack})`;
  try {
    const connection = await cluster.connect(node);
    await negotiate(connection);
    const rows = [...new Set([...apisByKey.keys(), ...connection.versions.keys()])]
      .sort((a, b) => a - b)
      .map((key) => `\t${describeApi(key, connection.versions.get(key))}`);
    return `${name} -> (\n${rows.join(',\n')}\n)\n`;
  } catch (error) {
    return `${name} -> ERROR: ${describeFailure(error)}\n`;
  }
}

function describeApi(key: number, offered: Range | undefined): string {
  const api = apisByKey.get(key);
  const shown = ([min, max]: Range): string => (min === max ? String(min) : `${min} to ${max}`);
  if (api === undefined) return `UNKNOWN(${key}): ${offered === undefined ? 'UNSUPPORTED' : shown(offered)}`;
  if (offered === undefined) return `${api.name}(${key}): UNSUPPORTED`;
  const usable = Math.min(offered[1], api.versionMax);
  return `${api.name}(${key}): ${shown(offered)} [usable: ${usable < Math.max(offered[0], api.versionMin) ? 'NONE' : usable}]`;
}
