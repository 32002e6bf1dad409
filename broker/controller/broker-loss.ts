/**
 * What the controller does when a broker wants to leave, or lost a log directory. (One that is gone is a case of `changeBrokers`.)
 */
import type { ClusterState, TopicPartition } from './cluster-state.ts';
import { allPartitions, applyChanges, isReplicaThere, partitionOf } from './cluster-state.ts';
import type { Policy } from './decide.ts';
import { moveTo, repair } from './decide.ts';
import type { Decision } from './decision.ts';
import { DecisionBuilder } from './decision.ts';
import { electForControlledShutdown } from './elect-leader.ts';

export interface HandOver {
  readonly decision: Decision;
  /** Leaders for which nobody else is there. */
  readonly remaining: readonly TopicPartition[];
  /** What the broker follows. */
  readonly followed: readonly TopicPartition[];
}

/** A broker asks to stop: leaders move away from it. */
export function moveLeadersAway(state: ClusterState, brokerId: number): HandOver {
  const builder = new DecisionBuilder().change({ kind: 'shuttingDown', brokerId });
  const after = applyChanges(state, builder.changesSoFar);
  const remaining: TopicPartition[] = [];
  const followed: TopicPartition[] = [];
  for (const [topic, index, partition] of allPartitions(after)) {
    const { state: present, assignment } = partition;
    // A partition with one replica has nobody to take over: it goes down with its broker.
    if (present === null || assignment.replicas.length < 2 || !assignment.replicas.includes(brokerId)) continue;
    if (after.deletions.get(topic)?.begun === true) continue;
    const at = { topic, partition: index };
    if (present.leader !== brokerId) {
      followed.push(at);
      continue;
    }
    const isAlive = (id: number): boolean => isReplicaThere(after, topic, index, id);
    const elected = electForControlledShutdown({ replicas: assignment.replicas, isr: present.isr, isAlive }, (id) =>
      after.shuttingDown.has(id),
    );
    if (elected === null) remaining.push(at);
    else moveTo(builder, after, at, { assignment, state: present }, elected);
  }
  return { decision: builder.build(applyChanges(state, builder.changesSoFar)), remaining, followed };
}

/** Then it stops what it follows, and leaves those ISRs. Second: until the leaders have moved nobody can write to their partitions. */
export function stopFollowing(state: ClusterState, brokerId: number, followed: readonly TopicPartition[]): Decision {
  const builder = new DecisionBuilder();
  for (const at of followed) {
    const { assignment, state: present } = partitionOf(state, at)!;
    builder.stop(brokerId, at, false);
    if (present === null || !present.isr.includes(brokerId) || present.isr.length === 1) continue;
    const stays = (id: number): boolean => id !== brokerId;
    const left = { leader: present.leader, isr: present.isr.filter(stays) };
    // The broker itself is told to stop, and must not take that for older news than this.
    moveTo(builder, state, at, { assignment, state: present }, left, assignment.replicas.filter(stays));
  }
  return builder.build(applyChanges(state, builder.changesSoFar));
}

/** Brokers said that a log directory failed: their answers to what they should lead or follow tell which replicas are on it. */
export function askAboutReplicas(state: ClusterState, brokerIds: readonly number[]): Decision {
  const builder = new DecisionBuilder();
  for (const [topic, index, partition] of allPartitions(state)) {
    const asked = partition.assignment.replicas.filter((id) => brokerIds.includes(id));
    if (partition.state !== null && asked.length > 0) builder.tellReplicas(asked, { topic, partition: index });
  }
  return builder.build(state);
}

/** A broker said that replicas are on a log directory that failed. */
export function takeReplicasOffline(
  state: ClusterState,
  brokerId: number,
  replicas: readonly TopicPartition[],
  policy: Policy,
): Decision {
  const builder = new DecisionBuilder();
  for (const at of replicas) builder.change({ kind: 'replicaOffline', ...at, brokerId });
  const after = applyChanges(state, builder.changesSoFar);
  for (const at of replicas) {
    const partition = partitionOf(after, at);
    if (partition?.state != null && !repair(builder, after, at, partition, policy)) builder.tellEverybody(at);
  }
  return builder.build(applyChanges(state, builder.changesSoFar));
}
