/**
 * The framing that the Java snappy library puts around raw snappy blocks, and that all Kafka clients therefore speak:
 *
 *     82 'SNAPPY' 00 | version i32 = 1 | compatible i32 = 1 | block size i32, raw snappy block | …
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const HEADER_SIZE = 16;
/** What the Java library cuts its input into. */
const BLOCK_SIZE = 32 * 1024;

/** One-shot raw snappy, as package `snappy` has it. */
export interface RawSnappy {
  compressSync(data: Buffer): Buffer;
  uncompressSync(data: Buffer, options: { asBuffer: true }): Buffer | string;
}

export function wrapXerial(data: Buffer, snappy: RawSnappy): Buffer {
  const header = Buffer.alloc(HEADER_SIZE);
  MAGIC.copy(header);
  header.writeInt32BE(1, 8);
  header.writeInt32BE(1, 12);
  const parts: Buffer[] = [header];
  for (let at = 0; at < data.length; at += BLOCK_SIZE) {
    const block = snappy.compressSync(data.subarray(at, at + BLOCK_SIZE));
    const size = Buffer.allocUnsafe(4);
    size.writeInt32BE(block.length);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

/** Undoes `wrapXerial`; bytes without its magic are taken for one raw block, which some clients send. */
export function unwrapXerial(data: Buffer, snappy: RawSnappy, sizeMax: number): Buffer {
  if (data.length < HEADER_SIZE || !data.subarray(0, MAGIC.length).equals(MAGIC)) return unfold(data, snappy, sizeMax);
  const parts: Buffer[] = [];
  let total = 0;
  let at = HEADER_SIZE;
  while (at < data.length) {
    if (data.length - at < 4) throw new RangeError(`${data.length - at} bytes after the last block`);
    const size = data.readInt32BE(at);
    if (size < 0 || size > data.length - at - 4)
      throw new RangeError(`a block of ${size} bytes, ${data.length - at - 4} are left`);
    const part = unfold(data.subarray(at + 4, at + 4 + size), snappy, sizeMax - total);
    total += part.length;
    parts.push(part);
    at += 4 + size;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total);
}

function unfold(block: Buffer, snappy: RawSnappy, sizeMax: number): Buffer {
  const size = rawSize(block);
  if (size > sizeMax) throw new RangeError(`a block unfolds to ${size} bytes, ${sizeMax} are allowed`);
  return snappy.uncompressSync(block, { asBuffer: true }) as Buffer;
}

/** A raw snappy block begins with its decompressed size, an unsigned varint. */
function rawSize(block: Buffer): number {
  let size = 0;
  for (let at = 0; at < 5; at++) {
    const byte = block[at];
    if (byte === undefined) break;
    size += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return size;
  }
  throw new RangeError('a block without a size');
}
