/**
 * From the launch of both processes, at the same moment, to the first record produced and consumed: what a developer waits for,
 * and what each test run pays. One client for both, kcat, which starts in a few milliseconds; it gives the command to produce when
 * the broker's port accepts connections, and what comes out must be what went in.
 */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { runOk } from '../test/interop/support/process.ts';
import { memoryMiB, ServerPair, type Maker } from '../test/interop/support/servers.ts';
import { benchArguments } from './arguments.ts';
import { machine, row, table, type PerMaker } from './report.ts';

const { rounds, makers } = benchArguments('cold-start.ts', 9);
const giveUpMs = 60_000;
// Ask again at once rather than after librdkafka's usual pauses, which would be most of what is measured.
const eager = ['-X', 'reconnect.backoff.ms=5', '-X', 'reconnect.backoff.max.ms=10', '-X', 'topic.metadata.refresh.fast.interval.ms=10'];

interface Start {
  readonly acceptedMs: number;
  readonly consumedMs: number;
  readonly peakMiB: number;
  readonly coordinatorMiB: number;
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function start(maker: Maker): Promise<Start> {
  const pair = await ServerPair.prepare({ maker });
  try {
    const launchedAt = performance.now();
    const sinceLaunch = () => performance.now() - launchedAt;
    pair.launchCoordinator();
    pair.launchBroker();
    while (!(await accepts(pair.brokerPort))) {
      if (pair.broker.ended !== undefined || sinceLaunch() > giveUpMs) throw new Error(`The broker does not serve:\n${pair.logs()}`);
      await delay(2);
    }
    const acceptedMs = sinceLaunch();
    const record = `started ${maker}\n`;
    await runOk('kcat', ['-q', '-b', pair.bootstrap, ...eager, '-P', '-t', 'first', '-p', '0'], { input: record });
    const { stdout } = await runOk('kcat', ['-q', '-b', pair.bootstrap, ...eager, '-C', '-t', 'first', '-p', '0', '-o', 'beginning', '-c', '1']);
    const consumedMs = sinceLaunch();
    if (stdout !== record) throw new Error(`kcat got "${stdout}", expected "${record}"`);
    return {
      acceptedMs,
      consumedMs,
      peakMiB: memoryMiB(pair.processes(), 'VmHWM'),
      coordinatorMiB: memoryMiB(pair.coordinatorProcesses(), 'VmHWM'),
    };
  } finally {
    await pair.close();
  }
}

const all: PerMaker<Start> = { kafka: [], vivarium: [] };
// The first start of each reads its programs from the disk; that is not counted.
for (let round = 0; round <= rounds; round++) {
  for (const maker of makers) {
    const result = await start(maker);
    if (round > 0) all[maker].push(result);
    process.stderr.write(`${round === 0 ? 'not counted' : `round ${round}`}, ${maker}: ${result.consumedMs.toFixed(0)} ms, ${result.peakMiB.toFixed(0)} MiB\n`);
  }
}

const rows = [
  row(all, 'launch of both servers to first record consumed', 's', '≤ 0.2', ({ consumedMs }) => consumedMs / 1000),
  row(all, 'of that, until the broker accepts connections', 's', undefined, ({ acceptedMs }) => acceptedMs / 1000),
  row(all, 'peak memory of both then', 'MiB', '≤ 0.3', ({ peakMiB }) => peakMiB),
  row(all, "of that, the coordinator's", 'MiB', undefined, ({ coordinatorMiB }) => coordinatorMiB),
];
process.stdout.write(`${table(rows)}\n\nMedian of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}. ${machine()}\n`);
