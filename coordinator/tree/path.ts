/** Paths of znodes: absolute, `/`-separated, without empty or relative components (`PathUtils`). */

/** The parent of `path`: `''` for znodes directly under the root, which stands for `/` everywhere in the tree. */
export function parentPathOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function joinPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

/** Znodes that nobody can delete (`DataTree.isSpecialPath`). */
export function isSystemPath(path: string): boolean {
  return path === '/' || path === '/zookeeper' || path === '/zookeeper/quota' || path === '/zookeeper/config';
}

/** True for a path that a znode can have, or does have. */
export function isValidPath(path: string): boolean {
  const size = path.length;
  if (size === 0 || path.charCodeAt(0) !== SLASH) return false;
  if (size === 1) return true;
  if (path.charCodeAt(size - 1) === SLASH) return false;
  let start = 1; // of the component under way
  for (let i = 1; i <= size; i++) {
    const code = i === size ? SLASH : path.charCodeAt(i);
    if (code === SLASH) {
      const length = i - start;
      if (length === 0) return false;
      if (length === 1 && path.charCodeAt(start) === DOT) return false;
      if (length === 2 && path.charCodeAt(start) === DOT && path.charCodeAt(start + 1) === DOT) return false;
      start = i + 1;
    } else if (code < 0x20 || (code >= 0x7f && isForbidden(code))) {
      return false;
    }
  }
  return true;
}

const SLASH = 0x2f;
const DOT = 0x2e;

/** Control characters, surrogates, the private use area and the specials, as the original excludes them. */
function isForbidden(code: number): boolean {
  return code <= 0x9f || (code >= 0xd800 && code <= 0xf8ff) || code >= 0xfff0;
}
