/**
 * Deletion of topics. Everybody forgets the topic at once, its replicas on living brokers stop and delete; those on dead ones follow
 * when their brokers come back. When the last one is reported gone the znodes go: topic, config, request, in this order, so
 * that a controller that takes over in between finds the request and goes on. A reassignment under way ends first.
 */
import type { ClusterState, Deletion, Topic } from './cluster-state.ts';
import { applyChanges, isBeingReassigned, isReplicaThere, replicaKey } from './cluster-state.ts';
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
    builder.change({ kind: 'deletion', topic, deletion: { begun: false, remaining: NOBODY, asked: NOBODY } });
  }
  if (begin) deletionsToBegin(builder, applyChanges(state, builder.changesSoFar));
  return builder.build(applyChanges(state, builder.changesSoFar));
}

const NOBODY: ReadonlySet<string> = new Set();

/** Begins what can begin, and asks again where a broker came back. Who died meanwhile is not waited for any more. */
export function deletionsToBegin(builder: DecisionBuilder, state: ClusterState): void {
  for (const [topic, deletion] of state.deletions) {
    const known = state.topics.get(topic);
    if (known === undefined) continue;
    let { remaining } = deletion;
    if (!deletion.begun) {
      if ([...known.partitions.values()].some(({ assignment }) => isBeingReassigned(assignment))) continue;
      for (const partition of known.partitions.keys()) builder.tellEverybody({ topic, partition });
      remaining = replicasOf(known);
    }
    const asked = new Set<string>();
    for (const key of remaining) {
      const [partition, brokerId] = key.split(':').map(Number) as [number, number];
      if (!isReplicaThere(state, topic, partition, brokerId)) continue;
      asked.add(key);
      if (!deletion.asked.has(key)) builder.stop(brokerId, { topic, partition }, true);
    }
    builder.change({ kind: 'deletion', topic, deletion: { begun: true, remaining, asked } });
    if (remaining.size === 0) removeZnodes(builder, topic);
  }
}

function replicasOf({ partitions }: Topic): Set<string> {
  const keys = new Set<string>();
  for (const [partition, { assignment }] of partitions) {
    for (const brokerId of assignment.replicas) keys.add(replicaKey(partition, brokerId));
  }
  return keys;
}

export interface StoppedReplica {
  topic: string;
  partition: number;
  errorCode: number;
}

/** A broker answered StopReplica. What it could not delete is asked for again when a broker comes (back). */
export function replicasStopped(state: ClusterState, brokerId: number, replicas: readonly StoppedReplica[]): Decision {
  const builder = new DecisionBuilder();
  const changed = new Map<string, { remaining: Set<string>; asked: Set<string> }>();
  for (const { topic, partition, errorCode } of replicas) {
    const deletion = state.deletions.get(topic);
    if (deletion === undefined || !deletion.begun) continue;
    let next = changed.get(topic);
    if (next === undefined) {
      changed.set(topic, (next = { remaining: new Set(deletion.remaining), asked: new Set(deletion.asked) }));
    }
    const key = replicaKey(partition, brokerId);
    next.asked.delete(key);
    if (errorCode === 0) next.remaining.delete(key);
  }
  for (const [topic, { remaining, asked }] of changed) {
    const deletion: Deletion = { begun: true, remaining, asked };
    if (remaining.size === 0) removeZnodes(builder, topic);
    else builder.change({ kind: 'deletion', topic, deletion });
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
