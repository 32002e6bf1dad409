/** Paths as a client sees them: what may be asked for (`PathUtils`), and the chroot that stands before every one of them. */
import { badArguments } from './errors.ts';

/**
 * Throws `CoordinatorError` (BADARGUMENTS), worded as the original words it, unless `path` can name a znode. The path of a
 * sequential create may end in `/`: the counter is then the whole name.
 */
export function validatePath(path: string, isSequential = false): void {
  if (path === '') throw badArguments('Path length must be > 0', path);
  if (path[0] !== '/') throw badArguments('Path must start with / character', path);
  const text = isSequential ? `${path}1` : path;
  if (text === '/') return;
  if (text.endsWith('/')) throw badArguments('Path must not end with / character', path);

  for (let i = 1; i < text.length; i++) {
    const why = faultAt(text, i);
    if (why !== null) throw badArguments(`Invalid path string "${path}" caused by ${why} @${i}`, path);
  }
}

function faultAt(path: string, i: number): string | null {
  const char = path[i]!;
  const previous = path[i - 1]!;
  const next = path[i + 1] ?? '/';
  const code = char.charCodeAt(0);
  if (code === 0) return 'null character not allowed';
  if (char === '/' && previous === '/') return 'empty node name specified';
  if (char === '.' && previous === '.' && path[i - 2] === '/' && next === '/') return 'relative paths not allowed';
  if (char === '.' && previous === '/' && next === '/') return 'relative paths not allowed';
  const isInvalid =
    (code > 0 && code <= 0x1f) || (code >= 0x7f && code <= 0x9f) || (code >= 0xd800 && code <= 0xf8ff) || code >= 0xfff0;
  return isInvalid ? 'invalid character' : null;
}

/** Puts the chroot before a client's path. `chroot` is '' for none, else like `/app`. */
export function prependChroot(chroot: string, path: string): string {
  if (chroot === '') return path;
  return path === '/' ? chroot : chroot + path;
}

/** Cuts the chroot off a server's path. A path outside of it (there is none in answers to our requests) stays as it is. */
export function stripChroot(chroot: string, path: string): string {
  if (chroot === '') return path;
  if (path === chroot) return '/';
  return path.startsWith(chroot) && path[chroot.length] === '/' ? path.slice(chroot.length) : path;
}
