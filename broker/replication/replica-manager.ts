/**
 * The broker's replicas: takes the controller's orders, appends, serves fetches and lists offsets, and tells the group
 * coordinator (and whoever else listens) which partitions this broker leads.
 *
 * Orders are carried out one after the other, because opening a log takes time; everything else is decided at once. Appends
 * and fetches name partitions; those it doesn't have are answered as Kafka does: 6 where the cluster knows the
 * partition (so that the client looks for its leader), else 3.
 */
import { assert } from '../../shared/base/assert.ts';
import type { Clock } from '../../shared/base/clock.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { isInternalTopic } from '../protocol/internal-topics.ts';
import type { LeaderAndIsrRequest, LeaderAndIsrResponse } from '../protocol/messages/04-leader-and-isr.ts';
import type { StopReplicaRequest, StopReplicaResponse } from '../protocol/messages/05-stop-replica.ts';
import { AppendOperation, type AppendResult, refusedAppend } from './append-operation.ts';
import { moveLogStart, type DeleteRecordsResult } from './delete-records.ts';
import { FetchOperation, type FetchHost } from './fetch-operation.ts';
import { emptyResult, type FetchablePartition, type FetchParameters, type FetchPartitionResult } from './fetch-types.ts';
import { AlterPartitionSender } from './alter-partition-sender.ts';
import { HostedPartitions } from './hosted-partitions.ts';
import { Partition, type PartitionHost } from './partition.ts';
import type { IsrProposal } from './partition-leader.ts';
import { ReplicaFetchers } from './replica-fetchers.ts';
import type { ReadableReplica } from './replica-selector.ts';
import type { AppendRequest, HighWatermark, LeadershipListener, ReplicaManagerOptions } from './replica-types.ts';
import { RoleChanges } from './role-changes.ts';
import { systemScheduler, type Scheduler } from '../log/scheduler.ts';

export type * from './replica-types.ts';

const logger = createLogger('kafka.server.ReplicaManager');
/**
 * After this broker has become a leader its followers are answered soon, for a while: they hear of it at about the same time, and
 * can only ask for more once they were answered. Writers wait for that, so no follower of ours has to break its connection off.
 */
const NEW_LEADER_MS = 100;
const FOLLOWER_WAIT_OF_NEW_LEADER_MS = 5;
/** `replica.lag.time.max.ms` unless told. */
const LAG_TIME_MAX_MS = 30_000;

export class ReplicaManager implements FetchHost, PartitionHost {
  readonly brokerId: number;
  readonly scheduler: Scheduler;
  private readonly options: ReplicaManagerOptions;
  private readonly clock: Clock;
  private readonly hosted = new HostedPartitions();
  private readonly roles: RoleChanges;
  private readonly fetchers: ReplicaFetchers;
  private readonly isrChanges: AlterPartitionSender;
  private readonly offlineDirs = new Set<string>();
  private woken: FetchOperation[] = [];
  private readonly waitingFetches = new Set<FetchOperation>();
  private cancelCheckpoint: (() => void) | null = null;
  private cancelIsrCheck: (() => void) | null = null;
  private checkpointing: Promise<void> = Promise.resolve();
  private closed = false;
  private wasFenced = false;
  private ledSinceMs = Number.NEGATIVE_INFINITY;
  private isFollowersWakeBooked = false;
  private readonly monotonicMs = (): number => this.clock.monotonicMs();
  private readonly runWoken = (): void => this.retryWoken();

  constructor(options: ReplicaManagerOptions) {
    this.options = options;
    this.brokerId = options.brokerId;
    this.clock = options.clock;
    this.scheduler = options.scheduler ?? systemScheduler;
    const { brokerId, logs, clock, replication } = options;
    const { scheduler } = this;
    this.fetchers = new ReplicaFetchers({ brokerId, clock, scheduler, ...replication });
    this.isrChanges = new AlterPartitionSender({
      brokerId,
      brokerEpoch: replication.brokerEpoch,
      send: replication.alterPartition,
      scheduler,
      logger: createLogger('kafka.cluster.Partition', `[Broker id=${brokerId}] `),
    });
    this.roles = new RoleChanges({
      brokerId,
      partitions: this.hosted,
      logs,
      fetchers: this.fetchers,
      replicaLagTimeMaxMs: this.lagTimeMaxMs,
      newPartition: (topic, index) => new Partition(topic, index, this, this.monotonicMs),
    });
    this.roles.onLeadership({ becameLeader: () => this.becameLeader(), resigned: () => undefined });
  }

  private get lagTimeMaxMs(): number {
    return this.options.replicaLagTimeMaxMs ?? LAG_TIME_MAX_MS;
  }

  // The replicas

  partition(topic: string, index: number): Partition | undefined {
    return this.hosted.get(topic, index);
  }

  partitions(): IterableIterator<Partition> {
    return this.hosted.all();
  }

  /** The topic of an id, if a partition of it is here. */
  topicName(topicId: string): string | null {
    return this.hosted.topicName(topicId);
  }

  onLeadership(listener: LeadershipListener): void {
    this.roles.onLeadership(listener);
  }

  /** Why there is no such partition here: 6 when another broker may have it, else 3. */
  absence(topic: string, index: number): number {
    return this.options.cluster.hasPartition(topic, index)
      ? ErrorCode.NOT_LEADER_OR_FOLLOWER
      : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  }

  isAlive(brokerId: number): boolean {
    return this.options.cluster.isAlive(brokerId);
  }

  get isFenced(): boolean {
    return this.options.isFenced?.() ?? false;
  }

  /** To be called when `isFenced` may have changed: tells the partitions led here. */
  fencingChanged(): void {
    const { isFenced } = this;
    if (isFenced === this.wasFenced) return;
    this.wasFenced = isFenced;
    for (const partition of this.hosted.all()) {
      if (isFenced) partition.fenced();
      else partition.unfenced();
    }
  }

  isrProposed(partition: Partition, proposal: IsrProposal): void {
    this.isrChanges.submit(partition, proposal);
  }

  // Orders of the controller

  becomeLeaderOrFollower(request: LeaderAndIsrRequest): Promise<LeaderAndIsrResponse> {
    this.startTimers();
    return this.roles.becomeLeaderOrFollower(request);
  }

  prepareToStop(): void {
    this.roles.prepareToStop();
  }

  stopReplicas(request: StopReplicaRequest): Promise<StopReplicaResponse> {
    return this.roles.stopReplicas(request);
  }

  // Appending

  /** Results in the order of the entries: at once when nothing has to be waited for (acks=0, or everything refused). */
  append(request: AppendRequest): AppendResult[] | Promise<AppendResult[]> {
    const operation = new AppendOperation();
    const { acks, origin, entries } = request;
    const wallMs = this.clock.wallMs();
    let replicated = false;
    for (const { topic, partition: index, records, refusal = ErrorCode.NONE } of entries) {
      const partition = this.hosted.get(topic, index);
      if (refusal !== ErrorCode.NONE && (partition !== undefined || this.options.cluster.hasPartition(topic, index))) {
        operation.results.push(refusedAppend(index, refusal));
      } else if (acks !== 1 && acks !== -1 && acks !== 0) {
        operation.results.push(refusedAppend(index, ErrorCode.INVALID_REQUIRED_ACKS));
      } else if (!request.internalTopicsAllowed && isInternalTopic(topic)) {
        operation.results.push(refusedAppend(index, ErrorCode.INVALID_TOPIC_EXCEPTION));
      } else if (partition === undefined) {
        operation.results.push(refusedAppend(index, this.absence(topic, index)));
      } else {
        operation.results.push(partition.append(records, acks, origin, wallMs, operation));
        replicated ||= partition.leader !== null && partition.leader.replicas.length > 1;
      }
    }
    if (!operation.isPending) return operation.results;
    // Our own disk answers or fails; only other brokers can keep a producer waiting.
    const timed = acks === -1 && replicated;
    return operation.finished(timed ? this.scheduler.after(request.timeoutMs, () => operation.timeOut()) : null);
  }

  // Deleting records

  /** Moves log starts, then waits at most `timeoutMs` for the replicas. Results in the order of the entries. */
  deleteRecords(
    entries: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[],
    timeoutMs: number,
  ): Promise<DeleteRecordsResult[]> {
    return Promise.all(entries.map((entry) => this.deleteRecordsOf(entry.topic, entry.partition, entry.offset, timeoutMs)));
  }

  private async deleteRecordsOf(
    topic: string,
    index: number,
    offset: number,
    timeoutMs: number,
  ): Promise<DeleteRecordsResult> {
    if (isInternalTopic(topic)) return { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, lowWatermark: -1 };
    const partition = this.partition(topic, index);
    if (partition === undefined) return { errorCode: this.absence(topic, index), lowWatermark: -1 };
    const { result, requested } = moveLogStart(partition, offset);
    if (requested === null) return result;
    if (partition.lowWatermark < requested) {
      result.errorCode = await new Promise<number>((resolve) => {
        const waiter = {
          settle: (errorCode: number): void => {
            cancelTimer();
            resolve(errorCode);
          },
        };
        const cancelTimer = this.scheduler.after(timeoutMs, () => {
          partition.abandonDeletion(waiter);
          resolve(ErrorCode.REQUEST_TIMED_OUT);
        });
        partition.awaitLowWatermark(requested, waiter);
      });
    }
    result.lowWatermark = partition.lowWatermark;
    return result;
  }

  // Fetching

  /**
   * Results in the order of the requests. A promise while it waits for data or the disk; `onGone` registers for "nobody
   * wants it any more".
   */
  fetch(
    requests: readonly FetchablePartition[],
    parameters: FetchParameters,
    onGone?: (listener: () => void) => () => void,
  ): FetchPartitionResult[] | Promise<FetchPartitionResult[]> {
    const operation = new FetchOperation(this, requests, parameters);
    const results = operation.run();
    if (!(results instanceof Promise)) return results;
    this.waitingFetches.add(operation);
    const forget = onGone?.(() => operation.abandon());
    return results.finally(() => {
      this.waitingFetches.delete(operation);
      forget?.();
    });
  }

  locate(request: FetchablePartition): Partition | { readonly result: FetchPartitionResult; readonly refused: boolean } {
    const { topic, partition: index } = request;
    // Unknown topics and partitions are told when the others have data or the wait is over, as in Kafka.
    if (topic === null) return { result: emptyResult(index, ErrorCode.UNKNOWN_TOPIC_ID), refused: false };
    const partition = this.hosted.get(topic, index);
    if (partition !== undefined) return partition;
    const errorCode = this.absence(topic, index);
    return { result: emptyResult(index, errorCode), refused: errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER };
  }

  preferredReplica(partition: Partition, fetchOffset: number, parameters: FetchParameters): number {
    const { readFrom } = this.options;
    const { leader } = partition;
    const { rackId, listenerName } = parameters;
    if (readFrom === undefined || leader === null || rackId === '' || parameters.replicaId >= 0 || parameters.onlyLeader)
      return -1;
    const nowMs = this.clock.monotonicMs();
    const followers: ReadableReplica[] = [];
    for (const { brokerId, logEndOffset, lastCaughtUpMs } of leader.followersWith(fetchOffset)) {
      const rack = readFrom.rackOf(brokerId, listenerName);
      followers.push({ brokerId, rack, logEndOffset, behindMs: nowMs - lastCaughtUpMs });
    }
    const { logEndOffset } = leader;
    const rack = readFrom.rackOf(this.brokerId, listenerName);
    return readFrom.select(rackId, { brokerId: this.brokerId, rack, logEndOffset, behindMs: 0 }, followers)?.brokerId ?? -1;
  }

  isHeldBack(partition: Partition, replicaId: number): boolean {
    const throttle = this.options.replication.leaderThrottle;
    if (throttle === undefined || !throttle.isThrottled(partition.topic, partition.index)) return false;
    return throttle.waitMs() > 0 && partition.leader?.isr.includes(replicaId) === false;
  }

  followerServed(partition: Partition, size: number): void {
    const throttle = this.options.replication.leaderThrottle;
    if (throttle?.isThrottled(partition.topic, partition.index) === true) throttle.record(size);
  }

  get followerWaitMaxMs(): number {
    return this.clock.monotonicMs() - this.ledSinceMs < NEW_LEADER_MS ? FOLLOWER_WAIT_OF_NEW_LEADER_MS : Infinity;
  }

  private becameLeader(): void {
    this.ledSinceMs = this.clock.monotonicMs();
    if (this.isFollowersWakeBooked) return;
    this.isFollowersWakeBooked = true;
    this.scheduler.soon(() => {
      this.isFollowersWakeBooked = false;
      for (const operation of this.waitingFetches) if (operation.isFollowers) operation.expire();
    });
  }

  readFailed(partition: Partition, error: unknown): void {
    this.logFailed(partition, error);
  }

  wakeSoon(operation: FetchOperation): void {
    if (this.woken.length === 0) this.scheduler.soon(this.runWoken);
    this.woken.push(operation);
  }

  private retryWoken(): void {
    const operations = this.woken;
    this.woken = [];
    for (const operation of operations) operation.retry();
  }

  // Disks

  logFailed(failed: Partition, error: unknown): void {
    if (failed.log !== null) this.logDirFailed(failed.log.logDir, error);
  }

  /**
   * A log directory is given up: its partitions refuse from now on (56), those elsewhere go on. Telling it again is fine.
   */
  logDirFailed(logDir: string, error: unknown): void {
    if (this.offlineDirs.has(logDir) || this.closed) return;
    this.offlineDirs.add(logDir);
    logger.error(`Stopping serving replicas in dir ${logDir}`, { error });
    for (const partition of this.partitions()) {
      if (partition.log?.logDir !== logDir) continue;
      this.roles.stop(partition, ErrorCode.KAFKA_STORAGE_ERROR, false);
    }
    this.options.onLogDirFailure?.(logDir, error);
  }

  /** What a broker without replicas does not need. */
  private startTimers(): void {
    this.startCheckpoints();
    this.startIsrChecks();
  }

  /** Half of the time that a follower may lag: it is out of the ISR after at most half as much again. */
  private startIsrChecks(): void {
    if (this.cancelIsrCheck !== null || this.closed) return;
    this.cancelIsrCheck = this.scheduler.after(Math.max(1, Math.floor(this.lagTimeMaxMs / 2)), () => {
      this.cancelIsrCheck = null;
      for (const partition of this.hosted.all()) if (partition.leader !== null) partition.shrinkIsr();
      this.startIsrChecks();
    });
  }

  private startCheckpoints(): void {
    if (this.cancelCheckpoint !== null || this.closed) return;
    const intervalMs = this.options.highWatermarkCheckpointIntervalMs ?? 5_000;
    this.cancelCheckpoint = this.scheduler.after(intervalMs, () => {
      this.cancelCheckpoint = null;
      void this.checkpointHighWatermarks().finally(() => this.startCheckpoints());
    });
  }

  /** Writes all high watermarks. A failure is logged: what is lost is only that a start looks further back. */
  checkpointHighWatermarks(): Promise<void> {
    this.checkpointing = this.checkpointing.then(async () => {
      const watermarks: HighWatermark[] = [];
      for (const { topic, index, log, highWatermark, isOffline } of this.partitions()) {
        if (log !== null && !isOffline) watermarks.push({ topic, partition: index, logDir: log.logDir, highWatermark });
      }
      try {
        await this.options.logs.checkpointHighWatermarks(watermarks);
      } catch (error) {
        logger.error('Error while writing to the high watermark checkpoint', { error });
      }
    });
    return this.checkpointing;
  }

  /** Ends every wait and writes the high watermarks. The logs are closed by whoever opened them. */
  async close(): Promise<void> {
    assert(!this.closed, 'the replica manager is closed once');
    this.closed = true;
    this.cancelCheckpoint?.();
    this.cancelIsrCheck?.();
    this.isrChanges.close();
    await this.roles.idle();
    await this.fetchers.close();
    for (const operation of this.waitingFetches) operation.abandon();
    await this.checkpointHighWatermarks();
    for (const partition of this.partitions()) this.roles.stop(partition, ErrorCode.NOT_LEADER_OR_FOLLOWER, false);
  }
}
