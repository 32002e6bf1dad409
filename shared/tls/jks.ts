/**
 * Java's own old key store format (JKS), which Java 8 wrote and Python's pyjks still does: certificates in the clear, keys under a
 * stream of SHA-1 digests, and one digest over all of it with the password. Big-endian throughout:
 *
 *     FEEDFEED | version 1 or 2 | count | entries | SHA-1(password, "Mighty Aphrodite", all before)
 *     entry: 1 | alias | date u64 | length | protected key | count | certificates        a key with its chain
 *            2 | alias | date u64 | certificate                                          one to trust
 *     certificate: type (version 2) | length | DER         alias, type: length u16 | text
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { childOf, DerError, readDer } from './der.ts';

const MAGIC = 0xfeed_feed;
const WHITENER = 'Mighty Aphrodite';
const PRIVATE_KEY = 1;
const TRUSTED_CERTIFICATE = 2;
const DIGEST_SIZE = 20;
/** Of stores that people make; a count beyond it is damage. */
const CHAIN_MAX = 100;

export class JksError extends Error {
  override readonly name = 'JksError';
}

export interface JksKey {
  /** PKCS #8. */
  readonly key: Buffer;
  /** DER, the key's own certificate first. */
  readonly chain: readonly Buffer[];
}

export interface JksStore {
  readonly keys: readonly JksKey[];
  readonly certificates: readonly Buffer[];
}

export function isJks(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32BE(0) === MAGIC;
}

/** What the store holds; keys have its password. Throws `JksError`. */
export function readJks(bytes: Buffer, password: string): JksStore {
  const secret = Buffer.from(password, 'utf16le').swap16();
  const end = bytes.length - DIGEST_SIZE;
  if (!isJks(bytes) || end < 12) throw new JksError('it is damaged: too short for a JKS file');
  const digest = sha1(secret, Buffer.from(WHITENER), bytes.subarray(0, end));
  if (!timingSafeEqual(digest, bytes.subarray(end))) throw new JksError('it does not open with this password, or is damaged');

  let at = 4;
  const take = (size: number): Buffer => {
    if (size > end - at) throw new JksError(`it is damaged: ${size} bytes at ${at} reach beyond its end`);
    at += size;
    return bytes.subarray(at - size, at);
  };
  const u32 = (): number => take(4).readUInt32BE(0);
  const text = (): string => take(take(2).readUInt16BE(0)).toString();
  const version = u32();
  if (version !== 1 && version !== 2) throw new JksError(`it has version ${version} of the JKS format; expected 1 or 2`);
  const certificate = (): Buffer => {
    const type = version === 1 ? 'X.509' : text();
    if (type !== 'X.509') throw new JksError(`it has a certificate of type ${type}; expected X.509`);
    return take(u32());
  };

  const keys: JksKey[] = [];
  const certificates: Buffer[] = [];
  for (let left = u32(); left > 0; left--) {
    const tag = u32();
    text(); // the alias
    take(8); // the day it came in
    if (tag === TRUSTED_CERTIFICATE) {
      certificates.push(certificate());
    } else if (tag === PRIVATE_KEY) {
      const key = uncover(take(u32()), secret);
      const count = u32();
      if (count > CHAIN_MAX) throw new JksError(`it is damaged: a chain of ${count} certificates`);
      keys.push({ key, chain: Array.from({ length: count }, certificate) });
    } else {
      throw new JksError(`it has an entry of kind ${tag}; expected ${PRIVATE_KEY} or ${TRUSTED_CERTIFICATE}`);
    }
  }
  return { keys, certificates };
}

/** A key out of its EncryptedPrivateKeyInfo: salt, the key under the stream, a digest that tells whether the password is right. */
function uncover(protectedKey: Buffer, secret: Buffer): Buffer {
  let content: Buffer;
  try {
    ({ content } = childOf(readDer(protectedKey), 1));
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new JksError(`it is damaged: ${error.message}`, { cause: error });
  }
  if (content.length < 2 * DIGEST_SIZE) throw new JksError('it is damaged: a key that is too short');
  const key = Buffer.from(content.subarray(DIGEST_SIZE, -DIGEST_SIZE));
  let block: Buffer = content.subarray(0, DIGEST_SIZE);
  for (let at = 0; at < key.length; at += DIGEST_SIZE) {
    block = sha1(secret, block);
    for (let i = 0; i < DIGEST_SIZE && at + i < key.length; i++) key[at + i]! ^= block[i]!;
  }
  if (!timingSafeEqual(sha1(secret, key), content.subarray(-DIGEST_SIZE))) throw new JksError('its key has another password than the store');
  return key;
}

function sha1(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
