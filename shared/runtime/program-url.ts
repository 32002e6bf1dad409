/**
 * Where a program of this installation lies, whether its sources run or its build: a worker thread is started from a file,
 * and in the build a module no longer lies where its source does.
 */

/** URL of `program`, a path from the root of the sources without its ending: `coordinator/store/sqlite-worker`. */
export function programUrl(program: string): URL {
  const here = import.meta.url;
  if (here.endsWith('.ts')) return new URL(`../../${program}.ts`, here);
  return new URL(`${program}.js`, here.slice(0, here.lastIndexOf('/dist/') + '/dist/'.length));
}
