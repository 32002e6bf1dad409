/** Znodes that have to be there before anything is written below them. */
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import { createOp } from '../../shared/client/ops.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';

/** Makes sure of persistent znodes and their parents: one look at all, one multi for what is missing. */
export async function ensurePaths(client: CoordinatorClient, paths: readonly string[]): Promise<void> {
  const wanted = new Set<string>();
  for (const path of paths) {
    for (let slash = path.indexOf('/', 1); slash >= 0; slash = path.indexOf('/', slash + 1))
      wanted.add(path.slice(0, slash));
    wanted.add(path);
  }
  const all = [...wanted];
  for (;;) {
    const found = await Promise.all(all.map((path) => client.exists(path)));
    const missing = all.filter((_, index) => found[index] === null);
    if (missing.length === 0) return;
    try {
      await client.multi(missing.map((path) => createOp(path)));
      return;
    } catch (error) {
      // Another broker starts at this moment: look again.
      if (!(error instanceof CoordinatorError) || error.code !== ErrorCode.NODEEXISTS) throw error;
    }
  }
}
