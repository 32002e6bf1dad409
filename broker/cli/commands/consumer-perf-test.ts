/** kafka-consumer-perf-test: consumes so many records as fast as it can and prints how fast that was. */
import { Consumer } from '../../client/consumer.ts';
import { parseBootstrap, readPropertyFile } from '../bootstrap.ts';
import { logLine, type ToolIo } from '../io.ts';
import { describeFailure, messageOf } from '../java-exception.ts';
import { formatDate } from '../java-time.ts';
import type { Options } from '../options.ts';
import { parseTool } from '../parse-tool.ts';
import { consumerPerfTestOptions } from './consumer-perf-test-options.ts';

const DESCRIPTION = 'This tool helps in performance test for the full zookeeper consumer';
const POLL_MS = 100;
const MEGABYTE = 1 << 20;
const GROUPS = 100_000;
const EXTRA_FIELDS = ', rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec';

export async function consumerPerfTest(args: readonly string[], io: ToolIo): Promise<number> {
  const specs = consumerPerfTestOptions(`perf-consumer-${Math.floor(io.random() * GROUPS)}`);
  const options = parseTool({ specs, description: DESCRIPTION, required: ['topic', 'messages'], onError: 'usage' }, args, io);
  const detailed = options.has('show-detailed-stats');
  if (!options.has('hide-header')) {
    io.out(`${detailed ? 'time, threadId' : 'start.time, end.time'}, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec${EXTRA_FIELDS}\n`);
  }
  const meter = new Meter(options, io);
  const consumer = new Consumer(consumerOptions(options, meter, io));
  try {
    consumer.subscribe([options.one('topic') ?? '']);
    await consume(consumer, options, meter, io);
    const line = meter.totals();
    await consumer.close();
    if (!detailed) io.out(`${line}\n`);
    if (options.has('print-metrics')) io.err('--print-metrics: the client of this tool keeps no metrics\n');
    return 0;
  } catch (error) {
    io.err(`${messageOf(error)}\n${describeFailure(error)}\n`);
    await consumer.close();
    return 1;
  }
}

function consumerOptions(options: Options, meter: Meter, io: ToolIo): ConstructorParameters<typeof Consumer>[0] {
  const file = options.one('consumer.config');
  const properties = file === null ? new Map<string, string>() : readPropertyFile(file);
  return {
    bootstrap: parseBootstrap(options.one('bootstrap-server') ?? options.one('broker-list') ?? ''),
    clientId: properties.get('client.id') ?? 'perf-consumer-client',
    log: (level, text, logger) => logLine(io, level, text, logger),
    group: { groupId: options.one('group') ?? '' },
    autoOffsetReset: options.has('from-latest') ? 'latest' : 'earliest',
    partitionFetchBytes: options.number('fetch-size') ?? MEGABYTE,
    onRebalance: (kind) => meter.rebalance(kind),
  };
}

async function consume(consumer: Consumer, options: Options, meter: Meter, io: ToolIo): Promise<void> {
  const wanted = options.number('messages') ?? 0;
  const timeoutMs = options.number('timeout') ?? 10_000;
  let lastMs = io.now().getTime();
  for (let nowMs = lastMs; meter.count < wanted && nowMs - lastMs <= timeoutMs; ) {
    const records = await consumer.poll(POLL_MS);
    nowMs = io.now().getTime();
    if (records === null) return;
    if (records.length > 0) lastMs = nowMs;
    for (const { key, value } of records) meter.take((key?.length ?? 0) + (value?.length ?? 0), nowMs);
  }
  if (meter.count < wanted) {
    io.out(
      `WARNING: Exiting before consuming the expected number of messages: timeout (${timeoutMs} ms) exceeded. ` +
        'You can use the --timeout option to increase the timeout.\n',
    );
  }
}

/** Counts what is consumed, and how much of the time went into joining the group. */
class Meter {
  count = 0;
  private readonly io: ToolIo;
  private readonly pattern: string;
  private readonly intervalMs: number;
  private readonly detailed: boolean;
  private readonly startMs: number;
  private bytes = 0;
  private joinMs = 0;
  private joinStartMs: number;
  private window = { startMs: 0, count: 0, bytes: 0, joinMs: 0 };

  constructor(options: Options, io: ToolIo) {
    this.io = io;
    this.pattern = options.one('date-format') ?? '';
    this.intervalMs = options.number('reporting-interval') ?? 0;
    this.detailed = options.has('show-detailed-stats');
    this.startMs = io.now().getTime();
    this.joinStartMs = this.startMs;
    this.window.startMs = this.startMs;
  }

  rebalance(kind: 'revoked' | 'assigned'): void {
    const nowMs = this.io.now().getTime();
    if (kind === 'assigned') {
      this.joinMs += nowMs - this.joinStartMs;
      this.window.joinMs += nowMs - this.joinStartMs;
    }
    this.joinStartMs = nowMs;
  }

  take(bytes: number, nowMs: number): void {
    this.count++;
    this.bytes += bytes;
    const { window } = this;
    if (nowMs - window.startMs < this.intervalMs) return;
    if (this.detailed) {
      const rate = rates(this.bytes - window.bytes, this.count - window.count, nowMs - window.startMs, window.joinMs);
      const total = `${(this.bytes / MEGABYTE).toFixed(4)}, ${rate.megabytes}, ${this.count}, ${rate.records}`;
      this.io.out(`${formatDate(nowMs, this.pattern)}, 0, ${total}, ${window.joinMs}, ${rate.rest}\n`);
    }
    this.window = { startMs: nowMs, count: this.count, bytes: this.bytes, joinMs: 0 };
  }

  totals(): string {
    const endMs = this.io.now().getTime();
    const rate = rates(this.bytes, this.count, endMs - this.startMs, this.joinMs);
    const times = `${formatDate(this.startMs, this.pattern)}, ${formatDate(endMs, this.pattern)}`;
    return `${times}, ${(this.bytes / MEGABYTE).toFixed(4)}, ${rate.megabytes}, ${this.count}, ${rate.records}, ${this.joinMs}, ${rate.rest}`;
  }
}

function rates(bytes: number, count: number, elapsedMs: number, joinMs: number): { megabytes: string; records: string; rest: string } {
  const fetchMs = elapsedMs - joinMs;
  const perSecond = (value: number, ms: number): string => (ms <= 0 ? 0 : (value * 1000) / ms).toFixed(4);
  return {
    megabytes: perSecond(bytes / MEGABYTE, elapsedMs),
    records: perSecond(count, elapsedMs),
    rest: `${fetchMs}, ${perSecond(bytes / MEGABYTE, fetchMs)}, ${perSecond(count, fetchMs)}`,
  };
}
