/** Java clients of ZooKeeper: programs of `java/programs`, and published test classes in JVMs of their own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProgramOptions } from './process.ts';
import { Program, run } from './process.ts';
import { repository } from './servers.ts';

const javaTool = join(repository, 'test/interop/java/java-tool.sh');

/** A program that takes a properties file: where published tests would start a server in their JVM, they start this. */
const LAUNCHER = join(repository, 'bin/zookeeper-server-start.sh');

/** Starts a program of `java/programs`. */
export function javaProgram(main: string, args: readonly string[], options?: ProgramOptions): Program {
  return new Program(javaTool, ['run', main, ...args], options);
}

export interface TestOutcome {
  /** `Class.method`, with what JUnit adds for parameters. */
  readonly name: string;
  /** Null: passed. */
  readonly failure: string | null;
}

/**
 * Runs published test classes in one JVM: on our server, or on the one that they bring. `slot` tells JVMs that run at once apart,
 * by their ports.
 */
export async function junit(classes: readonly string[], { real, slot, timeoutMs }: { real: boolean; slot: number; timeoutMs: number }): Promise<TestOutcome[]> {
  const reports = mkdtempSync(join(tmpdir(), 'interop-junit-'));
  try {
    const { stdout, stderr } = await run(javaTool, ['junit', real ? '-' : LAUNCHER, reports, ...classes], { timeoutMs, env: { JAVA_PORTS: String(slot + 1) } });
    let report: string;
    try {
      report = readFileSync(join(reports, 'TEST-junit-jupiter.xml'), 'utf8');
    } catch (cause) {
      throw new Error(`JUnit left no report of ${classes.join(', ')}:\n${stdout.slice(-4_000)}${stderr.slice(-4_000)}`, { cause });
    }
    return readReport(report);
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

/** The test cases of a report in JUnit's XML; those that were skipped are left out. */
function readReport(xml: string): TestOutcome[] {
  const outcomes: TestOutcome[] = [];
  for (const [, attributes, , body = ''] of xml.matchAll(/<testcase ([^>]*?)(\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const attribute = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes!)?.[1] ?? '';
    if (body.includes('<skipped')) continue;
    const failure = /<(?:failure|error)\b[^>]*?(?:message="([^"]*)")?[^>]*>/.exec(body);
    const name = `${attribute('classname').split('.').at(-1)}.${attribute('name').replace(/\(.*\)/, '')}`;
    outcomes.push({ name, failure: failure === null ? null : `${failure[1] ?? ''}\n${body.replace(/<!\[CDATA\[|\]\]>/g, '').replace(/<[^>]*>/g, '').trim().slice(0, 1_000)}` });
  }
  return outcomes;
}
