/** Uuids as Kafka writes them: 16 bytes in base64url, 22 characters (cluster ids, topic ids). */
import { randomBytes } from 'node:crypto';
import { ZERO_UUID } from '../protocol/schema.ts';

const TEXT = /^[A-Za-z0-9_-]{22}$/;
/** 0 stands for "no id" and 1 for the metadata topic of KRaft. */
const RESERVED = new Set([ZERO_UUID, 'AAAAAAAAAAAAAAAAAAAAAQ']);

export function isTopicId(text: string): boolean {
  return TEXT.test(text);
}

/** The id of 16 random bytes (version 4 bits set), or null for one that may not be used: reserved, or beginning with a dash. */
function idFrom(random: Uint8Array): string | null {
  const bytes = Buffer.from(random);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const text = bytes.toString('base64url');
  // A leading dash would read as an option on a command line.
  return RESERVED.has(text) || text.startsWith('-') ? null : text;
}

/** A fresh random id. */
export function randomId(): string {
  for (;;) {
    const id = idFrom(randomBytes(16));
    if (id !== null) return id; // one try in 64 is refused
  }
}
