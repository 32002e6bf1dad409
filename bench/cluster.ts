/**
 * Three coordinators and three brokers beside the real three and three, round by round on the same machine, driven by the same
 * Java clients: records in (acks=all, three replicas) and out, latency at a steady rate, the start of the whole stack, what a
 * killed partition leader and a killed controller cost, what a controlled shutdown costs those who write, memory.
 *
 * Checked on the way: the ends of the partitions add up to what was sent, the consumer got as many, and after each death
 * everything that had been acknowledged is there.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Admin } from '../broker/client/admin.ts';
import { Program, runOk } from '../test/interop/support/process.ts';
import { eventually, ServerCluster } from '../test/interop/support/cluster.ts';
import { cpuSeconds, kafkaTool, memoryMiB, type Maker } from '../test/interop/support/servers.ts';
import { benchArguments } from './arguments.ts';
import { shutdownPauses } from './cluster/shutdown.ts';
import { machine, median, playRounds, row, table, type PerMaker, type Row } from './report.ts';

const { quick, rounds, makers, parts } = benchArguments('cluster.ts', 3, ['start', 'load', 'shutdown']);
const TOOL_TIMEOUT_MS = 600_000;
const STEADY_RATE = 2000;
const STARTS_MIN = 3;
const ATTEMPT_EVERY_MS = 100;
const ATTEMPT_TIMEOUT_MS = 5_000;
const ATTEMPTS_MAX = 1200;
/** Bytes sent per load. */
const LOAD_BYTES = quick ? 50e6 : 300e6;
const sizes = quick ? [1024] : [100, 1024, 10_240];
const partitionCounts = quick ? [6] : [1, 6, 60];
const loads = sizes.flatMap((recordSize) =>
  partitionCounts.map((partitions) => ({ recordSize, partitions, recordCount: Math.ceil(LOAD_BYTES / Math.max(recordSize, 400)) })),
);

interface Load {
  readonly produced: number;
  readonly consumed: number;
}

interface Round {
  readonly loads: readonly Load[];
  readonly cpuSeconds: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly leaderGapMs: number;
  readonly controllerGapMs: number;
  readonly peakMiB: number;
  readonly sharedOnceMiB: number;
}

async function tool(...args: string[]): Promise<string> {
  return (await runOk(kafkaTool, args, { timeoutMs: TOOL_TIMEOUT_MS })).stdout;
}

/** Our own small client asks both makers' brokers: it has no start to wait for. */
async function withAdmin<T>(bootstrap: string, work: (admin: Admin) => Promise<T>, timeoutMs = 60_000): Promise<T> {
  const addresses = bootstrap.split(',').map((address) => ({ host: address.split(':')[0]!, port: Number(address.split(':')[1]) }));
  const admin = new Admin({ bootstrap: addresses, clientId: 'bench', timeoutMs });
  try {
    return await work(admin);
  } finally {
    admin.close();
  }
}

async function createTopic(cluster: ServerCluster, name: string, numPartitions: number): Promise<void> {
  const topic = { name, numPartitions, replicationFactor: 3, assignments: [], configs: [{ name: 'min.insync.replicas', value: '2' }] };
  await withAdmin(cluster.bootstrap, async (admin) => {
    await admin.createTopic(topic);
    await eventually(`three in-sync replicas of ${name}`, async () => {
      const found = (await admin.cluster.refresh([name])).topics[0];
      const ready = found?.partitions.length === numPartitions && found.partitions.every(({ leaderId, isrNodes }) => leaderId >= 0 && isrNodes.length === 3);
      return ready ? true : null;
    });
  });
}

async function recordsIn(cluster: ServerCluster, topic: string): Promise<number> {
  const output = await tool('kafka-get-offsets', '--bootstrap-server', cluster.bootstrap, '--topic', topic);
  return output.trim().split('\n').reduce((sum, line) => sum + Number(line.split(':')[2]), 0);
}

interface Sent {
  readonly megabytesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function send(cluster: ServerCluster, topic: string, recordCount: number, recordSize: number, throughput: number): Promise<Sent> {
  const output = await tool(
    ...['kafka-producer-perf-test', '--topic', topic, '--num-records', String(recordCount), '--record-size', String(recordSize)],
    ...['--throughput', String(throughput), '--producer-props', `bootstrap.servers=${cluster.bootstrap}`, 'acks=all'],
  );
  const last = output.trim().split('\n').at(-1) ?? '';
  const match = /^(\d+) records sent, .*\(([\d.]+) MB\/sec\).* (\d+) ms 50th, .* (\d+) ms 99th,/.exec(last);
  if (match === null || Number(match[1]) !== recordCount) throw new Error(`kafka-producer-perf-test sent other than ${recordCount} records:\n${output}`);
  return { megabytesPerSecond: Number(match[2]), p50Ms: Number(match[3]), p99Ms: Number(match[4]) };
}

async function consume(cluster: ServerCluster, topic: string, recordCount: number): Promise<number> {
  const output = await tool(
    ...['kafka-consumer-perf-test', '--bootstrap-server', cluster.bootstrap, '--topic', topic, '--messages', String(recordCount)],
    ...['--timeout', '60000', '--hide-header'],
  );
  const columns = (output.trim().split('\n').at(-1) ?? '').split(', ');
  if (Number(columns[4]) !== recordCount) throw new Error(`kafka-consumer-perf-test got ${columns[4]} records, expected ${recordCount}:\n${output}`);
  return Number(columns[8]);
}

async function playLoad(cluster: ServerCluster, name: string, { recordSize, partitions, recordCount }: (typeof loads)[number]): Promise<Load> {
  await createTopic(cluster, name, partitions);
  const produced = (await send(cluster, name, recordCount, recordSize, -1)).megabytesPerSecond;
  const stored = await recordsIn(cluster, name);
  if (stored !== recordCount) throw new Error(`${stored} records are stored of ${recordCount} sent`);
  return { produced, consumed: await consume(cluster, name, recordCount) };
}

/** From the launch of all processes at once to the first record that three replicas have. */
async function start(cluster: ServerCluster): Promise<number> {
  const launchedAt = performance.now();
  for (const at of cluster.coordinators.keys()) cluster.launchCoordinator(at);
  // As a script would: the brokers wait for their ensemble by themselves.
  for (const at of cluster.brokers.keys()) cluster.launchBroker(at);
  await cluster.brokersReady();
  await eventually('three brokers in the metadata', async () => {
    const live = await withAdmin(cluster.bootstrap, (admin) => admin.liveBrokers(), 5_000).catch(() => new Set());
    return live.size === 3 ? true : null;
  });
  await createTopic(cluster, 'first', 1);
  await runOk('kcat', ['-q', '-b', cluster.bootstrap, '-P', '-t', 'first', '-p', '0', '-X', 'acks=all'], { input: 'first\n' });
  return performance.now() - launchedAt;
}

interface Ack {
  readonly timestamp: number;
  readonly offset: number;
}

/**
 * A producer that is on its way while `kill` ends somebody. The longest pause between two acknowledgements is what the death
 * cost; afterwards everything that was acknowledged is in the log.
 */
async function gapWhile(cluster: ServerCluster, topic: string, kill: () => Promise<void>): Promise<number> {
  const args = ['--topic', topic, '--bootstrap-server', cluster.bootstrap, '--throughput', '200', '--acks', '-1'];
  const producer = new Program(kafkaTool, ['kafka-verifiable-producer', ...args]);
  const acks = (): Ack[] =>
    [...producer.stdout.matchAll(/^\{"timestamp":(\d+),"name":"producer_send_success".*"offset":(\d+)/gm)].map(([, timestamp, offset]) => ({
      timestamp: Number(timestamp),
      offset: Number(offset),
    }));
  try {
    await eventually('acknowledgements before the death', async () => (acks().length > 200 ? true : null));
    const killedAt = Date.now();
    await kill();
    await eventually('acknowledgements after the death', async () => {
      const after = acks().filter(({ timestamp }) => timestamp > killedAt + 50);
      return after.length > 100 ? true : null;
    }, 120_000);
  } finally {
    await producer.stop('SIGTERM', 20_000);
  }
  const all = acks();
  const end = await recordsIn(cluster, topic);
  const newest = Math.max(...all.map(({ offset }) => offset));
  if (newest >= end) throw new Error(`Offset ${newest} was acknowledged, and the log of ${topic} ends at ${end}`);
  let longest = 0;
  for (let at = 1; at < all.length; at++) longest = Math.max(longest, all[at]!.timestamp - all[at - 1]!.timestamp);
  return longest;
}

async function leaderGap(cluster: ServerCluster): Promise<number> {
  await createTopic(cluster, 'leader-death', 1);
  const leader = await withAdmin(cluster.bootstrap, async (admin) => (await admin.describeTopics(['leader-death']))[0]!.partitions[0]!.leaderId);
  const gap = await gapWhile(cluster, 'leader-death', async () => void (await cluster.killBroker(leader)));
  await revive(cluster, leader);
  return gap;
}

/** Tries anew all the time, since an attempt may wait for somebody who is dead; resolves with the first that succeeds. */
async function firstToCreateTopic(bootstrap: string): Promise<void> {
  const { promise: created, resolve } = Promise.withResolvers<true>();
  let failure: unknown = null;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const topic = { name: `after-${attempt}`, numPartitions: 1, replicationFactor: 2, assignments: [], configs: [] };
    withAdmin(bootstrap, (admin) => admin.createTopic(topic), ATTEMPT_TIMEOUT_MS).then(
      () => resolve(true),
      (error: unknown) => {
        failure = error;
      },
    );
    if (await Promise.race([created, delay(ATTEMPT_EVERY_MS, false)])) return;
  }
  throw new Error(`No topic could be created in ${ATTEMPTS_MAX} attempts`, { cause: failure });
}

/** From the death of the controller to the first topic that somebody creates again. */
async function controllerGap(cluster: ServerCluster): Promise<number> {
  const controller = await withAdmin(cluster.bootstrap, async (admin) => {
    await admin.cluster.refresh([]);
    return admin.cluster.controllerId;
  });
  await cluster.killBroker(controller);
  const killedAt = performance.now();
  const others = cluster.brokers.filter((_, at) => at !== controller).map(({ port }) => `127.0.0.1:${port}`).join(',');
  await firstToCreateTopic(others);
  const gap = performance.now() - killedAt;
  await revive(cluster, controller);
  return gap;
}

async function revive(cluster: ServerCluster, at: number): Promise<void> {
  cluster.launchBroker(at);
  await cluster.brokerReady(at);
  await eventually(`broker ${at} in sync again`, async () => {
    const topics = await withAdmin(cluster.bootstrap, (admin) => admin.listTopics()).catch(() => null);
    const wanting = topics?.some(({ partitions }) => partitions.some(({ isrNodes, replicaNodes }) => isrNodes.length < replicaNodes.length));
    return wanting === false ? true : null;
  }, 120_000);
  await delay(500);
}

async function playRound(maker: Maker, round: number): Promise<Round> {
  const cluster = await ServerCluster.prepare({ coordinators: [maker, maker, maker], brokers: [maker, maker, maker] });
  try {
    await start(cluster);
    const before = cpuSeconds(cluster.processes());
    const results: Load[] = [];
    for (const load of loads) {
      const result = await playLoad(cluster, `load-${load.recordSize}-${load.partitions}`, load);
      results.push(result);
      process.stderr.write(`round ${round}, ${maker}, ${load.recordSize} B, ${load.partitions} partitions: in ${result.produced}, out ${result.consumed} MB/s\n`);
    }
    const used = cpuSeconds(cluster.processes()) - before;
    await createTopic(cluster, 'steady', 6);
    const steady = await send(cluster, 'steady', STEADY_RATE * (quick ? 10 : 30), 1024, STEADY_RATE);
    const peakMiB = memoryMiB(cluster.processes(), 'VmHWM');
    const sharedOnceMiB = memoryMiB(cluster.processes(), 'Pss');
    const leaderGapMs = await leaderGap(cluster);
    const controllerGapMs = await controllerGap(cluster);
    process.stderr.write(
      `round ${round}, ${maker}: p99 ${steady.p99Ms} ms, leader's death ${leaderGapMs} ms, ` +
        `controller's ${controllerGapMs.toFixed(0)} ms, ${peakMiB.toFixed(0)} MiB\n`,
    );
    const latency = { latencyP50Ms: steady.p50Ms, latencyP99Ms: steady.p99Ms };
    return { loads: results, cpuSeconds: used, ...latency, leaderGapMs, controllerGapMs, peakMiB, sharedOnceMiB };
  } catch (error) {
    process.stderr.write(cluster.logs());
    throw error;
  } finally {
    await cluster.close();
  }
}

/** Partitions that the stopped broker leads, and how often it is stopped. */
const shutdowns = quick ? [{ partitions: 1, times: 10 }] : [{ partitions: 1, times: 15 }, { partitions: 200, times: 12 }];

async function playShutdowns(maker: Maker): Promise<number[][]> {
  // Leaders move when we say so, and not when somebody finds them out of balance.
  const broker = { 'auto.leader.rebalance.enable': 'false' };
  const cluster = await ServerCluster.start({ coordinators: [maker, maker, maker], brokers: [maker, maker, maker], broker });
  try {
    const pauses: number[][] = [];
    for (const { partitions, times } of shutdowns) pauses.push(await shutdownPauses(cluster, partitions, times));
    return pauses;
  } catch (error) {
    process.stderr.write(cluster.logs());
    throw error;
  } finally {
    await cluster.close();
  }
}

/** A start of its own, on a disk that no load has left busy. */
async function playStart(maker: Maker, round: number): Promise<number> {
  const cluster = await ServerCluster.prepare({ coordinators: [maker, maker, maker], brokers: [maker, maker, maker] });
  try {
    const startMs = await start(cluster);
    process.stderr.write(`${maker}, start ${round}: ${startMs.toFixed(0)} ms\n`);
    return startMs;
  } finally {
    await cluster.close();
  }
}

// The first start of each reads its program from the disk; it is not counted.
if (parts.includes('start')) await playRounds(1, makers, playStart);
const starts = await playRounds(parts.includes('start') ? Math.max(rounds, STARTS_MIN) : 0, makers, playStart);
const all = await playRounds(parts.includes('load') ? rounds : 0, makers, playRound);
const pausesOf: PerMaker<number[]> = { kafka: [], vivarium: [] };
if (parts.includes('shutdown')) for (const maker of makers) pausesOf[maker] = await playShutdowns(maker);

function loadRows(): Row[] {
  const rows = loads.flatMap(({ recordSize, partitions }, at) => [
    row(all, `produce acks=all, ${recordSize} B, ${partitions} partitions`, 'MB/s', '≥ 1.5', (round) => round.loads[at]?.produced),
    row(all, `consume, ${recordSize} B, ${partitions} partitions`, 'MB/s', '≥ 1.5', (round) => round.loads[at]?.consumed),
  ]);
  rows.push(
    row(all, 'CPU of all six for these loads', 's', '', (round) => round.cpuSeconds),
    row(all, `p50 at ${STEADY_RATE} records/s`, 'ms', '≤ 1.0', (round) => round.latencyP50Ms),
    row(all, `p99 at ${STEADY_RATE} records/s`, 'ms', '≤ 1.0', (round) => round.latencyP99Ms),
    row(all, 'longest pause when a leader is killed', 's', '≤ 0.15', (round) => round.leaderGapMs / 1000),
    row(all, 'first topic created after the controller is killed', 's', '≤ 0.15', (round) => round.controllerGapMs / 1000),
    row(all, 'peak memory of all six', 'MiB', '≤ 0.3', (round) => round.peakMiB),
    row(all, 'memory of all six after the loads, shared pages counted once', 'MiB', '', (round) => round.sharedOnceMiB),
  );
  return rows;
}

function shutdownRows(): Row[] {
  return shutdowns.flatMap(({ partitions, times }, at) => {
    const measure = `pause of writes at a controlled shutdown, leader of ${partitions}`;
    const of = (maker: Maker, summary: (values: readonly number[]) => number): number => {
      const pauses = pausesOf[maker][at];
      return pauses === undefined ? NaN : summary(pauses);
    };
    const summarized = (summary: (values: readonly number[]) => number) => ({ kafka: of('kafka', summary), vivarium: of('vivarium', summary) });
    return [
      { measure: `${measure}, median of ${times}`, unit: 'ms', aim: '≤ 25 ms', ...summarized(median) },
      { measure: `${measure}, longest`, unit: 'ms', ...summarized((values) => Math.max(...values)) },
    ];
  });
}

const startRow = row(starts, 'start of all six to the first record', 's', '≤ 0.15', (ms) => ms / 1000);
const rows = [...(parts.includes('start') ? [startRow] : []), ...(parts.includes('load') ? loadRows() : []), ...(parts.includes('shutdown') ? shutdownRows() : [])];
const ofRounds = parts.includes('load') ? `Median of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}; three` : 'Three';
process.stdout.write(`${table(rows)}\n\n${ofRounds} replicas, min.insync.replicas=2. ${machine()}\n`);
