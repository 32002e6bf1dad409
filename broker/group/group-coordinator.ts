/**
 * The group coordinator: which groups this broker coordinates, and the shell around each. It loads a partition of
 * `__consumer_offsets` when its leadership arrives and lets go of it on resignation, gives groups the time, writes their records,
 * wakes those who wait, and throws expired offsets away. What a group decides is in `group.ts`.
 *
 * Everything is synchronous but the log: between two awaits no group is half changed. Answers to one request leave in one place
 * (`carryOut`), after the records of the same decision were handed to the log.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { buildBatch } from '../records/build-batch.ts';
import type { NewRecord } from '../records/build-batch.ts';
import { codecName } from '../records/record-batch.ts';
import type { GroupConfig } from './group-config.ts';
import type {
  Effect,
  GroupSummary,
  GroupWrite,
  JoinRequest,
  JoinResult,
  LeavingMember,
  LeftMember,
  MemberClaim,
  Moment,
  ReplyTo,
  SyncRequest,
  SyncResult,
} from './group-messages.ts';
import { describeGroup, joinRefusal, syncRefusal } from './group-results.ts';
import { Group } from './group.ts';
import { partitionForKey } from './java-hash.ts';
import { removeExpiredOffsets } from './offset-expiry.ts';
import { encodeGroupKey, encodeGroupValue, encodeOffsetKey, encodeOffsetValue } from './offset-records.ts';
import type { GroupValue } from './offset-records.ts';
import type { OffsetToCommit, TopicPartition } from './offsets.ts';
import { commitErrorOf, groupErrorOf } from './offsets-log.ts';
import type { OffsetsAppendResult, OffsetsLog } from './offsets-log.ts';
import { Replay } from './replay.ts';

/** One timer per group and one for the offsets' expiry. */
export interface Timers {
  /** Calls `task` once after `delayMs`; the returned function takes it back. */
  after(delayMs: number, task: () => void): () => void;
}

export interface GroupCoordinatorOptions {
  readonly config: GroupConfig;
  readonly log: OffsetsLog;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Ends the ids of new members: nobody can guess them, and no two are the same. */
  readonly randomUuid: () => string;
  readonly logger: Logger;
}

export interface FetchedPartition {
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly metadata: string;
  readonly errorCode: ErrorCode;
}

export interface FetchedOffsets {
  readonly errorCode: ErrorCode;
  readonly topics: { name: string; partitions: FetchedPartition[] }[];
}

interface GroupEntry {
  readonly group: Group;
  readonly partition: number;
  /** When the group's timer fires (monotonic ms); Infinity without one. */
  armedMs: number;
  disarm: (() => void) | null;
}

/** A partition of `__consumer_offsets` that this broker leads. */
interface LedPartition {
  readonly index: number;
  loading: boolean;
  readonly groups: Map<string, GroupEntry>;
}

/** The longest delay a timer takes; waking early is harmless. */
const TIMER_MAX_MS = 0x7fff_ffff;
/** Tombstones a batch: far below any limit on a batch's size. */
const TOMBSTONES_PER_BATCH = 1_000;
const LOAD_RETRY_MIN_MS = 500;
const LOAD_RETRY_MAX_MS = 30_000;

const NO_OFFSET = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '' };

export class GroupCoordinator {
  private readonly config: GroupConfig;
  private readonly log: OffsetsLog;
  private readonly clock: Clock;
  private readonly timers: Timers;
  private readonly randomUuid: () => string;
  private readonly logger: Logger;
  private active = false;
  private partitionCount: number;
  private readonly led = new Map<number, LedPartition>();
  /** The leader epoch of the last election or resignation heard of, by partition: older news is ignored. */
  private readonly epochs = new Map<number, number>();
  private nextReply: ReplyTo = 1;
  private readonly waitingJoins = new Map<ReplyTo, (result: JoinResult) => void>();
  private readonly waitingSyncs = new Map<ReplyTo, (result: SyncResult) => void>();
  private cancelExpiry: (() => void) | null = null;

  constructor(options: GroupCoordinatorOptions) {
    this.config = options.config;
    this.log = options.log;
    this.clock = options.clock;
    this.timers = options.timers;
    this.randomUuid = options.randomUuid;
    this.logger = options.logger;
    this.partitionCount = options.config.offsetsTopicNumPartitions;
  }

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

  partitionFor(groupId: string): number {
    return partitionForKey(groupId, this.partitionCount);
  }

  // ---- leadership ------------------------------------------------------------------------------------------------------------

  /** This broker leads `partition` of the offsets topic since `leaderEpoch`: its groups are loaded and then served. */
  elected(partition: number, leaderEpoch: number): void {
    if (!this.newsOf(partition, leaderEpoch) || this.led.has(partition)) return;
    const led: LedPartition = { index: partition, loading: true, groups: new Map() };
    this.led.set(partition, led);
    void this.load(led, LOAD_RETRY_MIN_MS);
  }

  /**
   * This broker leads it no longer: waiting clients are sent to look for the new coordinator. `leaderEpoch`: null when the replica
   * is gone for good, and with it what its epochs were compared with.
   */
  resigned(partition: number, leaderEpoch: number | null): void {
    if (leaderEpoch === null) this.epochs.delete(partition);
    else if (!this.newsOf(partition, leaderEpoch)) return;
    const led = this.led.get(partition);
    if (led === undefined) return;
    this.led.delete(partition);
    const now = this.now();
    for (const entry of led.groups.values()) this.carryOut(entry, entry.group.unload(now));
    this.logger.info(`Unloaded ${led.groups.size} groups of __consumer_offsets-${partition}`);
  }

  private newsOf(partition: number, leaderEpoch: number): boolean {
    if (leaderEpoch < (this.epochs.get(partition) ?? -1)) return false;
    this.epochs.set(partition, leaderEpoch);
    return true;
  }

  private async load(led: LedPartition, retryMs: number): Promise<void> {
    const partition = led.index;
    try {
      const startedMs = this.clock.monotonicMs();
      const startOffset = this.log.logStartOffset(partition);
      if (startOffset === null) this.logger.warn(`No log of __consumer_offsets-${partition} to load groups from`);
      const replay = new Replay(startOffset ?? 0);
      while (startOffset !== null) {
        const from = replay.nextOffset;
        const read = this.log.readFrom(partition, from);
        const batches = read instanceof Promise ? await read : read;
        if (this.led.get(partition) !== led) return;
        replay.apply(batches);
        if (replay.nextOffset === from) break;
        // A long log is read in many steps, and everyone else has a turn between them.
        await new Promise<void>((resolve) => this.timers.after(0, resolve));
        if (this.led.get(partition) !== led) return;
      }
      this.loaded(led, replay, this.clock.monotonicMs() - startedMs);
    } catch (error) {
      if (this.led.get(partition) !== led) return;
      this.logger.error(`Error loading groups from __consumer_offsets-${partition}, trying again in ${retryMs} ms`, { error });
      this.timers.after(retryMs, () => {
        if (this.led.get(partition) === led) void this.load(led, Math.min(retryMs * 2, LOAD_RETRY_MAX_MS));
      });
    }
  }

  private loaded(led: LedPartition, replay: Replay, tookMs: number): void {
    const now = this.now();
    for (const problem of replay.problems) this.logger.warn(`${problem} (__consumer_offsets-${led.index})`);
    const groups = replay.finish(this.config, now);
    led.loading = false;
    for (const group of groups) {
      const entry = this.track(led, group);
      this.carryOut(entry, group.loaded(now));
    }
    if (replay.recordCount > 0) {
      this.logger.info(
        `Finished loading ${groups.length} groups from __consumer_offsets-${led.index}: ${replay.recordCount} records ` +
          `in ${Math.round(tookMs)} milliseconds, ${replay.problemCount} skipped`,
      );
    }
  }

  // ---- membership ------------------------------------------------------------------------------------------------------------

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
      const replyTo = this.nextReply++;
      this.waitingJoins.set(replyTo, resolve);
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
      const replyTo = this.nextReply++;
      this.waitingSyncs.set(replyTo, resolve);
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

  // ---- offsets ---------------------------------------------------------------------------------------------------------------

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

  // ---- administration ----------------------------------------------------------------------------------------------------------

  /** All groups coordinated here; with `states`, those in one of them. Error 14 comes with what is loaded already. */
  listGroups(states: ReadonlySet<string>): { errorCode: ErrorCode; groups: { groupId: string; protocolType: string; groupState: string }[] } {
    if (!this.active) return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, groups: [] };
    const isLoading = [...this.led.values()].some((led) => led.loading);
    const groups = [];
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

  // ---- expiry ----------------------------------------------------------------------------------------------------------------

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

  /** Writes tombstones for `removed`, and ends a group that is empty and has no offsets (`always`: whatever it has). */
  private async bury(led: LedPartition, entry: GroupEntry, removed: readonly TopicPartition[], always = false): Promise<void> {
    const { group } = entry;
    const now = this.now();
    const timestamp = now.wallMs;
    const tombstone = (key: Buffer): NewRecord => ({ key, value: null, timestamp });
    const records = removed.map(({ topic, partition }) => tombstone(encodeOffsetKey(group.groupId, topic, partition)));
    const isOver = group.state === 'Empty' && (always || (group.offsets.isEmpty && group.members.pending.size === 0));
    if (isOver) {
      group.die(now);
      this.arm(entry);
      led.groups.delete(group.groupId);
      // A group that never had a generation has no record to take back.
      if (group.generationId > 0) records.push(tombstone(encodeGroupKey(group.groupId)));
    }
    // Not waiting for replicas: a tombstone that is lost is written again by the next round of expiry.
    for (let start = 0; start < records.length; start += TOMBSTONES_PER_BATCH) {
      const { errorCode } = await this.append(entry.partition, records.slice(start, start + TOMBSTONES_PER_BATCH), 1);
      if (errorCode !== ErrorCode.NONE) {
        this.logger.error(`Failed to append tombstones of group ${group.groupId} (error ${errorCode})`);
      }
    }
  }

  // ---- plumbing --------------------------------------------------------------------------------------------------------------

  /** The partition that keeps the group, or why this broker does not serve it. */
  private locate(groupId: string): LedPartition | ErrorCode {
    if (!this.active) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const led = this.led.get(this.partitionFor(groupId));
    if (led === undefined) return ErrorCode.NOT_COORDINATOR;
    return led.loading ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : led;
  }

  private create(led: LedPartition, groupId: string): GroupEntry {
    return this.track(led, new Group(groupId, this.config, this.now()));
  }

  private track(led: LedPartition, group: Group): GroupEntry {
    const entry: GroupEntry = { group, partition: led.index, armedMs: Infinity, disarm: null };
    led.groups.set(group.groupId, entry);
    return entry;
  }

  private *entries(): Generator<[LedPartition, GroupEntry]> {
    for (const led of this.led.values()) for (const entry of led.groups.values()) yield [led, entry];
  }

  private now(): Moment {
    return { wallMs: this.clock.wallMs(), monotonicMs: this.clock.monotonicMs() };
  }

  private carryOut(entry: GroupEntry, effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'joinReply':
          this.answer(this.waitingJoins, effect.to, effect.result);
          break;
        case 'syncReply':
          this.answer(this.waitingSyncs, effect.to, effect.result);
          break;
        case 'store':
          void this.storeGroup(entry, effect.write, effect.value);
          break;
        case 'log':
          this.logger[effect.level](`${effect.message} [group ${entry.group.groupId}]`);
      }
    }
    this.arm(entry);
  }

  private answer<T>(waiting: Map<ReplyTo, (result: T) => void>, to: ReplyTo, result: T): void {
    const resolve = waiting.get(to);
    waiting.delete(to);
    resolve?.(result);
  }

  private async storeGroup(entry: GroupEntry, write: GroupWrite, value: GroupValue): Promise<void> {
    const { group, partition } = entry;
    const record = { key: encodeGroupKey(group.groupId), value: encodeGroupValue(value), timestamp: this.clock.wallMs() };
    const { errorCode } = await this.append(partition, [record], this.config.offsetsCommitRequiredAcks);
    this.carryOut(entry, group.stored(write, groupErrorOf(errorCode), this.now()));
  }

  private async append(partition: number, records: readonly NewRecord[], acks: number): Promise<OffsetsAppendResult> {
    const compression = codecName(this.config.offsetsTopicCompressionCodec) ?? 'none';
    try {
      const timeoutMs = this.config.offsetsCommitTimeoutMs;
      return await this.log.append(partition, buildBatch({ records, compression }), { acks, timeoutMs });
    } catch (error) {
      this.logger.error(`Appending to __consumer_offsets-${partition} failed`, { error });
      return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, baseOffset: -1 };
    }
  }

  /** Sees to it that the group is woken no later than it asks. */
  private arm(entry: GroupEntry): void {
    const { wakeAtMs } = entry.group;
    if (wakeAtMs === entry.armedMs || (wakeAtMs > entry.armedMs && wakeAtMs !== Infinity)) return;
    entry.disarm?.();
    entry.disarm = null;
    entry.armedMs = wakeAtMs;
    if (wakeAtMs === Infinity) return;
    const delayMs = Math.min(Math.max(Math.ceil(wakeAtMs - this.clock.monotonicMs()), 0), TIMER_MAX_MS);
    entry.disarm = this.timers.after(delayMs, () => {
      entry.disarm = null;
      entry.armedMs = Infinity;
      this.carryOut(entry, entry.group.expire(this.now()));
    });
  }
}
