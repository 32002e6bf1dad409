/**
 * Control batches: one record that ends a transaction in a partition.
 *
 *     key   version i16 = 0 | type i16: 0 abort, 1 commit
 *     value version i16 = 0 | coordinatorEpoch i32
 */
import { Reader } from '../../shared/bytes/reader.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import { buildBatch } from './build-batch.ts';
import type { KafkaRecord } from './iterate-records.ts';

export type ControlType = 'abort' | 'commit';

export interface EndTransactionMarker {
  type: ControlType;
  coordinatorEpoch: number;
}

export function buildMarker(
  marker: EndTransactionMarker & { producerId: number; producerEpoch: number; timestamp: number },
): Buffer {
  const key = new Writer(4);
  key.i16(0);
  key.i16(marker.type === 'commit' ? 1 : 0);
  const value = new Writer(6);
  value.i16(0);
  value.i32(marker.coordinatorEpoch);
  return buildBatch({
    records: [{ key: key.finish(), value: value.finish(), timestamp: marker.timestamp }],
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    transactional: true,
    control: true,
  });
}

/**
 * What a control batch's record says, or null for a type that 3.4 does not know (later versions add some; clients skip
 * them).
 */
export function readMarker(record: KafkaRecord): EndTransactionMarker | null {
  if (record.key === null || record.value === null) return null;
  const key = new Reader(record.key);
  key.i16();
  const type = key.i16();
  const value = new Reader(record.value);
  value.i16();
  const coordinatorEpoch = value.i32();
  if (!key.complete || !value.complete || (type !== 0 && type !== 1)) return null;
  return { type: type === 1 ? 'commit' : 'abort', coordinatorEpoch };
}
