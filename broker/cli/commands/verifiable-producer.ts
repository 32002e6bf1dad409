/** kafka-verifiable-producer: produces growing integers and tells, one JSON object a line, which were acknowledged. */
import { Producer } from '../../client/producer.ts';
import { parseArguments, type Arguments } from '../argparse.ts';
import { readPropertyFile } from '../bootstrap.ts';
import type { ToolIo } from '../io.ts';
import { describeFailure, messageOf } from '../java-exception.ts';
import { producerOptions } from '../producer-properties.ts';
import { Throttle } from '../throttle.ts';
import { onStopSignals } from '../stop-signals.ts';
import { syntax } from './verifiable-producer-arguments.ts';

export async function verifiableProducer(args: readonly string[], io: ToolIo): Promise<number> {
  if (args.length === 0) {
    io.out(syntax.help);
    return 0;
  }
  const given = parseArguments(syntax, args, io, 0);
  const producer = new Producer(producerOptions(readProperties(given), 'producer-1', io));
  const run = new Run(producer, given, io);
  const release = onStopSignals(() => run.stop());
  try {
    await run.sendAll();
    await producer.flush();
    return 0;
  } finally {
    await producer.close();
    release();
    run.tell('shutdown_complete', {});
    run.tellTotals();
  }
}

function readProperties(given: Arguments): Map<string, string> {
  const properties = new Map([
    ['bootstrap.servers', given.one('--bootstrap-server') ?? given.one('--broker-list') ?? ''],
    ['acks', given.one('--acks') ?? '-1'],
    ['retries', '0'],
  ]);
  const file = given.one('--producer.config');
  if (file !== null) for (const [name, value] of readPropertyFile(file)) properties.set(name, value);
  return properties;
}

class Run {
  private readonly producer: Producer;
  private readonly io: ToolIo;
  private readonly topic: string;
  private readonly valuePrefix: string;
  private readonly keyCount: number | null;
  private readonly countMax: number;
  private readonly perSecond: number;
  private readonly startMs: number;
  private createTimeMs: number | null;
  private sent = 0;
  private acked = 0;
  private stopped = false;

  constructor(producer: Producer, given: Arguments, io: ToolIo) {
    this.producer = producer;
    this.io = io;
    this.topic = given.one('--topic') ?? '';
    this.valuePrefix = given.has('--value-prefix') ? `${given.one('--value-prefix')}.` : '';
    this.keyCount = given.number('--repeating-keys');
    const countMax = given.number('--max-messages') ?? -1;
    this.countMax = countMax < 0 ? Number.POSITIVE_INFINITY : countMax;
    this.perSecond = given.number('--throughput') ?? -1;
    const createTimeMs = given.number('--message-create-time') ?? -1;
    this.createTimeMs = createTimeMs === -1 ? null : createTimeMs;
    this.startMs = io.now().getTime();
  }

  tell(name: string, fields: object): void {
    this.io.out(`${JSON.stringify({ timestamp: this.io.now().getTime(), name, ...fields })}\n`);
  }

  stop(): void {
    this.stopped = true;
  }

  async sendAll(): Promise<void> {
    this.tell('startup_complete', {});
    const throttle = new Throttle(this.perSecond, this.startMs);
    while (this.sent < this.countMax && !this.stopped) {
      this.send();
      await throttle.pace(this.sent, this.io.now().getTime());
      if (!this.producer.hasRoom) await this.producer.room();
      else await new Promise((done) => setImmediate(done));
    }
  }

  private send(): void {
    const { topic, keyCount } = this;
    const key = keyCount === null ? null : String(this.sent % keyCount);
    const value = `${this.valuePrefix}${this.sent}`;
    const record = { topic, key: key === null ? null : Buffer.from(key), value: Buffer.from(value) };
    const timestamp = this.createTimeMs;
    this.sent++;
    if (timestamp !== null) this.createTimeMs = timestamp + this.io.now().getTime() - this.startMs;
    this.producer.send(timestamp === null ? record : { ...record, timestamp }, (error, partition, offset) => {
      if (error === null) {
        this.acked++;
        this.tell('producer_send_success', { key, value, topic, partition, offset });
      } else {
        const exception = `class ${describeFailure(error).split(': ')[0]}`;
        this.tell('producer_send_error', { key, value, topic, exception, message: messageOf(error) });
      }
    });
  }

  tellTotals(): void {
    const { sent, acked, perSecond } = this;
    const elapsedMs = Math.max(1, this.io.now().getTime() - this.startMs);
    this.tell('tool_data', { sent, acked, target_throughput: perSecond, avg_throughput: (1000 * acked) / elapsedMs });
  }
}
