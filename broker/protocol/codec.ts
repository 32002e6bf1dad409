/**
 * Compiles a message's declaration into a decoder and an encoder of one version.
 *
 * The idea: version checks, nullability and flexible encoding are decided here, once, and what is left is a function of
 * straight lines and loops that the engine optimizes like written code. Text enters the generated source only as field
 * names, which are checked to be identifiers; defaults are passed in as values.
 */
import { assert } from '../../shared/base/assert.ts';
import { Reader } from '../../shared/bytes/reader.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import type { Primitive, Shape, Type } from './schema.ts';
import * as wire from './wire.ts';

/** Source under construction: lines, fresh variable names, and values that the source refers to. */
class Source {
  readonly lines: string[] = [];
  readonly constants: unknown[] = [];
  private names = 0;
  name(prefix: string): string {
    return `${prefix}${this.names++}`;
  }
  constant(value: unknown): string {
    return `k[${this.constants.push(value) - 1}]`;
  }
  add(line: string): void {
    this.lines.push(line);
  }
}

interface Context {
  readonly source: Source;
  readonly version: number;
  readonly flexible: boolean;
}

export function compileDecoder(name: string, shape: Shape, version: number, flexible: boolean): (reader: Reader) => unknown {
  const source = new Source();
  const result = decodeStruct({ source, version, flexible }, shape);
  source.add(`return ${result};`);
  return compile(name, 'r', source) as (reader: Reader) => unknown;
}

export function compileEncoder(
  name: string,
  shape: Shape,
  version: number,
  flexible: boolean,
): (writer: Writer, value: unknown) => void {
  const source = new Source();
  encodeStruct({ source, version, flexible }, shape, 'v');
  return compile(name, 'w, v', source) as (writer: Writer, value: unknown) => void;
}

function compile(name: string, parameters: string, source: Source): unknown {
  assert(/^[A-Za-z0-9]+$/.test(name), 'a message name is one word');
  const text = `'use strict'; return function ${name}(${parameters}) {\n${source.lines.join('\n')}\n};`;
  return new Function('h', 'k', 'Writer', text)(wire, source.constants, Writer);
}

function carries(type: Type<unknown>, version: number): boolean {
  return version >= type.versionMin && version <= type.versionMax;
}

function isNullable(type: Type<unknown>, version: number): boolean {
  return type.nullableFrom !== null && version >= type.nullableFrom;
}

/** A source expression of a field's default. Arrays and structs are made anew so that no two messages share one. */
function zeroExpression(source: Source, zero: unknown): string {
  if (zero === null || typeof zero === 'boolean' || typeof zero === 'string') return JSON.stringify(zero);
  if (typeof zero === 'number') return String(zero);
  if (Array.isArray(zero)) {
    assert(zero.length === 0, 'an array field defaults to empty');
    return '[]';
  }
  if (Buffer.isBuffer(zero)) return source.constant(zero);
  const fields = Object.entries(zero as Record<string, unknown>);
  return `{ ${fields.map(([name, value]) => `${name}: ${zeroExpression(source, value)}`).join(', ')} }`;
}

function fieldsOf(shape: Shape): [string, Type<unknown>][] {
  const fields = Object.entries(shape);
  for (const [name] of fields) assert(/^[A-Za-z_][A-Za-z0-9_]*$/.test(name), 'a field name is an identifier');
  return fields;
}

/**
 * Fewest bytes a value can take: what bounds array counts. At least 1, so that a count never exceeds the bytes there are.
 */
function sizeMin(type: Type<unknown>, version: number, flexible: boolean): number {
  const { wire } = type;
  switch (wire.kind) {
    case 'i16':
      return 2;
    case 'i32':
      return 4;
    case 'i64':
    case 'f64':
      return 8;
    case 'uuid':
      return 16;
    case 'str':
      return flexible ? 1 : 2;
    case 'bytes':
    case 'records':
    case 'array':
      return flexible ? 1 : 4;
    case 'struct': {
      let size = flexible ? 1 : 0;
      for (const field of Object.values(wire.shape)) {
        if (field.tag === null && carries(field, version)) size += sizeMin(field, version, flexible);
      }
      return Math.max(1, size);
    }
    default:
      return 1;
  }
}

function decodeStruct(context: Context, shape: Shape): string {
  const { source, version } = context;
  const results: string[] = [];
  const tags: { name: string; type: Type<unknown>; variable: string }[] = [];
  for (const [name, type] of fieldsOf(shape)) {
    if (!carries(type, version)) {
      results.push(`${name}: ${zeroExpression(source, type.zero)}`);
    } else if (type.tag !== null) {
      const variable = source.name('t');
      source.add(`let ${variable} = ${zeroExpression(source, type.zero)};`);
      tags.push({ name, type, variable });
      results.push(`${name}: ${variable}`);
    } else {
      results.push(`${name}: ${decodeValue(context, type)}`);
    }
  }
  if (context.flexible) decodeTags(context, tags);
  const result = source.name('s');
  source.add(`const ${result} = { ${results.join(', ')} };`);
  return result;
}

function decodeTags(context: Context, tags: readonly { type: Type<unknown>; variable: string }[]): void {
  const { source } = context;
  if (tags.length === 0) {
    source.add('h.skipTags(r);');
    return;
  }
  const count = source.name('n');
  const tag = source.name('g');
  const end = source.name('e');
  source.add(`for (let ${count} = r.uvarint(); ${count} > 0 && r.failure === null; ${count}--) {`);
  source.add(`const ${tag} = r.uvarint(); const ${end} = h.tagEnd(r);`);
  source.add(`switch (${tag}) {`);
  for (const { type, variable } of tags) {
    source.add(`case ${type.tag}: {`);
    source.add(`${variable} = ${decodeValue(context, type)};`);
    source.add('break; }');
  }
  source.add(`} h.endTag(r, ${end}); }`);
}

const DIRECT: Partial<Record<Primitive, string>> = {
  i8: 'r.i8()',
  i16: 'r.i16()',
  i32: 'r.i32()',
  i64: 'r.i64()',
  f64: 'r.f64()',
  bool: 'r.bool()',
  uuid: 'h.readUuid(r)',
};

/** Adds the lines that read a value and returns the variable that holds it. */
function decodeValue(context: Context, type: Type<unknown>): string {
  const { source, version, flexible } = context;
  const { wire } = type;
  const nullAllowed = isNullable(type, version);
  const variable = source.name('x');
  switch (wire.kind) {
    case 'struct':
      return decodeStruct(context, wire.shape);
    case 'array': {
      const count = source.name('n');
      const size = sizeMin(wire.element, version, flexible);
      source.add(`const ${count} = h.readCount(r, ${flexible}, ${nullAllowed}, ${size});`);
      source.add(`const ${variable} = ${nullAllowed ? `${count} < 0 ? null : []` : '[]'};`);
      const index = source.name('i');
      source.add(`for (let ${index} = 0; ${index} < ${count} && r.failure === null; ${index}++) {`);
      source.add(`${variable}.push(${decodeValue(context, wire.element)});`);
      source.add('}');
      return variable;
    }
    case 'str':
      source.add(`const ${variable} = h.read${nullAllowed ? 'Nullable' : ''}${flexible ? 'Compact' : ''}Str(r);`);
      return variable;
    case 'bytes':
    case 'records':
      source.add(`const ${variable} = h.read${nullAllowed ? 'Nullable' : ''}${flexible ? 'Compact' : ''}Bytes(r);`);
      return variable;
    default:
      source.add(`const ${variable} = ${DIRECT[wire.kind]};`);
      return variable;
  }
}

function encodeStruct(context: Context, shape: Shape, value: string): void {
  const { source, version } = context;
  const tags: { tag: number; type: Type<unknown>; variable: string }[] = [];
  for (const [name, type] of fieldsOf(shape)) {
    if (!carries(type, version)) continue;
    let variable = `${value}.${name}`;
    if ('optional' in type) {
      variable = source.name('o');
      source.add(`let ${variable} = ${value}.${name};`);
      source.add(`if (${variable} === undefined) ${variable} = ${zeroExpression(source, type.zero)};`);
    }
    if (type.tag !== null) tags.push({ tag: type.tag, type, variable });
    else encodeValue(context, type, variable, name);
  }
  if (context.flexible) encodeTags(context, tags);
}

function encodeTags(context: Context, tags: { tag: number; type: Type<unknown>; variable: string }[]): void {
  const { source } = context;
  if (tags.length === 0) {
    source.add('w.i8(0);');
    return;
  }
  tags.sort((a, b) => a.tag - b.tag);
  const count = source.name('n');
  const differ = tags.map(({ type, variable }) => {
    const present = source.name('p');
    source.add(`const ${present} = ${differsFromZero(type, variable)};`);
    return present;
  });
  source.add(`const ${count} = ${differ.join(' + ')};`); // booleans add up to numbers
  source.add(`w.uvarint(${count});`);
  tags.forEach(({ tag, type, variable }, at) => {
    // A tag's size precedes it, so it is written aside first. Tagged fields are small and rare.
    const outer = source.name('w');
    source.add(`if (${differ[at]}) { const ${outer} = w; {`);
    source.add(`const w = new Writer(64);`);
    encodeValue(context, type, variable, `tag ${tag}`);
    source.add(`${outer}.uvarint(${tag}); ${outer}.uvarint(w.size); ${outer}.bytes(w.finish()); } }`);
  });
}

/** An expression that is true when a tagged field has to be on the wire. */
function differsFromZero(type: Type<unknown>, variable: string): string {
  const { wire, zero } = type;
  if (zero === null) return `${variable} !== null`;
  if (wire.kind === 'array' || wire.kind === 'bytes' || wire.kind === 'records')
    return `(${variable} === null || ${variable}.length > 0)`;
  if (wire.kind !== 'struct') return `${variable} !== ${JSON.stringify(zero)}`;
  const fields = Object.entries(wire.shape);
  const zeros = zero as Record<string, unknown>;
  return `(${fields.map(([name, field]) => differsFromZero({ ...field, zero: zeros[name] }, `${variable}.${name}`)).join(' || ')})`;
}

/** Adds the lines that write `value`, an expression without side effects. */
function encodeValue(context: Context, type: Type<unknown>, value: string, field: string): void {
  const { source, version, flexible } = context;
  const { wire } = type;
  const nullAllowed = isNullable(type, version);
  switch (wire.kind) {
    case 'struct':
      encodeStruct(context, wire.shape, value);
      return;
    case 'array': {
      const list = source.name('a');
      const index = source.name('i');
      const element = source.name('v');
      source.add(`const ${list} = ${value};`);
      source.add(
        `if (!h.writeCount(w, ${list}, ${flexible}, ${nullAllowed})) h.refuseNull(${JSON.stringify(field)}, ${version});`,
      );
      source.add(`if (${list} !== null) for (let ${index} = 0; ${index} < ${list}.length; ${index}++) {`);
      source.add(`const ${element} = ${list}[${index}];`);
      encodeValue(context, wire.element, element, field);
      source.add('}');
      return;
    }
    case 'str':
    case 'bytes':
    case 'records': {
      const what = wire.kind === 'str' ? 'Str' : 'Bytes';
      if (!nullAllowed) source.add(`if (${value} === null) h.refuseNull(${JSON.stringify(field)}, ${version});`);
      source.add(`h.write${flexible ? 'Compact' : ''}${what}(w, ${value});`);
      return;
    }
    case 'uuid':
      source.add(`h.writeUuid(w, ${value});`);
      return;
    default:
      source.add(`w.${wire.kind}(${value});`);
  }
}
