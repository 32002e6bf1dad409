/**
 * What every part of a group stands on: its fields, its members, the effects collected so far, and the deadlines.
 * `rebalance.ts` adds how generations come about, `group.ts` what clients may ask.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { GroupConfig } from './group-config.ts';
import { joinRefusal, syncRefusal } from './group-results.ts';
import type { Effect, JoinResult, Moment } from './group-messages.ts';
import { assertMove } from './group-state.ts';
import type { GroupState } from './group-state.ts';
import { Membership } from './membership.ts';
import type { Member } from './membership.ts';
import { GroupOffsets } from './offsets.ts';

export abstract class GroupBase {
  readonly groupId: string;
  readonly config: GroupConfig;
  readonly members = new Membership();
  readonly offsets: GroupOffsets;
  generationId = 0;
  protocolType: string | null = null;
  protocolName: string | null = null;
  /** What the members of a `consumer` group subscribe to; null when that is unknown. */
  subscribedTopics: ReadonlySet<string> | null = null;
  /** Wall clock time of the last move; -1 when an old record did not say. */
  stateTimestampMs: number;
  /** `expire` has to be called no later than this (monotonic ms). It may be early, never late. */
  wakeAtMs = Infinity;

  protected currentState: GroupState = 'Empty';
  protected effects: Effect[] = [];

  constructor(groupId: string, config: GroupConfig, now: Moment, offsets = new GroupOffsets()) {
    this.groupId = groupId;
    this.config = config;
    this.offsets = offsets;
    this.stateTimestampMs = now.wallMs;
  }

  get state(): GroupState {
    return this.currentState;
  }

  protected moveTo(state: GroupState, now: Moment): void {
    assertMove(this.groupId, this.currentState, state);
    this.currentState = state;
    this.stateTimestampMs = now.wallMs;
  }

  protected answerJoin(member: Member, result: JoinResult): void {
    const to = this.members.setAwaitingJoin(member, null);
    if (to !== null) this.effects.push({ kind: 'joinReply', to, result });
  }

  /** Answers the SyncGroup that waits for `member`; false when none does. */
  protected answerSync(member: Member, errorCode: ErrorCode): boolean {
    const to = member.awaitingSync;
    if (to === null) return false;
    member.awaitingSync = null;
    const { protocolType, protocolName } = this;
    const result =
      errorCode === ErrorCode.NONE
        ? { errorCode, protocolType, protocolName, assignment: member.assignment }
        : syncRefusal(errorCode);
    this.effects.push({ kind: 'syncReply', to, result });
    return true;
  }

  /** Takes a member away; what it still waits for is answered, so that a living client starts over. */
  protected drop(memberId: string): void {
    const member = this.members.remove(memberId);
    if (member === undefined) return;
    const { awaitingJoin, awaitingSync } = member;
    member.awaitingJoin = null;
    member.awaitingSync = null;
    if (awaitingJoin !== null) {
      this.effects.push({ kind: 'joinReply', to: awaitingJoin, result: joinRefusal('', ErrorCode.UNKNOWN_MEMBER_ID) });
    }
    if (awaitingSync !== null) {
      this.effects.push({ kind: 'syncReply', to: awaitingSync, result: syncRefusal(ErrorCode.UNKNOWN_MEMBER_ID) });
    }
  }

  protected wakeBy(deadlineMs: number): void {
    if (deadlineMs < this.wakeAtMs) this.wakeAtMs = deadlineMs;
  }

  protected expectHeartbeat(member: Member, now: Moment): void {
    this.expectWithin(member, member.sessionTimeoutMs, now);
  }

  protected expectWithin(member: Member, timeoutMs: number, now: Moment): void {
    member.deadlineMs = now.monotonicMs + timeoutMs;
    this.wakeBy(member.deadlineMs);
  }

  protected log(level: 'info' | 'warn' | 'error' | 'debug', message: string): void {
    this.effects.push({ kind: 'log', level, message });
  }

  protected drain(): Effect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }
}
