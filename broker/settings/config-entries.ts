/**
 * Settings as DescribeConfigs and CreateTopics show them: value, where it comes from, and every other place that was asked
 * (synonyms, in order of precedence). Pure: what is dynamic comes in as arguments.
 */
import { logConfigFrom, logDefaultsFrom, topicSetting, topicSettingNames } from '../log/log-config.ts';
import type { LogConfig } from '../log/log-config.ts';
import { topicSettings } from '../log/log-config.ts';
import type { DescribeConfigsResponse } from '../protocol/messages/32-describe-configs.ts';
import type { Setting, SettingType, SettingValue } from '../../shared/settings/schema.ts';
import { formatSetting } from '../../shared/settings/schema.ts';
import { baseName, dynamicOnlySettings, isDynamic } from './dynamic-names.ts';
import type { BrokerSettings } from './settings.ts';
import { brokerSettingsByName, brokerSettingTable } from './settings.ts';

export type ConfigEntry = DescribeConfigsResponse['results'][number]['configs'][number];
type Synonym = ConfigEntry['synonyms'][number];

/** What there is to say about a broker's settings: its file's, what was changed since, and what all that comes to. */
export interface SettingsView {
  readonly fromFile: BrokerSettings;
  readonly current: BrokerSettings;
  /** Set for this broker at run time, by name; they win. */
  readonly ofBroker: ReadonlyMap<string, string>;
  /** Set for all brokers. */
  readonly ofCluster: ReadonlyMap<string, string>;
}

/** `DescribeConfigsResponse.ConfigSource`. */
export const ConfigSource = {
  DYNAMIC_TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  DYNAMIC_BROKER_LOGGER: 6,
} as const;

const CONFIG_TYPES: Record<SettingType, number> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
};
const TYPE_UNKNOWN = 0;

/** Values by the settings' names in the file. */
const keyByName: ReadonlyMap<string, keyof typeof brokerSettingTable> = new Map(
  (Object.keys(brokerSettingTable) as (keyof typeof brokerSettingTable)[]).map((key) => [brokerSettingTable[key].name, key]),
);

export function brokerValue(settings: BrokerSettings, name: string): SettingValue | undefined {
  const key = keyByName.get(name);
  return key === undefined ? undefined : settings[key];
}

/** A value as text, doubles as Java prints them. */
function textOf(setting: Setting<SettingValue>, value: SettingValue): string | null {
  if (setting.type === 'double' && typeof value === 'number') {
    if (value === Number.MAX_VALUE) return '1.7976931348623157E308';
    return Number.isInteger(value) ? value.toFixed(1) : String(value);
  }
  return formatSetting(value);
}

/** Broker settings that stand for each other, the first one set winning. */
const SYNONYM_GROUPS: readonly (readonly string[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
];

function brokerSynonymNames(name: string): readonly string[] {
  if (name === 'log.flush.interval.ms') return [name, 'log.flush.scheduler.interval.ms'];
  return SYNONYM_GROUPS.find((group) => group.includes(name)) ?? [name];
}

/**
 * What was said about broker setting `name` and its synonyms: for this broker, for all, by the file, the defaults. What comes before
 * the first word about `name` itself is left out, as in Kafka, so a topic's retention.ms has no synonyms when only the hours are set.
 */
function brokerSynonyms({ fromFile, ofBroker, ofCluster }: SettingsView, name: string): Synonym[] {
  const names = brokerSynonymNames(name);
  const synonyms: Synonym[] = [];
  const add = (other: string, text: string | null | undefined, source: number): void => {
    if (text === undefined) return;
    synonyms.push({ name: other, value: isSensitive(declarationOf(other)) ? null : text, source });
  };
  for (const other of names) add(other, ofBroker.get(other), ConfigSource.DYNAMIC_BROKER);
  for (const other of names) add(other, ofCluster.get(other), ConfigSource.DYNAMIC_DEFAULT_BROKER);
  for (const other of names) {
    const isTwin = isIdTwin(other) && fromFile.explicit.has(other);
    add(other, fromFile.properties.get(other) ?? (isTwin ? String(fromFile.brokerId) : undefined), ConfigSource.STATIC_BROKER);
  }
  for (const other of names) {
    const setting = brokerSettingsByName.get(other);
    if (setting !== undefined && setting.default !== null) add(other, textOf(setting, setting.default), ConfigSource.DEFAULT);
  }
  const first = synonyms.findIndex((synonym) => synonym.name === name);
  return first < 0 ? [] : synonyms.slice(first);
}

function declarationOf(name: string): Setting<SettingValue> | undefined {
  return brokerSettingsByName.get(name) ?? dynamicOnlySettings.get(name) ?? brokerSettingsByName.get(baseName(name));
}

/** What we know nothing of might be a secret. */
function isSensitive(setting: Setting<SettingValue> | undefined): boolean {
  return setting === undefined || setting.type === 'password';
}

/** broker.id and node.id are set together. */
function isIdTwin(name: string): boolean {
  return name === 'broker.id' || name === 'node.id';
}

/** Topic configs that a broker setting gives the default of, as its own settings have them. */
export function logDefaults(settings: BrokerSettings): LogConfig {
  return logDefaultsFrom((name) => brokerValue(settings, name));
}

type LogField = keyof typeof topicSettings;
const fieldByName: ReadonlyMap<string, LogField> = new Map(
  (Object.keys(topicSettings) as LogField[]).map((field) => [topicSettings[field].name, field]),
);

/** All configs of a topic whose own entries are `overrides`. Throws `SettingError` when these cannot be read. */
export function topicConfigEntries(settings: SettingsView, overrides: ReadonlyMap<string, string>): ConfigEntry[] {
  const config = logConfigFrom(logDefaults(settings.current), overrides);
  return topicSettingNames.map((name) => {
    const setting = topicSetting(name)!;
    const value = textOf(setting, config[fieldByName.get(name)!]);
    const broker = setting.synonyms[0]?.name;
    const synonyms = broker === undefined || !brokerSettingsByName.has(broker) ? [] : brokerSynonyms(settings, broker);
    if (overrides.has(name)) synonyms.unshift({ name, value, source: ConfigSource.DYNAMIC_TOPIC });
    return {
      name,
      value,
      readOnly: false,
      isDefault: !overrides.has(name),
      configSource: synonyms[0]?.source ?? ConfigSource.DEFAULT,
      isSensitive: false,
      synonyms,
      configType: CONFIG_TYPES[setting.type],
      documentation: setting.doc,
    };
  });
}

/** All settings of this broker, and what else its file or somebody at run time says. */
export function brokerConfigEntries(view: SettingsView): ConfigEntry[] {
  const { fromFile, ofBroker, ofCluster } = view;
  const names = new Set([...fromFile.properties.keys(), ...brokerSettingsByName.keys(), ...ofBroker.keys(), ...ofCluster.keys()]);
  return [...names].sort().map((name) => {
    const known = brokerSettingsByName.get(name);
    const synonyms = brokerSynonyms(view, name);
    const value = known === undefined ? (synonyms[0]?.value ?? null) : textOf(known, brokerValue(view.current, name) ?? null);
    return brokerEntry(name, value, synonyms);
  });
}

/** What was set for all brokers at run time. */
export function clusterConfigEntries({ ofCluster }: SettingsView): ConfigEntry[] {
  return [...ofCluster].sort().map(([name, text]) => {
    const value = isSensitive(declarationOf(name)) ? null : text;
    return brokerEntry(name, value, [{ name, value, source: ConfigSource.DYNAMIC_DEFAULT_BROKER }]);
  });
}

function brokerEntry(name: string, value: string | null, synonyms: Synonym[]): ConfigEntry {
  const setting = declarationOf(name);
  const source = synonyms[0]?.source ?? ConfigSource.DEFAULT;
  return {
    name,
    value: isSensitive(setting) ? null : value,
    readOnly: !isDynamic(name),
    isDefault: source === ConfigSource.DEFAULT,
    configSource: source,
    isSensitive: isSensitive(setting),
    synonyms,
    configType: setting === undefined ? TYPE_UNKNOWN : CONFIG_TYPES[setting.type],
    documentation: setting?.doc ?? null,
  };
}
