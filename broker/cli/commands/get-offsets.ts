/** kafka-get-offsets: offsets of partitions by time, as `topic:partition:offset`. Refusals go to stdout, as Kafka's do. */
import { Admin } from '../../client/admin.ts';
import { errorMessage, ErrorCode } from '../../protocol/error-codes.ts';
import { parseBootstrap, readPropertyFile } from '../bootstrap.ts';
import { logLine, ToolExit, usageExit, type ToolIo } from '../io.ts';
import { messageOf } from '../java-exception.ts';
import { parseOptions, type Options } from '../options.ts';
import { isInternalTopic } from '../../protocol/internal-topics.ts';
import { topicPattern } from '../topic-filter.ts';
import { options as specs } from './get-offsets-options.ts';

/** Whether a partition of a topic is asked for. */
type Filter = (topic: string, partition: number) => boolean;

const NAMED_TIMES: Readonly<Record<string, number>> = { latest: -1, earliest: -2, 'max-timestamp': -3 };

export async function getOffsets(args: readonly string[], io: ToolIo): Promise<number> {
  try {
    await printOffsets(args, io);
    return 0;
  } catch (error) {
    if (error instanceof ToolExit) throw error;
    io.out(`Error occurred: ${messageOf(error)}\n`);
    return 1;
  }
}

async function printOffsets(args: readonly string[], io: ToolIo): Promise<void> {
  if (args.length === 0) usageExit(io, specs, 'An interactive shell for getting topic-partition offsets.');
  const options = parseOptions(specs, args);
  const servers = options.one('bootstrap-server') ?? options.one('broker-list') ?? '';
  if (!servers.split(',').every((part) => /^.+:\d+$/.test(part.trim()))) {
    usageExit(io, specs, 'Please provide valid host:port like host1:9091,host2:9092\n ');
  }
  if (options.has('topic-partitions') && (options.has('topic') || options.has('partitions'))) {
    throw new Error('--topic-partitions cannot be used with --topic or --partitions');
  }
  const timestamp = readTime(options.one('time') ?? 'latest');
  const wanted = readFilter(options);
  const file = options.one('command-config');
  const clientId = (file === null ? undefined : readPropertyFile(file).get('client.id')) ?? 'GetOffsetShell';
  const log = (level: string, text: string, logger: string): void => logLine(io, level, text, logger);
  const admin = new Admin({ bootstrap: parseBootstrap(servers), clientId, log });
  try {
    const topics = (await admin.listTopics())
      .filter(({ name }) => name !== null && !(options.has('exclude-internal-topics') && isInternalTopic(name)))
      .map((topic) => ({
        topic,
        name: topic.name ?? '',
        indexes: topic.partitions.map((partition) => partition.partitionIndex),
      }))
      .map((entry) => ({ ...entry, indexes: entry.indexes.filter((index) => wanted(entry.name, index)) }))
      .filter(({ indexes }) => indexes.length > 0)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    if (topics.length === 0) throw new Error('Could not match any topic-partitions with the specified filters');
    for (const { topic, name, indexes } of topics) {
      for (const { partition, offset, errorCode } of await admin.offsets(topic, indexes, timestamp)) {
        if (errorCode !== ErrorCode.NONE) {
          const reason = errorMessage(errorCode);
          io.err(`Skip getting offsets for topic-partition ${name}:${partition} due to error: ${reason}\n`);
        } else if (offset >= 0) {
          io.out(`${name}:${partition}:${offset}\n`);
        }
      }
    }
  } finally {
    admin.close();
  }
}

function readTime(text: string): number {
  const named = NAMED_TIMES[text];
  if (named !== undefined) return named;
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw new Error(
    `Malformed time argument ${text}, please use -1 or latest / -2 or earliest / -3 or max-timestamp, or a specified long format timestamp`,
  );
}

function readFilter(options: Options): Filter {
  const list = options.one('topic-partitions');
  if (list !== null) {
    const rules = list.split(',').map(readRule);
    return (topic, partition) => rules.some((rule) => rule(topic, partition));
  }
  const pattern = topicPattern(options.one('topic') ?? '.*');
  const ids = options.one('partitions') ?? '';
  if (ids !== '' && !ids.split(',').every((id) => /^[+-]?\d+$/.test(id))) {
    throw new Error(`--partitions expects a comma separated list of numeric partition ids, but received: ${ids}`);
  }
  const chosen = new Set(ids === '' ? [] : ids.split(',').map(Number));
  return (topic, partition) => pattern.test(topic) && (chosen.size === 0 || chosen.has(partition));
}

/**
 * `topic`, `topic:1`, `topic:0-3` (upper bound excluded), `topic:5-`, `topic:-3`; the topic is a pattern and may be missing.
 */
function readRule(text: string): Filter {
  const match = /^([^:,]*)(?::(?:([0-9]*)|(?:([0-9]*)-([0-9]*))))?$/.exec(text);
  if (match === null) throw new Error(`Invalid rule specification: ${text}`);
  const pattern = topicPattern(match[1] || '.*');
  const number = (part: string | undefined, fallback: number): number =>
    part === undefined || part === '' ? fallback : Number(part);
  const single = number(match[2], -1);
  const low = single >= 0 ? single : number(match[3], 0);
  const high = single >= 0 ? single + 1 : number(match[4], Infinity);
  return (topic, partition) => pattern.test(topic) && partition >= low && partition < high;
}
