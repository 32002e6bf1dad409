/** Going along batches in a buffer or a file by their headers: from each to the next, without looking inside. */
import { BATCH_HEADER_SIZE, batchSizeOf, lastOffsetOf, LOG_OVERHEAD } from '../records/record-batch.ts';
import type { FileHandle } from './file.ts';
import { readRange } from './file.ts';

/** Bytes read at a time when batches are followed through a file. */
const SCAN_CHUNK_BYTES = 1024 * 1024;

export interface SoughtBatch {
  /** Start of the batch, or of the first one whose header is not all there. */
  readonly at: number;
  /** Size of the batch, or -1 when the buffer ends before a batch that reaches the offset begins. */
  readonly size: number;
}

/** The first batch from `at` on that ends at or after `offset`. Its header is in the buffer, its end need not be. */
export function seekOffset(buffer: Buffer, at: number, end: number, offset: number): SoughtBatch {
  let position = at;
  while (position + BATCH_HEADER_SIZE <= end) {
    const size = batchSizeOf(buffer, position);
    if (size < BATCH_HEADER_SIZE) return { at: position, size: 0 };
    if (lastOffsetOf(buffer, position) >= offset) return { at: position, size };
    position += size;
  }
  return { at: position, size: -1 };
}

/** Where the last batch ends, from `at` on, that is whole before `end` and ends below `maxOffsetExclusive`. */
export function endOfBatchesBelow(buffer: Buffer, at: number, end: number, maxOffsetExclusive: number): number {
  let position = at;
  while (position + BATCH_HEADER_SIZE <= end) {
    const size = batchSizeOf(buffer, position);
    if (size < BATCH_HEADER_SIZE || position + size > end) break;
    if (lastOffsetOf(buffer, position) >= maxOffsetExclusive) break;
    position += size;
  }
  return position;
}

/** Sees a whole batch; `position` is where it begins in the file. Returns false to stop before it. */
export type BatchVisitor = (buffer: Buffer, at: number, size: number, position: number) => boolean;

/**
 * Follows the batches of a file from `from` to `to`. Returns the position behind the last batch that `visit` took: less than
 * `to` when it stopped, or when what follows is no whole batch.
 */
export async function scanBatches(
  handle: FileHandle,
  from: number,
  to: number,
  visit: BatchVisitor,
  chunkBytes = SCAN_CHUNK_BYTES,
): Promise<number> {
  let position = from;
  let end = to;
  let wanted = chunkBytes;
  while (position < end) {
    const sought = Math.min(wanted, end - position);
    const buffer = await readRange(handle, position, sought);
    if (buffer.length < sought) end = position + buffer.length; // the file is shorter than was thought
    let at = 0;
    let size = 0;
    for (;;) {
      if (buffer.length - at < LOG_OVERHEAD) size = LOG_OVERHEAD;
      else size = batchSizeOf(buffer, at);
      if (size < LOG_OVERHEAD || position + at + size > end) return position + at;
      if (at + size > buffer.length) break;
      if (size < BATCH_HEADER_SIZE || !visit(buffer, at, size, position + at)) return position + at;
      at += size;
      if (at === buffer.length) break;
    }
    position += at;
    wanted = Math.max(chunkBytes, size);
  }
  return position;
}
