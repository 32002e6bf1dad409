/**
 * Creates, deletes and grows topics by writing their znodes, and waits until the controller's work shows in this broker's
 * metadata (`kafka.server.ZkAdminManager`). Handlers check who may ask; here is checked what is asked.
 */
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import { SettingError } from '../../shared/settings/schema.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { ErrorCode as ZnodeErrorCode } from '../../shared/znode/error-code.ts';
import type { Assignment } from '../controller/assign-replicas.ts';
import { assignReplicas } from '../controller/assign-replicas.ts';
import { randomId } from '../controller/ids.ts';
import { getDataOrNull } from '../controller/read-state.ts';
import { collide, hasCollisionChars, invalidTopicName } from '../controller/topic-names.ts';
import type { ReplicaAssignment } from '../controller/znodes.ts';
import { configZnode, deleteTopicsZnode, topicsZnode, topicZnode } from '../controller/znodes.ts';
import { ErrorCode, errorMessage } from '../protocol/error-codes.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import type { MutationGate } from '../quota/mutation-quota.ts';
import type { SettingsView } from '../settings/config-entries.ts';
import { topicConfigEntries } from '../settings/config-entries.ts';
import type { MetadataCache } from './metadata-cache.ts';
import type { BrokerSettings } from '../settings/settings.ts';
import type { TopicConfigs } from './topic-configs.ts';

/** A refusal, with what the client is told besides the code. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly errorCode: number;
  constructor(errorCode: number, message: string = errorMessage(errorCode)) {
    super(message);
    this.errorCode = errorCode;
  }

  /** What the answer says besides the code: null where that says it all. */
  get toldMessage(): string | null {
    return this.message === errorMessage(this.errorCode) ? null : this.message;
  }
}

export interface NewTopic {
  name: string;
  /** -1: the broker's default. */
  partitionCount: number;
  /** -1: the broker's default. */
  replicationFactor: number;
  /** Empty: the broker assigns. */
  assignment: ReadonlyMap<number, readonly number[]>;
  configs: ReadonlyMap<string, string | null>;
}

export interface CreatedTopic {
  topicId: string;
  assignment: Assignment;
  configs: ReadonlyMap<string, string>;
}

export interface TopicAdminOptions {
  client: () => CoordinatorClient;
  cache: MetadataCache;
  topicConfigs: TopicConfigs;
  settings: BrokerSettings;
  dynamicSettings: SettingsView;
  /** A whole number from 0 to below its argument: where assignments begin. */
  randomInt: (below: number) => number;
  logger: Logger;
}

const plainAssignment = (replicas: readonly number[]): ReplicaAssignment => ({
  replicas,
  addingReplicas: [],
  removingReplicas: [],
});

export class TopicAdmin {
  private readonly options: TopicAdminOptions;

  constructor(options: TopicAdminOptions) {
    this.options = options;
  }

  /** Writes the topic's znodes. Throws `AdminError`. With `validateOnly` nothing is written, and the topic id is all zero. */
  async create(topic: NewTopic, validateOnly: boolean, mayMutate: MutationGate = () => true): Promise<CreatedTopic> {
    const { cache, dynamicSettings, logger } = this.options;
    const client = this.options.client();
    if (cache.hasTopic(topic.name)) throw alreadyExists(topic.name);
    const configs = this.checkNullConfigs(topic.configs);
    const assignment = this.assign(topic);
    await this.checkNewName(client, topic.name);
    checkAssignment(assignment);
    try {
      topicConfigEntries(dynamicSettings, configs);
    } catch (error) {
      if (error instanceof SettingError) throw new AdminError(ErrorCode.INVALID_CONFIG, error.message);
      throw error;
    }
    if (validateOnly) return { topicId: ZERO_UUID, assignment, configs };
    checkQuota(mayMutate(assignment.size));
    logger.info(
      `Creating topic ${topic.name} with configuration {${[...configs].map(([key, value]) => `${key}=${value}`).join(', ')}} and initial partition assignment ` +
        `{${[...assignment].map(([partition, replicas]) => `${partition}=[${replicas.join(', ')}]`).join(', ')}}`,
    );
    // The config first: whoever sees the topic finds its config.
    await this.writeConfig(client, topic.name, configs);
    const topicId = randomId();
    const partitions = new Map([...assignment].map(([partition, replicas]) => [partition, plainAssignment(replicas)]));
    try {
      await client.create(topicZnode.path(topic.name), topicZnode.encode({ topicId, partitions }));
    } catch (error) {
      if (error instanceof CoordinatorError && error.code === ZnodeErrorCode.NODEEXISTS) throw alreadyExists(topic.name);
      throw error;
    }
    return { topicId, assignment, configs };
  }

  private checkNullConfigs(configs: NewTopic['configs']): Map<string, string> {
    const nulls = [...configs].filter(([, value]) => value === null).map(([key]) => key);
    if (nulls.length > 0)
      throw new AdminError(ErrorCode.INVALID_CONFIG, `Null value not supported for topic configs: ${nulls.join(',')}`);
    return new Map(configs as ReadonlyMap<string, string>);
  }

  private assign(topic: NewTopic): Assignment {
    if (topic.assignment.size > 0) {
      if (topic.partitionCount === -1 && topic.replicationFactor === -1) return topic.assignment;
      throw new AdminError(
        ErrorCode.INVALID_REQUEST,
        'Both numPartitions or replicationFactor and replicasAssignments were set. Both cannot be used at the same time.',
      );
    }
    const { settings, cache, randomInt } = this.options;
    const brokers = cache.brokerRacks();
    const count = Math.max(brokers.length, 1);
    const result = assignReplicas({
      brokers,
      partitionCount: topic.partitionCount === -1 ? settings.numPartitions : topic.partitionCount,
      replicationFactor: topic.replicationFactor === -1 ? settings.defaultReplicationFactor : topic.replicationFactor,
      startIndex: randomInt(count),
      shift: randomInt(count),
    });
    if (!result.ok) throw new AdminError(result.errorCode, result.message);
    return result.assignment;
  }

  private async checkNewName(client: CoordinatorClient, name: string): Promise<void> {
    const why = invalidTopicName(name);
    if (why !== null) throw new AdminError(ErrorCode.INVALID_TOPIC_EXCEPTION, why);
    const [marked, existing] = await Promise.all([
      client.exists(deleteTopicsZnode.path(name)),
      client.exists(topicZnode.path(name)),
    ]);
    if (marked !== null) throw new AdminError(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' is marked for deletion.`);
    if (existing !== null) throw alreadyExists(name);
    if (!hasCollisionChars(name)) return;
    const { children } = await client.getChildren(topicsZnode.path);
    if (children.includes(name)) throw alreadyExists(name);
    const colliding = children.filter((other) => collide(name, other));
    if (colliding.length > 0) {
      throw new AdminError(
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        `Topic '${name}' collides with existing topics: ${colliding.join(', ')}`,
      );
    }
  }

  private async writeConfig(client: CoordinatorClient, topic: string, configs: ReadonlyMap<string, string>): Promise<void> {
    const path = configZnode.path('topics', topic);
    const data = configZnode.encode(configs);
    try {
      await client.create(path, data);
    } catch (error) {
      if (!(error instanceof CoordinatorError) || error.code !== ZnodeErrorCode.NODEEXISTS) throw error;
      await client.setData(path, data); // left over from a creation that went no further
    }
    this.options.topicConfigs.forget(topic);
  }

  /** Asks for a topic's deletion; asking again is fine. Throws `AdminError`. */
  async requestDeletion(topic: string, mayMutate: MutationGate = () => true): Promise<void> {
    const client = this.options.client();
    checkQuota(mayMutate(this.options.cache.partitionsOf(topic).length));
    if ((await client.exists(topicZnode.path(topic))) === null) {
      throw new AdminError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `Topic \`${topic}\` to delete does not exist`);
    }
    try {
      await client.create(deleteTopicsZnode.path(topic));
    } catch (error) {
      if (!(error instanceof CoordinatorError) || error.code !== ZnodeErrorCode.NODEEXISTS) throw error;
    }
  }

  /** Grows a topic to `partitionCount`; `wanted` are the replicas of each new partition, or null. Returns the new partitions. */
  async grow(
    topic: string,
    partitionCount: number,
    wanted: readonly (readonly number[])[] | null,
    validateOnly: boolean,
    mayMutate: MutationGate = () => true,
  ): Promise<number[]> {
    const client = this.options.client();
    const znode = await getDataOrNull(client, topicZnode.path(topic));
    if (znode === null) throw new AdminError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${topic}' does not exist.`);
    const record = topicZnode.decode(topic, znode.data);
    for (const { addingReplicas, removingReplicas } of record.partitions.values()) {
      if (addingReplicas.length === 0 && removingReplicas.length === 0) continue;
      throw new AdminError(
        ErrorCode.REASSIGNMENT_IN_PROGRESS,
        `A partition reassignment is in progress for the topic '${topic}'.`,
      );
    }
    const present = record.partitions.size;
    if (partitionCount < present) {
      const message = `Topic currently has ${present} partitions, which is higher than the requested ${partitionCount}.`;
      throw new AdminError(ErrorCode.INVALID_PARTITIONS, message);
    }
    if (partitionCount === present)
      throw new AdminError(ErrorCode.INVALID_PARTITIONS, `Topic already has ${present} partitions.`);
    const firstReplicas = record.partitions.get(0)?.replicas;
    if (firstReplicas === undefined) {
      throw new AdminError(
        ErrorCode.UNKNOWN_SERVER_ERROR,
        `Unexpected existing replica assignment for topic '${topic}', partition id 0 is missing. Assignment: ${znode.data?.toString() ?? ''}`,
      );
    }
    const added = this.assignNew({ present, added: partitionCount - present, firstReplicas, wanted });
    if (!validateOnly) {
      checkQuota(mayMutate(added.size));
      const partitions = new Map([
        ...record.partitions,
        ...[...added].map(([index, replicas]) => [index, plainAssignment(replicas)] as const),
      ]);
      this.options.logger.info(
        `Creating ${added.size} partitions for '${topic}' with the following replica assignment: ${JSON.stringify(Object.fromEntries(added))}.`,
      );
      await client.setData(topicZnode.path(topic), topicZnode.encode({ ...record, partitions }), znode.stat.version);
    }
    return [...added.keys()];
  }

  private assignNew(request: {
    present: number;
    added: number;
    firstReplicas: readonly number[];
    wanted: readonly (readonly number[])[] | null;
  }): Assignment {
    const { present, added, firstReplicas, wanted } = request;
    const brokers = this.options.cache.brokerRacks();
    if (wanted === null) {
      // Goes on where partition 0 began, so that the new partitions fit into the pattern of the old.
      const startIndex = Math.max(
        brokers.findIndex(({ id }) => id >= firstReplicas[0]!),
        0,
      );
      const result = assignReplicas({
        brokers,
        partitionCount: added,
        replicationFactor: firstReplicas.length,
        startIndex,
        shift: startIndex,
        firstPartition: present,
      });
      if (!result.ok) throw new AdminError(result.errorCode, result.message);
      return result.assignment;
    }
    const refuse = (message: string): never => {
      throw new AdminError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
    };
    const known = new Set(brokers.map(({ id }) => id));
    const unknown = [...new Set(wanted.flat())].filter((id) => !known.has(id));
    if (unknown.length > 0) refuse(`Unknown broker(s) in replica assignment: ${unknown.join(', ')}.`);
    if (wanted.length !== added)
      refuse(`Increasing the number of partitions by ${added} but ${wanted.length} assignments provided.`);
    const uneven: number[] = [];
    wanted.forEach((replicas, index) => {
      const partition = present + index;
      if (replicas.length === 0) refuse(`Cannot have replication factor of 0 for partition id ${partition}.`);
      if (new Set(replicas).size !== replicas.length) {
        refuse(`Duplicate brokers not allowed in replica assignment: ${replicas.join(', ')} for partition id ${partition}.`);
      }
      if (replicas.length !== firstReplicas.length) uneven.push(partition);
    });
    if (uneven.length > 0) {
      refuse(
        `Inconsistent replication factor between partitions, partition 0 has ${firstReplicas.length} while partitions [${uneven.join(', ')}] ` +
          `have replication factors [${uneven.map((partition) => wanted[partition - present]!.length).join(', ')}], respectively.`,
      );
    }
    return new Map(wanted.map((replicas, index) => [present + index, replicas]));
  }

  /** Resolves with whether all these partitions have a leader within `timeoutMs`. */
  waitForLeaders(topic: string, partitions: Iterable<number>, timeoutMs: number): Promise<boolean> {
    const { cache } = this.options;
    const wanted = [...partitions];
    return cache.waitUntil(
      () => wanted.every((partition) => (cache.getPartition(topic, partition)?.leader ?? -1) >= 0),
      timeoutMs,
    );
  }

  /** Resolves with whether the topic is gone within `timeoutMs`. */
  waitForAbsence(topic: string, timeoutMs: number): Promise<boolean> {
    return this.options.cache.waitUntil(() => !this.options.cache.hasTopic(topic), timeoutMs);
  }
}

function checkQuota(isWithin: boolean): void {
  if (!isWithin) throw new AdminError(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
}

function alreadyExists(topic: string): AdminError {
  return new AdminError(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${topic}' already exists.`);
}

function checkAssignment(assignment: Assignment): void {
  const refuse = (message: string): never => {
    throw new AdminError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
  };
  const lists = [...assignment.values()];
  if (new Set(lists.map((replicas) => replicas.length)).size !== 1)
    refuse('All partitions should have the same number of replicas');
  if (lists.some((replicas) => new Set(replicas).size !== replicas.length)) {
    refuse(`Duplicate replica assignment found: ${JSON.stringify(Object.fromEntries(assignment))}`);
  }
  for (let partition = 0; partition < assignment.size; partition++) {
    if (!assignment.has(partition)) refuse('partitions should be a consecutive 0-based integer sequence');
  }
}
