/**
 * Who is in a group: members and what each supports, static members by their instance id, the leader, those that were given
 * an id and have not come back with it yet (pending), and those whose SyncGroup is still to come (pending syncs).
 *
 * Bookkeeping only: it keeps its counts right and decides nothing about rebalances. Order of joining is kept: the first
 * joiner leads, and ties between protocols go to the one that was named first.
 */
import { assert } from '../../shared/base/assert.ts';
import type { Protocol, ReplyTo } from './group-messages.ts';

export interface Member {
  /** Changes when a static member comes back without it (see `replaceStatic`). */
  memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  /** In order of preference. Change with `Membership.update`. */
  protocols: readonly Protocol[];
  assignment: Buffer;
  /** The JoinGroup that waits, if any. Change with `Membership.setAwaitingJoin`. */
  awaitingJoin: ReplyTo | null;
  awaitingSync: ReplyTo | null;
  /** Has not completed its first rebalance. */
  isNew: boolean;
  /** When the member's silence ends its membership; Infinity while it need not speak. */
  deadlineMs: number;
}

export class Membership {
  private readonly byId = new Map<string, Member>();
  private readonly staticIds = new Map<string, string>();
  private readonly supporters = new Map<string, number>();
  private awaitingJoinCount = 0;
  /** Ids handed out with MEMBER_ID_REQUIRED, with the time until which each may be used. */
  readonly pending = new Map<string, number>();
  readonly pendingSyncs = new Set<string>();
  leaderId: string | null = null;

  get size(): number {
    return this.byId.size;
  }

  get awaitingJoin(): number {
    return this.awaitingJoinCount;
  }

  /** Everyone known has asked to join, and no id that was handed out is still out. */
  get allJoined(): boolean {
    return this.awaitingJoinCount === this.byId.size && this.pending.size === 0;
  }

  get staticSize(): number {
    return this.staticIds.size;
  }

  has(memberId: string): boolean {
    return this.byId.has(memberId);
  }

  get(memberId: string): Member {
    const member = this.byId.get(memberId);
    assert(member !== undefined, `"${memberId}" is a member`);
    return member;
  }

  find(memberId: string): Member | undefined {
    return this.byId.get(memberId);
  }

  /** Members in the order in which they came. */
  all(): IterableIterator<Member> {
    return this.byId.values();
  }

  /** The member id that `groupInstanceId` goes by now. */
  staticMemberId(groupInstanceId: string): string | undefined {
    return this.staticIds.get(groupInstanceId);
  }

  /** The longest rebalance timeout of any member: how long a rebalance waits for the slowest. */
  get rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const member of this.byId.values()) longest = Math.max(longest, member.rebalanceTimeoutMs);
    return longest;
  }

  add(member: Member): void {
    assert(!this.byId.has(member.memberId), `"${member.memberId}" joins once`);
    if (member.groupInstanceId !== null) {
      assert(!this.staticIds.has(member.groupInstanceId), `instance "${member.groupInstanceId}" is one member`);
      this.staticIds.set(member.groupInstanceId, member.memberId);
    }
    this.leaderId ??= member.memberId;
    this.byId.set(member.memberId, member);
    this.countProtocols(member, 1);
    if (member.awaitingJoin !== null) this.awaitingJoinCount += 1;
    this.pending.delete(member.memberId);
  }

  /** Takes a member, or an id that was only handed out, away. The first of those left leads if it was the leader. */
  remove(memberId: string): Member | undefined {
    const member = this.byId.get(memberId);
    if (member !== undefined) {
      this.byId.delete(memberId);
      this.countProtocols(member, -1);
      if (member.awaitingJoin !== null) this.awaitingJoinCount -= 1;
      if (member.groupInstanceId !== null) this.staticIds.delete(member.groupInstanceId);
    }
    if (this.leaderId === memberId) this.leaderId = this.byId.keys().next().value ?? null;
    this.pending.delete(memberId);
    this.pendingSyncs.delete(memberId);
    return member;
  }

  /** A static member goes by `newMemberId` from now on; everything else about it stays. */
  replaceStatic(member: Member, newMemberId: string): void {
    const oldMemberId = member.memberId;
    assert(member.groupInstanceId !== null, `"${oldMemberId}" is a static member`);
    this.byId.delete(oldMemberId);
    member.memberId = newMemberId;
    this.byId.set(newMemberId, member);
    this.staticIds.set(member.groupInstanceId, newMemberId);
    if (this.leaderId === oldMemberId) this.leaderId = newMemberId;
    if (this.pendingSyncs.delete(oldMemberId)) this.pendingSyncs.add(newMemberId);
  }

  update(member: Member, protocols: readonly Protocol[], rebalanceTimeoutMs: number, sessionTimeoutMs: number): void {
    this.countProtocols(member, -1);
    member.protocols = protocols;
    this.countProtocols(member, 1);
    member.rebalanceTimeoutMs = rebalanceTimeoutMs;
    member.sessionTimeoutMs = sessionTimeoutMs;
  }

  /** Sets the JoinGroup that waits for this member; returns the one it displaces. */
  setAwaitingJoin(member: Member, to: ReplyTo | null): ReplyTo | null {
    const displaced = member.awaitingJoin;
    member.awaitingJoin = to;
    this.awaitingJoinCount += (to === null ? 0 : 1) - (displaced === null ? 0 : 1);
    return displaced;
  }

  /** Makes sure that someone who has rejoined leads. False when nobody has. */
  electJoinedLeader(): boolean {
    if (this.leaderId === null) return false;
    if (this.get(this.leaderId).awaitingJoin !== null) return true;
    for (const member of this.byId.values()) {
      if (member.awaitingJoin === null) continue;
      this.leaderId = member.memberId;
      return true;
    }
    return false;
  }

  /** True when all members support at least one of `protocols`. */
  supportsAny(protocols: readonly Protocol[]): boolean {
    return protocols.some(({ name }) => (this.supporters.get(name) ?? 0) === this.byId.size);
  }

  /**
   * The protocol of the next generation: each member votes for the one it likes best among those that all support; most
   * votes win. Only for a group that has members; that they have one in common is what `supportsAny` guards at the door.
   */
  selectProtocol(): string {
    const votes = new Map<string, number>();
    for (const { protocols, memberId } of this.byId.values()) {
      const choice = protocols.find(({ name }) => this.supporters.get(name) === this.byId.size);
      assert(choice !== undefined, `"${memberId}" supports a protocol that all members support`);
      votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1);
    }
    let selected = '';
    let most = 0;
    for (const [name, count] of votes) if (count > most) [selected, most] = [name, count];
    assert(most > 0, 'a protocol is chosen only where there are members');
    return selected;
  }

  private countProtocols(member: Member, by: 1 | -1): void {
    for (const name of new Set(member.protocols.map((protocol) => protocol.name))) {
      const count = (this.supporters.get(name) ?? 0) + by;
      if (count === 0) this.supporters.delete(name);
      else this.supporters.set(name, count);
    }
  }
}

export function metadataFor(member: Member, protocolName: string): Buffer {
  const protocol = member.protocols.find(({ name }) => name === protocolName);
  assert(protocol !== undefined, `"${member.memberId}" supports ${protocolName}`);
  return protocol.metadata;
}

/** True when `protocols` are what the member already told: same names, same order, same bytes. */
export function sameProtocols(member: Member, protocols: readonly Protocol[]): boolean {
  return (
    protocols.length === member.protocols.length &&
    protocols.every((protocol, i) => {
      const known = member.protocols[i]!;
      return protocol.name === known.name && protocol.metadata.equals(known.metadata);
    })
  );
}
