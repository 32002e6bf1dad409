/** kafka-producer-perf-test: produces records as fast as it can or is told to, and prints rates and latencies every 5 s. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Producer } from '../../client/producer.ts';
import { Arguments, justified, parseArguments } from '../argparse.ts';
import { BootstrapError, readPropertyFile } from '../bootstrap.ts';
import { uncaughtExit, ToolExit, type ToolIo } from '../io.ts';
import { describeFailure, illegalArgument, JavaError } from '../java-exception.ts';
import { producerOptions } from '../producer-properties.ts';
import { Throttle } from '../throttle.ts';
import { syntax } from './producer-perf-test-arguments.ts';

const REPORT_INTERVAL_MS = 5000;
const SAMPLES_MAX = 500_000;
const LETTERS = 26;
const FIRST_LETTER = 65;
/** Random payloads are made once and used in turn: making one costs more than sending it. */
const PAYLOADS_MAX = 1024;
const PAYLOAD_BYTES_MAX = 16 << 20;
/** Records sent between two looks at the clock, so that answers are read meanwhile. */
const BURST = 64;
const MEGABYTE = 1 << 20;

export async function producerPerfTest(args: readonly string[], io: ToolIo): Promise<number> {
  if (args.length === 0) {
    io.out(syntax.help);
    return 0;
  }
  const given = parseArguments(syntax, args, io, 0);
  if (!given.has('--producer-props') && !given.has('--producer.config')) {
    io.err(`${syntax.usage}${justified(`${syntax.program}: error: Either --producer-props or --producer.config must be specified.`)}\n`);
    return 1;
  }
  try {
    return await run(given, io);
  } catch (error) {
    if (error instanceof JavaError) uncaughtExit(io, error.exception, error.message);
    if (error instanceof BootstrapError) {
      const cause = `org.apache.kafka.common.config.ConfigException: ${error.message}`;
      uncaughtExit(io, 'org.apache.kafka.common.KafkaException', 'Failed to construct kafka producer', cause);
    }
    throw error;
  }
}

async function run(given: Arguments, io: ToolIo): Promise<number> {
  const payloads = readPayloads(given, io);
  if ((given.number('--transaction-duration-ms') ?? 0) > 0) {
    io.err('--transaction-duration-ms: transactions are not supported by this tool, leave the option out\n');
    throw new ToolExit(1);
  }
  const recordCount = given.number('--num-records') ?? 0;
  const producer = new Producer(producerOptions(readProperties(given), 'perf-producer-client', io));
  try {
    const stats = new Stats(recordCount, io);
    const throttle = new Throttle(given.number('--throughput') ?? -1, io.now().getTime());
    const topic = given.one('--topic') ?? '';
    for (let sent = 0; sent < recordCount; ) {
      for (const end = Math.min(recordCount, sent + BURST); sent < end; sent++) {
        const value = payloads(sent);
        const sentMs = performance.now();
        producer.send({ topic, key: null, value }, (error) => {
          if (error === null) stats.record(Math.floor(performance.now() - sentMs), value.length);
          else io.err(`${describeFailure(error)}\n`);
        });
        await throttle.pace(sent + 1, io.now().getTime());
      }
      if (producer.hasRoom) await new Promise((done) => setImmediate(done));
      else await producer.room();
    }
    await producer.flush();
    stats.printTotal();
    if (given.has('--print-metrics')) io.err('--print-metrics: the client of this tool keeps no metrics\n');
    return 0;
  } finally {
    await producer.close();
  }
}

function readProperties(given: Arguments): Map<string, string> {
  const file = given.one('--producer.config');
  const properties = file === null ? new Map<string, string>() : readPropertyFile(file);
  for (const property of given.all('--producer-props')) {
    const [name, value, ...more] = property.split('=');
    if (value === undefined || value === '' || more.length > 0) throw illegalArgument(`Invalid property: ${property}`);
    properties.set(name!, value);
  }
  return properties;
}

/** What to send as record number so-and-so: a line of the file by chance, or random capital letters. */
function readPayloads(given: Arguments, io: ToolIo): (index: number) => Buffer {
  const file = given.one('--payload-file');
  if (file !== null) {
    io.out(`Reading payloads from: ${resolve(file)}\n`);
    if (!existsSync(file) || statSync(file).size === 0) throw illegalArgument('File does not exist or empty file provided.');
    const delimiter = given.one('--payload-delimiter') ?? '\\n';
    const lines = readFileSync(file, 'utf8').split(delimiter === '\\n' ? '\n' : delimiter);
    while (lines.length > 1 && lines.at(-1) === '') lines.pop();
    io.out(`Number of messages read: ${lines.length}\n`);
    const list = lines.map((line) => Buffer.from(line));
    return () => list[Math.floor(io.random() * list.length)]!;
  }
  const size = given.number('--record-size') ?? 0;
  const count = Math.max(1, Math.min(PAYLOADS_MAX, Math.floor(PAYLOAD_BYTES_MAX / Math.max(1, size))));
  const list = Array.from({ length: count }, () => {
    const payload = Buffer.allocUnsafe(Math.max(0, size));
    for (let at = 0; at < payload.length; at++) payload[at] = FIRST_LETTER + Math.floor(io.random() * LETTERS);
    return payload;
  });
  return (index) => list[index % count]!;
}

class Stats {
  private readonly io: ToolIo;
  private readonly startMs: number;
  private readonly sampling: number;
  private readonly latencies: number[] = [];
  private total = emptyCounts();
  private window = emptyCounts();
  private windowStartMs: number;

  constructor(recordCount: number, io: ToolIo) {
    this.io = io;
    this.startMs = performance.now();
    this.windowStartMs = this.startMs;
    this.sampling = Math.max(1, Math.floor(recordCount / Math.max(1, Math.min(recordCount, SAMPLES_MAX))));
  }

  record(latencyMs: number, bytes: number): void {
    if (this.total.count % this.sampling === 0) this.latencies.push(latencyMs);
    for (const counts of [this.total, this.window]) {
      counts.count++;
      counts.bytes += bytes;
      counts.latencySumMs += latencyMs;
      counts.latencyMaxMs = Math.max(counts.latencyMaxMs, latencyMs);
    }
    const nowMs = performance.now();
    if (nowMs - this.windowStartMs < REPORT_INTERVAL_MS) return;
    const { window } = this;
    this.io.out(
      `${rates(window, nowMs - this.windowStartMs)}, ${(window.latencySumMs / window.count).toFixed(1)} ms avg latency, ` +
        `${window.latencyMaxMs.toFixed(1)} ms max latency.\n`,
    );
    this.window = emptyCounts();
    this.windowStartMs = nowMs;
  }

  printTotal(): void {
    const { total, latencies } = this;
    latencies.sort((a, b) => a - b);
    const percentile = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? 0;
    this.io.out(
      `${rates(total, performance.now() - this.startMs)}, ${(total.latencySumMs / total.count).toFixed(2)} ms avg latency, ` +
        `${total.latencyMaxMs.toFixed(2)} ms max latency, ${percentile(0.5)} ms 50th, ${percentile(0.95)} ms 95th, ` +
        `${percentile(0.99)} ms 99th, ${percentile(0.999)} ms 99.9th.\n`,
    );
  }
}

interface Counts {
  count: number;
  bytes: number;
  latencySumMs: number;
  latencyMaxMs: number;
}

function emptyCounts(): Counts {
  return { count: 0, bytes: 0, latencySumMs: 0, latencyMaxMs: 0 };
}

function rates({ count, bytes }: Counts, elapsedMs: number): string {
  const perSecond = 1000 / Math.max(1, elapsedMs);
  return `${count} records sent, ${(count * perSecond).toFixed(1)} records/sec (${((bytes * perSecond) / MEGABYTE).toFixed(2)} MB/sec)`;
}
