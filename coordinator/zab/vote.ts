/**
 * Votes and their order. A member votes for whoever has seen the newest epoch, in it the longest history, and among equals for the
 * highest id: whatever a quorum has committed, the best of any quorum has it.
 */
import type { ServerId } from './peer-types.ts';

/** Zxids are exact numbers up to this epoch (see `zxid.ts`). Whoever claims more is not believed. */
export const EPOCH_MAX = 2 ** 21 - 1;

export interface Vote {
  leader: ServerId;
  /** The end of that member's history. */
  zxid: number;
  /** Its current epoch. */
  peerEpoch: number;
}

/** Is `a` the better candidate? */
export function beats(a: Vote, b: Vote): boolean {
  if (a.peerEpoch !== b.peerEpoch) return a.peerEpoch > b.peerEpoch;
  if (a.zxid !== b.zxid) return a.zxid > b.zxid;
  return a.leader > b.leader;
}

export function sameVote(a: Vote, b: Vote): boolean {
  return a.leader === b.leader && a.zxid === b.zxid && a.peerEpoch === b.peerEpoch;
}

/** Is the history that ends at (`epoch`, `zxid`) ahead of the other? */
export function isAhead(epoch: number, zxid: number, ofEpoch: number, ofZxid: number): boolean {
  return epoch !== ofEpoch ? epoch > ofEpoch : zxid > ofZxid;
}
