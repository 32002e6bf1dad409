/**
 * kafka-replica-verification: reads all replicas of partitions side by side, up to the high watermark, and compares the
 * checksums of their batches. Every interval it prints the greatest lag among them; a difference is printed as it is found.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin } from '../../client/admin.ts';
import { ConnectionError } from '../../client/errors.ts';
import { ErrorCode } from '../../protocol/error-codes.ts';
import { fetch } from '../../protocol/messages/01-fetch.ts';
import { batchSizeOf, BATCH_HEADER_SIZE, baseOffsetOf, crcOf, lastOffsetOf } from '../../records/record-batch.ts';
import { parseBootstrap } from '../bootstrap.ts';
import { logLine, uncaughtExit, usageExit, type ToolIo } from '../io.ts';
import { JavaError } from '../java-exception.ts';
import { formatDate } from '../java-time.ts';
import { partitionName, type TopicPartition } from '../json-input.ts';
import type { Options } from '../options.ts';
import { onStopSignals } from '../stop-signals.ts';
import { topicPattern } from '../topic-filter.ts';
import { parseTool } from '../parse-tool.ts';
import { options as specs } from './replica-verification-options.ts';

const DESCRIPTION = 'Validate that all replicas for a set of topics have the same data.';
const DATE_PATTERN = 'yyyy-MM-dd HH:mm:ss,SSS';
/** A consumer that wants what this replica has, leader or not. */
const DEBUGGING_CONSUMER = -2;
const FETCH_VERSION_MAX = 12;
const RETRY_MS = 100;
/** Records not compared yet are worth a look again after this. */
const IDLE_MS = 20;

interface Watched extends TopicPartition {
  readonly replicas: readonly number[];
  /** Next offset to compare. */
  offset: number;
}

/** What a replica answered for a partition: its batches, and how far the leader's word goes. */
interface Answer {
  readonly records: Buffer;
  readonly highWatermark: number;
}

export async function replicaVerification(args: readonly string[], io: ToolIo): Promise<number> {
  const options = parse(args, io);
  const pattern = readPattern(options, io);
  const admin = new Admin({
    bootstrap: parseBootstrap(options.one('broker-list') ?? ''),
    clientId: 'replicaVerificationTool',
    log: (level, text, logger) => logLine(io, level, text, logger),
  });
  let stopped = false;
  const release = onStopSignals(() => (stopped = true));
  try {
    const watched = await findPartitions(admin, pattern, options);
    if (watched.length === 0) {
      const filter = options.one('topics-include') ?? options.one('topic-white-list');
      io.err(`No topics found. ${options.has('topics-include') ? 'topics-include' : 'topic-white-list'} if specified, is either filtering out all topics or there is no topic. (${filter})\n`);
      return 1;
    }
    const tell = (text: string): void => io.out(`${formatDate(io.now().getTime(), DATE_PATTERN)}: ${text}\n`);
    tell('verification process is started.');
    await watch(admin, watched, options, tell, () => stopped);
    return 0;
  } finally {
    release();
    admin.close();
  }
}

function parse(args: readonly string[], io: ToolIo): Options {
  const options = parseTool({ specs, description: DESCRIPTION, required: ['broker-list'] }, args, io);
  const servers = options.one('broker-list') ?? '';
  if (!servers.split(',').every((part) => /^.+:\d+$/.test(part.trim()))) {
    usageExit(io, specs, 'Please provide valid host:port like host1:9091,host2:9092\n ');
  }
  return options;
}

function readPattern(options: Options, io: ToolIo): RegExp {
  try {
    return topicPattern(options.one(options.has('topics-include') ? 'topics-include' : 'topic-white-list') ?? '.*');
  } catch (error) {
    if (error instanceof JavaError) return uncaughtExit(io, error.exception, error.message);
    throw error;
  }
}

async function findPartitions(admin: Admin, pattern: RegExp, options: Options): Promise<Watched[]> {
  const timestamp = options.number('time') ?? -1;
  const watched: Watched[] = [];
  for (const topic of await admin.listTopics()) {
    const name = topic.name ?? '';
    if (!pattern.test(name)) continue;
    const offsets = await admin.offsets(topic, topic.partitions.map(({ partitionIndex }) => partitionIndex), timestamp);
    for (const { partitionIndex, replicaNodes } of topic.partitions) {
      const offset = offsets.find(({ partition }) => partition === partitionIndex)?.offset ?? 0;
      watched.push({ topic: name, partition: partitionIndex, replicas: replicaNodes, offset: Math.max(0, offset) });
    }
  }
  return watched;
}

async function watch(
  admin: Admin,
  watched: readonly Watched[],
  options: Options,
  tell: (text: string) => void,
  isStopped: () => boolean,
): Promise<void> {
  const intervalMs = options.number('report-interval-ms') ?? 0;
  const limits = { bytes: options.number('fetch-size') ?? 0, waitMs: options.number('max-wait-ms') ?? 0 };
  let reportedMs = performance.now();
  while (!isStopped()) {
    const brokers = new Set(watched.flatMap(({ replicas }) => replicas));
    const answers = await Promise.all([...brokers].map(async (id) => [id, await ask(admin, id, watched, limits)] as const));
    const moved = compare(watched, new Map(answers), tell);
    if (performance.now() - reportedMs >= intervalMs) {
      reportedMs = performance.now();
      tell(lagOf(watched, new Map(answers)));
    }
    if (!moved) await sleep(IDLE_MS);
  }
}

/** What a broker has of all partitions that it holds; nothing when it cannot be reached. */
async function ask(
  admin: Admin,
  id: number,
  watched: readonly Watched[],
  limits: { readonly bytes: number; readonly waitMs: number },
): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  const mine = watched.filter(({ replicas }) => replicas.includes(id));
  try {
    const connection = await admin.cluster.broker(id);
    const topics = [...new Set(mine.map(({ topic }) => topic))].map((topic) => ({
      topic,
      partitions: mine
        .filter((entry) => entry.topic === topic)
        .map(({ partition, offset }) => ({ partition, fetchOffset: offset, partitionMaxBytes: limits.bytes })),
    }));
    const request = { replicaId: DEBUGGING_CONSUMER, maxWaitMs: limits.waitMs, minBytes: 1, topics };
    const version = Math.min(connection.versionOf(fetch), FETCH_VERSION_MAX);
    const { responses } = await connection.request(fetch, request, { version });
    for (const { topic, partitions } of responses) {
      for (const { partitionIndex, errorCode, records, highWatermark } of partitions) {
        if (errorCode !== ErrorCode.NONE) continue;
        answers.set(partitionName({ topic, partition: partitionIndex }), { records: records ?? Buffer.alloc(0), highWatermark });
      }
    }
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    await admin.liveBrokers();
    await sleep(RETRY_MS);
  }
  return answers;
}

/** Goes on to the first offset that not every replica has yet. Returns whether any partition came further. */
function compare(watched: readonly Watched[], answers: ReadonlyMap<number, ReadonlyMap<string, Answer>>, tell: (text: string) => void): boolean {
  let moved = false;
  for (const entry of watched) {
    const name = partitionName(entry);
    const held = entry.replicas.map((id) => ({ id, answer: answers.get(id)?.get(name) }));
    if (held.some(({ answer }) => answer === undefined)) continue;
    // The leader knows best; a follower learns of it with the next fetch.
    const highWatermark = Math.max(...held.map(({ answer }) => answer!.highWatermark));
    const [first, ...others] = held.map(({ id, answer }) => ({ id, batches: batchesOf(answer!.records, entry.offset, highWatermark) }));
    for (const [at, batch] of first!.batches.entries()) {
      const twins = others.map(({ id, batches }) => ({ id, batch: batches[at] }));
      if (twins.some((twin) => twin.batch === undefined)) break;
      for (const { id, batch: twin } of twins) {
        if (twin!.offset !== batch.offset) {
          tell(`partition ${name}: replica ${first!.id}'s offset ${batch.offset} doesn't match replica ${id}'s offset ${twin!.offset}`);
        } else if (twin!.checksum !== batch.checksum) {
          tell(
            `partition ${name} has unmatched checksum at offset ${batch.offset}; replica ${first!.id}'s checksum ${batch.checksum}; ` +
              `replica ${id}'s checksum ${twin!.checksum}`,
          );
        }
      }
      entry.offset = batch.lastOffset + 1;
      moved = true;
    }
  }
  return moved;
}

function batchesOf(records: Buffer, from: number, highWatermark: number): { offset: number; lastOffset: number; checksum: number }[] {
  const batches: { offset: number; lastOffset: number; checksum: number }[] = [];
  for (let at = 0; at + BATCH_HEADER_SIZE <= records.length; at += batchSizeOf(records, at)) {
    if (at + batchSizeOf(records, at) > records.length) break;
    const lastOffset = lastOffsetOf(records, at);
    if (lastOffset >= highWatermark) break;
    if (lastOffset >= from) batches.push({ offset: baseOffsetOf(records, at), lastOffset, checksum: crcOf(records, at) });
  }
  return batches;
}

function lagOf(watched: readonly Watched[], answers: ReadonlyMap<number, ReadonlyMap<string, Answer>>): string {
  let worst = { lag: -1, entry: watched[0]! };
  for (const entry of watched) {
    const name = partitionName(entry);
    const marks = entry.replicas.map((id) => answers.get(id)?.get(name)?.highWatermark ?? entry.offset);
    const lag = Math.max(0, Math.max(...marks) - entry.offset);
    if (lag > worst.lag) worst = { lag, entry };
  }
  return `max lag is ${worst.lag} for partition ${partitionName(worst.entry)} at offset ${worst.entry.offset} among ${watched.length} partitions`;
}
