/**
 * A member of a consumer group: joins, takes or hands out assignments, stays alive by heartbeats, commits, leaves.
 *
 * `join` brings one rebalance to its end. Afterwards heartbeats run by themselves; when one says that the group rebalances
 * or that we are out, `needsJoin` turns true and whoever polls calls `join` again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../protocol/consumer-protocol.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { heartbeat } from '../protocol/messages/12-heartbeat.ts';
import { joinGroup, type JoinGroupResponse } from '../protocol/messages/11-join-group.ts';
import { leaveGroup } from '../protocol/messages/13-leave-group.ts';
import { offsetCommit } from '../protocol/messages/08-offset-commit.ts';
import { offsetFetch } from '../protocol/messages/09-offset-fetch.ts';
import { syncGroup } from '../protocol/messages/14-sync-group.ts';
import { isTransient } from './admin.ts';
import { RETRY_BACKOFF_MS, type Cluster } from './cluster.ts';
import type { Connection } from './connection.ts';
import { KafkaError } from './errors.ts';
import { assignRanges } from './range-assignor.ts';

export interface GroupOptions {
  groupId: string;
  groupInstanceId?: string | null;
  sessionTimeoutMs?: number;
  heartbeatIntervalMs?: number;
  rebalanceTimeoutMs?: number;
}

export interface TopicPartition {
  topic: string;
  partition: number;
}

const PROTOCOL_TYPE = 'consumer';
const PROTOCOL = 'range';
/** Refusals after which we are nobody in the group and join as new. */
const EXPELLED: ReadonlySet<number> = new Set([ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION]);

export class GroupMember {
  private readonly cluster: Cluster;
  private readonly options: Required<GroupOptions>;
  private memberId = '';
  private generationId = -1;
  private coordinator: Promise<Connection> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private left = false;
  needsJoin = true;
  /** Called whenever `needsJoin` turns true. */
  onRebalance: () => void = () => undefined;

  constructor(cluster: Cluster, options: GroupOptions) {
    this.cluster = cluster;
    this.options = {
      groupInstanceId: null,
      sessionTimeoutMs: 45_000,
      heartbeatIntervalMs: 3_000,
      rebalanceTimeoutMs: 300_000,
      ...options,
    };
  }

  private connection(): Promise<Connection> {
    this.coordinator ??= this.cluster.coordinator(this.options.groupId).then(
      (node) => this.cluster.connect(node, ' group'),
      (error: unknown) => {
        this.coordinator = null;
        throw error;
      },
    );
    return this.coordinator;
  }

  /** Notes what a failure means for the membership; true when trying again makes sense. */
  private digest(error: unknown): boolean {
    if (error instanceof KafkaError && EXPELLED.has(error.code)) {
      this.memberId = '';
      this.generationId = -1;
      this.rebalance();
      return true;
    }
    if (error instanceof KafkaError && error.code === ErrorCode.REBALANCE_IN_PROGRESS) {
      this.rebalance();
      return true;
    }
    if (!isTransient(error)) return false;
    if (!(error instanceof KafkaError) || COORDINATOR_GONE.has(error.code)) this.coordinator = null;
    return true;
  }

  private rebalance(): void {
    if (this.needsJoin) return;
    this.needsJoin = true;
    this.onRebalance();
  }

  /** Joins with a subscription and returns our partitions. `countPartitions` is asked for what the leader has to know. */
  async join(
    topics: readonly string[],
    countPartitions: (topics: readonly string[]) => Promise<ReadonlyMap<string, number>>,
  ): Promise<TopicPartition[]> {
    this.stopHeartbeats();
    for (;;) {
      if (this.left) return [];
      try {
        return await this.joinOnce(topics, countPartitions);
      } catch (error) {
        const askedForId = error instanceof KafkaError && error.code === ErrorCode.MEMBER_ID_REQUIRED;
        if (askedForId) continue; // joinOnce keeps the id
        if (!this.digest(error)) throw error;
        await sleep(RETRY_BACKOFF_MS);
      }
    }
  }

  private async joinOnce(
    topics: readonly string[],
    countPartitions: (topics: readonly string[]) => Promise<ReadonlyMap<string, number>>,
  ): Promise<TopicPartition[]> {
    const { groupId, groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs } = this.options;
    const connection = await this.connection();
    const metadata = encodeSubscription({ topics: [...topics].sort(), userData: null });
    const request = {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.memberId,
      groupInstanceId,
      protocolType: PROTOCOL_TYPE,
      protocols: [{ name: PROTOCOL, metadata }],
    };
    const timeoutMs = rebalanceTimeoutMs + 5_000; // the answer may take as long as the slowest member
    const joined = await connection.request(joinGroup, request, { timeoutMs });
    if (joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED) this.memberId = joined.memberId;
    if (joined.errorCode !== ErrorCode.NONE) throw new KafkaError(joined.errorCode);
    this.memberId = joined.memberId;
    this.generationId = joined.generationId;
    const assignments =
      joined.leader === joined.memberId && !joined.skipAssignment ? await assign(joined, countPartitions) : [];
    const { memberId, generationId } = this;
    const synced = await connection.request(syncGroup, {
      groupId,
      generationId,
      memberId,
      groupInstanceId,
      protocolType: PROTOCOL_TYPE,
      protocolName: joined.protocolName ?? PROTOCOL,
      assignments,
    });
    if (synced.errorCode !== ErrorCode.NONE) throw new KafkaError(synced.errorCode);
    this.needsJoin = false;
    this.beat();
    const assignment = decodeAssignment(synced.assignment);
    return (assignment?.assignedPartitions ?? []).flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
  }

  private beat(): void {
    this.timer = setTimeout(() => {
      this.heartbeat().then(
        () => {
          if (!this.needsJoin && !this.left) this.beat();
        },
        (error: unknown) => {
          // A failure that cannot pass ends our membership as well: joining again tells the caller what is wrong.
          if (!this.digest(error)) this.rebalance();
          else if (!this.needsJoin && !this.left) this.beat();
        },
      );
    }, this.options.heartbeatIntervalMs);
  }

  private async heartbeat(): Promise<void> {
    const { groupId, groupInstanceId } = this.options;
    const { memberId, generationId } = this;
    const connection = await this.connection();
    const { errorCode } = await connection.request(heartbeat, { groupId, generationId, memberId, groupInstanceId });
    if (errorCode !== ErrorCode.NONE && generationId === this.generationId) throw new KafkaError(errorCode);
  }

  private stopHeartbeats(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Committed offsets of partitions; those without one are absent. */
  async committed(partitions: readonly TopicPartition[]): Promise<Map<string, number>> {
    const { groupId } = this.options;
    const topics = byTopic(partitions, ({ partition }) => partition).map(([name, partitionIndexes]) => ({
      name,
      partitionIndexes,
    }));
    for (;;) {
      try {
        const connection = await this.connection();
        const answer = await connection.request(offsetFetch, { groupId, topics, groups: [{ groupId, topics }] });
        const group = answer.groups[0] ?? answer;
        if (group.errorCode !== ErrorCode.NONE) throw new KafkaError(group.errorCode);
        const offsets = new Map<string, number>();
        for (const topic of group.topics) {
          for (const { partitionIndex, committedOffset } of topic.partitions) {
            if (committedOffset >= 0) offsets.set(`${topic.name}-${partitionIndex}`, committedOffset);
          }
        }
        return offsets;
      } catch (error) {
        if (this.left || !this.digest(error)) throw error;
        await sleep(RETRY_BACKOFF_MS);
      }
    }
  }

  /** Commits positions. Throws `KafkaError` when the group refused. */
  async commit(positions: readonly (TopicPartition & { offset: number })[]): Promise<void> {
    if (positions.length === 0) return;
    const { groupId, groupInstanceId } = this.options;
    const { memberId, generationId } = this;
    const topics = byTopic(positions, ({ partition, offset }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedMetadata: '',
    })).map(([name, partitions]) => ({ name, partitions }));
    const connection = await this.connection();
    const answer = await connection.request(offsetCommit, { groupId, generationId, memberId, groupInstanceId, topics });
    for (const { errorCode } of answer.topics.flatMap(({ partitions }) => partitions)) {
      if (errorCode === ErrorCode.NONE) continue;
      const error = new KafkaError(errorCode);
      this.digest(error);
      throw error;
    }
  }

  /** Leaves the group, so that the others need not wait for the session to run out. Static members stay. */
  async leave(): Promise<void> {
    this.left = true;
    this.stopHeartbeats();
    const { groupId, groupInstanceId } = this.options;
    const { memberId } = this;
    if (memberId === '' || groupInstanceId !== null) return;
    const connection = await this.connection();
    const members = [{ memberId, groupInstanceId, reason: 'the consumer is being closed' }];
    await connection.request(leaveGroup, { groupId, memberId, members });
  }
}

const COORDINATOR_GONE: ReadonlySet<number> = new Set([ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE]);

function byTopic<T extends TopicPartition, R>(list: readonly T[], pick: (item: T) => R): [string, R[]][] {
  const topics = new Map<string, R[]>();
  for (const item of list) {
    const known = topics.get(item.topic);
    if (known === undefined) topics.set(item.topic, [pick(item)]);
    else known.push(pick(item));
  }
  return [...topics];
}

/** The leader's part: everyone's partitions, ready to send. */
async function assign(
  { members }: JoinGroupResponse,
  countPartitions: (topics: readonly string[]) => Promise<ReadonlyMap<string, number>>,
): Promise<{ memberId: string; assignment: Buffer }[]> {
  const subscriptions = members.map(({ memberId, groupInstanceId, metadata }) => {
    return { memberId, groupInstanceId, topics: decodeSubscription(metadata)?.topics ?? [] };
  });
  const counts = await countPartitions([...new Set(subscriptions.flatMap(({ topics }) => topics))]);
  return [...assignRanges(subscriptions, counts)].map(([memberId, topics]) => {
    const assignedPartitions = [...topics].map(([topic, partitions]) => ({ topic, partitions }));
    return { memberId, assignment: encodeAssignment({ assignedPartitions, userData: null }) };
  });
}
