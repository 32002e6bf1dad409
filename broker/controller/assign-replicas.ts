/**
 * Which brokers hold the replicas of new partitions (`kafka.admin.AdminUtils`). First replicas go round the brokers from
 * `startIndex`; the others follow at a distance that grows with each round, so that the followers of one broker's partitions are
 * spread over all others. With racks the brokers are first lined up so that racks alternate, and a replica prefers a rack that has none.
 *
 *     3 brokers, 2 replicas, startIndex 0, shift 0:   p0 0,1   p1 1,2   p2 2,0   p3 0,2   p4 1,0 …
 *
 * Chance comes in as `startIndex` and `shift`, each below the number of brokers.
 */
import { ErrorCode } from '../protocol/error-codes.ts';

export interface BrokerRack {
  id: number;
  rack: string | null;
}

export interface AssignmentRequest {
  /** In ascending order of their ids. */
  brokers: readonly BrokerRack[];
  partitionCount: number;
  replicationFactor: number;
  startIndex: number;
  shift: number;
  /** Number of the first partition to assign: above 0 when a topic grows. */
  firstPartition?: number;
}

export type Assignment = ReadonlyMap<number, readonly number[]>;
export type AssignmentResult = { ok: true; assignment: Assignment } | { ok: false; errorCode: number; message: string };

export function assignReplicas(request: AssignmentRequest): AssignmentResult {
  const { brokers, partitionCount, replicationFactor } = request;
  if (partitionCount <= 0) {
    return { ok: false, errorCode: ErrorCode.INVALID_PARTITIONS, message: 'Number of partitions must be larger than 0.' };
  }
  if (replicationFactor <= 0) {
    return {
      ok: false,
      errorCode: ErrorCode.INVALID_REPLICATION_FACTOR,
      message: 'Replication factor must be larger than 0.',
    };
  }
  if (replicationFactor > brokers.length) {
    return {
      ok: false,
      errorCode: ErrorCode.INVALID_REPLICATION_FACTOR,
      message: `Replication factor: ${replicationFactor} larger than available brokers: ${brokers.length}.`,
    };
  }
  const racked = brokers.filter((broker) => broker.rack !== null).length;
  if (racked > 0 && racked < brokers.length) {
    return {
      ok: false,
      errorCode: ErrorCode.UNKNOWN_SERVER_ERROR,
      message: 'Not all brokers have rack information for replica rack aware assignment.',
    };
  }
  const line = racked === 0 ? brokers : alternateRacks(brokers);
  const rackCount = racked === 0 ? 0 : new Set(brokers.map((broker) => broker.rack)).size;
  const firstPartition = request.firstPartition ?? 0;
  const assignment = new Map<number, number[]>();
  let { shift } = request;
  for (let partition = firstPartition; partition < firstPartition + partitionCount; partition++) {
    if (partition > 0 && partition % line.length === 0) shift++;
    const first = (partition + request.startIndex) % line.length;
    const replicas =
      rackCount === 0
        ? plainReplicas(line, first, shift, replicationFactor)
        : rackAwareReplicas(line, first, shift * rackCount, replicationFactor, rackCount);
    assignment.set(partition, replicas);
  }
  return { ok: true, assignment };
}

function followerIndex(first: number, shift: number, k: number, brokerCount: number): number {
  return (first + 1 + ((shift + k) % (brokerCount - 1))) % brokerCount;
}

function plainReplicas(line: readonly BrokerRack[], first: number, shift: number, replicationFactor: number): number[] {
  const replicas = [line[first]!.id];
  for (let k = 0; k < replicationFactor - 1; k++) replicas.push(line[followerIndex(first, shift, k, line.length)]!.id);
  return replicas;
}

function rackAwareReplicas(
  line: readonly BrokerRack[],
  first: number,
  shift: number,
  replicationFactor: number,
  rackCount: number,
): number[] {
  const replicas = [line[first]!.id];
  const racks = new Set([line[first]!.rack]);
  // A round passes every other broker, and each round takes at least one: replicationFactor rounds always suffice.
  for (let k = 0; replicas.length < replicationFactor && k < replicationFactor * line.length; k++) {
    const broker = line[followerIndex(first, shift, k, line.length)]!;
    if (racks.has(broker.rack) && racks.size < rackCount) continue;
    if (replicas.includes(broker.id)) continue;
    replicas.push(broker.id);
    racks.add(broker.rack);
  }
  return replicas;
}

/** Brokers so that racks take turns: of a{0,1}, b{2,3,4} comes 0, 2, 1, 3, 4. */
export function alternateRacks(brokers: readonly BrokerRack[]): BrokerRack[] {
  const byRack = new Map<string, BrokerRack[]>();
  for (const broker of brokers) {
    const rack = broker.rack ?? '';
    const others = byRack.get(rack);
    if (others === undefined) byRack.set(rack, [broker]);
    else others.push(broker);
  }
  const queues = [...byRack.keys()].sort().map((rack) => byRack.get(rack)!);
  const line: BrokerRack[] = [];
  for (let round = 0; line.length < brokers.length; round++) {
    for (const queue of queues) {
      if (round < queue.length) line.push(queue[round]!);
    }
  }
  return line;
}
