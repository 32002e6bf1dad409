/** The `vivarium` command: whole clusters. */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BACKUP_USAGE } from '../coordinator/cli/backup-usage.ts';
import { planCluster } from './plan.ts';
import { up } from './up.ts';

const USAGE = `vivarium: a pre-4.x Kafka cluster to work with and to watch

  vivarium up [--coordinators N] [--brokers N] [--coordinator-config FILE] [--broker-config FILE]
      Starts an ensemble of N coordinators (3 unless told otherwise; 1 to 7, best an odd number)
      and N brokers (3 unless told otherwise; 1 to 9), prints what to try, and stops them on Ctrl-C.
      Three have their files in config/ensemble and config/cluster, one alone has
      config/zookeeper.properties or config/server.properties; a file given by hand is for one.

${BACKUP_USAGE}
  vivarium --help`;

/** The installation is one level above this file in the sources, two in the build. */
function installationRoot(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const parent = dirname(here);
  return parent.endsWith('dist') ? dirname(parent) : parent;
}

const absolute = (path: string | undefined): string | null => (path === undefined ? null : resolve(path));

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'coordinator') {
    const { coordinatorCommand } = await import('../coordinator/cli/backup.ts');
    return coordinatorCommand(argv.slice(1), { root: installationRoot(), out: (line) => console.log(line), err: (line) => console.error(line) });
  }
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      coordinators: { type: 'string' },
      brokers: { type: 'string' },
      'coordinator-config': { type: 'string' },
      'broker-config': { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    console.log(USAGE);
    return 0;
  }
  if (positionals.length !== 1 || positionals[0] !== 'up') {
    console.error(`Expected the command "up", got "${positionals.join(' ')}".\n\n${USAGE}`);
    return 2;
  }
  const root = installationRoot();
  const stopRequested = new Promise<void>((stop) => {
    process.once('SIGINT', () => stop());
    process.once('SIGTERM', () => stop());
  });
  return up({
    root,
    servers: planCluster({
      root,
      coordinators: Number(values.coordinators ?? 3),
      brokers: Number(values.brokers ?? 3),
      coordinatorConfig: absolute(values['coordinator-config']),
      brokerConfig: absolute(values['broker-config']),
    }),
    print: (line) => console.log(line),
    stopRequested,
  });
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    // parseArgs explains a wrong option in one sentence.
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exitCode = 2;
  },
);
