/**
 * The four codecs as Kafka's Java clients speak them. Decompression is bounded: a batch that would unfold beyond `sizeMax`
 * is refused before it does, or as soon as it does.
 *
 *     gzip    one gzip stream                       zstd   one zstd frame
 *     lz4     one LZ4 frame of independent blocks   snappy xerial framing around raw blocks; bare raw snappy is read as well
 */
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { createRequire } from 'node:module';
import { Lz4FrameError, lz4FrameSizeBound } from './lz4-frame.ts';
import type { Codec } from './record-batch.ts';
import { unwrapXerial, wrapXerial, type RawSnappy } from './xerial.ts';

/** Unfolded, a batch of the default `message.max.bytes` is hardly ever above this; anything larger is taken for a bomb. */
export const DECOMPRESSED_SIZE_MAX = 256 * 1024 * 1024;

export class CompressionError extends Error {
  override readonly name = 'CompressionError';
}

interface Lz4 {
  compressFrameSync(data: Buffer): Buffer;
  decompressFrameSync(data: Buffer): Buffer;
}

// Native modules are loaded when a batch first asks for them: tools that never meet one start faster.
const require = createRequire(import.meta.url);
let lz4: Lz4 | null = null;
let snappy: RawSnappy | null = null;

function loadLz4(): Lz4 {
  return (lz4 ??= require('lz4-napi') as Lz4);
}

function loadSnappy(): RawSnappy {
  return (snappy ??= require('snappy') as RawSnappy);
}

export function compress(codec: Codec, data: Buffer): Buffer {
  switch (codec) {
    case 'none':
      return data;
    case 'gzip':
      return gzipSync(data);
    case 'snappy':
      return wrapXerial(data, loadSnappy());
    case 'lz4':
      return loadLz4().compressFrameSync(data);
    case 'zstd':
      return zstdCompressSync(data);
  }
}

/**
 * Undoes `compress`. Throws `CompressionError` for bytes that the codec cannot have written or that unfold beyond `sizeMax`.
 */
export function decompress(codec: Codec, data: Buffer, sizeMax = DECOMPRESSED_SIZE_MAX): Buffer {
  try {
    switch (codec) {
      case 'none':
        return data;
      case 'gzip':
        return gunzipSync(data, { maxOutputLength: sizeMax });
      case 'snappy':
        return unwrapXerial(data, loadSnappy(), sizeMax);
      case 'lz4': {
        const bound = lz4FrameSizeBound(data);
        if (bound > sizeMax) throw new Lz4FrameError(`up to ${bound} bytes, ${sizeMax} are allowed`);
        return loadLz4().decompressFrameSync(data);
      }
      case 'zstd':
        return zstdDecompressSync(data, { maxOutputLength: sizeMax });
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CompressionError(`Cannot decompress ${data.length} bytes of ${codec}: ${reason}`, { cause });
  }
}
