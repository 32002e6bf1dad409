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
import type { LeaderAndIsrRequest, LeaderAndIsrResponse } from '../protocol/messages/04-leader-and-isr.ts';
import type { StopReplicaRequest, StopReplicaResponse } from '../protocol/messages/05-stop-replica.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import { AppendOperation, type AppendResult, refusedAppend } from './append-operation.ts';
import { moveLogStart, type DeleteRecordsResult } from './delete-records.ts';
import { FetchOperation, type FetchHost } from './fetch-operation.ts';
import { emptyResult, type FetchablePartition, type FetchParameters, type FetchPartitionResult } from './fetch-types.ts';
import { leaderAndIsrResponse, partitionOrders, stopOrders, type PartitionOrder } from './orders.ts';
import { Partition, type PartitionHost } from './partition.ts';
import type { AppendRequest, HighWatermark, LeadershipListener, ReplicaManagerOptions } from './replica-types.ts';
import { systemScheduler, type Scheduler } from '../log/scheduler.ts';

export type * from './replica-types.ts';

const logger = createLogger('kafka.server.ReplicaManager');
/** Kafka keeps these in a file of their own (`state-change.log`); the routine ones show here at level debug. */
const stateChanges = createLogger('state.change.logger');

export function isInternalTopic(topic: string): boolean {
  return topic === '__consumer_offsets' || topic === '__transaction_state';
}

export class ReplicaManager implements FetchHost, PartitionHost {
  readonly brokerId: number;
  readonly scheduler: Scheduler;
  private readonly options: ReplicaManagerOptions;
  private readonly clock: Clock;
  private readonly topics = new Map<string, (Partition | undefined)[]>();
  private readonly listeners: LeadershipListener[] = [];
  private readonly offlineDirs = new Set<string>();
  private controllerEpoch = 0;
  /** Orders are carried out in the order they came. */
  private orders: Promise<unknown> = Promise.resolve();
  private woken: FetchOperation[] = [];
  private readonly waitingFetches = new Set<FetchOperation>();
  private cancelCheckpoint: (() => void) | null = null;
  private checkpointing: Promise<void> = Promise.resolve();
  private closed = false;
  private readonly monotonicMs = (): number => this.clock.monotonicMs();
  private readonly runWoken = (): void => this.retryWoken();

  constructor(options: ReplicaManagerOptions) {
    this.options = options;
    this.brokerId = options.brokerId;
    this.clock = options.clock;
    this.scheduler = options.scheduler ?? systemScheduler;
  }

  // The replicas

  partition(topic: string, index: number): Partition | undefined {
    return this.topics.get(topic)?.[index];
  }

  *partitions(): IterableIterator<Partition> {
    for (const partitions of this.topics.values())
      for (const partition of partitions) if (partition !== undefined) yield partition;
  }

  onLeadership(listener: LeadershipListener): void {
    this.listeners.push(listener);
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

  // Orders of the controller

  becomeLeaderOrFollower(request: LeaderAndIsrRequest): Promise<LeaderAndIsrResponse> {
    return this.inOrder(() => this.applyLeaderAndIsr(request));
  }

  stopReplicas(request: StopReplicaRequest): Promise<StopReplicaResponse> {
    return this.inOrder(() => this.applyStopReplica(request));
  }

  private inOrder<T>(order: () => Promise<T>): Promise<T> {
    const result = this.orders.then(order);
    // Whoever gave the order hears of its failure; the next one is carried out all the same.
    this.orders = result.catch(() => undefined);
    return result;
  }

  private async applyLeaderAndIsr(request: LeaderAndIsrRequest): Promise<LeaderAndIsrResponse> {
    if (request.controllerEpoch < this.controllerEpoch) {
      stateChanges.warn(
        `Ignoring LeaderAndIsr request from controller ${request.controllerId} since its controller epoch ` +
          `${request.controllerEpoch} is old. Latest known controller epoch is ${this.controllerEpoch}`,
      );
      return leaderAndIsrResponse(ErrorCode.STALE_CONTROLLER_EPOCH, [], []);
    }
    this.controllerEpoch = request.controllerEpoch;
    const orders = partitionOrders(request);
    // Logs are opened side by side: a broker that starts may have thousands.
    const errors = await Promise.all(orders.map((order) => this.applyOrder(order)));
    this.startCheckpoints();
    return leaderAndIsrResponse(ErrorCode.NONE, orders, errors);
  }

  private async applyOrder(order: PartitionOrder): Promise<number> {
    const partition =
      this.partition(order.topic, order.index) ?? new Partition(order.topic, order.index, this, this.monotonicMs);
    const name = `${order.topic}-${order.index}`;
    if (partition.isOffline) return ErrorCode.KAFKA_STORAGE_ERROR;
    if (order.topicId !== ZERO_UUID && partition.topicId !== ZERO_UUID && order.topicId !== partition.topicId) {
      stateChanges.error(
        `Topic ID in memory: ${partition.topicId} does not match the topic ID for partition ${name} received: ${order.topicId}.`,
      );
      return ErrorCode.INCONSISTENT_TOPIC_ID;
    }
    if (order.leaderEpoch <= partition.leaderEpoch) {
      stateChanges.debug(
        `Ignoring LeaderAndIsr request for partition ${name} since its leader epoch ${order.leaderEpoch} is not above the ` +
          `current leader epoch ${partition.leaderEpoch}`,
      );
      return ErrorCode.STALE_CONTROLLER_EPOCH;
    }
    if (!order.replicas.includes(this.brokerId)) {
      stateChanges.warn(
        `Ignoring LeaderAndIsr request for partition ${name}: broker ${this.brokerId} is not among its replicas ${order.replicas.join(',')}`,
      );
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }
    if (partition.log === null) {
      try {
        const log = await this.options.logs.getOrCreate(order.topic, order.index, order.topicId, { isNew: order.isNew });
        if (order.topicId !== ZERO_UUID && log.topicId !== ZERO_UUID && order.topicId !== log.topicId) {
          stateChanges.error(
            `Topic ID on disk: ${log.topicId} does not match the topic ID for partition ${name} received: ${order.topicId}.`,
          );
          return ErrorCode.INCONSISTENT_TOPIC_ID;
        }
        partition.attachLog(log, this.options.logs.checkpointedHighWatermark(order.topic, order.index));
      } catch (error) {
        logger.error(`Error while opening the log of partition ${name}`, { error });
        return ErrorCode.KAFKA_STORAGE_ERROR;
      }
      this.host(partition);
    }
    if (order.leader === this.brokerId) this.lead(partition, order);
    else this.follow(partition, order);
    return ErrorCode.NONE;
  }

  private lead(partition: Partition, order: PartitionOrder): void {
    if (!partition.becomeLeader(order, this.brokerId, this.options.replicaLagTimeMaxMs ?? 30_000)) return;
    const { topic, index, leaderEpoch } = partition;
    const { leaderEpochStartOffset, isr, highWatermark } = partition.leader!;
    stateChanges.debug(
      `Leader ${topic}-${index} with topic id ${partition.topicId} starts at leader epoch ${leaderEpoch} from offset ` +
        `${leaderEpochStartOffset} with partition epoch ${partition.partitionEpoch}, high watermark ${highWatermark}, ISR [${isr.join(',')}]`,
    );
    for (const listener of this.listeners) listener.becameLeader(topic, index, leaderEpoch);
  }

  private follow(partition: Partition, order: PartitionOrder): void {
    const wasLeader = partition.leader !== null;
    if (!partition.becomeFollower(order.leader, order)) return;
    if (wasLeader) this.announceResignation(partition, false);
  }

  private announceResignation(partition: Partition, deleted: boolean): void {
    for (const listener of this.listeners)
      listener.resigned(partition.topic, partition.index, partition.leaderEpoch, deleted);
  }

  private host(partition: Partition): void {
    let partitions = this.topics.get(partition.topic);
    if (partitions === undefined) this.topics.set(partition.topic, (partitions = []));
    partitions[partition.index] = partition;
  }

  private unhost(partition: Partition): void {
    const partitions = this.topics.get(partition.topic);
    if (partitions === undefined) return;
    partitions[partition.index] = undefined;
    if (partitions.every((other) => other === undefined)) this.topics.delete(partition.topic);
  }

  private async applyStopReplica(request: StopReplicaRequest): Promise<StopReplicaResponse> {
    if (request.controllerEpoch < this.controllerEpoch) {
      stateChanges.warn(
        `Ignoring StopReplica request from controller ${request.controllerId} since its controller epoch ` +
          `${request.controllerEpoch} is old. Latest known controller epoch is ${this.controllerEpoch}`,
      );
      return { errorCode: ErrorCode.STALE_CONTROLLER_EPOCH, partitionErrors: [] };
    }
    this.controllerEpoch = request.controllerEpoch;
    const orders = stopOrders(request);
    const errors = await Promise.all(
      orders.map(async (order) => {
        const partition = this.partition(order.topic, order.index);
        if (partition !== undefined) {
          if (partition.isOffline) return ErrorCode.KAFKA_STORAGE_ERROR;
          // -1: the controller is too old to say; -2: the topic is being deleted, which does not change the epoch.
          if (order.leaderEpoch >= 0 && order.leaderEpoch <= partition.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
          const wasLeader = partition.leader !== null;
          partition.stop(ErrorCode.NOT_LEADER_OR_FOLLOWER);
          if (order.deletePartition) this.unhost(partition);
          if (wasLeader) this.announceResignation(partition, order.deletePartition);
        }
        if (!order.deletePartition) return ErrorCode.NONE;
        try {
          await this.options.logs.delete(order.topic, order.index);
          return ErrorCode.NONE;
        } catch (error) {
          logger.error(`Error while deleting the log of partition ${order.topic}-${order.index}`, { error });
          return ErrorCode.KAFKA_STORAGE_ERROR;
        }
      }),
    );
    const partitionErrors = orders.map(({ topic, index }, i) => ({
      topicName: topic,
      partitionIndex: index,
      errorCode: errors[i]!,
    }));
    return { errorCode: ErrorCode.NONE, partitionErrors };
  }

  // Appending

  /** Results in the order of the entries: at once when nothing has to be waited for (acks=0, or everything refused). */
  append(request: AppendRequest): AppendResult[] | Promise<AppendResult[]> {
    const operation = new AppendOperation();
    const { acks, origin, entries } = request;
    const wallMs = this.clock.wallMs();
    let replicated = false;
    for (const { topic, partition: index, records, refusal = ErrorCode.NONE } of entries) {
      const partition = this.topics.get(topic)?.[index];
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
    const partition = this.topics.get(topic)?.[index];
    if (partition !== undefined) return partition;
    const errorCode = this.absence(topic, index);
    return { result: emptyResult(index, errorCode), refused: errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER };
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
      const wasLeader = partition.leader !== null;
      partition.stop(ErrorCode.KAFKA_STORAGE_ERROR);
      if (wasLeader) this.announceResignation(partition, false);
    }
    this.options.onLogDirFailure?.(logDir, error);
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
    await this.orders;
    for (const operation of this.waitingFetches) operation.abandon();
    await this.checkpointHighWatermarks();
    for (const partition of this.partitions()) {
      const wasLeader = partition.leader !== null;
      partition.stop(ErrorCode.NOT_LEADER_OR_FOLLOWER);
      if (wasLeader) this.announceResignation(partition, false);
    }
  }
}
