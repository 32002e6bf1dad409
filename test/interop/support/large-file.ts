/**
 * A real file of more than 50 MB: the executable that runs these tests, and the libraries it has loaded where it is small.
 * Machine code holds every byte value, runs of zeros and incompressible stretches, which invented data tends not to.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

export const largeFileSize = 56 * 1024 * 1024;

interface LargeFile {
  readonly bytes: Buffer;
  readonly sha256: string;
}

let cached: LargeFile | undefined;

export function largeFile(): LargeFile {
  if (cached !== undefined) return cached;
  const bytes = Buffer.allocUnsafe(largeFileSize);
  let size = 0;
  for (const path of [process.execPath, ...sharedObjects()]) {
    if (size === largeFileSize) break;
    size += readInto(path, bytes.subarray(size));
  }
  if (size < largeFileSize) throw new Error(`"${process.execPath}" and its libraries have ${size} bytes, ${largeFileSize} are needed`);
  cached = { bytes, sha256: sha256(bytes) };
  return cached;
}

function sharedObjects(): string[] {
  const report = process.report.getReport() as { sharedObjects?: string[] };
  return (report.sharedObjects ?? []).filter((path) => path.startsWith('/'));
}

function readInto(path: string, target: Buffer): number {
  const file = openSync(path, 'r');
  try {
    let size = 0;
    for (;;) {
      const count = readSync(file, target, size, target.length - size, size);
      if (count === 0) return size;
      size += count;
    }
  } finally {
    closeSync(file);
  }
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Hash and length of bytes that come in pieces. */
export class Digest {
  size = 0;
  readonly #hash: Hash = createHash('sha256');

  readonly update = (chunk: Buffer): void => {
    this.size += chunk.length;
    this.#hash.update(chunk);
  };

  hex(): string {
    return this.#hash.digest('hex');
  }
}

/** The file as a stream of `recordSize` pieces with `separator` after each but the last. */
export async function* pieces(bytes: Buffer, recordSize: number, separator: Buffer): AsyncGenerator<Buffer> {
  for (let position = 0; position < bytes.length; position += recordSize) {
    if (position > 0) yield separator;
    yield bytes.subarray(position, position + recordSize);
  }
}
