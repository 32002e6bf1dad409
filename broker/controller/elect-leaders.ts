/**
 * Elections that somebody asks for: preferred ones (by the API, by `/admin/preferred_replica_election`, or by the controller itself when
 * a broker leads too little of what it should) and unclean ones (by the API).
 */
import { ErrorCode, errorMessage } from '../protocol/error-codes.ts';
import type { ClusterState, Partition, TopicPartition } from './cluster-state.ts';
import { allPartitions, applyChanges, isBeingReassigned, isReplicaAlive, partitionKey, partitionOf } from './cluster-state.ts';
import { moveTo } from './decide.ts';
import type { Decision } from './decision.ts';
import { DecisionBuilder } from './decision.ts';
import type { Elected } from './elect-leader.ts';
import { electForOffline, electPreferred } from './elect-leader.ts';

/** As on the wire. */
export const ElectionType = { PREFERRED: 0, UNCLEAN: 1 } as const;
export type ElectionType = (typeof ElectionType)[keyof typeof ElectionType];

/** Who leads now, or why nobody was elected. */
export type ElectionResult = { leader: number } | { errorCode: number; errorMessage: string | null };

/** What the original calls these elections in its messages. */
const STRATEGIES: Record<ElectionType, string> = {
  [ElectionType.PREFERRED]: 'PreferredReplicaPartitionLeaderElectionStrategy',
  [ElectionType.UNCLEAN]: 'OfflinePartitionLeaderElectionStrategy(true)',
};
const UNAVAILABLE: Record<ElectionType, number> = {
  [ElectionType.PREFERRED]: ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
  [ElectionType.UNCLEAN]: ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
};

export function electLeaders(
  state: ClusterState,
  partitions: readonly TopicPartition[],
  electionType: ElectionType,
): { decision: Decision; results: Map<string, ElectionResult> } {
  const builder = new DecisionBuilder();
  const results = new Map<string, ElectionResult>();
  for (const { topic, partition: index } of partitions) {
    const at = { topic, partition: index };
    const refuse = (errorCode: number, message = errorMessage(errorCode)): void => {
      results.set(partitionKey(at.topic, at.partition), { errorCode, errorMessage: message });
    };
    const partition = partitionOf(state, at);
    if (partition === undefined) refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'The partition does not exist.');
    else if (state.deletions.has(at.topic)) refuse(ErrorCode.INVALID_TOPIC_EXCEPTION, 'The topic is being deleted');
    else if (!isElectionNeeded(state, partition, electionType)) refuse(ErrorCode.ELECTION_NOT_NEEDED);
    else {
      const elected = elect(state, at, partition, electionType);
      if (elected === null || partition.state === null) {
        const name = partitionKey(at.topic, at.partition);
        refuse(UNAVAILABLE[electionType], `Failed to elect leader for partition ${name} under strategy ${STRATEGIES[electionType]}`);
      } else {
        moveTo(builder, state, at, { ...partition, state: partition.state }, elected);
        results.set(partitionKey(at.topic, at.partition), { leader: elected.leader });
      }
    }
  }
  return { decision: builder.build(applyChanges(state, builder.changesSoFar)), results };
}

function isElectionNeeded(state: ClusterState, { assignment, state: present }: Partition, electionType: ElectionType): boolean {
  if (present === null) return true;
  if (electionType === ElectionType.PREFERRED) return present.leader !== assignment.replicas[0];
  return present.leader === -1 || !state.liveBrokers.has(present.leader) || state.shuttingDown.has(present.leader);
}

function elect(state: ClusterState, at: TopicPartition, partition: Partition, electionType: ElectionType): Elected | null {
  const isAlive = (id: number): boolean => isReplicaAlive(state, at.topic, at.partition, id);
  const candidates = { replicas: partition.assignment.replicas, isr: partition.state?.isr ?? [], isAlive };
  return electionType === ElectionType.PREFERRED ? electPreferred(candidates) : electForOffline(candidates, true);
}

/**
 * Partitions of which a broker should be the leader and isn't, where those are more than `percentage` of its own, and as far as it
 * could take them over now.
 */
export function partitionsToRebalance(state: ClusterState, percentage: number): TopicPartition[] {
  const byPreferred = new Map<number, { total: number; imbalanced: TopicPartition[] }>();
  for (const [topic, index, { assignment, state: present }] of allPartitions(state)) {
    const preferred = assignment.replicas[0];
    if (preferred === undefined || state.deletions.has(topic)) continue;
    let entry = byPreferred.get(preferred);
    if (entry === undefined) byPreferred.set(preferred, (entry = { total: 0, imbalanced: [] }));
    entry.total++;
    if (present !== null && present.leader !== preferred) entry.imbalanced.push({ topic, partition: index });
  }
  return [...byPreferred].flatMap(([brokerId, { total, imbalanced }]) => {
    if (!state.liveBrokers.has(brokerId) || imbalanced.length * 100 <= total * percentage) return [];
    return imbalanced.filter((at) => {
      const partition = partitionOf(state, at)!;
      return !isBeingReassigned(partition.assignment) && elect(state, at, partition, ElectionType.PREFERRED) !== null;
    });
  });
}
