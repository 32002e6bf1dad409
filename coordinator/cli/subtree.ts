/** Walks over a znode and all below it, in the orders that the original's tools use (`ZKUtil`). */
import type { CoordinatorClient, WatchCallback } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';

/** getChildren requests under way at once: enough to hide the way to the server, without a whole tree's worth of answers. */
const CONCURRENCY = 100;

const childPath = (path: string, name: string): string => (path === '/' ? `/${name}` : `${path}/${name}`);

/** Paths of `root` and all below it, a level after the other. */
export async function listSubtree(client: CoordinatorClient, root: string): Promise<string[]> {
  const paths = [root];
  for (let at = 0; at < paths.length; ) {
    const parents = paths.slice(at, at + CONCURRENCY);
    at += parents.length;
    const lists = await Promise.all(parents.map((path) => client.getChildren(path)));
    lists.forEach(({ children }, i) => paths.push(...children.map((name) => childPath(parents[i]!, name))));
  }
  return paths;
}

/**
 * Visits `root`, then for each znode all its children together (sorted) before going down into the first. A znode that is
 * deleted meanwhile is passed over, except `root` itself.
 */
export async function visitSubtree(
  client: CoordinatorClient,
  root: string,
  watch: WatchCallback | undefined,
  visit: (path: string) => void | Promise<void>,
): Promise<void> {
  await client.getData(root, { watch });
  await visit(root);
  // Newest last; siblings are pushed in reverse, so that the first comes off first.
  const waiting = [root];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const names = await childrenOrNone(client, path, watch);
    const paths = [...names].sort().map((name) => childPath(path!, name));
    for (const each of paths) await visit(each);
    waiting.push(...paths.reverse());
  }
}

async function childrenOrNone(client: CoordinatorClient, path: string, watch: WatchCallback | undefined): Promise<readonly string[]> {
  try {
    return (await client.getChildren(path, { watch })).children;
  } catch (error) {
    if (error instanceof CoordinatorError && error.code === ErrorCode.NONODE) return [];
    throw error;
  }
}
