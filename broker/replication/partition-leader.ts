/**
 * What the leader of a partition knows and decides: followers' progress, the in-sync replicas (ISR), the high watermark and
 * whether an append may be acknowledged. Pure: offsets and times come in, offsets, proposals and verdicts go out.
 *
 * The high watermark is the smallest log end offset among the leader, the *maximal* ISR (the ISR and whoever is being
 * added to it) and every follower that has caught up lately though it is not in the ISR yet: it shall not run away from who
 * is about to join. Whom the controller refuses (a broker that shuts down) is not waited for. It never goes back while a leader leads.
 *
 *     leader    | 0 1 2 3 4 5 6 7 |          logEndOffset 8
 *     follower  | 0 1 2 3 4 5 |      in ISR  logEndOffset 6   <- highWatermark
 *     follower  | 0 1 2 |            out, behind for longer than replica.lag.time.max.ms: not counted
 *
 * Changes of the ISR are proposals to the controller (AlterPartition). While one is under way the leader counts the larger
 * set, which is safe whether or not the controller accepts (KIP-497).
 */
import { assert } from '../../shared/base/assert.ts';
import { ErrorCode } from '../protocol/error-codes.ts';

/** How far a follower has come, as its fetches tell. Times are of one clock, the one whose `nowMs` is passed in. */
export interface FollowerProgress {
  readonly brokerId: number;
  /** -1 until its first fetch. */
  logStartOffset: number;
  logEndOffset: number;
  /** The leader's log end when this follower last fetched, and when that was. */
  leaderEndOffsetAtFetch: number;
  lastFetchMs: number;
  /** The latest time at which the follower is known to have had everything that the leader had then. */
  lastCaughtUpMs: number;
}

/** An ISR that the leader asks the controller to write, expecting the partition to be at `partitionEpoch` still. */
export interface IsrProposal {
  readonly isr: readonly number[];
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
}

type IsrChange = { readonly kind: 'expand'; readonly brokerId: number } | { readonly kind: 'shrink' };

/** What a LeaderAndIsr request says about a partition. */
export interface Leadership {
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

export interface PartitionLeaderOptions extends Leadership {
  readonly localBrokerId: number;
  readonly replicaLagTimeMaxMs: number;
  readonly logEndOffset: number;
  /** Where this epoch begins: behind everything that was appended before, also what is not in the file yet. */
  readonly leaderEpochStartOffset: number;
  readonly highWatermark: number;
  readonly nowMs: number;
  /** The leader of the epoch before, when that was this broker too: followers' positions carry over. */
  readonly predecessor?: PartitionLeader | null;
}

const NEVER = Number.NEGATIVE_INFINITY;

export class PartitionLeader {
  readonly localBrokerId: number;
  readonly leaderEpoch: number;
  /** The end of the log when this epoch began. Followers below it can't be in sync: they may still have to truncate. */
  readonly leaderEpochStartOffset: number;
  readonly replicas: readonly number[];
  private readonly replicaLagTimeMaxMs: number;
  private readonly followers: FollowerProgress[];
  private epochOfPartition: number;
  /** The last ISR known to be written by the controller. */
  private committedIsr: readonly number[];
  private pendingChange: IsrChange | null = null;
  /** Followers that the controller does not let into the ISR, as far as we know. */
  private readonly refused = new Set<number>();
  private endOffset: number;
  private watermark: number;

  constructor(options: PartitionLeaderOptions) {
    assert(options.highWatermark <= options.logEndOffset, 'a high watermark lies within the log');
    this.localBrokerId = options.localBrokerId;
    this.leaderEpoch = options.leaderEpoch;
    this.leaderEpochStartOffset = options.leaderEpochStartOffset;
    this.epochOfPartition = options.partitionEpoch;
    this.replicaLagTimeMaxMs = options.replicaLagTimeMaxMs;
    this.replicas = options.replicas;
    this.committedIsr = options.isr;
    this.endOffset = options.logEndOffset;
    this.watermark = options.highWatermark;
    const predecessor = options.predecessor ?? null;
    this.followers = options.replicas
      .filter((brokerId) => brokerId !== options.localBrokerId)
      .map((brokerId) => {
        const inSync = options.isr.includes(brokerId);
        const before = predecessor?.follower(brokerId);
        // A member of the ISR gets a full lag period to show up; anyone else has to fetch first, so that it does not
        // hold the high watermark back.
        return {
          brokerId,
          logStartOffset: before?.logStartOffset ?? -1,
          logEndOffset: before?.logEndOffset ?? -1,
          leaderEndOffsetAtFetch: before === undefined ? -1 : options.logEndOffset,
          lastFetchMs: before !== undefined && inSync ? options.nowMs : NEVER,
          lastCaughtUpMs: inSync ? options.nowMs : NEVER,
        };
      });
    this.advanceHighWatermark(options.nowMs);
  }

  get logEndOffset(): number {
    return this.endOffset;
  }

  get highWatermark(): number {
    return this.watermark;
  }

  get partitionEpoch(): number {
    return this.epochOfPartition;
  }

  get isr(): readonly number[] {
    return this.committedIsr;
  }

  get isrChangeInFlight(): boolean {
    return this.pendingChange !== null;
  }

  /** Members in the ISR plus the one being added to it. */
  get maximalIsrCount(): number {
    return this.committedIsr.length + (this.pendingChange?.kind === 'expand' ? 1 : 0);
  }

  get isUnderReplicated(): boolean {
    return this.committedIsr.length < this.replicas.length;
  }

  follower(brokerId: number): FollowerProgress | undefined {
    return this.followers.find((follower) => follower.brokerId === brokerId);
  }

  /** True when a high watermark from before this epoch could still be behind what consumers have seen (KIP-207). */
  get highWatermarkLagsEpochStart(): boolean {
    return this.leaderEpochStartOffset > this.watermark;
  }

  /** Notes that the leader's log now ends at `logEndOffset`. Returns whether the high watermark moved. */
  logEndAdvanced(logEndOffset: number, nowMs: number): boolean {
    assert(logEndOffset >= this.endOffset, "a leader's log only grows");
    this.endOffset = logEndOffset;
    return this.advanceHighWatermark(nowMs);
  }

  /** Before an append with these acks: NONE, or NOT_ENOUGH_REPLICAS. */
  checkAppend(acks: number, minInsyncReplicas: number): number {
    return acks === -1 && this.committedIsr.length < minInsyncReplicas ? ErrorCode.NOT_ENOUGH_REPLICAS : ErrorCode.NONE;
  }

  /** What an acks=all append hears once the high watermark has passed it: NONE, or that the ISR shrank meanwhile. */
  checkAcknowledged(minInsyncReplicas: number): number {
    return this.maximalIsrCount < minInsyncReplicas ? ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND : ErrorCode.NONE;
  }

  /**
   * Notes a fetch by follower `brokerId` from `fetchOffset`, which says that it has everything below. Returns whether
   * the high watermark moved. The caller has checked that it is one of the replicas (`follower`).
   */
  followerFetched(brokerId: number, fetchOffset: number, logStartOffset: number, nowMs: number): boolean {
    const follower = this.follower(brokerId);
    assert(follower !== undefined, 'only replicas of the partition are tracked');
    if (fetchOffset >= this.endOffset) follower.lastCaughtUpMs = Math.max(follower.lastCaughtUpMs, nowMs);
    else if (follower.leaderEndOffsetAtFetch >= 0 && fetchOffset >= follower.leaderEndOffsetAtFetch) {
      // It has now what the leader had at the fetch before: so it was caught up with that moment.
      follower.lastCaughtUpMs = Math.max(follower.lastCaughtUpMs, follower.lastFetchMs);
    }
    const moved = follower.logEndOffset !== fetchOffset;
    follower.logStartOffset = logStartOffset;
    follower.logEndOffset = fetchOffset;
    follower.leaderEndOffsetAtFetch = Math.max(this.endOffset, follower.leaderEndOffsetAtFetch);
    follower.lastFetchMs = nowMs;
    return moved && this.advanceHighWatermark(nowMs);
  }

  /**
   * The ISR with `brokerId` in it, if that follower has come far enough and no other change is under way. Marks it pending.
   */
  proposeExpansion(brokerId: number): IsrProposal | null {
    if (this.pendingChange !== null || this.committedIsr.includes(brokerId)) return null;
    const follower = this.follower(brokerId);
    if (follower === undefined) return null;
    if (follower.logEndOffset < this.watermark || follower.logEndOffset < this.leaderEpochStartOffset) return null;
    this.pendingChange = { kind: 'expand', brokerId };
    return this.proposal([...this.committedIsr, brokerId]);
  }

  /** The ISR without those who haven't been caught up for `replica.lag.time.max.ms`, if there are any. Marks it pending. */
  proposeShrink(nowMs: number): IsrProposal | null {
    if (this.pendingChange !== null) return null;
    const remaining = this.committedIsr.filter(
      (brokerId) => brokerId === this.localBrokerId || this.keepsUp(brokerId, nowMs),
    );
    if (remaining.length === this.committedIsr.length) return null;
    this.pendingChange = { kind: 'shrink' };
    return this.proposal(remaining);
  }

  /** The controller has written an ISR of ours. Returns whether the high watermark moved. Older answers are ignored. */
  isrCommitted(isr: readonly number[], partitionEpoch: number, nowMs: number): boolean {
    if (partitionEpoch < this.epochOfPartition) return false;
    this.committedIsr = isr;
    for (const brokerId of isr) this.refused.delete(brokerId);
    this.epochOfPartition = partitionEpoch;
    this.pendingChange = null;
    return this.advanceHighWatermark(nowMs);
  }

  /**
   * The controller has refused a proposal. `dropped`: we are back to the ISR as it was, and the high watermark may move. `waiting`: our idea of the
   * partition is out of date, a LeaderAndIsr is on its way, and until then the larger set counts. `retry`: send the
   * proposal again.
   */
  isrRefused(errorCode: number): 'dropped' | 'waiting' | 'retry' {
    switch (errorCode) {
      case ErrorCode.OPERATION_NOT_ATTEMPTED:
      case ErrorCode.INELIGIBLE_REPLICA:
        if (this.pendingChange?.kind === 'expand') this.refused.add(this.pendingChange.brokerId);
        this.pendingChange = null;
        return 'dropped';
      case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
      case ErrorCode.UNKNOWN_TOPIC_ID:
      case ErrorCode.FENCED_LEADER_EPOCH:
      case ErrorCode.INVALID_UPDATE_VERSION:
      case ErrorCode.INVALID_REQUEST:
      case ErrorCode.NEW_LEADER_ELECTED:
        return 'waiting';
      default:
        return 'retry';
    }
  }

  /** Followers in the ISR that have the record at `offset`, or are where it will be. */
  *followersWith(offset: number): IterableIterator<FollowerProgress> {
    for (const follower of this.followers) {
      const has = follower.logStartOffset >= 0 && follower.logStartOffset <= offset && follower.logEndOffset >= offset;
      if (has && this.committedIsr.includes(follower.brokerId)) yield follower;
    }
  }

  /** The smallest log start among the leader's own and those of its live followers: what DeleteRecords answers. */
  lowWatermark(logStartOffset: number, isAlive: (brokerId: number) => boolean): number {
    let low = logStartOffset;
    for (const follower of this.followers) {
      if (follower.logStartOffset < low && isAlive(follower.brokerId)) low = follower.logStartOffset;
    }
    return low;
  }

  private proposal(isr: readonly number[]): IsrProposal {
    return { isr, leaderEpoch: this.leaderEpoch, partitionEpoch: this.epochOfPartition };
  }

  private keepsUp(brokerId: number, nowMs: number): boolean {
    const follower = this.follower(brokerId);
    return follower !== undefined && this.isCaughtUp(follower, nowMs);
  }

  private isCaughtUp(follower: FollowerProgress, nowMs: number): boolean {
    return follower.logEndOffset === this.endOffset || nowMs - follower.lastCaughtUpMs <= this.replicaLagTimeMaxMs;
  }

  /** Returns whether the high watermark moved. */
  advanceHighWatermark(nowMs: number): boolean {
    let lowest = this.endOffset;
    for (const follower of this.followers) {
      if (follower.logEndOffset >= lowest) continue;
      const counts =
        this.committedIsr.includes(follower.brokerId) ||
        (this.pendingChange?.kind === 'expand' && this.pendingChange.brokerId === follower.brokerId) ||
        (this.isCaughtUp(follower, nowMs) && !this.refused.has(follower.brokerId));
      if (counts) lowest = follower.logEndOffset;
    }
    if (lowest <= this.watermark) return false;
    this.watermark = lowest;
    return true;
  }
}
