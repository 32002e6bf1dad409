/**
 * Writes big-endian values into a growing buffer. `finish` hands out the written bytes; large slices can be passed by
 * reference (`reference`) so that record batches are never copied on their way to a socket.
 */
const I64_MAX = 0x7fff_ffff_ffff_ffffn;
const I64_MIN = -0x8000_0000_0000_0000n;
/** Characters of a text that is written by a loop of our own. */
const SHORT_TEXT_MAX = 48;

export class Writer {
  private buffer: Buffer;
  private position = 0;
  /** Start of the bytes of `buffer` that no chunk holds yet. */
  private chunkStart = 0;
  private chunks: Buffer[] | null = null;
  private chunksSize = 0;

  constructor(sizeHint = 256) {
    this.buffer = Buffer.allocUnsafe(sizeHint);
  }

  /** Bytes written so far, references included. */
  get size(): number {
    return this.chunksSize + this.position - this.chunkStart;
  }

  private reserve(size: number): number {
    const at = this.position;
    if (at + size > this.buffer.length) this.grow(size);
    const start = this.position;
    this.position = start + size;
    return start;
  }

  private grow(size: number): void {
    const pending = this.position - this.chunkStart;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, pending + size));
    this.buffer.copy(larger, 0, this.chunkStart, this.position);
    this.buffer = larger;
    this.position = pending;
    this.chunkStart = 0;
  }

  i8(value: number): void {
    const at = this.reserve(1);
    this.buffer[at] = value;
  }

  bool(value: boolean): void {
    this.i8(value ? 1 : 0);
  }

  i16(value: number): void {
    const at = this.reserve(2);
    this.buffer.writeInt16BE(value, at);
  }

  i32(value: number): void {
    const at = this.reserve(4);
    this.buffer.writeInt32BE(value, at);
  }

  u32(value: number): void {
    const at = this.reserve(4);
    this.buffer.writeUInt32BE(value, at);
  }

  /** A whole number as 64 bits; values beyond the range become its ends (Long.MAX_VALUE survives a round trip). */
  i64(value: number): void {
    const at = this.reserve(8);
    if (Number.isSafeInteger(value)) {
      const high = Math.floor(value / 0x1_0000_0000);
      this.buffer.writeInt32BE(high, at);
      this.buffer.writeUInt32BE(value - high * 0x1_0000_0000, at + 4);
      return;
    }
    const wide = BigInt(Math.trunc(value));
    this.buffer.writeBigInt64BE(wide > I64_MAX ? I64_MAX : wide < I64_MIN ? I64_MIN : wide, at);
  }

  i64Big(value: bigint): void {
    const at = this.reserve(8);
    this.buffer.writeBigInt64BE(value, at);
  }

  f64(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeDoubleBE(value, at);
  }

  uvarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.i8((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.i8(rest);
  }

  varint(value: number): void {
    this.uvarint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  varlong(value: number): void {
    if (value >= -0x10_0000_0000_0000 && value <= 0x0f_ffff_ffff_ffff) {
      this.varint(value); // the zig-zag form is still a safe integer
      return;
    }
    let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
    while (rest >= 0x80n) {
      this.i8(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.i8(Number(rest));
  }

  /** Copies `bytes`. */
  bytes(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  /** Writes `text` and returns its size in bytes. */
  utf8(text: string): number {
    if (text.length <= SHORT_TEXT_MAX && this.ascii(text)) return text.length;
    const size = Buffer.byteLength(text);
    const at = this.reserve(size);
    this.buffer.write(text, at, size);
    return size;
  }

  /** Writes `text` if it is ASCII. For short texts that is several times as fast as the two calls into the runtime. */
  private ascii(text: string): boolean {
    const size = text.length;
    const at = this.reserve(size);
    const { buffer } = this;
    for (let i = 0; i < size; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.position = at;
        return false;
      }
      buffer[at + i] = code;
    }
    return true;
  }

  /** Appends `bytes` without a copy: the caller must not change them until the output was sent. */
  reference(bytes: Buffer): void {
    if (bytes.length < 1024) {
      this.bytes(bytes); // cheaper than one more entry in a writev
      return;
    }
    this.chunks ??= [];
    if (this.position > this.chunkStart) {
      this.chunks.push(this.buffer.subarray(this.chunkStart, this.position));
      this.chunksSize += this.position - this.chunkStart;
      this.chunkStart = this.position;
    }
    this.chunks.push(bytes);
    this.chunksSize += bytes.length;
  }

  /** Overwrites the int32 at `position` (a size known only later), which was not passed by reference. */
  patchI32(position: number, value: number): void {
    let start = this.chunksSize;
    if (position >= start) {
      this.buffer.writeInt32BE(value, position - start + this.chunkStart);
      return;
    }
    // What is patched was mostly written a moment ago: from the end.
    for (let i = this.chunks!.length - 1; i >= 0; i--) {
      const chunk = this.chunks![i]!;
      start -= chunk.length;
      if (position < start) continue;
      chunk.writeInt32BE(value, position - start);
      return;
    }
  }

  /** What was written, in order, as one or more buffers. The writer must not be used afterwards, except for `restart`. */
  finishChunks(): Buffer[] {
    const tail = this.buffer.subarray(this.chunkStart, this.position);
    if (this.chunks === null) return [tail];
    if (tail.length > 0) this.chunks.push(tail);
    return this.chunks;
  }

  /** Begins anew in the memory of what was written so far, which is overwritten. */
  restart(): void {
    this.position = 0;
    this.chunkStart = 0;
    this.chunks = null;
    this.chunksSize = 0;
  }

  /** What was written as one buffer: a copy only if something was passed by reference. */
  finish(): Buffer {
    const chunks = this.finishChunks();
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }
}
