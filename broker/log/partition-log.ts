/**
 * The log of one partition: appends, reads, cuts, deletes; the broker's other rooms see nothing else of the disk.
 *
 * An append is decided at once and in memory: checks, sequence, offsets, epoch. Its bytes travel to the file with everything
 * else that was appended in the same turn of the event loop; `written` resolves when they are there, and only then does
 * `logEndOffset` pass them. So what anybody can read has been written, and what was acknowledged survives the process.
 */
import path from 'node:path';
import { assert } from '../../shared/base/assert.ts';
import { EMPTY } from '../../shared/bytes/reader.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import { AppendPath } from './append.ts';
import type { AppendOptions, AppendResult } from './append.ts';
import {
  LEADER_EPOCH_FILE,
  PARTITION_METADATA_FILE,
  decodeEpochs,
  decodePartitionMetadata,
  encodeEpochs,
  encodePartitionMetadata,
} from './checkpoint-files.ts';
import { FileSystemError } from './file.ts';
import { LeaderEpochs } from './leader-epochs.ts';
import { adoptCopy } from './log-adoption.ts';
import { cleanableLog, swapSegments } from './log-cleaning.ts';
import type { CleanableLog } from './log-cleaning.ts';
import type { LastOfProducer } from './compaction.ts';
import { isDeleted } from './log-config.ts';
import type { LogConfig } from './log-config.ts';
import { findByTimestamp, findMaxTimestamp, readLog } from './log-reader.ts';
import type { ReadLimits, TimestampedOffset } from './log-reader.ts';
import { LogState } from './log-state.ts';
import type { LogSurroundings } from './log-state.ts';
import { restartLog, truncateLog } from './log-truncation.ts';
import { ProducerState } from './producer-state.ts';
import { loadLog } from './recovery.ts';
import type { Recovery } from './recovery.ts';
import { segmentsToDelete } from './retention.ts';
import type { Segment } from './segment.ts';
import type { CleanResult } from './segment-cleaner.ts';
import { SegmentRemoval } from './segment-removal.ts';
import { LogReadError } from './storage-error.ts';
import { TailPages } from './tail-pages.ts';

export type { AppendOptions, AppendResult } from './append.ts';
export type { ReadLimits, TimestampedOffset } from './log-reader.ts';
export type { RecordError } from './batch-check.ts';
export type { AppendOrigin } from './producer-state.ts';

export interface PartitionLogOptions {
  readonly topic: string;
  readonly partition: number;
  /** The partition's own directory, below a log directory; made if it isn't there. */
  readonly directory: string;
  readonly config: LogConfig;
  readonly surroundings: LogSurroundings;
  /** Written into a new log; null leaves the question open (`assignTopicId`). */
  readonly topicId?: string | null;
  readonly recovery?: Recovery;
}

/** Read at a time from the log when its copy is about to take its place. */
const ADOPT_READ_BYTES = 1 << 20;
const ADOPT_RETRY_MS = 2;
const FRESH: Recovery = { cleanShutdown: false, recoveryPoint: 0, logStartOffset: 0 };

export class PartitionLog {
  private readonly state: LogState;
  private readonly appends: AppendPath;
  private readonly removal: SegmentRemoval;

  private constructor(state: LogState) {
    this.state = state;
    this.appends = new AppendPath(state);
    this.removal = new SegmentRemoval(state);
  }

  /** Opens the log in its directory, or begins one. */
  static async open(options: PartitionLogOptions): Promise<PartitionLog> {
    const { directory, surroundings, topic, partition } = options;
    const { fileSystem, logger } = surroundings;
    await fileSystem.makeDirectory(directory);
    const epochPath = path.join(directory, LEADER_EPOCH_FILE);
    const epochBytes = await fileSystem.readFile(epochPath);
    let saveEpochs = (): void => undefined;
    const epochs = new LeaderEpochs(epochBytes === null ? [] : decodeEpochs(epochBytes, epochPath), () => saveEpochs());
    const state = new LogState({
      surroundings,
      topic,
      partition,
      directory,
      config: options.config,
      epochs,
      producers: new ProducerState(`${topic}-${partition}`),
      pages: new TailPages(surroundings.tail),
    });
    let saving = false;
    saveEpochs = () => {
      if (saving) return; // the write to come takes what is true then
      saving = true;
      state.enqueueQuietly('writing the leader epochs of', () =>
        surroundings.epochWrites.run(async () => {
          saving = false;
          await fileSystem.replaceFile(path.join(state.directory, LEADER_EPOCH_FILE), encodeEpochs(epochs.entries));
        }),
      );
    };
    if (epochBytes === null) await fileSystem.writeFile(epochPath, EMPTY);
    await loadLog(state, options.recovery ?? FRESH);
    const log = new PartitionLog(state);
    const metadataPath = path.join(directory, PARTITION_METADATA_FILE);
    const metadata = await fileSystem.readFile(metadataPath);
    if (metadata !== null) state.topicId = decodePartitionMetadata(metadata, metadataPath);
    else if (options.topicId !== undefined && options.topicId !== null) await log.assignTopicId(options.topicId);
    logger.debug(
      `Opened log of ${state.name} in ${directory}: ${state.segments.length} segments, offsets ${state.logStartOffset} to ${state.nextOffset}`,
    );
    return log;
  }

  get topic(): string {
    return this.state.topic;
  }

  get partition(): number {
    return this.state.partition;
  }

  /** The topic's id; all zeros until somebody says which one it is. */
  get topicId(): string {
    return this.state.topicId ?? ZERO_UUID;
  }

  get hasTopicId(): boolean {
    return this.state.topicId !== null;
  }

  get config(): LogConfig {
    return this.state.config;
  }

  set config(config: LogConfig) {
    this.state.config = config;
  }

  /** The log directory (one of `log.dirs`) that it lies in. */
  get logDir(): string {
    return this.state.logDir;
  }

  get directory(): string {
    return this.state.directory;
  }

  get logStartOffset(): number {
    return this.state.logStartOffset;
  }

  /** Every record below it is in the file. */
  get logEndOffset(): number {
    return this.state.logEndOffset;
  }

  /** The offset that the next record gets: ahead of `logEndOffset` while bytes are being written. */
  get nextOffset(): number {
    return this.state.nextOffset;
  }

  /** Every record below it survives a loss of power. */
  get recoveryPoint(): number {
    return this.state.recoveryPoint;
  }

  /** Every record below it is known to be on all in-sync replicas; 0 until anybody said so. */
  get highWatermark(): number {
    return this.state.highWatermark;
  }

  get leaderEpochs(): LeaderEpochs {
    return this.state.epochs;
  }

  /** Bytes of all segments. */
  get size(): number {
    return this.state.size;
  }

  get segmentCount(): number {
    return this.state.segments.length;
  }

  /** Where each segment begins and when it was last written, oldest first. */
  segmentStarts(): { readonly baseOffset: number; readonly modifiedMs: number }[] {
    return this.state.segments.map(({ baseOffset, modifiedMs }) => ({ baseOffset, modifiedMs }));
  }

  get firstSegmentOffset(): number {
    return this.state.segments[0]!.baseOffset;
  }

  get activeSegmentOffset(): number {
    return this.state.active.baseOffset;
  }

  /** False once its disk has failed. */
  get isOnline(): boolean {
    return this.state.failure === null;
  }

  /** The first offset of a transaction that is undecided, or decided above the high watermark; null when there is none. */
  get firstUnstableOffset(): number | null {
    const first = this.state.producers.firstUnstableOffset;
    return first === null ? null : Math.max(first, this.state.logStartOffset);
  }

  get producerCount(): number {
    return this.state.producers.producerCount;
  }

  /** Judges and appends. The bytes are copied: the caller's are as before, and free, when this returns. */
  append(records: Buffer, options: AppendOptions): AppendResult {
    return this.appends.append(records, options);
  }

  /**
   * Whole batches from the one that contains `startOffset`, in at most `maxBytes` (fewer may come though there are more).
   * Throws or rejects with `LogReadError` for an offset outside the log and with `StorageError` when the disk fails.
   */
  read(startOffset: number, maxBytes: number, { maxOffsetExclusive, minOneBatch }: ReadLimits): Buffer | Promise<Buffer> {
    const { state } = this;
    if (state.failure !== null) throw state.failure;
    if (startOffset < state.logStartOffset || startOffset > state.logEndOffset) {
      throw new LogReadError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `Received request for offset ${startOffset} for partition ${state.name}, but we only have log segments from ` +
          `${state.logStartOffset} to ${state.logEndOffset}.`,
      );
    }
    const end = Math.min(maxOffsetExclusive, state.logEndOffset);
    if (startOffset >= end) return EMPTY;
    return readLog(state, startOffset, maxBytes, end, minOneBatch);
  }

  /** The first record that is not older than `timestamp`. */
  offsetForTimestamp(timestamp: number): Promise<TimestampedOffset | null> {
    return findByTimestamp(this.state, timestamp);
  }

  /** The record with the newest timestamp. */
  offsetOfMaxTimestamp(): Promise<TimestampedOffset | null> {
    return findMaxTimestamp(this.state);
  }

  /** Resolves when everything appended so far is in the file. */
  settled(): Promise<void> {
    return this.appends.settled();
  }

  /** Drops everything from `offset` on; see `truncateLog`. Nothing may be appended until it is done. */
  async truncateTo(offset: number): Promise<void> {
    await this.appends.settled();
    await this.state.enqueue('truncating', () => truncateLog(this.state, offset));
  }

  /** Drops everything and begins anew at `offset`. Nothing may be appended until it is done. */
  async restartAt(offset: number): Promise<void> {
    await this.appends.settled();
    await this.state.enqueue('truncating', () => restartLog(this.state, offset));
  }

  /** Begins a new segment, unless the active one is empty. */
  roll(): void {
    if (this.state.active.size > 0) this.appends.roll(this.state.nextOffset);
  }

  /** Records below `offset` are not to be read any more; their segments go with the next retention. */
  advanceLogStart(offset: number): boolean {
    const { state } = this;
    if (offset <= state.logStartOffset) return false;
    assert(offset <= state.nextOffset, 'a log starts before its end');
    state.logStartOffset = offset;
    state.recoveryPoint = Math.max(state.recoveryPoint, offset);
    state.epochs.truncateFromStart(offset);
    state.producers.onHighWatermark(offset);
    return true;
  }

  /** Everything below `offset` is on all in-sync replicas: transactions that ended there are decided. */
  onHighWatermark(offset: number): void {
    this.state.highWatermark = offset;
    this.state.producers.onHighWatermark(offset);
  }

  /** Forgets producers that have been silent for `producer.id.expiration.ms`. */
  removeExpiredProducers(nowMs: number): void {
    this.state.producers.removeExpired(nowMs, this.state.surroundings.producerIdExpirationMs);
  }

  /** Deletes whole old segments as the topic's retention says, never beyond the high watermark. Returns how many. */
  async deleteOldSegments(nowMs: number, highWatermark: number): Promise<number> {
    let count = 0;
    await this.state.enqueue('deleting segments of', async () => {
      count = await this.applyRetention(nowMs, highWatermark);
    });
    return count;
  }

  private async applyRetention(nowMs: number, highWatermark: number): Promise<number> {
    const { state } = this;
    if (isDeleted(state.config) && state.config.retentionMs >= 0) {
      for (const segment of state.segments) await segment.loadMaxTimestamp();
    }
    const deletions = segmentsToDelete({
      segments: state.segments,
      config: state.config,
      logStartOffset: state.logStartOffset,
      logEndOffset: state.nextOffset,
      highWatermark,
      nowMs,
    });
    let total = 0;
    for (const { count, reason } of deletions) {
      const bases = state.segments.slice(total, total + count).map((segment) => segment.baseOffset);
      state.surroundings.logger.info(
        `Deleting ${count} segments of ${state.name} due to ${reason} breach: ${bases.join(', ')}`,
      );
      total += count;
    }
    if (total === 0) return 0;
    if (total === state.segments.length) this.appends.roll(state.nextOffset);
    const gone = state.segments.splice(0, total);
    this.advanceLogStart(state.segments[0]!.baseOffset);
    await this.removal.remove(gone);
    return total;
  }

  /** What a compaction may work on now; `checkpoint` is where the last one ended. */
  cleanable(checkpoint: number | null, nowMs: number): Promise<CleanableLog> {
    return cleanableLog(this.state, checkpoint, nowMs);
  }

  /** What each producer that is still remembered wrote last. */
  lastOfProducers(): Map<number, LastOfProducer> {
    return this.state.producers.lastOfProducers();
  }

  /** Puts compacted segments in the place of `sources`. False when the log has changed meanwhile, and they were dropped. */
  async replaceSegments(
    sources: readonly Segment[],
    sizes: ReadonlyMap<Segment, number>,
    result: Pick<CleanResult, 'segments'>,
  ): Promise<boolean> {
    let swapped = false;
    await this.state.enqueue('compacting', async () => {
      swapped = await swapSegments(this.state, this.removal, sources, sizes, result);
    });
    return swapped;
  }

  /** Forces everything written so far to the disk. */
  async flush(): Promise<void> {
    await this.appends.settled();
    const endOffset = this.state.logEndOffset;
    await this.state.enqueue('flushing', () => this.appends.syncThrough(endOffset));
  }

  /** Notes which topic this is, in `partition.metadata`. An id that was given stays. */
  async assignTopicId(topicId: string): Promise<void> {
    const { state } = this;
    if (state.topicId === topicId || topicId === ZERO_UUID) return;
    assert(state.topicId === null, `${state.name} keeps its topic id ${state.topicId}, ${topicId} is another one`);
    state.topicId = topicId;
    await state.enqueue('writing the topic id of', () =>
      state.surroundings.fileSystem.replaceFile(
        path.join(state.directory, PARTITION_METADATA_FILE),
        encodePartitionMetadata(topicId),
      ),
    );
  }

  /** Another log in the same directory failed. */
  takeOffline(): void {
    this.state.takeOffline();
  }

  /** Forces all to the disk and lets go of the files: what a clean stop needs. A log whose disk failed only lets go. */
  async close(): Promise<void> {
    const { state } = this;
    if (state.closed) return;
    if (state.failure === null) {
      await this.appends.settled();
      await state.enqueue('closing', () => this.appends.finish());
    }
    await this.letGo();
  }

  /** Closes without writing anything: for a log that is deleted, or whose disk failed. */
  async letGo(): Promise<void> {
    const { state } = this;
    state.closed = true;
    this.removal.cancel();
    await state.idle();
    state.pages.clear();
    for (const segment of state.segments) await segment.releaseFiles();
  }

  /**
   * Goes on with the files of `copy`, which holds the same records, in `directory`; the log's own directory becomes `retired`.
   * Appends and reads go on; `copy` must not be used any more.
   */
  async adopt(copy: PartitionLog, directory: string, retired: string): Promise<void> {
    const limits = { maxOffsetExclusive: Number.MAX_SAFE_INTEGER, minOneBatch: true };
    for (let adopted = false; !adopted; ) {
      await this.appends.settled();
      // What came since the copy was taken is little: it follows while later work on the files waits.
      await this.state.enqueue('moving', async () => {
        while (copy.logEndOffset < this.state.logEndOffset) {
          const records = await this.read(copy.nextOffset, ADOPT_READ_BYTES, limits);
          const appended = copy.append(records, { origin: 'replication', leaderEpoch: -1, nowMs: this.state.surroundings.clock.wallMs() });
          if (!appended.ok) throw new FileSystemError('append to the copy in', copy.directory, new Error(appended.message));
          await appended.written;
        }
        await copy.flush();
        adopted = await adoptCopy(this.state, copy.state, directory, retired);
      });
      // Appends are always on their way in a busy log: it may take some tries to meet a quiet moment.
      if (!adopted) await new Promise<void>((resolve) => void this.state.surroundings.scheduler.after(ADOPT_RETRY_MS, resolve));
    }
  }

  /** Moves the log's directory to the name that marks it deleted, and takes no more appends. */
  async moveTo(directory: string): Promise<void> {
    const { state } = this;
    state.closed = true;
    if (state.failure === null) await this.appends.settled();
    await state.enqueue('renaming', async () => {
      for (const segment of state.segments) await segment.releaseFiles();
      await state.surroundings.fileSystem.rename(state.directory, directory);
      state.directory = directory;
      for (const segment of state.segments) segment.moveTo(directory);
    });
  }
}
