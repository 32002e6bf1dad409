/**
 * Compacts closed segments of one log into new ones: reads the dirty part for the last offset of each key, then copies, from
 * the log's beginning to where the keys are known, what `compactBatch` lets stay. The new segments lie beside the old ones
 * as `.cleaned` files, forced to the disk; `segment-swap.ts` puts them in place. It works on nothing but files, and so runs
 * in a worker thread (`log-cleaner-worker.ts`) or, in tests, on a disk in memory.
 *
 *     |        clean        |        dirty        |   may not be compacted yet
 *     log start        firstDirty     endOffset   firstUncleanable
 */
import { lastOffsetOf, isControl, isTransactional, maxTimestampOf } from '../records/record-batch.ts';
import { iterateRecords } from '../records/iterate-records.ts';
import { validateBatch } from '../records/validate-batch.ts';
import { scanBatches } from './batch-scan.ts';
import { AbortedTransactionScan, CompactedTransactions, compactBatch } from './compaction.ts';
import type { CompactionCounts, CompactionRules, LastOfProducer } from './compaction.ts';
import type { FileSystem } from './file.ts';
import { HandlePool } from './handle-pool.ts';
import { IndexCache } from './index-cache.ts';
import { KeyOffsets } from './key-offsets.ts';
import { Segment } from './segment.ts';
import type { SegmentFiles } from './segment.ts';

/** What a compaction works on. Survives being sent to another thread. */
export interface CleanJob {
  /** `topic-partition`, for messages. */
  readonly name: string;
  readonly directory: string;
  /** All closed segments up to `firstUncleanableOffset`, oldest first. */
  readonly segments: readonly { readonly baseOffset: number; readonly size: number; readonly modifiedMs: number }[];
  readonly firstDirtyOffset: number;
  readonly firstUncleanableOffset: number;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  readonly segmentBytes: number;
  readonly indexIntervalBytes: number;
  readonly dedupeBufferBytes: number;
  readonly dedupeLoadFactor: number;
  /** Of what is read and written together. */
  readonly bytesPerSecondMax: number;
  readonly producers: ReadonlyMap<number, LastOfProducer>;
}

export interface CleanedSegment {
  readonly baseOffset: number;
  /** Base offsets of those it takes the place of. */
  readonly sources: readonly number[];
  readonly size: number;
  readonly modifiedMs: number;
}

export interface CleanResult extends CompactionCounts {
  /** Everything before it is clean now. */
  readonly endOffset: number;
  readonly segments: readonly CleanedSegment[];
  readonly keyCount: number;
}

/** A log that cannot be compacted as it is: its partition is left alone from now on. */
export class UncleanableError extends Error {
  override readonly name = 'UncleanableError';
}

const WRITE_BYTES = 512 * 1024;
const HANDLES_MAX = 4;
const RELATIVE_OFFSET_MAX = 0x7fff_ffff;
/** The least that is worth a pause. */
const PAUSE_MS_MIN = 10;

/** Waits so that no more than so many bytes a second go by. */
class Pace {
  private readonly bytesPerMs: number;
  private owedMs = 0;
  private readonly pause: (ms: number) => Promise<void>;

  constructor(bytesPerSecondMax: number, pause: (ms: number) => Promise<void>) {
    this.bytesPerMs = bytesPerSecondMax / 1000;
    this.pause = pause;
  }

  async spend(bytes: number): Promise<void> {
    this.owedMs += bytes / this.bytesPerMs;
    if (this.owedMs < PAUSE_MS_MIN) return;
    const ms = this.owedMs;
    this.owedMs = 0;
    await this.pause(ms);
  }
}

/** Rejects with `UncleanableError` and `FileSystemError`; what it has written then lies there as `.cleaned` files. */
export async function cleanSegments(
  job: CleanJob,
  fileSystem: FileSystem,
  pause: (ms: number) => Promise<void>,
): Promise<CleanResult> {
  const files: SegmentFiles = { fileSystem, handles: new HandlePool(fileSystem, HANDLES_MAX), indexes: new IndexCache(0) };
  try {
    return await new Cleaning(job, files, new Pace(job.bytesPerSecondMax, pause)).run();
  } finally {
    await files.handles.close();
  }
}

class Cleaning {
  private readonly job: CleanJob;
  private readonly files: SegmentFiles;
  private readonly pace: Pace;
  private readonly segments: readonly Segment[];
  private readonly counts: CompactionCounts = { recordsRead: 0, recordsKept: 0, bytesRead: 0, bytesKept: 0, keyless: 0 };

  constructor(job: CleanJob, files: SegmentFiles, pace: Pace) {
    this.job = job;
    this.files = files;
    this.pace = pace;
    this.segments = job.segments.map(({ baseOffset, size, modifiedMs }) =>
      Segment.found(job.directory, baseOffset, files, size, modifiedMs),
    );
  }

  async run(): Promise<CleanResult> {
    const { job } = this;
    const keys = new KeyOffsets(job.dedupeBufferBytes, job.dedupeLoadFactor);
    const aborted = (await this.hasTransactions()) ? await this.findAborted() : [];
    const endOffset = await this.readKeys(keys, new CompactedTransactions(aborted));
    const rules: CompactionRules = {
      keys,
      transactions: new CompactedTransactions(aborted),
      producers: job.producers,
      nowMs: job.nowMs,
      deleteRetentionMs: job.deleteRetentionMs,
    };
    const cleaned: CleanedSegment[] = [];
    for (const group of this.groups(endOffset)) cleaned.push(await this.cleanGroup(group, rules));
    return { ...this.counts, endOffset, segments: cleaned, keyCount: keys.size };
  }

  private get dirty(): Segment[] {
    const { job, segments } = this;
    return segments.filter((_, slot) => (segments[slot + 1]?.baseOffset ?? job.firstUncleanableOffset) > job.firstDirtyOffset);
  }

  /** Shows every batch to `visit`, which says whether to go on. Throws `UncleanableError` at one that is damaged. */
  private async scan(
    segment: Segment,
    visit: (buffer: Buffer, at: number, size: number) => boolean,
  ): Promise<boolean> {
    let whole = true;
    let position = 0;
    await this.files.handles.use(segment.logPath, false, async (handle) => {
      position = await scanBatches(handle, 0, segment.size, (buffer, at, size) => {
        const check = validateBatch(buffer, at, { compacted: true });
        if (!check.ok) throw new UncleanableError(`${segment.logPath}: ${check.message}`);
        whole = visit(buffer, at, size);
        return whole;
      });
    });
    if (whole && position < segment.size) {
      throw new UncleanableError(`${segment.logPath} has no sound batch at position ${position}`);
    }
    await this.pace.spend(position);
    return whole;
  }

  private async hasTransactions(): Promise<boolean> {
    for (const segment of this.dirty) {
      const none = await this.scan(segment, (buffer, at) => !isTransactional(buffer, at));
      if (!none) return true;
    }
    return false;
  }

  /** Of all the log: a transaction may have begun in what is clean, and have been decided in what is dirty. */
  private async findAborted(): Promise<AbortedTransactionScan['found']> {
    const scan = new AbortedTransactionScan();
    for (const segment of this.segments) {
      await this.scan(segment, (buffer, at) => {
        scan.visit(buffer, at);
        return true;
      });
    }
    return scan.found;
  }

  /** Takes the keys of the dirty part in, as many as there is room for. Returns where they end. */
  private async readKeys(keys: KeyOffsets, transactions: CompactedTransactions): Promise<number> {
    const { job } = this;
    for (const segment of this.dirty) {
      const whole = await this.scan(segment, (buffer, at) => {
        const lastOffset = lastOffsetOf(buffer, at);
        if (isControl(buffer, at)) {
          transactions.isIdleMarker(buffer, at);
        } else if (!transactions.isAborted(buffer, at) && lastOffset >= job.firstDirtyOffset) {
          for (const record of iterateRecords(buffer, at)) {
            if (record.key !== null && record.offset >= job.firstDirtyOffset && !keys.put(record.key, record.offset)) return false;
            keys.latestOffset = record.offset;
          }
        }
        keys.latestOffset = Math.max(keys.latestOffset, lastOffset);
        return true;
      });
      if (!whole) {
        if (keys.latestOffset < job.firstDirtyOffset) throw noRoom(job);
        return keys.latestOffset + 1;
      }
    }
    return job.firstUncleanableOffset;
  }

  /** Neighbours that fit into one segment together. Only whole segments are rewritten, also when the keys end within one. */
  private groups(endOffset: number): Segment[][] {
    const groups: Segment[][] = [];
    let size = 0;
    for (const segment of this.segments) {
      if (segment.baseOffset >= endOffset) break;
      const group = groups.at(-1);
      const slot = this.segments.indexOf(segment);
      const nextBase = this.segments[slot + 1]?.baseOffset ?? this.job.firstUncleanableOffset;
      if (
        group !== undefined &&
        size + segment.size <= this.job.segmentBytes &&
        nextBase - 1 - group[0]!.baseOffset <= RELATIVE_OFFSET_MAX
      ) {
        group.push(segment);
        size += segment.size;
      } else {
        groups.push([segment]);
        size = segment.size;
      }
    }
    return groups;
  }

  private async cleanGroup(group: readonly Segment[], rules: CompactionRules): Promise<CleanedSegment> {
    const { job, files, counts } = this;
    const modifiedMs = group.at(-1)!.modifiedMs;
    const cleaned = Segment.cleaned(job.directory, group[0]!.baseOffset, files, modifiedMs);
    await cleaned.removeFiles();
    await cleaned.write([], 0); // makes the file
    for (const segment of group) {
      let waiting: Buffer[] = [];
      let waitingBytes = 0;
      const flush = async (): Promise<void> => {
        const [buffers, position] = [waiting, cleaned.size - waitingBytes];
        const bytes = waitingBytes;
        waiting = [];
        waitingBytes = 0;
        if (bytes > 0) await cleaned.write(buffers, position);
        await this.pace.spend(bytes);
      };
      await this.inChunks(segment, flush, (buffer, at, size) => {
        const batch = compactBatch(buffer, at, size, rules, counts);
        if (batch === null) return;
        waiting.push(batch);
        waitingBytes += batch.length;
        cleaned.noteBatch(lastOffsetOf(batch, 0), maxTimestampOf(batch, 0), batch.length, job.indexIntervalBytes);
      });
      await flush();
    }
    cleaned.close();
    await cleaned.saveIndexes(true);
    await cleaned.sync();
    return {
      baseOffset: cleaned.baseOffset,
      sources: group.map((segment) => segment.baseOffset),
      size: cleaned.size,
      modifiedMs,
    };
  }

  /** Shows a segment's batches to `visit`, and calls `flush` after every piece of the file. */
  private async inChunks(
    segment: Segment,
    flush: () => Promise<void>,
    visit: (buffer: Buffer, at: number, size: number) => void,
  ): Promise<void> {
    let position = 0;
    while (position < segment.size) {
      let seen = 0;
      const from = position;
      position = await this.files.handles.use(segment.logPath, false, (handle) =>
        scanBatches(handle, from, segment.size, (buffer, at, size) => {
          if (seen >= WRITE_BYTES) return false;
          seen += size;
          visit(buffer, at, size);
          return true;
        }),
      );
      if (position === from) throw new UncleanableError(`${segment.logPath} has no sound batch at position ${position}`);
      await flush();
      await this.pace.spend(position - from);
    }
  }
}

function noRoom(job: CleanJob): UncleanableError {
  return new UncleanableError(
    `Unable to build the offset map of ${job.name} from offset ${job.firstDirtyOffset} on: ${job.dedupeBufferBytes} bytes have no room for ` +
      'a single batch. You can increase log.cleaner.dedupe.buffer.size or decrease log.cleaner.threads',
  );
}
