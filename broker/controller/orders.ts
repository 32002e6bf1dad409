/**
 * Orders as requests: LeaderAndIsr, UpdateMetadata and StopReplica, filled from the state that a decision led to, in the versions'
 * widest form (the codec leaves out what an older broker's version doesn't carry).
 */
import type { LeaderAndIsrRequest } from '../protocol/messages/04-leader-and-isr.ts';
import type { StopReplicaRequest } from '../protocol/messages/05-stop-replica.ts';
import type { UpdateMetadataRequest } from '../protocol/messages/06-update-metadata.ts';
import type { ClusterState, Partition, TopicPartition } from './cluster-state.ts';
import { isReplicaAlive } from './cluster-state.ts';
import type { Order } from './decision.ts';

/** Leader of a partition whose topic is being deleted: whoever hears it forgets the partition (`LeaderDuringDelete`). */
export const LEADER_DURING_DELETE = -2;
/** Leader epoch of a StopReplica that deletes: it beats every other (`EpochDuringDelete`). */
const EPOCH_DURING_DELETE = -2;

const TYPE_INCREMENTAL = 1;
const TYPE_FULL = 2;
const SECURITY_PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];

export type ControllerRequest =
  | { kind: 'leaderAndIsr'; brokerId: number; request: LeaderAndIsrRequest }
  | { kind: 'updateMetadata'; brokerId: number; request: UpdateMetadataRequest }
  | { kind: 'stopReplica'; brokerId: number; request: StopReplicaRequest };

/** `interBrokerListener` says under which address followers find their leaders. */
export function requestsFor(
  state: ClusterState,
  orders: readonly Order[],
  interBrokerListener: string,
): ControllerRequest[] {
  const states = new Map<Partition, LeaderAndIsrPartition>();
  return orders.flatMap((order): ControllerRequest[] => {
    switch (order.kind) {
      case 'leaderAndIsr':
        return [
          {
            kind: 'leaderAndIsr',
            brokerId: order.brokerId,
            request: leaderAndIsrRequest(state, order, interBrokerListener, states),
          },
        ];
      case 'updateMetadata': {
        // Everybody gets the same request but for the epoch.
        const request = updateMetadataRequest(state, order.partitions);
        return order.brokerIds.map((brokerId) => ({
          kind: 'updateMetadata' as const,
          brokerId,
          request: { ...request, brokerEpoch: brokerEpochOf(state, brokerId) },
        }));
      }
      case 'stopReplica':
        return [{ kind: 'stopReplica', brokerId: order.brokerId, request: stopReplicaRequest(state, order) }];
    }
  });
}

function brokerEpochOf(state: ClusterState, brokerId: number): number {
  return state.liveBrokers.get(brokerId)?.brokerEpoch ?? -1;
}

function byTopic<T extends TopicPartition>(partitions: readonly T[]): Map<string, T[]> {
  const topics = new Map<string, T[]>();
  for (const partition of partitions) {
    const others = topics.get(partition.topic);
    if (others === undefined) topics.set(partition.topic, [partition]);
    else others.push(partition);
  }
  return topics;
}

type LeaderAndIsrPartition = LeaderAndIsrRequest['topicStates'][number]['partitionStates'][number];

/** The same for all replicas, so it is made once. The lists are the state's own: nobody changes either. */
function leaderAndIsrPartition(partitionIndex: number, { assignment, state }: Partition): LeaderAndIsrPartition {
  const { controllerEpoch, leader, leaderEpoch, isr, partitionEpoch, recovering } = state!;
  return {
    partitionIndex,
    controllerEpoch,
    leader,
    leaderEpoch,
    isr: isr as number[],
    partitionEpoch,
    replicas: assignment.replicas as number[],
    addingReplicas: assignment.addingReplicas as number[],
    removingReplicas: assignment.removingReplicas as number[],
    isNew: false,
    leaderRecoveryState: recovering ? 1 : 0,
  };
}

function leaderAndIsrRequest(
  state: ClusterState,
  order: Order & { kind: 'leaderAndIsr' },
  interBrokerListener: string,
  states: Map<Partition, LeaderAndIsrPartition>,
): LeaderAndIsrRequest {
  const leaders = new Set<number>();
  const topicStates: LeaderAndIsrRequest['topicStates'] = [];
  for (const [topicName, partitions] of byTopic(order.partitions)) {
    const topic = state.topics.get(topicName);
    if (topic === undefined) continue;
    const partitionStates: LeaderAndIsrPartition[] = [];
    for (const { partition: partitionIndex, isNew } of partitions) {
      const partition = topic.partitions.get(partitionIndex);
      if (partition?.state == null) continue;
      let told = states.get(partition);
      if (told === undefined) states.set(partition, (told = leaderAndIsrPartition(partitionIndex, partition)));
      leaders.add(told.leader);
      partitionStates.push(isNew ? { ...told, isNew } : told);
    }
    topicStates.push({ topicName, topicId: topic.topicId, partitionStates });
  }
  const liveLeaders = [...leaders].flatMap((brokerId) => {
    const endpoints = state.liveBrokers.get(brokerId)?.registration.endpoints;
    const endpoint = endpoints?.find(({ listenerName }) => listenerName === interBrokerListener) ?? endpoints?.[0];
    return endpoint === undefined ? [] : [{ brokerId, hostName: endpoint.host, port: endpoint.port }];
  });
  return {
    controllerId: state.controllerId,
    isKRaftController: false,
    controllerEpoch: state.controllerEpoch,
    brokerEpoch: brokerEpochOf(state, order.brokerId),
    type: order.full ? TYPE_FULL : TYPE_INCREMENTAL,
    ungroupedPartitionStates: [],
    topicStates,
    liveLeaders,
  };
}

function updateMetadataRequest(
  state: ClusterState,
  partitions: readonly TopicPartition[],
): Omit<UpdateMetadataRequest, 'brokerEpoch'> {
  const topicStates: UpdateMetadataRequest['topicStates'] = [];
  for (const [topicName, ofTopic] of byTopic(partitions)) {
    const topic = state.topics.get(topicName);
    if (topic === undefined) continue;
    const isDeleting = state.deletions.get(topicName)?.begun ?? false;
    const partitionStates: UpdateMetadataRequest['topicStates'][number]['partitionStates'] = [];
    for (const { partition: partitionIndex } of ofTopic) {
      const partition = topic.partitions.get(partitionIndex);
      if (partition === undefined || (partition.state === null && !isDeleting)) continue;
      const { replicas } = partition.assignment;
      partitionStates.push({
        partitionIndex,
        controllerEpoch: partition.state?.controllerEpoch ?? state.controllerEpoch,
        leader: isDeleting ? LEADER_DURING_DELETE : partition.state!.leader,
        leaderEpoch: partition.state?.leaderEpoch ?? 0,
        isr: (partition.state?.isr ?? []) as number[],
        zkVersion: partition.state?.partitionEpoch ?? 0,
        replicas: replicas as number[],
        offlineReplicas: replicas.filter((id) => !isReplicaAlive(state, topicName, partitionIndex, id)),
      });
    }
    topicStates.push({ topicName, topicId: topic.topicId, partitionStates });
  }
  return {
    controllerId: state.controllerId,
    isKRaftController: false,
    controllerEpoch: state.controllerEpoch,
    ungroupedPartitionStates: [],
    topicStates,
    liveBrokers: [...state.liveBrokers.values()].map(({ registration }) => ({
      id: registration.id,
      v0Host: registration.endpoints[0]?.host ?? '',
      v0Port: registration.endpoints[0]?.port ?? -1,
      endpoints: registration.endpoints.map(({ listenerName, host, port, securityProtocol }) => ({
        port,
        host,
        listener: listenerName,
        securityProtocol: SECURITY_PROTOCOLS.indexOf(securityProtocol),
      })),
      rack: registration.rack,
    })),
  };
}

function stopReplicaRequest(state: ClusterState, order: Order & { kind: 'stopReplica' }): StopReplicaRequest {
  const topicStates: StopReplicaRequest['topicStates'] = [];
  for (const [topicName, partitions] of byTopic(order.partitions)) {
    topicStates.push({
      topicName,
      partitionStates: partitions.map(({ partition: partitionIndex, deletePartition }) => ({
        partitionIndex,
        leaderEpoch: state.deletions.has(topicName)
          ? EPOCH_DURING_DELETE
          : (state.topics.get(topicName)?.partitions.get(partitionIndex)?.state?.leaderEpoch ?? -1),
        deletePartition,
      })),
    });
  }
  return {
    controllerId: state.controllerId,
    isKRaftController: false,
    controllerEpoch: state.controllerEpoch,
    brokerEpoch: brokerEpochOf(state, order.brokerId),
    deletePartitions: false,
    ungroupedPartitions: [],
    topics: [],
    topicStates,
  };
}
