/**
 * Appending: judges batches, gives them their offsets, puts them behind the tail in memory and asks for the write. Also what
 * an append may cause: a new segment, and forcing old ones to the disk.
 */
import path from 'node:path';
import { ErrorCode } from '../protocol/error-codes.ts';
import { readMarker } from '../records/control-records.ts';
import type { EndTransactionMarker } from '../records/control-records.ts';
import { CompressionError } from '../records/compression.ts';
import { InvalidRecordsError, iterateRecords } from '../records/iterate-records.ts';
import {
  LOG_OVERHEAD,
  baseOffsetOf,
  baseSequenceOf,
  batchSizeOf,
  isControl,
  isTransactional,
  lastOffsetDeltaOf,
  lastOffsetOf,
  lastSequenceOf,
  maxTimestampOf,
  partitionLeaderEpochOf,
  producerEpochOf,
  producerIdOf,
  sealCrc,
  setBaseOffset,
  setLogAppendTime,
  setPartitionLeaderEpoch,
} from '../records/record-batch.ts';
import { recompress, targetCodec } from '../records/recompress.ts';
import { validateBatch } from '../records/validate-batch.ts';
import { checkBatch } from './batch-check.ts';
import type { BatchRefusal } from './batch-check.ts';
import { segmentAgeMaxMs } from './log-config.ts';
import type { LogState } from './log-state.ts';
import { LogWriter } from './log-writer.ts';
import { SNAPSHOT_SUFFIX, offsetFileName } from './names.ts';
import type { AppendOrigin, ProducedBatch, SequenceVerdict } from './producer-state.ts';
import { replayProducer } from './recovery.ts';
import { Segment } from './segment.ts';

export interface AppendOptions {
  /**
   * `client` and `coordinator` bring one batch that gets its offsets here; `replication` brings batches that have theirs.
   */
  readonly origin: AppendOrigin;
  /** The epoch of the leader that appends; not used for replication. */
  readonly leaderEpoch: number;
  readonly nowMs: number;
}

export interface Appended {
  readonly ok: true;
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** -1 unless the topic stamps records with their append time. */
  readonly logAppendTimeMs: number;
  /** The batch was here before: the offsets are those it got then. */
  readonly duplicate: boolean;
  /** Resolves when the file has the bytes; rejects with `StorageError` when it cannot have them. One promise a write. */
  readonly written: Promise<void>;
}

export type AppendResult = Appended | BatchRefusal;

const NO_TIME = -1;
const MAX_TIMESTAMP_AT = 35;
const WRITTEN: Promise<void> = Promise.resolve();

function refuse(errorCode: number, message: string): BatchRefusal {
  return { ok: false, errorCode, message };
}

export class AppendPath {
  private readonly state: LogState;
  private readonly writer: LogWriter;
  /** Segments that are being forced to the disk because they take no more appends. */
  private readonly sealing = new Set<Segment>();

  constructor(state: LogState) {
    this.state = state;
    this.writer = new LogWriter(state, {
      onSegmentWritten: (segment) => this.seal(segment),
      sync: () => this.state.enqueue('flushing', () => this.syncThrough(this.state.logEndOffset)),
    });
  }

  /** Resolves when everything appended so far is in the file. */
  settled(): Promise<void> {
    return this.writer.settled();
  }

  append(records: Buffer, options: AppendOptions): AppendResult {
    const { state } = this;
    if (state.failure !== null) return refuse(ErrorCode.KAFKA_STORAGE_ERROR, state.failure.message);
    if (state.closed) return refuse(ErrorCode.NOT_LEADER_OR_FOLLOWER, `The log of ${state.name} is closed`);
    return options.origin === 'replication'
      ? this.appendReplicated(records, options.nowMs)
      : this.appendNew(records, options);
  }

  private appendNew(records: Buffer, options: AppendOptions): AppendResult {
    const { state } = this;
    const { config } = state;
    const { origin, nowMs } = options;
    const verdict = checkBatch(records, 0, { config, origin, nowMs, partitionName: state.name });
    if (!verdict.ok) return verdict;
    const { size } = verdict;
    if (records.length > size && hasWholeBatch(records, size)) {
      return refuse(ErrorCode.INVALID_RECORD, `More than one record batch in the append to ${state.name}`);
    }
    const tooLarge = this.largerThanSegment(size);
    if (tooLarge !== null) return tooLarge;
    const baseOffset = state.nextOffset;
    const lastOffset = baseOffset + lastOffsetDeltaOf(records, 0);
    const appendTime = config.messageTimestampType === 'LogAppendTime';
    const maxTimestamp = appendTime ? nowMs : verdict.maxTimestamp;

    const producer = this.judgeProducer(records, baseOffset, lastOffset, maxTimestamp, origin);
    if (producer.verdict.kind === 'refused') return refuse(producer.verdict.errorCode, producer.verdict.message);
    if (producer.verdict.kind === 'duplicate') {
      const { verdict: first } = producer;
      const written = first.lastOffset < state.logEndOffset ? WRITTEN : this.writer.settled();
      const { timestamp } = first;
      return {
        ok: true,
        baseOffset: first.baseOffset,
        lastOffset: first.lastOffset,
        logAppendTimeMs: timestamp,
        duplicate: true,
        written,
      };
    }

    const batch = this.inTopicsCodec(records.length === size ? records : records.subarray(0, size));
    if (!Buffer.isBuffer(batch)) return batch;
    const { buffer, at } = this.place(batch, baseOffset, lastOffset, maxTimestamp, nowMs);
    setBaseOffset(buffer, at, baseOffset);
    setPartitionLeaderEpoch(buffer, at, options.leaderEpoch);
    if (appendTime) setLogAppendTime(buffer, at, nowMs);
    else if (maxTimestampOf(buffer, at) !== maxTimestamp) correctMaxTimestamp(buffer, at, maxTimestamp);
    if (options.leaderEpoch >= 0) state.epochs.assign(options.leaderEpoch, baseOffset);
    if (producer.data !== null) state.producers.append(producer.data);
    else if (producer.marker !== null) {
      const { marker, timestamp } = producer;
      state.producers.appendMarker(producerIdOf(buffer, at), producerEpochOf(buffer, at), marker, baseOffset, timestamp);
    }
    const written = this.writer.request();
    return { ok: true, baseOffset, lastOffset, logAppendTimeMs: appendTime ? nowMs : NO_TIME, duplicate: false, written };
  }

  /** The batch as the topic's `compression.type` wants it, or why it cannot have that. */
  private inTopicsCodec(batch: Buffer): Buffer | BatchRefusal {
    const { config, name } = this.state;
    const target = targetCodec(config.compressionType, batch, 0);
    if (target === null) return batch;
    let packed: Buffer;
    try {
      packed = recompress(batch, 0, target);
    } catch (error) {
      if (!(error instanceof CompressionError) && !(error instanceof InvalidRecordsError)) throw error;
      return refuse(ErrorCode.CORRUPT_MESSAGE, `${error.message} in topic partition ${name}.`);
    }
    if (packed.length <= config.maxMessageBytes) return this.largerThanSegment(packed.length) ?? packed;
    return refuse(
      ErrorCode.MESSAGE_TOO_LARGE,
      `Message batch size is ${packed.length} bytes in append to partition ${name} which exceeds the maximum configured size of ` +
        `${config.maxMessageBytes}.`,
    );
  }

  private largerThanSegment(size: number): BatchRefusal | null {
    const { segmentBytes } = this.state.config;
    if (size <= segmentBytes) return null;
    return refuse(
      ErrorCode.RECORD_LIST_TOO_LARGE,
      `Message batch size is ${size} bytes in append to partition ${this.state.name}, which exceeds the maximum configured segment ` +
        `size of ${segmentBytes}.`,
    );
  }

  /** What the producer's history says about the batch, and what it adds to it. */
  private judgeProducer(
    records: Buffer,
    baseOffset: number,
    lastOffset: number,
    maxTimestamp: number,
    origin: AppendOrigin,
  ): { verdict: SequenceVerdict; data: ProducedBatch | null; marker: EndTransactionMarker | null; timestamp: number } {
    const { producers } = this.state;
    const producerId = producerIdOf(records, 0);
    if (producerId < 0) return NO_PRODUCER;
    if (isControl(records, 0)) {
      const first = iterateRecords(records, 0).next();
      const marker = first.done === true ? null : readMarker(first.value);
      if (marker === null || first.done === true) return NO_PRODUCER;
      const verdict = producers.checkMarker(producerId, producerEpochOf(records, 0), marker, origin);
      return { verdict, data: null, marker, timestamp: first.value.timestamp };
    }
    const data: ProducedBatch = {
      producerId,
      producerEpoch: producerEpochOf(records, 0),
      firstSequence: baseSequenceOf(records, 0),
      lastSequence: lastSequenceOf(records, 0),
      baseOffset,
      lastOffset,
      maxTimestamp,
      transactional: isTransactional(records, 0),
    };
    return { verdict: producers.check(data, origin), data, marker: null, timestamp: maxTimestamp };
  }

  /**
   * Batches from the leader, with their offsets and epochs: all of them or none. A batch that is cut off at the end does not
   * count.
   */
  private appendReplicated(records: Buffer, nowMs: number): AppendResult {
    const { state } = this;
    let nextOffset = state.nextOffset;
    let end = 0;
    while (hasWholeBatch(records, end)) {
      const check = validateBatch(records, end, { compacted: true });
      if (!check.ok) return refuse(ErrorCode.CORRUPT_MESSAGE, `${check.message} in topic partition ${state.name}`);
      const baseOffset = baseOffsetOf(records, end);
      if (baseOffset < nextOffset) {
        return refuse(
          ErrorCode.UNKNOWN_SERVER_ERROR,
          `Unexpected offset in append to ${state.name}. First offset ${baseOffset} is less than the next offset ${nextOffset}.`,
        );
      }
      const tooLarge = this.largerThanSegment(check.size);
      if (tooLarge !== null) return tooLarge;
      nextOffset = lastOffsetOf(records, end) + 1;
      end += check.size;
    }
    const firstOffset = end === 0 ? state.nextOffset : baseOffsetOf(records, 0);
    for (let at = 0; at < end; at += batchSizeOf(records, at)) {
      const batch = records.subarray(at, at + batchSizeOf(records, at));
      const leaderEpoch = partitionLeaderEpochOf(batch, 0);
      this.place(batch, baseOffsetOf(batch, 0), lastOffsetOf(batch, 0), maxTimestampOf(batch, 0), nowMs);
      if (leaderEpoch >= 0) state.epochs.assign(leaderEpoch, baseOffsetOf(batch, 0));
      replayProducer(state.producers, batch, 0);
    }
    const written = end === 0 ? WRITTEN : this.writer.request();
    return {
      ok: true,
      baseOffset: firstOffset,
      lastOffset: nextOffset - 1,
      logAppendTimeMs: NO_TIME,
      duplicate: false,
      written,
    };
  }

  /** Puts a batch behind the tail and makes the index and the log's end know it. */
  private place(
    batch: Buffer,
    baseOffset: number,
    lastOffset: number,
    maxTimestamp: number,
    nowMs: number,
  ): { buffer: Buffer; at: number } {
    const { state } = this;
    const { config } = state;
    let segment = state.active;
    const full = segment.shouldRoll({
      batchSize: batch.length,
      lastOffset,
      maxTimestamp,
      nowMs,
      segmentBytes: config.segmentBytes,
      segmentIndexBytes: config.segmentIndexBytes,
      segmentAgeMaxMs: segmentAgeMaxMs(config),
    });
    if (full) segment = this.roll(baseOffset);
    const placed = state.pages.append(segment.baseOffset, segment.size, baseOffset, batch);
    segment.noteBatch(lastOffset, maxTimestamp, batch.length, config.indexIntervalBytes);
    state.nextOffset = lastOffset + 1;
    return placed;
  }

  /** Begins a segment at `baseOffset`, which no record has yet. */
  roll(baseOffset: number): Segment {
    const { state } = this;
    const { surroundings, config } = state;
    const old = state.active;
    if (old.size === 0 && old.baseOffset === baseOffset) return old;
    old.close();
    this.takeSnapshot(baseOffset);
    const segment = new Segment(state.directory, baseOffset, surroundings, surroundings.clock.wallMs());
    const jitterMs = Math.min(config.segmentJitterMs, config.segmentMs);
    segment.rollJitterMs = jitterMs === 0 ? 0 : Math.floor(surroundings.random() * jitterMs);
    state.segments.push(segment);
    state.enqueueQuietly('rolling', async () => {
      await segment.write([], 0); // makes the file
      await segment.saveIndexes(false);
    });
    if (old.writtenSize === old.size) this.seal(old);
    return segment;
  }

  /** Writes down what is known of producers, unless there is a snapshot for `offset` or a later one. */
  private takeSnapshot(offset: number): void {
    const { state } = this;
    if (offset <= (state.snapshots.at(-1) ?? 0)) return;
    const bytes = state.producers.snapshot();
    state.snapshots.push(offset);
    const file = path.join(state.directory, offsetFileName(offset, SNAPSHOT_SUFFIX));
    state.enqueueQuietly('writing a producer snapshot of', () =>
      state.surroundings.fileSystem.writeFile(file, bytes, { sync: true }),
    );
  }

  /** A segment takes no more appends and is whole in its file: it is forced to the disk. */
  private seal(segment: Segment): void {
    const { state } = this;
    if (this.sealing.has(segment)) return;
    this.sealing.add(segment);
    state.enqueueQuietly('flushing', async () => {
      this.sealing.delete(segment);
      const slot = state.segments.indexOf(segment);
      const next = state.segments[slot + 1];
      if (slot >= 0 && next !== undefined) await this.syncThrough(next.baseOffset);
    });
  }

  /** Forces all records below `endOffset` to the disk, and their indexes. Part of the log's chain of work. */
  async syncThrough(endOffset: number): Promise<void> {
    const { state } = this;
    if (endOffset <= state.recoveryPoint) return;
    const from = Math.max(0, state.segmentSlot(state.recoveryPoint));
    const due = state.segments.slice(from).filter((segment) => segment.baseOffset < endOffset);
    for (const segment of due) {
      await segment.saveIndexes(true);
      await segment.sync();
    }
    await state.surroundings.fileSystem.syncDirectory(state.directory);
    state.recoveryPoint = Math.max(state.recoveryPoint, endOffset);
  }

  /** The last work before the log is closed. Everything is written. */
  async finish(): Promise<void> {
    const { state } = this;
    const { fileSystem } = state.surroundings;
    if (state.logEndOffset > (state.snapshots.at(-1) ?? 0)) {
      const file = path.join(state.directory, offsetFileName(state.logEndOffset, SNAPSHOT_SUFFIX));
      await fileSystem.writeFile(file, state.producers.snapshot(), { sync: true });
      state.snapshots.push(state.logEndOffset);
    }
    state.active.close();
    await this.syncThrough(state.logEndOffset);
    await state.active.saveIndexes(true);
  }
}

const NO_PRODUCER = { verdict: { kind: 'append' }, data: null, marker: null, timestamp: NO_TIME } as const;

function hasWholeBatch(records: Buffer, at: number): boolean {
  const size = batchSizeOf(records, at);
  return size > LOG_OVERHEAD && at + size <= records.length;
}

/** A producer's header may say another newest timestamp than its records have: indexes and consumers go by the header. */
function correctMaxTimestamp(buffer: Buffer, at: number, maxTimestamp: number): void {
  buffer.writeBigInt64BE(BigInt(maxTimestamp), at + MAX_TIMESTAMP_AT);
  sealCrc(buffer, at);
}
