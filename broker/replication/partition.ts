/**
 * A partition that this broker has a replica of: its log joined with its role (leader, follower, or none yet), the
 * appends that wait for it and the fetches that watch it.
 *
 * All decisions are synchronous and in one place, so an append, the high watermark it moves and whoever that wakes are never
 * half done. The only thing waited for is the log's write: one callback per write, not per append.
 *
 *     append -> log (memory) -> written -> log end moves -> acks=1 answered, followers' fetches woken
 *                                        -> high watermark moves -> acks=all answered, consumers' fetches woken
 */
import { assert } from '../../shared/base/assert.ts';
import type { EpochEnd } from '../log/leader-epochs.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import {
  AppendOperation,
  type AppendQueue,
  type AppendResult,
  type AppendSlot,
  acceptedAppend,
  refusedAppend,
} from './append-operation.ts';
import type { FetchParameters } from './fetch-types.ts';
import { type FollowerHost, FollowerReplica } from './follower-replica.ts';
import { OffsetWaiters } from './offset-waiters.ts';
import { type IsrProposal, type Leadership, PartitionLeader } from './partition-leader.ts';
import type { AppendOrigin, ReplicaLog } from './replica-log.ts';
import { VisibleSize } from './visible-size.ts';

/** What a partition asks and tells the rest of the broker. */
export interface PartitionHost {
  isAlive(brokerId: number): boolean;
  /** This broker may have been given up by the cluster without knowing: it must not act as a leader. */
  readonly isFenced: boolean;
  /** Writing to the partition's log directory failed. */
  logFailed(partition: Partition, error: unknown): void;
  /** The controller is to be asked for another ISR; the answer goes to `isrAnswered`. */
  isrProposed(partition: Partition, proposal: IsrProposal): void;
}

/** A fetch that waits for this partition (among others) to have more. */
export interface FetchWatcher {
  /** `size` more bytes can be read; 0 when something else has changed and the fetch has to look for itself. */
  partitionAdvanced(size: number): void;
}

export interface FetchWatch {
  readonly watcher: FetchWatcher;
  /** Followers wait for the log's end, consumers for the high watermark. */
  readonly awaitsLogEnd: boolean;
  seenSize: number;
}

/** What the controller says to a proposal. */
export interface IsrAnswer {
  readonly errorCode: number;
  readonly isr: readonly number[];
  readonly partitionEpoch: number;
}

/** Waits until every live replica's log starts at an offset; `settle` hears NONE, or why that will not happen. */
export interface DeletionWaiter {
  settle(errorCode: number): void;
}

export class Partition implements FollowerHost {
  readonly topic: string;
  readonly index: number;
  /** Broker id of the leader; -1 while there is none that we know of. */
  leaderId = -1;
  leaderEpoch = -1;
  partitionEpoch = -1;
  private replicaLog: ReplicaLog | null = null;
  private role: PartitionLeader | null = null;
  private follower: FollowerReplica | null = null;
  /** Resolves when the follower that was has left the log alone. */
  private leaving: Promise<unknown> = Promise.resolve();
  /** While there is no role; else it is the role's. */
  private idleHighWatermark = 0;
  private failed = false;
  private readonly host: PartitionHost;
  private readonly nowMs: () => number;
  private readonly visible = new VisibleSize();
  private readonly watches = new Set<FetchWatch>();
  private readonly awaitingWrite = new OffsetWaiters<AppendSlot>();
  private readonly awaitingReplicas = new OffsetWaiters<AppendSlot>();
  private readonly awaitingDeletion = new OffsetWaiters<DeletionWaiter>();
  private readonly writeQueue: AppendQueue = { abandon: (slot) => this.awaitingWrite.remove(slot) };
  private readonly replicaQueue: AppendQueue = { abandon: (slot) => this.awaitingReplicas.remove(slot) };
  private writeInFlight: Promise<void> | null = null;
  private readonly onWritten = (): void => this.logWritten();
  private readonly onWriteFailed = (error: unknown): void => this.host.logFailed(this, error);

  constructor(topic: string, index: number, host: PartitionHost, nowMs: () => number) {
    this.topic = topic;
    this.index = index;
    this.host = host;
    this.nowMs = nowMs;
  }

  get log(): ReplicaLog | null {
    return this.replicaLog;
  }

  get leader(): PartitionLeader | null {
    return this.role;
  }

  /** What this broker's replica is as a follower; null while it leads or has no leader. */
  get following(): FollowerReplica | null {
    return this.follower;
  }

  get isOffline(): boolean {
    return this.failed;
  }

  get topicId(): string {
    return this.replicaLog?.topicId ?? ZERO_UUID;
  }

  get highWatermark(): number {
    return this.role?.highWatermark ?? this.follower?.highWatermark ?? this.idleHighWatermark;
  }

  /** What read-committed consumers may see: the high watermark, or the first record of a transaction that is still open. */
  get lastStableOffset(): number {
    const { highWatermark } = this;
    const firstUnstable = this.replicaLog?.firstUnstableOffset ?? null;
    return firstUnstable === null ? highWatermark : Math.min(firstUnstable, highWatermark);
  }

  // Roles

  /** Opens with the high watermark of the checkpoint: the log may have been cut below it by a recovery. */
  attachLog(log: ReplicaLog, checkpointedHighWatermark: number): void {
    assert(this.replicaLog === null, 'a partition gets its log once');
    this.replicaLog = log;
    this.idleHighWatermark = Math.max(log.logStartOffset, Math.min(checkpointedHighWatermark, log.logEndOffset));
  }

  /** Ends the following, if any. Resolves when a cut of the log that was under way is done: a new role may begin then. */
  async leave(): Promise<void> {
    this.endFollowing();
    await this.leaving;
    const log = this.replicaLog;
    if (log !== null) this.idleHighWatermark = Math.min(this.idleHighWatermark, log.logEndOffset);
  }

  private endFollowing(): void {
    if (this.follower === null) return;
    this.idleHighWatermark = this.follower.highWatermark;
    this.leaving = this.follower.end();
    this.follower = null;
  }

  /**
   * Leads from `leadership.leaderEpoch` on; a follower has left before. Returns false when we know of a newer state of the
   * partition already.
   */
  becomeLeader(leadership: Leadership, localBrokerId: number, replicaLagTimeMaxMs: number): boolean {
    const log = this.replicaLog;
    assert(log !== null && this.follower === null, 'a leader has a log that nobody else changes');
    if (leadership.partitionEpoch < this.partitionEpoch) return false;
    const { highWatermark } = this;
    this.role = new PartitionLeader({
      ...leadership,
      localBrokerId,
      replicaLagTimeMaxMs,
      logEndOffset: log.logEndOffset,
      leaderEpochStartOffset: log.nextOffset,
      highWatermark,
      nowMs: this.nowMs(),
      predecessor: this.role,
    });
    // Noted before the first record of the epoch is there: followers of an earlier one have to find where it ended
    // (KIP-101).
    log.leaderEpochs.assign(leadership.leaderEpoch, this.role.leaderEpochStartOffset);
    this.adopt(localBrokerId, leadership);
    // What came in as a follower's may still be on its way to the file.
    if (log.nextOffset > log.logEndOffset) void log.settled().then(this.onWritten, this.onWriteFailed);
    if (this.role.highWatermark > highWatermark) this.highWatermarkAdvanced();
    this.wakeAll();
    return true;
  }

  /** Follows `leaderId`, or nobody (-1) while there is no leader. A follower of before has left. */
  becomeFollower(leaderId: number, leadership: Leadership): boolean {
    const log = this.replicaLog;
    assert(log !== null && this.follower === null, 'a follower has a log that nobody else changes');
    if (leadership.partitionEpoch < this.partitionEpoch) return false;
    this.idleHighWatermark = this.highWatermark;
    this.role = null;
    const { leaderEpoch } = leadership;
    if (leaderId >= 0) {
      const highWatermark = this.idleHighWatermark;
      this.follower = new FollowerReplica({ leaderId, leaderEpoch, highWatermark, log, host: this });
    }
    this.adopt(leaderId, leadership);
    this.visible.clear();
    this.refuseWaiting(ErrorCode.NOT_LEADER_OR_FOLLOWER, false);
    this.wakeAll();
    return true;
  }

  private adopt(leaderId: number, { leaderEpoch, partitionEpoch }: Leadership): void {
    this.leaderId = leaderId;
    this.leaderEpoch = leaderEpoch;
    this.partitionEpoch = partitionEpoch;
  }

  /**
   * Gives up the replica (`NOT_LEADER_OR_FOLLOWER`) or its failed directory (`KAFKA_STORAGE_ERROR`): nobody waits here
   * any more.
   */
  stop(errorCode: number): void {
    if (errorCode === ErrorCode.KAFKA_STORAGE_ERROR) this.failed = true;
    this.endFollowing();
    this.idleHighWatermark = this.highWatermark;
    this.role = null;
    this.leaderId = -1;
    this.visible.clear();
    this.refuseWaiting(errorCode, true);
    this.wakeAll();
  }

  /** The broker is fenced: who waits for its leadership shall look for another. */
  fenced(): void {
    if (this.role === null) return;
    this.refuseWaiting(ErrorCode.NOT_LEADER_OR_FOLLOWER, false);
    this.wakeAll();
  }

  /** It is not any more, and has kept its leadership: what was written meanwhile counts now. */
  unfenced(): void {
    if (this.role !== null) this.logWritten();
  }

  // Following

  replicated(endOffset: number, size: number): void {
    this.visible.note(endOffset, size);
  }

  followerAdvanced(): void {
    this.highWatermarkAdvanced();
  }

  followerTruncated(): void {
    this.visible.clear();
    this.wakeAll();
  }

  // The ISR

  /** Asks for an ISR without those who have fallen behind, if there are any. */
  shrinkIsr(): void {
    if (!this.host.isFenced) this.propose(this.role?.proposeShrink(this.nowMs()) ?? null);
  }

  private propose(proposal: IsrProposal | null): void {
    if (proposal !== null) this.host.isrProposed(this, proposal);
  }

  /** Whether a proposal is still wanted: it was made in the epoch that we lead in, and not settled since. */
  wants(proposal: IsrProposal): boolean {
    return this.role?.leaderEpoch === proposal.leaderEpoch && this.role.isrChangeInFlight;
  }

  /** What the controller says to `proposal`. Returns whether it is to be asked again. */
  isrAnswered(proposal: IsrProposal, answer: IsrAnswer): boolean {
    const { role } = this;
    if (role === null || !this.wants(proposal)) return false;
    if (this.host.isFenced) return true;
    if (answer.errorCode !== ErrorCode.NONE) {
      const verdict = role.isrRefused(answer.errorCode);
      if (verdict === 'dropped' && role.advanceHighWatermark(this.nowMs())) this.highWatermarkAdvanced();
      return verdict === 'retry';
    }
    const moved = role.isrCommitted(answer.isr, answer.partitionEpoch, this.nowMs());
    this.partitionEpoch = role.partitionEpoch;
    if (moved) this.highWatermarkAdvanced();
    return false;
  }

  // Appending

  /**
   * Appends as the leader. The result goes to `operation`, which waits for the file (acks=1) or the replicas
   * (acks=all); with acks=0 it is final at once.
   */
  append(records: Buffer, acks: number, origin: AppendOrigin, wallMs: number, operation: AppendOperation): AppendResult {
    const { role, replicaLog: log } = this;
    if (this.failed) return refusedAppend(this.index, ErrorCode.KAFKA_STORAGE_ERROR);
    if (role === null || log === null || this.host.isFenced)
      return refusedAppend(this.index, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    const { minInsyncReplicas } = log.config;
    const tooFew = role.checkAppend(acks, minInsyncReplicas);
    if (tooFew !== ErrorCode.NONE) return refusedAppend(this.index, tooFew, log.logStartOffset);
    const outcome = log.append(records, { origin, leaderEpoch: this.leaderEpoch, nowMs: wallMs });
    if (!outcome.ok) return this.refusal(outcome.errorCode, outcome.message, outcome.recordErrors, log);
    const { baseOffset, lastOffset, logAppendTimeMs, duplicate, written } = outcome;
    const result = acceptedAppend(this.index, baseOffset, lastOffset, logAppendTimeMs, log.logStartOffset);
    if (!duplicate) this.visible.note(lastOffset + 1, records.length);
    if (written !== this.writeInFlight) {
      this.writeInFlight = written;
      void written.then(this.onWritten, this.onWriteFailed);
    }
    if (acks === 1 && lastOffset >= log.logEndOffset) {
      this.awaitingWrite.add(lastOffset + 1, operation.wait(result, this.writeQueue));
    } else if (acks === -1) {
      if (lastOffset >= role.highWatermark)
        this.awaitingReplicas.add(lastOffset + 1, operation.wait(result, this.replicaQueue));
      else result.errorCode = role.checkAcknowledged(minInsyncReplicas);
    }
    return result;
  }

  private refusal(
    errorCode: number,
    message: string,
    recordErrors: AppendResult['recordErrors'] | undefined,
    log: ReplicaLog,
  ): AppendResult {
    switch (errorCode) {
      // These tell no log start, as in Kafka: they are refused before the log is looked at.
      case ErrorCode.CORRUPT_MESSAGE:
      case ErrorCode.MESSAGE_TOO_LARGE:
      case ErrorCode.RECORD_LIST_TOO_LARGE:
      case ErrorCode.KAFKA_STORAGE_ERROR:
        return refusedAppend(this.index, errorCode);
      // Only record validation explains itself to the producer.
      case ErrorCode.INVALID_RECORD:
      case ErrorCode.INVALID_TIMESTAMP:
        return refusedAppend(this.index, errorCode, log.logStartOffset, message, recordErrors);
      default:
        return refusedAppend(this.index, errorCode, log.logStartOffset);
    }
  }

  /** The file has more than before. */
  private logWritten(): void {
    const { role, replicaLog: log } = this;
    if (log === null || this.failed) return;
    for (let slot = this.awaitingWrite.takeReached(log.logEndOffset); slot !== undefined;) {
      slot.complete(ErrorCode.NONE);
      slot = this.awaitingWrite.takeReached(log.logEndOffset);
    }
    // A fenced leader's high watermark stands still; `unfenced` makes up for it.
    if (role === null || this.host.isFenced) return;
    if (role.logEndAdvanced(log.logEndOffset, this.nowMs())) this.highWatermarkAdvanced();
    if (this.watches.size > 0) for (const watch of this.watches) if (watch.awaitsLogEnd) watch.watcher.partitionAdvanced(0);
  }

  /** A follower has fetched from `fetchOffset`: it has all below. */
  followerFetched(brokerId: number, fetchOffset: number, logStartOffset: number): void {
    const { role } = this;
    if (role === null || this.host.isFenced) return;
    if (role.followerFetched(brokerId, fetchOffset, logStartOffset, this.nowMs())) this.highWatermarkAdvanced();
    if (role.isUnderReplicated && this.host.isAlive(brokerId)) this.propose(role.proposeExpansion(brokerId));
    if (this.awaitingDeletion.size > 0) this.lowWatermarkAdvanced();
  }

  /** The high watermark is beyond where it was: answers acks=all and wakes consumers. */
  highWatermarkAdvanced(): void {
    const { role } = this;
    const highWatermark = this.highWatermark;
    this.replicaLog?.onHighWatermark(highWatermark);
    if (role !== null && this.awaitingReplicas.size > 0) {
      const verdict = role.checkAcknowledged(this.replicaLog!.config.minInsyncReplicas);
      for (let slot = this.awaitingReplicas.takeReached(highWatermark); slot !== undefined;) {
        slot.complete(verdict);
        slot = this.awaitingReplicas.takeReached(highWatermark);
      }
    }
    this.visible.advance(highWatermark);
    if (this.watches.size === 0) return;
    for (const watch of this.watches) {
      if (watch.awaitsLogEnd) continue;
      const size = this.visible.total - watch.seenSize;
      watch.seenSize = this.visible.total;
      watch.watcher.partitionAdvanced(size);
    }
  }

  // Fetching

  /** NONE, FENCED_LEADER_EPOCH or UNKNOWN_LEADER_EPOCH. -1 asks for no check. */
  checkLeaderEpoch(currentLeaderEpoch: number): number {
    if (currentLeaderEpoch < 0 || currentLeaderEpoch === this.leaderEpoch) return ErrorCode.NONE;
    return currentLeaderEpoch < this.leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
  }

  /** Whether a client that says it knows this leader epoch may ask this replica: NONE or the refusal. */
  checkAccess(currentLeaderEpoch: number, onlyLeader: boolean): number {
    if (this.failed) return ErrorCode.KAFKA_STORAGE_ERROR;
    const epochError = this.checkLeaderEpoch(currentLeaderEpoch);
    if (epochError !== ErrorCode.NONE) return epochError;
    const isLeader = this.role !== null && !this.host.isFenced;
    return this.replicaLog === null || (onlyLeader && !isLeader) ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.NONE;
  }

  /** Where this reader's records end. */
  fetchEnd(parameters: FetchParameters): number {
    if (parameters.replicaId >= 0) return this.replicaLog?.logEndOffset ?? 0;
    return parameters.readCommitted ? this.lastStableOffset : this.highWatermark;
  }

  /** The largest epoch at most `leaderEpoch` that the log knows, and where it ends; null when there is none. */
  endOfEpoch(leaderEpoch: number): EpochEnd | null {
    const log = this.replicaLog;
    const end = log?.leaderEpochs.endOffsetFor(leaderEpoch, log.logEndOffset);
    return end === undefined || end.leaderEpoch < 0 ? null : end;
  }

  watch(watcher: FetchWatcher, awaitsLogEnd: boolean): FetchWatch {
    const watch: FetchWatch = { watcher, awaitsLogEnd, seenSize: this.visible.total };
    this.watches.add(watch);
    return watch;
  }

  unwatch(watch: FetchWatch): void {
    this.watches.delete(watch);
  }

  // Deleting records

  /** The smallest log start among the leader's and those of its live followers. */
  get lowWatermark(): number {
    const logStartOffset = this.replicaLog?.logStartOffset ?? -1;
    return this.role?.lowWatermark(logStartOffset, (brokerId) => this.host.isAlive(brokerId)) ?? logStartOffset;
  }

  awaitLowWatermark(offset: number, waiter: DeletionWaiter): void {
    this.awaitingDeletion.add(offset, waiter);
  }

  abandonDeletion(waiter: DeletionWaiter): void {
    this.awaitingDeletion.remove(waiter);
  }

  private lowWatermarkAdvanced(): void {
    const { lowWatermark } = this;
    for (let waiter = this.awaitingDeletion.takeReached(lowWatermark); waiter !== undefined;) {
      waiter.settle(ErrorCode.NONE);
      waiter = this.awaitingDeletion.takeReached(lowWatermark);
    }
  }

  private wakeAll(): void {
    for (const watch of this.watches) watch.watcher.partitionAdvanced(0);
  }

  private refuseWaiting(errorCode: number, alsoWrites: boolean): void {
    for (const slot of this.awaitingReplicas.takeAll()) slot.complete(errorCode);
    for (const waiter of this.awaitingDeletion.takeAll()) waiter.settle(errorCode);
    // acks=1 promises this broker's disk only: as a follower we still keep that promise, without a replica we can't.
    if (alsoWrites) for (const slot of this.awaitingWrite.takeAll()) slot.complete(errorCode);
  }
}
