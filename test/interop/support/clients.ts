/**
 * The foreign clients as commands: kcat (librdkafka), Kafka 3.4's own tools (Java) and kafka-python. `run.sh` installs them.
 */
import { join } from 'node:path';
import { Program, run, runOk, type Finished, type ProgramOptions } from './process.ts';
import { kafkaTool, repository } from './servers.ts';
import { bootstrap } from './shared-pair.ts';

/** The interpreter of the tests' own virtual environment. */
export const python = join(repository, '.cache/interop-venv/bin/python');

/** The programs that `run.sh` builds from `go-zookeeper/` and `zookeeper-c/`. */
export const goCases = join(repository, '.cache/go-zookeeper/cases');
export const cCases = join(repository, '.cache/zookeeper-c/cases');

type Options = ProgramOptions & { timeoutMs?: number };

/** Runs kcat against the shared cluster; `-q` keeps its progress notes out of the answers. */
export async function kcat(args: readonly string[], options?: Options): Promise<string> {
  return (await runOk('kcat', ['-q', '-b', bootstrap(), ...args], options)).stdout;
}

/** The same, left running. */
export function kcatProgram(args: readonly string[], options?: ProgramOptions): Program {
  return new Program('kcat', ['-b', bootstrap(), ...args], options);
}

/** Runs one of Kafka's own tools against the shared cluster. */
export async function tool(name: string, args: readonly string[], options?: Options): Promise<Finished> {
  return run(kafkaTool, [name, '--bootstrap-server', bootstrap(), ...args], options);
}

export async function toolOk(name: string, args: readonly string[], options?: Options): Promise<string> {
  return (await runOk(kafkaTool, [name, '--bootstrap-server', bootstrap(), ...args], options)).stdout;
}

export function toolProgram(name: string, args: readonly string[], options?: ProgramOptions): Program {
  return new Program(kafkaTool, [name, '--bootstrap-server', bootstrap(), ...args], options);
}

/** Runs one of the scripts in `python/`, which prints one JSON value, and gives that value. */
export async function pythonScript<T>(script: string, args: readonly string[], options?: Options): Promise<T> {
  const finished = await runOk(python, [join(import.meta.dirname, '../python', script), bootstrap(), ...args], options);
  return JSON.parse(finished.stdout) as T;
}

export function pythonProgram(script: string, args: readonly string[], options?: ProgramOptions): Program {
  return new Program(python, [join(import.meta.dirname, '../python', script), bootstrap(), ...args], options);
}

/** The complete lines of an output; one that is still being written does not count. */
export function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
