/**
 * Reads properties against a table of settings: typed values, what deserves a warning, and the keys that the table does not
 * know (each program decides what those mean: the broker ignores them with a warning, ZooKeeper takes them as system
 * properties). A value that is refused stops everything: `SettingError` names key, value and what is allowed.
 */
import type { Setting, SettingValue } from './schema.ts';
import { parseSetting, SettingError } from './schema.ts';

/** Settings by any names the program likes; the property's name is inside each. */
export type SettingTable = Readonly<Record<string, Setting<SettingValue>>>;

/** The values of table `T`, under the table's own keys. */
export type SettingValues<T extends SettingTable> = { -readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never };

export interface LoadedSettings<T extends SettingTable> {
  values: SettingValues<T>;
  /** One sentence per key that is understood and doesn't act (fully) yet. */
  warnings: readonly string[];
  /** Keys the table does not have, in the order of the file. */
  unknownKeys: readonly string[];
  /** Names of the properties that were set (rather than left at their default). */
  explicit: ReadonlySet<string>;
}

/** Throws `SettingError` at the first value that is refused or required key that is missing. */
export function loadSettings<T extends SettingTable>(table: T, properties: ReadonlyMap<string, string>): LoadedSettings<T> {
  const values: Record<string, SettingValue> = {};
  const warnings: string[] = [];
  const explicit = new Set<string>();

  for (const [key, setting] of Object.entries(table)) {
    const text = properties.get(setting.name);
    if (text === undefined) {
      if (setting.required === true) {
        throw new SettingError(`Missing required configuration "${setting.name}" which has no default value.`);
      }
      values[key] = setting.default;
      continue;
    }
    values[key] = parseSetting(setting, text);
    explicit.add(setting.name);
    if (setting.status === 'planned' && !sameValue(values[key], setting.default)) {
      warnings.push(`${setting.name}=${setting.type === 'password' ? '[hidden]' : text.trim()} is understood but not supported yet; it has no effect`);
    } else if (setting.status === 'inapplicable') {
      warnings.push(`${setting.name} has no meaning here and is ignored: ${setting.doc}`);
    }
  }
  const known = new Set(Object.values(table).map((setting) => setting.name));
  const unknownKeys = [...properties.keys()].filter((key) => !known.has(key));
  return { values: values as SettingValues<T>, warnings, unknownKeys, explicit };
}

function sameValue(a: SettingValue, b: SettingValue): boolean {
  return Array.isArray(a) && Array.isArray(b) ? a.join(',') === b.join(',') : a === b;
}
