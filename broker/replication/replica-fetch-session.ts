/**
 * The follower's side of an incremental fetch session (KIP-227): what the leader knows of our partitions, so that a request
 * names only those whose position changed since. The leader's side is `fetch-session.ts`. Pure.
 *
 *     full request (0, 0) → answer with session id → incremental (id, 1), (id, 2) …
 *     a lost answer, or a leader that has forgotten the session: full again
 *
 * Partitions are kept in the order in which they changed; a request of a fetcher with a thousand quiet partitions and one
 * busy one costs as much as one with the busy one alone.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import { nextSessionEpoch } from './fetch-session.ts';
import type { FetchPosition } from './partition-follower.ts';

/** A partition as a request names it. */
export interface FollowedPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
}

export interface SessionRequest<P extends FollowedPartition> {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  /** All partitions of a full request, the changed ones of an incremental one, each with its position. */
  readonly wanted: readonly { readonly partition: P; readonly position: FetchPosition }[];
  readonly forgotten: readonly FollowedPartition[];
}

const NO_SESSION = 0;
const INITIAL_EPOCH = 0;

export class ReplicaFetchSession<P extends FollowedPartition> {
  private sessionId = NO_SESSION;
  private sessionEpoch = INITIAL_EPOCH;
  /** All that are to be fetched, and where they were told to be when last asked for. */
  private readonly partitions = new Set<P>();
  private changed = new Set<P>();
  /** Known to the leader's session, and not wanted any more. */
  private forgotten = new Map<string, FollowedPartition>();
  /** What the leader's session holds, by topic id (or name) and partition. */
  private readonly known = new Map<string, P>();

  get size(): number {
    return this.partitions.size;
  }

  has(partition: P): boolean {
    return this.partitions.has(partition);
  }

  /** The partition is to be fetched, from a position that is not the one the leader knows. */
  want(partition: P): void {
    this.partitions.add(partition);
    this.changed.add(partition);
    this.forgotten.delete(keyOf(partition));
  }

  /** The partition is not to be fetched any more, or not for now. */
  forget(partition: P): void {
    if (!this.partitions.delete(partition)) return;
    this.changed.delete(partition);
    const key = keyOf(partition);
    // A new replica of the same partition may have taken its place in the session.
    if (this.known.get(key) === partition) this.forgotten.set(key, partition);
  }

  /** The next request. `positionOf` is asked for those that it names. */
  next(positionOf: (partition: P) => FetchPosition): SessionRequest<P> {
    const full = this.sessionEpoch === INITIAL_EPOCH;
    if (full) this.known.clear();
    const named = full ? this.partitions : this.changed;
    const wanted: { partition: P; position: FetchPosition }[] = [];
    for (const partition of named) {
      wanted.push({ partition, position: positionOf(partition) });
      this.known.set(keyOf(partition), partition);
    }
    const forgotten = full ? [] : [...this.forgotten.values()];
    for (const partition of forgotten) this.known.delete(keyOf(partition));
    this.changed = new Set();
    this.forgotten = new Map();
    return { sessionId: this.sessionId, sessionEpoch: this.sessionEpoch, wanted, forgotten };
  }

  /** The partition that an answer is about; undefined for one that nobody asked for. */
  find(topicIdOrName: string, index: number): P | undefined {
    const partition = this.known.get(`${topicIdOrName} ${index}`);
    return partition !== undefined && this.partitions.has(partition) ? partition : undefined;
  }

  /** Takes an answer's head. Returns false when the session is not known (any more): the next request is a full one. */
  answered(errorCode: number, sessionId: number): boolean {
    if (errorCode !== ErrorCode.NONE) {
      this.reset();
      return false;
    }
    this.sessionId = sessionId;
    // A leader without room for a session serves full requests.
    this.sessionEpoch = sessionId === NO_SESSION ? INITIAL_EPOCH : nextSessionEpoch(this.sessionEpoch);
    return true;
  }

  /** An answer was lost, or refused: nobody knows what the leader's session holds. */
  reset(): void {
    // The id goes with the next full request, so that the leader can throw the old session away.
    this.sessionEpoch = INITIAL_EPOCH;
  }
}

/** Topics without an id go by their names. */
function keyOf({ topic, topicId, index }: FollowedPartition): string {
  return `${topicId === ZERO_UUID ? topic : topicId} ${index}`;
}
