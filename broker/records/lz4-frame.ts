/**
 * Walks an LZ4 frame without decompressing it, to know how large it can become and whether Kafka would take it.
 *
 *     magic u32 | FLG | BD | content size u64? | dictionary id u32? | header checksum | blocks … | end mark 0 u32 |
 * checksum u32?
 *     block: size u32 (top bit: stored as is) | bytes | checksum u32?
 */
export class Lz4FrameError extends Error {
  override readonly name = 'Lz4FrameError';
}

const MAGIC = 0x184d2204;
const STORED = 0x8000_0000;
/** No LZ4 block grows by more than this factor. */
const EXPANSION_MAX = 255;

/** An upper bound of the frame's decompressed size, close for frames of full blocks. Throws `Lz4FrameError`. */
export function lz4FrameSizeBound(frame: Buffer): number {
  if (frame.length < 7 || frame.readUInt32LE(0) !== MAGIC) throw new Lz4FrameError('no LZ4 frame begins here');
  const flags = frame[4]!;
  if (flags >> 6 !== 1) throw new Lz4FrameError(`frame version ${flags >> 6}, version 1 is expected`);
  if ((flags & 0x20) === 0) throw new Lz4FrameError('Dependent block stream is unsupported');
  const sizeCode = (frame[5]! >> 4) & 7;
  if (sizeCode < 4) throw new Lz4FrameError(`block size code ${sizeCode}, 4 to 7 are allowed`);
  const blockSizeMax = 1 << (8 + 2 * sizeCode);
  const blockChecksumSize = (flags & 0x10) === 0 ? 0 : 4;
  let at = 7 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4);
  let bound = 0;
  for (;;) {
    if (frame.length - at < 4) throw new Lz4FrameError('the frame ends without an end mark');
    const word = frame.readUInt32LE(at);
    if (word === 0) return bound;
    const size = word & ~STORED;
    if (size > blockSizeMax) throw new Lz4FrameError(`Block size ${size} exceeded max: ${blockSizeMax}`);
    bound += word >= STORED ? size : Math.min(blockSizeMax, size * EXPANSION_MAX);
    at += 4 + size + blockChecksumSize;
  }
}
