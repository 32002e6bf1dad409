/** A real Apache ZooKeeper 3.8 for a test, in its own process with its own data. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeTemporaryDirectory, temporaryDirectory } from './leftovers.ts';
import { Program } from './process.ts';
import { coordinatorAnswers, freePort, repository } from './servers.ts';

export const zookeeperTool = join(repository, 'test/interop/zookeeper/zookeeper-tool.sh');

export interface RealZooKeeper {
  readonly port: number;
  readonly program: Program;
  close(): Promise<void>;
}

const READY_TIMEOUT_MS = 120_000;

/** Starts one and waits until it serves. `settings` are further lines of zoo.cfg. */
export async function startZooKeeper(settings: Readonly<Record<string, string | number>> = {}): Promise<RealZooKeeper> {
  const directory = temporaryDirectory('interop-zookeeper-');
  const port = await freePort();
  const lines = { dataDir: join(directory, 'data'), clientPort: port, clientPortAddress: '127.0.0.1', maxClientCnxns: 0, 'admin.enableServer': 'false', ...settings };
  const file = join(directory, 'zoo.cfg');
  writeFileSync(file, Object.entries(lines).map(([key, value]) => `${key}=${value}\n`).join(''));
  const program = new Program(zookeeperTool, ['server', file], { cwd: directory });
  const close = async (): Promise<void> => {
    if (program.ended === undefined) await program.stop('SIGTERM', 30_000);
    removeTemporaryDirectory(directory);
  };
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await coordinatorAnswers(port))) {
    if (program.ended !== undefined || Date.now() > deadline) {
      const transcript = program.transcript();
      await close();
      throw new Error(`ZooKeeper does not serve:\n${transcript}`);
    }
    await delay(50);
  }
  return { port, program, close };
}
