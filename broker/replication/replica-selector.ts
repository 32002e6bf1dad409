/**
 * Which replica a consumer reads from (KIP-392): the leader, or with the rack-aware selector one in the consumer's own rack,
 * so that records don't cross racks once for each consumer. Pure.
 */

/** A replica that has what the consumer asks for. */
export interface ReadableReplica {
  readonly brokerId: number;
  /** Null where the broker told none. */
  readonly rack: string | null;
  readonly logEndOffset: number;
  /** How long ago it had all that the leader has. */
  readonly behindMs: number;
}

/** Picks among `followers` and the leader for a consumer in `rackId`; null stands for the leader. */
export type ReplicaSelector = (
  rackId: string,
  leader: ReadableReplica,
  followers: readonly ReadableReplica[],
) => ReadableReplica | null;

/** In the consumer's rack: the leader if it is there, else the follower that has most, and of those the one least behind. */
export const selectInRack: ReplicaSelector = (rackId, leader, followers) => {
  if (rackId === '' || leader.rack === rackId) return null;
  let best: ReadableReplica | null = null;
  for (const follower of followers) {
    if (follower.rack === rackId && (best === null || isBetter(follower, best))) best = follower;
  }
  return best;
};

function isBetter(one: ReadableReplica, other: ReadableReplica): boolean {
  if (one.logEndOffset !== other.logEndOffset) return one.logEndOffset > other.logEndOffset;
  if (one.behindMs !== other.behindMs) return one.behindMs < other.behindMs;
  return one.brokerId > other.brokerId;
}

/** `replica.selector.class` by the original's class names; null reads from the leader. */
const SELECTORS: ReadonlyMap<string, ReplicaSelector | null> = new Map([
  ['org.apache.kafka.common.replica.LeaderSelector', null],
  ['org.apache.kafka.common.replica.RackAwareReplicaSelector', selectInRack],
]);

export const replicaSelectorClasses: readonly string[] = [...SELECTORS.keys()];

export function replicaSelectorOf(className: string | null): ReplicaSelector | null {
  return className === null ? null : (SELECTORS.get(className) ?? null);
}
