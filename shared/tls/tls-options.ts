/**
 * From the `ssl.*` keys of ZooKeeper (and Kafka's `zookeeper.ssl.*`) to what Node's TLS takes: stores, protocol versions, and cipher
 * suites by Java's names or OpenSSL's. What Node can't do is refused rather than passed over: nobody should believe to be protected.
 */
import type { SecureContextOptions, SecureVersion } from 'node:tls';
import { getCiphers } from 'node:tls';
import { SettingError } from '../settings/schema.ts';
import type { StoreFile } from './key-store.ts';
import { readKeyStore, readTrustStore } from './key-store.ts';

export interface TlsConfig {
  /** What the keys begin with, for messages: `ssl.`. */
  readonly prefix: string;
  readonly keyStore: StoreFile | null;
  readonly trustStore: StoreFile | null;
  /** `TLSv1.2`: the one, unless `enabledProtocols` says more. */
  readonly protocol: string | null;
  readonly enabledProtocols: readonly string[];
  readonly cipherSuites: readonly string[];
  readonly crl: boolean;
  readonly ocsp: boolean;
}

const VERSIONS: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
/** Java's names for "what is usual". */
const GENERIC: ReadonlySet<string> = new Set(['TLS', 'SSL', 'DEFAULT']);

/** Throws `SettingError`, naming key and value. */
export function secureContextOptions(config: TlsConfig): SecureContextOptions {
  if (config.ocsp) throw new SettingError(`Invalid value true for configuration ${config.prefix}ocsp: certificates are not looked up online here; ${config.prefix}crl with lists in the trust store does it`);
  const options: SecureContextOptions = { ...versions(config), ...(config.keyStore === null ? {} : readKeyStore(config.keyStore)) };
  if (config.cipherSuites.length > 0) options.ciphers = config.cipherSuites.map((name) => openSslName(config, name)).join(':');
  if (config.trustStore !== null) {
    const { ca, crl } = readTrustStore(config.trustStore);
    options.ca = [...ca];
    if (config.crl) {
      if (crl.length === 0) {
        throw new SettingError(
          `Invalid value true for configuration ${config.prefix}crl: ${config.trustStore.location} has no list of revoked certificates; ` +
            'put one of each authority beside its certificate (PEM, "BEGIN X509 CRL"): lists are not fetched from where certificates say',
        );
      }
      options.crl = [...crl];
    }
  }
  return options;
}

/** The least and the greatest of those that are asked for: TLS 1.2 and 1.3 if nobody says. */
function versions({ prefix, protocol, enabledProtocols }: TlsConfig): SecureContextOptions {
  const key = enabledProtocols.length > 0 ? `${prefix}enabledProtocols` : `${prefix}protocol`;
  const asked = (enabledProtocols.length > 0 ? enabledProtocols : protocol === null ? [] : [protocol]).filter((name) => !GENERIC.has(name.toUpperCase()));
  const indexes = asked.map((name) => {
    const index = VERSIONS.indexOf(name as SecureVersion);
    if (index < 0) throw new SettingError(`Invalid value ${name} for configuration ${key}: expected one of ${VERSIONS.join(', ')}`);
    return index;
  });
  if (indexes.length === 0) return { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' };
  return { minVersion: VERSIONS[Math.min(...indexes)]!, maxVersion: VERSIONS[Math.max(...indexes)]! };
}

/** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` is `ECDHE-RSA-AES128-GCM-SHA256` there; those of TLS 1.3 have one name. */
function openSslName({ prefix }: TlsConfig, name: string): string {
  const known = getCiphers();
  const candidate = name
    .replace(/^(?:TLS|SSL)_(.+)_WITH_(.+)$/, (_all, exchange: string, cipher: string) => `${exchange === 'RSA' ? '' : `${exchange}-`}${cipher}`)
    .replace(/AES_(\d+)_CBC_/, 'AES$1-')
    .replace(/AES_(\d+)_/, 'AES$1-')
    .replace('CHACHA20_POLY1305_SHA256', 'CHACHA20-POLY1305');
  const openSsl = name.startsWith('TLS_') && !name.includes('_WITH_') ? name : candidate.replaceAll('_', '-');
  if (!known.includes(openSsl.toLowerCase())) {
    throw new SettingError(`Invalid value ${name} for configuration ${prefix}ciphersuites: this Node has no such cipher suite; node -p "tls.getCiphers()" lists those it has`);
  }
  return openSsl;
}
