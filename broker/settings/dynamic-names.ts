/**
 * Which broker settings can change at run time (`kafka.server.DynamicBrokerConfig`), and for whom: those of listeners for a single
 * broker, TLS stores for a single broker's single listener, all others for a broker or for the whole cluster.
 */
import { atLeast } from '../../shared/settings/schema.ts';
import type { Setting, SettingValue } from '../../shared/settings/schema.ts';
import { topicSettings } from '../log/log-config.ts';
import { long } from './kinds.ts';

/** TLS stores: only as `listener.name.<listener>.<setting>`. */
const TLS_STORES = new Set([
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
]);

const OF_LISTENERS = new Set([
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
]);

const CLUSTER_WIDE = new Set([
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
  'max.connections',
  'max.connection.creation.rate',
  'num.network.threads',
  'max.connections.per.ip',
  'max.connections.per.ip.overrides',
  'producer.id.expiration.ms',
]);

/** Defaults of topics' settings. */
const TOPIC_TWINS = new Set(Object.values(topicSettings).map((setting) => setting.synonyms[0]?.name));
TOPIC_TWINS.delete('log.message.format.version');

/** Settings that can only be dynamic: no file has them. */
const RATE_MAX = 2 ** 63;
export const dynamicOnlySettings: ReadonlyMap<string, Setting<SettingValue>> = new Map(
  [
    long('leader.replication.throttled.rate', RATE_MAX, 'Bytes per second that a leader sends to throttled replicas.', atLeast(0)),
    long('follower.replication.throttled.rate', RATE_MAX, 'Bytes per second that throttled replicas fetch.', atLeast(0)),
    long(
      'replica.alter.log.dirs.io.max.bytes.per.second',
      RATE_MAX,
      'Bytes per second that move between directories.',
      atLeast(0),
    ),
  ].map((setting) => [setting.name, setting as Setting<SettingValue>]),
);

/** Of a listener that is there these can change, and its TLS stores. */
const LISTENER_RECONFIGURABLE = ['max.connections', 'max.connection.creation.rate', 'num.network.threads'];

/** Whether `name` (without its prefix) can change for a listener that is there. */
export function isListenerReconfigurable(name: string): boolean {
  return TLS_STORES.has(name) || LISTENER_RECONFIGURABLE.includes(name);
}

/** Whether it is one of those about which listeners there are and how they work. */
export function isOfListeners(name: string): boolean {
  return OF_LISTENERS.has(name);
}

const LISTENER_PREFIX = /^listener\.name\.[^.]*\.(.*)$/;

/** The setting that `listener.name.<listener>.<setting>` is about, else the name itself. */
export function baseName(name: string): string {
  return LISTENER_PREFIX.exec(name)?.[1] ?? name;
}

export function isDynamic(name: string): boolean {
  return TLS_STORES.has(name) || OF_LISTENERS.has(name) || CLUSTER_WIDE.has(name) || TOPIC_TWINS.has(name);
}

export function needsListenerPrefix(name: string): boolean {
  return TLS_STORES.has(name);
}

/** Whether it can only be set for one broker. */
export function isPerBroker(name: string): boolean {
  const base = baseName(name);
  if (base !== name) return !LISTENER_RECONFIGURABLE.includes(base);
  return TLS_STORES.has(name) || OF_LISTENERS.has(name);
}
