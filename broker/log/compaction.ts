/**
 * What of a batch survives a compaction: pure. Of each key the last record stays; a record without a value (a tombstone)
 * and the marker of a transaction that has no records left stay until `delete.retention.ms` after a compaction first met
 * them, so that whoever reads the log meanwhile hears of them (KIP-534: that moment is kept in the batch, its delete
 * horizon). Offsets never change: what goes leaves a gap. Source: `LogCleaner` and `MemoryRecords.filterTo` of the original.
 */
import { BatchBuilder } from '../records/build-batch.ts';
import { readMarker } from '../records/control-records.ts';
import type { ControlType } from '../records/control-records.ts';
import { iterateRecords } from '../records/iterate-records.ts';
import type { KafkaRecord } from '../records/iterate-records.ts';
import {
  baseOffsetOf,
  baseSequenceOf,
  codecName,
  codecOf,
  deleteHorizonMsOf,
  isControl,
  isLogAppendTime,
  isTransactional,
  lastOffsetOf,
  maxTimestampOf,
  partitionLeaderEpochOf,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
} from '../records/record-batch.ts';
import type { KeyOffsets } from './key-offsets.ts';

/** The last thing that a producer which is still remembered wrote: its sequence lives on in that batch. */
export interface LastOfProducer {
  /** Null when it was a marker. */
  readonly lastDataOffset: number | null;
  readonly producerEpoch: number;
}

export interface CompactionRules {
  readonly keys: KeyOffsets;
  readonly transactions: CompactedTransactions;
  readonly producers: ReadonlyMap<number, LastOfProducer>;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
}

export interface CompactionCounts {
  recordsRead: number;
  recordsKept: number;
  bytesRead: number;
  bytesKept: number;
  /** Records without a key: they cannot be compacted, and go. */
  keyless: number;
}

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Of its marker. */
  readonly lastOffset: number;
}

/** Follows the batches of a log in order and says which belong to aborted transactions, and which markers have become idle. */
export class CompactedTransactions {
  /** By first offset. */
  private readonly upcoming: readonly AbortedTransaction[];
  private next = 0;
  /** Producer → whether a batch of its aborted transaction was met. */
  private readonly aborted = new Map<number, boolean>();
  /** Producers of whose committed transaction a batch was met. */
  private readonly committed = new Set<number>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.upcoming = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  private advance(offset: number): void {
    for (; this.next < this.upcoming.length && this.upcoming[this.next]!.firstOffset <= offset; this.next++) {
      this.aborted.set(this.upcoming[this.next]!.producerId, false);
    }
  }

  /** Meets a batch of records. Whether its transaction was aborted: its records were never there. */
  isAborted(buffer: Buffer, at: number): boolean {
    this.advance(lastOffsetOf(buffer, at));
    if (!isTransactional(buffer, at)) return false;
    const producerId = producerIdOf(buffer, at);
    if (this.aborted.has(producerId)) {
      this.aborted.set(producerId, true);
      return true;
    }
    this.committed.add(producerId);
    return false;
  }

  /** Meets a control batch. Whether nothing is left of what it ended, so that it may go when its horizon has come. */
  isIdleMarker(buffer: Buffer, at: number): boolean {
    this.advance(lastOffsetOf(buffer, at));
    const type = markerTypeOf(buffer, at);
    if (type === 'empty') return true;
    const producerId = producerIdOf(buffer, at);
    if (type === 'abort') {
      const met = this.aborted.get(producerId) === true;
      this.aborted.delete(producerId);
      return !met;
    }
    return type === 'commit' && !this.committed.delete(producerId);
  }
}

/** Finds the aborted transactions of a log whose batches it is shown in order. */
export class AbortedTransactionScan {
  readonly found: AbortedTransaction[] = [];
  private readonly open = new Map<number, number>();

  visit(buffer: Buffer, at: number): void {
    if (!isTransactional(buffer, at)) return;
    const producerId = producerIdOf(buffer, at);
    if (!isControl(buffer, at)) {
      if (!this.open.has(producerId)) this.open.set(producerId, baseOffsetOf(buffer, at));
      return;
    }
    const type = markerTypeOf(buffer, at);
    const firstOffset = this.open.get(producerId);
    if (type === 'abort' && firstOffset !== undefined) {
      this.found.push({ producerId, firstOffset, lastOffset: lastOffsetOf(buffer, at) });
    }
    if (type === 'abort' || type === 'commit') this.open.delete(producerId);
  }
}

function markerTypeOf(buffer: Buffer, at: number): ControlType | 'empty' | 'other' {
  if (recordCountOf(buffer, at) === 0) return 'empty';
  const first = iterateRecords(buffer, at).next();
  return first.done === true ? 'empty' : (readMarker(first.value)?.type ?? 'other');
}

/**
 * The batch as it is to be written: a slice of `buffer` where nothing changes, else a new one; null when all of it goes.
 * Throws `InvalidRecordsError` or `CompressionError` for a batch that cannot be read.
 */
export function compactBatch(
  buffer: Buffer,
  at: number,
  size: number,
  rules: CompactionRules,
  counts: CompactionCounts,
): Buffer | null {
  counts.bytesRead += size;
  const control = isControl(buffer, at);
  const horizonMs = deleteHorizonMsOf(buffer, at);
  const idle = control ? rules.transactions.isIdleMarker(buffer, at) : rules.transactions.isAborted(buffer, at);
  const pastHorizon = horizonMs !== null && horizonMs <= rules.nowMs;
  const dropAll = idle && (!control || pastHorizon);

  const kept: KafkaRecord[] = [];
  let tombstones = false;
  const count = recordCountOf(buffer, at);
  counts.recordsRead += count;
  if (!dropAll && count > 0) {
    for (const record of iterateRecords(buffer, at)) {
      if (!control && !staysAlone(record, rules, pastHorizon, counts)) continue;
      if (!control && record.value === null) tombstones = true;
      kept.push(record);
    }
  }
  if (kept.length === 0) {
    const empty = isLastOfProducer(buffer, at, rules.producers) ? emptied(buffer, at, size) : null;
    if (empty !== null) counts.bytesKept += empty.length;
    return empty;
  }
  counts.recordsKept += kept.length;
  const setsHorizon = horizonMs === null && (tombstones || (control && idle));
  const written =
    kept.length === count && !setsHorizon
      ? buffer.subarray(at, at + size)
      : rebuilt(buffer, at, kept, setsHorizon ? rules.nowMs + rules.deleteRetentionMs : horizonMs);
  counts.bytesKept += written.length;
  return written;
}

function staysAlone(record: KafkaRecord, rules: CompactionRules, pastHorizon: boolean, counts: CompactionCounts): boolean {
  if (record.offset > rules.keys.latestOffset) return true;
  if (record.key === null) {
    counts.keyless++;
    return false;
  }
  return record.offset >= rules.keys.get(record.key) && (record.value !== null || !pastHorizon);
}

function isLastOfProducer(buffer: Buffer, at: number, producers: ReadonlyMap<number, LastOfProducer>): boolean {
  const producerId = producerIdOf(buffer, at);
  const last = producerId < 0 ? undefined : producers.get(producerId);
  if (last === undefined) return false;
  if (last.lastDataOffset !== null) return lastOffsetOf(buffer, at) === last.lastDataOffset;
  return isControl(buffer, at) && producerEpochOf(buffer, at) === last.producerEpoch;
}

/** The batch without records: what is left says how far its producer has come. */
function emptied(buffer: Buffer, at: number, size: number): Buffer {
  return recordCountOf(buffer, at) === 0 ? buffer.subarray(at, at + size) : build(buffer, at, [], null, 'none');
}

function rebuilt(buffer: Buffer, at: number, records: readonly KafkaRecord[], deleteHorizonMs: number | null): Buffer {
  return build(buffer, at, records, deleteHorizonMs, codecName(codecOf(buffer, at)) ?? 'none');
}

function build(
  buffer: Buffer,
  at: number,
  records: readonly KafkaRecord[],
  deleteHorizonMs: number | null,
  compression: NonNullable<ReturnType<typeof codecName>>,
): Buffer {
  const builder = new BatchBuilder(baseOffsetOf(buffer, at), deleteHorizonMs);
  for (const record of records) builder.append(record);
  return builder.build({
    compression,
    lastOffset: lastOffsetOf(buffer, at),
    partitionLeaderEpoch: partitionLeaderEpochOf(buffer, at),
    producerId: producerIdOf(buffer, at),
    producerEpoch: producerEpochOf(buffer, at),
    baseSequence: baseSequenceOf(buffer, at),
    transactional: isTransactional(buffer, at),
    control: isControl(buffer, at),
    logAppendTimeMs: isLogAppendTime(buffer, at) ? maxTimestampOf(buffer, at) : null,
    // A batch without records keeps the newest timestamp of those it had.
    ...(records.length === 0 ? { maxTimestamp: maxTimestampOf(buffer, at) } : {}),
  });
}
