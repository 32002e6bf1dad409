/**
 * Requests of ZooKeeper's native protocol as bytes made beforehand: a frame is copied from its template, and only its xid and the
 * number in its path are filled in. The load must cost less than what it measures.
 */

/** Names of znodes end in a number of so many digits, so that every frame of a kind has one size. */
export const DIGITS = 10;

export const OP = { create: 1, delete: 2, exists: 3, getData: 4, setData: 5, getChildren: 8, sync: 9, check: 13, multi: 14, closeSession: -11 } as const;

/** Where the fields of a Stat are, from its start. */
export const STAT = { version: 32, dataLength: 52, size: 68 } as const;

export const HEADER_SIZE = 16;

/** Frames to be sent together. */
export class Frames {
  private buffer: Buffer;
  private size = 0;

  constructor(sizeHint: number) {
    this.buffer = Buffer.allocUnsafeSlow(sizeHint);
  }

  /** Appends a copy of `frame` with its xid; returns where it begins in `bytes`. */
  add(frame: Buffer, xid: number): number {
    const at = this.size;
    if (at + frame.length > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, at + frame.length));
      this.buffer.copy(larger, 0, 0, at);
      this.buffer = larger;
    }
    frame.copy(this.buffer, at);
    this.buffer.writeInt32BE(xid, at + 4);
    this.size = at + frame.length;
    return at;
  }

  /** The buffer under `add`'s positions: only until the next `add`. */
  get bytes(): Buffer {
    return this.buffer;
  }

  finish(): Buffer {
    return this.buffer.subarray(0, this.size);
  }
}

/** Writes `value` in ten digits. */
export function writeDigits(bytes: Buffer, at: number, value: number): void {
  let rest = value;
  for (let i = at + DIGITS - 1; i >= at; i--) {
    bytes[i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

export function digits(value: number): string {
  return String(value).padStart(DIGITS, '0');
}

const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const text = (value: string): Buffer => Buffer.concat([int(Buffer.byteLength(value)), Buffer.from(value)]);
const sized = (value: Uint8Array): Buffer => Buffer.concat([int(value.length), value]);
const OPEN_ACL = Buffer.concat([int(1), int(31), text('world'), text('anyone')]);

/** The records of requests, without headers. */
export const record = {
  create: (path: string, data: Uint8Array): Buffer => Buffer.concat([text(path), sized(data), OPEN_ACL, int(0)]),
  read: (path: string, watch = false): Buffer => Buffer.concat([text(path), Buffer.of(watch ? 1 : 0)]),
  sync: (path: string): Buffer => text(path),
  versioned: (path: string, version: number): Buffer => Buffer.concat([text(path), int(version)]),
  setData: (path: string, data: Uint8Array, version = -1): Buffer => Buffer.concat([text(path), sized(data), int(version)]),
  multi: (ops: readonly (readonly [type: number, body: Buffer])[]): Buffer =>
    Buffer.concat([...ops.flatMap(([type, body]) => [int(type), Buffer.of(0), int(-1), body]), int(-1), Buffer.of(1), int(-1)]),
};

/** A whole frame. Its xid is at 4. */
export function frame(type: number, body: Buffer = Buffer.alloc(0), xid = 0): Buffer {
  return Buffer.concat([int(8 + body.length), int(xid), int(type), body]);
}

/** ConnectRequest for a new session. */
export function connectFrame(timeoutMs: number): Buffer {
  const body = Buffer.concat([int(0), Buffer.alloc(8), int(timeoutMs), Buffer.alloc(8), sized(Buffer.alloc(16)), Buffer.of(0)]);
  return Buffer.concat([int(body.length), body]);
}
