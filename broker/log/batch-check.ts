/**
 * Decides whether a batch that a client or a coordinator brings may be appended: pure, and in the order and words of Kafka
 * 3.4's `UnifiedLog.analyzeAndValidateRecords` and `LogValidator`. Sequences are `producer-state.ts`'s business.
 *
 * The header and the CRC are looked at always. Records of an uncompressed batch are walked without materialising them: their
 * sizes must fill the batch, their offsets count from 0, and their newest timestamp is what the header will say. Compressed
 * batches are only opened when a topic's rules need it (keys on compacted topics, a bound on timestamps).
 */
import { Reader } from '../../shared/bytes/reader.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { iterateRecords } from '../records/iterate-records.ts';
import {
  BATCH_HEADER_SIZE,
  LOG_OVERHEAD,
  MAGIC,
  NO_TIMESTAMP,
  baseOffsetOf,
  baseSequenceOf,
  baseTimestampOf,
  batchSizeOf,
  codecName,
  codecOf,
  computeCrc,
  crcOf,
  isControl,
  isLogAppendTime,
  lastOffsetDeltaOf,
  magicOf,
  maxTimestampOf,
  producerIdOf,
  recordCountOf,
} from '../records/record-batch.ts';
import { isCompacted } from './log-config.ts';
import type { LogConfig } from './log-config.ts';
import type { AppendOrigin } from './producer-state.ts';

export interface RecordError {
  readonly batchIndex: number;
  readonly batchIndexErrorMessage: string | null;
}

export interface BatchRefusal {
  readonly ok: false;
  readonly errorCode: number;
  readonly message: string;
  readonly recordErrors?: readonly RecordError[];
}

export type BatchVerdict =
  | {
      readonly ok: true;
      readonly size: number;
      /** The newest timestamp of the records: the header's, unless an uncompressed batch's header is wrong about it. */
      readonly maxTimestamp: number;
    }
  | BatchRefusal;

export interface BatchContext {
  readonly config: LogConfig;
  readonly origin: AppendOrigin;
  readonly nowMs: number;
  /** For messages: `topic-partition`. */
  readonly partitionName: string;
}

/** Smallest record of the oldest format: a size below it is nonsense in any. */
const RECORD_OVERHEAD_MIN = 14;
/** Record errors that a message lists; the answer carries all of them. */
const ERRORS_SHOWN = 3;

function refuse(errorCode: number, message: string, recordErrors?: readonly RecordError[]): BatchRefusal {
  return recordErrors === undefined ? { ok: false, errorCode, message } : { ok: false, errorCode, message, recordErrors };
}

/** Judges the batch at `position` of a new append. */
export function checkBatch(buffer: Buffer, position: number, context: BatchContext): BatchVerdict {
  const { partitionName, config } = context;
  const available = buffer.length - position;
  const size = batchSizeOf(buffer, position);
  if (size < LOG_OVERHEAD + RECORD_OVERHEAD_MIN || available <= LOG_OVERHEAD + 4) {
    return refuse(
      ErrorCode.CORRUPT_MESSAGE,
      `Record size ${size - LOG_OVERHEAD} is less than the minimum record overhead (${RECORD_OVERHEAD_MIN})`,
    );
  }
  const magic = magicOf(buffer, position);
  if (magic < 0 || magic > MAGIC) return refuse(ErrorCode.CORRUPT_MESSAGE, `Invalid magic found in record: ${magic}`);
  if (magic < MAGIC) {
    return refuse(
      ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT,
      `Magic ${magic} in the append to ${partitionName} is the format of clients before 0.11, which is not taken: use magic ${MAGIC}`,
    );
  }
  if (size < BATCH_HEADER_SIZE || size > available) {
    return refuse(
      ErrorCode.CORRUPT_MESSAGE,
      `Record batch of ${size} bytes in topic partition ${partitionName} has ${available} bytes`,
    );
  }
  if (context.origin === 'client' && baseOffsetOf(buffer, position) !== 0) {
    return refuse(
      ErrorCode.INVALID_RECORD,
      `The baseOffset of the record batch in the append to ${partitionName} should be 0, but it is ${baseOffsetOf(buffer, position)}`,
    );
  }
  if (size > config.maxMessageBytes) {
    return refuse(
      ErrorCode.MESSAGE_TOO_LARGE,
      `The record batch size in the append to ${partitionName} is ${size} bytes which exceeds the maximum configured value of ` +
        `${config.maxMessageBytes}.`,
    );
  }
  if (computeCrc(buffer, position) !== crcOf(buffer, position)) {
    return refuse(
      ErrorCode.CORRUPT_MESSAGE,
      `Record is corrupt (stored crc = ${crcOf(buffer, position)}) in topic partition ${partitionName}.`,
    );
  }
  return checkHeader(buffer, position, context) ?? checkRecords(buffer, position, size, context);
}

function checkHeader(buffer: Buffer, position: number, { origin, partitionName }: BatchContext): BatchRefusal | null {
  const where = `in topic partition ${partitionName}.`;
  if (codecName(codecOf(buffer, position)) === null) {
    return refuse(ErrorCode.INVALID_RECORD, `Unknown compression type id: ${codecOf(buffer, position)}`);
  }
  if (origin !== 'client') return null;
  const lastOffset = lastOffsetDeltaOf(buffer, position);
  if (lastOffset < 0)
    return refuse(ErrorCode.INVALID_RECORD, `Batch has an invalid offset range: [0, ${lastOffset}] ${where}`);
  const count = recordCountOf(buffer, position);
  if (count <= 0) return refuse(ErrorCode.INVALID_RECORD, `Invalid reported count for record batch: ${count} ${where}`);
  if (count !== lastOffset + 1) {
    return refuse(
      ErrorCode.INVALID_RECORD,
      `Inconsistent batch offset range [0, ${lastOffset}] and count of records ${count} ${where}`,
    );
  }
  if (isControl(buffer, position)) {
    return refuse(ErrorCode.INVALID_RECORD, `Clients are not allowed to write control records ${where}`);
  }
  if (producerIdOf(buffer, position) >= 0 && baseSequenceOf(buffer, position) < 0) {
    return refuse(
      ErrorCode.INVALID_RECORD,
      `Invalid sequence number ${baseSequenceOf(buffer, position)} in record batch with producerId ` +
        `${producerIdOf(buffer, position)} ${where}`,
    );
  }
  return null;
}

function checkRecords(buffer: Buffer, position: number, size: number, context: BatchContext): BatchVerdict {
  const { config, origin } = context;
  const maxTimestamp = maxTimestampOf(buffer, position);
  if (origin !== 'client') return { ok: true, size, maxTimestamp };
  const boundsTimestamps = config.messageTimestampType === 'CreateTime' && config.messageTimestampDifferenceMaxMs < 2 ** 53;
  if (isCompacted(config) || boundsTimestamps || isLogAppendTime(buffer, position)) {
    const refusal = checkEachRecord(buffer, position, context, boundsTimestamps);
    if (refusal !== null) return refusal;
  }
  if (codecOf(buffer, position) !== 0) return { ok: true, size, maxTimestamp };
  return walkRecords(buffer, position, size, context.partitionName);
}

/**
 * Where `varint` reads next. A variable of the module rather than an object: this runs for every record that is produced.
 */
let cursor = 0;

/** An unsigned varint of up to 32 bits; nonsense for a longer one, and behind the end of the buffer. Moves `cursor`. */
function varint(buffer: Buffer): number {
  let byte = buffer[cursor++]!;
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  for (let shift = 7; shift < 35; shift += 7) {
    byte = buffer[cursor++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value >>> 0;
}

function zigZag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}

/** A zig-zag varint of up to 64 bits. Moves `cursor`. */
function varlong(buffer: Buffer): number {
  const start = cursor;
  const low = varint(buffer);
  if (cursor - start < 5) return zigZag(low);
  const reader = new Reader(buffer, start);
  const value = reader.varlong();
  cursor = reader.position;
  return value;
}

/** Steps over the records of an uncompressed batch. */
function walkRecords(buffer: Buffer, position: number, size: number, partitionName: string): BatchVerdict {
  const batchEnd = position + size;
  const count = recordCountOf(buffer, position);
  let deltaMax = Number.NEGATIVE_INFINITY;
  cursor = position + BATCH_HEADER_SIZE;
  for (let index = 0; index < count; index++) {
    const recordSize = zigZag(varint(buffer));
    const end = cursor + recordSize;
    cursor++; // attributes: none are defined
    const timestampDelta = varlong(buffer);
    const offsetDelta = zigZag(varint(buffer));
    if (recordSize < 0 || end > batchEnd || cursor > end || offsetDelta !== index) {
      const why = offsetDelta === index ? 'its size is wrong' : `record ${index} has offset ${offsetDelta}`;
      return refuse(
        ErrorCode.INVALID_RECORD,
        `Record ${index} of ${count} in the append to ${partitionName} is malformed: ${why}`,
      );
    }
    if (timestampDelta > deltaMax) deltaMax = timestampDelta;
    cursor = end;
  }
  if (cursor < batchEnd) {
    return refuse(
      ErrorCode.INVALID_RECORD,
      `Incorrect declared batch size, records still remaining in file: ${batchEnd - cursor} bytes in the append to ${partitionName}`,
    );
  }
  return { ok: true, size, maxTimestamp: count === 0 ? NO_TIMESTAMP : baseTimestampOf(buffer, position) + deltaMax };
}

/** The rules that look into records: keys, and how far their timestamps are from now. */
function checkEachRecord(
  buffer: Buffer,
  position: number,
  context: BatchContext,
  boundsTimestamps: boolean,
): BatchRefusal | null {
  const { config, nowMs, partitionName } = context;
  const needsKeys = isCompacted(config);
  const appendTime = isLogAppendTime(buffer, position);
  const differenceMs = config.messageTimestampDifferenceMaxMs;
  const recordErrors: RecordError[] = [];
  let badTimestamp = false;
  let batchIndex = 0;
  try {
    for (const record of iterateRecords(buffer, position)) {
      let why: string | null = null;
      if (needsKeys && record.key === null) {
        why = `Compacted topic cannot accept message without key in topic partition ${partitionName}.`;
      } else if (
        boundsTimestamps &&
        record.timestamp !== NO_TIMESTAMP &&
        Math.abs(record.timestamp - nowMs) > differenceMs
      ) {
        badTimestamp = true;
        why =
          `Timestamp ${record.timestamp} of message with offset ${record.offset} is out of range. The timestamp should be within ` +
          `[${nowMs - differenceMs}, ${nowMs + differenceMs}]`;
      } else if (appendTime) {
        badTimestamp = true;
        why = `Invalid timestamp type in message with offset ${record.offset}. Producer should not set timestamp type to LogAppendTime.`;
      }
      if (why !== null) recordErrors.push({ batchIndex, batchIndexErrorMessage: why });
      batchIndex++;
    }
  } catch (error) {
    // Records that don't decompress or don't parse: the reader says which, the client gets to know it.
    return refuse(ErrorCode.INVALID_RECORD, error instanceof Error ? error.message : String(error));
  }
  if (recordErrors.length === 0) return null;
  if (badTimestamp) {
    return refuse(
      ErrorCode.INVALID_TIMESTAMP,
      'One or more records have been rejected due to invalid timestamp',
      recordErrors,
    );
  }
  const shown = recordErrors
    .slice(0, ERRORS_SHOWN)
    .map((error) => `RecordError(batchIndex=${error.batchIndex}, message='${error.batchIndexErrorMessage}')`);
  return refuse(
    ErrorCode.INVALID_RECORD,
    `One or more records have been rejected due to ${recordErrors.length} record errors in total, and only showing the first three ` +
      `errors at most: [${shown.join(', ')}]`,
    recordErrors,
  );
}
