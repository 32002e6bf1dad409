/**
 * The group coordinator: what clients may ask of the groups that this broker coordinates. It checks what holds before any group is
 * asked (the group id, the partition's leader, loading), finds or creates the group, and throws expired offsets away. What a group
 * decides is in `group.ts`, how that is carried out in `group-shell.ts`.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import type {
  GroupSummary,
  JoinRequest,
  JoinResult,
  LeavingMember,
  LeftMember,
  MemberClaim,
  Moment,
  SyncRequest,
  SyncResult,
} from './group-messages.ts';
import { describeGroup, joinRefusal, syncRefusal } from './group-results.ts';
import { GroupShell, TIMER_MAX_MS } from './group-shell.ts';
import type { GroupEntry } from './group-shell.ts';
import { removeExpiredOffsets } from './offset-expiry.ts';
import { encodeOffsetKey, encodeOffsetValue } from './offset-records.ts';
import type { OffsetToCommit, TopicPartition } from './offsets.ts';
import { commitErrorOf } from './offsets-log.ts';

export interface FetchedPartition {
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly metadata: string;
  readonly errorCode: ErrorCode;
}

export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  readonly groupState: string;
}

export interface FetchedOffsets {
  readonly errorCode: ErrorCode;
  readonly topics: { name: string; partitions: FetchedPartition[] }[];
}

const NO_OFFSET = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '' };

export class GroupCoordinator extends GroupShell {
  private cancelExpiry: (() => void) | null = null;

  /** Starts to serve. `partitionCount`: that of an existing `__consumer_offsets`, which outranks the configuration. */
  start(partitionCount: number = this.config.offsetsTopicNumPartitions): void {
    this.partitionCount = partitionCount;
    this.active = true;
    this.scheduleExpiry();
  }

  /** Stops: no group is touched any more, and everyone who waits is told to look for another coordinator. */
  close(): void {
    this.active = false;
    this.cancelExpiry?.();
    for (const partition of [...this.led.keys()]) this.resigned(partition, null);
  }

  // ---- membership --------------------------------------------------------------------------------------------------------

  joinGroup(groupId: string, request: Omit<JoinRequest, 'replyTo' | 'newMemberId'>): JoinResult | Promise<JoinResult> {
    const { memberId, sessionTimeoutMs } = request;
    const led = groupId === '' ? ErrorCode.INVALID_GROUP_ID : this.locate(groupId);
    if (typeof led === 'number') return joinRefusal(memberId, led);
    if (sessionTimeoutMs < this.config.groupMinSessionTimeoutMs || sessionTimeoutMs > this.config.groupMaxSessionTimeoutMs) {
      return joinRefusal(memberId, ErrorCode.INVALID_SESSION_TIMEOUT);
    }
    const entry = led.groups.get(groupId) ?? (memberId === '' ? this.create(led, groupId) : undefined);
    if (entry === undefined) return joinRefusal(memberId, ErrorCode.UNKNOWN_MEMBER_ID);
    return new Promise((resolve) => {
      const replyTo = this.awaitJoin(resolve);
      const newMemberId = `${request.groupInstanceId ?? request.clientId}-${this.randomUuid()}`;
      this.carryOut(entry, entry.group.join({ ...request, replyTo, newMemberId }, this.now()));
    });
  }

  syncGroup(groupId: string, request: Omit<SyncRequest, 'replyTo'>): SyncResult | Promise<SyncResult> {
    const led = groupId === '' ? ErrorCode.INVALID_GROUP_ID : this.locate(groupId);
    // While loading nobody knows the generation: the member is to join again.
    if (led === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) return syncRefusal(ErrorCode.REBALANCE_IN_PROGRESS);
    if (typeof led === 'number') return syncRefusal(led);
    const entry = led.groups.get(groupId);
    if (entry === undefined) return syncRefusal(ErrorCode.UNKNOWN_MEMBER_ID);
    return new Promise((resolve) => {
      const replyTo = this.awaitSync(resolve);
      this.carryOut(entry, entry.group.sync({ ...request, replyTo }, this.now()));
    });
  }

  heartbeat(groupId: string, claim: MemberClaim): ErrorCode {
    const led = groupId === '' ? ErrorCode.INVALID_GROUP_ID : this.locate(groupId);
    // While loading no session can end either, so the member may go on.
    if (led === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) return ErrorCode.NONE;
    if (typeof led === 'number') return led;
    const entry = led.groups.get(groupId);
    if (entry === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    const errorCode = entry.group.heartbeat(claim, this.now());
    this.arm(entry);
    return errorCode;
  }

  leaveGroup(groupId: string, leaving: readonly LeavingMember[]): { errorCode: ErrorCode; members: LeftMember[] } {
    const led = groupId === '' ? ErrorCode.INVALID_GROUP_ID : this.locate(groupId);
    if (typeof led === 'number') return { errorCode: led, members: [] };
    const entry = led.groups.get(groupId);
    if (entry === undefined) {
      const errorCode = ErrorCode.UNKNOWN_MEMBER_ID;
      const members = leaving.map(({ memberId, groupInstanceId }) => ({ memberId, groupInstanceId, errorCode }));
      return { errorCode: ErrorCode.NONE, members };
    }
    const { left, effects } = entry.group.leave(leaving, this.now());
    this.carryOut(entry, effects);
    if (left === null) return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, members: [] };
    return { errorCode: ErrorCode.NONE, members: left };
  }

  // ---- offsets -----------------------------------------------------------------------------------------------------------

  /** An error code for each of `commits`. Resolves when the log has those that were taken. */
  commitOffsets(
    groupId: string,
    claim: MemberClaim,
    commits: readonly OffsetToCommit[],
  ): readonly ErrorCode[] | Promise<readonly ErrorCode[]> {
    const all = (errorCode: ErrorCode): ErrorCode[] => commits.map(() => errorCode);
    const led = this.locate(groupId);
    if (typeof led === 'number') return all(led);
    // Without a generation the group only keeps offsets; a generation nobody has heard of is an old one.
    const entry = led.groups.get(groupId) ?? (claim.generationId < 0 ? this.create(led, groupId) : undefined);
    if (entry === undefined) return all(ErrorCode.ILLEGAL_GENERATION);
    const now = this.now();
    const refusal = entry.group.admitCommit(claim, now);
    this.arm(entry);
    if (refusal !== ErrorCode.NONE) return all(refusal);
    const isTooLarge = (commit: OffsetToCommit): boolean => commit.metadata.length > this.config.offsetMetadataMaxBytes;
    const taken = commits.some(isTooLarge) ? commits.filter((commit) => !isTooLarge(commit)) : commits;
    if (taken.length === 0) return all(ErrorCode.OFFSET_METADATA_TOO_LARGE);
    return this.store(entry, taken, now).then((errorCode) =>
      commits.map((commit) => (isTooLarge(commit) ? ErrorCode.OFFSET_METADATA_TOO_LARGE : errorCode)),
    );
  }

  private async store(entry: GroupEntry, commits: readonly OffsetToCommit[], now: Moment): Promise<ErrorCode> {
    const { groupId, offsets } = entry.group;
    const records = commits.map((commit) => ({
      key: encodeOffsetKey(groupId, commit.topic, commit.partition),
      value: encodeOffsetValue(commit),
      timestamp: now.wallMs,
    }));
    offsets.prepare(commits);
    const { errorCode, baseOffset } = await this.append(entry.partition, records, this.config.offsetsCommitRequiredAcks);
    if (errorCode === ErrorCode.NONE) offsets.commitAppended(commits, baseOffset);
    else offsets.commitFailed(commits);
    return commitErrorOf(errorCode);
  }

  /** Committed offsets of `topics`, or of all that have some when null. Whatever state the group is in. */
  fetchOffsets(
    groupId: string,
    topics: readonly { name: string; partitionIndexes: readonly number[] }[] | null,
    requireStable: boolean,
  ): FetchedOffsets {
    const led = this.locate(groupId);
    if (typeof led === 'number') return { errorCode: led, topics: [] };
    const offsets = led.groups.get(groupId)?.group.offsets;
    const fetched = (topic: string, partitionIndex: number): FetchedPartition => {
      if (requireStable && offsets !== undefined && offsets.isUnstable(topic, partitionIndex)) {
        return { partitionIndex, ...NO_OFFSET, errorCode: ErrorCode.UNSTABLE_OFFSET_COMMIT };
      }
      const committed = offsets?.get(topic, partitionIndex);
      if (committed === undefined) return { partitionIndex, ...NO_OFFSET, errorCode: ErrorCode.NONE };
      const { offset: committedOffset, leaderEpoch: committedLeaderEpoch, metadata } = committed;
      return { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode: ErrorCode.NONE };
    };
    if (topics !== null) {
      const asked = topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => fetched(name, partitionIndex)),
      }));
      return { errorCode: ErrorCode.NONE, topics: asked };
    }
    const all: FetchedOffsets['topics'] = [];
    for (const [name, partition] of offsets?.all() ?? []) {
      if (all.at(-1)?.name !== name) all.push({ name, partitions: [] });
      all.at(-1)!.partitions.push(fetched(name, partition));
    }
    return { errorCode: ErrorCode.NONE, topics: all };
  }

  /** Forgets offsets of topics the group does not consume. With a group error there are no partition errors. */
  async deleteOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<{ errorCode: ErrorCode; partitionErrors: ErrorCode[] }> {
    const led = groupId === '' ? ErrorCode.INVALID_GROUP_ID : this.locate(groupId);
    if (typeof led === 'number') return { errorCode: led, partitionErrors: [] };
    const entry = led.groups.get(groupId);
    if (entry === undefined) return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, partitionErrors: [] };
    const { group } = entry;
    const isEmpty = group.state === 'Empty';
    if (!isEmpty && group.protocolType !== 'consumer') return { errorCode: ErrorCode.NON_EMPTY_GROUP, partitionErrors: [] };
    const isInUse = ({ topic }: TopicPartition): boolean => !isEmpty && group.isSubscribedTo(topic);
    const partitionErrors = partitions.map((each) => (isInUse(each) ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE));
    const unused = partitions.filter((each) => !isInUse(each));
    if (unused.length > 0) await this.bury(led, entry, group.offsets.remove(unused));
    return { errorCode: ErrorCode.NONE, partitionErrors };
  }

  /** Topics were deleted: no group keeps offsets of them. */
  async topicsDeleted(topics: ReadonlySet<string>): Promise<void> {
    const burials: Promise<void>[] = [];
    for (const [led, entry] of this.entries()) {
      const removed = entry.group.offsets.removeWhere((topic) => topics.has(topic));
      if (removed.length > 0) burials.push(this.bury(led, entry, removed));
    }
    await Promise.all(burials);
  }

  // ---- administration ----------------------------------------------------------------------------------------------------

  /** All groups coordinated here; with `states`, those in one of them. Error 14 comes with what is loaded already. */
  listGroups(states: ReadonlySet<string>): { errorCode: ErrorCode; groups: ListedGroup[] } {
    if (!this.active) return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, groups: [] };
    const isLoading = [...this.led.values()].some((led) => led.loading);
    const groups: ListedGroup[] = [];
    for (const [, { group }] of this.entries()) {
      if (states.size > 0 && !states.has(group.state)) continue;
      groups.push({ groupId: group.groupId, protocolType: group.protocolType ?? '', groupState: group.state });
    }
    return { errorCode: isLoading ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NONE, groups };
  }

  describeGroup(groupId: string): { errorCode: ErrorCode; summary: GroupSummary } {
    const led = this.locate(groupId);
    const nothing = { protocolType: '', protocol: '', members: [] };
    if (typeof led === 'number') return { errorCode: led, summary: { state: '', ...nothing } };
    const entry = led.groups.get(groupId);
    // A group that nobody knows is one that is dead.
    const summary = entry === undefined ? { state: 'Dead', ...nothing } : describeGroup(entry.group);
    return { errorCode: ErrorCode.NONE, summary };
  }

  async deleteGroup(groupId: string): Promise<ErrorCode> {
    const led = this.locate(groupId);
    if (typeof led === 'number') return led;
    const entry = led.groups.get(groupId);
    if (entry === undefined) return ErrorCode.GROUP_ID_NOT_FOUND;
    if (entry.group.state !== 'Empty') return ErrorCode.NON_EMPTY_GROUP;
    const removed = entry.group.offsets.removeAll();
    this.logger.info(`The group ${groupId} was deleted, and ${removed.length} offsets with it`);
    await this.bury(led, entry, removed, true);
    return ErrorCode.NONE;
  }

  // ---- expiry ------------------------------------------------------------------------------------------------------------

  private scheduleExpiry(): void {
    this.cancelExpiry = this.timers.after(Math.min(this.config.offsetsRetentionCheckIntervalMs, TIMER_MAX_MS), () => {
      this.removeExpired();
      if (this.active) this.scheduleExpiry();
    });
  }

  /** Throws away the offsets whose time is over, and the groups that have nothing left. */
  removeExpired(): void {
    const { wallMs } = this.now();
    for (const [led, entry] of [...this.entries()]) {
      const removed = removeExpiredOffsets(entry.group, wallMs);
      if (removed.length > 0) this.logger.info(`Removed ${removed.length} expired offsets of group ${entry.group.groupId}`);
      void this.bury(led, entry, removed);
    }
  }
}
