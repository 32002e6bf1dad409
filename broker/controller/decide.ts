/**
 * What the controller does about an event: pure functions from the cluster's state and what happened to a `Decision`. Each leader
 * or ISR change that the controller makes bumps the leader epoch by one; those that leaders ask for (`alter-partition.ts`) don't.
 */
import type { ClusterState, LiveBroker, Partition, PartitionState, TopicPartition } from './cluster-state.ts';
import { allPartitions, applyChanges, isReplicaAlive, isReplicaThere, partitionKey, partitionOf } from './cluster-state.ts';
import type { Decision } from './decision.ts';
import { DecisionBuilder } from './decision.ts';
import type { Elected } from './elect-leader.ts';
import { electForNew, electForOffline } from './elect-leader.ts';
import { deletionsToBegin } from './delete-topics.ts';
import type { TopicRecord } from './znodes.ts';
import { partitionStateZnode, topicPartitionsZnode, topicPartitionZnode, topicZnode } from './znodes.ts';

export interface Policy {
  /** `unclean.leader.election.enable` of a topic. */
  allowUnclean: (topic: string) => boolean;
}

/** Adds the election's outcome: the state znode, the state, and the requests that tell of it (all replicas, or `told`). */
export function moveTo(
  builder: DecisionBuilder,
  state: ClusterState,
  at: TopicPartition,
  partition: Partition & { state: PartitionState },
  elected: Pick<Elected, 'leader' | 'isr'> & { unclean?: boolean },
  told: readonly number[] = partition.assignment.replicas,
): void {
  const next: PartitionState = {
    controllerEpoch: state.controllerEpoch,
    leader: elected.leader,
    leaderEpoch: partition.state.leaderEpoch + 1,
    isr: elected.isr,
    // Only catching up ends a recovery: another leader does not.
    recovering: elected.unclean === true || partition.state.recovering,
    partitionEpoch: partition.state.partitionEpoch + 1,
  };
  builder
    .write({
      op: 'set',
      path: partitionStateZnode.path(at.topic, at.partition),
      data: partitionStateZnode.encode(next),
      version: partition.state.partitionEpoch,
    })
    .change({ kind: 'partitionState', ...at, state: next })
    .tellReplicas(told, at);
}

/** Where a partition has a state, the znode above it is there. */
function hasPartitionsZnode(state: ClusterState, topic: string): boolean {
  for (const partition of state.topics.get(topic)?.partitions.values() ?? []) {
    if (partition.state !== null) return true; // in a topic that grows the first one already has
  }
  return false;
}

/** A partition without any state yet gets its first leader. Stays new when no replica lives. */
export function electFirst(builder: DecisionBuilder, state: ClusterState, at: TopicPartition, partition: Partition): void {
  const { replicas } = partition.assignment;
  if (state.unreadable.has(partitionKey(at.topic, at.partition))) return;
  const elected = electForNew({ replicas, isAlive: (id) => isReplicaAlive(state, at.topic, at.partition, id) });
  if (elected === null) return;
  const first: PartitionState = {
    controllerEpoch: state.controllerEpoch,
    leader: elected.leader,
    leaderEpoch: 0,
    isr: elected.isr,
    recovering: false,
    partitionEpoch: 0,
  };
  if (!hasPartitionsZnode(state, at.topic)) builder.ensure(topicPartitionsZnode.path(at.topic));
  builder
    .ensure(topicPartitionZnode.path(at.topic, at.partition))
    .write({ op: 'create', path: partitionStateZnode.path(at.topic, at.partition), data: partitionStateZnode.encode(first) })
    .change({ kind: 'partitionState', ...at, state: first })
    .tellReplicas(replicas, at, true);
}

/**
 * Looks at one partition: elects where there is no living leader, takes dead members out of the ISR. Returns whether
 * anything came of it.
 */
export function repair(
  builder: DecisionBuilder,
  state: ClusterState,
  at: TopicPartition,
  partition: Partition,
  policy: Policy,
): boolean {
  if (partition.state === null) {
    electFirst(builder, state, at, partition);
    return true;
  }
  const present = { assignment: partition.assignment, state: partition.state };
  const { leader, isr } = partition.state;
  const isThere = (id: number): boolean => isReplicaThere(state, at.topic, at.partition, id);
  if (leader === -1 || !isThere(leader)) {
    const isAlive = (id: number): boolean => isReplicaAlive(state, at.topic, at.partition, id);
    const elected = electForOffline(
      { replicas: partition.assignment.replicas, isr, isAlive },
      policy.allowUnclean(at.topic),
    );
    if (elected !== null) {
      moveTo(builder, state, at, present, elected);
      return true;
    }
    if (leader === -1) return false; // nothing new
    // The last ISR member stays: it alone may lead again without loss.
    const left = isr.filter(isThere);
    moveTo(builder, state, at, present, {
      leader: -1,
      isr: left.length > 0 ? left : isr.includes(leader) ? [leader] : isr.slice(0, 1),
    });
    return true;
  }
  const left = isr.filter(isThere);
  if (left.length === isr.length) return false;
  moveTo(builder, state, at, present, { leader, isr: left });
  return true;
}

/** Topics whose partitions have living replicas but no clean leader: the only ones whose unclean setting matters. */
export function topicsWithoutCleanLeader(state: ClusterState): Set<string> {
  const topics = new Set<string>();
  for (const [topic, index, partition] of allPartitions(state)) {
    if (partition.state === null) continue;
    const { leader, isr } = partition.state;
    if (leader !== -1 && isReplicaThere(state, topic, index, leader)) continue;
    const isAlive = (id: number): boolean => isReplicaAlive(state, topic, index, id);
    if (!isr.some(isAlive) && partition.assignment.replicas.some(isAlive)) topics.add(topic);
  }
  return topics;
}

/** Tells replicas (all, or `some`) what stands. One that a reassignment adds may never have been told of its partition. */
function tellAll(
  builder: DecisionBuilder,
  at: TopicPartition,
  { assignment, state }: Partition,
  some: (brokerId: number) => boolean = () => true,
): void {
  if (state === null) return;
  for (const id of assignment.replicas) {
    if (some(id)) builder.tellReplicas([id], at, assignment.addingReplicas.includes(id) && !state.isr.includes(id));
  }
}

/** A broker became the controller and read everything: everybody is told everything, and what has no leader gets one. */
export function takeOver(state: ClusterState, policy: Policy): Decision {
  const builder = new DecisionBuilder().asFull().tellEverything([...state.liveBrokers.keys()]);
  for (const [topic, index, partition] of allPartitions(state)) {
    const at = { topic, partition: index };
    if (state.deletions.has(topic)) continue;
    if (!repair(builder, state, at, partition, policy)) tellAll(builder, at, partition);
  }
  deletionsToBegin(builder, state);
  return builder.build(applyChanges(state, builder.changesSoFar));
}

/** The set of living brokers is now `live`. A broker that came back with a new epoch is first gone, then here: two calls. */
export function changeBrokers(state: ClusterState, live: ReadonlyMap<number, LiveBroker>, policy: Policy): Decision {
  const added = [...live.keys()].filter((id) => !state.liveBrokers.has(id));
  const shuttingDown = new Set([...state.shuttingDown].filter((id) => live.has(id) && !added.includes(id)));
  const builder = new DecisionBuilder()
    .change({ kind: 'brokers', liveBrokers: live, shuttingDown })
    .tellBrokers()
    .tellEverything(added);
  for (const brokerId of added) builder.change({ kind: 'replicasOfBrokerOnline', brokerId });
  const starting = new Set(added);
  const after = applyChanges(state, builder.changesSoFar);
  for (const [topic, index, partition] of allPartitions(after)) {
    if (after.deletions.has(topic)) continue;
    const at = { topic, partition: index };
    repair(builder, after, at, partition, policy);
    tellAll(builder, at, partition, (id) => starting.has(id));
  }
  deletionsToBegin(builder, after);
  return builder.build(applyChanges(state, builder.changesSoFar));
}

/** Topic znodes appeared, or (`partitions` grew) got more partitions. `newTopicId` is asked for where the znode has none. */
export function addTopics(
  state: ClusterState,
  records: ReadonlyMap<string, TopicRecord>,
  newTopicId: () => string,
): Decision {
  const builder = new DecisionBuilder();
  for (const [topic, record] of records) {
    if (state.deletions.has(topic)) continue;
    const known = state.topics.get(topic);
    const topicId = known?.topicId ?? record.topicId ?? newTopicId();
    if (known === undefined) builder.change({ kind: 'topic', topic, topicId });
    // The id that the controller knows wins over a znode that an old tool rewrote without (or with another) one.
    if (record.topicId !== topicId) {
      builder.write({
        op: 'set',
        path: topicZnode.path(topic),
        data: topicZnode.encode({ ...record, topicId }),
        version: -1,
      });
    }
    for (const [index, assignment] of record.partitions) {
      if (known?.partitions.has(index) === true) continue;
      builder.change({ kind: 'assignment', topic, partition: index, assignment });
      electFirst(builder, state, { topic, partition: index }, { assignment, state: null });
    }
  }
  return builder.build(applyChanges(state, builder.changesSoFar));
}

/** The policy changed: partitions without a leader are looked at again. */
export function electOffline(state: ClusterState, policy: Policy): Decision {
  const builder = new DecisionBuilder();
  for (const [topic, index, partition] of allPartitions(state)) {
    if (partition.state === null || partition.state.leader !== -1 || state.deletions.has(topic)) continue;
    repair(builder, state, { topic, partition: index }, partition, policy);
  }
  return builder.build(applyChanges(state, builder.changesSoFar));
}

/** State znodes were read (again): an old broker wrote an ISR, or somebody repaired what could not be read. */
export function adoptStates(
  state: ClusterState,
  read: readonly (TopicPartition & { state: PartitionState })[],
  policy: Policy,
): Decision {
  const builder = new DecisionBuilder();
  for (const { topic, partition, state: found } of read) {
    builder.change({ kind: 'partitionState', topic, partition, state: found });
  }
  const after = applyChanges(state, builder.changesSoFar);
  for (const { topic, partition: index } of read) {
    const at = { topic, partition: index };
    const partition = partitionOf(after, at);
    if (partition === undefined || after.deletions.has(topic)) continue;
    if (repair(builder, after, at, partition, policy)) continue;
    if (state.unreadable.has(partitionKey(topic, index))) tellAll(builder, at, partition);
    else builder.tellEverybody(at);
  }
  return builder.build(applyChanges(state, builder.changesSoFar));
}

/** Topic znodes vanished without a deletion (somebody removed them by hand): they are forgotten, their replicas stay. */
export function forgetTopics(state: ClusterState, topics: readonly string[]): Decision {
  const builder = new DecisionBuilder();
  for (const topic of topics) builder.change({ kind: 'topicGone', topic });
  return builder.build(applyChanges(state, builder.changesSoFar));
}
