/**
 * Jute records, declared once: fields in order, no tags, no versions, big-endian. A declaration gives encoder, decoder and
 * type. Buffers, strings and vectors are an int32 size and their content; -1 stands for null.
 */
import type { Reader } from '../bytes/reader.ts';
import type { Writer } from '../bytes/writer.ts';

export interface Codec<T> {
  write(out: Writer, value: T): void;
  /** Reads on with zeros when the input has run dry; the reader remembers. */
  read(input: Reader): T;
}

export const int: Codec<number> = {
  write: (out, value) => out.i32(value),
  read: (input) => input.i32(),
};

/** 64 bits as a number: zxids, times, TTLs. */
export const long: Codec<number> = {
  write: (out, value) => out.i64(value),
  read: (input) => input.i64(),
};

/** 64 bits that identify something. */
export const longId: Codec<bigint> = {
  write: (out, value) => out.i64Big(value),
  read: (input) => input.i64Big(),
};

export const bool: Codec<boolean> = {
  write: (out, value) => out.bool(value),
  read: (input) => input.bool(),
};

/** Bytes, or null. Reading gives a slice of the input. */
export const buffer: Codec<Uint8Array | null> = {
  write: (out, value) => {
    if (value === null) return out.i32(-1);
    out.i32(value.length);
    out.bytes(value);
  },
  read: (input) => {
    const size = input.i32();
    return size === -1 ? null : input.slice(size);
  },
};

/** A string that may be null. */
export const nullableText: Codec<string | null> = {
  write: (out, value) => {
    if (value === null) out.i32(-1);
    else text.write(out, value);
  },
  read: (input) => {
    const size = input.i32();
    return size === -1 ? null : input.utf8(size);
  },
};

/** A string; a null from the other side is read as empty. */
export const text: Codec<string> = {
  write: (out, value) => {
    // The size stands before the bytes and is known only after them: one pass, then a patch.
    const at = out.size;
    out.i32(0);
    out.patchI32(at, out.utf8(value));
  },
  read: (input) => {
    const size = input.i32();
    return size === -1 ? '' : input.utf8(size);
  },
};

/** Items one after the other; a null vector is read as empty. */
export function vector<T>(item: Codec<T>): Codec<readonly T[]> {
  return {
    write: (out, values) => {
      out.i32(values.length);
      for (const value of values) item.write(out, value);
    },
    read: (input) => {
      const count = input.i32();
      const values: T[] = [];
      // A count must not cost more than the input is long.
      for (let i = 0; i < count && input.complete; i++) values.push(item.read(input));
      return values;
    },
  };
}

/** Fields in their order. Further properties of a value are ignored. */
export function record<T extends object>(fields: { readonly [K in keyof T]: Codec<T[K]> }): Codec<T> {
  const entries = Object.entries(fields) as [keyof T, Codec<unknown>][];
  return {
    write: (out, value) => {
      for (const [name, codec] of entries) codec.write(out, value[name]);
    },
    read: (input) => {
      const value: Partial<Record<keyof T, unknown>> = {};
      for (const [name, codec] of entries) value[name] = codec.read(input);
      return value as T;
    },
  };
}
