/**
 * The end of this member's history, in memory: the batches that are not applied yet, and the last applied ones for learners that
 * return. What lies before `baseZxid` is on the disk only.
 *
 *     … on disk … ]baseZxid ][ batch ][ batch ][ batch ]lastZxid
 *                              kept       ^delivered      not yet committed
 *
 * A batch is never split: proposals, acknowledgements, commits and truncations all end where a batch ends. Batches are found by
 * an index that grows for ever, so that a learner's place survives the trimming of the front.
 *
 * Invariant: baseZxid <= deliveredZxid <= lastZxid, and after the first commit deliveredZxid <= committedZxid.
 */
import { assert } from '../../shared/base/assert.ts';
import { counterOf, epochOf } from '../../shared/znode/zxid.ts';
import type { ProposedBatch } from './peer-types.ts';

export class History {
  /** The end of what precedes the first batch in memory. */
  baseZxid: number;
  lastZxid: number;
  /** Known to be committed. May run ahead of `lastZxid` in a learner that is catching up. */
  committedZxid = 0;
  /** Handed out for applying (or applied by recovery). */
  deliveredZxid: number;
  /** Index of the first batch in memory. */
  firstIndex = 0;
  private batches: ProposedBatch[] = [];
  /** Where in `batches` the first one is: trimming moves this, and copies only now and then. */
  private head = 0;
  private bytes = 0;
  private undeliveredBytes = 0;
  private readonly countMax: number;
  private readonly bytesMax: number;

  constructor(lastZxid: number, countMax: number, bytesMax: number) {
    this.baseZxid = lastZxid;
    this.lastZxid = lastZxid;
    this.deliveredZxid = lastZxid;
    this.countMax = countMax;
    this.bytesMax = bytesMax;
  }

  get endIndex(): number {
    return this.firstIndex + this.batches.length - this.head;
  }

  /** Bytes of batches that are not applied yet. */
  get uncommittedBytes(): number {
    return this.undeliveredBytes;
  }

  at(index: number): ProposedBatch {
    const batch = this.batches[this.head + index - this.firstIndex];
    assert(batch !== undefined, 'a batch is looked up where it is kept');
    return batch;
  }

  /** Could `batch` come next? The zxids of one epoch have no gap, and a later epoch begins at 1. */
  continuesWith({ firstZxid, lastZxid }: ProposedBatch): boolean {
    if (firstZxid > lastZxid || epochOf(firstZxid) !== epochOf(lastZxid)) return false;
    return firstZxid === this.lastZxid + 1 || (epochOf(firstZxid) > epochOf(this.lastZxid) && counterOf(firstZxid) === 1);
  }

  append(batch: ProposedBatch): void {
    assert(this.continuesWith(batch), 'a history grows without a gap');
    this.batches.push(batch);
    this.bytes += batch.body.length;
    this.undeliveredBytes += batch.body.length;
    this.lastZxid = batch.lastZxid;
  }

  /** All up to `zxid` is committed, as far as it is here. */
  commit(zxid: number): void {
    if (zxid > this.committedZxid) this.committedZxid = zxid;
  }

  /** The next batch to apply, or null. */
  deliver(): ProposedBatch | null {
    if (this.deliveredZxid >= this.lastZxid) return null;
    const batch = this.at(this.indexAfter(this.deliveredZxid)!);
    if (batch.lastZxid > this.committedZxid) return null;
    this.deliveredZxid = batch.lastZxid;
    this.undeliveredBytes -= batch.body.length;
    this.trim();
    return batch;
  }

  private trim(): void {
    while (this.head < this.batches.length) {
      const first = this.batches[this.head]!;
      if (first.lastZxid > this.deliveredZxid) break;
      const count = this.batches.length - this.head;
      if (count <= this.countMax && this.bytes <= this.bytesMax) break;
      this.baseZxid = first.lastZxid;
      this.bytes -= first.body.length;
      this.head++;
      this.firstIndex++;
    }
    if (this.head < 1024 || this.head * 2 < this.batches.length) return;
    this.batches = this.batches.slice(this.head);
    this.head = 0;
  }

  /** The end of the last batch at or before `zxid`; null if that is not in memory. */
  floor(zxid: number): number | null {
    if (zxid < this.baseZxid) return null;
    const place = this.placeAfter(zxid);
    return place === this.head ? this.baseZxid : this.batches[place - 1]!.lastZxid;
  }

  /** The index of the batch that follows `zxid`, which ends one; `endIndex` after the last. Null if that is not in memory. */
  indexAfter(zxid: number): number | null {
    if (zxid < this.baseZxid) return null;
    return this.firstIndex + this.placeAfter(zxid) - this.head;
  }

  /** Where in `batches` the first one that ends after `zxid` is. */
  private placeAfter(zxid: number): number {
    let low = this.head;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.batches[middle]!.lastZxid > zxid) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Forgets all after `zxid`, the end of a batch. */
  truncate(zxid: number): void {
    assert(zxid <= this.lastZxid && zxid >= this.committedZxid, 'what was committed is never truncated');
    if (zxid < this.baseZxid) return this.reset(zxid);
    const place = this.placeAfter(zxid);
    for (const { body, lastZxid } of this.batches.slice(place)) {
      this.bytes -= body.length;
      if (lastZxid > this.deliveredZxid) this.undeliveredBytes -= body.length;
    }
    this.batches.length = place;
    this.lastZxid = zxid;
    this.deliveredZxid = Math.min(this.deliveredZxid, zxid);
  }

  /** All of it gives way to a snapshot of `zxid`. */
  reset(zxid: number): void {
    this.firstIndex = this.endIndex;
    this.batches = [];
    this.head = 0;
    this.bytes = 0;
    this.undeliveredBytes = 0;
    this.baseZxid = zxid;
    this.lastZxid = zxid;
    this.deliveredZxid = zxid;
  }
}
