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
import type { BrokerSettings } from './settings.ts';
import { brokerSettingsByName, brokerSettingTable } from './settings.ts';

export type ConfigEntry = DescribeConfigsResponse['results'][number]['configs'][number];
type Synonym = ConfigEntry['synonyms'][number];

/** `DescribeConfigsResponse.ConfigSource`. */
export const ConfigSource = {
  DYNAMIC_TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
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
 * What was said about broker setting `name` and its synonyms, the file before the defaults. What comes before the first word
 * about `name` itself is left out, as in Kafka, so a topic's retention.ms has no synonyms when only the hours are set.
 */
function brokerSynonyms(settings: BrokerSettings, name: string): Synonym[] {
  const names = brokerSynonymNames(name);
  const synonyms: Synonym[] = [];
  const isSensitive = (setting: Setting<SettingValue> | undefined): boolean =>
    setting === undefined || setting.type === 'password';
  for (const other of names) {
    const text =
      settings.properties.get(other) ??
      (isIdTwin(other) && settings.explicit.has(other) ? String(settings.brokerId) : undefined);
    if (text === undefined) continue;
    synonyms.push({
      name: other,
      value: isSensitive(brokerSettingsByName.get(other)) ? null : text,
      source: ConfigSource.STATIC_BROKER,
    });
  }
  for (const other of names) {
    const setting = brokerSettingsByName.get(other);
    if (setting === undefined || setting.default === null) continue;
    synonyms.push({
      name: other,
      value: isSensitive(setting) ? null : textOf(setting, setting.default),
      source: ConfigSource.DEFAULT,
    });
  }
  const first = synonyms.findIndex((synonym) => synonym.name === name);
  return first < 0 ? [] : synonyms.slice(first);
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
export function topicConfigEntries(settings: BrokerSettings, overrides: ReadonlyMap<string, string>): ConfigEntry[] {
  const config = logConfigFrom(logDefaults(settings), overrides);
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

/** All settings of this broker, and what else its file says. */
export function brokerConfigEntries(settings: BrokerSettings): ConfigEntry[] {
  const names = [...new Set([...settings.properties.keys(), ...brokerSettingsByName.keys()])].sort();
  return names.map((name) => {
    const setting = brokerSettingsByName.get(name);
    // What we know nothing of might be a secret.
    const isSensitive = setting === undefined || setting.type === 'password';
    const synonyms = brokerSynonyms(settings, name);
    const source = synonyms[0]?.source ?? ConfigSource.DEFAULT;
    return {
      name,
      value: isSensitive ? null : textOf(setting, brokerValue(settings, name) ?? null),
      readOnly: !isDynamic(name),
      isDefault: source === ConfigSource.DEFAULT,
      configSource: source,
      isSensitive,
      synonyms,
      configType: setting === undefined ? TYPE_UNKNOWN : CONFIG_TYPES[setting.type],
      documentation: setting?.doc ?? null,
    };
  });
}

/** Broker settings that Kafka can change at run time, besides those that are a topic config's default. */
const DYNAMIC = new Set([
  'ssl.keystore.type',
  'ssl.keystore.location',
  'ssl.keystore.password',
  'ssl.key.password',
  'ssl.truststore.type',
  'ssl.truststore.location',
  'ssl.truststore.password',
  'ssl.keystore.certificate.chain',
  'ssl.keystore.key',
  'ssl.truststore.certificates',
  'log.cleaner.threads',
  'log.cleaner.dedupe.buffer.size',
  'log.cleaner.io.buffer.load.factor',
  'log.cleaner.io.buffer.size',
  'message.max.bytes',
  'log.cleaner.io.max.bytes.per.second',
  'log.cleaner.backoff.ms',
  'num.io.threads',
  'num.replica.fetchers',
  'num.recovery.threads.per.data.dir',
  'background.threads',
  'metric.reporters',
  'advertised.listeners',
  'listeners',
  'listener.security.protocol.map',
  'principal.builder.class',
  'ssl.protocol',
  'ssl.provider',
  'ssl.cipher.suites',
  'ssl.enabled.protocols',
  'ssl.keymanager.algorithm',
  'ssl.trustmanager.algorithm',
  'ssl.endpoint.identification.algorithm',
  'ssl.secure.random.implementation',
  'ssl.client.auth',
  'ssl.engine.factory.class',
  'sasl.mechanism.inter.broker.protocol',
  'sasl.jaas.config',
  'sasl.enabled.mechanisms',
  'sasl.kerberos.service.name',
  'sasl.kerberos.kinit.cmd',
  'sasl.kerberos.ticket.renew.window.factor',
  'sasl.kerberos.ticket.renew.jitter',
  'sasl.kerberos.min.time.before.relogin',
  'sasl.kerberos.principal.to.local.rules',
  'sasl.login.refresh.window.factor',
  'sasl.login.refresh.window.jitter',
  'sasl.login.refresh.min.period.seconds',
  'sasl.login.refresh.buffer.seconds',
  'max.connections',
  'max.connection.creation.rate',
  'num.network.threads',
  'max.connections.per.ip',
  'max.connections.per.ip.overrides',
  'producer.id.expiration.ms',
]);
const TOPIC_TWINS = new Set(Object.values(topicSettings).map((setting) => setting.synonyms[0]?.name));

function isDynamic(name: string): boolean {
  return DYNAMIC.has(name) || (TOPIC_TWINS.has(name) && name !== 'log.message.format.version');
}
