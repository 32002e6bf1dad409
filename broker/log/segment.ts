/**
 * One segment of a partition's log: a `.log` file and its indexes, named after the first offset they may hold.
 *
 * While a segment is active its indexes grow in memory and are written when the segment is forced to the disk or closed:
 * after a crash they are rebuilt from the log, so nothing is lost by writing late, and no file is preallocated. The indexes
 * of closed segments are read back when needed (`index-cache.ts`).
 */
import path from 'node:path';
import { assert } from '../../shared/base/assert.ts';
import { lastOffsetOf, maxTimestampOf } from '../records/record-batch.ts';
import { scanBatches } from './batch-scan.ts';
import type { HandlePool } from './handle-pool.ts';
import type { CachedIndexes, IndexCache } from './index-cache.ts';
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  SEGMENT_SUFFIXES,
  SWAP_SUFFIX,
  TIME_INDEX_SUFFIX,
  offsetFileName,
} from './names.ts';
import { OFFSET_INDEX_ENTRY_SIZE, OffsetIndex } from './offset-index.ts';
import { TIME_INDEX_ENTRY_SIZE, TimeIndex } from './time-index.ts';
import type { FileSystem } from './file.ts';

/** A file position is an int32 in the index. */
const SEGMENT_BYTES_MAX = 0x7fff_ffff;
const RELATIVE_OFFSET_MAX = 0x7fff_ffff;
/**
 * Spacing of entries rebuilt for a closed segment: Kafka's default, whatever the topic says; others only cost time or room.
 */
const REBUILD_INTERVAL_BYTES = 4096;
const NEVER_SAVED = -1;

export interface SegmentFiles {
  readonly fileSystem: FileSystem;
  readonly handles: HandlePool;
  readonly indexes: IndexCache;
}

export interface RollParameters {
  readonly batchSize: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  readonly nowMs: number;
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
  readonly segmentAgeMaxMs: number;
}

interface Indexes {
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;
}

export class Segment implements CachedIndexes {
  readonly baseOffset: number;
  /** Bytes appended, and those of them that the file has. */
  size = 0;
  writtenSize = 0;
  /** Newest timestamp of its records and the last offset of the batch that brought it; -1 while unknown or empty. */
  maxTimestamp = -1;
  offsetOfMaxTimestamp = -1;
  /** Newest timestamp of its first batch, from which its age counts; -1 while it is empty. */
  firstBatchTimestamp = -1;
  /** When it was begun, and when it was last written. */
  createdMs: number;
  modifiedMs: number;
  /** Random part taken off its greatest age. */
  rollJitterMs = 0;
  /** Behind the names of its files: none, that it is to be removed, or how far a compaction has come with it. */
  private nameSuffix: '' | typeof DELETED_SUFFIX | typeof CLEANED_SUFFIX | typeof SWAP_SUFFIX = '';
  private directory: string;
  private readonly files: SegmentFiles;
  private offsets: OffsetIndex | null;
  private times: TimeIndex | null;
  private bytesSinceEntry = 0;
  /** Entries that the files have, for indexes that still grow; a closed segment's are all there. */
  private savedOffsets = NEVER_SAVED;
  private savedTimes = NEVER_SAVED;
  private closed = false;
  private loading: Promise<Indexes> | null = null;

  constructor(directory: string, baseOffset: number, files: SegmentFiles, nowMs: number) {
    this.directory = directory;
    this.baseOffset = baseOffset;
    this.files = files;
    this.offsets = new OffsetIndex(baseOffset);
    this.times = new TimeIndex(baseOffset);
    this.createdMs = nowMs;
    this.modifiedMs = nowMs;
  }

  /** A segment found on the disk, closed: its indexes are read when they are needed. */
  static found(directory: string, baseOffset: number, files: SegmentFiles, size: number, modifiedMs: number): Segment {
    return new Segment(directory, baseOffset, files, modifiedMs).finished(size);
  }

  /** The segment is whole in its files, which another hand has written. */
  finished(size: number): this {
    this.size = size;
    this.writtenSize = size;
    this.offsets = null;
    this.times = null;
    this.closed = true;
    return this;
  }

  /** The segment that a compaction writes, or has written (`SegmentCleaner`). It takes no part in the log yet. */
  static cleaned(directory: string, baseOffset: number, files: SegmentFiles, modifiedMs: number): Segment {
    const segment = new Segment(directory, baseOffset, files, modifiedMs);
    segment.nameSuffix = CLEANED_SUFFIX;
    return segment;
  }

  path(suffix: string): string {
    return path.join(this.directory, offsetFileName(this.baseOffset, suffix) + this.nameSuffix);
  }

  get logPath(): string {
    return this.path(LOG_SUFFIX);
  }

  get indexBytes(): number {
    return (this.offsets?.byteSize ?? 0) + (this.times?.byteSize ?? 0);
  }

  dropIndexes(): void {
    const saved = this.offsets?.entryCount === this.savedOffsets && this.times?.entryCount === this.savedTimes;
    if (!this.closed || !saved) return;
    this.offsets = null;
    this.times = null;
  }

  /** Whether a batch has to go to a new segment instead. */
  shouldRoll(parameters: RollParameters): boolean {
    const { segmentIndexBytes, batchSize } = parameters;
    if (this.size > Math.min(parameters.segmentBytes, SEGMENT_BYTES_MAX) - batchSize && this.size > 0) return true;
    if (parameters.lastOffset - this.baseOffset > RELATIVE_OFFSET_MAX) return true;
    if (this.size === 0) return false;
    const ageMs =
      this.firstBatchTimestamp >= 0 ? parameters.maxTimestamp - this.firstBatchTimestamp : parameters.nowMs - this.createdMs;
    if (ageMs > parameters.segmentAgeMaxMs - this.rollJitterMs) return true;
    return (
      this.activeOffsets().entryCount >= Math.floor(segmentIndexBytes / OFFSET_INDEX_ENTRY_SIZE) ||
      this.activeTimes().entryCount >= Math.floor(segmentIndexBytes / TIME_INDEX_ENTRY_SIZE) - 1
    );
  }

  private activeOffsets(): OffsetIndex {
    assert(this.offsets !== null, 'the offset index of an active segment is in memory');
    return this.offsets;
  }

  private activeTimes(): TimeIndex {
    assert(this.times !== null, 'the time index of an active segment is in memory');
    return this.times;
  }

  /** Takes account of a batch that was put at its end. */
  noteBatch(lastOffset: number, maxTimestamp: number, batchSize: number, indexIntervalBytes: number): void {
    if (this.size === 0) this.firstBatchTimestamp = maxTimestamp;
    if (maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = maxTimestamp;
      this.offsetOfMaxTimestamp = lastOffset;
    }
    if (this.bytesSinceEntry > indexIntervalBytes) {
      this.activeOffsets().append(lastOffset, this.size);
      this.activeTimes().maybeAppend(this.maxTimestamp, this.offsetOfMaxTimestamp);
      this.bytesSinceEntry = 0;
    }
    this.size += batchSize;
    this.bytesSinceEntry += batchSize;
  }

  /** Writes bytes at a position of the log file. */
  write(buffers: readonly Buffer[], position: number): Promise<void> {
    return this.files.handles.use(this.logPath, true, (handle) => handle.writev(buffers, position));
  }

  /** The offset index if it is in memory: always, while the segment is active. */
  get loadedOffsetIndex(): OffsetIndex | null {
    return this.offsets;
  }

  async offsetIndex(): Promise<OffsetIndex> {
    return (await this.indexes()).offsets;
  }

  async timeIndex(): Promise<TimeIndex> {
    return (await this.indexes()).times;
  }

  /** Both indexes. Whoever has them may go on using them, though the cache drops them meanwhile. */
  private indexes(): Indexes | Promise<Indexes> {
    const { offsets, times } = this;
    if (offsets === null || times === null) return this.loadIndexes();
    if (this.closed) this.files.indexes.touch(this);
    return { offsets, times };
  }

  private loadIndexes(): Promise<Indexes> {
    this.loading ??= this.readIndexes().finally(() => (this.loading = null));
    return this.loading;
  }

  /** Reads both indexes, or rebuilds them from the log when they are missing or damaged. */
  private async readIndexes(): Promise<Indexes> {
    const { fileSystem } = this.files;
    const offsetBytes = await fileSystem.readFile(this.path(OFFSET_INDEX_SUFFIX));
    const timeBytes = await fileSystem.readFile(this.path(TIME_INDEX_SUFFIX));
    const offsets = offsetBytes === null ? null : OffsetIndex.decode(offsetBytes, this.baseOffset);
    const times = timeBytes === null ? null : TimeIndex.decode(timeBytes, this.baseOffset);
    if (offsets === null || times === null) return this.rebuildIndexes();
    this.offsets = offsets;
    this.times = times;
    this.savedOffsets = offsets.entryCount;
    this.savedTimes = times.entryCount;
    if (this.closed) this.files.indexes.touch(this);
    return { offsets, times };
  }

  private async rebuildIndexes(): Promise<Indexes> {
    const rebuilt = new Segment(this.directory, this.baseOffset, this.files, this.createdMs);
    await this.files.handles.use(this.logPath, false, (handle) =>
      scanBatches(handle, 0, this.size, (buffer, at, batchSize) => {
        rebuilt.noteBatch(lastOffsetOf(buffer, at), maxTimestampOf(buffer, at), batchSize, REBUILD_INTERVAL_BYTES);
        return true;
      }),
    );
    rebuilt.noteLargestTimestamp();
    const indexes = { offsets: rebuilt.activeOffsets(), times: rebuilt.activeTimes() };
    this.offsets = indexes.offsets;
    this.times = indexes.times;
    this.savedOffsets = NEVER_SAVED;
    this.savedTimes = NEVER_SAVED;
    await this.saveIndexes(true);
    return indexes;
  }

  /** Forgets what the indexes say: the log is about to be read anew. */
  resetIndexes(): void {
    this.offsets = new OffsetIndex(this.baseOffset);
    this.times = new TimeIndex(this.baseOffset);
    this.savedOffsets = NEVER_SAVED;
    this.savedTimes = NEVER_SAVED;
    this.bytesSinceEntry = 0;
    this.size = 0;
    this.maxTimestamp = -1;
    this.offsetOfMaxTimestamp = -1;
    this.firstBatchTimestamp = -1;
  }

  /** The segment takes appends: its indexes stay in memory and grow from here. */
  async activate(): Promise<void> {
    const { offsets, times } = await this.indexes();
    this.offsets = offsets;
    this.times = times;
    this.files.indexes.forget(this);
    this.closed = false;
  }

  /** No more appends come: the time index ends with the newest timestamp. */
  close(): void {
    this.noteLargestTimestamp();
    this.closed = true;
  }

  private noteLargestTimestamp(): void {
    if (this.maxTimestamp >= 0) this.times?.maybeAppend(this.maxTimestamp, this.offsetOfMaxTimestamp);
  }

  /** Makes newest timestamp and its offset known, for a segment found on the disk. */
  async loadMaxTimestamp(): Promise<void> {
    if (this.maxTimestamp >= 0 || this.size === 0 || !this.closed) return;
    const times = await this.timeIndex();
    this.maxTimestamp = times.lastTimestamp;
    this.offsetOfMaxTimestamp = times.lastTimestamp < 0 ? -1 : times.lastOffset;
  }

  /** What retention goes by: the newest timestamp, or the time of the last write when records carry none. */
  get newestMs(): number {
    return this.maxTimestamp >= 0 ? this.maxTimestamp : this.modifiedMs;
  }

  /** Writes index entries that the files don't have yet; with `sync` they survive a loss of power. */
  async saveIndexes(sync: boolean): Promise<void> {
    const { offsets, times } = this;
    if (offsets === null || times === null) return; // closed, and read from the files
    const offsetCount = offsets.entryCount;
    const timeCount = times.entryCount;
    if (offsetCount !== this.savedOffsets) {
      const from = Math.max(0, this.savedOffsets);
      await this.saveIndex(OFFSET_INDEX_SUFFIX, offsets.encode(from), from * OFFSET_INDEX_ENTRY_SIZE, sync);
      this.savedOffsets = offsetCount;
    }
    if (timeCount !== this.savedTimes) {
      const from = Math.max(0, this.savedTimes);
      await this.saveIndex(TIME_INDEX_SUFFIX, times.encode(from), from * TIME_INDEX_ENTRY_SIZE, sync);
      this.savedTimes = timeCount;
    }
    if (this.closed) this.files.indexes.touch(this);
  }

  /** Puts entries behind those the file has and cuts off whatever else is there. */
  private async saveIndex(suffix: string, entries: Buffer, position: number, sync: boolean): Promise<void> {
    const indexPath = this.path(suffix);
    const handle = await this.files.fileSystem.open(indexPath, { create: true });
    try {
      if (entries.length > 0) await handle.writev([entries], position);
      await handle.truncate(position + entries.length);
      if (sync) await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Forces the log file to the disk. */
  sync(): Promise<void> {
    return this.files.handles.use(this.logPath, true, (handle) => handle.sync());
  }

  /** Cuts the log file to `position`, where the batch that holds `offset` begins, and the indexes with it. */
  async truncate(position: number, offset: number): Promise<void> {
    await this.activate();
    await this.files.handles.use(this.logPath, true, (handle) => handle.truncate(position));
    const offsets = this.activeOffsets();
    const times = this.activeTimes();
    offsets.truncateTo(offset);
    times.truncateTo(offset);
    this.savedOffsets = NEVER_SAVED;
    this.savedTimes = NEVER_SAVED;
    this.size = position;
    this.writtenSize = position;
    this.bytesSinceEntry = 0;
    this.maxTimestamp = times.lastTimestamp;
    this.offsetOfMaxTimestamp = times.lastTimestamp < 0 ? -1 : times.lastOffset;
    if (position === 0) this.firstBatchTimestamp = -1;
    // Newer timestamps may have come after the last entry.
    await this.files.handles.use(this.logPath, true, (handle) =>
      scanBatches(handle, offsets.positionFor(times.lastOffset), position, (buffer, at) => {
        if (maxTimestampOf(buffer, at) > this.maxTimestamp) {
          this.maxTimestamp = maxTimestampOf(buffer, at);
          this.offsetOfMaxTimestamp = lastOffsetOf(buffer, at);
        }
        return true;
      }),
    );
    await this.saveIndexes(false);
  }

  /** The partition's directory has a new name. */
  moveTo(directory: string): void {
    this.directory = directory;
  }

  async releaseFiles(): Promise<void> {
    this.files.indexes.forget(this);
    await this.files.handles.forget(this.logPath);
  }

  /** Renames the files so that they are removed at the latest by the next start. */
  markDeleted(): Promise<void> {
    this.files.indexes.forget(this);
    return this.renameTo(DELETED_SUFFIX);
  }

  /**
   * Changes what stands behind the files' names. Readers go on: whoever asks for the path gets the new one from now on, and
   * waits until the file has it.
   */
  async renameTo(nameSuffix: typeof this.nameSuffix): Promise<void> {
    const { fileSystem, handles } = this.files;
    const from = SEGMENT_SUFFIXES.map((suffix) => this.path(suffix));
    this.nameSuffix = nameSuffix;
    for (const [slot, suffix] of SEGMENT_SUFFIXES.entries()) {
      // Only the log file is sure to be there: indexes are written late.
      if (suffix === LOG_SUFFIX || (await fileSystem.status(from[slot]!)) !== null) await handles.rename(from[slot]!, this.path(suffix));
    }
  }

  async removeFiles(): Promise<void> {
    await this.releaseFiles();
    for (const suffix of SEGMENT_SUFFIXES) await this.files.fileSystem.remove(this.path(suffix));
  }
}
