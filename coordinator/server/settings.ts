/**
 * The keys of zoo.cfg (and Kafka's zookeeper.properties) with their defaults in 3.8, and what follows from them. Keys that
 * nobody declared become system properties `zookeeper.<key>` in the original; here they are accepted with one line each.
 */
import { join, resolve } from 'node:path';
import type { SettingValues } from '../../shared/settings/load.ts';
import { loadSettings } from '../../shared/settings/load.ts';
import type { Setting, SettingType, SettingValue, Validator } from '../../shared/settings/schema.ts';
import { atLeast, between, invalidValue, oneOf, SettingError } from '../../shared/settings/schema.ts';
import type { EnsembleSettings } from './ensemble-settings.ts';
import { loadEnsemble } from './ensemble-settings.ts';
import { readJaasUsers } from './jaas.ts';
import type { ClientAddress } from './quorum-config.ts';
import { parseQuorumConfig, SERVER_ID_MAX, splitConfigKeys } from './quorum-config.ts';
import { explainKey } from './settings-without-effect.ts';
import { THROTTLE_ALIASES, THROTTLE_SETTINGS } from './throttle-settings.ts';
import type { ServerTls } from './tls-settings.ts';
import { loadTls, TLS_ALIASES, TLS_SETTINGS } from './tls-settings.ts';

const setting = <T extends SettingValue>(
  name: string,
  type: SettingType,
  defaultValue: T,
  doc: string,
  more: { validator?: Validator; required?: boolean } = {},
): Setting<T> => ({ name, type, default: defaultValue, doc, ...more });

/** Understood and checked, but without effect so far. */
const planned = <T extends SettingValue>(
  name: string,
  type: SettingType,
  defaultValue: T,
  doc: string,
  validator?: Validator,
): Setting<T> => ({ name, type, default: defaultValue, doc, status: 'planned', ...(validator === undefined ? {} : { validator }) });

/** A matter of the JVM or of a file format that we don't have. */
const inapplicable = (name: string, type: SettingType, defaultValue: SettingValue, doc: string): Setting => ({
  name,
  type,
  default: defaultValue,
  doc,
  status: 'inapplicable',
});

const PORT = between(0, 65535);
const yesNo = oneOf('yes', 'no');

const SETTINGS = {
  dataDir: setting<string>('dataDir', 'string', '', 'Folder of the snapshots, and of the log unless dataLogDir is set.', { required: true }),
  dataLogDir: setting<string | null>('dataLogDir', 'string', null, 'Folder of the transaction log; a disk of its own helps.'),
  clientPort: setting<number>('clientPort', 'int', 2181, 'The port for clients; 0 picks a free one. In an ensemble the server.N line may have it instead.', { validator: PORT }),
  clientPortAddress: setting<string | null>('clientPortAddress', 'string', null, 'The address to listen at; all when unset.'),
  clientPortListenBacklog: setting<number>('clientPortListenBacklog', 'int', -1, 'Connections that may wait to be accepted; -1 leaves it to the system.', { validator: atLeast(-1) }),
  clientTcpKeepAlive: setting<boolean>('clientTcpKeepAlive', 'boolean', false, 'The system probes client connections that are silent.'),
  tickTime: setting<number>('tickTime', 'int', 3000, 'The unit of time in ms: session expiry, heartbeats.', { validator: atLeast(1) }),
  minSessionTimeout: setting<number>('minSessionTimeout', 'int', -1, 'Lower bound of session timeouts in ms; -1 means 2 ticks.', { validator: atLeast(-1) }),
  maxSessionTimeout: setting<number>('maxSessionTimeout', 'int', -1, 'Upper bound of session timeouts in ms; -1 means 20 ticks.', { validator: atLeast(-1) }),
  maxClientCnxns: setting<number>('maxClientCnxns', 'int', 60, 'Connections from one address; 0 means no limit.', { validator: atLeast(0) }),
  sessionlessCnxnTimeout: setting<number>('nio.sessionlessCnxnTimeout', 'int', 10000, 'Time in ms in which a connection has to say what it is.', { validator: atLeast(1) }),
  maxCnxns: setting<number>('maxCnxns', 'int', 0, 'Connections in all; 0 means no limit.', { validator: atLeast(0) }),
  fourLetterWords: setting<readonly string[]>('4lw.commands.whitelist', 'list', ['srvr'], 'Four-letter words that are answered; * allows all.'),
  allowedOrigins: setting<readonly string[]>('websocket.allowedOrigins', 'list', [], 'Web pages that may connect besides those of this host: https://dash.example, null, or * for all.'),
  globalOutstandingLimit: setting<number>('globalOutstandingLimit', 'int', 1000, 'Requests in flight beyond which clients are no longer read.', { validator: atLeast(1) }),
  snapCount: setting<number>('snapCount', 'int', 100000, 'Transactions after which a snapshot is taken (at random between half and all).', { validator: atLeast(2) }),
  snapRetainCount: setting<number>('autopurge.snapRetainCount', 'int', 3, 'Snapshots that are kept.', { validator: atLeast(3) }),
  purgeInterval: inapplicable('autopurge.purgeInterval', 'int', 0, 'All but autopurge.snapRetainCount snapshots, and what they cover of the log, are removed after each snapshot.'),
  forceSync: setting<string>('forceSync', 'string', 'yes', 'no answers before the disk has it: a power cut loses acknowledged writes.', { validator: yesNo }),
  juteMaxBuffer: setting<number>('jute.maxbuffer', 'int', 0xfffff, 'Bytes of one request at most.', { validator: between(1, 0x3fff_ffff) }),
  enforceQuota: setting<boolean>('enforceQuota', 'boolean', false, 'Hard quotas refuse writes, soft ones are logged when exceeded.'),
  extendedTypesEnabled: setting<boolean>('extendedTypesEnabled', 'boolean', false, 'Allows znodes with a time to live.'),
  skipAcl: setting<string>('skipACL', 'string', 'no', 'yes skips all access checks.', { validator: yesNo }),
  superDigest: setting<string | null>('DigestAuthenticationProvider.superDigest', 'string', null, 'super:<digest>: who proves it may do anything.'),
  digestEnabledForAuth: setting<boolean>('DigestAuthenticationProvider.enabled', 'boolean', true, 'false: there is no digest scheme.'),
  jaasFile: setting<string | null>('java.security.auth.login.config', 'string', null, 'File of names and passwords for SASL.'),
  saslSection: setting<string>('sasl.serverconfig', 'string', 'Server', 'Its section for this server.'),
  superUser: setting<string | null>('superUser', 'string', null, 'The SASL identity that may do anything; superUser.1 … name more.'),
  letAnySaslUserDoX: setting<string | null>('letAnySaslUserDoX', 'string', null, 'What an access list grants to this SASL name, it grants to every SASL identity.'),
  ensembleAuthName: setting<readonly string[]>('ensembleAuthName', 'list', [], 'Names of this ensemble: a client that expects another one (scheme "ensemble") is sent away.'),
  allowSaslFailedClients: setting<boolean>('allowSaslFailedClients', 'boolean', false, 'Whoever fails at SASL stays connected, without the identity.'),
  sessionRequireClientSasl: setting<boolean>('sessionRequireClientSASLAuth', 'boolean', false, 'Requests count only after SASL.'),
  enforceAuthEnabled: setting<boolean>('enforce.auth.enabled', 'boolean', false, 'Requests count only after one of enforce.auth.schemes.'),
  enforceAuthSchemes: setting<readonly string[]>('enforce.auth.schemes', 'list', [], 'Schemes of which a client must have an identity.'),
  digestAlg: setting<string>('DigestAuthenticationProvider.digestAlg', 'string', 'SHA1', 'Hash of the digest scheme.', { validator: oneOf('SHA1', 'SHA256', 'SHA512', 'SHA3-256') }),
  containerCheckIntervalMs: setting<number>('znode.container.checkIntervalMs', 'int', 60000, 'How often empty containers and outlived TTL znodes are removed.', { validator: atLeast(1) }),
  containerMaxPerMinute: setting<number>('znode.container.maxPerMinute', 'int', 10000, 'Containers and TTL znodes removed per minute at most.', { validator: atLeast(1) }),
  containerMaxNeverUsedIntervalMs: setting<number>('znode.container.maxNeverUsedIntervalMs', 'long', 0, 'Age at which a container that never had a child is removed; 0 never.', { validator: atLeast(0) }),

  myId: setting<number | null>('myid', 'int', null, 'Of an ensemble: written to dataDir/myid where that file is missing.', { validator: between(0, SERVER_ID_MAX) }),
  initLimit: setting<number>('initLimit', 'int', 10, 'Ticks in which a member must have synchronized.', { validator: atLeast(1) }),
  syncLimit: setting<number>('syncLimit', 'int', 5, 'Ticks after which a silent member is dropped.', { validator: atLeast(1) }),
  connectToLearnerMasterLimit: inapplicable('connectToLearnerMasterLimit', 'int', 0, 'Members keep links to all others: a leader need not be reached first.'),
  peerType: setting<string>('peerType', 'string', 'participant', 'participant or observer.', { validator: oneOf('participant', 'observer') }),
  standaloneEnabled: setting<boolean>('standaloneEnabled', 'boolean', true, 'One server alone is no ensemble.'),
  reconfigEnabled: setting<boolean>('reconfigEnabled', 'boolean', false, 'Allows dynamic reconfiguration.'),
  dynamicConfigFile: setting<string | null>('dynamicConfigFile', 'string', null, 'The file of the dynamic configuration.'),
  skipReconfigAcl: setting<string>('skipReconfigACL', 'string', 'no', 'yes skips the access check of reconfig.', { validator: yesNo }),
  electionAlg: setting<number>('electionAlg', 'int', 3, 'The election algorithm: only 3 exists.', { validator: between(3, 3) }),
  electionPortBindRetry: inapplicable('electionPortBindRetry', 'int', 3, 'Elections travel over the quorum port.'),
  quorumListenOnAllIps: setting<boolean>('quorumListenOnAllIPs', 'boolean', false, 'Listens for peers at all addresses.'),
  localSessionsEnabled: setting<boolean>('localSessionsEnabled', 'boolean', false, 'Sessions known to one server only.'),
  localSessionsUpgradingEnabled: setting<boolean>('localSessionsUpgradingEnabled', 'boolean', false, 'Makes local sessions global for ephemerals.'),
  syncEnabled: planned<boolean>('syncEnabled', 'boolean', true, 'Observers write logs too.'),
  observerMasterPort: planned<number>('observerMasterPort', 'int', 0, 'Where followers serve observers.', PORT),
  commitLogCount: setting<number>('commitLogCount', 'int', 500, 'Transactions a leader keeps for followers that return.', { validator: atLeast(1) }),
  leaderServes: setting<string>('leaderServes', 'string', 'yes', 'no: the leader takes no clients.', { validator: yesNo }),
  cnxTimeout: setting<number>('cnxTimeout', 'int', 5, 'Seconds to wait for a connection to a peer.', { validator: atLeast(1) }),
  readonlyModeEnabled: setting<boolean>('readonlymode.enabled', 'boolean', false, 'Serves reads without a quorum.'),
  multiAddressEnabled: planned<boolean>('multiAddress.enabled', 'boolean', false, 'Several addresses per member.'),
  multiAddressCheckEnabled: planned<boolean>('multiAddress.reachabilityCheckEnabled', 'boolean', true, 'Checks which address is reachable.'),
  quorumSasl: planned<boolean>('quorum.auth.enableSasl', 'boolean', false, 'Members authenticate to each other.'),
  quorumServerSasl: planned<boolean>('quorum.auth.serverRequireSasl', 'boolean', false, 'Members refuse others.'),
  quorumLearnerSasl: planned<boolean>('quorum.auth.learnerRequireSasl', 'boolean', false, 'Learners refuse others.'),
  ...THROTTLE_SETTINGS,
  sslQuorum: planned<boolean>('sslQuorum', 'boolean', false, 'TLS between members.'),
  portUnification: planned<boolean>('portUnification', 'boolean', false, 'TLS and plain between members on one port.'),
  ...TLS_SETTINGS,
  adminEnableServer: setting<boolean>('admin.enableServer', 'boolean', true, 'The AdminServer: commands over HTTP.'),
  adminServerPort: setting<number>('admin.serverPort', 'int', 8080, 'Its port; 0 picks a free one.', { validator: PORT }),
  adminServerAddress: setting<string>('admin.serverAddress', 'string', '0.0.0.0', 'Its address.'),
  adminCommandUrl: setting<string>('admin.commandURL', 'string', '/commands', 'Its path.'),
  adminIdleTimeout: setting<number>('admin.idleTimeout', 'int', 30000, 'Its idle timeout in ms.', { validator: atLeast(0) }),
  metricsProvider: setting<string | null>('metricsProvider.className', 'class', null, 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider serves metrics over HTTP.'),
  metricsHost: setting<string>('metricsProvider.httpHost', 'string', '0.0.0.0', 'Address of the metrics.'),
  metricsPort: setting<number>('metricsProvider.httpPort', 'int', 7000, 'Port of the metrics; 0 picks a free one.', { validator: PORT }),
  metricsJvm: setting<boolean>('metricsProvider.exportJvmInfo', 'boolean', true, 'Metrics of the process beside those of the server.'),

  preAllocSize: inapplicable('preAllocSize', 'long', 65536, 'SQLite reuses its write-ahead log instead of preallocating.'),
  snapSizeLimitInKb: inapplicable('snapSizeLimitInKb', 'long', 4194304, 'Snapshots are taken by count.'),
  txnLogSizeLimitInKb: inapplicable('txnLogSizeLimitInKb', 'long', -1, 'The log is one SQLite file.'),
  fsyncWarningThresholdMs: inapplicable('fsync.warningthresholdms', 'long', 1000, 'Commits are made by a thread of their own.'),
  emulate353TtlNodes: inapplicable('emulate353TTLNodes', 'boolean', false, 'There are no znodes of 3.5.3 to read.'),
  serverCnxnFactory: inapplicable('serverCnxnFactory', 'class', null, 'There is one network layer.'),
  nioSelectorThreads: inapplicable('nio.numSelectorThreads', 'int', null, 'One event loop serves all connections.'),
  nioWorkerThreads: inapplicable('nio.numWorkerThreads', 'int', null, 'One event loop serves all connections.'),
  watchManagerName: inapplicable('watchManagerName', 'class', null, 'There is one watch table.'),
  digestEnabled: inapplicable('digest.enabled', 'boolean', true, 'Batches and snapshots carry CRCs.'),
  snapshotCompression: inapplicable('snapshot.compression.method', 'string', '', 'Snapshots are not compressed.'),
} as const;

/** What the server works with: the values, and what follows from several of them. */
export interface ServerSettings extends SettingValues<typeof SETTINGS> {
  minSessionTimeoutMs: number;
  maxSessionTimeoutMs: number;
  /** `<dataDir>/version-2`, where snapshots lie. */
  snapDir: string;
  /** `<dataLogDir>/version-2`, where the log lies. */
  logDir: string;
  /** Schemes that an access list may name besides `world`. */
  authProviders: ReadonlySet<string>;
  /** The file itself asks for the AdminServer: one that can't be had is an error then. */
  adminAskedFor: boolean;
  /** Name to password for SASL; null where that was not set up. */
  saslUsers: ReadonlyMap<string, string> | null;
  /** SASL identities that may do anything. */
  superUsers: ReadonlySet<string>;
  /** Every client must have an identity of one of these; empty: needn't. */
  enforcedSchemes: readonly string[];
  /** Null: no TLS. */
  tls: ServerTls | null;
  /** There is a port without TLS: not where only secureClientPort was set. */
  servesPlain: boolean;
  /** What the properties said, for those who ask; passwords are left out. */
  initialConfig: string;
  /** Of this server in its ensemble; 0 alone. */
  serverId: number;
  /** Null: this server runs alone. */
  ensemble: EnsembleSettings | null;
}

export interface LoadedServerSettings {
  settings: ServerSettings;
  /** One line for each key that doesn't do what one might expect. */
  warnings: readonly string[];
}

/** Reads the properties of a zoo.cfg. Throws `SettingError` with key, value and what is allowed. */
export function loadServerSettings(given: ReadonlyMap<string, string>): LoadedServerSettings {
  // A system property of the original may stand in the file under its full name.
  const properties = new Map<string, string>();
  for (const [full, value] of given) {
    const key = full.startsWith('zookeeper.') ? full.slice('zookeeper.'.length) : full;
    properties.set(TLS_ALIASES.get(key) ?? THROTTLE_ALIASES.get(key) ?? key, value);
  }
  const { values, warnings, unknownKeys, explicit } = loadSettings(SETTINGS, properties);
  if (values.dataDir === '') throw invalidValue('dataDir', '', 'String must be non-empty');
  const minSessionTimeoutMs = values.minSessionTimeout === -1 ? values.tickTime * 2 : values.minSessionTimeout;
  const maxSessionTimeoutMs = values.maxSessionTimeout === -1 ? values.tickTime * 20 : values.maxSessionTimeout;
  if (minSessionTimeoutMs > maxSessionTimeoutMs) {
    throw invalidValue('minSessionTimeout', minSessionTimeoutMs, `Value must be no more than maxSessionTimeout, which is ${maxSessionTimeoutMs}`);
  }
  const tls = loadTls(values);
  const authProviders = authProvidersOf(values.digestEnabledForAuth, tls !== null && tls.clientAuth !== 'none', properties);
  const saslUsers = values.jaasFile === null ? null : readJaasUsers(values.jaasFile, values.saslSection);
  const saslWarnings: string[] =
    values.jaasFile === null || saslUsers !== null
      ? []
      : [`There is no section '${values.saslSection}' in '${values.jaasFile}': no SASL here (zookeeper.sasl.serverconfig names another section)`];
  const enforcedSchemes = enforcedSchemesOf(values, authProviders);
  if (values.sessionRequireClientSasl && saslUsers === null) saslWarnings.push('sessionRequireClientSASLAuth is set and SASL is not: no client will be served');
  const { ensemble, warnings: ensembleWarnings } = loadEnsemble(properties, {
    dataDir: resolve(values.dataDir),
    dynamicConfigFile: values.dynamicConfigFile,
    standaloneEnabled: values.standaloneEnabled,
    electionAlg: values.electionAlg,
    peerType: values.peerType,
    peerTypeSet: explicit.has('peerType'),
    myId: values.myId,
  });
  const { quorum } = splitConfigKeys(properties);
  const unknown = unknownKeys
    .filter((key) => !quorum.has(key) && !isAuthProvider(key, properties.get(key)!) && !key.startsWith('superUser.'))
    .map(explainKey);
  return {
    settings: {
      ...values,
      ...clientAddressOf(values, explicit, ensemble, quorum),
      minSessionTimeoutMs,
      maxSessionTimeoutMs,
      snapDir: join(resolve(values.dataDir), 'version-2'),
      logDir: join(resolve(values.dataLogDir ?? values.dataDir), 'version-2'),
      authProviders,
      adminAskedFor: values.adminEnableServer && explicit.has('admin.enableServer'),
      saslUsers,
      superUsers: new Set([...properties].filter(([key]) => key === 'superUser' || key.startsWith('superUser.')).map(([, name]) => name)),
      enforcedSchemes,
      tls,
      servesPlain: explicit.has('clientPort') || tls === null || ensemble?.self.client != null,
      // Clients that would be content with a read-only server ask by this word.
      fourLetterWords: values.readonlyModeEnabled ? [...values.fourLetterWords, 'isro'] : values.fourLetterWords,
      initialConfig: [...given].map(([key, value]) => `${key}=${/password/i.test(key) ? '[hidden]' : value}\n`).join(''),
      serverId: ensemble?.myId ?? 0,
      ensemble,
    },
    warnings: [...warnings, ...ensembleWarnings, ...unknown, ...saslWarnings],
  };
}

/** Where this server serves clients: its own keys, or what its server.N line says after the semicolon. Both may say it, not differently. */
function clientAddressOf(
  values: SettingValues<typeof SETTINGS>,
  explicit: ReadonlySet<string>,
  ensemble: EnsembleSettings | null,
  quorumKeys: ReadonlyMap<string, string>,
): { clientPort: number; clientPortAddress: string | null } {
  const { clientPort, clientPortAddress } = values;
  // A server alone may have one server.N line too.
  const client = ensemble?.self.client ?? (ensemble === null ? onlyClientAddress(quorumKeys) : null);
  if (client === null) {
    if (!explicit.has('clientPort') && !explicit.has('secureClientPort')) throw new SettingError('Missing required configuration "clientPort" which has no default value.');
    return { clientPort, clientPortAddress };
  }
  const saysHost = explicit.has('clientPortAddress') && clientPortAddress !== client.host;
  if ((explicit.has('clientPort') && clientPort !== client.port) || saysHost) {
    throw new SettingError(
      `client address for this server in static config file is ${clientPortAddress ?? '0.0.0.0'}:${clientPort}, ` +
        `which is different from client address found in its server.N line: ${client.host}:${client.port}`,
    );
  }
  return { clientPort: client.port, clientPortAddress: client.host === '0.0.0.0' ? null : client.host };
}

function onlyClientAddress(quorumKeys: ReadonlyMap<string, string>): ClientAddress | null {
  const [only, ...others] = parseQuorumConfig(quorumKeys).members.values();
  return only === undefined || others.length > 0 ? null : only.client;
}

/** Classes that `authProvider.<anything>` may name, and the scheme that each one brings. */
const AUTH_PROVIDERS: Readonly<Record<string, string>> = {
  SASLAuthenticationProvider: 'sasl',
  X509AuthenticationProvider: 'x509',
  EnsembleAuthenticationProvider: 'ensemble',
};

function schemeOfProvider(className: string): string | undefined {
  return AUTH_PROVIDERS[className.trim().split('.').at(-1)!];
}

function isAuthProvider(key: string, className: string): boolean {
  return key.startsWith('authProvider.') && schemeOfProvider(className) !== undefined;
}

function authProvidersOf(digest: boolean, certificates: boolean, properties: ReadonlyMap<string, string>): ReadonlySet<string> {
  const schemes = new Set(['ip', ...(digest ? ['digest'] : []), ...(certificates ? ['x509'] : [])]);
  for (const [key, className] of properties) if (isAuthProvider(key, className)) schemes.add(schemeOfProvider(className)!);
  return schemes;
}

/** What `sessionRequireClientSASLAuth` and `enforce.auth.*` come to (`AuthenticationHelper`). */
function enforcedSchemesOf(values: SettingValues<typeof SETTINGS>, providers: ReadonlySet<string>): readonly string[] {
  if (values.sessionRequireClientSasl) return ['sasl'];
  if (!values.enforceAuthEnabled) return [];
  if (values.enforceAuthSchemes.length === 0) throw invalidValue('enforce.auth.enabled', true, 'enforce.auth.schemes must be configured with it');
  for (const scheme of values.enforceAuthSchemes) {
    if (!providers.has(scheme)) throw invalidValue('enforce.auth.schemes', scheme, `Authentication scheme ${scheme} is not available`);
  }
  return values.enforceAuthSchemes;
}
