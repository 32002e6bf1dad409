/**
 * Key stores and trust stores, the files of Java's `ssl.keyStore.*` and `ssl.trustStore.*`, as what Node's TLS takes: PEM, PKCS #12
 * and Java's own JKS. The content decides what a file is, as Java lets it: keytool has been writing PKCS #12 into `.jks` files since
 * Java 9.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import { createSecureContext } from 'node:tls';
import { SettingError } from '../settings/schema.ts';
import type { JksStore } from './jks.ts';
import { isJks, JksError, readJks } from './jks.ts';
import { Pkcs12Error, readPkcs12Certificates } from './pkcs12-certificates.ts';

export interface StoreFile {
  /** The setting that names the file, for messages: `ssl.keyStore.location`. */
  readonly setting: string;
  readonly location: string;
  readonly password: string;
  /** JKS, PEM, PKCS12, BCFKS; null: unsaid. */
  readonly type: string | null;
}

type Format = 'PEM' | 'PKCS12' | 'JKS';

const TYPES: ReadonlySet<string> = new Set(['JKS', 'PEM', 'PKCS12', 'BCFKS']);
const DER_SEQUENCE = 0x30;
const PEM_CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g;
const PEM_REVOCATIONS = /-----BEGIN X509 CRL-----[\s\S]*?-----END X509 CRL-----/g;

/** Key and certificate chain to show. Throws `SettingError`. */
export function readKeyStore(store: StoreFile): SecureContextOptions {
  const { bytes, format } = readStore(store);
  const options = format === 'JKS' ? jksKey(store, bytes) : keyOptions(format, bytes, store.password);
  try {
    createSecureContext(options);
  } catch (error) {
    throw refusal(store, `no key and certificate can be read from it (${(error as Error).message}): is the password right?`);
  }
  return options;
}

function keyOptions(format: 'PEM' | 'PKCS12', bytes: Buffer, password: string): SecureContextOptions {
  if (format === 'PKCS12') return { pfx: bytes, passphrase: password };
  return { key: bytes, cert: bytes, ...(password === '' ? {} : { passphrase: password }) };
}

/** The first key of a JKS file, as Java's default key manager takes it. */
function jksKey(store: StoreFile, bytes: Buffer): SecureContextOptions {
  const [first] = openJks(store, bytes).keys;
  if (first === undefined) throw refusal(store, 'it has no key in it');
  return {
    key: createPrivateKey({ key: first.key, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }),
    cert: first.chain.map((der) => new X509Certificate(der).toString()).join(''),
  };
}

function openJks(store: StoreFile, bytes: Buffer): JksStore {
  try {
    return readJks(bytes, store.password);
  } catch (error) {
    if (!(error instanceof JksError)) throw error;
    throw refusal(store, error.message);
  }
}

export interface TrustStore {
  /** PEM or DER, one each. */
  readonly ca: readonly (string | Buffer)[];
  /** Lists of revoked certificates (PEM); those come in PEM files only. */
  readonly crl: readonly string[];
}

/** Authorities to trust. Throws `SettingError`. */
export function readTrustStore(store: StoreFile): TrustStore {
  const { bytes, format } = readStore(store);
  if (format === 'PEM') {
    const text = bytes.toString('latin1');
    const ca = text.match(PEM_CERTIFICATE) ?? [];
    if (ca.length === 0) throw refusal(store, 'it has no certificate in it');
    return { ca, crl: text.match(PEM_REVOCATIONS) ?? [] };
  }
  if (format === 'JKS') {
    const ca = openJks(store, bytes).certificates.map((der) => new X509Certificate(der).toString());
    if (ca.length === 0) throw refusal(store, 'it has no certificate in it');
    return { ca, crl: [] };
  }
  try {
    const ca = readPkcs12Certificates(bytes, store.password).map((der) => new X509Certificate(der).toString());
    if (ca.length === 0) throw new Pkcs12Error('it has no certificate in it');
    return { ca, crl: [] };
  } catch (error) {
    if (!(error instanceof Pkcs12Error)) throw error;
    throw refusal(store, error.message);
  }
}

function readStore(store: StoreFile): { bytes: Buffer; format: Format } {
  if (store.type !== null && !TYPES.has(store.type.toUpperCase())) {
    throw new SettingError(`Invalid value ${store.type} for configuration ${store.setting.replace(/[^.]+$/, 'type')}: expected one of ${[...TYPES].join(', ')}`);
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(store.location);
  } catch (error) {
    throw refusal(store, (error as Error).message);
  }
  if (isJks(bytes)) return { bytes, format: 'JKS' };
  if (store.type?.toUpperCase() === 'BCFKS') throw refusal(store, 'BCFKS is a format of the Bouncy Castle library; expected PEM, PKCS12 or JKS');
  if (bytes[0] === DER_SEQUENCE) return { bytes, format: 'PKCS12' };
  if (bytes.includes('-----BEGIN ')) return { bytes, format: 'PEM' };
  throw refusal(store, 'it is neither PEM nor PKCS12 nor JKS');
}

function refusal({ setting, location }: StoreFile, why: string): SettingError {
  return new SettingError(`Invalid value ${location} for configuration ${setting}: ${why}`);
}

/** The password of a store: that of the file `path` wins, as in the original. Throws `SettingError`. */
export function readPassword(password: string | null, path: string | null, setting: string): string {
  if (path === null || path === '') return password ?? '';
  try {
    return readFileSync(path, 'utf8').replace(/[\r\n]+$/, '');
  } catch (error) {
    throw new SettingError(`Invalid value ${path} for configuration ${setting}: ${(error as Error).message}`);
  }
}
