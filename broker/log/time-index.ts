/**
 * A segment's sparse index from timestamps to offsets. An entry says: no record up to this offset is newer than this
 * timestamp. Both columns grow; the offset is the last one of the batch that brought the timestamp, as `kafka-dump-log`
 * expects it.
 *
 *     | timestamp i64 | relative offset i32 | …
 */
export const TIME_INDEX_ENTRY_SIZE = 12;
const CAPACITY_MIN = 8;
const NO_TIMES = new Float64Array(0);
const NO_OFFSETS = new Int32Array(0);

export class TimeIndex {
  readonly baseOffset: number;
  private times: Float64Array = NO_TIMES;
  private offsets: Int32Array = NO_OFFSETS;
  private used = 0;

  constructor(baseOffset: number) {
    this.baseOffset = baseOffset;
  }

  /** Reads a file's content; one that was preallocated and not trimmed ends in zeros. Null for what is no time index. */
  static decode(bytes: Buffer, baseOffset: number): TimeIndex | null {
    if (bytes.length % TIME_INDEX_ENTRY_SIZE !== 0) return null;
    const index = new TimeIndex(baseOffset);
    for (let at = 0; at < bytes.length; at += TIME_INDEX_ENTRY_SIZE) {
      const timestamp = readI64(bytes, at);
      const relative = bytes.readInt32BE(at + 8);
      if (timestamp === 0 && relative === 0) return index; // preallocated and not trimmed
      if (relative < 0) return null;
      if (index.used > 0 && (timestamp <= index.times[index.used - 1]! || relative < index.offsets[index.used - 1]!))
        return null;
      index.push(timestamp, relative);
    }
    return index;
  }

  get entryCount(): number {
    return this.used;
  }

  get byteSize(): number {
    return this.times.byteLength + this.offsets.byteLength;
  }

  /** Timestamp of the newest entry, -1 when there is none. */
  get lastTimestamp(): number {
    return this.used === 0 ? -1 : this.times[this.used - 1]!;
  }

  /** Offset of the newest entry, or the base offset. */
  get lastOffset(): number {
    return this.used === 0 ? this.baseOffset : this.baseOffset + this.offsets[this.used - 1]!;
  }

  /** Adds an entry if it says something new, that is if the timestamp is newer than all before. */
  maybeAppend(timestamp: number, offset: number): void {
    if (timestamp > this.lastTimestamp && offset >= this.lastOffset) this.push(timestamp, offset - this.baseOffset);
  }

  private push(timestamp: number, relative: number): void {
    if (this.used === this.times.length) {
      const capacity = Math.max(CAPACITY_MIN, this.used * 2);
      const times = new Float64Array(capacity);
      const offsets = new Int32Array(capacity);
      times.set(this.times);
      offsets.set(this.offsets);
      this.times = times;
      this.offsets = offsets;
    }
    this.times[this.used] = timestamp;
    this.offsets[this.used] = relative;
    this.used++;
  }

  /** An offset before which every record is older than `timestamp`: where the search for one that isn't begins. */
  offsetBefore(timestamp: number): number {
    let low = 0;
    let high = this.used - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (this.times[middle]! < timestamp) low = middle + 1;
      else high = middle - 1;
    }
    return high < 0 ? this.baseOffset : this.baseOffset + this.offsets[high]!;
  }

  /** Forgets entries about offsets from `offset` on. */
  truncateTo(offset: number): void {
    while (this.used > 0 && this.baseOffset + this.offsets[this.used - 1]! >= offset) this.used--;
  }

  /** Entries from number `from` on, as the file has them. */
  encode(from = 0): Buffer {
    const bytes = Buffer.allocUnsafe((this.used - from) * TIME_INDEX_ENTRY_SIZE);
    for (let slot = from; slot < this.used; slot++) {
      const at = (slot - from) * TIME_INDEX_ENTRY_SIZE;
      const high = Math.floor(this.times[slot]! / 0x1_0000_0000);
      bytes.writeInt32BE(high, at);
      bytes.writeUInt32BE(this.times[slot]! - high * 0x1_0000_0000, at + 4);
      bytes.writeInt32BE(this.offsets[slot]!, at + 8);
    }
    return bytes;
  }
}

function readI64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}
