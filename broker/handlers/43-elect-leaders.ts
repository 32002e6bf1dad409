/**
 * ElectLeaders (0–2), at the controller: gives partitions (null: all) to their preferred leaders or, since v1, to whoever is alive where
 * nobody in sync is. The answer waits until this broker's metadata shows the new leaders.
 */
import type { TopicPartition } from '../controller/cluster-state.ts';
import { partitionKey } from '../controller/cluster-state.ts';
import type { Controller } from '../controller/controller.ts';
import type { ElectionResult } from '../controller/elect-leaders.ts';
import { ElectionType } from '../controller/elect-leaders.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import type { ElectLeadersRequest, ElectLeadersResponse } from '../protocol/messages/43-elect-leaders.ts';
import { electLeaders } from '../protocol/messages/43-elect-leaders.ts';
import type { Handler } from '../server/handler.ts';
import type { MetadataCache } from '../server/metadata-cache.ts';

export interface ElectLeadersDependencies {
  readonly controller: Controller;
  readonly cache: MetadataCache;
}

type TopicResult = ElectLeadersResponse['replicaElectionResults'][number];
type Outcome = { errorCode: number; errorMessage: string | null };

const NOT_CONTROLLER: Outcome = { errorCode: ErrorCode.NOT_CONTROLLER, errorMessage: null };
const UNKNOWN_TYPE: Outcome = { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: null };

export function electLeadersHandler(deps: ElectLeadersDependencies): Handler<ElectLeadersRequest, ElectLeadersResponse> {
  return {
    api: electLeaders,
    async handle(request) {
      const { topicPartitions, timeoutMs } = request;
      const partitions = topicPartitions === null ? everyPartition(deps.cache) : namedPartitions(topicPartitions);
      const electionType = Object.values(ElectionType).find((type) => type === request.electionType);
      if (electionType === undefined) return response(partitions, () => UNKNOWN_TYPE, ErrorCode.UNKNOWN_SERVER_ERROR);
      const results = await deps.controller.electLeaders(partitions, electionType);
      if (results === null) return response(partitions, () => NOT_CONTROLLER);
      const resultOf = ({ topic, partition }: TopicPartition): ElectionResult | undefined => results.get(partitionKey(topic, partition));
      const isShown = (at: TopicPartition): boolean => {
        const result = resultOf(at);
        return result === undefined || !('leader' in result) || deps.cache.getPartition(at.topic, at.partition)?.leader === result.leader;
      };
      await deps.cache.waitUntil(() => partitions.every(isShown), timeoutMs);
      // Who asks for all hears of those that something happened to.
      const isNews = (at: TopicPartition): boolean => {
        const result = resultOf(at);
        return topicPartitions !== null || (result !== undefined && !('errorCode' in result && result.errorCode === ErrorCode.ELECTION_NOT_NEEDED));
      };
      return response(partitions.filter(isNews), (at) => {
        const result = resultOf(at);
        if (result !== undefined && 'errorCode' in result) return result;
        return { errorCode: isShown(at) ? ErrorCode.NONE : ErrorCode.REQUEST_TIMED_OUT, errorMessage: null };
      });
    },
  };
}

function everyPartition(cache: MetadataCache): TopicPartition[] {
  return [...cache.topicNames()].flatMap((topic) => cache.partitionsOf(topic).map(([partition]) => ({ topic, partition })));
}

function namedPartitions(topics: NonNullable<ElectLeadersRequest['topicPartitions']>): TopicPartition[] {
  const named = new Map<string, TopicPartition>();
  for (const { topic, partitions } of topics) {
    for (const partition of partitions) named.set(partitionKey(topic, partition), { topic, partition });
  }
  return [...named.values()];
}

function response(
  partitions: readonly TopicPartition[],
  outcomeOf: (at: TopicPartition) => Outcome,
  errorCode: number = ErrorCode.NONE,
): ElectLeadersResponse {
  const topics = new Map<string, TopicResult>();
  for (const at of partitions) {
    let topic = topics.get(at.topic);
    if (topic === undefined) topics.set(at.topic, (topic = { topic: at.topic, partitionResult: [] }));
    const { errorCode: code, errorMessage } = outcomeOf(at);
    topic.partitionResult.push({ partitionId: at.partition, errorCode: code, errorMessage });
  }
  return { throttleTimeMs: 0, errorCode, replicaElectionResults: [...topics.values()] };
}
