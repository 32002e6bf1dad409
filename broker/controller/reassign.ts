/**
 * Reassignment of replicas (KIP-455). ORS are the replicas a partition had, TRS those it shall have; while it moves it has both:
 *
 *     begin     topic znode: replicas = TRS then the rest of ORS, adding = TRS \ ORS, removing = ORS \ TRS
 *               leader epoch + 1, everybody of them is told, those being added start to follow
 *     complete  once TRS ⊆ ISR: ISR \ removing, a leader out of TRS, those removed stop and delete, topic znode: TRS alone
 *
 * The topic znode says how far a reassignment is, so a new controller goes on where the old one stopped: `resume`, `complete`.
 * A second request replaces the first; null replicas go back to ORS, which needs no waiting.
 */
import { ErrorCode, errorMessage } from '../protocol/error-codes.ts';
import type { ClusterState, Partition, TopicPartition } from './cluster-state.ts';
import { allPartitions, applyChanges, isBeingReassigned, isReplicaAlive, isReplicaThere, partitionKey, partitionOf } from './cluster-state.ts';
import { electFirst, moveTo } from './decide.ts';
import type { Decision } from './decision.ts';
import { DecisionBuilder } from './decision.ts';
import { deletionsToBegin } from './delete-topics.ts';
import { electForOffline, electForReassignment } from './elect-leader.ts';
import type { ReplicaAssignment } from './znodes.ts';

export interface ReassignmentRequest extends TopicPartition {
  /** Null: back to where it was. */
  replicas: readonly number[] | null;
}

export interface Refusal {
  errorCode: number;
  errorMessage: string | null;
}

export interface ReassignmentPlan {
  /** What each partition's assignment becomes at first, by partition. */
  moves: (TopicPartition & { assignment: ReplicaAssignment })[];
  /** By `partitionKey`. Whoever is neither here nor refused is fine. */
  refusals: Map<string, Refusal>;
}

/** Versions of topic znodes: a write must not undo what was written there meanwhile (partitions added). */
export type TopicVersions = ReadonlyMap<string, number>;

const NO_ASSIGNMENT: ReplicaAssignment = { replicas: [], addingReplicas: [], removingReplicas: [] };
const without = (ids: readonly number[], others: readonly number[]): number[] => ids.filter((id) => !others.includes(id));

export const originReplicas = ({ replicas, addingReplicas }: ReplicaAssignment): number[] => without(replicas, addingReplicas);
export const targetReplicas = ({ replicas, removingReplicas }: ReplicaAssignment): number[] => without(replicas, removingReplicas);

/** The assignment on the way from `current` (perhaps itself on some way) to `target`. */
export function reassignTo(current: ReplicaAssignment, target: readonly number[]): ReplicaAssignment {
  const origin = originReplicas(current);
  const replicas = [...new Set([...target, ...origin])];
  return { replicas, addingReplicas: without(replicas, origin), removingReplicas: without(replicas, target) };
}

/** Checks requests and says what they come to. `checkReplicas` is for the API; the legacy znode was never checked. */
export function planReassignments(
  state: ClusterState,
  requests: readonly ReassignmentRequest[],
  { checkReplicas }: { checkReplicas: boolean },
): ReassignmentPlan {
  const moves: ReassignmentPlan['moves'] = [];
  const refusals = new Map<string, Refusal>();
  for (const { topic, partition: index, replicas } of requests) {
    const partition = partitionOf(state, { topic, partition: index });
    const current = partition?.assignment ?? NO_ASSIGNMENT;
    const refuse = (errorCode: number, message = errorMessage(errorCode)): void => {
      refusals.set(partitionKey(topic, index), { errorCode, errorMessage: message });
    };
    const fault = replicas === null || !checkReplicas ? null : faultOf(state, current, replicas);
    if (fault !== null) refuse(ErrorCode.INVALID_REPLICA_ASSIGNMENT, fault);
    else if (replicas === null && !isBeingReassigned(current)) refuse(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS);
    else if (partition === undefined || state.deletions.has(topic)) {
      refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'The partition does not exist.');
    } else {
      const assignment = reassignTo(current, replicas ?? originReplicas(current));
      const abandoned = abandonedIsr(partition, assignment);
      if (abandoned === null) moves.push({ topic, partition: index, assignment });
      else refuse(ErrorCode.INVALID_REPLICA_ASSIGNMENT, abandoned);
    }
  }
  return { moves, refusals };
}

function faultOf(state: ClusterState, current: ReplicaAssignment, replicas: readonly number[]): string | null {
  // As the original prints the list it read.
  const shown = `ArrayBuffer(${replicas.join(', ')})`;
  if (replicas.length === 0) return 'Empty replica list specified in partition reassignment.';
  if (new Set(replicas).size !== replicas.length) return `Duplicate replica ids in partition reassignment replica list: ${shown}`;
  if (replicas.some((id) => id < 0)) return `Invalid broker id in replica list: ${shown}`;
  const { addingReplicas } = reassignTo(current, replicas);
  const live = [...state.liveBrokers.keys()].filter((id) => !state.shuttingDown.has(id)).sort((a, b) => a - b);
  if (addingReplicas.every((id) => live.includes(id))) return null;
  return (
    `Replica assignment has brokers that are not alive. Replica list: ArrayBuffer(${addingReplicas.join(', ')}), ` +
    `live broker list: Set(${live.join(', ')})`
  );
}

/** Replacing a reassignment drops replicas that it was adding. Were they all that is in sync, their records would be lost. */
function abandonedIsr({ assignment, state }: Partition, next: ReplicaAssignment): string | null {
  if (state === null || state.isr.some((id) => next.replicas.includes(id))) return null;
  return `The in-sync replicas [${state.isr.join(', ')}] are all being added by the reassignment under way to [${assignment.replicas.join(', ')}]: none would be left`;
}

/** Starts (or replaces, or cancels) reassignments: the topic znodes, then every replica is told. */
export function beginReassignments(state: ClusterState, { moves }: ReassignmentPlan, versions: TopicVersions): Decision {
  const builder = new DecisionBuilder();
  for (const { topic, partition: index, assignment } of moves) {
    const at = { topic, partition: index };
    const partition = partitionOf(state, at);
    if (partition === undefined || sameAssignment(partition.assignment, assignment)) continue;
    builder.change({ kind: 'assignment', ...at, assignment }).rewriteTopic(topic, versions.get(topic) ?? -1);
    if (partition.state === null) {
      electFirst(builder, state, at, { assignment, state: null });
      continue;
    }
    const dropped = without(partition.assignment.replicas, assignment.replicas);
    const isr = without(partition.state.isr, dropped);
    let { leader } = partition.state;
    if (dropped.includes(leader)) {
      const isAlive = (id: number): boolean => isReplicaAlive(state, topic, index, id);
      leader = electForOffline({ replicas: assignment.replicas, isr, isAlive }, false)?.leader ?? -1;
    }
    moveTo(builder, state, at, { assignment, state: partition.state }, { leader, isr });
    builder.tellReplicas(without(assignment.addingReplicas, isr), at, true);
    for (const brokerId of dropped) builder.stop(brokerId, at, true);
  }
  return builder.build(applyChanges(state, builder.changesSoFar));
}

function sameAssignment(a: ReplicaAssignment, b: ReplicaAssignment): boolean {
  const same = (x: readonly number[], y: readonly number[]): boolean => x.length === y.length && x.every((id, i) => id === y[i]);
  return same(a.replicas, b.replicas) && same(a.addingReplicas, b.addingReplicas) && same(a.removingReplicas, b.removingReplicas);
}

/** Those under way, of these partitions or of all. */
export function reassignmentsUnderWay(state: ClusterState, among: readonly TopicPartition[] | null = null): TopicPartition[] {
  const found: TopicPartition[] = [];
  if (among === null) {
    for (const [topic, partition, { assignment }] of allPartitions(state)) {
      if (isBeingReassigned(assignment)) found.push({ topic, partition });
    }
    return found;
  }
  for (const { topic, partition } of among) {
    const assignment = partitionOf(state, { topic, partition })?.assignment;
    if (assignment !== undefined && isBeingReassigned(assignment)) found.push({ topic, partition });
  }
  return found;
}

/** Those of these reassignments that cannot end yet are begun again: a new controller, or a broker that came back, has to make sure. */
export function resumeReassignments(state: ClusterState, partitions: readonly TopicPartition[]): Decision {
  const builder = new DecisionBuilder();
  for (const at of reassignmentsUnderWay(state, partitions)) {
    const partition = partitionOf(state, at)!;
    if (partition.state === null || completed(state, at, partition) !== null) continue;
    const { leader, isr } = partition.state;
    moveTo(builder, state, at, { ...partition, state: partition.state }, { leader, isr });
    builder.tellReplicas(without(partition.assignment.addingReplicas, isr), at, true);
  }
  return builder.build(applyChanges(state, builder.changesSoFar));
}

/** Whether all that a partition shall have are in sync, and one of them can lead. */
export function canComplete(state: ClusterState, at: TopicPartition): boolean {
  const partition = partitionOf(state, at);
  return partition !== undefined && isBeingReassigned(partition.assignment) && completed(state, at, partition) !== null;
}

/** Leader and ISR after a completion, or null while it has to wait. */
function completed(
  state: ClusterState,
  at: TopicPartition,
  { assignment, state: present }: Partition,
): { leader: number; isr: readonly number[] } | null {
  if (present === null) return null;
  const target = targetReplicas(assignment);
  if (!target.every((id) => present.isr.includes(id))) return null;
  const isr = without(present.isr, assignment.removingReplicas);
  if (target.includes(present.leader) && isReplicaThere(state, at.topic, at.partition, present.leader)) {
    return { leader: present.leader, isr };
  }
  const isAlive = (id: number): boolean => isReplicaAlive(state, at.topic, at.partition, id);
  return electForReassignment({ replicas: target, isr, isAlive });
}

/** Ends those of these reassignments that can end. */
export function completeReassignments(
  state: ClusterState,
  partitions: readonly TopicPartition[],
  versions: TopicVersions,
): Decision {
  const builder = new DecisionBuilder();
  const topics = new Set<string>();
  for (const at of reassignmentsUnderWay(state, partitions)) {
    const partition = partitionOf(state, at)!;
    const outcome = completed(state, at, partition);
    if (outcome === null) continue;
    const { removingReplicas } = partition.assignment;
    const assignment: ReplicaAssignment = { replicas: targetReplicas(partition.assignment), addingReplicas: [], removingReplicas: [] };
    builder.change({ kind: 'assignment', ...at, assignment });
    moveTo(builder, state, at, { assignment, state: partition.state! }, outcome);
    for (const brokerId of removingReplicas) builder.stop(brokerId, at, true);
    topics.add(at.topic);
  }
  // Last: as long as the znode says that replicas are being removed, a new controller will see to it.
  for (const topic of topics) builder.rewriteTopic(topic, versions.get(topic) ?? -1);
  // Deletions wait for reassignments.
  if (state.deletions.size > 0) deletionsToBegin(builder, applyChanges(state, builder.changesSoFar));
  return builder.build(applyChanges(state, builder.changesSoFar));
}
