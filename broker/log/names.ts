/** Names of files and directories in a log directory, as Kafka spells them. */
import { randomBytes } from 'node:crypto';

export const LOG_SUFFIX = '.log';
export const OFFSET_INDEX_SUFFIX = '.index';
export const TIME_INDEX_SUFFIX = '.timeindex';
const TRANSACTION_INDEX_SUFFIX = '.txnindex';
export const SNAPSHOT_SUFFIX = '.snapshot';
/** Appended to the name of a file that is to be removed: what a crash leaves with it goes at the next start. */
export const DELETED_SUFFIX = '.deleted';
/** A segment that compaction is still writing, and one that is whole and about to replace others. */
export const CLEANED_SUFFIX = '.cleaned';
export const SWAP_SUFFIX = '.swap';
const DELETE_DIRECTORY_SUFFIX = '-delete';
const FUTURE_DIRECTORY_SUFFIX = '-future';

export const SEGMENT_SUFFIXES = [LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX] as const;

/** Longest name that a directory may have on the file systems we know. */
const NAME_LENGTH_MAX = 255;

export function offsetFileName(offset: number, suffix: string): string {
  return String(offset).padStart(20, '0') + suffix;
}

/** The offset in a file's name and all that follows its first dot, or null for a name of another kind. */
export function parseOffsetFileName(name: string): { readonly offset: number; readonly suffix: string } | null {
  const match = /^(\d{20})(\..+)$/.exec(name);
  return match === null ? null : { offset: Number(match[1]), suffix: match[2]! };
}

export function partitionDirectoryName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

/** What a partition's directory is called from its deletion on. The topic is cut where the name would become too long. */
export function deletedDirectoryName(topic: string, partition: number): string {
  const suffix = `-${partition}.${randomBytes(16).toString('hex')}${DELETE_DIRECTORY_SUFFIX}`;
  return topic.slice(0, NAME_LENGTH_MAX - suffix.length) + suffix;
}

/** What the directory of a replica is called that is being copied from another log directory. */
export function futureDirectoryName(topic: string, partition: number): string {
  const suffix = `-${partition}.${randomBytes(16).toString('hex')}${FUTURE_DIRECTORY_SUFFIX}`;
  return topic.slice(0, NAME_LENGTH_MAX - suffix.length) + suffix;
}

export interface PartitionDirectory {
  readonly topic: string;
  readonly partition: number;
  /** `deleted`: to be removed; `future`: a copy on its way from another log directory. */
  readonly kind: 'current' | 'deleted' | 'future';
}

/** Reads a partition directory's name; null when it is none. */
export function parsePartitionDirectory(name: string): PartitionDirectory | null {
  const kind = name.endsWith(DELETE_DIRECTORY_SUFFIX)
    ? 'deleted'
    : name.endsWith(FUTURE_DIRECTORY_SUFFIX)
      ? 'future'
      : 'current';
  const plain = kind === 'current' ? name : name.slice(0, name.lastIndexOf('.'));
  const match = /^(.+)-(\d+)$/.exec(plain);
  if (match === null || (kind !== 'current' && !name.includes('.'))) {
    // A topic may itself end in `-delete`: `x-delete-0` has been read above, `x-delete` is no partition.
    return null;
  }
  return { topic: match[1]!, partition: Number(match[2]), kind };
}
