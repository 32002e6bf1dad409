/** Reads a segment's file batch by batch: one buffer per batch, nothing else is kept. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { BATCH_HEADER_SIZE, LOG_OVERHEAD, MAGIC, batchSizeOf, magicOf } from '../../records/record-batch.ts';
import { DumpError } from './dump-decoders.ts';

export interface FoundBatch {
  readonly bytes: Buffer;
  /** In the file. */
  readonly position: number;
}

const MAGIC_END = 17;
/** The smallest record of the oldest format. */
const RECORD_SIZE_MIN = 14;

/**
 * Whole batches from `position` on, within `bytesMax` of it. `end`, if given, then says how many bytes were whole batches, and
 * how many there were. Throws `DumpError` for what cannot be a batch.
 */
export function* batchesOf(
  path: string,
  position = 0,
  bytesMax = Infinity,
  end?: { valid: number; size: number },
): Generator<FoundBatch, void, undefined> {
  const file = openSync(path, 'r');
  try {
    const size = Math.min(fstatSync(file).size, position + bytesMax);
    const head = Buffer.alloc(MAGIC_END);
    let at = position;
    if (end !== undefined) end.size = size - position;
    while (at + MAGIC_END <= size) {
      readSync(file, head, 0, MAGIC_END, at);
      const batchSize = batchSizeOf(head, 0);
      if (batchSize < LOG_OVERHEAD + RECORD_SIZE_MIN) {
        const message = `Found record size ${batchSize - LOG_OVERHEAD} smaller than minimum record overhead (${RECORD_SIZE_MIN}) in file ${path}.`;
        throw new DumpError('org.apache.kafka.common.errors.CorruptRecordException', message);
      }
      if (at + batchSize > size) return;
      if (magicOf(head, 0) !== MAGIC || batchSize < BATCH_HEADER_SIZE) {
        const message = `The batch at position ${at} of ${path} has format ${magicOf(head, 0)}: only format ${MAGIC} can be read`;
        throw new DumpError('org.apache.kafka.common.errors.UnsupportedForMessageFormatException', message);
      }
      const bytes = Buffer.allocUnsafe(batchSize);
      readSync(file, bytes, 0, batchSize, at);
      yield { bytes, position: at };
      at += batchSize;
      if (end !== undefined) end.valid = at - position;
    }
  } finally {
    closeSync(file);
  }
}
