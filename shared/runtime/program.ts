/**
 * The programs of this installation, whether its sources run or its build, in which a module no longer lies where its source does.
 * A program is named by its path from the root of the sources without its ending: `coordinator/store/sqlite-worker`.
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** URL of `program`'s file, from which a worker thread can be started. */
export function programUrl(program: string): URL {
  const here = import.meta.url;
  if (here.endsWith('.ts')) return new URL(`../../${program}.ts`, here);
  return new URL(`${program}.cjs`, here.slice(0, here.lastIndexOf('/dist/') + '/dist/'.length));
}

/** Whether this process was started as `program`; a test that imports its module was not. */
export function isProgram(program: string): boolean {
  const started = process.argv[1];
  return started !== undefined && realpathSync(started) === fileURLToPath(programUrl(program));
}

/** Carries `main` out with the arguments of the command line; what it gives is the exit code. */
export async function runProgram(main: (argv: readonly string[]) => number | Promise<number>): Promise<void> {
  process.exitCode = await main(process.argv.slice(2));
}
