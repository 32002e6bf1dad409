/** TLS for clients: the `ssl.*` keys of the administrator's guide, and what they come to. */
import type { SecureContextOptions } from 'node:tls';
import type { SettingValues } from '../../shared/settings/load.ts';
import { atLeast, between, invalidValue, SettingError } from '../../shared/settings/schema.ts';
import type { StoreFile } from '../../shared/tls/key-store.ts';
import { readPassword } from '../../shared/tls/key-store.ts';
import type { TlsConfig } from '../../shared/tls/tls-options.ts';
import { secureContextOptions } from '../../shared/tls/tls-options.ts';
import type { ClientAuth } from '../net/tls-door.ts';
import { setting } from './declare-setting.ts';

export const TLS_SETTINGS = {
  secureClientPort: setting<number | null>('secureClientPort', 'int', null, 'The port for TLS clients; 0 picks a free one.', { validator: between(0, 65535) }),
  secureClientPortAddress: setting<string | null>('secureClientPortAddress', 'string', null, 'The address to listen at for them; all when unset.'),
  clientPortUnification: setting<boolean>('client.portUnification', 'boolean', false, 'TLS clients are taken on clientPort too.'),
  clientCertReload: setting<boolean>('client.certReload', 'boolean', false, 'Stores are read again when their files change.'),
  sslKeyStore: setting<string | null>('ssl.keyStore.location', 'string', null, 'File of key and certificate: PEM, PKCS12 or JKS.'),
  sslKeyStorePassword: setting<string | null>('ssl.keyStore.password', 'password', null, 'Its password.'),
  sslKeyStorePasswordPath: setting<string | null>('ssl.keyStore.passwordPath', 'string', null, 'File with its password; wins over the password.'),
  sslKeyStoreType: setting<string | null>('ssl.keyStore.type', 'string', null, 'PEM, PKCS12 or JKS; by the content when unset.'),
  sslTrustStore: setting<string | null>('ssl.trustStore.location', 'string', null, 'File of the authorities that vouch for clients.'),
  sslTrustStorePassword: setting<string | null>('ssl.trustStore.password', 'password', null, 'Its password.'),
  sslTrustStorePasswordPath: setting<string | null>('ssl.trustStore.passwordPath', 'string', null, 'File with its password; wins over the password.'),
  sslTrustStoreType: setting<string | null>('ssl.trustStore.type', 'string', null, 'PEM, PKCS12 or JKS; by the content when unset.'),
  sslClientAuth: setting<string>('ssl.clientAuth', 'string', 'need', 'Whether clients show certificates: none, want, need.'),
  sslProtocol: setting<string | null>('ssl.protocol', 'string', null, 'TLS version; TLSv1.2 and TLSv1.3 when unset.'),
  sslEnabledProtocols: setting<readonly string[]>('ssl.enabledProtocols', 'list', [], 'TLS versions, where more than one is wanted.'),
  sslCipherSuites: setting<readonly string[]>('ssl.ciphersuites', 'list', [], "Cipher suites, by Java's names or OpenSSL's."),
  sslCrl: setting<boolean>('ssl.crl', 'boolean', false, 'Revoked certificates are refused: the trust store has the lists.'),
  sslOcsp: setting<boolean>('ssl.ocsp', 'boolean', false, 'Certificates are looked up online: refused, it is not done here.'),
  sslHostnameVerification: setting<boolean>('ssl.hostnameVerification', 'boolean', true, "Of a server's certificate, by whoever connects: clients, and members among themselves."),
  sslAuthProvider: setting<string>('ssl.authProvider', 'string', 'x509', 'Who judges certificates: x509 is the only one.'),
  x509SuperUser: setting<string | null>('X509AuthenticationProvider.superUser', 'string', null, 'The subject of a certificate that may do anything.'),
  outstandingHandshakeLimit: setting<number>('netty.server.outstandingHandshake.limit', 'int', -1, 'TLS handshakes at a time; more are refused. -1: no limit.', { validator: atLeast(-1) }),
} as const;

/** Under this name the guide has it too. */
export const TLS_ALIASES: ReadonlyMap<string, string> = new Map([['outstandingHandshake.limit', 'netty.server.outstandingHandshake.limit']]);

export interface ServerTls {
  clientAuth: ClientAuth;
  superUser: string | null;
  handshakesMax: number;
  /** Also on clientPort. */
  unified: boolean;
  /** Reads the stores, once more whenever it is called. Throws `SettingError`. */
  context(): SecureContextOptions;
  /** Files to watch for changes; empty when they needn't be. */
  watched: readonly string[];
}

/** Null where no client asks for TLS. Throws `SettingError` where what is asked for can't be had. */
export function loadTls(values: SettingValues<typeof TLS_SETTINGS>): ServerTls | null {
  if (values.secureClientPort === null && !values.clientPortUnification) return null;
  const why = values.secureClientPort === null ? 'client.portUnification=true' : 'secureClientPort';
  if (values.sslKeyStore === null) throw new SettingError(`Missing required configuration "ssl.keyStore.location": ${why} needs a key and a certificate to show`);
  const clientAuth = values.sslClientAuth.toLowerCase();
  if (clientAuth !== 'none' && clientAuth !== 'want' && clientAuth !== 'need') throw invalidValue('ssl.clientAuth', values.sslClientAuth, 'String must be one of: none, want, need');
  if (clientAuth !== 'none' && values.sslTrustStore === null) {
    throw new SettingError(`Missing required configuration "ssl.trustStore.location": ssl.clientAuth=${clientAuth} needs to know whose certificates to trust (ssl.clientAuth=none asks for none)`);
  }
  if (values.sslAuthProvider !== 'x509') throw invalidValue('ssl.authProvider', values.sslAuthProvider, 'String must be one of: x509');
  const context = (): SecureContextOptions => secureContextOptions(tlsConfigOf(values));
  context();
  return {
    clientAuth,
    superUser: values.x509SuperUser,
    handshakesMax: values.outstandingHandshakeLimit,
    unified: values.clientPortUnification,
    context,
    watched: values.clientCertReload ? [values.sslKeyStore, values.sslTrustStore].filter((file) => file !== null) : [],
  };
}

function tlsConfigOf(values: SettingValues<typeof TLS_SETTINGS>): TlsConfig {
  return {
    prefix: 'ssl.',
    keyStore: store('ssl.keyStore', values.sslKeyStore, values.sslKeyStorePassword, values.sslKeyStorePasswordPath, values.sslKeyStoreType),
    trustStore: store('ssl.trustStore', values.sslTrustStore, values.sslTrustStorePassword, values.sslTrustStorePasswordPath, values.sslTrustStoreType),
    protocol: values.sslProtocol,
    enabledProtocols: values.sslEnabledProtocols,
    cipherSuites: values.sslCipherSuites,
    crl: values.sslCrl,
    ocsp: values.sslOcsp,
  };
}

function store(key: string, location: string | null, password: string | null, passwordPath: string | null, type: string | null): StoreFile | null {
  if (location === null) return null;
  return { setting: `${key}.location`, location, password: readPassword(password, passwordPath, `${key}.passwordPath`), type };
}
