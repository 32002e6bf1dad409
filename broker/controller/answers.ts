/** What brokers' answers to orders come to. */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { LeaderAndIsrResponse } from '../protocol/messages/04-leader-and-isr.ts';
import type { StopReplicaRequest, StopReplicaResponse } from '../protocol/messages/05-stop-replica.ts';
import { partitionKey } from './cluster-state.ts';
import type { StoppedReplica } from './delete-topics.ts';

/** Replicas that are on a log directory that failed. */
export function failedReplicas(response: LeaderAndIsrResponse): { topicId: string; partition: number }[] {
  return response.topics.flatMap(({ topicId, partitionErrors }) =>
    partitionErrors
      .filter(({ errorCode }) => errorCode === ErrorCode.KAFKA_STORAGE_ERROR)
      .map(({ partitionIndex }) => ({ topicId, partition: partitionIndex })),
  );
}

/** Replicas that were to be deleted, each with its outcome. A refusal of the whole request is that of each. */
export function stoppedReplicas(request: StopReplicaRequest, response: StopReplicaResponse): StoppedReplica[] {
  const errors = new Map(
    response.partitionErrors.map((entry) => [partitionKey(entry.topicName, entry.partitionIndex), entry.errorCode]),
  );
  return request.topicStates.flatMap(({ topicName: topic, partitionStates }) =>
    partitionStates
      .filter(({ deletePartition }) => deletePartition)
      .map(({ partitionIndex: partition }) => {
        const own = errors.get(partitionKey(topic, partition)) ?? ErrorCode.NONE;
        return { topic, partition, errorCode: response.errorCode !== ErrorCode.NONE ? response.errorCode : own };
      }),
  );
}
