/**
 * The certificates of a PKCS #12 file (RFC 7292) that holds no key: a trust store as keytool makes it, which Node doesn't read. They are
 * plain, or encrypted by PBES2 with AES as every tool of this decade does it.
 *
 *     PFX → AuthenticatedSafe → each: Data or EncryptedData → SafeContents → CertBag → the certificate
 */
import { createDecipheriv, pbkdf2Sync } from 'node:crypto';
import type { DerValue } from './der.ts';
import { childOf, childrenOf, DerError, DerTag, readDer, readOid } from './der.ts';

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const CERT_BAG = '1.2.840.113549.1.12.10.1.3';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const HASHES: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
const CIPHERS: Readonly<Record<string, { name: string; keySize: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keySize: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keySize: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keySize: 32 },
};
/** Of keytool 10,000; a file that asks for hours of work is refused. */
const ITERATIONS_MAX = 10_000_000;

export class Pkcs12Error extends Error {
  override readonly name = 'Pkcs12Error';
}

/** The certificates, as DER. Throws `Pkcs12Error`. */
export function readPkcs12Certificates(file: Buffer, password: string): Buffer[] {
  try {
    const safes = readDer(contentOf(childOf(readDer(file), 1), DATA).content);
    return childrenOf(safes).flatMap((safe) => certificatesOf(readDer(openSafe(safe, password))));
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new Pkcs12Error(`it is damaged: ${error.message}`, { cause: error });
  }
}

/** What a ContentInfo of type `type` contains. */
function contentOf(info: DerValue, type: string): DerValue {
  const found = readOid(childOf(info, 0));
  if (found !== type) throw new Pkcs12Error(`content of type ${found} where ${type} belongs`);
  return childOf(childOf(info, 1), 0);
}

function openSafe(safe: DerValue, password: string): Buffer {
  if (readOid(childOf(safe, 0)) === DATA) return contentOf(safe, DATA).content;
  const encrypted = childOf(contentOf(safe, ENCRYPTED_DATA), 1);
  return decrypt(childOf(encrypted, 1), childOf(encrypted, 2).content, password);
}

function decrypt(algorithm: DerValue, bytes: Buffer, password: string): Buffer {
  const method = readOid(childOf(algorithm, 0));
  if (method !== PBES2) {
    throw new Pkcs12Error(`it is encrypted the way of old programs (${method}); write it anew with a current keytool or openssl`);
  }
  const derivation = childOf(childOf(algorithm, 1), 0);
  const scheme = childOf(childOf(algorithm, 1), 1);
  const cipher = CIPHERS[readOid(childOf(scheme, 0))];
  if (readOid(childOf(derivation, 0)) !== PBKDF2 || cipher === undefined) throw new Pkcs12Error('it is encrypted with something other than PBKDF2 and AES');
  const parameters = childOf(derivation, 1);
  const salt = childOf(parameters, 0).content;
  const iterations = Number(`0x${childOf(parameters, 1).content.toString('hex')}`);
  if (!(iterations <= ITERATIONS_MAX)) throw new Pkcs12Error(`its key takes ${iterations} iterations, ${ITERATIONS_MAX} are the most`);
  const prf = childrenOf(parameters).find(({ tag }) => tag === DerTag.SEQUENCE);
  const hash = prf === undefined ? 'sha1' : HASHES[readOid(childOf(prf, 0))];
  if (hash === undefined) throw new Pkcs12Error('its key is made with an unknown hash');
  const key = pbkdf2Sync(password, salt, iterations, cipher.keySize, hash);
  try {
    const decipher = createDecipheriv(cipher.name, key, childOf(scheme, 1).content);
    return Buffer.concat([decipher.update(bytes), decipher.final()]);
  } catch (cause) {
    throw new Pkcs12Error('it does not open with this password', { cause });
  }
}

function certificatesOf(safeContents: DerValue): Buffer[] {
  const certificates: Buffer[] = [];
  for (const bag of childrenOf(safeContents)) {
    if (readOid(childOf(bag, 0)) !== CERT_BAG) continue;
    const certBag = childOf(childOf(bag, 1), 0);
    if (readOid(childOf(certBag, 0)) === X509_CERTIFICATE) certificates.push(childOf(childOf(certBag, 1), 0).content);
  }
  return certificates;
}
