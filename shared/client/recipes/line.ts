/**
 * The line that locks and elections stand in: each takes a number (an ephemeral sequential znode), and waits for one znode before
 * it to go, so that a departure wakes one and not the whole herd.
 */
import { ErrorCode } from '../../znode/error-code.ts';
import type { CoordinatorClient } from '../client.ts';
import { CoordinatorError } from '../errors.ts';
import type { DataLike } from '../ops.ts';
import { Held } from './held.ts';
import { childOf, createTagged, giveUp, namesIn } from './sequence.ts';
import { untilChanged } from './waiting.ts';

/** Name of the one whose departure `line[position]` has to wait for, or undefined when it is its turn. */
export type BlockerOf = (line: readonly string[], position: number) => string | undefined;

/** One at a time, first come first served. */
const predecessor: BlockerOf = (line, position) => line[position - 1];

/** Stands in the line at `parent` until it is its turn. When that fails, or `signal` fires, it leaves the line. */
export async function standInLine(
  client: CoordinatorClient,
  parent: string,
  options: { kind: string; blockerOf?: BlockerOf; data?: DataLike; signal?: AbortSignal | undefined },
): Promise<Held> {
  const { kind, blockerOf = predecessor, data = null, signal } = options;
  signal?.throwIfAborted();
  const name = await createTagged(client, parent, kind, data);
  const path = childOf(parent, name);
  try {
    for (;;) {
      const line = await namesIn(client, parent);
      const position = line.indexOf(name);
      if (position < 0) throw new CoordinatorError(ErrorCode.NONODE, path, { message: `${path} was deleted while it stood in line` });
      const blocker = blockerOf(line, position);
      if (blocker === undefined) return new Held(client, path);
      await untilChanged(client, childOf(parent, blocker), signal);
    }
  } catch (error) {
    await giveUp(client, path);
    throw error;
  }
}
