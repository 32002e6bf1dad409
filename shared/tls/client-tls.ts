/**
 * TLS towards a coordinator, for programs that are configured by properties: `zookeeper.client.secure` and `zookeeper.ssl.*` as
 * ZooKeeper's own client has them, or Kafka's spelling of the same.
 */
import type { ConnectionOptions } from 'node:tls';
import type { SettingValues } from '../settings/load.ts';
import { loadSettings } from '../settings/load.ts';
import type { Setting, SettingType, SettingValue } from '../settings/schema.ts';
import type { StoreFile } from './key-store.ts';
import { readPassword } from './key-store.ts';
import type { TlsConfig } from './tls-options.ts';
import { secureContextOptions } from './tls-options.ts';

export interface ClientTlsConfig extends TlsConfig {
  /** The server's name or address must be in its certificate. */
  readonly hostnameVerification: boolean;
}

/** Throws `SettingError`. */
function clientTlsOptions(config: ClientTlsConfig): ConnectionOptions {
  const context = secureContextOptions(config);
  return config.hostnameVerification ? context : { ...context, checkServerIdentity: () => undefined };
}

const setting = <T extends SettingValue>(name: string, type: SettingType, defaultValue: T, doc: string): Setting<T> => ({ name, type, default: defaultValue, doc });

const SETTINGS = {
  secure: setting<boolean>('zookeeper.client.secure', 'boolean', false, 'Whether the server is spoken to over TLS.'),
  keyStore: setting<string | null>('zookeeper.ssl.keyStore.location', 'string', null, 'File of key and certificate to show: PEM, PKCS12 or JKS.'),
  keyStorePassword: setting<string | null>('zookeeper.ssl.keyStore.password', 'password', null, 'Its password.'),
  keyStorePasswordPath: setting<string | null>('zookeeper.ssl.keyStore.passwordPath', 'string', null, 'File with its password.'),
  keyStoreType: setting<string | null>('zookeeper.ssl.keyStore.type', 'string', null, 'Its format.'),
  trustStore: setting<string | null>('zookeeper.ssl.trustStore.location', 'string', null, 'File of the authorities that vouch for servers; those that Node knows when unset.'),
  trustStorePassword: setting<string | null>('zookeeper.ssl.trustStore.password', 'password', null, 'Its password.'),
  trustStorePasswordPath: setting<string | null>('zookeeper.ssl.trustStore.passwordPath', 'string', null, 'File with its password.'),
  trustStoreType: setting<string | null>('zookeeper.ssl.trustStore.type', 'string', null, 'Its format.'),
  protocol: setting<string | null>('zookeeper.ssl.protocol', 'string', null, 'TLS version.'),
  enabledProtocols: setting<readonly string[]>('zookeeper.ssl.enabledProtocols', 'list', [], 'TLS versions.'),
  cipherSuites: setting<readonly string[]>('zookeeper.ssl.ciphersuites', 'list', [], 'Cipher suites.'),
  hostnameVerification: setting<boolean>('zookeeper.ssl.hostnameVerification', 'boolean', true, "Whether the server's name must be in its certificate."),
  crl: setting<boolean>('zookeeper.ssl.crl', 'boolean', false, 'Whether revoked certificates are refused.'),
  ocsp: setting<boolean>('zookeeper.ssl.ocsp', 'boolean', false, 'Whether certificates are looked up online.'),
} as const;

/** How Kafka spells what ZooKeeper's client has under another name. */
const KAFKA_SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['zookeeper.ssl.client.enable', 'zookeeper.client.secure'],
  ['zookeeper.ssl.keystore.location', 'zookeeper.ssl.keyStore.location'],
  ['zookeeper.ssl.keystore.password', 'zookeeper.ssl.keyStore.password'],
  ['zookeeper.ssl.keystore.type', 'zookeeper.ssl.keyStore.type'],
  ['zookeeper.ssl.truststore.location', 'zookeeper.ssl.trustStore.location'],
  ['zookeeper.ssl.truststore.password', 'zookeeper.ssl.trustStore.password'],
  ['zookeeper.ssl.truststore.type', 'zookeeper.ssl.trustStore.type'],
  ['zookeeper.ssl.enabled.protocols', 'zookeeper.ssl.enabledProtocols'],
  ['zookeeper.ssl.cipher.suites', 'zookeeper.ssl.ciphersuites'],
  ['zookeeper.ssl.crl.enable', 'zookeeper.ssl.crl'],
  ['zookeeper.ssl.ocsp.enable', 'zookeeper.ssl.ocsp'],
]);
const KAFKA_IDENTIFICATION = 'zookeeper.ssl.endpoint.identification.algorithm';

/** What `properties` ask for, in either spelling; null: no TLS. Throws `SettingError`. */
export function loadClientTls(properties: ReadonlyMap<string, string>): ConnectionOptions | null {
  const respelled = new Map([...properties].map(([key, value]) => [KAFKA_SPELLINGS.get(key) ?? key, value]));
  const identification = properties.get(KAFKA_IDENTIFICATION);
  if (identification !== undefined) respelled.set('zookeeper.ssl.hostnameVerification', String(identification.toLowerCase() === 'https'));
  const { values } = loadSettings(SETTINGS, respelled);
  // Messages name a key as it was spelled.
  const spelled = (name: string): string => [...KAFKA_SPELLINGS].find(([kafka, ours]) => ours === name && properties.has(kafka))?.[0] ?? name;
  return values.secure ? clientTlsOptions(configOf(values, spelled)) : null;
}

function configOf(values: SettingValues<typeof SETTINGS>, spelled: (name: string) => string): ClientTlsConfig {
  const store = (key: string, location: string | null, password: string | null, path: string | null, type: string | null): StoreFile | null =>
    location === null ? null : { setting: spelled(`${key}.location`), location, password: readPassword(password, path, `${key}.passwordPath`), type };
  return {
    prefix: 'zookeeper.ssl.',
    keyStore: store('zookeeper.ssl.keyStore', values.keyStore, values.keyStorePassword, values.keyStorePasswordPath, values.keyStoreType),
    trustStore: store('zookeeper.ssl.trustStore', values.trustStore, values.trustStorePassword, values.trustStorePasswordPath, values.trustStoreType),
    protocol: values.protocol,
    enabledProtocols: values.enabledProtocols,
    cipherSuites: values.cipherSuites,
    crl: values.crl,
    ocsp: values.ocsp,
    hostnameVerification: values.hostnameVerification,
  };
}
