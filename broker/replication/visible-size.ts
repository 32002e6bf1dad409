/**
 * How many bytes lie below an offset that moves on: what a waiting fetch with `fetch.min.bytes` counts without reading.
 *
 * Appends are noted with their end and size; the total grows as the watched offset passes them. Offsets between an append's
 * ends count nothing until its end is passed: batches are read whole.
 */
export class VisibleSize {
  /** Bytes that became visible since this partition was opened. */
  total = 0;
  private ends: number[] = [];
  private sizes: number[] = [];
  private head = 0;

  note(endOffset: number, size: number): void {
    this.ends.push(endOffset);
    this.sizes.push(size);
  }

  /** The watched offset is now `offset`. */
  advance(offset: number): void {
    while (this.head < this.ends.length && this.ends[this.head]! <= offset) this.total += this.sizes[this.head++]!;
    if (this.head === this.ends.length) {
      this.ends.length = 0;
      this.sizes.length = 0;
      this.head = 0;
    } else if (this.head >= 64 && this.head * 2 >= this.ends.length) {
      this.ends.splice(0, this.head);
      this.sizes.splice(0, this.head);
      this.head = 0;
    }
  }

  /** Forgets appends that are not visible: the log was cut, or is gone. */
  clear(): void {
    this.ends.length = 0;
    this.sizes.length = 0;
    this.head = 0;
  }
}
