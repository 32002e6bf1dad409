/**
 * The small text files of a log directory, as Kafka 3.4 writes them. Pure: texts in, values out. A reader that finds
 * nonsense throws `CheckpointError`; what that means is the caller's business (Kafka starts over from 0).
 *
 *     *-offset-checkpoint        leader-epoch-checkpoint     partition.metadata     meta.properties
 *     0                          0                           version: 0             #
 *     2                          1                           topic_id: z1kEJ…       #Sun Nov 22 18:15:41 UTC 2026
 *     t 0 1000                   0 0                                                broker.id=1
 *     t 1 0                                                                         version=0
 *                                                                                   cluster.id=HOWCuJ…
 */
import type { EpochEntry } from './leader-epochs.ts';

export const RECOVERY_POINT_FILE = 'recovery-point-offset-checkpoint';
export const HIGH_WATERMARK_FILE = 'replication-offset-checkpoint';
export const LOG_START_FILE = 'log-start-offset-checkpoint';
export const CLEANER_FILE = 'cleaner-offset-checkpoint';
export const LEADER_EPOCH_FILE = 'leader-epoch-checkpoint';
export const PARTITION_METADATA_FILE = 'partition.metadata';
export const META_PROPERTIES_FILE = 'meta.properties';
export const LOCK_FILE = '.lock';
/** Empty; there from a clean stop until the next start. */
export const CLEAN_SHUTDOWN_FILE = '.kafka_cleanshutdown';

export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

const VERSION = 0;

/** An offset per partition, keyed `topic-partition`, which is also the name of the partition's directory. */
export type PartitionOffsets = ReadonlyMap<string, number>;

export function encodeOffsets(offsets: PartitionOffsets): Buffer {
  const rows: string[] = [];
  for (const [name, offset] of offsets) {
    const dash = name.lastIndexOf('-');
    rows.push(`${name.slice(0, dash)} ${name.slice(dash + 1)} ${offset}`);
  }
  return encodeRows(rows);
}

export function decodeOffsets(content: Buffer, path: string): Map<string, number> {
  const offsets = new Map<string, number>();
  for (const row of decodeRows(content, path)) {
    const [topic, partition, offset, ...more] = row.split(/\s+/);
    if (topic === undefined || !isWhole(partition) || !isWhole(offset) || more.length > 0) throw malformed(path, row);
    offsets.set(`${topic}-${partition}`, Number(offset));
  }
  return offsets;
}

export function encodeEpochs(entries: readonly EpochEntry[]): Buffer {
  return encodeRows(entries.map((entry) => `${entry.leaderEpoch} ${entry.startOffset}`));
}

export function decodeEpochs(content: Buffer, path: string): EpochEntry[] {
  return decodeRows(content, path).map((row) => {
    const [leaderEpoch, startOffset, ...more] = row.split(/\s+/);
    if (!isWhole(leaderEpoch) || !isWhole(startOffset) || more.length > 0) throw malformed(path, row);
    return { leaderEpoch: Number(leaderEpoch), startOffset: Number(startOffset) };
  });
}

function encodeRows(rows: readonly string[]): Buffer {
  return Buffer.from([VERSION, rows.length, ...rows].join('\n') + '\n');
}

function decodeRows(content: Buffer, path: string): string[] {
  const lines = content.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length < 2 && (lines[0] ?? '') === '') return []; // Kafka makes these files empty
  if (lines[0] !== String(VERSION)) {
    throw new CheckpointError(
      `Unrecognised version:${lines[0]}, expected version: ${VERSION} in checkpoint file at: ${path}`,
    );
  }
  if (lines.length === 1) return [];
  if (!isWhole(lines[1])) throw malformed(path, lines[1]!);
  const rows = lines.slice(2);
  if (rows.length !== Number(lines[1])) {
    throw new CheckpointError(
      `Expected [${lines[1]}] entries in checkpoint file [${path}], but found only [${rows.length}]`,
    );
  }
  return rows;
}

function isWhole(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text);
}

function malformed(path: string, line: string): CheckpointError {
  return new CheckpointError(`Malformed line in checkpoint file [${path}]: ${line}`);
}

export function encodePartitionMetadata(topicId: string): Buffer {
  return Buffer.from(`version: ${VERSION}\ntopic_id: ${topicId}`);
}

/** The topic id in a `partition.metadata`. */
export function decodePartitionMetadata(content: Buffer, path: string): string {
  const match = /^version: +(\d+)\r?\ntopic_id: +([A-Za-z0-9_-]{22})\r?\n?$/.exec(content.toString('utf8'));
  if (match === null)
    throw new CheckpointError(`Malformed line in checkpoint file (${path}): '${content.toString('utf8')}'`);
  if (match[1] !== String(VERSION)) {
    throw new CheckpointError(`Unrecognized version of partition metadata file (${path}): ${match[1]}`);
  }
  return match[2]!;
}

export interface MetaProperties {
  readonly clusterId: string | null;
  readonly brokerId: number | null;
}

export function encodeMetaProperties(meta: { clusterId: string; brokerId: number }, nowMs: number): Buffer {
  return Buffer.from(
    `#\n#${javaDate(new Date(nowMs))}\nbroker.id=${meta.brokerId}\nversion=${VERSION}\ncluster.id=${meta.clusterId}\n`,
  );
}

export function decodeMetaProperties(content: Buffer, path: string): MetaProperties {
  const values = new Map<string, string>();
  for (const line of content.toString('utf8').split(/\r?\n/)) {
    const match = /^\s*([^#!\s][^=:\s]*)\s*[=:\s]\s*(.*?)\s*$/.exec(line);
    if (match !== null) values.set(match[1]!, match[2]!);
  }
  const version = values.get('version') ?? '0';
  if (version !== String(VERSION))
    throw new CheckpointError(`Expected version ${VERSION}, but got version ${version} in ${path}`);
  const brokerId = values.get('broker.id');
  if (brokerId !== undefined && !/^-?\d+$/.test(brokerId)) {
    throw new CheckpointError(`Failed to parse broker.id property as an int: ${brokerId} in ${path}`);
  }
  return { clusterId: values.get('cluster.id') ?? null, brokerId: brokerId === undefined ? null : Number(brokerId) };
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `Sun Nov 22 18:15:41 UTC 2026`, as `java.util.Date` prints itself; always in UTC. */
function javaDate(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${two(date.getUTCDate())} ${time} UTC ${date.getUTCFullYear()}`;
}
