/**
 * kafka-cluster: tells the cluster's id. Its usage and refusals are those of the library that Kafka's tool uses, spaces of its
 * justified lines included.
 */
import type { Admin } from '../../client/admin.ts';
import { connectAdmin } from '../connect-admin.ts';
import type { ToolIo } from '../io.ts';
import { describeFailure } from '../java-exception.ts';
import { Options, type OptionSpec } from '../options.ts';

const TOP = 'usage: kafka-cluster [-h] {cluster-id,unregister} ...\n';
const HELP = `${TOP}
The Kafka cluster tool.

positional arguments:
  {cluster-id,unregister}
    cluster-id           Get information about the ID of a cluster.
    unregister           Unregister a broker.

optional arguments:
  -h, --help             show this help message and exit
`;
const COMMON = `  --bootstrap-server BOOTSTRAP_SERVER, -b BOOTSTRAP_SERVER
                         A list of host/port pairs  to use for establishing
                         the connection to the kafka cluster.
  --config CONFIG, -c CONFIG
                         A property file  containing  configs  to passed to
                         AdminClient.
`;
const USAGES: Readonly<Record<string, string>> = {
  'cluster-id': `usage: kafka-cluster cluster-id [-h] [--bootstrap-server BOOTSTRAP_SERVER]
                     [--config CONFIG]
`,
  unregister: `usage: kafka-cluster unregister [-h] [--bootstrap-server BOOTSTRAP_SERVER]
                     [--config CONFIG] --id ID
`,
};
const NAMES: Readonly<Record<string, string>> = {
  '-b': 'bootstrap-server',
  '--bootstrap-server': 'bootstrap-server',
  '-c': 'command-config',
  '--config': 'command-config',
  '-i': 'id',
  '--id': 'id',
};

export async function cluster(args: readonly string[], io: ToolIo): Promise<number> {
  const [action, ...rest] = args;
  const fail = (usage: string, why: string): number => {
    io.err(`${usage}${why}\n`);
    return 1;
  };
  if (action === undefined) return fail(TOP, 'kafka-cluster: error: too few arguments');
  if (action === '-h' || action === '--help') {
    io.out(HELP);
    return 1;
  }
  const usage = USAGES[action];
  if (usage === undefined) {
    return fail(TOP, `kafka-cluster: error:  invalid  choice:  '${action}'  (choose  from 'cluster-id',\n'unregister')`);
  }
  if (rest.includes('-h') || rest.includes('--help')) {
    io.out(`${usage}\noptional arguments:\n  -h, --help             show this help message and exit\n${COMMON}`);
    if (action === 'unregister') io.out('  --id ID, -i ID         The ID of the broker to unregister.\n');
    return 1;
  }
  const values = new Map<string, string[]>();
  for (let at = 0; at < rest.length; at++) {
    const [flag, inline] = splitFlag(rest[at]!);
    const name = NAMES[flag];
    if (name === undefined) return fail(TOP, `kafka-cluster: error: unrecognized arguments: '${flag}'`);
    const value = inline ?? rest[++at];
    if (value === undefined) return fail(usage, `kafka-cluster: error: argument ${flag}: expected one argument`);
    values.set(name, [value]);
  }
  if (!values.has('bootstrap-server')) return fail('', 'Please specify --bootstrap-server.');
  const admin = connectAdmin(new Options(new Map<string, OptionSpec>(), values), io);
  try {
    return await run(admin, action, io);
  } catch (error) {
    io.err(`Exception in thread "main" java.util.concurrent.ExecutionException: ${describeFailure(error)}\n`);
    return 1;
  } finally {
    admin.close();
  }
}

function splitFlag(token: string): [string, string | undefined] {
  const equals = token.startsWith('--') ? token.indexOf('=') : -1;
  return equals < 0 ? [token, undefined] : [token.slice(0, equals), token.slice(equals + 1)];
}

async function run(admin: Admin, action: string, io: ToolIo): Promise<number> {
  await admin.liveBrokers();
  if (action === 'unregister') io.out('The target cluster does not support the broker unregistration API.\n');
  else io.out(`Cluster ID: ${admin.cluster.clusterId}\n`);
  return 0;
}
