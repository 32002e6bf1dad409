/**
 * The controller's orders, carried out: LeaderAndIsr makes replicas leaders or followers, StopReplica ends them. One order
 * after the other, because opening a log, and ending a follower that is cutting its own, take time. A controller of an
 * earlier epoch is refused, and so is what we know of already.
 */
import { createLogger } from '../../shared/telemetry/logger.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import type { LeaderAndIsrRequest, LeaderAndIsrResponse } from '../protocol/messages/04-leader-and-isr.ts';
import type { StopReplicaRequest, StopReplicaResponse } from '../protocol/messages/05-stop-replica.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import type { HostedPartitions } from './hosted-partitions.ts';
import { leaderAndIsrResponse, partitionOrders, type PartitionOrder, type StopOrder, stopOrders } from './orders.ts';
import { Partition } from './partition.ts';
import type { ReplicaFetchers } from './replica-fetchers.ts';
import type { LeadershipListener, ReplicaLogs } from './replica-types.ts';

const logger = createLogger('kafka.server.ReplicaManager');
/** Kafka keeps these in a file of their own (`state-change.log`); the routine ones show here at level debug. */
const stateChanges = createLogger('state.change.logger');

export interface RoleChangesOptions {
  readonly brokerId: number;
  readonly partitions: HostedPartitions;
  readonly logs: ReplicaLogs;
  readonly fetchers: ReplicaFetchers;
  readonly replicaLagTimeMaxMs: number;
  readonly newPartition: (topic: string, index: number) => Partition;
}

export class RoleChanges {
  private readonly options: RoleChangesOptions;
  private readonly listeners: LeadershipListener[] = [];
  private controllerEpoch = 0;
  private isStopping = false;
  /** Orders are carried out in the order they came. */
  private orders: Promise<unknown> = Promise.resolve();

  constructor(options: RoleChangesOptions) {
    this.options = options;
  }

  onLeadership(listener: LeadershipListener): void {
    this.listeners.push(listener);
  }

  /** Resolves when the orders so far are carried out. */
  idle(): Promise<unknown> {
    return this.orders;
  }

  /** The broker hands its leaders over. It follows none of their successors: those would wait for who is about to go. */
  prepareToStop(): void {
    this.isStopping = true;
  }

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

  /** Notes the controller's epoch; false when a later one has spoken. */
  private admits(
    what: string,
    { controllerId, controllerEpoch }: { controllerId: number; controllerEpoch: number },
  ): boolean {
    if (controllerEpoch < this.controllerEpoch) {
      stateChanges.warn(
        `Ignoring ${what} request from controller ${controllerId} since its controller epoch ` +
          `${controllerEpoch} is old. Latest known controller epoch is ${this.controllerEpoch}`,
      );
      return false;
    }
    this.controllerEpoch = controllerEpoch;
    return true;
  }

  private async applyLeaderAndIsr(request: LeaderAndIsrRequest): Promise<LeaderAndIsrResponse> {
    if (!this.admits('LeaderAndIsr', request)) return leaderAndIsrResponse(ErrorCode.STALE_CONTROLLER_EPOCH, [], []);
    const orders = partitionOrders(request);
    // Logs are opened side by side: a broker that starts may have thousands.
    const errors = await Promise.all(orders.map((order) => this.applyOrder(order)));
    this.options.fetchers.closeIdle();
    return leaderAndIsrResponse(ErrorCode.NONE, orders, errors);
  }

  private async applyOrder(order: PartitionOrder): Promise<number> {
    const { partitions, brokerId, newPartition } = this.options;
    const partition = partitions.get(order.topic, order.index) ?? newPartition(order.topic, order.index);
    const refusal = this.refusal(partition, order, brokerId);
    if (refusal !== ErrorCode.NONE) return refusal;
    if (partition.log === null) {
      const errorCode = await this.openLog(partition, order);
      if (errorCode !== ErrorCode.NONE) return errorCode;
      partitions.add(partition);
    }
    if (order.partitionEpoch < partition.partitionEpoch) return ErrorCode.NONE; // leaders change, but to what we know is over
    await this.leave(partition);
    if (partition.isOffline) return ErrorCode.KAFKA_STORAGE_ERROR;
    if (order.leader === brokerId) this.lead(partition, order);
    else this.follow(partition, order);
    return ErrorCode.NONE;
  }

  private refusal(partition: Partition, order: PartitionOrder, brokerId: number): number {
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
    if (!order.replicas.includes(brokerId)) {
      stateChanges.warn(
        `Ignoring LeaderAndIsr request for partition ${name}: broker ${brokerId} is not among its replicas ${order.replicas.join(',')}`,
      );
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }
    return ErrorCode.NONE;
  }

  private async openLog(partition: Partition, order: PartitionOrder): Promise<number> {
    const { topic, topicId, index, isNew } = order;
    const { logs } = this.options;
    try {
      const log = await logs.getOrCreate(topic, index, topicId, { isNew });
      if (topicId !== ZERO_UUID && log.topicId !== ZERO_UUID && topicId !== log.topicId) {
        stateChanges.error(
          `Topic ID on disk: ${log.topicId} does not match the topic ID for partition ${topic}-${index} received: ${topicId}.`,
        );
        return ErrorCode.INCONSISTENT_TOPIC_ID;
      }
      partition.attachLog(log, logs.checkpointedHighWatermark(topic, index));
      return ErrorCode.NONE;
    } catch (error) {
      logger.error(`Error while opening the log of partition ${topic}-${index}`, { error });
      return ErrorCode.KAFKA_STORAGE_ERROR;
    }
  }

  /** A follower of an earlier epoch lets go of the log before a new role begins. */
  private leave(partition: Partition): Promise<void> {
    if (partition.following !== null) this.options.fetchers.forget(partition.following);
    return partition.leave();
  }

  private lead(partition: Partition, order: PartitionOrder): void {
    const { brokerId, replicaLagTimeMaxMs } = this.options;
    if (!partition.becomeLeader(order, brokerId, replicaLagTimeMaxMs)) return;
    const { topic, index, leaderEpoch } = partition;
    const { leaderEpochStartOffset, isr, highWatermark } = partition.leader!;
    stateChanges.debug(
      `Leader ${topic}-${index} with topic id ${partition.topicId} starts at leader epoch ${leaderEpoch} from offset ` +
        `${leaderEpochStartOffset} with partition epoch ${partition.partitionEpoch}, high watermark ${highWatermark}, ` +
        `ISR [${isr.join(',')}]`,
    );
    for (const listener of this.listeners) listener.becameLeader(topic, index, leaderEpoch);
  }

  private follow(partition: Partition, order: PartitionOrder): void {
    const wasLeader = partition.leader !== null;
    if (!partition.becomeFollower(order.leader, order)) return;
    if (wasLeader) this.resigned(partition, false);
    const { topic, index, following } = partition;
    if (following === null) {
      stateChanges.debug(`Partition ${topic}-${index} has no leader in leader epoch ${order.leaderEpoch}`);
      return;
    }
    stateChanges.debug(
      `Follower ${topic}-${index} starts at leader epoch ${order.leaderEpoch} from offset ${partition.log!.nextOffset} with ` +
        `partition epoch ${order.partitionEpoch} and high watermark ${partition.highWatermark}. Current leader is ${order.leader}.`,
    );
    const isMember = order.isr.includes(this.options.brokerId);
    if (isMember || !this.isStopping) this.options.fetchers.follow(following);
  }

  /** Tells who listens that a partition is not led here any more. */
  resigned(partition: Partition, deleted: boolean): void {
    for (const listener of this.listeners)
      listener.resigned(partition.topic, partition.index, partition.leaderEpoch, deleted);
  }

  /** Ends the replica's role, at once. */
  stop(partition: Partition, errorCode: number, deleted: boolean): void {
    const wasLeader = partition.leader !== null;
    if (partition.following !== null) this.options.fetchers.forget(partition.following);
    partition.stop(errorCode);
    if (deleted) this.options.partitions.remove(partition);
    if (wasLeader) this.resigned(partition, deleted);
  }

  private async applyStopReplica(request: StopReplicaRequest): Promise<StopReplicaResponse> {
    if (!this.admits('StopReplica', request)) return { errorCode: ErrorCode.STALE_CONTROLLER_EPOCH, partitionErrors: [] };
    const orders = stopOrders(request);
    const errors = await Promise.all(orders.map((order) => this.applyStop(order)));
    this.options.fetchers.closeIdle();
    const partitionErrors = orders.map(({ topic, index }, i) => ({
      topicName: topic,
      partitionIndex: index,
      errorCode: errors[i]!,
    }));
    return { errorCode: ErrorCode.NONE, partitionErrors };
  }

  private async applyStop({ topic, index, leaderEpoch, deletePartition }: StopOrder): Promise<number> {
    const partition = this.options.partitions.get(topic, index);
    if (partition !== undefined) {
      if (partition.isOffline) return ErrorCode.KAFKA_STORAGE_ERROR;
      // -1: the controller is too old to say; -2: the topic is being deleted, which does not change the epoch.
      if (leaderEpoch >= 0 && leaderEpoch <= partition.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
      this.stop(partition, ErrorCode.NOT_LEADER_OR_FOLLOWER, deletePartition);
    }
    if (!deletePartition) return ErrorCode.NONE;
    try {
      await this.options.logs.delete(topic, index);
      return ErrorCode.NONE;
    } catch (error) {
      logger.error(`Error while deleting the log of partition ${topic}-${index}`, { error });
      return ErrorCode.KAFKA_STORAGE_ERROR;
    }
  }
}
