/**
 * The coordinator beside the real ZooKeeper 3.8, both over ZooKeeper's native protocol with the defaults of both, fsync included:
 * throughput and latency of each operation at several depths, processor time, memory, start and restart with znodes.
 *
 * Both servers run all the time and are driven in turn, in short rounds, so that what else the machine does hits both; each
 * cell is the median over the rounds, each ratio the median of the rounds' ratios. The load is a process of its own, with a
 * lean client (`coordinator/`), the same for both; it checks every answer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { coordinatorArguments } from './arguments.ts';
import { loadRows, perMaker, row, type PerMaker, type Round } from './coordinator/comparison.ts';
import { LoadProcess } from './coordinator/load-process.ts';
import { WATCHES, WORKLOAD_NAMES } from './coordinator/load.ts';
import { Server, type Maker } from './coordinator/server.ts';
import { machine, table, type Row } from './report.ts';

const DEPTHS = [1, 64, 1024];
/** One depth: how many there are at once is part of what is measured. */
const FAN_OUT_DEPTHS = [1];
/** Time to collect garbage and write what was put off, before memory is read. */
const SETTLE_MS = 5_000;

const given = coordinatorArguments('coordinator.ts', ['load', 'size'], { takesZnodes: true });
const { quick, rounds, durationMs, makers, depths, parts } = given;
const workloads = given.workloads ?? WORKLOAD_NAMES;
const znodes = given.znodes ?? (quick ? [100_000] : [100_000, 1_000_000]);
const load = new LoadProcess();
let runs = 0;

async function measureRound(server: Server, workload: string, depth: number): Promise<Round> {
  let result: Round | null = null;
  const before = server.cpuSeconds();
  await load.carryOut({ kind: 'run', ports: [server.port], workload, depth, durationMs, run: runs++ }, (sample) => {
    result = { ...sample, cpuSeconds: server.cpuSeconds() - before };
  });
  if (result === null) throw new Error(`The load has measured nothing: ${workload}`);
  return result;
}

async function measureWorkload(servers: readonly Server[], workload: string, depth: number): Promise<PerMaker<Round>> {
  const measured = perMaker<Round>();
  // The first round is for the compilers of both.
  for (let round = 0; round <= rounds; round++) {
    // Who comes first changes, so that neither always follows the other's writes.
    for (const server of round % 2 === 0 ? servers : [...servers].reverse()) {
      const result = await measureRound(server, workload, depth);
      if (round > 0) measured[server.maker].push(result);
    }
  }
  return measured;
}

async function measureLoad(): Promise<Row[]> {
  const servers: Server[] = [];
  const rows: Row[] = [];
  try {
    for (const maker of makers) {
      const server = await Server.prepare(maker);
      servers.push(server);
      await server.start();
      await load.carryOut({ kind: 'prepare', port: server.port });
    }
    for (const workload of workloads) {
      for (const depth of workload === WATCHES ? FAN_OUT_DEPTHS : (depths ?? DEPTHS)) {
        const measured = await measureWorkload(servers, workload, depth);
        const found = loadRows(measured, workload === WATCHES ? workload : `${workload}, depth ${depth}`);
        rows.push(...found);
        process.stderr.write(`${table(found, 'ZooKeeper 3.8').split('\n').slice(2).join('\n')}\n`);
      }
    }
    return rows;
  } catch (error) {
    for (const server of servers) process.stderr.write(`=== ${server.maker}\n${server.transcript()}`);
    throw error;
  } finally {
    for (const server of servers) await server.close();
  }
}

interface Size {
  readonly startMs: number;
  readonly idleMiB: number;
  readonly withZnodes: { readonly memoryMiB: number; readonly restartMs: number; readonly restartedMiB: number }[];
}

/** Start, memory, and restart with znodes, of one server. */
async function measureSize(maker: Maker): Promise<Size> {
  const server = await Server.prepare(maker);
  try {
    const startMs = await server.start();
    await delay(SETTLE_MS);
    const size: Size = { startMs, idleMiB: server.memoryMiB(), withZnodes: [] };
    let before = 0;
    for (const count of znodes) {
      await load.carryOut({ kind: 'fill', port: server.port, before, count });
      before = count;
      await delay(SETTLE_MS);
      const memoryMiB = server.memoryMiB();
      await server.stop();
      const restartMs = await server.start();
      await delay(SETTLE_MS);
      size.withZnodes.push({ memoryMiB, restartMs, restartedMiB: server.memoryMiB() });
      process.stderr.write(`${maker}: ${JSON.stringify({ count, ...size.withZnodes.at(-1) })}\n`);
    }
    return size;
  } catch (error) {
    process.stderr.write(server.transcript());
    throw error;
  } finally {
    await server.close();
  }
}

async function measureSizes(): Promise<Row[]> {
  const sizes = perMaker<Size>();
  const starts = perMaker<number>();
  for (const maker of makers) sizes[maker].push(await measureSize(maker));
  // The first start of each, above, has read its program from the disk; it is not counted.
  for (let round = 1; round <= rounds; round++) {
    for (const maker of makers) {
      const server = await Server.prepare(maker);
      starts[maker].push(await server.start());
      await server.close();
    }
  }
  return [
    row(starts, 'start, empty', 'ms', '≤ 0.5', (ms) => ms),
    row(sizes, 'memory, idle', 'MiB', undefined, ({ idleMiB }) => idleMiB),
    ...znodes.flatMap((count, i) => {
      const what = `${count.toLocaleString('en')} znodes`;
      return [
        row(sizes, `memory, ${what}`, 'MiB', '≤ 0.5', ({ withZnodes }) => withZnodes[i]!.memoryMiB),
        row(sizes, `restart, ${what}`, 'ms', undefined, ({ withZnodes }) => withZnodes[i]!.restartMs),
        row(sizes, `memory after the restart, ${what}`, 'MiB', undefined, ({ withZnodes }) => withZnodes[i]!.restartedMiB),
      ];
    }),
  ];
}

const rows: Row[] = [];
try {
  if (parts.includes('size')) rows.push(...(await measureSizes()));
  if (parts.includes('load')) rows.push(...(await measureLoad()));
} finally {
  load.close();
}
process.stdout.write(`${table(rows, 'ZooKeeper 3.8')}\n\nMedians of ${rounds} rounds of ${durationMs} ms. ${machine()}\n`);
