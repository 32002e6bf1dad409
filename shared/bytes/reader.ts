/**
 * Reads big-endian values off a buffer. An exhausted reader yields zeros and empty values and remembers that it ran dry, so
 * decoders run straight down and ask once, at the end, through `complete` (the idea of kbin.Reader in franz-go).
 * Byte slices share memory with the buffer.
 */
export class Reader {
  readonly buffer: Buffer;
  position: number;
  readonly end: number;
  /** Why decoding failed, or null. Set by the first value that did not fit or was out of its range. */
  failure: string | null = null;

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.buffer = buffer;
    this.position = position;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Marks the input as malformed; later reads yield zeros. */
  fail(reason: string): void {
    this.failure ??= reason;
    this.position = this.end;
  }

  /** True when every value so far was there. */
  get complete(): boolean {
    return this.failure === null;
  }

  /** Takes `size` bytes: returns their start, or -1 when they aren't there. */
  private take(size: number): number {
    const start = this.position;
    if (size > this.end - start) {
      this.fail(`need ${size} bytes at ${start}, have ${this.end - start}`);
      return -1;
    }
    this.position = start + size;
    return start;
  }

  i8(): number {
    const at = this.take(1);
    return at < 0 ? 0 : (this.buffer[at]! << 24) >> 24;
  }

  bool(): boolean {
    return this.i8() !== 0;
  }

  i16(): number {
    const at = this.take(2);
    return at < 0 ? 0 : this.buffer.readInt16BE(at);
  }

  i32(): number {
    const at = this.take(4);
    return at < 0 ? 0 : this.buffer.readInt32BE(at);
  }

  u32(): number {
    const at = this.take(4);
    return at < 0 ? 0 : this.buffer.readUInt32BE(at);
  }

  /** A 64-bit integer as a number: exact up to 2^53, rounded beyond (extremes such as Long.MAX_VALUE stay extremes). */
  i64(): number {
    const at = this.take(8);
    return at < 0 ? 0 : this.buffer.readInt32BE(at) * 0x1_0000_0000 + this.buffer.readUInt32BE(at + 4);
  }

  i64Big(): bigint {
    const at = this.take(8);
    return at < 0 ? 0n : this.buffer.readBigInt64BE(at);
  }

  f64(): number {
    const at = this.take(8);
    return at < 0 ? 0 : this.buffer.readDoubleBE(at);
  }

  /** Unsigned LEB128, at most 32 bits. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const at = this.take(1);
      if (at < 0) return 0;
      const byte = this.buffer[at]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    this.fail(`a varint at ${this.position} is longer than 32 bits`);
    return 0;
  }

  /** Zig-zag varint, 32 bits. */
  varint(): number {
    const raw = this.uvarint();
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  /** Zig-zag varint, 64 bits, as a number (see `i64`). */
  varlong(): number {
    let low = 0; // bits 0-27
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const at = this.take(1);
      if (at < 0) return 0;
      const byte = this.buffer[at]!;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else value += (byte & 0x7f) * 2 ** (shift - 1); // already halved: the zig-zag bit sits in `low`
      if (byte < 0x80) {
        const half = value + (low >>> 1);
        return (low & 1) === 0 ? half : -half - 1;
      }
    }
    this.fail(`a varlong at ${this.position} is longer than 64 bits`);
    return 0;
  }

  /** The next `size` bytes, sharing memory. */
  slice(size: number): Buffer {
    if (size < 0) {
      this.fail(`a negative size ${size} at ${this.position}`);
      return EMPTY;
    }
    const at = this.take(size);
    return at < 0 ? EMPTY : this.buffer.subarray(at, at + size);
  }

  utf8(size: number): string {
    if (size < 0) {
      this.fail(`a negative size ${size} at ${this.position}`);
      return '';
    }
    const at = this.take(size);
    return at < 0 ? '' : this.buffer.toString('utf8', at, at + size);
  }

  skip(size: number): void {
    if (size < 0) this.fail(`a negative size ${size} at ${this.position}`);
    else this.take(size);
  }
}

export const EMPTY: Buffer = Buffer.alloc(0);
