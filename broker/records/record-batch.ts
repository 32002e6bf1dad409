/**
 * The header of a record batch (magic 2), read and patched where it lies.
 *
 *     0 baseOffset i64 | 8 batchLength i32 | 12 partitionLeaderEpoch i32 | 16 magic i8 | 17 crc u32 | 21 attributes i16
 *     23 lastOffsetDelta i32 | 27 baseTimestamp i64 | 35 maxTimestamp i64 | 43 producerId i64 | 51 producerEpoch i16
 *     53 baseSequence i32 | 57 recordCount i32 | 61 records …
 *
 * The CRC-32C covers everything from the attributes on, so a broker may set base offset and leader epoch without touching
 * it. Every function takes the buffer and the batch's position in it: nothing is copied or wrapped. Callers make sure that
 * a whole header is there (`headerAt` or `validateBatch`).
 */
import { crc32c } from '../../shared/bytes/crc32c.ts';

/** Bytes before `batchLength` starts to count: base offset and the length itself. */
export const LOG_OVERHEAD = 12;
/** Bytes of a batch's header, the record count included. */
export const BATCH_HEADER_SIZE = 61;
export const MAGIC = 2;
export const NO_PRODUCER_ID = -1;
export const NO_PRODUCER_EPOCH = -1;
export const NO_SEQUENCE = -1;
export const NO_TIMESTAMP = -1;
export const NO_LEADER_EPOCH = -1;

const LENGTH = 8;
const LEADER_EPOCH = 12;
const MAGIC_AT = 16;
const CRC = 17;
const ATTRIBUTES = 21;
const LAST_OFFSET_DELTA = 23;
const BASE_TIMESTAMP = 27;
const MAX_TIMESTAMP = 35;
const PRODUCER_ID = 43;
const PRODUCER_EPOCH = 51;
const BASE_SEQUENCE = 53;
const RECORD_COUNT = 57;

const CODEC_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const DELETE_HORIZON = 0x40;

export const Codec = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;
export type Codec = keyof typeof Codec;
const codecNames: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** The codec with that number on the wire, or null for the three that are not taken. */
export function codecName(code: number): Codec | null {
  return codecNames[code] ?? null;
}

function readI64(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 0x1_0000_0000 + buffer.readUInt32BE(at + 4);
}

function writeI64(buffer: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  buffer.writeInt32BE(high, at);
  buffer.writeUInt32BE(value - high * 0x1_0000_0000, at + 4);
}

/** Size of the whole batch in bytes, or -1 when not even its length is there yet. The length is not checked. */
export function batchSizeOf(buffer: Buffer, position: number): number {
  return buffer.length - position < LOG_OVERHEAD ? -1 : LOG_OVERHEAD + buffer.readInt32BE(position + LENGTH);
}

export function baseOffsetOf(buffer: Buffer, position: number): number {
  return readI64(buffer, position);
}

export function setBaseOffset(buffer: Buffer, position: number, offset: number): void {
  writeI64(buffer, position, offset);
}

export function partitionLeaderEpochOf(buffer: Buffer, position: number): number {
  return buffer.readInt32BE(position + LEADER_EPOCH);
}

export function setPartitionLeaderEpoch(buffer: Buffer, position: number, leaderEpoch: number): void {
  buffer.writeInt32BE(leaderEpoch, position + LEADER_EPOCH);
}

export function magicOf(buffer: Buffer, position: number): number {
  return buffer.readInt8(position + MAGIC_AT);
}

export function crcOf(buffer: Buffer, position: number): number {
  return buffer.readUInt32BE(position + CRC);
}

/** The CRC-32C that the batch's bytes have, whatever its header says. */
export function computeCrc(buffer: Buffer, position: number): number {
  return crc32c(buffer.subarray(position + ATTRIBUTES, position + batchSizeOf(buffer, position)));
}

/** The codec's number; see `codecName`. */
export function codecOf(buffer: Buffer, position: number): number {
  return buffer[position + ATTRIBUTES + 1]! & CODEC_MASK;
}

export function isLogAppendTime(buffer: Buffer, position: number): boolean {
  return (buffer[position + ATTRIBUTES + 1]! & LOG_APPEND_TIME) !== 0;
}

export function isTransactional(buffer: Buffer, position: number): boolean {
  return (buffer[position + ATTRIBUTES + 1]! & TRANSACTIONAL) !== 0;
}

export function isControl(buffer: Buffer, position: number): boolean {
  return (buffer[position + ATTRIBUTES + 1]! & CONTROL) !== 0;
}

/** When tombstones and markers of a compacted batch may go, or null when no cleaner has set that yet. */
export function deleteHorizonMsOf(buffer: Buffer, position: number): number | null {
  const set = (buffer[position + ATTRIBUTES + 1]! & DELETE_HORIZON) !== 0;
  return set ? readI64(buffer, position + BASE_TIMESTAMP) : null;
}

export function lastOffsetDeltaOf(buffer: Buffer, position: number): number {
  return buffer.readInt32BE(position + LAST_OFFSET_DELTA);
}

export function lastOffsetOf(buffer: Buffer, position: number): number {
  return readI64(buffer, position) + buffer.readInt32BE(position + LAST_OFFSET_DELTA);
}

export function baseTimestampOf(buffer: Buffer, position: number): number {
  return readI64(buffer, position + BASE_TIMESTAMP);
}

export function maxTimestampOf(buffer: Buffer, position: number): number {
  return readI64(buffer, position + MAX_TIMESTAMP);
}

/** Makes the batch carry `timestampMs` as its append time for all records, and its CRC agree. */
export function setLogAppendTime(buffer: Buffer, position: number, timestampMs: number): void {
  buffer[position + ATTRIBUTES + 1]! |= LOG_APPEND_TIME;
  writeI64(buffer, position + MAX_TIMESTAMP, timestampMs);
  sealCrc(buffer, position);
}

/** Writes the CRC of what the batch holds now. */
export function sealCrc(buffer: Buffer, position: number): void {
  buffer.writeUInt32BE(computeCrc(buffer, position), position + CRC);
}

export function producerIdOf(buffer: Buffer, position: number): number {
  return readI64(buffer, position + PRODUCER_ID);
}

export function producerEpochOf(buffer: Buffer, position: number): number {
  return buffer.readInt16BE(position + PRODUCER_EPOCH);
}

export function baseSequenceOf(buffer: Buffer, position: number): number {
  return buffer.readInt32BE(position + BASE_SEQUENCE);
}

/** Sequence of the batch's last record: sequences wrap from 2147483647 to 0. */
export function lastSequenceOf(buffer: Buffer, position: number): number {
  const base = baseSequenceOf(buffer, position);
  if (base === NO_SEQUENCE) return NO_SEQUENCE;
  const last = base + lastOffsetDeltaOf(buffer, position);
  return last > 0x7fff_ffff ? last - 0x8000_0000 : last;
}

/** Gives the batch its place in a producer's sequence, and a CRC that agrees. */
export function setProducer(
  buffer: Buffer,
  position: number,
  producerId: number,
  producerEpoch: number,
  baseSequence: number,
): void {
  writeI64(buffer, position + PRODUCER_ID, producerId);
  buffer.writeInt16BE(producerEpoch, position + PRODUCER_EPOCH);
  buffer.writeInt32BE(baseSequence, position + BASE_SEQUENCE);
  sealCrc(buffer, position);
}

export function recordCountOf(buffer: Buffer, position: number): number {
  return buffer.readInt32BE(position + RECORD_COUNT);
}

/** What a header says. `offsets` of a new batch count from 0; the log that appends it gives it its place. */
export interface BatchHeader {
  baseOffset: number;
  /** Size of the whole batch in bytes. */
  size: number;
  partitionLeaderEpoch: number;
  codec: Codec;
  logAppendTime: boolean;
  transactional: boolean;
  control: boolean;
  deleteHorizon: boolean;
  lastOffsetDelta: number;
  baseTimestamp: number;
  maxTimestamp: number;
  producerId: number;
  producerEpoch: number;
  baseSequence: number;
  recordCount: number;
}

/** Writes a header in front of records that already lie behind it, and seals it with their CRC. */
export function writeHeader(buffer: Buffer, position: number, header: BatchHeader): void {
  const attributes =
    Codec[header.codec] |
    (header.logAppendTime ? LOG_APPEND_TIME : 0) |
    (header.transactional ? TRANSACTIONAL : 0) |
    (header.control ? CONTROL : 0) |
    (header.deleteHorizon ? DELETE_HORIZON : 0);
  writeI64(buffer, position, header.baseOffset);
  buffer.writeInt32BE(header.size - LOG_OVERHEAD, position + LENGTH);
  buffer.writeInt32BE(header.partitionLeaderEpoch, position + LEADER_EPOCH);
  buffer.writeInt8(MAGIC, position + MAGIC_AT);
  buffer.writeInt16BE(attributes, position + ATTRIBUTES);
  buffer.writeInt32BE(header.lastOffsetDelta, position + LAST_OFFSET_DELTA);
  writeI64(buffer, position + BASE_TIMESTAMP, header.baseTimestamp);
  writeI64(buffer, position + MAX_TIMESTAMP, header.maxTimestamp);
  writeI64(buffer, position + PRODUCER_ID, header.producerId);
  buffer.writeInt16BE(header.producerEpoch, position + PRODUCER_EPOCH);
  buffer.writeInt32BE(header.baseSequence, position + BASE_SEQUENCE);
  buffer.writeInt32BE(header.recordCount, position + RECORD_COUNT);
  sealCrc(buffer, position);
}
