/** Cuts a byte stream into lines as Java's BufferedReader does: at \n, \r or \r\n. Bytes are kept as they are. */
const LF = 0x0a;
const CR = 0x0d;

export class LineSplitter {
  private pending: Buffer[] = [];
  /** The last chunk ended in \r: a \n at the start of the next one belongs to it. */
  private skipLf = false;

  /** Takes a chunk and returns the lines it completes. */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    if (this.skipLf && chunk.length > 0) {
      if (chunk[0] === LF) start = 1;
      this.skipLf = false;
    }
    const hasCr = chunk.indexOf(CR, start) >= 0;
    for (let at = nextBreak(chunk, start, hasCr); at >= 0; at = nextBreak(chunk, start, hasCr)) {
      lines.push(this.take(chunk.subarray(start, at)));
      start = at + 1;
      if (chunk[at] === CR) {
        if (start === chunk.length) this.skipLf = true;
        else if (chunk[start] === LF) start++;
      }
    }
    if (start < chunk.length) this.pending.push(chunk.subarray(start));
    return lines;
  }

  /** The last line, when the stream did not end in a line break. */
  end(): Buffer | null {
    return this.pending.length === 0 ? null : this.take(Buffer.alloc(0));
  }

  private take(tail: Buffer): Buffer {
    if (this.pending.length === 0) return tail;
    const line = Buffer.concat([...this.pending, tail]);
    this.pending = [];
    return line;
  }
}

function nextBreak(chunk: Buffer, start: number, hasCr: boolean): number {
  const lf = chunk.indexOf(LF, start);
  if (!hasCr) return lf;
  const cr = chunk.indexOf(CR, start);
  return cr < 0 || (lf >= 0 && lf < cr) ? lf : cr;
}
