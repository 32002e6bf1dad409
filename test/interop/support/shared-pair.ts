/**
 * The cluster that most tests share, chosen by the environment:
 *
 *   (nothing)                    this repository's servers, started for the run
 *   INTEROP_TARGET=kafka         the real ZooKeeper and Kafka 3.4, started for the run
 *   INTEROP_BOOTSTRAP=HOST:PORT  a cluster that runs already; tests that stop or look into servers still start their own
 *
 * Loaded by mocha before the tests, so that the servers start once and stop at the end. The first failure of a test
 * makes the end of the run show what the servers said last.
 */
import type { Context } from 'mocha';
import { ServerPair, type Maker } from './servers.ts';

/** Whose servers the tests start. */
export const maker: Maker = readMaker();

let pair: ServerPair | undefined;
let anyFailed = false;

function readMaker(): Maker {
  const target = process.env['INTEROP_TARGET'] ?? 'vivarium';
  if (target !== 'vivarium' && target !== 'kafka') throw new Error(`INTEROP_TARGET is "${target}", expected "vivarium" or "kafka"`);
  return target;
}

/** Where the shared cluster's broker listens, as `host:port`. */
export function bootstrap(): string {
  const given = process.env['INTEROP_BOOTSTRAP'];
  if (given !== undefined) return given;
  if (pair === undefined) throw new Error('The shared servers do not run: mocha has to load support/shared-pair.ts (see .mocharc.json)');
  return pair.bootstrap;
}

let topicCount = 0;

/** A name no other test and no other run on the same cluster uses. */
export function freshName(subject: string): string {
  return `${subject}-${process.pid.toString(36)}-${Date.now().toString(36)}-${++topicCount}`;
}

export async function mochaGlobalSetup(): Promise<void> {
  if (process.env['INTEROP_BOOTSTRAP'] === undefined) pair = await ServerPair.start({ maker });
}

export async function mochaGlobalTeardown(): Promise<void> {
  if (pair === undefined) return;
  if (anyFailed) process.stderr.write(`A test failed; the shared servers said last:\n${pair.logs()}\n`);
  await pair.close();
}

export const mochaHooks = {
  afterEach(this: Context): void {
    if (this.currentTest?.state === 'failed') anyFailed = true;
  },
};
