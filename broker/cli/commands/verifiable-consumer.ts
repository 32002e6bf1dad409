/** kafka-verifiable-consumer: consumes a topic as a member of a group and tells, one JSON object a line, what it was given. */
import { Consumer } from '../../client/consumer.ts';
import type { FetchedRecord } from '../../client/fetched-records.ts';
import { parseArguments, type Arguments } from '../argparse.ts';
import { parseBootstrap, readPropertyFile } from '../bootstrap.ts';
import { logLine, uncaughtExit, type ToolIo } from '../io.ts';
import { messageOf } from '../java-exception.ts';
import { CONFIG_EXCEPTION } from '../producer-properties.ts';
import { onStopSignals } from '../stop-signals.ts';
import { syntax } from './verifiable-consumer-arguments.ts';

const POLL_MS = 1000;
const RESET_POLICIES = ['earliest', 'latest', 'none'] as const;
const RANGE_ASSIGNOR = 'org.apache.kafka.clients.consumer.RangeAssignor';

type Tell = (name: string, fields: object) => void;

export async function verifiableConsumer(args: readonly string[], io: ToolIo): Promise<number> {
  if (args.length === 0) {
    io.out(syntax.help);
    return 0;
  }
  const given = parseArguments(syntax, args, io, 0);
  const tell: Tell = (name, fields) => io.out(`${JSON.stringify({ timestamp: io.now().getTime(), name, ...fields })}\n`);
  const consumer = new Consumer(consumerOptions(given, tell, io));
  const release = onStopSignals(() => consumer.wakeup());
  try {
    tell('startup_complete', {});
    consumer.subscribe([given.one('--topic') ?? '']);
    await consume(consumer, given, tell);
  } catch (error) {
    const logger = 'org.apache.kafka.tools.VerifiableConsumer';
    logLine(io, 'ERROR', `Error during processing, terminating consumer process: ${messageOf(error)}`, logger);
  } finally {
    await consumer.close();
    release();
    tell('shutdown_complete', {});
  }
  return 0;
}

function consumerOptions(given: Arguments, tell: Tell, io: ToolIo): ConstructorParameters<typeof Consumer>[0] {
  const file = given.one('--consumer.config');
  const properties = file === null ? new Map<string, string>() : readPropertyFile(file);
  const policy = given.one('--reset-policy') ?? '';
  const autoOffsetReset = RESET_POLICIES.find((one) => one === policy);
  if (autoOffsetReset === undefined) {
    const message = `Invalid value ${policy} for configuration auto.offset.reset: String must be one of: latest, earliest, none`;
    return uncaughtExit(io, CONFIG_EXCEPTION, message);
  }
  const strategy = given.one('--assignment-strategy') ?? RANGE_ASSIGNOR;
  if (strategy !== RANGE_ASSIGNOR) {
    logLine(io, 'WARN', `--assignment-strategy ${strategy}: this tool assigns by range`, 'org.apache.kafka.tools.VerifiableConsumer');
  }
  return {
    bootstrap: parseBootstrap(given.one('--bootstrap-server') ?? given.one('--broker-list') ?? ''),
    clientId: properties.get('client.id') ?? `consumer-${given.one('--group-id')}-1`,
    log: (level, text, logger) => logLine(io, level, text, logger),
    group: {
      groupId: given.one('--group-id') ?? '',
      groupInstanceId: given.one('--group-instance-id'),
      sessionTimeoutMs: given.number('--session-timeout') ?? 30_000,
    },
    autoOffsetReset,
    autoCommit: given.has('--enable-autocommit'),
    onRebalance: (kind, partitions) => tell(`partitions_${kind}`, { partitions }),
  };
}

async function consume(consumer: Consumer, given: Arguments, tell: Tell): Promise<void> {
  const countMax = given.number('--max-messages') ?? -1;
  let left = countMax < 0 ? Number.POSITIVE_INFINITY : countMax;
  while (left > 0) {
    const records = await consumer.poll(POLL_MS);
    if (records === null) return;
    if (records.length === 0) continue;
    const taken: FetchedRecord[][] = [];
    for (const group of byPartition(records)) {
      const some = group.slice(0, left);
      left -= some.length;
      // What is beyond the limit was not consumed, and is not committed.
      const next = some.length === group.length ? group.at(-1)!.offset + 1 : group[some.length]!.offset;
      consumer.seekConsumed({ topic: group[0]!.topic, partition: group[0]!.partition, offset: next });
      if (some.length > 0) taken.push(some);
    }
    if (given.has('--verbose')) for (const record of taken.flat()) tell('record_data', shown(record));
    tell('records_consumed', { count: records.length, partitions: taken.map(summaryOf) });
    if (!given.has('--enable-autocommit')) await commit(consumer, taken, tell);
  }
}

function byPartition(records: readonly FetchedRecord[]): FetchedRecord[][] {
  const groups = new Map<string, FetchedRecord[]>();
  for (const record of records) {
    const name = `${record.topic}-${record.partition}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [record]);
    else group.push(record);
  }
  return [...groups.values()];
}

function shown({ key, value, topic, partition, offset }: FetchedRecord): object {
  return { key: key?.toString() ?? null, value: value?.toString() ?? null, topic, partition, offset };
}

function summaryOf(records: readonly FetchedRecord[]): object {
  const [first, last] = [records[0]!, records.at(-1)!];
  const { topic, partition } = first;
  return { topic, partition, count: records.length, minOffset: first.offset, maxOffset: last.offset };
}

async function commit(consumer: Consumer, taken: readonly FetchedRecord[][], tell: Tell): Promise<void> {
  const offsets = taken.map((records) => {
    const { topic, partition, offset } = records.at(-1)!;
    return { topic, partition, offset: offset + 1 };
  });
  try {
    await consumer.commit();
    tell('offsets_committed', { offsets, success: true });
  } catch (error) {
    tell('offsets_committed', { offsets, error: messageOf(error), success: false });
  }
}
