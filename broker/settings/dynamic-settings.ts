/**
 * A broker's settings while it runs: its file's, over them what was set for all brokers, over that what was set for this one. What is
 * to be set is checked here, in the words of `kafka.server.DynamicBrokerConfig`; who acts on a setting listens for changes.
 */
import { randomBytes } from 'node:crypto';
import { parseSetting, SettingError } from '../../shared/settings/schema.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { SettingsView } from './config-entries.ts';
import { baseName, dynamicOnlySettings, isDynamic, isListenerReconfigurable, isOfListeners, isPerBroker, needsListenerPrefix } from './dynamic-names.ts';
import { FatalError } from './fatal-error.ts';
import { listenerPrefix } from './listeners.ts';
import { PasswordEncoder } from '../security/password-encoder.ts';
import type { BrokerSettings } from './settings.ts';
import { brokerSettingsByName, loadBrokerSettings } from './settings.ts';

/** Whose settings: this broker's, or all brokers'. */
export type Scope = 'broker' | 'cluster';
type Texts = ReadonlyMap<string, string>;

const NONE: Texts = new Map();

/** Pools of threads in the original; here only numbers, which are kept to the same rule: neither halved nor doubled at once. */
const POOLS = {
  'num.io.threads': (settings: BrokerSettings) => settings.numIoThreads,
  'num.network.threads': (settings: BrokerSettings) => settings.numNetworkThreads,
  'num.replica.fetchers': (settings: BrokerSettings) => settings.numReplicaFetchers,
  'num.recovery.threads.per.data.dir': (settings: BrokerSettings) => settings.numRecoveryThreadsPerDataDir,
  'background.threads': (settings: BrokerSettings) => settings.backgroundThreads,
};

export class DynamicSettings implements SettingsView {
  readonly fromFile: BrokerSettings;
  private readonly logger: Logger;
  private readonly listeners: ((current: BrokerSettings, before: BrokerSettings) => void)[] = [];
  private settings: BrokerSettings;
  private texts: Record<Scope, Texts> = { broker: NONE, cluster: NONE };
  /** Asked for with each fetch of a follower. */
  private rates = this.readRates();

  /** Null without a `password.encoder.secret`: passwords cannot be stored then. */
  private readonly encoder: PasswordEncoder | null;

  constructor(fromFile: BrokerSettings, logger: Logger) {
    const { passwordEncoderSecret: secret } = fromFile;
    this.encoder =
      secret === null
        ? null
        : new PasswordEncoder({
            secret,
            oldSecret: fromFile.passwordEncoderOldSecret,
            keyFactoryAlgorithm: fromFile.passwordEncoderKeyfactoryAlgorithm,
            cipherAlgorithm: fromFile.passwordEncoderCipherAlgorithm,
            keyLengthBits: fromFile.passwordEncoderKeyLength,
            iterations: fromFile.passwordEncoderIterations,
            random: randomBytes,
          });
    this.fromFile = fromFile;
    this.settings = fromFile;
    this.logger = logger;
  }

  get current(): BrokerSettings {
    return this.settings;
  }
  get ofBroker(): Texts {
    return this.texts.broker;
  }
  get ofCluster(): Texts {
    return this.texts.cluster;
  }

  /** A number that can only be set at run time, e.g. `leader.replication.throttled.rate`; its default where nobody set it. */
  rate(name: string): number {
    return this.rates.get(name)!;
  }

  private readRates(): ReadonlyMap<string, number> {
    const { broker, cluster } = this.texts;
    const rates = [...dynamicOnlySettings].map(([name, setting]) => {
      const text = broker.get(name) ?? cluster.get(name);
      return [name, Number(text === undefined ? setting.default : parseSetting(setting, text))] as const;
    });
    return new Map(rates);
  }

  /** Listeners hear of each change of what is in force. */
  onChange(listener: (current: BrokerSettings, before: BrokerSettings) => void): void {
    this.listeners.push(listener);
  }

  /** What a znode says, its passwords decrypted; those that cannot be are logged and left out. */
  fromStored(stored: Texts): Texts {
    const texts = new Map(stored);
    for (const [name, text] of stored) {
      if (!isPassword(name)) continue;
      try {
        texts.set(name, this.encoderOrThrow().decode(text));
      } catch (error) {
        if (!(error instanceof SettingError)) throw error;
        texts.delete(name);
        this.logger.error(`${name} is left out: ${error.message}`);
      }
    }
    return texts;
  }

  /** As a znode has it. Throws `SettingError` for a password where there is no secret to encrypt it with. */
  toStored(texts: Texts): Texts {
    return new Map([...texts].map(([name, text]) => [name, isPassword(name) ? this.encoderOrThrow().encode(text) : text]));
  }

  private encoderOrThrow(): PasswordEncoder {
    if (this.encoder === null) throw new SettingError('Password encoder secret not configured');
    return this.encoder;
  }

  /** Throws `SettingError` or `FatalError` where `texts`, all that would be set in this scope, cannot be. */
  check(scope: Scope, texts: Texts): void {
    checkTexts(scope, texts);
    this.checkChange(this.combine({ ...this.texts, [scope]: texts }));
  }

  /** What the file and these come to. Throws as `check`. */
  private combine({ broker, cluster }: Record<Scope, Texts>): BrokerSettings {
    if (broker.size === 0 && cluster.size === 0) return this.fromFile;
    return loadBrokerSettings(new Map([...this.fromFile.properties, ...cluster, ...broker])).settings;
  }

  private checkChange(next: BrokerSettings): void {
    const { current } = this;
    for (const [name, countOf] of Object.entries(POOLS)) {
      const [before, after] = [countOf(current), countOf(next)];
      const failed = `Dynamic thread count update validation failed for ${name}=${after}, value should`;
      if (after < Math.trunc(before / 2)) throw invalid(`${failed} be at least half the current value ${before}`);
      if (after > before * 2) throw invalid(`${failed} not be greater than double the current value ${before}`);
    }
    const [before, after] = [current.logCleanerThreads, next.logCleanerThreads];
    if (after < 1) throw invalid('Log cleaner threads should be at least 1');
    if (after < Math.trunc(before / 2)) throw invalid(`Log cleaner threads cannot be reduced to less than half the current value ${before}`);
    if (after > before * 2) throw invalid(`Log cleaner threads cannot be increased to more than double the current value ${before}`);
    if (next.metricReporters.join() !== current.metricReporters.join()) {
      throw invalid(
        'Validation of dynamic config update of Set(metric.reporters) failed with class class kafka.server.DynamicMetricsReporters',
      );
    }
    checkListeners(current, next);
  }

  /** The znode of this scope was read. What is wrong there is logged and left out: the rest counts. */
  update(scope: Scope, read: Texts): void {
    const texts = this.acceptable(scope, this.fromStored(read));
    const before = this.settings;
    this.texts = { ...this.texts, [scope]: texts };
    this.rates = this.readRates();
    this.settings = this.combine(this.texts);
    for (const listener of this.listeners) listener(this.settings, before);
  }

  private acceptable(scope: Scope, read: Texts): Texts {
    // All at once first: a listener and its protocol are only right together.
    const refusals = [...read].map(([name, text]) => this.refusal(scope, name, text, read));
    if (refusals.every((refusal) => refusal === null)) return read;
    const accepted = new Map<string, string>();
    for (const [name, text] of [...read].sort(byListenerOrder)) {
      accepted.set(name, text);
      const error = this.refusal(scope, name, text, accepted);
      if (error !== null) {
        accepted.delete(name);
        this.logger.error(`${name}=${isPassword(name) ? '[hidden]' : text}, set for ${scope === 'broker' ? 'this broker' : 'all brokers'}, is left out: ${error.message}`);
      }
    }
    return accepted;
  }

  /** Why a stored value cannot be in force together with the others, or null. */
  private refusal(scope: Scope, name: string, text: string, others: Texts): Error | null {
    try {
      if (brokerSettingsByName.has(name) && !isDynamic(name)) throw new SettingError('it cannot be changed at run time');
      // What was changed step by step may come at once after a start, so only the values count, not the way to them.
      const setting = brokerSettingsByName.get(baseName(name)) ?? dynamicOnlySettings.get(name);
      if (setting !== undefined) parseSetting(setting, text);
      this.combine({ ...this.texts, [scope]: others });
      return null;
    } catch (error) {
      if (!(error instanceof SettingError) && !(error instanceof FatalError)) throw error;
      return error;
    }
  }
}

function invalid(why: string): SettingError {
  return new SettingError(`Invalid value org.apache.kafka.common.config.ConfigException: ${why} for configuration Invalid dynamic configuration`);
}

/**
 * A listener that is there keeps its protocol and most of its settings (`DynamicListenerConfig`); the original looks at the latter only
 * when something about listeners as such changes. Throws `SettingError`.
 */
function checkListeners(current: BrokerSettings, next: BrokerSettings): void {
  const before = new Map(current.listenerEndPoints.map((endPoint) => [endPoint.listenerName, endPoint]));
  const haveChanged = [...new Set([...current.properties.keys(), ...next.properties.keys()])].some(
    (name) => isOfListeners(name) && current.properties.get(name) !== next.properties.get(name),
  );
  for (const { listenerName, securityProtocol } of next.listenerEndPoints) {
    const known = before.get(listenerName);
    if (known === undefined) continue;
    const name = `ListenerName(${listenerName})`;
    if (haveChanged && fixedSettings(current, listenerName) !== fixedSettings(next, listenerName)) {
      throw invalid(`Configs cannot be updated dynamically for existing listener ${name}, restart broker or create a new listener for update`);
    }
    if (known.securityProtocol !== securityProtocol) throw invalid(`Security protocol cannot be updated for existing listener ${name}`);
    const [was, limits] = [current.listenerLimits.get(listenerName)!, next.listenerLimits.get(listenerName)!];
    const { connectionsMax, creationRateMax } = limits;
    if (connectionsMax !== was.connectionsMax && connectionsMax <= 0) throw invalid(`Invalid max.connections ${connectionsMax}`);
    if (creationRateMax !== was.creationRateMax && creationRateMax <= 0) throw invalid(`Invalid max.connection.creation.rate ${creationRateMax}`);
  }
}

/** The settings of one listener that only a start can change, as one text. */
function fixedSettings({ properties }: BrokerSettings, listenerName: string): string {
  const prefix = listenerPrefix(listenerName);
  const own = [...properties].filter(([name]) => name.startsWith(prefix) && !isListenerReconfigurable(name.slice(prefix.length)));
  return JSON.stringify(own.sort());
}

const LISTENER_ORDER = ['listener.security.protocol.map', 'listeners', 'advertised.listeners'];

/** Protocols before their listeners, listeners before what is advertised, then all others. */
function byListenerOrder([a]: [name: string, text: string], [b]: [name: string, text: string]): number {
  const place = (name: string): number => (LISTENER_ORDER.indexOf(name) + LISTENER_ORDER.length + 1) % (LISTENER_ORDER.length + 1);
  return place(a) - place(b);
}

/** Throws `SettingError` for what no broker could have in this scope, whatever else is set. */
export function checkTexts(scope: Scope, texts: Texts): void {
  const names = [...texts.keys()];
  refuse('Cannot update these configs dynamically', names.filter((name) => brokerSettingsByName.has(name) && !isDynamic(name)));
  refuse(
    'These security configs can be dynamically updated only per-listener using the listener prefix',
    names.filter(needsListenerPrefix),
    'HashSet',
  );
  for (const [name, text] of texts) {
    const setting = brokerSettingsByName.get(baseName(name)) ?? dynamicOnlySettings.get(name);
    if (setting !== undefined) parseSetting(setting, text);
  }
  if (scope === 'cluster') {
    refuse('Cannot update these configs at default cluster level, broker id must be specified', names.filter(isPerBroker));
  }
}

/** Whether a setting (of a listener, perhaps) is a secret. */
export function isPassword(name: string): boolean {
  return brokerSettingsByName.get(baseName(name))?.type === 'password';
}

function refuse(why: string, names: readonly string[], set = 'Set'): void {
  if (names.length > 0) throw new SettingError(`${why}: ${set}(${names.join(', ')})`);
}
