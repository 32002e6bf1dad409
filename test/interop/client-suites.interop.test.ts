/**
 * The published tests of ZooKeeper's clients, which start and stop servers by themselves: here they start our coordinators
 * (`INTEROP_TARGET=kafka`: the real ZooKeeper 3.8). Every test of a suite has to pass, but for those that it skips itself. The suites
 * measure with clocks, and here many of their tests run at once: one that fails is run once more, alone, and named.
 *
 * node-zookeeper-client's tests speak to no server, so there is nothing to point at ours.
 */
import { expect } from 'chai';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { python } from './support/clients.ts';
import { Program, run } from './support/process.ts';
import { freePort, repository } from './support/servers.ts';
import { maker } from './support/shared-pair.ts';

type Outcome = 'passed' | 'failed' | 'skipped';

const suites = join(import.meta.dirname, 'suites');
const SUITE_TIMEOUT_MS = 300_000;

/** What the suite itself leaves out, on the real ZooKeeper too. */
const NO_KERBEROS = 'asks for a Kerberos server';
const SKIPPED_BY_KAZOO: Readonly<Record<string, string>> = {
  'test_build.py::TestBuildEnvironment::test_zookeeper_version': 'compares versions in the build of kazoo alone',
  'test_sasl.py::TestSASLGSSAPIAuthentication::test_connect_gssapi_auth': NO_KERBEROS,
  'test_sasl.py::TestSASLGSSAPIAuthentication::test_invalid_gssapi_auth': NO_KERBEROS,
};
/** What kazoo tests with three servers alone: those tests get them, and all others one, which they would not tell from three. */
const OF_THREE = 'TestReconfig or TestReadOnlyMode or test_update_host_list';

const AGAIN_MAX = 5;

/** The tests to run once more: few that fail. More than a few are no accident. */
function unexpected(outcomes: ReadonlyMap<string, Outcome>): string[] {
  const names = [...outcomes].filter(([, how]) => how === 'failed').map(([name]) => name);
  if (names.length > AGAIN_MAX) return [];
  if (names.length > 0) console.log(`      once more, alone: ${names.join(', ')}`);
  return names;
}

/** Compares how the tests of a suite ended with what is expected, and says the count. */
function judge(suite: string, outcomes: ReadonlyMap<string, Outcome>, skipped: readonly string[]): void {
  const named = (outcome: Outcome): string[] => [...outcomes].filter(([, how]) => how === outcome).map(([name]) => name).toSorted();
  const passed = named('passed');
  console.log(`      ${suite}: ${passed.length} passed, ${named('failed').length} failed, ${named('skipped').length} skipped`);
  expect(passed.length, 'tests that ran').to.be.greaterThan(0);
  expect(named('failed'), 'tests that failed').to.deep.equal([]);
  expect(named('skipped'), 'tests that the suite skips').to.deep.equal(skipped.toSorted());
}

describe('published tests of clients', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'interop-suites-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs those of kazoo's tests that `selection` says on clusters of `size`, in `workers` processes with a cluster each. */
  async function kazoo(size: number, workers: number, selection: string): Promise<{ outcomes: [string, Outcome][]; transcript: string }> {
    const results = join(directory, `kazoo-${size}.json`);
    const jars = join(repository, '.cache/zookeeper/jars');
    const env: Record<string, string> = {
      ZOOKEEPER_VERSION: '3.8.3',
      ZOOKEEPER_CLUSTER_SIZE: String(size),
      ZOOKEEPER_CLASSPATH: readdirSync(jars).map((jar) => join(jars, jar)).join(delimiter),
      KAZOO_SUITE_PORT: String(await freePort()),
      KAZOO_SUITE_RESULTS: results,
      PYTHONPATH: suites,
      TMPDIR: directory,
      // It skips a test of its own build elsewhere than in its own CI.
      CI: '',
    };
    if (maker === 'vivarium') env['PATH'] = `${suites}${delimiter}${process.env['PATH']}`;
    // Else the original writes a line for all that it does.
    else env['JAVA_TOOL_OPTIONS'] = `-Dlogback.configurationFile=${join(repository, '.cache/zookeeper/logback.xml')}`;
    const args = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-p', 'kazoo_suite', '-n', String(workers), '--dist', 'loadscope', '--timeout', '120'];
    const pytest = await run(python, [...args, '-k', selection, '--pyargs', 'kazoo.tests'], { cwd: directory, env, timeoutMs: SUITE_TIMEOUT_MS });
    const transcript = pytest.stdout.slice(-6_000) + pytest.stderr.slice(-2_000);
    // 1: some tests failed, which is judged by their names.
    expect(pytest.code, transcript).to.be.oneOf([0, 1]);
    return { outcomes: Object.entries(JSON.parse(readFileSync(results, 'utf8')) as Record<string, Outcome>), transcript };
  }

  it("kazoo's own tests pass", async function () {
    this.timeout(SUITE_TIMEOUT_MS);
    const [one, three] = await Promise.all([kazoo(1, 5, `not (${OF_THREE})`), kazoo(3, 1, OF_THREE)]);
    const outcomes = new Map([...one.outcomes, ...three.outcomes]);
    const ofThree = new Set(three.outcomes.map(([name]) => name));
    for (const name of unexpected(outcomes)) {
      const again = await kazoo(ofThree.has(name) ? 3 : 1, 1, name.split('::').slice(1).join(' and '));
      outcomes.set(name, new Map(again.outcomes).get(name) ?? 'failed');
    }
    try {
      judge('kazoo', outcomes, Object.keys(SKIPPED_BY_KAZOO));
    } catch (error) {
      console.log(one.transcript + three.transcript);
      throw error;
    }
  });

  it("go-zookeeper's own tests pass", async function () {
    this.timeout(SUITE_TIMEOUT_MS);
    const program = join(repository, '.cache/go-zookeeper/suite.test');
    const env = { ZK_VERSION: '3.8.3', ZOOKEEPER_BIN_PATH: maker === 'vivarium' ? join(repository, 'bin') : suites, TMPDIR: directory };
    const options = { cwd: directory, env };
    const listed = await run(program, ['-test.list', '.'], options);
    const names = listed.stdout.split('\n').filter((name) => name.startsWith('Test'));
    const outcomes = new Map<string, Outcome>();
    const transcripts: string[] = [];
    // Each in a process of its own: one that panics takes no other with it, and most of them wait most of the time.
    const runTest = async (name: string): Promise<void> => {
      const test = new Program(program, ['-test.v', '-test.timeout', '60s', '-test.run', `^${name}$`], options);
      const { code, stdout } = await test.finish(90_000);
      outcomes.set(name, code !== 0 ? 'failed' : stdout.includes(`--- SKIP: ${name}`) ? 'skipped' : 'passed');
      if (code !== 0) transcripts.push(test.transcript());
    };
    const waiting = [...names];
    const worker = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await runTest(name);
    };
    await Promise.all(Array.from({ length: 4 }, worker));
    for (const name of unexpected(outcomes)) await runTest(name);
    try {
      judge('go-zookeeper', outcomes, []);
    } catch (error) {
      console.log(transcripts.join('\n'));
      throw error;
    }
  });
});
