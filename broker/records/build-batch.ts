/**
 * Builds record batches: what our clients produce and what the group coordinator and the cleaner write.
 *
 * `BatchBuilder` takes records one by one and knows its size, for producers that fill batches; `buildBatch` is the one-call
 * form.
 */
import { assert } from '../../shared/base/assert.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import { compress } from './compression.ts';
import type { RecordHeader } from './iterate-records.ts';
import {
  BATCH_HEADER_SIZE,
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  writeHeader,
  type Codec,
} from './record-batch.ts';

export interface NewRecord {
  key: Buffer | null;
  value: Buffer | null;
  timestamp: number;
  headers?: readonly RecordHeader[];
  /** Where the record stands in the log, for batches that have gaps; by default records count up from the base offset. */
  offset?: number;
}

export interface BatchOptions {
  compression?: Codec;
  baseOffset?: number;
  /** Last offset of the batch when it lies behind the last record, as after compaction. */
  lastOffset?: number;
  partitionLeaderEpoch?: number;
  producerId?: number;
  producerEpoch?: number;
  baseSequence?: number;
  transactional?: boolean;
  control?: boolean;
  /** The records' time is that of their append, this one. */
  logAppendTimeMs?: number | null;
  /** By default the newest timestamp of the records. */
  maxTimestamp?: number;
}

/** Bytes that `value` takes as a zig-zag varint (32 bits and more). */
function varintSize(value: number): number {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  let size = 1;
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80);
    size++;
  }
  return size;
}

function blobSize(blob: Buffer | null | undefined): number {
  return blob === null || blob === undefined ? 1 : varintSize(blob.length) + blob.length;
}

function writeBlob(writer: Writer, blob: Buffer | null): void {
  if (blob === null) {
    writer.varint(-1);
    return;
  }
  writer.varint(blob.length);
  writer.bytes(blob);
}

/** Most a record's length, timestamp delta and offset delta can take, beside the attributes. */
const RECORD_OVERHEAD_MAX = 21;

/** An upper bound of what the record takes in a batch: what Java's producer holds against `max.request.size`. */
export function recordSizeBound({ key, value, headers }: Pick<NewRecord, 'key' | 'value' | 'headers'>): number {
  let size = RECORD_OVERHEAD_MAX + blobSize(key) + blobSize(value) + varintSize(headers?.length ?? 0);
  for (const header of headers ?? []) {
    const keySize = Buffer.byteLength(header.key);
    size += varintSize(keySize) + keySize + blobSize(header.value);
  }
  return size;
}

const NO_HEADERS: readonly RecordHeader[] = [];

export class BatchBuilder {
  private readonly writer = new Writer(1024);
  private readonly baseOffset: number;
  private baseTimestamp = NO_TIMESTAMP;
  private maxTimestamp = NO_TIMESTAMP;
  private lastOffsetDelta = -1;
  private readonly deleteHorizonMs: number | null;
  count = 0;

  /** With `deleteHorizonMs` the batch says from when on its tombstones and markers may go. */
  constructor(baseOffset = 0, deleteHorizonMs: number | null = null) {
    this.baseOffset = baseOffset;
    this.deleteHorizonMs = deleteHorizonMs;
  }

  /** Size of the batch so far, before compression. */
  get size(): number {
    return BATCH_HEADER_SIZE + this.writer.size;
  }

  append(record: NewRecord): void {
    // The horizon is kept where the first timestamp would be (KIP-534).
    if (this.count === 0) this.baseTimestamp = this.deleteHorizonMs ?? record.timestamp;
    const headers = record.headers ?? NO_HEADERS;
    const timestampDelta = record.timestamp - this.baseTimestamp;
    const offsetDelta = record.offset === undefined ? this.lastOffsetDelta + 1 : record.offset - this.baseOffset;
    assert(offsetDelta > this.lastOffsetDelta, 'offsets grow within a batch');
    let size = 1 + varintSize(timestampDelta) + varintSize(offsetDelta) + blobSize(record.key) + blobSize(record.value);
    size += varintSize(headers.length);
    for (const header of headers) {
      const keySize = Buffer.byteLength(header.key);
      size += varintSize(keySize) + keySize + blobSize(header.value);
    }
    const { writer } = this;
    writer.varint(size);
    writer.i8(0);
    writer.varlong(timestampDelta);
    writer.varint(offsetDelta);
    writeBlob(writer, record.key);
    writeBlob(writer, record.value);
    writer.varint(headers.length);
    for (const header of headers) {
      writer.varint(Buffer.byteLength(header.key));
      writer.utf8(header.key);
      writeBlob(writer, header.value);
    }
    this.count++;
    this.lastOffsetDelta = offsetDelta;
    if (record.timestamp > this.maxTimestamp) this.maxTimestamp = record.timestamp;
  }

  /** The finished batch. The builder must not be used afterwards. */
  build(options: BatchOptions = {}): Buffer {
    const codec = options.compression ?? 'none';
    const packed = compress(codec, this.writer.finish());
    const batch = Buffer.allocUnsafe(BATCH_HEADER_SIZE + packed.length);
    packed.copy(batch, BATCH_HEADER_SIZE);
    writeHeader(batch, 0, {
      baseOffset: this.baseOffset,
      size: batch.length,
      partitionLeaderEpoch: options.partitionLeaderEpoch ?? NO_LEADER_EPOCH,
      codec,
      logAppendTime: options.logAppendTimeMs != null,
      transactional: options.transactional ?? false,
      control: options.control ?? false,
      deleteHorizon: this.deleteHorizonMs !== null,
      lastOffsetDelta: options.lastOffset === undefined ? this.lastOffsetDelta : options.lastOffset - this.baseOffset,
      baseTimestamp: this.baseTimestamp,
      maxTimestamp: options.maxTimestamp ?? options.logAppendTimeMs ?? this.maxTimestamp,
      producerId: options.producerId ?? NO_PRODUCER_ID,
      producerEpoch: options.producerEpoch ?? NO_PRODUCER_EPOCH,
      baseSequence: options.baseSequence ?? NO_SEQUENCE,
      recordCount: this.count,
    });
    return batch;
  }
}

export function buildBatch(options: BatchOptions & { records: readonly NewRecord[] }): Buffer {
  const builder = new BatchBuilder(options.baseOffset);
  for (const record of options.records) builder.append(record);
  return builder.build(options);
}
