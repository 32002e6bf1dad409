/**
 * How a learner's history becomes the leader's: what it has too much is cut (TRUNC), what it lacks is sent (DIFF), and where
 * neither can be done it gets the whole tree (SNAP).
 *
 * Both histories agree up to the last zxid that both hold: a zxid names one batch for ever, and the leader's history holds the
 * beginning of every epoch that was ever established. So the point to go on from is the last end of a batch in the leader's
 * history at or before the learner's end.
 */
import type { History } from './history.ts';

export type SyncPlan =
  | { kind: 'DIFF'; fromZxid: number }
  | { kind: 'TRUNC'; fromZxid: number }
  | { kind: 'SNAP' }
  /** The leader's memory does not reach back so far: ask its disk where the histories part, then `planFrom` that. */
  | { kind: 'askDisk' };

export interface LearnerEnd {
  lastZxid: number;
  /** It can't shorten its history to less than this. */
  truncateFloorZxid: number;
}

export function planSync(learner: LearnerEnd, history: History): SyncPlan {
  const fromZxid = history.floor(learner.lastZxid);
  return fromZxid === null ? { kind: 'askDisk' } : planFrom(learner, fromZxid);
}

/** `fromZxid`: the last end of a batch in the leader's history at or before the learner's end; null if the disk can't tell. */
export function planFrom(learner: LearnerEnd, fromZxid: number | null): SyncPlan {
  if (fromZxid === null || fromZxid > learner.lastZxid) return { kind: 'SNAP' };
  if (fromZxid === learner.lastZxid) return { kind: 'DIFF', fromZxid };
  return fromZxid >= learner.truncateFloorZxid ? { kind: 'TRUNC', fromZxid } : { kind: 'SNAP' };
}
