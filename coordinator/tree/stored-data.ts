/**
 * A znode's bytes as the tree keeps them. Small data lives in the JavaScript heap as a string of one byte per character:
 * 16 bytes of overhead each, where a Buffer costs more than 100 and pins the network frame that it was cut from. Larger
 * data has a buffer of its own. Null and empty differ.
 */
import type { Data } from '../../shared/znode/operations.ts';

export type StoredData = string | Buffer | null;

/** From this size on a Buffer's overhead no longer matters, and a copy out of a string would. */
const BUFFER_BYTES_MIN = 4096;

/** Copies `data`: the result shares no memory with it. */
export function storeData(data: Data): StoredData {
  if (data === null) return null;
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length < BUFFER_BYTES_MIN) return bytes.toString('latin1');
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

/** The bytes again. Must not be written to: large data is handed out as it is kept. */
export function loadData(stored: StoredData): Buffer | null {
  return typeof stored === 'string' ? Buffer.from(stored, 'latin1') : stored;
}

export function storedSize(stored: StoredData): number {
  return stored === null ? 0 : stored.length;
}
