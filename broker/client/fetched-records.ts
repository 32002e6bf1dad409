/**
 * Picks out of a fetch answer what a consumer may see: records from its position on (a fetch returns whole batches),
 * without control records and, read committed, without those of aborted transactions.
 */
import { iterateRecords, type KafkaRecord } from '../records/iterate-records.ts';
import {
  batchSizeOf,
  isControl,
  isLogAppendTime,
  isTransactional,
  lastOffsetOf,
  maxTimestampOf,
  producerIdOf,
} from '../records/record-batch.ts';
import { validateBatch } from '../records/validate-batch.ts';
import { readMarker } from '../records/control-records.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { KafkaError } from './errors.ts';

export interface FetchedRecord extends KafkaRecord {
  topic: string;
  partition: number;
  timestampType: 'CreateTime' | 'LogAppendTime' | 'NoTimestampType';
}

export interface Aborted {
  producerId: number;
  firstOffset: number;
}

/** Appends visible records to `into` and returns the position after them. Throws when a batch is corrupt. */
export function takeRecords(
  into: FetchedRecord[],
  source: { topic: string; partition: number; records: Buffer; aborted: readonly Aborted[] },
  position: number,
): number {
  const { topic, partition, records } = source;
  const aborts = [...source.aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const abortedNow = new Set<number>();
  let next = position;
  for (let at = 0; at < records.length; at += batchSizeOf(records, at)) {
    const check = validateBatch(records, at, { compacted: true });
    if (!check.ok) {
      if (check.problem === 'incomplete') break; // a limit cut the last batch off: the next fetch brings it whole
      throw new KafkaError(
        ErrorCode.CORRUPT_MESSAGE,
        `Record batch for partition ${topic}-${partition} is invalid: ${check.message}`,
      );
    }
    const lastOffset = lastOffsetOf(records, at);
    while (aborts.length > 0 && aborts[0]!.firstOffset <= lastOffset) abortedNow.add(aborts.shift()!.producerId);
    const producerId = producerIdOf(records, at);
    if (isControl(records, at)) {
      for (const record of iterateRecords(records, at)) {
        if (readMarker(record)?.type === 'abort') abortedNow.delete(producerId);
      }
    } else if (!isTransactional(records, at) || !abortedNow.has(producerId)) {
      const timestampType = isLogAppendTime(records, at)
        ? 'LogAppendTime'
        : maxTimestampOf(records, at) < 0
          ? 'NoTimestampType'
          : 'CreateTime';
      for (const record of iterateRecords(records, at)) {
        if (record.offset >= next) into.push({ ...record, topic, partition, timestampType });
      }
    }
    next = Math.max(next, lastOffset + 1);
  }
  return next;
}
