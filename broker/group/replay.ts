/**
 * Reads groups and offsets back from a partition of `__consumer_offsets`. Batches go in in the order of the log; what they
 * leave behind (the last value of each key, tombstones taken away, transactions settled by their markers) comes out as
 * groups.
 *
 * A record that cannot be understood is skipped and reported: losing one key is better than coordinating nobody.
 */
import { readMarker } from '../records/control-records.ts';
import { iterateRecords } from '../records/iterate-records.ts';
import type { KafkaRecord } from '../records/iterate-records.ts';
import {
  BATCH_HEADER_SIZE,
  baseOffsetOf,
  batchSizeOf,
  isControl,
  isTransactional,
  lastOffsetOf,
  producerIdOf,
} from '../records/record-batch.ts';
import type { GroupConfig } from './group-config.ts';
import type { Moment } from './group-messages.ts';
import { Group } from './group.ts';
import { decodeGroupValue, decodeKey, decodeOffsetValue } from './offset-records.ts';
import type { GroupValue } from './offset-records.ts';
import { GroupOffsets } from './offsets.ts';

/** How many skipped records are described; the rest is counted. */
const PROBLEMS_MAX = 20;

export class Replay {
  private readonly groups = new Map<string, GroupValue>();
  private readonly offsets = new Map<string, GroupOffsets>();
  /** Groups that a producer's open transaction commits to. */
  private readonly openTransactions = new Map<number, Set<string>>();
  /** What was skipped, in words. */
  readonly problems: string[] = [];
  problemCount = 0;
  recordCount = 0;
  /** The offset to read on from. */
  nextOffset: number;

  constructor(startOffset: number) {
    this.nextOffset = startOffset;
  }

  /** Takes in whole batches. A batch that is not all there is left for the next read. */
  apply(batches: Buffer): void {
    let position = 0;
    while (batches.length - position >= BATCH_HEADER_SIZE) {
      const size = batchSizeOf(batches, position);
      if (size < BATCH_HEADER_SIZE || size > batches.length - position) break;
      // A read starts with the batch that contains the offset asked for, which may begin before it: never twice.
      if (lastOffsetOf(batches, position) >= this.nextOffset) {
        this.applyBatch(batches, position);
        this.nextOffset = lastOffsetOf(batches, position) + 1;
      }
      position += size;
    }
  }

  private applyBatch(batches: Buffer, position: number): void {
    const baseOffset = baseOffsetOf(batches, position);
    const producerId = isTransactional(batches, position) ? producerIdOf(batches, position) : null;
    const control = isControl(batches, position);
    try {
      for (const record of iterateRecords(batches, position)) {
        this.recordCount += 1;
        if (!control) this.applySafely(record, baseOffset, producerId);
        else if (producerId !== null) this.applyMarker(record, producerId);
      }
    } catch (error) {
      this.report(`batch at offset ${baseOffset}`, error);
    }
  }

  private applySafely(record: KafkaRecord, baseOffset: number, producerId: number | null): void {
    try {
      this.applyRecord(record, baseOffset, producerId);
    } catch (error) {
      this.report(`record at offset ${record.offset}`, error);
    }
  }

  private applyRecord(record: KafkaRecord, baseOffset: number, producerId: number | null): void {
    if (record.key === null) throw new Error('it has no key');
    const key = decodeKey(record.key);
    if (key.kind === 'unknown') throw new Error(`its key has version ${key.version}, which this build does not know`);
    if (key.kind === 'group') {
      if (record.value === null) this.groups.delete(key.group);
      else this.groups.set(key.group, decodeGroupValue(record.value));
      return;
    }
    let offsets = this.offsets.get(key.group);
    if (offsets === undefined) this.offsets.set(key.group, (offsets = new GroupOffsets()));
    const { topic, partition } = key;
    const committed = record.value === null ? null : decodeOffsetValue(record.value);
    if (producerId === null) {
      if (committed === null) offsets.unload(topic, partition);
      else offsets.load(topic, partition, committed, baseOffset);
      return;
    }
    let open = this.openTransactions.get(producerId);
    if (open === undefined) this.openTransactions.set(producerId, (open = new Set()));
    open.add(key.group);
    if (committed === null) offsets.unloadTransactional(producerId, topic, partition);
    else offsets.loadTransactional(producerId, topic, partition, committed, baseOffset);
  }

  private applyMarker(record: KafkaRecord, producerId: number): void {
    const marker = readMarker(record);
    if (marker === null) return;
    for (const group of this.openTransactions.get(producerId) ?? []) {
      this.offsets.get(group)?.completeTransaction(producerId, marker.type);
    }
    this.openTransactions.delete(producerId);
  }

  private report(what: string, error: unknown): void {
    this.problemCount += 1;
    if (this.problems.length >= PROBLEMS_MAX) return;
    this.problems.push(`Skipped the ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }

  /** The groups as the log leaves them: those with a record of their own, and those that only keep offsets. */
  finish(config: GroupConfig, now: Moment): Group[] {
    const groups: Group[] = [];
    for (const [groupId, value] of this.groups) {
      const group = new Group(groupId, config, now, this.offsets.get(groupId));
      group.restore(value);
      groups.push(group);
    }
    for (const [groupId, offsets] of this.offsets) {
      if (!this.groups.has(groupId) && !offsets.isEmpty) groups.push(new Group(groupId, config, now, offsets));
    }
    return groups;
  }
}
