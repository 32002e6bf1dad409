/**
 * The broker's configuration: every key that Kafka 3.4 reads from server.properties, by area in `settings/`, and the checks that
 * span keys, with Kafka's texts (`kafka.server.KafkaConfig`). A wrong value stops the start and says key, value and what is allowed.
 */
import type { LoadedSettings, SettingValues } from '../../shared/settings/load.ts';
import { loadSettings } from '../../shared/settings/load.ts';
import type { Setting, SettingValue } from '../../shared/settings/schema.ts';
import { parseSetting, SettingError } from '../../shared/settings/schema.ts';
import type { ListenerLimits } from '../quota/connection-quotas.ts';
import { FatalError, requirement } from './fatal-error.ts';
import type { EndPoint, SecurityProtocol } from './listeners.ts';
import { listenerPrefix, parseEndPoints, parseSecurityProtocolMap, splitList } from './listeners.ts';
import { groupSettings, transactionSettings } from './groups.ts';
import { identitySettings, zookeeperSettings } from './identity.ts';
import { cleanerSettings, logSettings, topicSettings } from './log.ts';
import { kraftSettings, metricSettings, quotaSettings } from './other.ts';
import { replicationSettings } from './replication.ts';
import { saslSettings, securitySettings, tlsSettings } from './security.ts';

export const brokerSettingTable = {
  ...identitySettings,
  ...zookeeperSettings,
  ...topicSettings,
  ...logSettings,
  ...cleanerSettings,
  ...replicationSettings,
  ...groupSettings,
  ...transactionSettings,
  ...securitySettings,
  ...tlsSettings,
  ...saslSettings,
  ...quotaSettings,
  ...metricSettings,
  ...kraftSettings,
};

/** Every setting by the name it has in a file. */
export const brokerSettingsByName: ReadonlyMap<string, Setting<SettingValue>> = new Map(
  Object.values<Setting<SettingValue>>(brokerSettingTable).map((setting) => [setting.name, setting]),
);

export type BrokerValues = SettingValues<typeof brokerSettingTable>;

/** What the rest of the broker reads: the values, and what follows from them. */
export interface BrokerSettings extends BrokerValues {
  readonly listenerEndPoints: readonly EndPoint[];
  readonly advertisedEndPoints: readonly EndPoint[];
  readonly interBrokerListener: string;
  /** `log.dirs`, else `log.dir`. */
  readonly logDirList: readonly string[];
  readonly effectiveConnectionTimeoutMs: number;
  readonly maxConnectionsByIp: ReadonlyMap<string, number>;
  /** Of every listener: its own limits, else the broker's. */
  readonly listenerLimits: ReadonlyMap<string, ListenerLimits>;
  /** The file's own text by key, passwords included; unknown keys too. */
  readonly properties: ReadonlyMap<string, string>;
  /** Names of known keys that the file set. */
  readonly explicit: ReadonlySet<string>;
}

export interface LoadedBrokerSettings {
  readonly settings: BrokerSettings;
  /** One line per key that was set to something that does not act yet. */
  readonly warnings: readonly string[];
  /** Keys that were set and mean nothing here (threads, Java classes). */
  readonly inapplicable: readonly string[];
}

/** Reads and checks a configuration. Throws `SettingError` or `FatalError` with Kafka's message. */
export function loadBrokerSettings(properties: ReadonlyMap<string, string>): LoadedBrokerSettings {
  const loaded = loadSettings(brokerSettingTable, withIdSynonyms(properties));
  const values = loaded.values;
  checkMode(values);
  const listeners = readListeners(values, loaded.explicit);
  const settings: BrokerSettings = {
    ...values,
    ...listeners,
    logDirList: splitList(values.logDirs ?? values.logDir),
    effectiveConnectionTimeoutMs: values.zookeeperConnectionTimeoutMs ?? values.zookeeperSessionTimeoutMs,
    maxConnectionsByIp: parseIpOverrides(values.maxConnectionsPerIpOverrides),
    listenerLimits: readListenerLimits(values, listeners.listenerEndPoints, properties),
    properties,
    explicit: loaded.explicit,
  };
  checkLogs(settings);
  checkListeners(settings);
  checkConnections(settings);
  return { settings, ...remarks(loaded, properties) };
}

/** broker.id and node.id name the same thing. */
function withIdSynonyms(properties: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const brokerId = properties.get('broker.id');
  const nodeId = properties.get('node.id');
  if (brokerId === undefined && nodeId !== undefined) return new Map([...properties, ['broker.id', nodeId]]);
  if (nodeId === undefined && brokerId !== undefined) return new Map([...properties, ['node.id', brokerId]]);
  return properties;
}

function checkMode(values: BrokerValues): void {
  if (values.nodeId !== values.brokerId) {
    throw new SettingError('You must set `node.id` to the same value as `broker.id`.');
  }
  if (values.processRoles.length > 0) {
    if (values.controllerQuorumVoters.length === 0) {
      throw new SettingError('If using process.roles, controller.quorum.voters must contain a parseable set of voters.');
    }
    throw new SettingError(
      `Invalid value ${values.processRoles.join(',')} for configuration process.roles: this broker needs a coordinator; leave process.roles out and set zookeeper.connect`,
    );
  }
  if (values.zookeeperConnect === null) {
    throw new SettingError('Missing required configuration `zookeeper.connect` which has no default value.');
  }
  if (values.brokerIdGenerationEnable) {
    requirement(
      values.brokerId >= -1 && values.brokerId <= values.reservedBrokerMaxId,
      'broker.id must be greater than or equal to -1 and not greater than reserved.broker.max.id',
    );
  } else {
    requirement(values.brokerId >= 0, 'broker.id must be greater than or equal to 0');
  }
}

type Listeners = Pick<BrokerSettings, 'listenerEndPoints' | 'advertisedEndPoints' | 'interBrokerListener'>;

function readListeners(values: BrokerValues, explicit: ReadonlySet<string>): Listeners {
  const protocols = parseSecurityProtocolMap(values.listenerSecurityProtocolMap);
  const interBrokerListener = chooseInterBrokerListener(values, explicit, protocols);
  const listenerEndPoints = parseEndPoints(values.listeners, protocols, { distinctPorts: true });
  const advertisedEndPoints =
    values.advertisedListeners === null
      ? listenerEndPoints
      : parseEndPoints(values.advertisedListeners, protocols, { distinctPorts: false });
  return { listenerEndPoints, advertisedEndPoints, interBrokerListener };
}

function chooseInterBrokerListener(
  values: BrokerValues,
  explicit: ReadonlySet<string>,
  protocols: ReadonlyMap<string, SecurityProtocol>,
): string {
  if (values.interBrokerListenerName === null) return values.securityInterBrokerProtocol;
  if (explicit.has('security.inter.broker.protocol')) {
    throw new SettingError('Only one of inter.broker.listener.name and security.inter.broker.protocol should be set.');
  }
  const name = values.interBrokerListenerName.toUpperCase();
  if (!protocols.has(name)) {
    throw new SettingError(
      `Listener with name ${name} defined in inter.broker.listener.name not found in listener.security.protocol.map.`,
    );
  }
  return name;
}

function readListenerLimits(
  values: BrokerValues,
  endPoints: readonly EndPoint[],
  properties: ReadonlyMap<string, string>,
): Map<string, ListenerLimits> {
  return new Map(
    endPoints.map(({ listenerName }) => {
      const own = (setting: Setting<number>, otherwise: number): number => {
        const text = properties.get(`${listenerPrefix(listenerName)}${setting.name}`);
        return text === undefined ? otherwise : parseSetting(setting, text);
      };
      return [
        listenerName,
        {
          connectionsMax: own(identitySettings.maxConnections, values.maxConnections),
          creationRateMax: own(identitySettings.maxConnectionCreationRate, values.maxConnectionCreationRate),
        },
      ];
    }),
  );
}

function parseIpOverrides(text: string): Map<string, number> {
  const overrides = new Map<string, number>();
  for (const entry of splitList(text)) {
    const at = entry.lastIndexOf(':');
    const text = entry.slice(at + 1).trim();
    if (at > 0 && !/^[+-]?\d+$/.test(text)) throw new FatalError('java.lang.NumberFormatException', `For input string: "${text}"`);
    const count = Number(text);
    if (at < 1 || !Number.isInteger(count) || count < 0) {
      throw new SettingError(
        `Error parsing configuration property 'max.connections.per.ip.overrides': ${entry}, expected address:count`,
      );
    }
    overrides.set(entry.slice(0, at).trim(), count);
  }
  return overrides;
}

function checkLogs(settings: BrokerSettings): void {
  const rollMs = settings.logRollMs ?? settings.logRollHours * 3_600_000;
  requirement(rollMs >= 1, 'log.roll.ms must be greater than or equal to 1');
  requirement((settings.logRollJitterMs ?? 0) >= 0, 'log.roll.jitter.ms must be greater than or equal to 0');
  const retentionMs = settings.logRetentionMs ?? (settings.logRetentionMinutes ?? settings.logRetentionHours * 60) * 60_000;
  // Any negative value stands for "never", so only 0 is refused.
  requirement(retentionMs !== 0, 'log.retention.ms must be unlimited (-1) or, greater than or equal to 1');
  requirement(settings.logDirList.length > 0, 'At least one log directory must be defined via log.dirs or log.dir.');
  requirement(
    settings.logCleanerDedupeBufferSize / settings.logCleanerThreads > 1024 * 1024,
    'log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.',
  );
  requirement(
    settings.replicaFetchWaitMaxMs <= settings.replicaSocketTimeoutMs,
    'replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts',
  );
  requirement(
    settings.replicaFetchWaitMaxMs <= settings.replicaLagTimeMaxMs,
    'replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR',
  );
  requirement(
    settings.offsetsCommitRequiredAcks >= -1 && settings.offsetsCommitRequiredAcks <= settings.offsetsTopicReplicationFactor,
    'offsets.commit.required.acks must be greater or equal -1 and less or equal to offsets.topic.replication.factor',
  );
}

function checkListeners(settings: BrokerSettings): void {
  const names = settings.listenerEndPoints.map((endPoint) => endPoint.listenerName);
  const advertised = settings.advertisedEndPoints.map((endPoint) => endPoint.listenerName);
  requirement(
    settings.controllerListenerNames === null || settings.controllerListenerNames === '',
    `controller.listener.names must be empty when not running in KRaft mode: [${settings.controllerListenerNames ?? ''}]`,
  );
  requirement(advertised.length > 0, 'There must be at least one advertised listener.');
  requirement(
    advertised.includes(settings.interBrokerListener),
    'inter.broker.listener.name must be a listener name defined in advertised.listeners. ' +
      `The valid options based on currently configured listeners are ${advertised.join(',')}`,
  );
  requirement(
    advertised.every((name) => names.includes(name)),
    'advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. ' +
      `Found ${advertised.join(',')}. The valid options based on the current configuration are ${names.join(',')}`,
  );
  requirement(
    !settings.advertisedEndPoints.some((endPoint) => endPoint.host === '0.0.0.0'),
    'advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.',
  );
  for (const { listenerName, securityProtocol } of settings.listenerEndPoints) {
    if (securityProtocol === 'PLAINTEXT') continue;
    throw new SettingError(
      `Listener ${listenerName} asks for ${securityProtocol}, which is not supported yet; only PLAINTEXT listeners can be served`,
    );
  }
}

function checkConnections(settings: BrokerSettings): void {
  requirement(
    settings.queuedMaxRequestBytes <= 0 || settings.queuedMaxRequestBytes >= settings.socketRequestMaxBytes,
    'queued.max.request.bytes must be larger or equal to socket.request.max.bytes',
  );
  requirement(
    settings.maxConnectionsPerIp > 0 || settings.maxConnectionsByIp.size > 0,
    'max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.',
  );
  requirement(
    settings.connectionsMaxIdleMs < 0 || settings.connectionFailedAuthenticationDelayMs < settings.connectionsMaxIdleMs,
    `connection.failed.authentication.delay.ms=${settings.connectionFailedAuthenticationDelayMs} should always be less than ` +
      `connections.max.idle.ms=${settings.connectionsMaxIdleMs} to prevent failed authentication responses from timing out`,
  );
}

function remarks(
  loaded: LoadedSettings<typeof brokerSettingTable>,
  properties: ReadonlyMap<string, string>,
): Pick<LoadedBrokerSettings, 'warnings' | 'inapplicable'> {
  const inapplicable = [...properties.keys()].filter((key) => brokerSettingsByName.get(key)?.status === 'inapplicable');
  const warnings = loaded.warnings.filter((warning) => !inapplicable.some((key) => warning.startsWith(`${key} `)));
  return { warnings, inapplicable };
}
