/**
 * Writes a batch anew with another codec, for topics whose `compression.type` is not `producer`. Everything but the codec and
 * the bytes it packs stays: offsets, times, the producer and its sequence.
 */
import { BatchBuilder } from './build-batch.ts';
import { iterateRecords } from './iterate-records.ts';
import {
  baseOffsetOf,
  baseSequenceOf,
  codecName,
  codecOf,
  isControl,
  isLogAppendTime,
  isTransactional,
  maxTimestampOf,
  partitionLeaderEpochOf,
  producerEpochOf,
  producerIdOf,
  type Codec,
} from './record-batch.ts';

/** The codec that a topic wants for a batch; null to leave it as it is. `compressionType` as the setting says it. */
export function targetCodec(compressionType: string, buffer: Buffer, position: number): Codec | null {
  if (compressionType === 'producer' || isControl(buffer, position)) return null;
  const target = compressionType === 'uncompressed' ? 'none' : (compressionType as Codec);
  return codecName(codecOf(buffer, position)) === target ? null : target;
}

/** Throws `InvalidRecordsError` or `CompressionError` for a batch that cannot be read. */
export function recompress(buffer: Buffer, position: number, compression: Codec): Buffer {
  const builder = new BatchBuilder(baseOffsetOf(buffer, position));
  for (const record of iterateRecords(buffer, position)) builder.append(record);
  return builder.build({
    compression,
    partitionLeaderEpoch: partitionLeaderEpochOf(buffer, position),
    producerId: producerIdOf(buffer, position),
    producerEpoch: producerEpochOf(buffer, position),
    baseSequence: baseSequenceOf(buffer, position),
    transactional: isTransactional(buffer, position),
    logAppendTimeMs: isLogAppendTime(buffer, position) ? maxTimestampOf(buffer, position) : null,
  });
}
