/**
 * Reads the records of a batch. Keys, values and header values are slices of the batch, or of what it decompressed to.
 *
 *     record: length varint | attributes i8 | timestampDelta varlong | offsetDelta varint
 *             key length varint (-1 null), key | value length varint (-1 null), value | header count varint, headers …
 */
import { Reader } from '../../shared/bytes/reader.ts';
import { decompress } from './compression.ts';
import {
  BATCH_HEADER_SIZE,
  baseOffsetOf,
  baseTimestampOf,
  batchSizeOf,
  codecName,
  codecOf,
  isLogAppendTime,
  maxTimestampOf,
  recordCountOf,
} from './record-batch.ts';

export interface RecordHeader {
  key: string;
  value: Buffer | null;
}

export interface KafkaRecord {
  offset: number;
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: readonly RecordHeader[];
}

/** Records that contradict their batch's header, or that end too early. */
export class InvalidRecordsError extends Error {
  override readonly name = 'InvalidRecordsError';
}

const NO_HEADERS: readonly RecordHeader[] = [];

/**
 * Yields the records of the batch at `position`, in order. Throws `InvalidRecordsError` or `CompressionError` when it comes
 * to what is wrong; the batch's CRC is not looked at.
 */
export function* iterateRecords(
  buffer: Buffer,
  position = 0,
  decompressedSizeMax?: number,
): Generator<KafkaRecord, void, undefined> {
  const codec = codecName(codecOf(buffer, position));
  if (codec === null) throw new InvalidRecordsError(`Codec ${codecOf(buffer, position)} is unknown`);
  const packed = buffer.subarray(position + BATCH_HEADER_SIZE, position + batchSizeOf(buffer, position));
  const reader = new Reader(decompress(codec, packed, decompressedSizeMax));
  const baseOffset = baseOffsetOf(buffer, position);
  const baseTimestamp = baseTimestampOf(buffer, position);
  const appendTime = isLogAppendTime(buffer, position) ? maxTimestampOf(buffer, position) : null;
  const count = recordCountOf(buffer, position);
  for (let index = 0; index < count; index++) {
    const record = readRecord(reader, baseOffset, baseTimestamp, appendTime);
    if (!reader.complete) throw new InvalidRecordsError(`Record ${index} of ${count} is malformed: ${reader.failure}`);
    yield record;
  }
  if (reader.remaining > 0) {
    throw new InvalidRecordsError(`Incorrect declared batch size, ${reader.remaining} bytes remain after ${count} records`);
  }
}

function readRecord(reader: Reader, baseOffset: number, baseTimestamp: number, appendTime: number | null): KafkaRecord {
  const size = reader.varint();
  const end = reader.position + size;
  if (size < 0 || end > reader.end) reader.fail(`a record of ${size} bytes, ${reader.remaining} are left`);
  reader.i8(); // attributes: none are defined
  const timestamp = baseTimestamp + reader.varlong();
  const offset = baseOffset + reader.varint();
  const key = readBlob(reader);
  const value = readBlob(reader);
  const headers = readHeaders(reader);
  if (reader.complete && reader.position !== end)
    reader.fail(`a record of ${size} bytes ends ${reader.position - end} bytes off`);
  return { offset, timestamp: appendTime ?? timestamp, key, value, headers };
}

function readBlob(reader: Reader): Buffer | null {
  const size = reader.varint();
  return size < 0 ? null : reader.slice(size);
}

function readHeaders(reader: Reader): readonly RecordHeader[] {
  const count = reader.varint();
  if (count === 0) return NO_HEADERS;
  if (count < 0 || count * 2 > reader.remaining) {
    reader.fail(`${count} headers cannot fit into the ${reader.remaining} bytes that are left`);
    return NO_HEADERS;
  }
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count && reader.complete; index++) {
    headers.push({ key: reader.utf8(reader.varint()), value: readBlob(reader) });
  }
  return headers;
}
