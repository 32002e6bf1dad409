/**
 * Names for sessions and the passwords that prove them. Ids are unique over the ensemble: the server's id in the top byte,
 * then the time it started, then a count. A password is a keyed hash of the id, so that any holder of the secret can check
 * one, after a restart too, without a list of passwords.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const PASSWORD_SIZE = 16;

/** The id from which a server that starts at `wallMs` counts up (`SessionTrackerImpl.initializeNextSessionId`). */
export function firstSessionId(serverId: number, wallMs: number): bigint {
  const time = BigInt.asUintN(64, BigInt(wallMs) << 24n) >> 8n;
  return BigInt.asIntN(64, time | (BigInt(serverId) << 56n));
}

/** Gives out ids, each once. */
export function sessionMint(serverId: number, wallMs: number): () => bigint {
  let nextId = firstSessionId(serverId, wallMs);
  return () => nextId++;
}

export function passwordOf(sessionId: bigint, secret: Uint8Array): Buffer {
  const message = Buffer.alloc(8);
  message.writeBigInt64BE(sessionId);
  return createHmac('sha256', secret).update(message).digest().subarray(0, PASSWORD_SIZE);
}

export function isPassword(password: Uint8Array, sessionId: bigint, secret: Uint8Array): boolean {
  return password.length === PASSWORD_SIZE && timingSafeEqual(password, passwordOf(sessionId, secret));
}
