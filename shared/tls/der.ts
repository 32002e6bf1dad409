/**
 * Reads DER (X.690), as far as certificates and PKCS #12 files need it: values with one-byte tags and definite lengths. Nothing is
 * copied. What is cut off or absurd is a `DerError`.
 */

export class DerError extends Error {
  override readonly name = 'DerError';
}

export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly whole: Buffer;
}

export const DerTag = { OCTET_STRING: 0x04, OID: 0x06, SEQUENCE: 0x30, SET: 0x31 } as const;

/** The value that `bytes` begins with. */
export function readDer(bytes: Buffer): DerValue {
  const tag = bytes[0];
  const first = bytes[1];
  if (tag === undefined || first === undefined) throw new DerError('a value is cut off');
  let start = 2;
  let size = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError(`a length of ${count} bytes`);
    start += count;
    if (bytes.length < start) throw new DerError('a length is cut off');
    size = bytes.readUIntBE(2, count);
  }
  if (bytes.length < start + size) throw new DerError(`a value of ${size} bytes of which ${bytes.length - start} are there`);
  return { tag, content: bytes.subarray(start, start + size), whole: bytes.subarray(0, start + size) };
}

/** The values inside `value`, in order. */
export function childrenOf({ content }: DerValue): DerValue[] {
  const children: DerValue[] = [];
  for (let rest = content; rest.length > 0; ) {
    const child = readDer(rest);
    children.push(child);
    rest = rest.subarray(child.whole.length);
  }
  return children;
}

/** Child number `index`, which has to be there. */
export function childOf(value: DerValue, index: number): DerValue {
  const child = childrenOf(value)[index];
  if (child === undefined) throw new DerError(`a structure without its part ${index}`);
  return child;
}

/** `2.5.4.3` */
export function readOid({ tag, content }: DerValue): string {
  if (tag !== DerTag.OID || content.length === 0) throw new DerError('an object identifier is missing');
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const head = arcs.shift()!;
  const top = Math.min(Math.floor(head / 40), 2);
  return [top, head - top * 40, ...arcs].join('.');
}
