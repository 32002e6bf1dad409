/**
 * Three coordinators beside a real ZooKeeper 3.8 ensemble of three, with the same configuration, fsync included: the coordinator's
 * workloads (`coordinator/`) through one follower and spread over all members, what the death of the leader costs, the start of all
 * three, their memory with znodes.
 *
 * For the load both ensembles run all the time and are driven in turn, in short rounds; each cell is the median over the rounds,
 * each ratio the median of the rounds' ratios. Every answer is checked. The write that ends a fail-over or a start comes from a client
 * that opens a session every few ms, on each member in turn, until one gets its write acknowledged; after a fail-over by another epoch.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Ensemble } from '../test/interop/support/ensemble.ts';
import { cpuSeconds, memoryMiB } from '../test/interop/support/servers.ts';
import { coordinatorArguments } from './arguments.ts';
import { loadRows, perMaker, row, type PerMaker, type Round } from './coordinator/comparison.ts';
import { Connection } from './coordinator/connection.ts';
import { OP, record } from './coordinator/frames.ts';
import { LoadProcess } from './coordinator/load-process.ts';
import { WATCHES, WORKLOAD_NAMES } from './coordinator/load.ts';
import type { Maker } from './coordinator/server.ts';
import { machine, table, type Row } from './report.ts';

const PLACES = ['follower', 'all'] as const;
const QUICK_WORKLOADS = ['create', 'set', 'get', '90 % get, 10 % set'];
/** What zkServer.sh gives the original, in MB. */
const ENV = { ZK_SERVER_HEAP: '1000' };
const FAILOVERS_MIN = 10;
const ZNODES = 100_000;
/** Time to collect garbage and write what was put off, before memory is read. */
const SETTLE_MS = 5_000;
const ATTEMPT_EVERY_MS = 10;
const FIRST_WRITE_TIMEOUT_MS = 60_000;

const given = coordinatorArguments('ensemble.ts', ['load', 'failover', 'start', 'memory']);
const { quick, rounds, durationMs, makers, parts } = given;
const workloads = given.workloads ?? (quick ? QUICK_WORKLOADS : WORKLOAD_NAMES);
const depths = given.depths ?? (quick ? [1, 64] : [1, 64, 1024]);
const load = new LoadProcess();
let runs = 0;

/** Runs `work` with an ensemble, and shows what its members said when it fails. */
async function withEnsemble<T>(maker: Maker, work: (ensemble: Ensemble) => Promise<T>): Promise<T> {
  const ensemble = await Ensemble.prepare(maker, ENV);
  try {
    return await work(ensemble);
  } catch (error) {
    process.stderr.write(ensemble.logs());
    throw error;
  } finally {
    await ensemble.close();
  }
}

async function started(ensemble: Ensemble): Promise<Ensemble> {
  ensemble.launch();
  await ensemble.whenServing(ensemble.ports.length);
  return ensemble;
}

const epochOf = (zxid: bigint): number => Number(zxid >> 32n);

/** Waits for a write that is acknowledged in an epoch after `epoch`; gives that epoch. */
async function firstWrite(ports: readonly number[], epoch: number): Promise<number> {
  const abort = new AbortController();
  const open = new Set<Connection>();
  let attempts = 0;
  const attempt = async (won: (epoch: number) => void): Promise<void> => {
    const connection = await Connection.open(ports[attempts++ % ports.length]!);
    open.add(connection);
    if (abort.signal.aborted) return connection.abandon();
    await connection.ask(OP.setData, record.setData('/', Buffer.from('x')));
    const found = epochOf(connection.lastZxid);
    if (found > epoch) won(found);
  };
  try {
    return await new Promise<number>((resolve, reject) => {
      const begun = performance.now();
      const go = async (): Promise<void> => {
        // An attempt that fails finds nobody, or nobody who serves; one may also wait for ever.
        while (!abort.signal.aborted) {
          void attempt(resolve).catch(() => undefined);
          if (performance.now() - begun > FIRST_WRITE_TIMEOUT_MS) return reject(new Error(`No write is acknowledged within ${FIRST_WRITE_TIMEOUT_MS} ms`));
          await delay(ATTEMPT_EVERY_MS);
        }
      };
      void go();
    });
  } finally {
    abort.abort();
    for (const connection of open) connection.abandon();
  }
}

// --- Load ---

async function measureRound(ensemble: Ensemble, ports: readonly number[], workload: string, depth: number): Promise<Round> {
  let result: Round | null = null;
  const processes = ensemble.processes();
  const before = cpuSeconds(processes);
  await load.carryOut({ kind: 'run', ports, workload, depth, durationMs, run: runs++ }, (sample) => {
    result = { ...sample, cpuSeconds: cpuSeconds(processes) - before };
  });
  if (result === null) throw new Error(`The load has measured nothing: ${workload}`);
  return result;
}

async function measureLoad(ensembles: ReadonlyMap<Maker, Ensemble>): Promise<Row[]> {
  const rows: Row[] = [];
  const followers = new Map<Maker, number>();
  for (const [maker, ensemble] of ensembles) {
    const leader = await ensemble.leaderPort();
    followers.set(maker, ensemble.ports.find((port) => port !== leader)!);
    await load.carryOut({ kind: 'prepare', port: leader });
  }
  for (const workload of workloads) {
    for (const depth of workload === WATCHES ? [1] : depths) {
      for (const place of PLACES) {
        const measured = perMaker<Round>();
        // The first round is for the compilers of both.
        for (let round = 0; round <= rounds; round++) {
          for (const maker of round % 2 === 0 ? makers : [...makers].reverse()) {
            const ensemble = ensembles.get(maker)!;
            const result = await measureRound(ensemble, place === 'all' ? ensemble.ports : [followers.get(maker)!], workload, depth);
            if (round > 0) measured[maker].push(result);
          }
        }
        const found = loadRows(measured, `${workload}${workload === WATCHES ? '' : `, depth ${depth}`}, ${place === 'all' ? 'all members' : 'a follower'}`);
        rows.push(...found);
        process.stderr.write(`${table(found, 'ZooKeeper 3.8').split('\n').slice(2).join('\n')}\n`);
      }
    }
  }
  return rows;
}

async function measureLoads(): Promise<Row[]> {
  const ensembles = new Map<Maker, Ensemble>();
  try {
    for (const maker of makers) ensembles.set(maker, await Ensemble.start(maker, ENV));
    return await measureLoad(ensembles);
  } catch (error) {
    for (const ensemble of ensembles.values()) process.stderr.write(ensemble.logs());
    throw error;
  } finally {
    for (const ensemble of ensembles.values()) await ensemble.close();
  }
}

// --- Deaths, starts, memory ---

/** One maker's deaths of leaders; the others serve meanwhile, and the dead one is back before the next. */
async function measureFailovers(maker: Maker): Promise<number[]> {
  return withEnsemble(maker, async (ensemble) => {
    await started(ensemble);
    const times: number[] = [];
    let epoch = await firstWrite(ensemble.ports, -1);
    for (let round = 1; round <= Math.max(FAILOVERS_MIN, rounds); round++) {
      const leader = await ensemble.leaderPort();
      await ensemble.killLeader(async () => {
        const killedAt = performance.now();
        epoch = await firstWrite(ensemble.ports.filter((port) => port !== leader), epoch);
        times.push(performance.now() - killedAt);
      });
      process.stderr.write(`${maker}, death ${round}: ${times.at(-1)!.toFixed(0)} ms\n`);
    }
    return times;
  });
}

async function measureStart(maker: Maker): Promise<number> {
  return withEnsemble(maker, async (ensemble) => {
    const launchedAt = performance.now();
    ensemble.launch();
    await firstWrite(ensemble.ports, -1);
    return performance.now() - launchedAt;
  });
}

async function measureMemory(maker: Maker): Promise<{ readonly idleMiB: number; readonly filledMiB: number }> {
  return withEnsemble(maker, async (ensemble) => {
    await started(ensemble);
    await delay(SETTLE_MS);
    const idleMiB = memoryMiB(ensemble.processes(), 'VmRSS');
    await load.carryOut({ kind: 'fill', port: await ensemble.leaderPort(), before: 0, count: ZNODES });
    await delay(SETTLE_MS);
    return { idleMiB, filledMiB: memoryMiB(ensemble.processes(), 'VmRSS') };
  });
}

async function forBoth<T>(measure: (maker: Maker) => Promise<readonly T[]>): Promise<PerMaker<T>> {
  const measured = perMaker<T>();
  for (const maker of makers) measured[maker].push(...(await measure(maker)));
  return measured;
}

const rows: Row[] = [];
try {
  if (parts.includes('start')) {
    const starts = perMaker<number>();
    // The first start of each reads its program from the disk; it is not counted.
    for (let round = 0; round <= rounds; round++) {
      for (const maker of makers) {
        const ms = await measureStart(maker);
        process.stderr.write(`${maker}, start ${round}: ${ms.toFixed(0)} ms\n`);
        if (round > 0) starts[maker].push(ms);
      }
    }
    rows.push(row(starts, 'start of three to the first write', 'ms', '≤ 0.25', (ms) => ms));
  }
  if (parts.includes('failover')) {
    const failovers = await forBoth(measureFailovers);
    rows.push(row(failovers, 'kill -9 of the leader to the next write', 'ms', '≤ 0.5', (ms) => ms));
  }
  if (parts.includes('memory')) {
    const memory = await forBoth(async (maker) => [await measureMemory(maker)]);
    rows.push(row(memory, 'memory of three, idle', 'MiB', undefined, ({ idleMiB }) => idleMiB));
    rows.push(row(memory, `memory of three, ${ZNODES.toLocaleString('en')} znodes`, 'MiB', '≤ 0.5', ({ filledMiB }) => filledMiB));
  }
  if (parts.includes('load')) rows.push(...(await measureLoads()));
} finally {
  load.close();
}
process.stdout.write(`${table(rows, 'ZooKeeper 3.8')}\n\nMedians of ${rounds} rounds of ${durationMs} ms, and of at least ${FAILOVERS_MIN} deaths. ${machine()}\n`);
