/**
 * A machine of its own for commands that are typed with stock ports and stock data directories: Linux namespaces give it
 * its own loopback network, its own `/tmp` and its own process table. So `localhost:9092` is free whatever else runs here,
 * `kafka-server-stop.sh` finds nobody else's servers, and when the first process ends everything in it has ended.
 *
 * Where namespaces are not permitted (some containers) the commands run on the machine itself, provided nobody uses the ports.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run, type ProgramOptions, Program } from './process.ts';
import { brokerAnswers, coordinatorAnswers, repository } from './servers.ts';

const namespaces = ['--map-root-user', '--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child=SIGKILL'];
const stockDirectories = ['/tmp/zookeeper', '/tmp/kafka-logs'];

/**
 * Gives the sandbox a loopback interface and an empty /tmp, then becomes the command. Directories below the old /tmp that
 * the command needs, named first and ended by `--`, are kept in place.
 */
const enter = `
set -eu
ip link set lo up
new=$1/.cache/sandbox
mkdir -p "$new"
mount -t tmpfs tmpfs "$new"
while [ "$1" != -- ]; do
  case $1 in /tmp/*) mkdir -p "$new/\${1#/tmp/}"; mount --bind "$1" "$new/\${1#/tmp/}" ;; esac
  shift
done
shift
mount --rbind "$new" /tmp
export TMPDIR=/tmp
exec "$@"
`;

let permitted: boolean | undefined;

async function namespacesPermitted(): Promise<boolean> {
  if (permitted === undefined) {
    try {
      const probe = await run('unshare', [...namespaces, 'bash', '-c', enter, 'enter', repository, '--', 'true']);
      permitted = probe.code === 0;
      if (!permitted) process.stderr.write(`No namespaces here (${probe.stderr.trim()}): running on the machine's own stock ports.\n`);
    } catch (error) {
      permitted = false;
      process.stderr.write(`No namespaces here (${(error as Error).message}): running on the machine's own stock ports.\n`);
    }
  }
  return permitted;
}

/** Starts a command in a sandbox; `keep` are the directories that it needs. */
export async function sandboxed(keep: readonly string[], command: readonly [string, ...string[]], options?: ProgramOptions): Promise<Program> {
  if (await namespacesPermitted()) {
    return new Program('unshare', [...namespaces, 'bash', '-c', enter, 'enter', repository, ...keep, '--', ...command], options);
  }
  if ((await coordinatorAnswers(2181)) || (await brokerAnswers(9092))) {
    throw new Error('Ports 2181 and 9092 are in use, and namespaces to be apart from that are not permitted here: stop those servers first');
  }
  const inTheWay = stockDirectories.find((directory) => existsSync(directory));
  if (inTheWay !== undefined) {
    throw new Error(`"${inTheWay}" exists, and namespaces to be apart from it are not permitted here: move it away first`);
  }
  return new Program(command[0], command.slice(1), options);
}

/** Folder for what a sandbox needs and a clone must not hold. */
export const sandboxFiles = join(repository, '.cache/interop');
