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

/** A broker asks to stop. Leaders move away from it, and it leaves the ISRs it follows in. */
export function shutDownBroker(state: ClusterState, brokerId: number): { decision: Decision; remaining: TopicPartition[] } {
  const builder = new DecisionBuilder().change({ kind: 'shuttingDown', brokerId });
  const after = applyChanges(state, builder.changesSoFar);
  for (const [topic, index, partition] of allPartitions(after)) {
    const { state: present, assignment } = partition;
    // A partition with one replica has nobody to take over: it goes down with its broker.
    if (present === null || assignment.replicas.length < 2 || !assignment.replicas.includes(brokerId)) continue;
    if (after.deletions.get(topic)?.begun === true) continue;
    const at = { topic, partition: index };
    const isAlive = (id: number): boolean => isReplicaThere(after, topic, index, id);
    if (present.leader === brokerId) {
      const elected = electForControlledShutdown({ replicas: assignment.replicas, isr: present.isr, isAlive }, (id) =>
        after.shuttingDown.has(id),
      );
      if (elected !== null) moveTo(builder, after, at, { assignment, state: present }, elected);
      continue;
    }
    builder.stop(brokerId, at, false);
    if (present.isr.includes(brokerId) && present.isr.length > 1) {
      const stays = (id: number): boolean => id !== brokerId;
      const left = { leader: present.leader, isr: present.isr.filter(stays) };
      // The broker itself is told to stop, and must not take that for older news than this.
      moveTo(builder, after, at, { assignment, state: present }, left, assignment.replicas.filter(stays));
    }
  }
  const next = applyChanges(state, builder.changesSoFar);
  const remaining: TopicPartition[] = [];
  for (const [topic, index, partition] of allPartitions(next)) {
    if (partition.state?.leader === brokerId && partition.assignment.replicas.length > 1)
      remaining.push({ topic, partition: index });
  }
  return { decision: builder.build(next), remaining };
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
