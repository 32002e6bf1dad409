/**
 * AlterPartition: a leader wants another ISR. The checks come in Kafka's order; what passes them changes the ISR and the partition
 * epoch, not the leader epoch. A change that is already so is answered without a write, which makes a leader's retry harmless.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { AlterPartitionRequest, AlterPartitionResponse } from '../protocol/messages/56-alter-partition.ts';
import type { ClusterState, PartitionState } from './cluster-state.ts';
import { applyChanges, isReplicaAlive } from './cluster-state.ts';
import type { Decision } from './decision.ts';
import { DecisionBuilder } from './decision.ts';
import { partitionStateZnode } from './znodes.ts';

type TopicRequest = AlterPartitionRequest['topics'][number];
type PartitionRequest = TopicRequest['partitions'][number];
type PartitionResponse = AlterPartitionResponse['topics'][number]['partitions'][number];

export interface AlterPartitionResult {
  decision: Decision;
  response: AlterPartitionResponse;
}

export function alterPartition(
  state: ClusterState,
  request: AlterPartitionRequest,
  apiVersion: number,
): AlterPartitionResult {
  const builder = new DecisionBuilder();
  const broker = state.liveBrokers.get(request.brokerId);
  if (broker === undefined || (request.brokerEpoch !== -1 && broker.brokerEpoch !== request.brokerEpoch)) {
    const response = { throttleTimeMs: 0, errorCode: ErrorCode.STALE_BROKER_EPOCH, topics: [] };
    return { decision: builder.build(state), response };
  }
  const hasIds = apiVersion >= 2;
  const topics = request.topics.map((topic) => {
    const name = hasIds ? state.topicNames.get(topic.topicId) : topic.topicName;
    const unknown = hasIds ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    return {
      topicName: topic.topicName,
      topicId: topic.topicId,
      partitions: topic.partitions.map((partition) =>
        name === undefined ? refusal(partition, unknown) : alterOne(builder, state, name, partition, apiVersion),
      ),
    };
  });
  const decision = builder.build(applyChanges(state, builder.changesSoFar));
  return { decision, response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, topics } };
}

function refusal(partition: PartitionRequest, errorCode: number): PartitionResponse {
  const { partitionIndex } = partition;
  return { partitionIndex, errorCode, leaderId: 0, leaderEpoch: 0, isr: [], leaderRecoveryState: 0, partitionEpoch: 0 };
}

function answer(partition: PartitionRequest, state: PartitionState): PartitionResponse {
  return {
    partitionIndex: partition.partitionIndex,
    errorCode: ErrorCode.NONE,
    leaderId: state.leader,
    leaderEpoch: state.leaderEpoch,
    isr: [...state.isr],
    leaderRecoveryState: state.recovering ? 1 : 0,
    partitionEpoch: state.partitionEpoch,
  };
}

function sameMembers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id));
}

function alterOne(
  builder: DecisionBuilder,
  state: ClusterState,
  topic: string,
  wanted: PartitionRequest,
  apiVersion: number,
): PartitionResponse {
  const current = state.topics.get(topic)?.partitions.get(wanted.partitionIndex)?.state ?? null;
  if (current === null) return refusal(wanted, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  // The leader knows more than we do: another controller must have been at work.
  if (wanted.partitionEpoch > current.partitionEpoch || wanted.leaderEpoch > current.leaderEpoch) {
    return refusal(wanted, ErrorCode.NOT_CONTROLLER);
  }
  if (wanted.leaderEpoch < current.leaderEpoch) return refusal(wanted, ErrorCode.FENCED_LEADER_EPOCH);
  const recovering = wanted.leaderRecoveryState === 1;
  if (sameMembers(wanted.newIsr, current.isr) && recovering === current.recovering) return answer(wanted, current);
  if (wanted.partitionEpoch < current.partitionEpoch) return refusal(wanted, ErrorCode.INVALID_UPDATE_VERSION);
  if (recovering && (wanted.newIsr.length > 1 || !current.recovering)) return refusal(wanted, ErrorCode.INVALID_REQUEST);
  if (!wanted.newIsr.every((id) => isReplicaAlive(state, topic, wanted.partitionIndex, id))) {
    return refusal(wanted, apiVersion >= 2 ? ErrorCode.INELIGIBLE_REPLICA : ErrorCode.OPERATION_NOT_ATTEMPTED);
  }
  const next: PartitionState = {
    ...current,
    controllerEpoch: state.controllerEpoch,
    isr: [...wanted.newIsr],
    recovering,
    partitionEpoch: current.partitionEpoch + 1,
  };
  const at = { topic, partition: wanted.partitionIndex };
  builder
    .write({
      op: 'set',
      path: partitionStateZnode.path(topic, wanted.partitionIndex),
      data: partitionStateZnode.encode(next),
      version: current.partitionEpoch,
    })
    .change({ kind: 'partitionState', ...at, state: next })
    .tellEverybody(at);
  return answer(wanted, next);
}
