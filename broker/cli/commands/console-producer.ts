/**
 * kafka-console-producer: sends lines of the standard input as records. Prompts, errors and status are those of Kafka 3.4.
 */
import { Producer, type ProducerRecord } from '../../client/producer.ts';
import { RETRY_BACKOFF_MS } from '../../client/cluster.ts';
import { parseBootstrap, parseKeyValues, readPropertyFile } from '../bootstrap.ts';
import { logLine, ToolExit, usageExit, type ToolIo } from '../io.ts';
import { describeFailure, JavaError } from '../java-exception.ts';
import { LineReader } from '../line-record.ts';
import { LineSplitter } from '../line-splitter.ts';
import { OptionError, type Options } from '../options.ts';
import { parseTool } from '../parse-tool.ts';
import { CONFIG_EXCEPTION, parseAcks, parseCodec } from '../producer-properties.ts';
import { options as specs } from './console-producer-options.ts';

const DESCRIPTION = 'This tool helps to read data from standard input and publish it to Kafka.';
const ERROR_LOGGER = 'org.apache.kafka.clients.producer.internals.ErrorLoggingCallback';
const LINE_READER = 'kafka.tools.ConsoleProducer$LineMessageReader';
/** Ctrl-C waits this long for what was typed to be delivered. */
const CLOSE_TIMEOUT_MS = 10_000;

interface Settings {
  topic: string;
  sync: boolean;
  producer: ConstructorParameters<typeof Producer>[0];
  reader: ReadonlyMap<string, string>;
}

export async function consoleProducer(args: readonly string[], io: ToolIo): Promise<number> {
  let settings: Settings;
  let reader: LineReader;
  try {
    const options = parseTool({ specs, description: DESCRIPTION, required: ['topic'], onError: 'usage' }, args, io);
    settings = readSettings(options, io);
    reader = new LineReader(settings.topic, settings.reader);
  } catch (error) {
    if (error instanceof OptionError) return complain(io, error.message);
    if (error instanceof JavaError) return complain(io, describeFailure(error));
    throw error;
  }
  const producer = new Producer(settings.producer);
  const stop = endOnSignals(producer);
  try {
    await sendLines(producer, reader, settings, io);
    return 0;
  } catch (error) {
    if (error instanceof ToolExit) throw error;
    return complain(io, describeFailure(error));
  } finally {
    await producer.close();
    stop();
  }
}

function complain(io: ToolIo, text: string): number {
  io.err(`${text}\n`);
  return 1;
}

/**
 * Where an option and a producer property stand for the same thing, the option wins if given, then the property, then the
 * option's default.
 */
function readSettings(options: Options, io: ToolIo): Settings {
  const servers = options.one('bootstrap-server') ?? options.one('broker-list') ?? '';
  const wellFormed = servers
    .split(',')
    .every((part) => /^(?:[a-zA-Z][\w+.-]*:\/\/)?\[?[0-9a-zA-Z\-%._:]+?\]?:\d+$/.test(part.trim()));
  if (!wellFormed) usageExit(io, specs, 'Please provide valid host:port like host1:9091,host2:9092\n ');
  const file = options.one('producer.config');
  const properties = file === null ? new Map<string, string>() : readPropertyFile(file);
  for (const [key, value] of parseKeyValues(options.all('producer-property'))) properties.set(key, value);
  const merged = (option: string, property: string): string => {
    const given = options.has(option) ? null : properties.get(property);
    return given ?? String(isNumeric(option) ? options.number(option) : options.one(option));
  };
  const count = (option: string, property: string): number => {
    const text = merged(option, property);
    const value = Number(text);
    if (Number.isInteger(value)) return value;
    throw new JavaError(CONFIG_EXCEPTION, `Invalid value ${text} for configuration ${property}: Not a number of type INT`);
  };
  const codec = options.has('compression-codec') ? options.one('compression-codec') || 'gzip' : 'none';
  const acks = merged('request-required-acks', 'acks');
  const lineReader = options.one('line-reader');
  if (lineReader !== LINE_READER) throw new JavaError('java.lang.ClassNotFoundException', lineReader ?? '');
  const readerFile = options.one('reader-config');
  const reader = readerFile === null ? new Map<string, string>() : readPropertyFile(readerFile);
  for (const [key, value] of parseKeyValues(options.all('property'))) reader.set(key, value);
  const clientId = properties.get('client.id') ?? 'console-producer';
  return {
    topic: options.one('topic') ?? '',
    sync: options.has('sync'),
    reader,
    producer: {
      bootstrap: parseBootstrap(servers),
      clientId,
      log: (level, text, logger) => logLine(io, level, text, logger),
      acks: parseAcks(acks),
      idempotent: properties.get('enable.idempotence') !== 'false' && parseAcks(acks) === -1,
      compression: parseCodec(codec),
      lingerMs: options.has('sync') ? 0 : count('timeout', 'linger.ms'),
      batchSize: options.has('max-partition-memory-bytes')
        ? count('max-partition-memory-bytes', 'batch.size')
        : count('batch-size', 'batch.size'),
      bufferMemory: count('max-memory-bytes', 'buffer.memory'),
      requestSizeMax: Number(properties.get('max.request.size') ?? 1_048_576),
      retries: count('message-send-max-retries', 'retries'),
      retryBackoffMs: options.has('retry-backoff-ms') ? count('retry-backoff-ms', 'retry.backoff.ms') : RETRY_BACKOFF_MS,
      requestTimeoutMs: count('request-timeout-ms', 'request.timeout.ms'),
      deliveryTimeoutMs: Number(properties.get('delivery.timeout.ms') ?? 120_000),
      maxBlockMs: count('max-block-ms', 'max.block.ms'),
    },
  };
}

function isNumeric(option: string): boolean {
  const type = specs.find(({ name }) => name === option)?.argument?.type;
  return type === 'Integer' || type === 'Long';
}

async function sendLines(producer: Producer, reader: LineReader, { topic, sync }: Settings, io: ToolIo): Promise<void> {
  const prompt = io.interactive ? () => io.out('>') : () => undefined;
  const splitter = new LineSplitter();
  let known = false;
  const send = async (line: Buffer): Promise<void> => {
    const record = reader.read(line);
    if (sync) await sendSync(producer, record);
    else sendAsync(producer, record, io);
    if (known) return;
    await producer.settled(topic); // as Java's send, which blocks until it knows the topic
    known = true;
  };
  prompt();
  for await (const chunk of io.stdin) {
    for (const line of splitter.push(Buffer.from(chunk as Buffer))) {
      const done = known && !sync ? sendAsync(producer, reader.read(line), io) : send(line);
      if (done !== undefined) await done;
      prompt();
    }
    if (!producer.hasRoom) await producer.room();
  }
  const rest = splitter.end();
  if (rest !== null) await send(rest);
}

function sendAsync(producer: Producer, record: ProducerRecord, io: ToolIo): undefined {
  producer.send(record, (error) => {
    if (error === null) return;
    const size = (bytes: Buffer | null): string => (bytes === null ? 'null' : `${bytes.length} bytes`);
    const text = `Error when sending message to topic ${record.topic} with key: ${size(record.key)}, value: ${size(record.value)} with error:`;
    logLine(io, 'ERROR', text, ERROR_LOGGER);
    io.err(`${describeFailure(error)}\n`);
  });
}

function sendSync(producer: Producer, record: ProducerRecord): Promise<void> {
  return new Promise((resolve, reject) => {
    producer.send(record, (error) => {
      if (error === null) return resolve();
      const cause = describeFailure(error);
      reject(new JavaError('java.util.concurrent.ExecutionException', `${cause}\nCaused by: ${cause}`));
    });
  });
}

/** Ctrl-C and kill deliver what was taken and end with the status of that signal. Returns what undoes this. */
function endOnSignals(producer: Producer): () => void {
  const end = (status: number) => (): void => {
    setTimeout(() => process.exit(status), CLOSE_TIMEOUT_MS).unref();
    void producer.close().then(() => process.exit(status));
  };
  const onInterrupt = end(130);
  const onTerminate = end(143);
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onTerminate);
  return () => {
    process.removeListener('SIGINT', onInterrupt);
    process.removeListener('SIGTERM', onTerminate);
  };
}
