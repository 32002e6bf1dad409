/**
 * Settings, each declared once: name, type, default, allowed values, one sentence. A table of them loads a property file,
 * checks it, answers DescribeConfigs and prints the documentation. Types and error texts are those of Kafka's `ConfigDef`.
 */
export type SettingType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password';

/** What a value of each type is in memory. Longs are numbers: Long.MAX_VALUE becomes 2^63 and prints as itself. */
export type SettingValue = boolean | string | number | readonly string[] | null;

export interface Validator {
  /** Why `value` is refused, worded as Kafka words it after `Invalid value … for configuration …: `, or null. */
  check(value: SettingValue): string | null;
  /** The allowed values, for documentation: `[1,...]`. */
  readonly allowed: string;
}

export interface Setting<T extends SettingValue = SettingValue> {
  readonly name: string;
  readonly type: SettingType;
  readonly default: T;
  readonly doc: string;
  readonly validator?: Validator;
  /** The key must be in the file: there is no default. */
  readonly required?: boolean;
  /**
   * How far the key acts here: `active` (the default), `planned` (understood, checked, not acted on yet: one warning when it is
   * set to something else than its default), or `inapplicable` (a matter of the JVM or the like: accepted, one line says so).
   */
  readonly status?: 'active' | 'planned' | 'inapplicable';
}

/** A value was refused: the message names the key, the value and what is allowed. */
export class SettingError extends Error {
  override readonly name = 'ConfigException';
}

export function invalidValue(name: string, value: unknown, why: string): SettingError {
  return new SettingError(`Invalid value ${String(value)} for configuration ${name}: ${why}`);
}

const RANGES: Record<'int' | 'short' | 'long', readonly [bigint, bigint]> = {
  short: [-0x8000n, 0x7fffn],
  int: [-0x8000_0000n, 0x7fff_ffffn],
  long: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
};

/** Reads `text` as a value of `setting`. Throws `SettingError`. */
export function parseSetting<T extends SettingValue>(setting: Setting<T>, text: string): T {
  const value = parseType(setting.name, setting.type, text.trim());
  const why = setting.validator?.check(value) ?? null;
  if (why !== null) throw invalidValue(setting.name, setting.type === 'password' ? '[hidden]' : text.trim(), why);
  return value as T;
}

function parseType(name: string, type: SettingType, text: string): SettingValue {
  switch (type) {
    case 'boolean':
      if (/^true$/i.test(text)) return true;
      if (/^false$/i.test(text)) return false;
      throw invalidValue(name, text, 'Expected value to be either true or false');
    case 'int':
    case 'short':
    case 'long': {
      const [min, max] = RANGES[type];
      if (!/^[+-]?\d+$/.test(text) || BigInt(text) < min || BigInt(text) > max) {
        throw invalidValue(name, text, `Not a number of type ${type.toUpperCase()}`);
      }
      return Number(text);
    }
    case 'double': {
      const value = Number(text);
      if (text === '' || Number.isNaN(value)) throw invalidValue(name, text, 'Not a number of type DOUBLE');
      return value;
    }
    case 'list':
      return text === '' ? [] : text.split(/\s*,\s*/);
    case 'string':
    case 'class':
    case 'password':
      return text;
  }
}

/** Prints a value as a property file has it: lists joined by commas, Long.MAX_VALUE in full, null as null. */
export function formatSetting(value: SettingValue): string | null {
  if (value === null) return null;
  if (typeof value === 'number') {
    if (value >= 2 ** 63) return '9223372036854775807';
    return Number.isInteger(value) ? BigInt(value).toString() : String(value);
  }
  return Array.isArray(value) ? value.join(',') : String(value);
}

export function atLeast(min: number): Validator {
  return {
    allowed: `[${formatSetting(min)},...]`,
    check: (value) => (typeof value === 'number' && value < min ? `Value must be at least ${formatSetting(min)}` : null),
  };
}

export function between(min: number, max: number): Validator {
  return {
    allowed: `[${formatSetting(min)},...,${formatSetting(max)}]`,
    check: (value) => {
      if (typeof value !== 'number') return null;
      if (value < min) return `Value must be at least ${formatSetting(min)}`;
      return value > max ? `Value must be no more than ${formatSetting(max)}` : null;
    },
  };
}

export function oneOf(...allowed: readonly string[]): Validator {
  return {
    allowed: `[${allowed.join(', ')}]`,
    check: (value) =>
      typeof value === 'string' && !allowed.includes(value) ? `String must be one of: ${allowed.join(', ')}` : null,
  };
}

/** Each entry of a list is one of `allowed`. */
export function eachOf(...allowed: readonly string[]): Validator {
  return {
    allowed: `[${allowed.join(', ')}]`,
    check: (value) =>
      Array.isArray(value) && value.some((entry) => !allowed.includes(entry))
        ? `String must be one of: ${allowed.join(', ')}`
        : null,
  };
}
