/**
 * Sequential znodes whose making is never in doubt. When the line breaks under a create, nobody knows whether the znode was
 * made, and its name cannot be guessed: a second create could leave an orphan at the head of the line that blocks everybody until the
 * session ends. So each name carries a tag that only its maker knows (Curator's "protection"), by which it is found again:
 *
 *     _c_9f…e1-lock-0000000042     tag, kind, counter
 */
import { CreateMode } from '../../znode/create-mode.ts';
import { ErrorCode } from '../../znode/error-code.ts';
import type { CoordinatorClient } from '../client.ts';
import { CoordinatorError } from '../errors.ts';
import type { DataLike } from '../ops.ts';

const COUNTER_DIGITS = 10;
/** A parent that is a container may be swept away between its making and its use, but hardly this often in a row. */
const PARENT_ATTEMPTS_MAX = 10;

export function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof CoordinatorError && error.code === code;
}

/** Repeats a call that does no harm when it is carried out twice, until the line holds or the session is over. */
export async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!hasCode(error, ErrorCode.CONNECTIONLOSS)) throw error;
    }
  }
}

/** A name that nobody else makes. */
function uniqueTag(): string {
  // Not `randomUUID`, which browsers have on secure pages only.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Makes `path` and what is missing above it: containers, which go by themselves some time after the last child has gone. */
export async function ensurePath(client: CoordinatorClient, path: string, lastMode: CreateMode = CreateMode.CONTAINER): Promise<void> {
  for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
    const part = end < 0 ? path : path.slice(0, end);
    // Asked first, because above may lie znodes below which this session must not create anything.
    if ((await retried(() => client.exists(part))) === null) await makeShared(client, part, end < 0 ? lastMode : CreateMode.CONTAINER);
    if (end < 0) return;
  }
}

/** Creates a znode unless somebody else did. */
async function makeShared(client: CoordinatorClient, path: string, mode: CreateMode): Promise<void> {
  try {
    await retried(() => client.create(path, null, { mode }));
  } catch (error) {
    if (!hasCode(error, ErrorCode.NODEEXISTS)) throw error;
  }
}

/** Makes a sequential child of `parent`, and `parent` if it is missing. Returns the child's name. Made once, whatever the line does. */
export async function createTagged(
  client: CoordinatorClient,
  parent: string,
  kind: string,
  data: DataLike = null,
  mode: CreateMode = CreateMode.EPHEMERAL_SEQUENTIAL,
): Promise<string> {
  const prefix = `_c_${uniqueTag()}-${kind}-`;
  for (let attempts = 1; ; ) {
    try {
      const path = await client.create(childOf(parent, prefix), data, { mode });
      return path.slice(path.lastIndexOf('/') + 1);
    } catch (error) {
      if (hasCode(error, ErrorCode.CONNECTIONLOSS)) {
        const made = await findTagged(client, parent, prefix);
        if (made !== undefined) return made;
      } else if (hasCode(error, ErrorCode.NONODE) && attempts++ < PARENT_ATTEMPTS_MAX) {
        await ensurePath(client, parent);
      } else {
        throw error;
      }
    }
  }
}

async function findTagged(client: CoordinatorClient, parent: string, prefix: string): Promise<string | undefined> {
  // Another server may be behind the one that took the create.
  await retried(() => client.sync(parent));
  return (await namesIn(client, parent)).find((name) => name.startsWith(prefix));
}

/** Names of the tagged children, in the order in which they were made; none where there is no parent. */
export async function namesIn(client: CoordinatorClient, parent: string): Promise<string[]> {
  try {
    const { children } = await retried(() => client.getChildren(parent));
    return inOrder(children);
  } catch (error) {
    if (hasCode(error, ErrorCode.NONODE)) return [];
    throw error;
  }
}

/** Tagged names by their counters; others are left out. */
export function inOrder(names: readonly string[]): string[] {
  return names.filter((name) => /^_c_.*-\d{10}$/.test(name)).sort((a, b) => counterOf(a) - counterOf(b));
}

function counterOf(name: string): number {
  return Number(name.slice(-COUNTER_DIGITS));
}

export function childOf(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

/** Gives up an ephemeral znode of this session: with a session that is over it has gone, or goes soon. */
export async function giveUp(client: CoordinatorClient, path: string): Promise<void> {
  if (client.state !== 'CONNECTING' && client.state !== 'CONNECTED') return;
  try {
    await deleteIfThere(client, path);
  } catch (error) {
    if (!hasCode(error, ErrorCode.SESSIONEXPIRED)) throw error;
  }
}

/** Deletes a znode, content when it is gone already. */
export async function deleteIfThere(client: CoordinatorClient, path: string): Promise<void> {
  try {
    await retried(() => client.delete(path));
  } catch (error) {
    if (!hasCode(error, ErrorCode.NONODE)) throw error;
  }
}
