/**
 * How Kafka lays strings, bytes, counts, uuids and tagged fields on the wire: the leaves that generated codecs call.
 * Plain forms carry a signed length with -1 for null; compact forms an unsigned varint of length + 1 with 0 for null.
 */
import { EMPTY, type Reader } from '../../shared/bytes/reader.ts';
import type { Writer } from '../../shared/bytes/writer.ts';

export function readStr(r: Reader): string {
  const size = r.i16();
  if (size >= 0) return r.utf8(size);
  r.fail(`a string that cannot be null has the length ${size}`);
  return '';
}

export function readNullableStr(r: Reader): string | null {
  const size = r.i16();
  return size < 0 ? null : r.utf8(size);
}

export function readCompactStr(r: Reader): string {
  const size = r.uvarint();
  if (size > 0) return r.utf8(size - 1);
  r.fail('a string that cannot be null is null');
  return '';
}

export function readNullableCompactStr(r: Reader): string | null {
  const size = r.uvarint();
  return size === 0 ? null : r.utf8(size - 1);
}

export function readBytes(r: Reader): Buffer {
  const size = r.i32();
  if (size >= 0) return r.slice(size);
  r.fail(`bytes that cannot be null have the length ${size}`);
  return EMPTY;
}

export function readNullableBytes(r: Reader): Buffer | null {
  const size = r.i32();
  return size < 0 ? null : r.slice(size);
}

export function readCompactBytes(r: Reader): Buffer {
  const size = r.uvarint();
  if (size > 0) return r.slice(size - 1);
  r.fail('bytes that cannot be null are null');
  return EMPTY;
}

export function readNullableCompactBytes(r: Reader): Buffer | null {
  const size = r.uvarint();
  return size === 0 ? null : r.slice(size - 1);
}

/**
 * An array's count, -1 for null. Refused when the bytes that are left could not hold `count` elements of `elementSizeMin`.
 */
export function readCount(r: Reader, flexible: boolean, nullAllowed: boolean, elementSizeMin: number): number {
  const count = flexible ? r.uvarint() - 1 : r.i32();
  if (count < 0) {
    if (!nullAllowed) r.fail(`an array that cannot be null has the count ${count}`);
    return -1;
  }
  if (count * elementSizeMin > r.remaining) {
    r.fail(`an array of ${count} elements cannot fit into the ${r.remaining} bytes that are left`);
    return 0;
  }
  return count;
}

/** "No id". */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

export function readUuid(r: Reader): string {
  const bytes = r.slice(16);
  return bytes.length === 16 ? bytes.toString('base64url') : ZERO_UUID;
}

export function skipTags(r: Reader): void {
  for (let count = r.uvarint(); count > 0 && r.failure === null; count--) {
    r.uvarint();
    r.skip(r.uvarint());
  }
}

/** Reads a tag's size and returns where the tag ends. */
export function tagEnd(r: Reader): number {
  const size = r.uvarint();
  if (size > r.remaining) r.fail(`a tagged field of ${size} bytes, ${r.remaining} are left`);
  return r.position + size;
}

/** Leaves a tag: an unknown one is skipped, a known one must have used its bytes. */
export function endTag(r: Reader, end: number): void {
  if (r.failure !== null) return;
  if (r.position > end) r.fail('a tagged field is longer than its size says');
  else r.position = end;
}

export function writeStr(w: Writer, value: string | null): void {
  if (value === null) {
    w.i16(-1);
    return;
  }
  const size = Buffer.byteLength(value);
  if (size > 0x7fff) throw new RangeError(`A string of ${size} bytes cannot be sent: at most 32767 are allowed`);
  w.i16(size);
  w.utf8(value);
}

export function writeCompactStr(w: Writer, value: string | null): void {
  if (value === null) {
    w.i8(0);
    return;
  }
  const size = Buffer.byteLength(value);
  if (size > 0x7fff) throw new RangeError(`A string of ${size} bytes cannot be sent: at most 32767 are allowed`);
  w.uvarint(size + 1);
  w.utf8(value);
}

export function writeBytes(w: Writer, value: Buffer | null): void {
  if (value === null) {
    w.i32(-1);
    return;
  }
  w.i32(value.length);
  w.reference(value);
}

export function writeCompactBytes(w: Writer, value: Buffer | null): void {
  if (value === null) {
    w.i8(0);
    return;
  }
  w.uvarint(value.length + 1);
  w.reference(value);
}

/** Writes an array's count. False when it is null and may not be. */
export function writeCount(w: Writer, list: readonly unknown[] | null, flexible: boolean, nullAllowed: boolean): boolean {
  if (list === null && !nullAllowed) return false;
  const count = list === null ? -1 : list.length;
  if (flexible) w.uvarint(count + 1);
  else w.i32(count);
  return true;
}

export function writeUuid(w: Writer, value: string): void {
  const bytes = Buffer.from(value, 'base64url');
  if (bytes.length !== 16) throw new RangeError(`"${value}" is not a uuid: 22 characters of base64url are expected`);
  w.bytes(bytes);
}

export function refuseNull(field: string, version: number): never {
  throw new TypeError(`Field ${field} cannot be null in version ${version}`);
}
