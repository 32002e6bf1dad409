/**
 * The coordinator beside the real ZooKeeper 3.8, both over ZooKeeper's native protocol with the defaults of both, fsync included:
 * throughput and latency of each operation at several depths, processor time, memory, start and restart with znodes.
 *
 * Both servers run all the time and are driven in turn, in short rounds, so that what else the machine does hits both; each
 * cell is the median over the rounds, each ratio the median of the rounds' ratios. The load is a process of its own, with a
 * lean client (`coordinator/`), the same for both; it checks every answer.
 */
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { loadRows, perMaker, row, type PerMaker, type Round } from './coordinator/comparison.ts';
import { LoadProcess } from './coordinator/load-process.ts';
import { WATCHES, WORKLOAD_NAMES, workloadNames } from './coordinator/load.ts';
import { Server, type Maker } from './coordinator/server.ts';
import { machine, table, type Row } from './report.ts';

const USAGE = `node bench/coordinator.ts [--quick] [--rounds N] [--duration MS] [--only zookeeper|vivarium]
  [--workload NAME,...] [--depth N,...] [--znodes N,...] [--part load|size,...]
`;
const PARTS = ['load', 'size'] as const;
const DEPTHS = [1, 64, 1024];
/** One depth: how many there are at once is part of what is measured. */
const FAN_OUT_DEPTHS = [1];
/** Time to collect garbage and write what was put off, before memory is read. */
const SETTLE_MS = 5_000;

function readArguments() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      rounds: { type: 'string' },
      duration: { type: 'string' },
      only: { type: 'string' },
      workload: { type: 'string' },
      depth: { type: 'string' },
      znodes: { type: 'string' },
      part: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const quick = values.quick ?? false;
  const number = (name: string, text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} has "${text}", expected a whole number from 1`);
    return value;
  };
  const { only } = values;
  if (only !== undefined && only !== 'zookeeper' && only !== 'vivarium') throw new Error(`--only is "${only}", expected zookeeper or vivarium`);
  const parts = values.part?.split(',') ?? PARTS;
  for (const part of parts) if (!PARTS.some((name) => name === part)) throw new Error(`--part has "${part}", expected ${PARTS.join(' or ')}`);
  return {
    rounds: number('rounds', values.rounds ?? (quick ? '3' : '9')),
    durationMs: number('duration', values.duration ?? (quick ? '300' : '500')),
    makers: (only === undefined ? ['zookeeper', 'vivarium'] : [only]) as readonly Maker[],
    workloads: workloadNames(values.workload) ?? WORKLOAD_NAMES,
    depths: values.depth?.split(',').map((text) => number('depth', text)),
    znodes: (values.znodes?.split(',') ?? (quick ? ['100000'] : ['100000', '1000000'])).map((text) => number('znodes', text)),
    parts,
  };
}

const { rounds, durationMs, makers, workloads, depths, znodes, parts } = readArguments();
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
