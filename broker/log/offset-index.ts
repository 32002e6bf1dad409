/**
 * A segment's sparse index from offsets to file positions: one entry per `index.interval.bytes` of log, each the last offset
 * of a batch and where that batch begins. In memory it is what the `.index` file is: pairs of int32, the first relative to
 * the base offset.
 *
 *     | relative offset i32 | position i32 | …          both columns grow
 *
 * A look-up gives a position at or before what is sought; the rest of the way goes along the batch headers.
 */
import { assert } from '../../shared/base/assert.ts';

export const OFFSET_INDEX_ENTRY_SIZE = 8;
const CAPACITY_MIN = 16;
const NONE = new Int32Array(0);

export class OffsetIndex {
  readonly baseOffset: number;
  /** Relative offset and position, entry after entry. */
  private cells: Int32Array = NONE;
  private used = 0;

  constructor(baseOffset: number) {
    this.baseOffset = baseOffset;
  }

  /**
   * Reads a file's content; one that was preallocated and not trimmed ends in zeros. Returns null for a size that no index
   * has, and for entries that do not grow.
   */
  static decode(bytes: Buffer, baseOffset: number): OffsetIndex | null {
    if (bytes.length % OFFSET_INDEX_ENTRY_SIZE !== 0) return null;
    const index = new OffsetIndex(baseOffset);
    for (let at = 0; at < bytes.length; at += OFFSET_INDEX_ENTRY_SIZE) {
      const relative = bytes.readInt32BE(at);
      const position = bytes.readInt32BE(at + 4);
      // The first batch never has an entry, so position 0 is preallocated space.
      if (position === 0) return index;
      if (relative < 0 || position < 0) return null;
      if (index.used > 0 && (relative <= index.cells[index.used - 2]! || position <= index.cells[index.used - 1]!))
        return null;
      index.push(relative, position);
    }
    return index;
  }

  get entryCount(): number {
    return this.used / 2;
  }

  /** Memory that the entries take. */
  get byteSize(): number {
    return this.cells.byteLength;
  }

  /** Offset of the newest entry, or the base offset. */
  get lastOffset(): number {
    return this.used === 0 ? this.baseOffset : this.baseOffset + this.cells[this.used - 2]!;
  }

  append(offset: number, position: number): void {
    assert(this.used === 0 || offset > this.lastOffset, 'offsets in an index grow');
    this.push(offset - this.baseOffset, position);
  }

  private push(relative: number, position: number): void {
    if (this.used === this.cells.length) {
      const larger = new Int32Array(Math.max(CAPACITY_MIN * 2, this.cells.length * 2));
      larger.set(this.cells);
      this.cells = larger;
    }
    this.cells[this.used] = relative;
    this.cells[this.used + 1] = position;
    this.used += 2;
  }

  /** Start of a batch that ends at or before `offset`, the nearest that has an entry; 0 when none has. */
  positionFor(offset: number): number {
    const slot = this.lastSlotAtMost(0, offset - this.baseOffset);
    return slot < 0 ? 0 : this.cells[slot * 2 + 1]!;
  }

  /** Start of a batch at or before `position`, the nearest that has an entry; 0 when none has. */
  batchStartAtMost(position: number): number {
    const slot = this.lastSlotAtMost(1, position);
    return slot < 0 ? 0 : this.cells[slot * 2 + 1]!;
  }

  private lastSlotAtMost(column: 0 | 1, sought: number): number {
    const { cells } = this;
    // Readers are mostly at the end: look there first.
    let low = 0;
    let high = this.used / 2 - 1;
    if (high >= 0 && cells[high * 2 + column]! <= sought) return high;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (cells[middle * 2 + column]! <= sought) low = middle + 1;
      else high = middle - 1;
    }
    return high;
  }

  /** Forgets entries of batches that end at or after `offset`. */
  truncateTo(offset: number): void {
    const slot = this.lastSlotAtMost(0, offset - this.baseOffset - 1);
    this.used = (slot + 1) * 2;
  }

  /** Entries from number `from` on, as the file has them. */
  encode(from = 0): Buffer {
    const bytes = Buffer.allocUnsafe((this.used / 2 - from) * OFFSET_INDEX_ENTRY_SIZE);
    for (let cell = from * 2; cell < this.used; cell++) bytes.writeInt32BE(this.cells[cell]!, (cell - from * 2) * 4);
    return bytes;
  }
}
