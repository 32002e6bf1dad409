/**
 * The administrative requests that our tools send, each repeated while it fails in passing, for at most `timeoutMs` (a
 * minute, as Java's `default.api.timeout.ms`).
 */
import { ErrorCode, isRetriable } from '../protocol/error-codes.ts';
import { createPartitions } from '../protocol/messages/37-create-partitions.ts';
import { createTopics } from '../protocol/messages/19-create-topics.ts';
import { deleteTopics } from '../protocol/messages/20-delete-topics.ts';
import { describeConfigs, type DescribeConfigsResponse } from '../protocol/messages/32-describe-configs.ts';
import { listOffsets } from '../protocol/messages/02-list-offsets.ts';
import { listPartitionReassignments } from '../protocol/messages/46-list-partition-reassignments.ts';
import type { MetadataResponse } from '../protocol/messages/03-metadata.ts';
import { ZERO_UUID, type Api, type Draft } from '../protocol/schema.ts';
import { Cluster, retry, type ClusterOptions } from './cluster.ts';
import type { Connection } from './connection.ts';
import { ConnectionError, KafkaError, TimeoutError, WaitTimeoutError } from './errors.ts';

export type NewTopic = Draft<typeof createTopics.request>['topics'][number];
export type TopicMetadata = MetadataResponse['topics'][number];
export type TopicConfig = DescribeConfigsResponse['results'][number]['configs'][number];
export interface Reassignment {
  topic: string;
  partition: number;
  replicas: readonly number[];
  adding: readonly number[];
  removing: readonly number[];
}
export interface FoundOffset {
  partition: number;
  offset: number;
  timestamp: number;
  errorCode: number;
}

export const RESOURCE_TOPIC = 2;

/** Failures of the network and refusals that pass: both are worth another try. */
export function isTransient(error: unknown): boolean {
  if (error instanceof KafkaError) return isRetriable(error.code);
  return error instanceof ConnectionError && error.code !== 'UNSUPPORTED_VERSION';
}

export class Admin {
  readonly cluster: Cluster;
  private readonly timeoutMs: number;

  constructor(options: ClusterOptions & { timeoutMs?: number }) {
    this.cluster = new Cluster({ label: `AdminClient clientId=${options.clientId}`, ...options });
    this.timeoutMs = options.timeoutMs ?? 60_000;
  }

  /** Repeats `attempt` while it fails in passing, for no longer than `waitMs`; `name` is what a time-out tells. */
  call<T>(name: string, attempt: () => Promise<T>, waitMs = Infinity): Promise<T> {
    const onTimeout = (): Error =>
      waitMs < this.timeoutMs
        ? new WaitTimeoutError(`${name} took longer than ${waitMs} ms`)
        : new TimeoutError(`Timed out waiting for a node assignment. Call: ${name}`);
    return retry(attempt, isTransient, Math.min(waitMs, this.timeoutMs), onTimeout);
  }

  /** Sends to the controller; a broker that is it no longer makes us ask who is. */
  async toController<Req, Res, ReqDraft>(api: Api<Req, Res, ReqDraft, never>, request: ReqDraft): Promise<Res> {
    return (await this.cluster.controller()).request(api, request);
  }

  /** Throws when there is an error; a broker that says it is not the controller makes us ask who is. */
  check(errorCode: number, message: string | null): void {
    if (errorCode === ErrorCode.NOT_CONTROLLER) this.cluster.controllerId = -1;
    if (errorCode !== ErrorCode.NONE) throw new KafkaError(errorCode, message || null);
  }

  /** All topics, by name, as some broker knows them. */
  listTopics(): Promise<TopicMetadata[]> {
    return this.call('listTopics', async () => (await this.cluster.refresh(null)).topics);
  }

  describeTopics(names: readonly string[]): Promise<TopicMetadata[]> {
    return this.call('describeTopics', async () => {
      const { topics } = await this.cluster.refresh(names);
      for (const topic of topics) {
        if (topic.errorCode !== ErrorCode.LEADER_NOT_AVAILABLE) this.check(topic.errorCode, null);
      }
      return topics;
    });
  }

  /** Ids of the brokers that are up. */
  liveBrokers(): Promise<Set<number>> {
    return this.call('describeCluster', async () => {
      await this.cluster.refresh([]);
      return new Set(this.cluster.brokers.keys());
    });
  }

  createTopic(topic: NewTopic): Promise<void> {
    return this.call('createTopics', async () => {
      const { topics } = await this.toController(createTopics, { topics: [topic], timeoutMs: 30_000 });
      for (const { errorCode, errorMessage } of topics) this.check(errorCode, errorMessage);
    });
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    await this.call('deleteTopics', async () => {
      const topics = names.map((name) => ({ name, topicId: ZERO_UUID }));
      const { responses } = await this.toController(deleteTopics, { topics, topicNames: [...names], timeoutMs: 30_000 });
      for (const { errorCode, errorMessage } of responses) this.check(errorCode, errorMessage);
    });
  }

  createPartitions(topics: Draft<typeof createPartitions.request>['topics']): Promise<void> {
    return this.call('createPartitions', async () => {
      const request = { topics, timeoutMs: 30_000, validateOnly: false };
      const { results } = await this.toController(createPartitions, request);
      for (const { errorCode, errorMessage } of results) this.check(errorCode, errorMessage);
    });
  }

  /** Settings of topics, by topic. */
  topicConfigs(names: readonly string[]): Promise<Map<string, TopicConfig[]>> {
    return this.call('describeConfigs', async () => {
      const resources = names.map((resourceName) => ({
        resourceType: RESOURCE_TOPIC,
        resourceName,
        configurationKeys: null,
      }));
      const { results } = await this.cluster.request(describeConfigs, { resources });
      for (const { errorCode, errorMessage } of results) this.check(errorCode, errorMessage);
      return new Map(results.map(({ resourceName, configs }) => [resourceName, configs]));
    });
  }

  /** Reassignments under way; none where the broker has no such request. */
  async reassignments(topics: readonly { name: string; partitionIndexes: readonly number[] }[]): Promise<Reassignment[]> {
    try {
      return await this.call('listPartitionReassignments', async () => {
        const response = await this.toController(listPartitionReassignments, { topics });
        this.check(response.errorCode, response.errorMessage);
        return response.topics.flatMap(({ name, partitions }) =>
          partitions.map((found) => ({
            topic: name,
            partition: found.partitionIndex,
            replicas: found.replicas,
            adding: found.addingReplicas,
            removing: found.removingReplicas,
          })),
        );
      });
    } catch (error) {
      const unsupported = error instanceof ConnectionError && error.code === 'UNSUPPORTED_VERSION';
      if (unsupported || (error instanceof KafkaError && error.code === ErrorCode.CLUSTER_AUTHORIZATION_FAILED)) return [];
      throw error;
    }
  }

  /** Offsets of some partitions of a topic for a timestamp (see ListOffsets), asked of their leaders. */
  async offsets(topic: TopicMetadata, partitions: readonly number[], timestamp: number): Promise<FoundOffset[]> {
    const byLeader = new Map<number, number[]>();
    for (const { partitionIndex, leaderId } of topic.partitions) {
      if (partitions.includes(partitionIndex)) byLeader.set(leaderId, [...(byLeader.get(leaderId) ?? []), partitionIndex]);
    }
    const found = await Promise.all(
      [...byLeader].map(([leaderId, indexes]) =>
        this.call('listOffsets', async () =>
          offsetsOf(await this.cluster.broker(leaderId), topic.name ?? '', indexes, timestamp),
        ),
      ),
    );
    return found.flat().sort((a, b) => a.partition - b.partition);
  }

  close(): void {
    this.cluster.close();
  }
}

/** ListOffsets for one topic at one leader. */
export async function offsetsOf(
  connection: Connection,
  topic: string,
  partitions: readonly number[],
  timestamp: number,
  isolationLevel = 0,
): Promise<FoundOffset[]> {
  const request = {
    replicaId: -1,
    isolationLevel,
    topics: [{ name: topic, partitions: partitions.map((partitionIndex) => ({ partitionIndex, timestamp })) }],
  };
  const { topics } = await connection.request(listOffsets, request);
  return topics.flatMap((answer) =>
    answer.partitions.map(({ partitionIndex, offset, timestamp: at, errorCode }) => {
      return { partition: partitionIndex, offset, timestamp: at, errorCode };
    }),
  );
}
