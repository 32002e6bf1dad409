/**
 * Short forms for declaring settings, one a line: name, default, sentence, and where needed what is allowed. `planned` and
 * `inapplicable` wrap a setting that is understood and checked but not acted on (see `Setting.status`).
 */
import type { Setting, SettingType, SettingValue, Validator } from '../../shared/settings/schema.ts';

function kind<T extends SettingValue>(type: SettingType) {
  return (name: string, byDefault: T, doc: string, validator?: Validator): Setting<T> =>
    validator === undefined ? { name, type, default: byDefault, doc } : { name, type, default: byDefault, doc, validator };
}

/** A setting that is null until somebody sets it. */
function optionalKind<T extends SettingValue>(type: SettingType) {
  return (name: string, doc: string, validator?: Validator): Setting<T | null> =>
    validator === undefined ? { name, type, default: null, doc } : { name, type, default: null, doc, validator };
}

export const bool = kind<boolean>('boolean');
export const int = kind<number>('int');
export const short = kind<number>('short');
export const long = kind<number>('long');
export const double = kind<number>('double');
export const string = kind<string>('string');
export const list = kind<readonly string[]>('list');
export const className = kind<string>('class');
export const optionalInt = optionalKind<number>('int');
export const optionalLong = optionalKind<number>('long');
export const optionalString = optionalKind<string>('string');
export const optionalList = optionalKind<readonly string[]>('list');
export const optionalClass = optionalKind<string>('class');
export const password = optionalKind<string>('password');

export function planned<T extends SettingValue>(setting: Setting<T>): Setting<T> {
  return { ...setting, status: 'planned' };
}

export function inapplicable<T extends SettingValue>(setting: Setting<T>): Setting<T> {
  return { ...setting, status: 'inapplicable' };
}

export const INT_MAX = 0x7fff_ffff;
/** Long.MAX_VALUE as `shared/settings` holds it. */
export const LONG_MAX = 2 ** 63;
