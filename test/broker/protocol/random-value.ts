/**
 * Makes a random value of a message's shape as one version would carry it: what encode → decode must give back unchanged.
 */
import type { Shape, Type } from '../../../broker/protocol/schema.ts';

export type Random = () => number;

export function randomStruct(shape: Shape, version: number, random: Random): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(shape)) {
    const carried = version >= type.versionMin && version <= type.versionMax;
    value[name] = carried ? randomValue(type, version, random) : type.zero;
  }
  return value;
}

function int(random: Random, bits: number): number {
  const half = 2 ** (bits - 1);
  const pick = random();
  if (pick < 0.1) return half - 1;
  if (pick < 0.2) return -half;
  return Math.floor((random() * 2 - 1) * half * (pick < 0.6 ? 2 ** -(bits / 2) : 1));
}

function randomValue(type: Type<unknown>, version: number, random: Random): unknown {
  if (type.nullableFrom !== null && version >= type.nullableFrom && random() < 0.2) return null;
  const { wire } = type;
  switch (wire.kind) {
    case 'struct':
      return randomStruct(wire.shape, version, random);
    case 'array':
      return Array.from({ length: Math.floor(random() * 4) }, () => randomValue(wire.element, version, random));
    case 'i8':
      return int(random, 8);
    case 'i16':
      return int(random, 16);
    case 'i32':
      return int(random, 32);
    case 'i64':
      return int(random, 53); // what a number holds exactly
    case 'f64':
      return random() * 1e9;
    case 'bool':
      return random() < 0.5;
    case 'uuid':
      return Buffer.from(Array.from({ length: 16 }, () => Math.floor(random() * 256))).toString('base64url');
    case 'str':
      return 'päyload✓ '.repeat(20).slice(0, Math.floor(random() * 40));
    case 'bytes':
    case 'records':
      return Buffer.alloc(Math.floor(random() * 2000), Math.floor(random() * 256)); // from 1 KiB on passed by reference
  }
}
