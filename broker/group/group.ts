/**
 * One classic consumer group as a function of its inputs: requests and the passing of time go in, effects come out (answers
 * to requests that may have waited, records to write, lines to log). No clock, log or timer inside: the shell calls `expire`
 * no later than `wakeAtMs`, carries the effects out in order, and reports the end of each write through `stored`.
 *
 * What it promises:
 * - the generation only grows, and a member acts for the generation it joined or is told so;
 * - nobody learns an assignment before the log has it;
 * - every request that waits is answered exactly once, also when its member goes or the group is unloaded.
 *
 * The rules are those of Kafka 3.4's GroupCoordinator. `group-state.ts` has the picture; Membership keeps who is in.
 */
import { EMPTY } from '../../shared/bytes/reader.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { NEW_MEMBER_JOIN_TIMEOUT_MS, PENDING_MEMBERS_MAX } from './group-config.ts';
import type {
  Effect,
  GroupWrite,
  JoinRequest,
  JoinResult,
  LeavingMember,
  LeftMember,
  MemberClaim,
  Moment,
  SyncRequest,
} from './group-messages.ts';
import { joined, joinRefusal, subscribedTopicsOf, syncRefusal } from './group-results.ts';
import { sameProtocols } from './membership.ts';
import type { Member } from './membership.ts';
import type { GroupValue } from './offset-records.ts';
import { Rebalance } from './rebalance.ts';

type StaticMemberWrite = Extract<GroupWrite, { purpose: 'staticMember' }>;

export class Group extends Rebalance {
  // ---- JoinGroup ---------------------------------------------------------------------------------------------------------

  join(request: JoinRequest, now: Moment): Effect[] {
    if (!this.hasRoomFor(request.memberId)) {
      this.drop(request.memberId);
      this.replyJoin(request, joinRefusal('', ErrorCode.GROUP_MAX_SIZE_REACHED));
    } else if (this.currentState === 'Dead') {
      this.replyJoin(request, joinRefusal(request.memberId, ErrorCode.COORDINATOR_NOT_AVAILABLE));
    } else if (!this.supportsProtocols(request)) {
      this.replyJoin(request, joinRefusal(request.memberId, ErrorCode.INCONSISTENT_GROUP_PROTOCOL));
    } else if (request.memberId === '') {
      this.joinNew(request, now);
    } else if (this.members.pending.has(request.memberId)) {
      // A pending id is only ever handed to a dynamic member: one that comes back with an instance id breaks the protocol.
      if (request.groupInstanceId === null) this.addMember(request, request.memberId, now);
      else this.replyJoin(request, joinRefusal(request.memberId, ErrorCode.UNKNOWN_SERVER_ERROR));
    } else {
      const refusal = this.refuseMember(request.memberId, request.groupInstanceId);
      if (refusal === ErrorCode.NONE) this.rejoin(request, this.members.get(request.memberId), now);
      else this.replyJoin(request, joinRefusal(request.memberId, refusal));
    }
    this.tryCompleteJoin(now);
    return this.drain();
  }

  private hasRoomFor(memberId: string): boolean {
    switch (this.currentState) {
      case 'Empty':
      case 'Dead':
        return true;
      case 'PreparingRebalance': {
        const member = this.members.find(memberId);
        if (member !== undefined && member.awaitingJoin !== null) return true;
        return this.members.awaitingJoin < this.config.groupMaxSize;
      }
      case 'CompletingRebalance':
      case 'Stable':
        return this.members.has(memberId) || this.members.size < this.config.groupMaxSize;
    }
  }

  private supportsProtocols(request: JoinRequest): boolean {
    if (this.currentState === 'Empty') return request.protocolType !== '' && request.protocols.length > 0;
    return this.protocolType === request.protocolType && this.members.supportsAny(request.protocols);
  }

  private joinNew(request: JoinRequest, now: Moment): void {
    const { newMemberId, groupInstanceId } = request;
    if (groupInstanceId !== null) {
      const oldMemberId = this.members.staticMemberId(groupInstanceId);
      if (oldMemberId === undefined) this.addMember(request, newMemberId, now);
      else this.replaceStaticMember(request, groupInstanceId, this.members.get(oldMemberId), now);
    } else if (request.requireKnownMemberId && this.members.pending.size >= PENDING_MEMBERS_MAX) {
      this.replyJoin(request, joinRefusal('', ErrorCode.GROUP_MAX_SIZE_REACHED));
    } else if (request.requireKnownMemberId) {
      const deadlineMs = now.monotonicMs + request.sessionTimeoutMs;
      this.members.pending.set(newMemberId, deadlineMs);
      this.wakeBy(deadlineMs);
      this.log('info', `Member without id joins in state ${this.currentState}: it is asked to come back as ${newMemberId}`);
      this.replyJoin(request, joinRefusal(newMemberId, ErrorCode.MEMBER_ID_REQUIRED));
    } else {
      this.addMember(request, newMemberId, now);
    }
  }

  private addMember(request: JoinRequest, memberId: string, now: Moment): void {
    this.memberAdded();
    if (this.members.size === 0) this.protocolType = request.protocolType;
    const member: Member = {
      memberId,
      groupInstanceId: request.groupInstanceId,
      clientId: request.clientId,
      clientHost: request.clientHost,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      sessionTimeoutMs: request.sessionTimeoutMs,
      protocols: request.protocols,
      assignment: EMPTY,
      awaitingJoin: request.replyTo,
      awaitingSync: null,
      isNew: true,
      deadlineMs: Infinity,
    };
    this.members.add(member);
    this.expectWithin(member, NEW_MEMBER_JOIN_TIMEOUT_MS, now);
    const reason = `adding new member ${memberId}${instanceNote(member)}; client reason: ${reasonOf(request)}`;
    this.maybePrepareRebalance(reason, now);
  }

  private rejoin(request: JoinRequest, member: Member, now: Moment): void {
    const { memberId } = member;
    const changed = !sameProtocols(member, request.protocols);
    switch (this.currentState) {
      case 'PreparingRebalance':
        this.awaitJoin(request, member, `member ${memberId} joining again; client reason: ${reasonOf(request)}`, now);
        return;
      case 'CompletingRebalance':
        // Its answer may have been lost: the generation is the same for the same member.
        if (changed) this.awaitJoin(request, member, `changed metadata of member ${memberId}`, now);
        else this.replyJoin(request, joined(this, memberId));
        return;
      case 'Stable':
        // A leader that joins again wants a new assignment (topics changed); a follower with the same metadata lost its
        // answer.
        if (this.members.leaderId === memberId) {
          this.awaitJoin(request, member, `leader ${memberId} joining again; client reason: ${reasonOf(request)}`, now);
        } else if (changed) this.awaitJoin(request, member, `changed metadata of member ${memberId}`, now);
        else this.replyJoin(request, joined(this, memberId));
        return;
      case 'Empty':
      case 'Dead':
        this.replyJoin(request, joinRefusal(memberId, ErrorCode.UNKNOWN_MEMBER_ID));
    }
  }

  private awaitJoin(request: JoinRequest, member: Member, reason: string, now: Moment): void {
    this.setAwaitingJoin(request, member);
    this.maybePrepareRebalance(reason, now);
  }

  private setAwaitingJoin(request: JoinRequest, member: Member): void {
    this.members.update(member, request.protocols, request.rebalanceTimeoutMs, request.sessionTimeoutMs);
    const displaced = this.members.setAwaitingJoin(member, request.replyTo);
    // The client asked again, so it no longer listens for the first answer: end that request.
    if (displaced !== null) {
      const result = joinRefusal(member.memberId, ErrorCode.REBALANCE_IN_PROGRESS);
      this.effects.push({ kind: 'joinReply', to: displaced, result });
    }
  }

  /**
   * A static member that comes without its id was restarted: it takes its own place over. Whoever still acts under the old
   * id is fenced. In a stable group whose choice of protocol stays the same nobody else has to notice.
   */
  private replaceStaticMember(request: JoinRequest, groupInstanceId: string, member: Member, now: Moment): void {
    const { newMemberId } = request;
    const oldMemberId = member.memberId;
    const old = { protocols: member.protocols, rebalance: member.rebalanceTimeoutMs, session: member.sessionTimeoutMs };
    const oldLeader = this.members.leaderId ?? '';
    this.log('info', `Static member ${groupInstanceId} comes without id: ${newMemberId} replaces ${oldMemberId}`);
    this.answerJoin(member, joinRefusal(oldMemberId, ErrorCode.FENCED_INSTANCE_ID));
    this.answerSync(member, ErrorCode.FENCED_INSTANCE_ID);
    this.members.replaceStatic(member, newMemberId);
    this.setAwaitingJoin(request, member);
    this.expectHeartbeat(member, now);
    if (this.currentState === 'CompletingRebalance') {
      // The leader may already know the old id, and would assign to nobody.
      this.prepareRebalance(`changed metadata of static member ${newMemberId}${instanceNote(member)}`, now);
    } else if (this.currentState === 'Stable') {
      if (this.protocolName !== this.members.selectProtocol()) {
        this.maybePrepareRebalance(`static member ${newMemberId}${instanceNote(member)} changes the chosen protocol`, now);
        return;
      }
      const write: GroupWrite = {
        purpose: 'staticMember',
        generationId: this.generationId,
        oldLeader,
        oldMemberId,
        newMemberId,
        oldProtocols: old.protocols,
        oldRebalanceTimeoutMs: old.rebalance,
        oldSessionTimeoutMs: old.session,
        supportSkippingAssignment: request.supportSkippingAssignment,
      };
      this.store(write, (stored) => stored.assignment);
    }
  }

  private staticMemberStored(write: StaticMemberWrite, errorCode: ErrorCode, now: Moment): void {
    const member = this.members.find(write.newMemberId);
    // The group moved on meanwhile: the rebalance that follows answers the member.
    if (member === undefined || this.currentState !== 'Stable' || this.generationId !== write.generationId) return;
    if (errorCode !== ErrorCode.NONE) {
      this.log('warn', `Replacing ${write.oldMemberId} could not be written (error ${errorCode}): it is taken back`);
      this.answerJoin(member, { ...joined(this, ''), errorCode, memberId: '', leader: write.oldLeader, members: [] });
      this.members.update(member, write.oldProtocols, write.oldRebalanceTimeoutMs, write.oldSessionTimeoutMs);
      this.members.replaceStatic(member, write.oldMemberId);
    } else if (write.supportSkippingAssignment) {
      // v9: the leader learns that it leads and watches the topics, but must not assign: a stable group would ignore it.
      const skipAssignment = this.members.leaderId === member.memberId;
      this.answerJoin(member, { ...joined(this, member.memberId), skipAssignment });
    } else {
      // Before v9 a returning leader is told the leader's old id, so that it does not take itself for the leader and assign.
      this.answerJoin(member, { ...joined(this, member.memberId), leader: write.oldLeader, members: [] });
    }
    this.expectHeartbeat(member, now);
  }

  // ---- SyncGroup ---------------------------------------------------------------------------------------------------------

  sync(request: SyncRequest, now: Moment): Effect[] {
    const refusal = this.refuseSync(request);
    const to = request.replyTo;
    if (refusal !== ErrorCode.NONE) {
      this.effects.push({ kind: 'syncReply', to, result: syncRefusal(refusal) });
      return this.drain();
    }
    const member = this.members.get(request.memberId);
    this.answerSync(member, ErrorCode.REBALANCE_IN_PROGRESS); // an earlier one that the client has given up
    member.awaitingSync = to;
    this.syncReceived(member.memberId);
    if (this.currentState === 'Stable') {
      this.answerSync(member, ErrorCode.NONE);
      this.expectHeartbeat(member, now);
    } else if (this.members.leaderId === member.memberId) {
      this.storeAssignment(request.assignments);
    }
    return this.drain();
  }

  private refuseSync(request: SyncRequest): ErrorCode {
    const refusal = this.refuseClaim(request);
    if (refusal !== ErrorCode.NONE) return refusal;
    const { protocolType, protocolName } = request;
    if (protocolType !== null && protocolType !== this.protocolType) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
    if (protocolName !== null && protocolName !== this.protocolName) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
    if (this.currentState === 'PreparingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS;
    return ErrorCode.NONE;
  }

  private storeAssignment(given: ReadonlyMap<string, Buffer>): void {
    const assignments = new Map<string, Buffer>();
    for (const { memberId } of this.members.all()) assignments.set(memberId, given.get(memberId) ?? EMPTY);
    this.log(
      'info',
      `Assignment received from leader ${this.members.leaderId} for generation ${this.generationId}: ` +
        `${this.members.size} members, ${this.members.staticSize} of which are static`,
    );
    const write: GroupWrite = { purpose: 'assignment', generationId: this.generationId, assignments };
    this.store(write, ({ memberId }) => assignments.get(memberId) ?? EMPTY);
  }

  // ---- Heartbeat, OffsetCommit, LeaveGroup -------------------------------------------------------------------------------

  heartbeat(claim: MemberClaim, now: Moment): ErrorCode {
    const refusal = this.refuseClaim(claim);
    if (refusal !== ErrorCode.NONE) return refusal;
    this.expectHeartbeat(this.members.get(claim.memberId), now);
    return this.currentState === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }

  /**
   * Whether `claim` may commit offsets now. A commit from a member counts as a sign of life. Transactional commits from old
   * clients name no member, and are then not checked against the group.
   */
  admitCommit(claim: MemberClaim, now: Moment, isTransactional = false): ErrorCode {
    const { generationId, memberId, groupInstanceId } = claim;
    if (this.currentState === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    if (generationId < 0 && this.currentState === 'Empty') return ErrorCode.NONE;
    if (generationId < 0 && memberId === '' && groupInstanceId === null) {
      return isTransactional ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
    }
    const refusal = this.refuseClaim(claim);
    if (refusal !== ErrorCode.NONE || isTransactional) return refusal;
    // Its id and generation are right, so the member has its JoinGroup answer, and owns nothing before SyncGroup's.
    if (this.currentState === 'CompletingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS;
    this.expectHeartbeat(this.members.get(memberId), now);
    return ErrorCode.NONE;
  }

  /** Null when the group is dead: then the whole request is refused. */
  leave(leaving: readonly LeavingMember[], now: Moment): { left: LeftMember[] | null; effects: Effect[] } {
    if (this.currentState === 'Dead') return { left: null, effects: this.drain() };
    const left = leaving.map(({ memberId, groupInstanceId, reason }): LeftMember => {
      const errorCode = this.leaveOne(memberId, groupInstanceId, reason ?? 'not provided', now);
      return { memberId, groupInstanceId, errorCode };
    });
    return { left, effects: this.drain() };
  }

  private leaveOne(memberId: string, groupInstanceId: string | null, reason: string, now: Moment): ErrorCode {
    let current = memberId;
    if (memberId === '') {
      // An administrator removes a static member by its instance id alone.
      const staticId = groupInstanceId === null ? undefined : this.members.staticMemberId(groupInstanceId);
      if (staticId === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
      current = staticId;
    } else if (this.members.pending.has(memberId)) {
      this.members.remove(memberId);
      this.log('info', `Pending member ${memberId} has left`);
      this.tryCompleteJoin(now);
      return ErrorCode.NONE;
    } else {
      const refusal = this.refuseMember(memberId, groupInstanceId);
      if (refusal !== ErrorCode.NONE) return refusal;
    }
    this.log('info', `Member ${current} has left; client reason: ${reason}`);
    this.removeMember(current, `removing member ${current} on LeaveGroup; client reason: ${reason}`, now);
    return ErrorCode.NONE;
  }

  // ---- who may act -------------------------------------------------------------------------------------------------------

  private refuseMember(memberId: string, groupInstanceId: string | null): ErrorCode {
    if (groupInstanceId !== null) {
      const current = this.members.staticMemberId(groupInstanceId);
      if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
      if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    }
    return this.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
  }

  private refuseClaim(claim: MemberClaim): ErrorCode {
    if (this.currentState === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const refusal = this.refuseMember(claim.memberId, claim.groupInstanceId);
    if (refusal !== ErrorCode.NONE) return refusal;
    return claim.generationId === this.generationId ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION;
  }

  // ---- coming and going of the group itself ------------------------------------------------------------------------------

  /** Restores what a record says: with members the group was stable, without it was empty. */
  restore(value: GroupValue): void {
    this.generationId = value.generation;
    this.protocolType = value.protocolType === '' ? null : value.protocolType;
    this.protocolName = value.protocol;
    this.stateTimestampMs = value.currentStateTimestamp;
    for (const stored of value.members) {
      this.members.add({
        memberId: stored.memberId,
        groupInstanceId: stored.groupInstanceId,
        clientId: stored.clientId,
        clientHost: stored.clientHost,
        rebalanceTimeoutMs: stored.rebalanceTimeout,
        sessionTimeoutMs: stored.sessionTimeout,
        // Copies: what was decoded shares memory with a whole chunk of the log.
        protocols: [{ name: value.protocol ?? '', metadata: Buffer.from(stored.subscription) }],
        assignment: Buffer.from(stored.assignment),
        awaitingJoin: null,
        awaitingSync: null,
        isNew: false,
        deadlineMs: Infinity,
      });
    }
    if (value.leader !== null && this.members.has(value.leader)) this.members.leaderId = value.leader;
    this.currentState = value.members.length > 0 ? 'Stable' : 'Empty';
    this.subscribedTopics = subscribedTopicsOf(this);
  }

  /** The group was restored and is served from now on: every member gets a whole session to be heard of. */
  loaded(now: Moment): Effect[] {
    if (this.members.size > this.config.groupMaxSize) {
      this.prepareRebalance(`freshly loaded group is over group.max.size ${this.config.groupMaxSize}`, now);
    }
    for (const member of this.members.all()) this.expectHeartbeat(member, now);
    return this.drain();
  }

  /** Another broker coordinates the group now: everyone who waits is sent there. */
  unload(now: Moment): Effect[] {
    this.moveTo('Dead', now);
    for (const member of this.members.all()) {
      this.answerJoin(member, joinRefusal(member.memberId, ErrorCode.NOT_COORDINATOR));
      this.answerSync(member, ErrorCode.NOT_COORDINATOR);
    }
    this.wakeAtMs = Infinity;
    return this.drain();
  }

  /** Ends the group. Only for an empty one. */
  die(now: Moment): void {
    this.moveTo('Dead', now);
    this.wakeAtMs = Infinity;
  }

  /** The end of the write that a `store` effect asked for. */
  stored(write: GroupWrite, errorCode: ErrorCode, now: Moment): Effect[] {
    if (write.purpose === 'assignment') this.assignmentStored(write, errorCode, now);
    else if (write.purpose === 'staticMember') this.staticMemberStored(write, errorCode, now);
    else if (errorCode !== ErrorCode.NONE) {
      // Nobody waits for it. Lost, it only means that the members it ends expire once more after a reload.
      this.log('warn', `The empty group could not be written (error ${errorCode})`);
    }
    return this.drain();
  }

  /** True when the group consumes `topic`, or might. */
  isSubscribedTo(topic: string): boolean {
    return this.subscribedTopics === null || this.subscribedTopics.has(topic);
  }

  private replyJoin(request: JoinRequest, result: JoinResult): void {
    this.effects.push({ kind: 'joinReply', to: request.replyTo, result });
  }
}

function reasonOf(request: JoinRequest): string {
  return request.reason ?? 'not provided';
}

function instanceNote(member: Member): string {
  return member.groupInstanceId === null ? '' : ` (instance ${member.groupInstanceId})`;
}
