/**
 * Decides whether bytes at a position are a sound record batch, by its header and CRC alone: records are not looked at, so
 * the cost is one pass of the native checksum however many records there are.
 */
import {
  BATCH_HEADER_SIZE,
  MAGIC,
  batchSizeOf,
  codecName,
  codecOf,
  computeCrc,
  crcOf,
  lastOffsetDeltaOf,
  magicOf,
  producerEpochOf,
  producerIdOf,
  baseSequenceOf,
  recordCountOf,
} from './record-batch.ts';

export type BatchProblem =
  | 'incomplete' // more bytes may make it whole: a torn tail, or a frame that ends too early
  | 'size' // a length that no batch has
  | 'magic'
  | 'crc'
  | 'count'
  | 'codec'
  | 'producer';
export type BatchCheck =
  | { readonly ok: true; readonly size: number }
  | { readonly ok: false; readonly problem: BatchProblem; readonly message: string };

function refuse(problem: BatchProblem, message: string): BatchCheck {
  return { ok: false, problem, message };
}

/**
 * Checks the batch at `position`. What the header says may still contradict the records; only a reader that decompresses
 * them finds that out. `compacted` allows fewer records than the offset range has, as the log cleaner leaves them.
 */
export function validateBatch(buffer: Buffer, position = 0, { compacted = false } = {}): BatchCheck {
  const size = batchSizeOf(buffer, position);
  if (size < 0) return refuse('incomplete', `A batch header was cut off after ${buffer.length - position} bytes`);
  if (size < BATCH_HEADER_SIZE) {
    // Magic 0 and 1 have shorter headers: say what it is rather than that it is short, if the magic byte is there.
    const magic = buffer.length - position > 16 ? magicOf(buffer, position) : MAGIC;
    if (magic >= 0 && magic < MAGIC) return refuse('magic', `Magic ${magic} is not supported: only ${MAGIC} is`);
    return refuse('size', `A batch of ${size} bytes is smaller than its header of ${BATCH_HEADER_SIZE}`);
  }
  if (size > buffer.length - position) {
    return refuse('incomplete', `A batch of ${size} bytes was cut off after ${buffer.length - position}`);
  }
  const magic = magicOf(buffer, position);
  if (magic !== MAGIC) return refuse('magic', `Magic ${magic} is not supported: only ${MAGIC} is`);
  const crc = computeCrc(buffer, position);
  if (crc !== crcOf(buffer, position)) {
    return refuse('crc', `Record is corrupt (stored crc = ${crcOf(buffer, position)}, computed crc = ${crc})`);
  }
  const count = recordCountOf(buffer, position);
  const lastOffsetDelta = lastOffsetDeltaOf(buffer, position);
  if (count < 0 || lastOffsetDelta < 0 || count > lastOffsetDelta + 1 || (!compacted && count !== lastOffsetDelta + 1)) {
    return refuse('count', `Record count ${count} does not agree with the last offset delta ${lastOffsetDelta}`);
  }
  if (codecName(codecOf(buffer, position)) === null) return refuse('codec', `Codec ${codecOf(buffer, position)} is unknown`);
  if (producerIdOf(buffer, position) >= 0 && producerEpochOf(buffer, position) < 0) {
    return refuse('producer', `Producer epoch ${producerEpochOf(buffer, position)} is invalid`);
  }
  if (baseSequenceOf(buffer, position) < -1) {
    return refuse('producer', `Sequence number ${baseSequenceOf(buffer, position)} is invalid`);
  }
  return { ok: true, size };
}
