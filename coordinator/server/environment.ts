/** The process and its machine under the names of the original's `envi`: where Java has no counterpart, the nearest thing of Node. */
import { arch, freemem, homedir, hostname, release, tmpdir, type, userInfo } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { VERSION } from '../net/four-letter-words.ts';

const MIB = 1 << 20;

export function environment(): [name: string, value: string][] {
  const heap = getHeapStatistics();
  const mib = (bytes: number): string => `${Math.floor(bytes / MIB)}MB`;
  return [
    ['zookeeper.version', VERSION],
    ['host.name', hostname()],
    ['java.version', `Node.js ${process.version}`],
    ['java.vendor', 'Node.js'],
    ['java.home', process.execPath],
    ['java.class.path', process.argv[1] ?? ''],
    ['java.library.path', process.env['NODE_PATH'] ?? ''],
    ['java.io.tmpdir', tmpdir()],
    ['java.compiler', '<NA>'],
    ['os.name', type()],
    ['os.arch', arch() === 'x64' ? 'amd64' : arch()],
    ['os.version', release()],
    ['user.name', userName()],
    ['user.home', homedir()],
    ['user.dir', process.cwd()],
    ['os.memory.free', mib(Math.min(freemem(), heap.heap_size_limit - heap.used_heap_size))],
    ['os.memory.max', mib(heap.heap_size_limit)],
    ['os.memory.total', mib(heap.total_heap_size)],
  ];
}

/** A container may run under a user id that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error;
    return process.env['USER'] ?? '?';
  }
}
