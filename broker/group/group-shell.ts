/**
 * The shell around groups: which partitions of `__consumer_offsets` this broker leads and the groups in them. It loads a partition
 * when its leadership arrives and lets go of it on resignation, wakes groups in time, writes their records, and answers those who
 * wait. `group-coordinator.ts` builds the service on it.
 *
 * Everything is synchronous but the log: between two awaits no group is half changed. What a group wants done is done in one
 * place (`carryOut`), in the order in which it asks.
 */
import type { Clock, Timers } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { buildBatch } from '../records/build-batch.ts';
import type { NewRecord } from '../records/build-batch.ts';
import { codecName } from '../records/record-batch.ts';
import type { GroupConfig } from './group-config.ts';
import type { Effect, GroupWrite, JoinResult, Moment, ReplyTo, SyncResult } from './group-messages.ts';
import { Group } from './group.ts';
import { partitionForKey } from './java-hash.ts';
import { encodeGroupKey, encodeGroupValue, encodeOffsetKey } from './offset-records.ts';
import type { GroupValue } from './offset-records.ts';
import type { TopicPartition } from './offsets.ts';
import { groupErrorOf } from './offsets-log.ts';
import type { OffsetsAppendResult, OffsetsLog } from './offsets-log.ts';
import { Replay } from './replay.ts';

export interface GroupCoordinatorOptions {
  readonly config: GroupConfig;
  readonly log: OffsetsLog;
  readonly clock: Clock;
  /** One timer per group and one for the offsets' expiry. */
  readonly timers: Timers;
  /** Ends the ids of new members: nobody can guess them, and no two are the same. */
  readonly randomUuid: () => string;
  readonly logger: Logger;
}

export interface GroupEntry {
  readonly group: Group;
  readonly partition: number;
  /** When the group's timer fires (monotonic ms); Infinity without one. */
  armedMs: number;
  disarm: (() => void) | null;
}

/** A partition of `__consumer_offsets` that this broker leads. */
export interface LedPartition {
  readonly index: number;
  loading: boolean;
  readonly groups: Map<string, GroupEntry>;
}

/** The longest delay a timer takes; waking early is harmless. */
export const TIMER_MAX_MS = 0x7fff_ffff;
/** Tombstones a batch: far below any limit on a batch's size. */
const TOMBSTONES_PER_BATCH = 1_000;
const LOAD_RETRY_MIN_MS = 500;
const LOAD_RETRY_MAX_MS = 30_000;

export class GroupShell {
  protected readonly config: GroupConfig;
  protected readonly log: OffsetsLog;
  protected readonly clock: Clock;
  protected readonly timers: Timers;
  protected readonly randomUuid: () => string;
  protected readonly logger: Logger;
  protected active = false;
  protected partitionCount: number;
  protected readonly led = new Map<number, LedPartition>();
  /** The leader epoch of the last election or resignation heard of, by partition: older news is ignored. */
  private readonly epochs = new Map<number, number>();
  private nextReply: ReplyTo = 1;
  private readonly waitingJoins = new Map<ReplyTo, (result: JoinResult) => void>();
  private readonly waitingSyncs = new Map<ReplyTo, (result: SyncResult) => void>();

  constructor(options: GroupCoordinatorOptions) {
    this.config = options.config;
    this.log = options.log;
    this.clock = options.clock;
    this.timers = options.timers;
    this.randomUuid = options.randomUuid;
    this.logger = options.logger;
    this.partitionCount = options.config.offsetsTopicNumPartitions;
  }

  partitionFor(groupId: string): number {
    return partitionForKey(groupId, this.partitionCount);
  }

  /** The partition that keeps the group, or why this broker does not serve it. */
  protected locate(groupId: string): LedPartition | ErrorCode {
    if (!this.active) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const led = this.led.get(this.partitionFor(groupId));
    if (led === undefined) return ErrorCode.NOT_COORDINATOR;
    return led.loading ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : led;
  }

  protected create(led: LedPartition, groupId: string): GroupEntry {
    return this.track(led, new Group(groupId, this.config, this.now()));
  }

  // ---- leadership --------------------------------------------------------------------------------------------------------

  /** This broker leads `partition` of the offsets topic since `leaderEpoch`: its groups are loaded and then served. */
  elected(partition: number, leaderEpoch: number): void {
    if (!this.newsOf(partition, leaderEpoch) || this.led.has(partition)) return;
    const led: LedPartition = { index: partition, loading: true, groups: new Map() };
    this.led.set(partition, led);
    void this.load(led, LOAD_RETRY_MIN_MS);
  }

  /**
   * This broker leads it no longer: waiting clients are sent to look for the new coordinator. `leaderEpoch`: null when the
   * replica is gone for good, and with it what its epochs were compared with.
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
      const what = `Error loading groups from __consumer_offsets-${partition}, trying again in ${retryMs} ms`;
      this.logger.error(what, { error });
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

  // ---- groups at work --------------------------------------------------------------------------------------------------------

  /** A request that may wait: `resolve` is called with its answer, now or later. */
  protected awaitJoin(resolve: (result: JoinResult) => void): ReplyTo {
    const replyTo = this.nextReply++;
    this.waitingJoins.set(replyTo, resolve);
    return replyTo;
  }

  protected awaitSync(resolve: (result: SyncResult) => void): ReplyTo {
    const replyTo = this.nextReply++;
    this.waitingSyncs.set(replyTo, resolve);
    return replyTo;
  }

  private track(led: LedPartition, group: Group): GroupEntry {
    const entry: GroupEntry = { group, partition: led.index, armedMs: Infinity, disarm: null };
    led.groups.set(group.groupId, entry);
    return entry;
  }

  protected *entries(): Generator<[LedPartition, GroupEntry]> {
    for (const led of this.led.values()) for (const entry of led.groups.values()) yield [led, entry];
  }

  protected now(): Moment {
    return { wallMs: this.clock.wallMs(), monotonicMs: this.clock.monotonicMs() };
  }

  protected carryOut(entry: GroupEntry, effects: readonly Effect[]): void {
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

  protected async append(partition: number, records: readonly NewRecord[], acks: number): Promise<OffsetsAppendResult> {
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
  protected arm(entry: GroupEntry): void {
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

  /** Writes tombstones for `removed`, and ends a group that is empty and has no offsets (`always`: whatever it has). */
  protected async bury(
    led: LedPartition,
    entry: GroupEntry,
    removed: readonly TopicPartition[],
    always = false,
  ): Promise<void> {
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
}
