/**
 * What a connect request gets, decided from what it says and what the server knows: refused without an answer, told that
 * its session is over, its old session, or a new one (`ZooKeeperServer.processConnectRequest`).
 */
import type { Session } from './session-tracker.ts';

export interface ConnectRequest {
  lastZxidSeen: number;
  timeoutMs: number;
  /** 0n asks for a new session. */
  sessionId: bigint;
}

export interface TimeoutBounds {
  minSessionTimeoutMs: number;
  maxSessionTimeoutMs: number;
}

export type ConnectDecision =
  | { kind: 'refuse'; reason: string }
  | { kind: 'expired'; reason: string }
  | { kind: 'resume'; timeoutMs: number }
  | { kind: 'create'; timeoutMs: number };

export function decideConnect(
  request: ConnectRequest,
  known: { session: Session | undefined; passwordMatches: boolean; lastZxid: number } & TimeoutBounds,
): ConnectDecision {
  if (request.lastZxidSeen > known.lastZxid) return { kind: 'refuse', reason: aheadOf(request.lastZxidSeen, known.lastZxid) };
  const timeoutMs = clampTimeout(request.timeoutMs, known);
  if (request.sessionId === 0n) return { kind: 'create', timeoutMs };
  if (!known.passwordMatches) return { kind: 'expired', reason: 'wrong password' };
  if (known.session === undefined || known.session.closing) return { kind: 'expired', reason: 'unknown or expired' };
  return { kind: 'resume', timeoutMs };
}

/** Why a client is refused that was shown a later state than ours. */
export function aheadOf(lastZxidSeen: number, lastZxid: number): string {
  return `has seen zxid 0x${lastZxidSeen.toString(16)} our last zxid is 0x${lastZxid.toString(16)} client must try another server`;
}

export function clampTimeout(timeoutMs: number, bounds: TimeoutBounds): number {
  return Math.min(Math.max(timeoutMs, bounds.minSessionTimeoutMs), bounds.maxSessionTimeoutMs);
}
