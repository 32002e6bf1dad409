/** The `vivarium` command: whole clusters. */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BACKUP_USAGE } from '../coordinator/cli/backup-usage.ts';
import { up } from './up.ts';

const USAGE = `vivarium: a pre-4.x Kafka cluster to work with and to watch

  vivarium up [--coordinator-config FILE] [--broker-config FILE]
      Starts a coordinator and a broker (by default from config/zookeeper.properties and
      config/server.properties), prints what to try, and stops them on Ctrl-C.

${BACKUP_USAGE}
  vivarium --help`;

/** The installation is one level above this file in the sources, two in the build. */
function installationRoot(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const parent = dirname(here);
  return parent.endsWith('dist') ? dirname(parent) : parent;
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'coordinator') {
    const { coordinatorCommand } = await import('../coordinator/cli/backup.ts');
    return coordinatorCommand(argv.slice(1), { root: installationRoot(), out: (line) => console.log(line), err: (line) => console.error(line) });
  }
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { 'coordinator-config': { type: 'string' }, 'broker-config': { type: 'string' }, help: { type: 'boolean' } },
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
    coordinatorConfig: resolve(values['coordinator-config'] ?? join(root, 'config', 'zookeeper.properties')),
    brokerConfig: resolve(values['broker-config'] ?? join(root, 'config', 'server.properties')),
    print: (line) => console.log(line),
    stopRequested,
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // parseArgs explains a wrong option in one sentence.
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
