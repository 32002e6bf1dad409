/**
 * Deletion of topics. A topic waits until all its replicas are on living brokers; then everybody forgets its leaders, the brokers
 * stop and delete their replicas, and when the last one is reported gone the znodes go: topic, config, request, in this order,
 * so that a controller that takes over in between finds the request and goes on.
 */
import type { ClusterState, Deletion } from './cluster-state.ts';
import { applyChanges, isReplicaAlive, replicaKey } from './cluster-state.ts';
import type { Decision } from './decision.ts';
import { DecisionBuilder } from './decision.ts';
import { configZnode, deleteTopicsZnode, topicZnode } from './znodes.ts';

/** `/admin/delete_topics` has these children. */
export function requestDeletions(
  state: ClusterState,
  topics: readonly string[],
  { isEnabled, begin }: { isEnabled: boolean; begin: boolean },
): Decision {
  const builder = new DecisionBuilder();
  for (const topic of topics) {
    if (state.deletions.has(topic)) continue;
    const known = state.topics.get(topic);
    if (known === undefined || !isEnabled) {
      builder.write({ op: 'deleteTree', path: deleteTopicsZnode.path(topic) });
      continue;
    }
    const remaining = new Set<string>();
    for (const [partition, { assignment }] of known.partitions) {
      for (const brokerId of assignment.replicas) remaining.add(replicaKey(partition, brokerId));
    }
    builder.change({ kind: 'deletion', topic, deletion: { begun: false, remaining } });
  }
  if (begin) deletionsToBegin(builder, applyChanges(state, builder.changesSoFar));
  return builder.build(applyChanges(state, builder.changesSoFar));
}

/** Begins what can begin, and notes which deletions came to a halt because a broker went away. */
export function deletionsToBegin(builder: DecisionBuilder, state: ClusterState): void {
  for (const [topic, deletion] of state.deletions) {
    const known = state.topics.get(topic);
    if (known === undefined) continue;
    const replicas = [...deletion.remaining].map((key) => key.split(':').map(Number) as [number, number]);
    const allAlive = replicas.every(([partition, brokerId]) => isReplicaAlive(state, topic, partition, brokerId));
    const isReassigning = [...known.partitions.values()].some(
      ({ assignment }) => assignment.addingReplicas.length > 0 || assignment.removingReplicas.length > 0,
    );
    if (deletion.begun) {
      if (!allAlive) builder.change({ kind: 'deletion', topic, deletion: { ...deletion, begun: false } });
      continue;
    }
    if (!allAlive || isReassigning) continue;
    builder.change({ kind: 'deletion', topic, deletion: { ...deletion, begun: true } });
    for (const partition of known.partitions.keys()) builder.tellEverybody({ topic, partition });
    for (const [partition, brokerId] of replicas) builder.stop(brokerId, { topic, partition }, true);
    if (replicas.length === 0) removeZnodes(builder, topic);
  }
}

export interface StoppedReplica {
  topic: string;
  partition: number;
  errorCode: number;
}

/** A broker answered StopReplica. */
export function replicasStopped(state: ClusterState, brokerId: number, replicas: readonly StoppedReplica[]): Decision {
  const builder = new DecisionBuilder();
  const touched = new Map<string, Set<string>>();
  const halted = new Set<string>();
  for (const { topic, partition, errorCode } of replicas) {
    const deletion = state.deletions.get(topic);
    if (deletion === undefined || !deletion.begun) continue;
    if (errorCode !== 0) {
      halted.add(topic);
      continue;
    }
    const remaining = touched.get(topic) ?? new Set(deletion.remaining);
    remaining.delete(replicaKey(partition, brokerId));
    touched.set(topic, remaining);
  }
  for (const topic of new Set([...touched.keys(), ...halted])) {
    const remaining = touched.get(topic) ?? state.deletions.get(topic)!.remaining;
    if (remaining.size === 0) {
      removeZnodes(builder, topic);
      continue;
    }
    // What a broker could not delete is tried again when a broker comes (back).
    const deletion: Deletion = { begun: !halted.has(topic), remaining };
    builder.change({ kind: 'deletion', topic, deletion });
  }
  return builder.build(applyChanges(state, builder.changesSoFar));
}

function removeZnodes(builder: DecisionBuilder, topic: string): void {
  builder
    .write({ op: 'deleteTree', path: topicZnode.path(topic) })
    .write({ op: 'deleteTree', path: configZnode.path('topics', topic) })
    .write({ op: 'deleteTree', path: deleteTopicsZnode.path(topic) })
    .change({ kind: 'topicGone', topic });
}
