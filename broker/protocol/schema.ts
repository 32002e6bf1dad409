/**
 * Declares Kafka messages as data and compiles their codecs.
 *
 * A message is an object of named field types; a field says which versions carry it and what it is worth elsewhere. From
 * the one declaration come the TypeScript types (`Infer`, `Draft`) and, once per version and on first use, a straight-line
 * decoder and encoder: the version's differences are settled while the code is generated, so nothing asks for them per
 * message.
 *
 * Promises. A decoded value has every field in declaration order whatever its version, so all versions share one object
 * shape. Decoders never throw: malformed input leaves its reason in `reader.failure`. A hostile array count cannot
 * allocate: it is refused unless the remaining bytes could hold that many elements. Bytes are slices on decode and
 * references on encode.
 */
import type { Reader } from '../../shared/bytes/reader.ts';
import type { Writer } from '../../shared/bytes/writer.ts';
import { compileDecoder, compileEncoder } from './codec.ts';
import { ZERO_UUID } from './wire.ts';

export { ZERO_UUID };

export type Primitive = 'i8' | 'i16' | 'i32' | 'i64' | 'f64' | 'bool' | 'uuid' | 'str' | 'bytes' | 'records';
export type Wire =
  | { readonly kind: Primitive }
  | { readonly kind: 'array'; readonly element: Type<unknown> }
  | { readonly kind: 'struct'; readonly shape: Shape };

/** A field's type: `T` is what decoding yields, `D` what encoding accepts. */
export interface Type<T, D = T> {
  readonly wire: Wire;
  /** First version in which null is allowed, or null when never. */
  readonly nullableFrom: number | null;
  readonly versionMin: number;
  readonly versionMax: number;
  readonly tag: number | null;
  /** The value of the field where it is absent. */
  readonly zero: T;
  /** Carries `D` for inference only; there is no such value. */
  readonly draft?: D;
}
/** A type whose field may be left out of a draft: its default is then written. */
export interface OptionalType<T, D = T> extends Type<T, D> {
  readonly optional: true;
}
export type Shape = { readonly [field: string]: Type<unknown> };

type Value<F> = F extends Type<infer T, unknown> ? T : never;
type DraftValue<F> = F extends Type<unknown, infer D> ? D : never;
type OptionalKeys<S extends Shape> = { [K in keyof S]: S[K] extends OptionalType<unknown> ? K : never }[keyof S];
type Simplify<T> = { [K in keyof T]: T[K] };
export type StructOf<S extends Shape> = { -readonly [K in keyof S]: Value<S[K]> };
export type DraftOf<S extends Shape> = Simplify<
  { -readonly [K in Exclude<keyof S, OptionalKeys<S>>]: DraftValue<S[K]> } & {
    -readonly [K in OptionalKeys<S>]?: DraftValue<S[K]> | undefined;
  }
>;

/** One side of an API, or a struct that stands alone (a header, a consumer protocol blob). */
export interface Message<T, D = T> {
  readonly name: string;
  readonly shape: Shape;
  decode(reader: Reader, version: number): T;
  encode(writer: Writer, value: D, version: number): void;
}
/** What decoding a message yields: every field present. */
export type Infer<M extends Message<unknown, never>> = M extends Message<infer T, never> ? T : never;
/** What encoding a message accepts: fields that have a default may be left out. */
export type Draft<M extends Message<unknown, never>> = Parameters<M['encode']>[1];

export interface Api<Req = unknown, Res = unknown, ReqDraft = Req, ResDraft = Res> {
  readonly key: number;
  readonly name: string;
  readonly versionMin: number;
  readonly versionMax: number;
  /** First flexible version, or Infinity. */
  readonly flexibleFrom: number;
  readonly request: Message<Req, ReqDraft>;
  readonly response: Message<Res, ResDraft>;
}
/** Any API, for tables of them: decodes to `unknown`; nothing can be encoded without knowing which one it is. */
export type AnyApi = Api<unknown, unknown, never, never>;

function primitive<T>(kind: Primitive, zero: T): Type<T> {
  return { wire: { kind }, nullableFrom: null, versionMin: 0, versionMax: Infinity, tag: null, zero };
}

export const i8: Type<number> = primitive('i8', 0);
export const i16: Type<number> = primitive('i16', 0);
export const i32: Type<number> = primitive('i32', 0);
/** 64 bits as a number (see docs/decisions/0002-64-bit-integers.md). */
export const i64: Type<number> = primitive('i64', 0);
export const f64: Type<number> = primitive('f64', 0);
export const bool: Type<boolean> = primitive('bool', false);
/** 16 bytes, as 22 characters of base64url. */
export const uuid: Type<string> = primitive('uuid', ZERO_UUID);
export const str: Type<string> = primitive('str', '');
export const bytes: Type<Buffer> = primitive('bytes', Buffer.alloc(0));
/** Record batches, opaque to the codec. */
export const records: Type<Buffer> = primitive('records', Buffer.alloc(0));

export function struct<S extends Shape>(shape: S): Type<StructOf<S>, DraftOf<S>> {
  const zero = Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, type.zero]));
  return {
    wire: { kind: 'struct', shape },
    nullableFrom: null,
    versionMin: 0,
    versionMax: Infinity,
    tag: null,
    zero: zero as StructOf<S>,
  };
}

export function array<T, D>(element: Type<T, D>): Type<T[], readonly D[]>;
export function array<S extends Shape>(shape: S): Type<StructOf<S>[], readonly DraftOf<S>[]>;
export function array(element: Type<unknown> | Shape): Type<unknown[], readonly unknown[]> {
  const type = isType(element) ? element : struct(element);
  return {
    wire: { kind: 'array', element: type },
    nullableFrom: null,
    versionMin: 0,
    versionMax: Infinity,
    tag: null,
    zero: [],
  };
}

function isType(value: Type<unknown> | Shape): value is Type<unknown> {
  return typeof (value as { nullableFrom?: unknown }).nullableFrom !== 'undefined' && 'wire' in value && 'zero' in value;
}

/** Null is allowed from version `from` on. */
export function nullable<T, D>(type: Type<T, D>, from = 0): Type<T | null, D | null> {
  return { ...(type as Type<T | null, D | null>), nullableFrom: from };
}

/** A field that every version carries and that has a default of its own. */
export function defaulted<T, D>(type: Type<T, D>, zero: T): OptionalType<T, D> {
  return { ...type, zero, optional: true };
}

/** A field that versions from `versionMin` on carry; before, it is worth `zero`. */
export function since<T, D>(versionMin: number, type: Type<T, D>, zero: T): OptionalType<T, D> {
  return { ...type, versionMin, zero, optional: true };
}

/** A field that versions up to `versionMax` carry. */
export function until<T, D>(versionMax: number, type: Type<T, D>, zero: T): OptionalType<T, D> {
  return { ...type, versionMax, zero, optional: true };
}

/** A field that versions from `versionMin` to `versionMax` carry, both included. */
export function between<T, D>(versionMin: number, versionMax: number, type: Type<T, D>, zero: T): OptionalType<T, D> {
  return { ...type, versionMin, versionMax, zero, optional: true };
}

/** A tagged field, on the wire only when it differs from `zero` (`type.zero` when left out). */
export function tagged<T, D>(tag: number, versionMin: number, type: Type<T, D>, zero: T = type.zero): OptionalType<T, D> {
  return { ...type, tag, versionMin, zero, optional: true };
}

/** A message of its own. Codecs are compiled per version, when first used. */
export function message<S extends Shape>(name: string, shape: S, flexibleFrom = Infinity): Message<StructOf<S>, DraftOf<S>> {
  const decoders: ((reader: Reader) => unknown)[] = [];
  const encoders: ((writer: Writer, value: unknown) => void)[] = [];
  return {
    name,
    shape,
    decode(reader, version) {
      const decoder = (decoders[version] ??= compileDecoder(name, shape, version, version >= flexibleFrom));
      return decoder(reader) as StructOf<S>;
    },
    encode(writer, value, version) {
      const encoder = (encoders[version] ??= compileEncoder(name, shape, version, version >= flexibleFrom));
      encoder(writer, value);
    },
  };
}

/** Declares an API: its key, versions, and both messages. */
export function api<Q extends Shape, S extends Shape>(declaration: {
  key: number;
  name: string;
  versions: readonly [number, number];
  /** First flexible version; left out when there is none. */
  flexible?: number;
  request: Q;
  response: S;
}): Api<StructOf<Q>, StructOf<S>, DraftOf<Q>, DraftOf<S>> {
  const { key, name, versions, flexible = Infinity } = declaration;
  return {
    key,
    name,
    versionMin: versions[0],
    versionMax: versions[1],
    flexibleFrom: flexible,
    request: message(`${name}Request`, declaration.request, flexible),
    response: message(`${name}Response`, declaration.response, flexible),
  };
}
