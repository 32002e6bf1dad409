/** The controller's requests in one shape, whatever their version, and the answers to them. */
import type { LeaderAndIsrRequest, LeaderAndIsrResponse } from '../protocol/messages/04-leader-and-isr.ts';
import type { StopReplicaRequest } from '../protocol/messages/05-stop-replica.ts';
import { ZERO_UUID } from '../protocol/schema.ts';

export interface PartitionOrder {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly isr: readonly number[];
  readonly replicas: readonly number[];
  /** The partition was created just now. */
  readonly isNew: boolean;
}

/** LeaderAndIsr: v2 grouped partitions by topic, v5 brought topic ids. */
export function partitionOrders(request: LeaderAndIsrRequest): PartitionOrder[] {
  const orders: PartitionOrder[] = [];
  for (const state of request.ungroupedPartitionStates) {
    orders.push({ ...state, topic: state.topicName, topicId: ZERO_UUID, index: state.partitionIndex });
  }
  for (const { topicName, topicId, partitionStates } of request.topicStates) {
    for (const state of partitionStates) orders.push({ ...state, topic: topicName, topicId, index: state.partitionIndex });
  }
  return orders;
}

/** `errors[i]` belongs to `orders[i]`. Both forms of the answer are filled: by name until v4, by topic id from v5. */
export function leaderAndIsrResponse(
  errorCode: number,
  orders: readonly PartitionOrder[],
  errors: readonly number[],
): LeaderAndIsrResponse {
  const partitionErrors: LeaderAndIsrResponse['partitionErrors'] = [];
  const byTopicId = new Map<string, LeaderAndIsrResponse['topics'][number]>();
  orders.forEach(({ topic, topicId, index }, i) => {
    const error = { partitionIndex: index, errorCode: errors[i]! };
    partitionErrors.push({ topicName: topic, ...error });
    let entry = byTopicId.get(topicId);
    if (entry === undefined) byTopicId.set(topicId, (entry = { topicId, partitionErrors: [] }));
    entry.partitionErrors.push(error);
  });
  return { errorCode, partitionErrors, topics: [...byTopicId.values()] };
}

export interface StopOrder {
  readonly topic: string;
  readonly index: number;
  /** -1 unknown, -2 the topic is being deleted. */
  readonly leaderEpoch: number;
  readonly deletePartition: boolean;
}

/** StopReplica: v1 grouped partitions by topic, v3 says per partition whether to delete. */
export function stopOrders(request: StopReplicaRequest): StopOrder[] {
  const { deletePartitions } = request;
  const orders: StopOrder[] = [];
  for (const { topicName, partitionIndex } of request.ungroupedPartitions) {
    orders.push({ topic: topicName, index: partitionIndex, leaderEpoch: -1, deletePartition: deletePartitions });
  }
  for (const { name, partitionIndexes } of request.topics) {
    for (const index of partitionIndexes)
      orders.push({ topic: name, index, leaderEpoch: -1, deletePartition: deletePartitions });
  }
  for (const { topicName, partitionStates } of request.topicStates) {
    for (const { partitionIndex, leaderEpoch, deletePartition } of partitionStates) {
      orders.push({ topic: topicName, index: partitionIndex, leaderEpoch, deletePartition });
    }
  }
  return orders;
}
