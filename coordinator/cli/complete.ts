/** Tab completion: names of commands, and of znodes for a word that begins with `/`. */
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';

/** Returns the completions of the last word of `line`, and the part of the line that they replace. */
export async function complete(
  line: string,
  commandNames: readonly string[],
  client: CoordinatorClient,
): Promise<[completions: string[], replaced: string]> {
  const word = line.slice(line.lastIndexOf(' ') + 1);
  if (!word.startsWith('/')) return [commandNames.filter((name) => name.startsWith(word)), word];
  const slash = word.lastIndexOf('/');
  const prefix = word.slice(slash + 1);
  try {
    const { children } = await client.getChildren(slash === 0 ? '/' : word.slice(0, slash));
    return [[...children].filter((name) => name.startsWith(prefix)).sort(), prefix];
  } catch (error) {
    // No such znode, or no server: then there is nothing to offer, and no reason to disturb what is being typed.
    if (error instanceof CoordinatorError) return [[], prefix];
    throw error;
  }
}
