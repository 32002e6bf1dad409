/**
 * How a group's generations come about: the join phase that calls the members together, the sync phase that waits for the
 * leader's assignment, and the deadlines that end either for those who stay silent.
 */
import { EMPTY } from '../../shared/bytes/reader.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { GroupBase } from './group-base.ts';
import type { Effect, GroupWrite, Moment } from './group-messages.ts';
import { groupValueOf, joined, subscribedTopicsOf } from './group-results.ts';
import type { Member } from './membership.ts';

type AssignmentWrite = Extract<GroupWrite, { purpose: 'assignment' }>;

export abstract class Rebalance extends GroupBase {
  private joinDeadlineMs = Infinity;
  /** Set while an empty group's first rebalance collects members: by how long it may still be put off. */
  private initialJoin: { readonly delayMs: number; readonly remainingMs: number } | null = null;
  private memberAddedSinceDelay = false;
  private syncDeadlineMs = Infinity;

  protected maybePrepareRebalance(reason: string, now: Moment): void {
    if (this.currentState !== 'PreparingRebalance' && this.currentState !== 'Dead') this.prepareRebalance(reason, now);
  }

  protected prepareRebalance(reason: string, now: Moment): void {
    if (this.currentState === 'CompletingRebalance') this.answerAllSyncs(ErrorCode.REBALANCE_IN_PROGRESS, now);
    this.members.pendingSyncs.clear();
    this.syncDeadlineMs = Infinity;
    const timeoutMs = this.members.rebalanceTimeoutMs;
    if (this.currentState === 'Empty') {
      const delayMs = this.config.groupInitialRebalanceDelayMs;
      this.initialJoin = { delayMs, remainingMs: Math.max(timeoutMs - delayMs, 0) };
      this.armJoin(delayMs, now);
    } else {
      this.armJoin(timeoutMs, now);
    }
    this.moveTo('PreparingRebalance', now);
    this.log('info', `Preparing to rebalance, old generation ${this.generationId} (reason: ${reason})`);
    this.tryCompleteJoin(now);
  }

  private armJoin(delayMs: number, now: Moment): void {
    this.joinDeadlineMs = now.monotonicMs + delayMs;
    this.wakeBy(this.joinDeadlineMs);
  }

  /** Ends the join phase as soon as everyone is there. An empty group's first one always waits its delay out. */
  protected tryCompleteJoin(now: Moment): void {
    if (this.currentState !== 'PreparingRebalance' || this.initialJoin !== null) return;
    if (this.members.allJoined) this.completeJoin(now);
  }

  private joinDeadlinePassed(now: Moment): void {
    if (this.initialJoin !== null && this.memberAddedSinceDelay && this.initialJoin.remainingMs > 0) {
      const { delayMs, remainingMs } = this.initialJoin;
      const nextMs = Math.min(this.config.groupInitialRebalanceDelayMs, remainingMs);
      this.memberAddedSinceDelay = false;
      this.initialJoin = { delayMs: nextMs, remainingMs: Math.max(remainingMs - delayMs, 0) };
      this.armJoin(nextMs, now);
    } else {
      this.completeJoin(now);
    }
  }

  private completeJoin(now: Moment): void {
    this.initialJoin = null;
    this.memberAddedSinceDelay = false;
    this.joinDeadlineMs = Infinity;
    const everyone = [...this.members.all()];
    const missing = everyone.filter((member) => member.awaitingJoin === null && member.groupInstanceId === null);
    for (const { memberId } of missing) this.drop(memberId);
    if (missing.length > 0) {
      const names = missing.map(({ memberId }) => memberId).join(', ');
      this.log('info', `Members that did not join in time are removed: ${names}`);
    }
    if (this.members.size > 0 && !this.members.electJoinedLeader()) {
      // Only silent static members are left: they keep their places until their sessions end.
      this.log('error', `The rebalance waits on, because no member rejoined`);
      this.armJoin(this.members.rebalanceTimeoutMs, now);
      return;
    }
    this.generationId += 1;
    this.members.pendingSyncs.clear();
    if (this.members.size === 0) this.becomeEmpty(now);
    else this.startGeneration(now);
  }

  private becomeEmpty(now: Moment): void {
    this.protocolName = null;
    this.subscribedTopics = subscribedTopicsOf(this);
    this.moveTo('Empty', now);
    this.log('info', `Generation ${this.generationId} is empty`);
    this.store({ purpose: 'empty' }, () => EMPTY);
  }

  private startGeneration(now: Moment): void {
    this.protocolName = this.members.selectProtocol();
    this.subscribedTopics = subscribedTopicsOf(this);
    this.moveTo('CompletingRebalance', now);
    this.log('info', `Stabilized generation ${this.generationId} with ${this.members.size} members`);
    for (const member of this.members.all()) {
      this.answerJoin(member, joined(this, member.memberId));
      this.expectHeartbeat(member, now);
      member.isNew = false;
      this.members.pendingSyncs.add(member.memberId);
    }
    this.syncDeadlineMs = now.monotonicMs + this.members.rebalanceTimeoutMs;
    this.wakeBy(this.syncDeadlineMs);
  }

  protected syncReceived(memberId: string): void {
    this.members.pendingSyncs.delete(memberId);
    if (this.members.pendingSyncs.size === 0) this.syncDeadlineMs = Infinity;
  }

  private syncDeadlinePassed(now: Moment): void {
    this.syncDeadlineMs = Infinity;
    const silent = [...this.members.pendingSyncs];
    if (silent.length === 0) return;
    for (const memberId of silent) this.drop(memberId);
    this.prepareRebalance(`removing ${silent.join(', ')}: no SyncGroup in time`, now);
  }

  /** Notes that an empty group's first rebalance is worth putting off once more: another member has just come. */
  protected memberAdded(): void {
    if (this.currentState === 'PreparingRebalance' && this.generationId === 0) this.memberAddedSinceDelay = true;
  }

  protected assignmentStored(write: AssignmentWrite, errorCode: ErrorCode, now: Moment): void {
    // A rebalance that began meanwhile has sent everyone back already.
    if (this.currentState !== 'CompletingRebalance' || this.generationId !== write.generationId) return;
    if (errorCode === ErrorCode.NONE) {
      for (const member of this.members.all()) member.assignment = write.assignments.get(member.memberId) ?? EMPTY;
      this.moveTo('Stable', now);
      this.answerAllSyncs(ErrorCode.NONE, now);
    } else {
      for (const member of this.members.all()) member.assignment = EMPTY;
      this.answerAllSyncs(errorCode, now);
      this.prepareRebalance(`the assignment could not be written (error ${errorCode})`, now);
    }
  }

  /**
   * Answers all that wait in SyncGroup; their silence counts from now, since nothing was expected of them while they
   * waited.
   */
  private answerAllSyncs(errorCode: ErrorCode, now: Moment): void {
    for (const member of this.members.all()) if (this.answerSync(member, errorCode)) this.expectHeartbeat(member, now);
  }

  /** Asks for the group's record to be written; the outcome comes back through `Group.stored`. */
  protected store(write: GroupWrite, assignmentOf: (member: Member) => Buffer): void {
    this.effects.push({ kind: 'store', write, value: groupValueOf(this, assignmentOf) });
  }

  /** Lets everything happen that was due by `now`. */
  expire(now: Moment): Effect[] {
    const at = now.monotonicMs;
    this.wakeAtMs = Infinity;
    if (this.currentState !== 'Dead') {
      if (this.joinDeadlineMs <= at) this.joinDeadlinePassed(now);
      if (this.syncDeadlineMs <= at) this.syncDeadlinePassed(now);
      for (const [memberId, deadlineMs] of [...this.members.pending]) {
        if (deadlineMs <= at) this.expirePending(memberId, now);
      }
      for (const member of [...this.members.all()]) if (member.deadlineMs <= at) this.expireMember(member, now);
      this.wakeBy(Math.min(this.joinDeadlineMs, this.syncDeadlineMs));
      for (const deadlineMs of this.members.pending.values()) this.wakeBy(deadlineMs);
      for (const { deadlineMs } of this.members.all()) this.wakeBy(deadlineMs);
    }
    return this.drain();
  }

  private expirePending(memberId: string, now: Moment): void {
    this.log('info', `Pending member ${memberId} did not come back in time`);
    this.members.remove(memberId);
    this.tryCompleteJoin(now);
  }

  private expireMember(member: Member, now: Moment): void {
    member.deadlineMs = Infinity;
    if (this.members.find(member.memberId) !== member) return; // gone with an earlier one of this round
    // Whoever waits for our answer need not speak; a deadline is set again with that answer. A new member may wait only so
    // long.
    if (!member.isNew && (member.awaitingJoin !== null || member.awaitingSync !== null)) return;
    this.log('info', `Member ${member.memberId} has failed, removing it from the group`);
    this.removeMember(member.memberId, `removing member ${member.memberId} on heartbeat expiration`, now);
  }

  protected removeMember(memberId: string, reason: string, now: Moment): void {
    this.drop(memberId);
    if (this.currentState === 'PreparingRebalance') this.tryCompleteJoin(now);
    else if (this.currentState !== 'Empty') this.maybePrepareRebalance(reason, now);
  }
}
