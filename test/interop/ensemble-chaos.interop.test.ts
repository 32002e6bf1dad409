/**
 * Three coordinators that are killed, stopped and cut off, the leader above all, while clients of two makers write, read, count,
 * hold ephemerals and watch. After each round, and after all members were killed at once: nothing acknowledged is lost, no
 * sequential znode is there twice or against the clock, no ephemeral is gone while its session lives, no watch was missed; and
 * Porcupine finds one order of all writes and synced reads. SOAK_ROUNDS says how many rounds (`make soak`: 50), SOAK_SEED which
 * bad luck they bring.
 */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoordinatorClient, CoordinatorError, ErrorCode, juteTransport } from '../../shared/client/index.ts';
import { eventually } from './support/cluster.ts';
import { BadLuck, ChaoticEnsemble } from './support/ensemble-chaos.ts';
import { BELL, EPHEMERALS, KazooLoad, OwnLoad, SEQUENTIALS, type Load, type LoadOptions } from './support/ensemble-load.ts';
import { History, monotonicMicros } from './support/history.ts';
import { maker } from './support/shared-pair.ts';

const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 4);
const SEED = Number(process.env['SOAK_SEED'] ?? 1);
/** Fewer make more conflicts; each round has its own, so that Porcupine's histories stay short. */
const PATHS_PER_ROUND = 3;
/** What each client has to get done in a round once all is well again. */
const CALLS_AFTER = 15;
const PATIENCE_MS = 120_000;
/** Number of the client that looks after the others; it reads only. */
const AUDITOR = 99;

describe(`an ensemble on a bad day (seed ${SEED}, ${ROUNDS} rounds)`, function () {
  this.timeout(240_000 + ROUNDS * 150_000);
  let ensemble: ChaoticEnsemble;
  let auditor: CoordinatorClient;
  let directory: string;
  const history = new History();
  const loads: Load[] = [];

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'interop-history-'));
    ensemble = await ChaoticEnsemble.start(maker);
    // It has lines of its own: what it finds out does not wait for those that are spoilt.
    auditor = await CoordinatorClient.connect({ servers: ensemble.cluster.connectString, sessionTimeoutMs: 40_000, connectTimeoutMs: 60_000 });
    for (const path of [BELL, SEQUENTIALS, EPHEMERALS]) await auditor.create(path);
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') {
      process.stderr.write(`What the servers said is in ${ensemble.cluster.writeLogs()}, what the clients saw in ${directory}\n`);
      directory = '';
    }
  });
  after(async () => {
    await auditor.close();
    await ensemble.close();
    if (directory !== '') rmSync(directory, { recursive: true });
  });

  /** Tries again what a member's death has interrupted; for what may be done twice. */
  async function patiently<T>(work: () => Promise<T>): Promise<T> {
    const done = await eventually('an answer for the auditor', async () => {
      try {
        return { answer: await work() };
      } catch (error) {
        if (error instanceof CoordinatorError && error.code === ErrorCode.CONNECTIONLOSS) return null;
        throw error;
      }
    });
    return done.answer;
  }

  async function readSynced(path: string): Promise<number> {
    return patiently(async () => {
      const from = monotonicMicros();
      await auditor.sync(path);
      const { data, stat } = await auditor.getData(path);
      const value = Buffer.from(data ?? []).toString();
      history.add({ kind: 'read', client: AUDITOR, path, from, to: monotonicMicros(), outcome: 'ok', value, version: stat.version });
      return stat.version;
    });
  }

  async function namesOfSequentials(): Promise<string[]> {
    return patiently(async () => {
      await auditor.sync(SEQUENTIALS);
      return [...(await auditor.getChildren(SEQUENTIALS)).children];
    });
  }

  /** Nothing that was told before now has gone. */
  async function audit(): Promise<void> {
    expect(history.of('expired'), 'sessions that ended though no disruption was as long as one').to.deep.equal([]);
    const sequentials = history.of('sequential').filter(({ outcome }) => outcome === 'ok');
    const ephemerals = history.of('ephemeral');
    const names = new Set(await namesOfSequentials());
    const lost = sequentials.filter(({ path }) => !names.has(path.slice(path.lastIndexOf('/') + 1)));
    expect(lost, 'acknowledged sequential znodes that are lost').to.deep.equal([]);
    const stats = await patiently(() => Promise.all(ephemerals.map(({ path }) => auditor.exists(path))));
    expect(ephemerals.filter(({ czxid }, i) => stats[i]?.czxid !== czxid), 'ephemerals that are gone').to.deep.equal([]);
  }

  /** Every load has heard, by its watches alone, what became of znodes that nobody writes any more. */
  async function allHeard(path: string, version: number): Promise<void> {
    for (const { client } of loads) {
      const what = `client ${client} hears that ${path} is at version ${version}`;
      await eventually(what, async () => (history.seen(client, path) >= version ? true : null), PATIENCE_MS).catch((error: unknown) => {
        throw new Error(`A missed watch? It knows of ${history.seen(client, path)}`, { cause: error });
      });
    }
  }

  async function allAtWork(calls: number): Promise<void> {
    const before = loads.map(({ client }) => history.answered(client));
    for (const [i, { client, state }] of loads.entries()) {
      await eventually(`client ${client} gets answers`, async () => (history.answered(client) >= before[i]! + calls ? true : null), PATIENCE_MS).catch(
        (error: unknown) => {
          throw new Error(`Client ${client} waits for answers: ${state()}`, { cause: error });
        },
      );
    }
  }

  async function makePaths(round: number): Promise<string[]> {
    const paths = Array.from({ length: PATHS_PER_ROUND }, (_, i) => `/round-${round}-${i}`);
    for (const path of paths) await auditor.create(path, '');
    return paths;
  }

  it('keeps every promise', async () => {
    const options = (client: number, servers: string): LoadOptions => ({ client, servers, history, seed: SEED + client });
    // One client stays with each member, whatever becomes of it: else a member that once lost its clients has nobody to deceive.
    const [one, two, three] = ensemble.servers.split(',') as [string, string, string];
    loads.push(new OwnLoad(options(0, one)), new OwnLoad(options(1, two)), new OwnLoad(options(2, three), juteTransport()));
    loads.push(new OwnLoad(options(3, ensemble.servers)), new KazooLoad(options(4, ensemble.servers)), new KazooLoad(options(5, ensemble.servers)));

    const luck = new BadLuck(ensemble, SEED);
    let finished: string[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const paths = await makePaths(round);
      for (const load of loads) load.work(round, paths);
      await allAtWork(CALLS_AFTER);
      const disruption = await luck.next();
      process.stderr.write(`round ${round}: ${disruption.name}\n`);
      await disruption.run();
      await ensemble.whole();
      await allAtWork(CALLS_AFTER);
      await audit();
      const { version } = await patiently(() => auditor.setData(BELL, String(round)));
      await allHeard(BELL, version);
      for (const path of finished) await allHeard(path, await readSynced(path));
      finished = paths;
    }

    process.stderr.write('at last: everybody at once\n');
    await ensemble.kill([0, 1, 2], 0);
    await ensemble.whole();
    await allAtWork(CALLS_AFTER);
    await audit();
    for (const load of loads) await load.stop();

    expect((await patiently(() => auditor.sync(EPHEMERALS).then(() => auditor.getChildren(EPHEMERALS)))).children, 'ephemerals of nobody').to.deep.equal([]);
    for (const path of new Set(history.of('write').map((write) => write.path))) await readSynced(path);
    const stored = new Map<string, string>();
    for (const name of await namesOfSequentials()) {
      stored.set(name, Buffer.from((await patiently(() => auditor.getData(`${SEQUENTIALS}/${name}`))).data ?? []).toString());
    }
    history.expectSequentials(stored);
    process.stderr.write(`${await history.expectLinearizable(directory)}; ${stored.size} sequential znodes, ${history.of('ephemeral').length} ephemerals\n`);
    for (const { client } of loads) expect(history.answered(client), `answers for client ${client}`).to.be.at.least(2 * ROUNDS * CALLS_AFTER);
  });
});
