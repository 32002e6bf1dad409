/**
 * Reads from a log: the tail from the pages in memory, everything older from the files, a page-sized chunk at a time.
 * Answers are whole batches, from the one that contains the offset asked for.
 *
 * Finding the place costs one look into the sparse index and a walk along at most `index.interval.bytes` of headers, at the
 * beginning as at the end of what is read; batches in between are not looked at.
 */
import { EMPTY } from '../../shared/bytes/reader.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { iterateRecords } from '../records/iterate-records.ts';
import { lastOffsetOf, maxTimestampOf, partitionLeaderEpochOf } from '../records/record-batch.ts';
import { endOfBatchesBelow, scanBatches, seekOffset } from './batch-scan.ts';
import { FileSystemError, readRange } from './file.ts';
import type { FileHandle } from './file.ts';
import type { LogState } from './log-state.ts';
import type { OffsetIndex } from './offset-index.ts';
import type { Segment } from './segment.ts';
import { LogReadError } from './storage-error.ts';
import type { Page } from './tail-pages.ts';

export interface ReadLimits {
  /** Batches that end at or behind it are not returned: the high watermark, the last stable offset, or the log's end. */
  readonly maxOffsetExclusive: number;
  /** The first batch is returned even when it is larger than `maxBytes`. */
  readonly minOneBatch: boolean;
}

export interface TimestampedOffset {
  readonly offset: number;
  readonly timestamp: number;
  readonly leaderEpoch: number;
}

/** Answers from memory smaller than this are joined with what the next pages have; larger ones are slices of one page. */
const JOIN_BELOW_BYTES = 64 * 1024;
/** Read ahead of what was asked for, so that the walk to the first batch is in the same read. */
const LOOK_AHEAD_BYTES = 16 * 1024;
/** Most that one read takes from a file, a larger batch apart: more than that only makes other readers wait. */
const READ_BYTES_MAX = 2 * 1024 * 1024;
/** Chunk of a search by timestamp: entries of the indexes are about this close. */
const SEARCH_CHUNK_BYTES = 64 * 1024;

/**
 * Reads at `startOffset`, which is in the log. `end` is the end of what may be read: an offset at or below the log's end.
 * At once when the pages in memory have it.
 */
export function readLog(
  state: LogState,
  startOffset: number,
  maxBytes: number,
  end: number,
  minOneBatch: boolean,
): Buffer | Promise<Buffer> {
  return (
    readPages(state, startOffset, maxBytes, end, minOneBatch) ?? readFiles(state, startOffset, maxBytes, end, minOneBatch)
  );
}

function readPages(
  state: LogState,
  startOffset: number,
  maxBytes: number,
  end: number,
  minOneBatch: boolean,
): Buffer | null {
  const { pages } = state;
  let slot = pages.slotFor(startOffset);
  let page = pages.pageAt(slot);
  if (page === undefined) return null;
  const index = indexOf(state, page);
  const from = Math.max(0, (index?.positionFor(startOffset) ?? 0) - page.position);
  const sought = seekOffset(page.buffer, from, page.written, startOffset);
  if (sought.size <= 0) return null;
  if (lastOffsetOf(page.buffer, sought.at) >= end) return EMPTY;
  if (sought.size > maxBytes && !minOneBatch) return EMPTY;
  const first = sliceOfPage(page, index, sought.at, Math.max(sought.size, maxBytes), end);
  if (first.length >= Math.min(maxBytes, JOIN_BELOW_BYTES)) return first;
  let size = first.length;
  const slices = [first];
  let position = sought.at + first.length;
  while (size < JOIN_BELOW_BYTES && position === page.written) {
    page = pages.pageAt(++slot);
    if (page === undefined) break;
    const next = sliceOfPage(page, indexOf(state, page), 0, maxBytes - size, end);
    if (next.length === 0) break;
    slices.push(next);
    size += next.length;
    position = next.length;
  }
  return slices.length === 1 ? first : Buffer.concat(slices, size);
}

/** The index of a page's segment, if it is in memory. */
function indexOf(state: LogState, page: Page): OffsetIndex | null {
  const segment = state.segments[state.segmentSlot(page.segmentBaseOffset)];
  return segment?.baseOffset === page.segmentBaseOffset ? segment.loadedOffsetIndex : null;
}

/** Whole batches of a page from `at` on, in at most `sizeMax` bytes and below `end`. */
function sliceOfPage(page: Page, index: OffsetIndex | null, at: number, sizeMax: number, end: number): Buffer {
  const limit = Math.min(page.written, at + sizeMax);
  const near = index === null ? at : nearestStart(index, page.position + limit, end) - page.position;
  const stop = endOfBatchesBelow(page.buffer, Math.max(at, Math.min(near, limit)), limit, end);
  page.shared = true;
  return page.buffer.subarray(at, stop);
}

/** Start of a batch near, and not behind, both a position and an offset. */
function nearestStart(index: OffsetIndex, position: number, offset: number): number {
  return Math.min(index.batchStartAtMost(position), index.positionFor(offset - 1));
}

async function readFiles(
  state: LogState,
  startOffset: number,
  maxBytes: number,
  end: number,
  minOneBatch: boolean,
): Promise<Buffer> {
  const sizeMax = Math.min(maxBytes, READ_BYTES_MAX);
  const oneBatch = minOneBatch || maxBytes > READ_BYTES_MAX;
  let slot = state.segmentSlot(startOffset);
  while (slot >= 0 && slot < state.segments.length) {
    const segment = state.segments[slot]!;
    let found: Buffer | null;
    try {
      found = await onSegment(state, segment, (handle) => readSegment(segment, handle, startOffset, sizeMax, end, oneBatch));
    } catch (error) {
      // Another segment with the same records took its place: look there. One that retention took is gone.
      const replaced = !state.closed && !state.segments.includes(segment) && startOffset >= state.logStartOffset;
      if (!(error instanceof LogReadError) || !replaced) throw error;
      slot = state.segmentSlot(startOffset);
      continue;
    }
    if (found !== null) return found;
    // Nothing at or behind the offset in this one: compaction or a cut left a gap. The list may have changed meanwhile.
    slot = state.segments.indexOf(segment) + 1;
    if (slot === 0) break;
  }
  return EMPTY;
}

/** Runs an operation on a segment's file, and says what a failure means. */
async function onSegment<T>(
  state: LogState,
  segment: Segment,
  operation: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  try {
    return await state.surroundings.handles.use(segment.logPath, false, operation);
  } catch (error) {
    if (!(error instanceof FileSystemError)) throw error;
    if (!state.segments.includes(segment) || state.closed) {
      throw new LogReadError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `Segment ${segment.baseOffset} of ${state.name} was deleted while it was read`,
      );
    }
    throw state.fail('reading from', error);
  }
}

/** Null when no batch of the segment reaches `startOffset`. */
async function readSegment(
  segment: Segment,
  handle: FileHandle,
  startOffset: number,
  maxBytes: number,
  end: number,
  minOneBatch: boolean,
): Promise<Buffer | null> {
  const index = await segment.offsetIndex();
  const fileEnd = segment.writtenSize;
  let from = index.positionFor(startOffset);
  let buffer = await readRange(handle, from, Math.min(fileEnd - from, maxBytes + LOOK_AHEAD_BYTES));
  let sought = seekOffset(buffer, 0, buffer.length, startOffset);
  while (sought.size < 0) {
    const next = from + sought.at;
    if (next >= fileEnd || (sought.at === 0 && buffer.length < LOOK_AHEAD_BYTES)) return null;
    from = next;
    buffer = await readRange(handle, from, Math.min(fileEnd - from, maxBytes + LOOK_AHEAD_BYTES));
    sought = seekOffset(buffer, 0, buffer.length, startOffset);
  }
  const { at, size } = sought;
  if (size === 0) {
    throw new LogReadError(
      ErrorCode.CORRUPT_MESSAGE,
      `Log file ${segment.logPath} has no sound batch at position ${from + at}`,
    );
  }
  if (lastOffsetOf(buffer, at) >= end || (size > maxBytes && !minOneBatch)) return EMPTY;
  if (at + size > buffer.length) return readRange(handle, from + at, size);
  const limit = Math.min(buffer.length, at + Math.max(size, maxBytes));
  const near = nearestStart(index, from + limit, end) - from;
  const stop = endOfBatchesBelow(buffer, Math.max(at, Math.min(near, limit)), limit, end);
  return buffer.subarray(at, stop);
}

/** The first record, in log order, that is not older than `timestamp`; null when all are. */
export async function findByTimestamp(state: LogState, timestamp: number): Promise<TimestampedOffset | null> {
  for (const segment of [...state.segments]) {
    await segment.loadMaxTimestamp();
    if (segment.maxTimestamp < timestamp || !state.segments.includes(segment)) continue;
    const found = await onSegment(state, segment, async (handle) => {
      const times = await segment.timeIndex();
      const offsets = await segment.offsetIndex();
      const from = offsets.positionFor(Math.max(times.offsetBefore(timestamp), state.logStartOffset));
      return firstRecord(state, handle, from, segment.writtenSize, timestamp);
    });
    if (found !== null) return found;
  }
  return null;
}

async function firstRecord(
  state: LogState,
  handle: FileHandle,
  from: number,
  to: number,
  timestamp: number,
): Promise<TimestampedOffset | null> {
  let found: TimestampedOffset | null = null;
  const visit = (buffer: Buffer, at: number): boolean => {
    if (maxTimestampOf(buffer, at) < timestamp || lastOffsetOf(buffer, at) < state.logStartOffset) return true;
    for (const record of iterateRecords(buffer, at)) {
      if (record.timestamp < timestamp || record.offset < state.logStartOffset) continue;
      found = { offset: record.offset, timestamp: record.timestamp, leaderEpoch: partitionLeaderEpochOf(buffer, at) };
      return false;
    }
    return true;
  };
  await scanBatches(handle, from, to, visit, SEARCH_CHUNK_BYTES);
  return found;
}

/** The record with the newest timestamp, the first of several; null for a log without timestamps. */
export async function findMaxTimestamp(state: LogState): Promise<TimestampedOffset | null> {
  let newest = -1;
  for (const segment of [...state.segments]) {
    await segment.loadMaxTimestamp();
    newest = Math.max(newest, segment.maxTimestamp);
  }
  return newest < 0 ? null : findByTimestamp(state, newest);
}
