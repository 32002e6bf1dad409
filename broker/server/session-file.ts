/**
 * The coordinator session of this broker, kept beside its logs. A broker that is started again right after a crash resumes the
 * session that its predecessor left and so owns the old registration: no NodeExists, no wait for the session to run out.
 *
 * Only the process that holds the log directory's lock may read it: two processes must not share a session. The file is a secret
 * (it is as good as the session) and is readable by its owner only.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionIdentity } from '../../shared/client/client.ts';

export const SESSION_FILE_NAME = '.coordinator-session';

/** The session in `logDir`, or null when there is none or the file is not readable as one. */
export async function readSession(logDir: string, servers: string): Promise<SessionIdentity | null> {
  let text: string;
  try {
    text = await readFile(join(logDir, SESSION_FILE_NAME), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const [version, connect, sessionId, password] = text.split('\n');
  // A session of another ensemble means nothing to this one. A torn file is no session.
  if (version !== '1' || connect !== servers || !/^[0-9a-f]{1,16}$/.test(sessionId ?? '') || password === undefined)
    return null;
  return { sessionId: BigInt(`0x${sessionId}`), password: Buffer.from(password, 'base64') };
}

/** Replaces the file, at once or not at all. */
export async function writeSession(logDir: string, servers: string, session: SessionIdentity): Promise<void> {
  const path = join(logDir, SESSION_FILE_NAME);
  const sessionId = BigInt.asUintN(64, session.sessionId).toString(16);
  const text = `1\n${servers}\n${sessionId}\n${Buffer.from(session.password).toString('base64')}\n`;
  await writeFile(`${path}.tmp`, text, { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}

/** After a clean stop the session is closed, so nobody can resume it. */
export async function removeSession(logDir: string): Promise<void> {
  await rm(join(logDir, SESSION_FILE_NAME), { force: true });
}
