/** kafka-console-consumer: writes records to the standard output. Output, streams and status are those of Kafka 3.4. */
import { Consumer, EARLIEST, LATEST, type ConsumerOptions } from '../../client/consumer.ts';
import type { FetchedRecord } from '../../client/fetched-records.ts';
import { BootstrapError, parseBootstrap, parseKeyValues, readPropertyFile } from '../bootstrap.ts';
import { logLine, ToolExit, uncaughtExit, usageExit, type ToolIo } from '../io.ts';
import { describeFailure, JavaError } from '../java-exception.ts';
import { defaultFormatter, type Formatter } from '../message-format.ts';
import { OptionError, type Options } from '../options.ts';
import { parseTool } from '../parse-tool.ts';
import { topicPattern } from '../topic-filter.ts';
import { options as specs } from './console-consumer-options.ts';

const DESCRIPTION = 'This tool helps to read data from Kafka topics and outputs it to standard output.';
const LOGGER = 'kafka.tools.ConsoleConsumer$';
/** Written at once: fewer, larger writes, without holding much. */
const OUTPUT_CHUNK_SIZE = 64 * 1024;

interface Settings {
  consumer: ConsumerOptions;
  topic: string | null;
  include: RegExp | null;
  partition: number | null;
  offset: number;
  maxMessages: number;
  timeoutMs: number;
  skipMessageOnError: boolean;
  formatter: Formatter;
  systestEvents: boolean;
}

export async function consoleConsumer(args: readonly string[], io: ToolIo): Promise<number> {
  let settings: Settings;
  try {
    settings = readSettings(parseTool({ specs, description: DESCRIPTION, onError: 'usage' }, args, io), io);
  } catch (error) {
    if (error instanceof OptionError || error instanceof JavaError) uncaughtExit(io, error.exception, error.message);
    if (!(error instanceof BootstrapError)) throw error;
    logLine(io, 'ERROR', 'Unknown error when running consumer: ', LOGGER);
    const cause = `org.apache.kafka.common.config.ConfigException: ${error.message}`;
    io.err(`org.apache.kafka.common.KafkaException: Failed to construct kafka consumer\nCaused by: ${cause}\n`);
    return 1;
  }
  const consumer = new Consumer(settings.consumer);
  let signalled = 0;
  const onInterrupt = (): void => {
    signalled = 130;
    consumer.wakeup();
  };
  const onTerminate = (): void => {
    signalled = 143;
    consumer.wakeup();
  };
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onTerminate);
  const progress = { count: 0 };
  try {
    start(consumer, settings);
    await consume(consumer, settings, io, progress);
    return signalled;
  } catch (error) {
    logLine(io, 'ERROR', 'Unknown error when running consumer: ', LOGGER);
    io.err(`${describeFailure(error)}\n`);
    return 1;
  } finally {
    await consumer.close();
    process.removeListener('SIGINT', onInterrupt);
    process.removeListener('SIGTERM', onTerminate);
    io.err(`Processed a total of ${progress.count} messages\n`);
    if (signalled !== 0 && settings.systestEvents) io.out('shutdown_complete\n');
  }
}

function start(consumer: Consumer, { topic, include, partition, offset }: Settings): void {
  if (partition !== null && topic !== null) consumer.assign([{ topic, partition, offset }]);
  else if (include !== null) consumer.subscribe(include);
  else consumer.subscribe([topic ?? '']);
}

async function consume(consumer: Consumer, settings: Settings, io: ToolIo, progress: { count: number }): Promise<void> {
  const { maxMessages, timeoutMs, formatter, skipMessageOnError } = settings;
  const unlimited = maxMessages === -1;
  while (unlimited || progress.count < maxMessages) {
    let records: FetchedRecord[] | null;
    try {
      records = await consumer.poll(timeoutMs);
    } catch (error) {
      return terminate(io, describeFailure(error));
    }
    if (records === null) return;
    if (records.length === 0) return terminate(io, 'org.apache.kafka.common.errors.TimeoutException');
    const room = unlimited ? records.length : Math.min(records.length, maxMessages - progress.count);
    const output: Buffer[] = [];
    let size = 0;
    for (let at = 0; at < room; at++) {
      progress.count++;
      try {
        const bytes = formatter(records[at]!);
        output.push(bytes);
        size += bytes.length;
      } catch (error) {
        if (!skipMessageOnError) throw error;
        logLine(io, 'ERROR', 'Error processing message, skipping this message: ', LOGGER);
        io.err(`${describeFailure(error)}\n`);
      }
      if (size < OUTPUT_CHUNK_SIZE) continue;
      io.out(Buffer.concat(output.splice(0), size));
      size = 0;
      await io.drained();
    }
    if (size > 0) io.out(Buffer.concat(output, size));
    await io.drained();
    giveBack(consumer, records, room);
  }
}

/** Records that were fetched but not shown must not be committed: the group would miss them. */
function giveBack(consumer: Consumer, records: readonly FetchedRecord[], from: number): void {
  const seen = new Set<string>();
  for (let at = from; at < records.length; at++) {
    const { topic, partition, offset } = records[at]!;
    const key = `${topic}-${partition}`;
    if (!seen.has(key)) consumer.seekConsumed({ topic, partition, offset });
    seen.add(key);
  }
}

function terminate(io: ToolIo, reason: string): void {
  logLine(io, 'ERROR', 'Error processing message, terminating consumer process: ', LOGGER);
  io.err(`${reason}\n`);
}

function properties(options: Options, fileOption: string, pairsOption: string): Map<string, string> {
  const file = options.one(fileOption);
  const merged = file === null ? new Map<string, string>() : readPropertyFile(file);
  for (const [key, value] of parseKeyValues(options.all(pairsOption))) merged.set(key, value);
  return merged;
}

function readSettings(options: Options, io: ToolIo): Settings {
  const die = (message: string): never => usageExit(io, specs, message);
  const consumerProperties = properties(options, 'consumer.config', 'consumer-property');
  const partition = options.number('partition');
  const formatter = chooseFormatter(options);
  const maxMessages = options.number('max-messages') ?? -1;
  const timeoutMs = options.number('timeout-ms') ?? -1;
  const topic = options.one('topic');
  const include = options.one('include') ?? options.one('whitelist');
  if ((topic === null) === (include === null)) {
    const hint = options.has('whitelist')
      ? '--whitelist is DEPRECATED use --include instead; ignored if --include specified.'
      : '()';
    die(`Exactly one of --include/--topic is required. ${hint}`);
  }
  if (partition !== null) {
    if (topic === null) die('The topic is required when partition is specified.');
    if (options.has('from-beginning') && options.has('offset'))
      die('Options from-beginning and offset cannot be specified together.');
  } else if (options.has('offset')) {
    die('The partition is required when offset is specified.');
  }
  const offset = readOffset(options, die);
  if (!options.has('bootstrap-server')) die('Missing required argument "[bootstrap-server]"');
  const groups = new Set(
    [options.one('group'), consumerProperties.get('group.id')].filter((id) => id !== null && id !== undefined),
  );
  if (groups.size > 1) {
    die(
      "The group ids provided in different places (directly using '--group', via '--consumer-property', or via '--consumer.config') " +
        `do not match. Detected group ids: ${[...groups].map((id) => `'${id}'`).join(', ')}`,
    );
  }
  const [givenGroup] = groups;
  if (givenGroup !== undefined && partition !== null) die('Options group and partition cannot be specified together.');
  const groupId = givenGroup ?? `console-consumer-${Math.floor(io.random() * 100_000)}`;
  return {
    consumer: consumerOptions(options, consumerProperties, groupId, givenGroup !== undefined, partition !== null, io),
    topic,
    include: include === null ? null : topicPattern(include),
    partition,
    offset,
    maxMessages,
    timeoutMs: timeoutMs >= 0 ? timeoutMs : Infinity,
    skipMessageOnError: options.has('skip-message-on-error'),
    formatter,
    systestEvents: options.has('enable-systest-events'),
  };
}

function readOffset(options: Options, die: (message: string) => never): number {
  if (!options.has('offset')) return options.has('from-beginning') ? EARLIEST : LATEST;
  const text = (options.one('offset') ?? '').toLowerCase();
  if (text === 'earliest') return EARLIEST;
  if (text === 'latest') return LATEST;
  if (/^\d+$/.test(text)) return Number(text);
  return die(
    `The provided offset value '${text}' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.`,
  );
}

function chooseFormatter(options: Options): Formatter {
  const args = properties(options, 'formatter-config', 'property');
  for (const side of ['key', 'value'] as const) {
    const className = options.one(`${side}-deserializer`);
    if (className !== null && className !== '') args.set(`${side}.deserializer`, className);
  }
  const className = options.one('formatter') ?? '';
  switch (className) {
    case 'kafka.tools.DefaultMessageFormatter':
      return defaultFormatter(args);
    case 'kafka.tools.NoOpMessageFormatter':
      return () => Buffer.alloc(0);
    default:
      throw new JavaError('java.lang.ClassNotFoundException', className);
  }
}

function consumerOptions(
  options: Options,
  given: ReadonlyMap<string, string>,
  groupId: string,
  groupGiven: boolean,
  assigned: boolean,
  io: ToolIo,
): ConsumerOptions {
  const reset = given.get('auto.offset.reset');
  if (reset !== undefined && reset !== 'earliest' && options.has('from-beginning')) {
    io.err(`Can't simultaneously specify --from-beginning and 'auto.offset.reset=${reset}', please remove one option\n`);
    throw new ToolExit(1);
  }
  const isolation = options.has('isolation-level') ? options.one('isolation-level') : given.get('isolation.level');
  const count = (key: string): number | undefined => {
    const text = given.get(key);
    if (text === undefined) return undefined;
    if (/^-?\d+$/.test(text.trim())) return Number(text);
    const message = `Invalid value ${text} for configuration ${key}: Not a number of type INT`;
    throw new JavaError('org.apache.kafka.common.config.ConfigException', message);
  };
  const group = {
    groupId,
    groupInstanceId: given.get('group.instance.id') ?? null,
    sessionTimeoutMs: count('session.timeout.ms') ?? 45_000,
    heartbeatIntervalMs: count('heartbeat.interval.ms') ?? 3_000,
    rebalanceTimeoutMs: count('max.poll.interval.ms') ?? 300_000,
  };
  const clientId = given.get('client.id') ?? 'console-consumer';
  return {
    bootstrap: parseBootstrap(options.one('bootstrap-server') ?? ''),
    clientId,
    label: `Consumer clientId=${clientId}, groupId=${groupId}`,
    log: (level, text, logger) => logLine(io, level, text, logger),
    group: assigned ? undefined : group,
    autoOffsetReset:
      reset === 'none' || reset === 'latest' || reset === 'earliest'
        ? reset
        : options.has('from-beginning')
          ? 'earliest'
          : 'latest',
    autoCommit: groupGiven ? given.get('enable.auto.commit') !== 'false' : given.get('enable.auto.commit') === 'true',
    autoCommitIntervalMs: count('auto.commit.interval.ms') ?? 5_000,
    readCommitted: isolation === 'read_committed',
    fetchMinBytes: count('fetch.min.bytes') ?? 1,
    fetchMaxBytes: count('fetch.max.bytes') ?? 52_428_800,
    fetchMaxWaitMs: count('fetch.max.wait.ms') ?? 500,
    partitionFetchBytes: count('max.partition.fetch.bytes') ?? 1_048_576,
    requestTimeoutMs: count('request.timeout.ms') ?? 30_000,
    metadataMaxAgeMs: count('metadata.max.age.ms') ?? 300_000,
  };
}
