/**
 * SCRAM credentials as `/config/users/<user>` has them (RFC 5802): what a server needs to check a password it never saw.
 *
 *     "SCRAM-SHA-256":"salt=<base64>,stored_key=<base64>,server_key=<base64>,iterations=4096"
 */
import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

export interface ScramMechanism {
  /** On the wire. */
  readonly type: number;
  readonly name: string;
  readonly hash: string;
  readonly hashSize: number;
  readonly iterationsMin: number;
}

export const SCRAM_MECHANISMS: readonly ScramMechanism[] = [
  { type: 1, name: 'SCRAM-SHA-256', hash: 'sha256', hashSize: 32, iterationsMin: 4096 },
  { type: 2, name: 'SCRAM-SHA-512', hash: 'sha512', hashSize: 64, iterationsMin: 4096 },
];
/** More would only keep the server busy. */
export const SCRAM_ITERATIONS_MAX = 16384;

export const scramMechanism = (type: number): ScramMechanism | undefined => SCRAM_MECHANISMS.find((mechanism) => mechanism.type === type);

/** The credential of a password that was salted and iterated already. */
export function scramCredential(
  { hash }: ScramMechanism,
  { salt, saltedPassword, iterations }: { salt: Uint8Array; saltedPassword: Uint8Array; iterations: number },
): string {
  const hmac = (text: string): Buffer => createHmac(hash, saltedPassword).update(text).digest();
  const storedKey = createHash(hash).update(hmac('Client Key')).digest('base64');
  const serverKey = hmac('Server Key').toString('base64');
  return `salt=${Buffer.from(salt).toString('base64')},stored_key=${storedKey},server_key=${serverKey},iterations=${iterations}`;
}

/** For whoever sets a password. */
export const SCRAM_SALT_SIZE = 26;

/** `Hi` of RFC 5802: what is left of a password after salt and iterations. */
export function saltPassword(
  { hash, hashSize }: ScramMechanism,
  { password, salt, iterations }: { password: string; salt: Uint8Array; iterations: number },
): Promise<Buffer> {
  return promisify(pbkdf2)(password, salt, iterations, hashSize, hash);
}

/** Null where the text is no credential. */
export function iterationsOf(credential: string): number | null {
  const match = /(?:^|,)\s*iterations=(\d+)/.exec(credential);
  return match === null ? null : Number(match[1]);
}
