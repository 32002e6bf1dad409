/** Clusters as values for tests of the controller's decisions, and decisions as short text. */
import type { ClusterState, PartitionState, StateChange } from '../../../broker/controller/cluster-state.ts';
import { applyChanges, emptyClusterState } from '../../../broker/controller/cluster-state.ts';
import type { Decision, ZnodeWrite } from '../../../broker/controller/decision.ts';

export const clean = { allowUnclean: () => false };
export const unclean = { allowUnclean: () => true };
export const TOPIC_ID = '2wsVfaPQSW2y7i5fkXoQqA';

const broker = (id: number, brokerEpoch = 100 + id) => ({
  registration: {
    id,
    rack: null,
    endpoints: [{ listenerName: 'PLAINTEXT', host: `h${id}`, port: 9092, securityProtocol: 'PLAINTEXT' }],
  },
  brokerEpoch,
});
export const brokers = (...ids: number[]) => new Map(ids.map((id) => [id, broker(id)]));
export const replicas = (...ids: number[]) => ({ replicas: ids, addingReplicas: [], removingReplicas: [] });
export const state = (leader: number, isr: number[], more: Partial<PartitionState> = {}): PartitionState => ({
  controllerEpoch: 1,
  leader,
  leaderEpoch: 0,
  isr,
  recovering: false,
  partitionEpoch: 0,
  ...more,
});

/** A cluster of living brokers and topic t with these partitions. */
export function cluster(
  live: number[],
  ...partitions: { replicas: number[]; adding?: number[]; removing?: number[]; state: PartitionState | null }[]
): ClusterState {
  const changes: StateChange[] = [{ kind: 'brokers', liveBrokers: brokers(...live), shuttingDown: new Set() }];
  if (partitions.length > 0) changes.push({ kind: 'topic', topic: 't', topicId: TOPIC_ID });
  for (const [partition, { replicas: ids, adding = [], removing = [], state: present }] of partitions.entries()) {
    const assignment = { replicas: ids, addingReplicas: adding, removingReplicas: removing };
    changes.push({ kind: 'assignment', topic: 't', partition, assignment });
    if (present !== null) changes.push({ kind: 'partitionState', topic: 't', partition, state: present });
  }
  return applyChanges(emptyClusterState(0, 2), changes);
}

/** Writes as short text: what is written where. */
export const shown = (writes: readonly ZnodeWrite[]): string[] =>
  writes.map((write) => {
    if (write.op === 'ensure' || write.op === 'deleteTree') return `${write.op} ${write.path}`;
    return `${write.op} ${write.path}${write.op === 'set' ? ` v${write.version}` : ''} ${write.data?.toString() ?? ''}`;
  });

/** Orders as short text: who is told what. */
export const told = (decision: Decision): string[] =>
  decision.orders.map((order) => {
    const partitions = order.partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(',');
    if (order.kind === 'updateMetadata') return `metadata to ${order.brokerIds.join(',')}: ${partitions}`;
    return `${order.kind} to ${order.brokerId}: ${partitions}`;
  });
