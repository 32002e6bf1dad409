/**
 * Cuts a byte stream into frames of an int32 length and a payload, however the stream was chunked.
 *
 *     | size: i32 | payload ... | size: i32 | payload ...
 *
 * A frame that arrives in one chunk is a slice of that chunk; one that spans chunks is joined once, when its last byte is
 * there. Sizes are checked before anything is kept, so a stream holds at most one frame of the allowed size.
 */
export class FrameTooLargeError extends Error {
  override readonly name = 'FrameTooLargeError';
  readonly size: number;
  constructor(size: number, sizeMax: number) {
    super(`Frame of ${size} bytes refused: sizes from 0 to ${sizeMax} are allowed`);
    this.size = size;
  }
}

export class FrameSplitter {
  private readonly frameBytesMax: number;
  /** Chunks of the frame under way (header included), and their size. */
  private pending: Buffer[] = [];
  private pendingSize = 0;
  /** Size of the frame under way including its header, or 0 while the header is incomplete. */
  private wanted = 0;

  constructor(frameBytesMax: number) {
    this.frameBytesMax = frameBytesMax;
  }

  /** Takes a chunk and returns the payloads it completes. Throws `FrameTooLargeError`; the stream is then unusable. */
  push(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = [];
    let rest = chunk;
    if (this.pendingSize > 0) {
      if (this.wanted === 0) {
        const missing = 4 - this.pendingSize;
        if (rest.length < missing) {
          this.hold(rest);
          return frames;
        }
        const header = Buffer.concat([...this.pending, rest.subarray(0, missing)], 4);
        this.wanted = 4 + this.checkedSize(header.readInt32BE(0));
      }
      if (this.pendingSize + rest.length < this.wanted) {
        this.hold(rest);
        return frames;
      }
      const missing = this.wanted - this.pendingSize;
      const frame = Buffer.concat([...this.pending, rest.subarray(0, missing)], this.wanted);
      frames.push(frame.subarray(4));
      rest = rest.subarray(missing);
      this.pending = [];
      this.pendingSize = 0;
      this.wanted = 0;
    }
    let at = 0;
    while (rest.length - at >= 4) {
      const size = this.checkedSize(rest.readInt32BE(at));
      if (rest.length - at - 4 < size) {
        this.wanted = 4 + size;
        break;
      }
      frames.push(rest.subarray(at + 4, at + 4 + size));
      at += 4 + size;
    }
    if (at < rest.length) this.hold(rest.subarray(at));
    return frames;
  }

  private hold(bytes: Buffer): void {
    this.pending.push(bytes);
    this.pendingSize += bytes.length;
  }

  private checkedSize(size: number): number {
    if (size < 0 || size > this.frameBytesMax) throw new FrameTooLargeError(size, this.frameBytesMax);
    return size;
  }
}
