/**
 * Takes the fields of one decoded message, in order, checking type and range of each: `unknown` comes in, typed values go
 * out. A refusal names the message, the field, what it should be and what it is.
 */
import type { Acl } from '../znode/acl.ts';
import type { Stat } from '../znode/stat.ts';
import type { Data } from '../znode/operations.ts';
import { WsProtocolError } from './messages.ts';

const INT32_MIN = -0x8000_0000;
const INT32_MAX = 0x7fff_ffff;
const INT64_MIN = -(1n << 63n);
const INT64_MAX = (1n << 63n) - 1n;

export class Fields {
  private readonly values: readonly unknown[];
  private readonly what: string;
  private next: number;

  /** @param what names the message in errors: `create request (xid 7)`. */
  constructor(values: readonly unknown[], what: string, start = 0) {
    this.values = values;
    this.what = what;
    this.next = start;
  }

  private take(): unknown {
    return this.values[this.next++];
  }

  /** Is there a field left? For those that may be absent at the end. */
  get hasMore(): boolean {
    return this.next < this.values.length;
  }

  private refuse(name: string, expected: string, value: unknown): WsProtocolError {
    const found = this.next > this.values.length ? 'nothing' : describe(value);
    return new WsProtocolError(`${this.what}: ${name} should be ${expected}, is ${found}`);
  }

  /** An integer of `min` to `max`, both within the exact range of a number; any integer format of msgpack, or a float64. */
  int(name: string, min = INT32_MIN, max = INT32_MAX): number {
    const value = this.take();
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) {
      throw this.refuse(name, `an integer of ${min} to ${max}`, value);
    }
    return number;
  }

  /** A zxid, a time in ms or another 64-bit count, of which we keep the exact 53 bits. */
  int53(name: string, min = 0): number {
    return this.int(name, min, Number.MAX_SAFE_INTEGER);
  }

  /** A full 64-bit integer: session ids. */
  int64(name: string): bigint {
    const value = this.take();
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
    if (typeof value !== 'bigint' || value < INT64_MIN || value > INT64_MAX) {
      throw this.refuse(name, 'a signed 64-bit integer', value);
    }
    return value;
  }

  bool(name: string): boolean {
    const value = this.take();
    if (typeof value !== 'boolean') throw this.refuse(name, 'a boolean', value);
    return value;
  }

  text(name: string): string {
    const value = this.take();
    if (typeof value !== 'string') throw this.refuse(name, 'text', value);
    return value;
  }

  textOrNull(name: string): string | null {
    const value = this.take();
    if (value !== null && typeof value !== 'string') throw this.refuse(name, 'text or nil', value);
    return value;
  }

  /** Bytes or nil. They are a slice of the frame: who keeps them long, or keeps few of many, copies. */
  data(name: string): Data {
    const value = this.take();
    if (value !== null && !(value instanceof Uint8Array)) throw this.refuse(name, 'bytes or nil', value);
    return value;
  }

  bytesOfSize(name: string, size: number): Uint8Array {
    const value = this.take();
    if (!(value instanceof Uint8Array) || value.length !== size) throw this.refuse(name, `${size} bytes`, value);
    return value;
  }

  list(name: string, countMax = Number.MAX_SAFE_INTEGER): readonly unknown[] {
    const value = this.take();
    if (!Array.isArray(value)) throw this.refuse(name, 'an array', value);
    if (value.length > countMax) throw this.refuse(name, `an array of at most ${countMax} items`, value);
    return value;
  }

  texts(name: string): readonly string[] {
    const value = this.list(name);
    for (let i = 0; i < value.length; i++) {
      if (typeof value[i] !== 'string') throw this.refuse(`${name}[${i}]`, 'text', value[i]);
    }
    return value as readonly string[];
  }

  /** `[[perms, scheme, id], …]`. */
  acl(name: string): readonly Acl[] {
    return this.list(name).map((entry, i) => {
      const fields = this.nested(entry, `${name}[${i}]`);
      const acl = { perms: fields.int('perms'), id: { scheme: fields.text('scheme'), id: fields.text('id') } };
      fields.end();
      return acl;
    });
  }

  /** The eleven fields of a Stat, in the order of zookeeper.jute. */
  stat(name: string): Stat {
    const fields = this.nested(this.take(), name);
    const stat = {
      czxid: fields.int53('czxid'),
      mzxid: fields.int53('mzxid'),
      ctime: fields.int53('ctime', Number.MIN_SAFE_INTEGER),
      mtime: fields.int53('mtime', Number.MIN_SAFE_INTEGER),
      version: fields.int('version'),
      cversion: fields.int('cversion'),
      aversion: fields.int('aversion'),
      ephemeralOwner: fields.int64('ephemeralOwner'),
      dataLength: fields.int('dataLength'),
      numChildren: fields.int('numChildren'),
      pzxid: fields.int53('pzxid'),
    };
    fields.end();
    return stat;
  }

  nested(value: unknown, name: string): Fields {
    if (!Array.isArray(value)) throw this.refuse(name, 'an array', value);
    return new Fields(value, `${this.what}: ${name}`);
  }

  /** Every field has been taken: more are a mistake, not an extension (those come with another protocolVersion). */
  end(): void {
    if (this.next < this.values.length) {
      throw new WsProtocolError(`${this.what}: has ${this.values.length} fields, expected ${this.next}`);
    }
  }
}

/** Shows a value in an error: its kind, and as much of it as is safe to print. */
function describe(value: unknown): string {
  if (value === null) return 'nil';
  if (typeof value === 'string') return value.length > 40 ? `text of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value;
}
