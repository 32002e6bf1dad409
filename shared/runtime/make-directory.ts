/**
 * Makes a directory and those above it that are missing. Node's own recursive mkdir tries for ever where the system answers
 * ENOENT below a directory that exists (in /proc, say); this one makes each once, and fails with what the system said.
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

async function isMissing(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
}

/** Fine if it is there already. Rejects with the system's error, e.g. EACCES, EROFS, ENOSPC, ENOTDIR. */
export async function makeDirectory(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = resolve(path); await isMissing(at); at = dirname(at)) missing.push(at);
  for (const directory of missing.reverse()) {
    try {
      await mkdir(directory);
    } catch (error) {
      // Somebody else made it meanwhile: fine as well.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
