/**
 * What goes into a group and what comes out: requests as the handlers hand them over, results, and the effects that the
 * shell carries out. Nothing here knows the wire.
 */
import type { ErrorCode } from '../protocol/error-codes.ts';
import type { GroupValue } from './offset-records.ts';

/** The two clocks at one moment: deadlines follow the monotonic one, stamps that are stored or shown the wall clock. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** Names a request that may have to wait. The group carries it around and names it again in the effect that answers it. */
export type ReplyTo = number;

export interface Protocol {
  readonly name: string;
  readonly metadata: Buffer;
}

export interface JoinRequest {
  readonly replyTo: ReplyTo;
  /** Empty for a member that has no id yet. */
  readonly memberId: string;
  /** The id such a member gets. */
  readonly newMemberId: string;
  readonly groupInstanceId: string | null;
  /** A dynamic member without id is sent away once to come back with one (v4+). */
  readonly requireKnownMemberId: boolean;
  /** The client understands `skipAssignment` (v9+). */
  readonly supportSkippingAssignment: boolean;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly Protocol[];
  readonly reason: string | null;
}

export interface JoinedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly metadata: Buffer;
}

export interface JoinResult {
  readonly errorCode: ErrorCode;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  readonly memberId: string;
  /** Everyone, for the leader; nobody, for the others. */
  readonly members: readonly JoinedMember[];
}

export interface SyncRequest {
  readonly replyTo: ReplyTo;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** Null before v5. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  /** What each member gets; only the leader's counts. */
  readonly assignments: ReadonlyMap<string, Buffer>;
}

export interface SyncResult {
  readonly errorCode: ErrorCode;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Buffer;
}

/** Whoever acts as a member of a generation: heartbeats and offset commits carry these three. */
export interface MemberClaim {
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export interface LeavingMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly reason: string | null;
}

export interface LeftMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly errorCode: ErrorCode;
}

/** Why the group's record is written: what the outcome of the write decides. */
export type GroupWrite =
  | { readonly purpose: 'assignment'; readonly generationId: number; readonly assignments: ReadonlyMap<string, Buffer> }
  | { readonly purpose: 'empty' }
  | {
      readonly purpose: 'staticMember';
      readonly generationId: number;
      readonly oldLeader: string;
      readonly oldMemberId: string;
      readonly newMemberId: string;
      readonly oldProtocols: readonly Protocol[];
      readonly oldRebalanceTimeoutMs: number;
      readonly oldSessionTimeoutMs: number;
      readonly supportSkippingAssignment: boolean;
    };

/**
 * What a group wants done, in order. `store`: write the group's record, and hand the result back to `Group.stored`; answers
 * that depend on it only come out of that call.
 */
export type Effect =
  | { readonly kind: 'joinReply'; readonly to: ReplyTo; readonly result: JoinResult }
  | { readonly kind: 'syncReply'; readonly to: ReplyTo; readonly result: SyncResult }
  | { readonly kind: 'store'; readonly write: GroupWrite; readonly value: GroupValue }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn' | 'error' | 'debug'; readonly message: string };

export interface MemberSummary {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly metadata: Buffer;
  readonly assignment: Buffer;
}

export interface GroupSummary {
  readonly state: string;
  readonly protocolType: string;
  readonly protocol: string;
  readonly members: readonly MemberSummary[];
}
