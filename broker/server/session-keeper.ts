/**
 * Who may resume the session in a log directory: the one process that holds this lock. It is taken before anything else is known
 * of the broker, because two processes with one session would take each other's place with the coordinator again and again.
 */
import { join } from 'node:path';
import { makeDirectory } from '../../shared/runtime/make-directory.ts';
import type { FileLock } from '../log/file.ts';
import { nodeFileSystem } from '../log/node-file-system.ts';
import type { SessionIdentity } from '../../shared/client/client.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { readSession, removeSession, SESSION_FILE_NAME, writeSession } from './session-file.ts';

export class SessionKeeper {
  private readonly logDir: string;
  private readonly servers: string;
  private readonly lock: FileLock | null;

  private constructor(logDir: string, servers: string, lock: FileLock | null) {
    this.logDir = logDir;
    this.servers = servers;
    this.lock = lock;
  }

  /**
   * Takes the lock. Where that can't be done (another broker runs there, or the directory can't be made) nothing is kept: opening
   * the logs will say what is wrong.
   */
  static async open(logDir: string, servers: string, logger: Logger): Promise<SessionKeeper> {
    let lock: FileLock | null = null;
    try {
      await makeDirectory(logDir);
      lock = await nodeFileSystem.lock(join(logDir, `${SESSION_FILE_NAME}.lock`));
    } catch (error) {
      logger.warn(
        `The coordinator session cannot be kept in ${logDir}: a restart after a crash will wait for it to run out`,
        { error },
      );
    }
    return new SessionKeeper(logDir, servers, lock);
  }

  async read(): Promise<SessionIdentity | null> {
    return this.lock === null ? null : await readSession(this.logDir, this.servers);
  }

  async write(session: SessionIdentity): Promise<void> {
    if (this.lock !== null) await writeSession(this.logDir, this.servers, session);
  }

  /** `isOver`: the session was closed, nobody can resume it. */
  async close({ isOver }: { isOver: boolean }): Promise<void> {
    if (this.lock === null) return;
    if (isOver) await removeSession(this.logDir);
    this.lock.release();
  }
}
