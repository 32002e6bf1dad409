/**
 * Message formats before Kafka 0.11 (magic 0 and 1), which clients of that age produce (v0 to v2) and fetch (v0 to v3). Logs
 * hold magic 2 only, so what such a client sends is rewritten into one batch, and what it fetches into messages.
 *
 *     offset i64 | size i32 | crc u32 | magic i8 | attributes i8 | timestamp i64 (magic 1)
 *     key size i32, key | value size i32, value
 *
 * A compressed message's value is a set of messages. The CRC is the IEEE one, over everything from the magic on. What
 * the old formats can't say is left out: headers, producer ids, control batches.
 */
import { crc32 } from 'node:zlib';
import { Reader } from '../../shared/bytes/reader.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import { BatchBuilder } from '../records/build-batch.ts';
import { CompressionError, DECOMPRESSED_SIZE_MAX, decompress } from '../records/compression.ts';
import { iterateRecords, type KafkaRecord } from '../records/iterate-records.ts';
import { batchSizeOf, codecName, codecOf, isControl, type Codec } from '../records/record-batch.ts';

const MAGIC_AT = 16;
const CODEC_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
/** offset and size: what comes before the counted bytes. */
const LOG_OVERHEAD = 12;
const HEADER_SIZE_V0 = 14;

/** Why a message set was not taken. */
export class LegacyFormatError extends Error {
  override readonly name = 'LegacyFormatError';
}

/** True when the bytes begin with a message of magic 0 or 1. */
export function isLegacyFormat(records: Buffer): boolean {
  return records.length > MAGIC_AT && records[MAGIC_AT]! < 2;
}

/** Rewrites a message set as one batch of magic 2, compressed as its first message was. Throws `LegacyFormatError`. */
export function upConvert(messages: Buffer): Buffer {
  const conversion = new UpConversion();
  conversion.addMessages(new Reader(messages), null);
  if (conversion.builder.count === 0) throw new LegacyFormatError('No complete message in the message set');
  return conversion.builder.build({ compression: conversion.codec ?? 'none' });
}

/**
 * The message that holds the messages that are being read: it may not be held by another one, and may overrule their stamps.
 */
interface Wrapper {
  readonly appendTime: number | null;
}

class UpConversion {
  readonly builder = new BatchBuilder();
  /** Of the first message. */
  codec: Codec | null = null;

  addMessages(reader: Reader, wrapper: Wrapper | null): void {
    // A message that was cut off at the end is left out, as old clients expect of a set.
    while (reader.remaining >= LOG_OVERHEAD) {
      reader.skip(8);
      const size = reader.i32();
      if (size < HEADER_SIZE_V0)
        throw new LegacyFormatError(`Record size ${size} is less than the minimum record overhead (14)`);
      if (size > reader.remaining) return;
      const start = reader.position;
      const crc = reader.u32();
      const computed = crc32(reader.buffer.subarray(start + 4, start + size)) >>> 0;
      if (crc !== computed)
        throw new LegacyFormatError(`Record is corrupt (stored crc = ${crc}, computed crc = ${computed})`);
      this.addMessage(new Reader(reader.buffer, start + 4, start + size), wrapper);
      reader.skip(size - 4);
    }
  }

  private addMessage(message: Reader, wrapper: Wrapper | null): void {
    const magic = message.i8();
    if (magic !== 0 && magic !== 1) throw new LegacyFormatError(`Invalid magic found in record: ${magic}`);
    const attributes = message.i8();
    const timestamp = magic === 1 ? message.i64() : -1;
    const key = readBlob(message);
    const value = readBlob(message);
    if (!message.complete) throw new LegacyFormatError(`Malformed message: ${message.failure}`);
    const codec = codecName(attributes & CODEC_MASK);
    if (codec === null || codec === 'zstd')
      throw new LegacyFormatError(`Codec ${attributes & CODEC_MASK} is unknown in magic ${magic}`);
    this.codec ??= codec;
    if (codec === 'none') {
      this.builder.append({ key, value, timestamp: wrapper?.appendTime ?? timestamp });
      return;
    }
    if (wrapper !== null) throw new LegacyFormatError('Compressed messages may not be nested');
    if (value === null) throw new LegacyFormatError('A compressed message has no value');
    const appendTime = (attributes & LOG_APPEND_TIME) !== 0 ? timestamp : null;
    const before = this.builder.count;
    this.addMessages(new Reader(this.unpack(codec, value)), { appendTime });
    if (this.builder.count === before) throw new LegacyFormatError('A compressed message holds no message');
  }

  /** What all messages of the set may unpack to is bounded as one batch is. */
  private unpack(codec: Codec, packed: Buffer): Buffer {
    try {
      return decompress(codec, packed, Math.max(0, DECOMPRESSED_SIZE_MAX - this.builder.size));
    } catch (error) {
      if (!(error instanceof CompressionError)) throw error;
      throw new LegacyFormatError(error.message, { cause: error });
    }
  }
}

function readBlob(reader: Reader): Buffer | null {
  const size = reader.i32();
  return size < 0 ? null : reader.slice(size);
}

/**
 * Rewrites whole batches as messages of `magic`, uncompressed, from `fetchOffset` on: an old client takes every message it
 * gets as new. Batches compressed with zstd can't be told to it: null.
 */
export function downConvert(batches: Buffer, magic: 0 | 1, fetchOffset: number): Buffer | null {
  const writer = new Writer(Math.max(256, batches.length));
  for (let at = 0; at < batches.length; at += batchSizeOf(batches, at)) {
    if (isControl(batches, at)) continue;
    if (codecName(codecOf(batches, at)) === 'zstd') return null;
    for (const record of iterateRecords(batches, at)) {
      if (record.offset >= fetchOffset) writeMessage(writer, record, magic);
    }
  }
  return writer.finish();
}

function writeMessage(writer: Writer, record: KafkaRecord, magic: 0 | 1): void {
  const body = new Writer(32 + (record.key?.length ?? 0) + (record.value?.length ?? 0));
  body.i8(magic);
  body.i8(0);
  if (magic === 1) body.i64(record.timestamp);
  writeBlob(body, record.key);
  writeBlob(body, record.value);
  const bytes = body.finish();
  writer.i64(record.offset);
  writer.i32(bytes.length + 4);
  writer.u32(crc32(bytes) >>> 0);
  writer.bytes(bytes);
}

function writeBlob(writer: Writer, blob: Buffer | null): void {
  writer.i32(blob === null ? -1 : blob.length);
  if (blob !== null) writer.bytes(blob);
}
