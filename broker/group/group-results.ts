/**
 * What a group shows of itself: answers to members, its record for the log, its description. Functions of the group's
 * fields.
 */
import { EMPTY } from '../../shared/bytes/reader.ts';
import { decodeSubscription } from '../protocol/consumer-protocol.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import type { GroupSummary, JoinResult, SyncResult } from './group-messages.ts';
import type { GroupState } from './group-state.ts';
import { metadataFor } from './membership.ts';
import type { Member, Membership } from './membership.ts';
import type { GroupValue } from './offset-records.ts';

/** The fields of a group that these functions read. */
export interface GroupView {
  readonly state: GroupState;
  readonly members: Membership;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly stateTimestampMs: number;
}

export function joinRefusal(memberId: string, errorCode: ErrorCode): JoinResult {
  return {
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  };
}

export function syncRefusal(errorCode: ErrorCode): SyncResult {
  return { errorCode, protocolType: null, protocolName: null, assignment: EMPTY };
}

/** What a member learns of its generation; the leader also learns who else is in. */
export function joined(group: GroupView, memberId: string): JoinResult {
  const { protocolName, members } = group;
  const leads = members.leaderId === memberId && protocolName !== null;
  return {
    errorCode: ErrorCode.NONE,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName,
    leader: members.leaderId ?? '',
    skipAssignment: false,
    memberId,
    members: leads
      ? [...members.all()].map((member) => ({
          memberId: member.memberId,
          groupInstanceId: member.groupInstanceId,
          metadata: metadataFor(member, protocolName),
        }))
      : [],
  };
}

/** The group as its record keeps it. */
export function groupValueOf(group: GroupView, assignmentOf: (member: Member) => Buffer): GroupValue {
  const { protocolName, members } = group;
  return {
    protocolType: group.protocolType ?? '',
    generation: group.generationId,
    protocol: protocolName,
    leader: members.leaderId,
    currentStateTimestamp: group.stateTimestampMs,
    members: [...members.all()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: protocolName === null ? EMPTY : metadataFor(member, protocolName),
      assignment: assignmentOf(member),
    })),
  };
}

/** As DescribeGroups tells it: metadata and assignments only while they belong together. */
export function describeGroup(group: GroupView): GroupSummary {
  const stable = group.state === 'Stable';
  const protocol = stable ? (group.protocolName ?? '') : '';
  return {
    state: group.state,
    protocolType: group.protocolType ?? '',
    protocol,
    members: [...group.members.all()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: stable ? metadataFor(member, protocol) : EMPTY,
      assignment: stable ? member.assignment : EMPTY,
    })),
  };
}

/** What the members of a `consumer` group subscribe to together; null when that can't be known. */
export function subscribedTopicsOf(group: GroupView): ReadonlySet<string> | null {
  if (group.protocolType !== 'consumer') return null;
  const topics = new Set<string>();
  if (group.members.size === 0) return topics;
  if (group.protocolName === null) return null;
  for (const member of group.members.all()) {
    const subscription = decodeSubscription(metadataFor(member, group.protocolName));
    if (subscription === null) return null;
    for (const topic of subscription.topics) topics.add(topic);
  }
  return topics;
}
