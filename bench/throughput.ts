/**
 * How fast records go in and out, and what they cost: Kafka's own perf tools drive the real Kafka 3.4 and this broker in turn,
 * round by round, with 1 KiB and 100-byte records, acks=1, one topic of six partitions.
 *
 * Checked on the way: the ends of the partitions add up to what was sent, and the consumer got as many records and bytes.
 * Processor time and memory are those of both servers, the coordinator's included.
 */
import { runOk } from '../test/interop/support/process.ts';
import { cpuSeconds, kafkaTool, memoryMiB, ServerPair, type Maker } from '../test/interop/support/servers.ts';
import { benchArguments } from './arguments.ts';
import { machine, playRounds, row, table } from './report.ts';

const { quick, rounds, makers } = benchArguments('throughput.ts', 3);
const partitions = 6;
const loads = [
  { recordSize: 1024, recordCount: quick ? 100_000 : 1_000_000 },
  { recordSize: 100, recordCount: quick ? 500_000 : 5_000_000 },
];
const toolTimeoutMs = 600_000;

interface Flow {
  readonly megabytesPerSecond: number;
  readonly cpuSecondsPerGigabyte: number;
}

interface Round {
  readonly idleMiB: number;
  readonly loadedMiB: number;
  readonly produce: readonly Flow[];
  readonly consume: readonly Flow[];
}

async function tool(...args: string[]): Promise<string> {
  return (await runOk(kafkaTool, args, { timeoutMs: toolTimeoutMs })).stdout;
}

async function createTopic(pair: ServerPair, topic: string): Promise<void> {
  await tool('kafka-topics', '--bootstrap-server', pair.bootstrap, '--create', '--topic', topic, '--partitions', String(partitions));
}

async function recordsIn(pair: ServerPair, topic: string): Promise<number> {
  const output = await tool('kafka-get-offsets', '--bootstrap-server', pair.bootstrap, '--topic', topic);
  const ends = output.trim().split('\n').map((line) => Number(line.split(':')[2]));
  if (ends.length !== partitions) throw new Error(`kafka-get-offsets shows ${ends.length} partitions, expected ${partitions}:\n${output}`);
  return ends.reduce((sum, end) => sum + end, 0);
}

/** Produces and gives the rate that the tool has reported, in MB (2^20 bytes) a second. */
async function produce(pair: ServerPair, topic: string, recordCount: number, recordSize: number): Promise<number> {
  const output = await tool(
    ...['kafka-producer-perf-test', '--topic', topic, '--num-records', String(recordCount), '--record-size', String(recordSize)],
    ...['--throughput', '-1', '--producer-props', `bootstrap.servers=${pair.bootstrap}`, 'acks=1'],
  );
  const last = output.trim().split('\n').at(-1) ?? '';
  const match = last.match(/^(\d+) records sent, [\d.]+ records\/sec \(([\d.]+) MB\/sec\)/);
  if (match === null || Number(match[1]) !== recordCount) throw new Error(`kafka-producer-perf-test sent other than ${recordCount} records:\n${output}`);
  return Number(match[2]);
}

/** Consumes all and gives the rate while fetching: without the time the group took to form. */
async function consume(pair: ServerPair, topic: string, recordCount: number, recordSize: number): Promise<number> {
  const output = await tool(
    ...['kafka-consumer-perf-test', '--bootstrap-server', pair.bootstrap, '--topic', topic, '--messages', String(recordCount)],
    ...['--timeout', '60000', '--hide-header'],
  );
  const columns = (output.trim().split('\n').at(-1) ?? '').split(', ');
  const [megabytes, count, rate] = [Number(columns[2]), Number(columns[4]), Number(columns[8])];
  const expectedMegabytes = (recordCount * recordSize) / 2 ** 20;
  if (count !== recordCount || Math.abs(megabytes - expectedMegabytes) > 0.001) {
    throw new Error(`kafka-consumer-perf-test got ${count} records and ${megabytes} MB, expected ${recordCount} and ${expectedMegabytes}:\n${output}`);
  }
  return rate;
}

async function measured(pair: ServerPair, gigabytes: number, work: () => Promise<number>): Promise<Flow> {
  const before = cpuSeconds(pair.processes());
  const megabytesPerSecond = await work();
  return { megabytesPerSecond, cpuSecondsPerGigabyte: (cpuSeconds(pair.processes()) - before) / gigabytes };
}

async function playRound(maker: Maker, round: number): Promise<Round> {
  const pair = await ServerPair.start({ maker });
  try {
    // The smallest answerable request behind it, so that "idle" is a broker that has served.
    await createTopic(pair, 'warm-up');
    const idleMiB = memoryMiB(pair.processes(), 'VmHWM');
    const results = { idleMiB, produce: [] as Flow[], consume: [] as Flow[] };
    for (const { recordSize, recordCount } of loads) {
      await produce(pair, 'warm-up', Math.ceil(recordCount / 10), recordSize);
      const topic = `records-of-${recordSize}`;
      await createTopic(pair, topic);
      const gigabytes = (recordCount * recordSize) / 1e9;
      const produced = await measured(pair, gigabytes, () => produce(pair, topic, recordCount, recordSize));
      const stored = await recordsIn(pair, topic);
      if (stored !== recordCount) throw new Error(`${maker} stored ${stored} records of ${recordCount} sent`);
      const consumed = await measured(pair, gigabytes, () => consume(pair, topic, recordCount, recordSize));
      results.produce.push(produced);
      results.consume.push(consumed);
      const text = ({ megabytesPerSecond, cpuSecondsPerGigabyte }: Flow) => `${megabytesPerSecond} MB/s, ${cpuSecondsPerGigabyte.toFixed(2)} CPU s/GB`;
      process.stderr.write(`round ${round}, ${maker}, ${recordSize} B: produce ${text(produced)}; consume ${text(consumed)}\n`);
    }
    return { ...results, loadedMiB: memoryMiB(pair.processes(), 'VmHWM') };
  } catch (error) {
    process.stderr.write(pair.logs());
    throw error;
  } finally {
    await pair.close();
  }
}

const all = await playRounds(rounds, makers, playRound);
const rows = loads.flatMap(({ recordSize }, index) => [
  row(all, `produce, ${recordSize} B`, 'MB/s', '≥ 1.0', (round) => round.produce[index]?.megabytesPerSecond),
  row(all, `consume, ${recordSize} B`, 'MB/s', '≥ 1.0', (round) => round.consume[index]?.megabytesPerSecond),
  row(all, `CPU to produce, ${recordSize} B`, 's/GB', '≤ 1.0', (round) => round.produce[index]?.cpuSecondsPerGigabyte),
  row(all, `CPU to consume, ${recordSize} B`, 's/GB', '≤ 1.0', (round) => round.consume[index]?.cpuSecondsPerGigabyte),
]);
rows.push(row(all, 'peak memory, idle', 'MiB', '≤ 0.3', (round) => round.idleMiB));
rows.push(row(all, 'peak memory, after all load', 'MiB', '≤ 0.3', (round) => round.loadedMiB));
const amounts = loads.map(({ recordSize, recordCount }) => `${recordCount.toLocaleString('en')} records of ${recordSize} B`).join(', ');
process.stdout.write(`${table(rows)}\n\nMedian of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}; ${amounts}; both servers counted. ${machine()}\n`);
