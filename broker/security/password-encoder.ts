/**
 * Passwords in `/config/brokers/<id>`, as Kafka's `PasswordEncoder` has them: encrypted under `password.encoder.secret`, with all that it
 * takes to decrypt them but the secret. The two entries of chance, salt and initialization vector, come in with `random`.
 *
 *     encryptedPassword:<base64>,keyLength:128,cipherAlgorithm:AES/CBC/PKCS5Padding,initializationVector:<base64>,
 *     keyFactoryAlgorithm:PBKDF2WithHmacSHA512,passwordLength:8,salt:<base64>,iterations:4096
 */
import { createCipheriv, createDecipheriv, pbkdf2Sync } from 'node:crypto';
import { SettingError } from '../../shared/settings/schema.ts';

export interface PasswordEncoderOptions {
  secret: string;
  /** `password.encoder.old.secret`: what was written under it can still be read. */
  oldSecret: string | null;
  /** Null: PBKDF2WithHmacSHA512. */
  keyFactoryAlgorithm: string | null;
  cipherAlgorithm: string;
  keyLengthBits: number;
  iterations: number;
  random: (size: number) => Buffer;
}

const SALT_SIZE = 256;
const BLOCK_SIZE = 16;
const KEY_FACTORY = /^PBKDF2WithHmacSHA(1|256|384|512)$/;
const CIPHER = 'AES/CBC/PKCS5Padding';
const ITERATIONS_MAX = 10_000_000;

interface KeyParameters {
  keyFactoryAlgorithm: string;
  cipherAlgorithm: string;
  keyLengthBits: number;
  iterations: number;
  salt: Buffer;
}

export class PasswordEncoder {
  private readonly options: PasswordEncoderOptions;

  constructor(options: PasswordEncoderOptions) {
    this.options = options;
  }

  encode(password: string): string {
    const { secret, cipherAlgorithm, keyLengthBits, iterations, random } = this.options;
    const keyFactoryAlgorithm = this.options.keyFactoryAlgorithm ?? 'PBKDF2WithHmacSHA512';
    const salt = random(SALT_SIZE);
    const initializationVector = random(BLOCK_SIZE);
    const key = keyOf(secret, { keyFactoryAlgorithm, cipherAlgorithm, keyLengthBits, iterations, salt });
    const cipher = createCipheriv(`aes-${keyLengthBits}-cbc`, key, initializationVector);
    const encrypted = Buffer.concat([cipher.update(password, 'utf8'), cipher.final()]);
    return Object.entries({
      encryptedPassword: encrypted.toString('base64'),
      keyLength: keyLengthBits,
      cipherAlgorithm,
      initializationVector: initializationVector.toString('base64'),
      keyFactoryAlgorithm,
      passwordLength: password.length,
      salt: salt.toString('base64'),
      iterations,
    })
      .map(([name, value]) => `${name}:${value}`)
      .join(',');
  }

  /** Throws `SettingError` for what is no such text, or was written under another secret. */
  decode(encoded: string): string {
    const { secret, oldSecret } = this.options;
    const failures: unknown[] = [];
    for (const candidate of oldSecret === null ? [secret] : [secret, oldSecret]) {
      try {
        return decodeWith(candidate, encoded);
      } catch (error) {
        failures.push(error);
      }
    }
    const why = 'it cannot be decrypted: password.encoder.secret is another than when it was stored, or the text is damaged';
    throw Object.assign(new SettingError(why), { cause: failures[0] });
  }
}

function decodeWith(secret: string, encoded: string): string {
  const parts = new Map(encoded.split(',').map((part) => [part.slice(0, part.indexOf(':')), part.slice(part.indexOf(':') + 1)]));
  const part = (name: string): string => {
    const value = parts.get(name);
    if (value === undefined) throw new SettingError(`"${name}" is missing`);
    return value;
  };
  const bytes = (name: string): Buffer => Buffer.from(part(name), 'base64');
  const keyLengthBits = Number(part('keyLength'));
  const key = keyOf(secret, {
    keyFactoryAlgorithm: part('keyFactoryAlgorithm'),
    cipherAlgorithm: part('cipherAlgorithm'),
    keyLengthBits,
    iterations: Number(part('iterations')),
    salt: bytes('salt'),
  });
  const decipher = createDecipheriv(`aes-${keyLengthBits}-cbc`, key, bytes('initializationVector'));
  const password = Buffer.concat([decipher.update(bytes('encryptedPassword')), decipher.final()]).toString('utf8');
  if (password.length !== Number(part('passwordLength'))) throw new SettingError('its length is another');
  return password;
}

function keyOf(secret: string, { keyFactoryAlgorithm, cipherAlgorithm, keyLengthBits, iterations, salt }: KeyParameters): Buffer {
  const hash = KEY_FACTORY.exec(keyFactoryAlgorithm)?.[1];
  if (hash === undefined) throw new SettingError(`password.encoder.keyfactory.algorithm ${keyFactoryAlgorithm} is not known here`);
  if (cipherAlgorithm !== CIPHER) throw new SettingError(`password.encoder.cipher.algorithm ${cipherAlgorithm} is not known here, only ${CIPHER}`);
  if (![128, 192, 256].includes(keyLengthBits)) throw new SettingError(`A key of ${keyLengthBits} bits is none of AES: 128, 192 or 256`);
  if (!(iterations >= 1 && iterations <= ITERATIONS_MAX)) throw new SettingError(`${iterations} iterations are out of range`);
  return pbkdf2Sync(secret, salt, iterations, keyLengthBits / 8, `sha${hash}`);
}
