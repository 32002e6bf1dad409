/**
 * What tools ask about consumer groups. Each group is asked of its coordinator, which is looked up again when it has moved;
 * transient failures are retried as all of `Admin`'s are.
 */
import { decodeAssignment } from '../protocol/consumer-protocol.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { offsetCommit } from '../protocol/messages/08-offset-commit.ts';
import { offsetFetch } from '../protocol/messages/09-offset-fetch.ts';
import { describeGroups } from '../protocol/messages/15-describe-groups.ts';
import { listGroups } from '../protocol/messages/16-list-groups.ts';
import { deleteGroups } from '../protocol/messages/42-delete-groups.ts';
import { offsetDelete } from '../protocol/messages/47-offset-delete.ts';
import type { Api } from '../protocol/schema.ts';
import type { Admin } from './admin.ts';
import type { Node } from './cluster.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}
export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
}
export interface GroupListing {
  readonly groupId: string;
  readonly state: string;
}
export interface GroupMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  readonly assignment: readonly TopicPartition[];
}
export interface GroupDescription {
  readonly groupId: string;
  readonly coordinator: Node;
  readonly state: string;
  readonly assignor: string;
  readonly members: readonly GroupMember[];
}
export interface PartitionOutcome extends TopicPartition {
  readonly errorCode: number;
}

const NO_EPOCH = -1;

export class GroupAdmin {
  private readonly admin: Admin;

  constructor(admin: Admin) {
    this.admin = admin;
  }

  private async ask<Req, Res, ReqDraft>(
    groupId: string,
    api: Api<Req, Res, ReqDraft, never>,
    request: (version: number) => ReqDraft,
  ): Promise<{ response: Res; version: number; coordinator: Node }> {
    const coordinator = await this.admin.cluster.coordinator(groupId);
    const connection = await this.admin.cluster.connect(coordinator);
    const version = connection.versionOf(api);
    return { response: await connection.request(api, request(version), { version }), version, coordinator };
  }

  /** Consumer groups of all brokers; `states` empty for those in any state. */
  list(states: readonly string[]): Promise<GroupListing[]> {
    return this.admin.call('listGroups', async () => {
      await this.admin.cluster.refresh([]);
      const answers = await Promise.all(
        [...this.admin.cluster.brokers.values()].map(async (node) => {
          const connection = await this.admin.cluster.connect(node);
          const answer = await connection.request(listGroups, { statesFilter: [...states] });
          this.admin.check(answer.errorCode, null);
          return answer.groups;
        }),
      );
      return answers
        .flat()
        .filter(({ protocolType }) => protocolType === 'consumer' || protocolType === '')
        .map(({ groupId, groupState }) => ({ groupId, state: groupState }));
    });
  }

  describe(groupId: string): Promise<GroupDescription> {
    return this.admin.call('describeConsumerGroups', async () => {
      const { response, coordinator } = await this.ask(groupId, describeGroups, () => ({ groups: [groupId] }));
      const group = response.groups[0];
      this.admin.check(group?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR, null);
      const members = group!.members.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        host: member.clientHost,
        assignment: assignedTo(member.memberAssignment),
      }));
      return { groupId, coordinator, state: group!.groupState, assignor: group!.protocolData, members };
    });
  }

  /** Committed offsets, in the order in which the coordinator tells them. */
  committed(groupId: string): Promise<PartitionOffset[]> {
    return this.admin.call('listConsumerGroupOffsets', async () => {
      const { response, version } = await this.ask(groupId, offsetFetch, () => ({
        groupId,
        topics: null,
        groups: [{ groupId, topics: null }],
      }));
      const answer = version >= 8 ? response.groups[0] : response;
      this.admin.check(answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR, null);
      return answer!.topics.flatMap(({ name, partitions }) =>
        partitions
          .filter(({ errorCode, committedOffset }) => errorCode === ErrorCode.NONE && committedOffset >= 0)
          .map(({ partitionIndex, committedOffset }) => ({ topic: name, partition: partitionIndex, offset: committedOffset })),
      );
    });
  }

  /** Sets offsets of a group without members. */
  alter(groupId: string, offsets: readonly PartitionOffset[]): Promise<void> {
    return this.admin.call('offsetCommit', async () => {
      const topics = byTopic(offsets).map(([name, entries]) => ({
        name,
        partitions: entries.map(({ partition, offset }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedLeaderEpoch: NO_EPOCH,
          committedMetadata: '',
        })),
      }));
      const { response } = await this.ask(groupId, offsetCommit, () => ({
        groupId,
        generationId: -1,
        memberId: '',
        topics,
      }));
      for (const { partitions } of response.topics) {
        for (const { errorCode } of partitions) this.admin.check(errorCode, null);
      }
    });
  }

  /** The error code of the group's deletion, 0 when it is gone. */
  async delete(groupId: string): Promise<number> {
    return this.admin.call('deleteConsumerGroups', async () => {
      const { response } = await this.ask(groupId, deleteGroups, () => ({ groupsNames: [groupId] }));
      return response.results[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
    });
  }

  /** Forgets committed offsets: the error of the whole, and that of each partition. */
  deleteOffsets(
    groupId: string,
    targets: readonly TopicPartition[],
  ): Promise<{ errorCode: number; partitions: PartitionOutcome[] }> {
    return this.admin.call('deleteConsumerGroupOffsets', async () => {
      const topics = byTopic(targets).map(([name, entries]) => ({
        name,
        partitions: entries.map(({ partition }) => ({ partitionIndex: partition })),
      }));
      const { response } = await this.ask(groupId, offsetDelete, () => ({ groupId, topics }));
      const partitions = response.topics.flatMap((topic) =>
        topic.partitions.map(({ partitionIndex, errorCode }) => {
          return { topic: topic.name, partition: partitionIndex, errorCode };
        }),
      );
      return { errorCode: response.errorCode, partitions };
    });
  }
}

function assignedTo(blob: Buffer): TopicPartition[] {
  const assignment = blob.length === 0 ? null : decodeAssignment(blob);
  const owned = assignment?.assignedPartitions ?? [];
  return owned.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}

function byTopic<T extends TopicPartition>(entries: readonly T[]): [string, T[]][] {
  const topics = new Map<string, T[]>();
  for (const entry of entries) topics.set(entry.topic, [...(topics.get(entry.topic) ?? []), entry]);
  return [...topics];
}
