/** Which Kafka APIs this broker serves: one line each. ApiVersions tells exactly these. */
import type { Clock } from '../../shared/base/clock.ts';
import type { CoordinatorClient } from '../../shared/client/client.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Controller } from '../controller/controller.ts';
import type { CoordinatorFinder } from '../group/coordinator-finder.ts';
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import type { LegacyOffsets } from '../group/legacy-offsets.ts';
import { ProduceHandler } from '../handlers/00-produce.ts';
import { FetchHandler } from '../handlers/01-fetch.ts';
import { ListOffsetsHandler } from '../handlers/02-list-offsets.ts';
import { MetadataHandler } from '../handlers/03-metadata.ts';
import { LeaderAndIsrHandler } from '../handlers/04-leader-and-isr.ts';
import { StopReplicaHandler } from '../handlers/05-stop-replica.ts';
import { UpdateMetadataHandler } from '../handlers/06-update-metadata.ts';
import { ControlledShutdownHandler } from '../handlers/07-controlled-shutdown.ts';
import { offsetCommitHandler } from '../handlers/08-offset-commit.ts';
import { offsetFetchHandler } from '../handlers/09-offset-fetch.ts';
import { findCoordinatorHandler } from '../handlers/10-find-coordinator.ts';
import { joinGroupHandler } from '../handlers/11-join-group.ts';
import { heartbeatHandler } from '../handlers/12-heartbeat.ts';
import { leaveGroupHandler } from '../handlers/13-leave-group.ts';
import { syncGroupHandler } from '../handlers/14-sync-group.ts';
import { describeGroupsHandler } from '../handlers/15-describe-groups.ts';
import { listGroupsHandler } from '../handlers/16-list-groups.ts';
import { ApiVersionsHandler } from '../handlers/18-api-versions.ts';
import { CreateTopicsHandler } from '../handlers/19-create-topics.ts';
import { DeleteTopicsHandler } from '../handlers/20-delete-topics.ts';
import { DeleteRecordsHandler } from '../handlers/21-delete-records.ts';
import { InitProducerIdHandler } from '../handlers/22-init-producer-id.ts';
import { OffsetForLeaderEpochHandler } from '../handlers/23-offset-for-leader-epoch.ts';
import { DescribeConfigsHandler } from '../handlers/32-describe-configs.ts';
import { alterConfigsHandler } from '../handlers/33-alter-configs.ts';
import { alterReplicaLogDirsHandler } from '../handlers/34-alter-replica-log-dirs.ts';
import { describeLogDirsHandler } from '../handlers/35-describe-log-dirs.ts';
import { CreatePartitionsHandler } from '../handlers/37-create-partitions.ts';
import { deleteGroupsHandler } from '../handlers/42-delete-groups.ts';
import { electLeadersHandler } from '../handlers/43-elect-leaders.ts';
import { incrementalAlterConfigsHandler } from '../handlers/44-incremental-alter-configs.ts';
import { alterPartitionReassignmentsHandler } from '../handlers/45-alter-partition-reassignments.ts';
import { listPartitionReassignmentsHandler } from '../handlers/46-list-partition-reassignments.ts';
import { offsetDeleteHandler } from '../handlers/47-offset-delete.ts';
import { describeClientQuotasHandler } from '../handlers/48-describe-client-quotas.ts';
import { alterClientQuotasHandler } from '../handlers/49-alter-client-quotas.ts';
import { describeUserScramCredentialsHandler } from '../handlers/50-describe-user-scram-credentials.ts';
import { alterUserScramCredentialsHandler } from '../handlers/51-alter-user-scram-credentials.ts';
import { AlterPartitionHandler } from '../handlers/56-alter-partition.ts';
import { updateFeaturesHandler } from '../handlers/57-update-features.ts';
import { DescribeClusterHandler } from '../handlers/60-describe-cluster.ts';
import { AllocateProducerIdsHandler } from '../handlers/67-allocate-producer-ids.ts';
import type { LogManager } from '../log/log-manager.ts';
import { FetchSessionCache } from '../replication/fetch-session.ts';
import type { ProducerIdBlock, ProducerIds } from '../replication/producer-ids.ts';
import type { ReplicaManager } from '../replication/replica-manager.ts';
import type { AutoTopics } from './auto-topics.ts';
import type { ControllerOrders } from './controller-orders.ts';
import type { DynamicSettings } from '../settings/dynamic-settings.ts';
import type { AnyHandler } from './handler.ts';
import type { MetadataCache } from './metadata-cache.ts';
import type { BrokerSettings } from '../settings/settings.ts';
import type { QuotaStore } from './quota-store.ts';
import type { TopicAdmin } from './topic-admin.ts';
import type { TopicConfigs } from './topic-configs.ts';

export interface HandlerDependencies {
  brokerId: number;
  clusterId: string;
  settings: BrokerSettings;
  /** The same as they are changed while the broker runs. */
  dynamicSettings: DynamicSettings;
  clock: Clock;
  client: () => CoordinatorClient;
  cache: MetadataCache;
  topicConfigs: TopicConfigs;
  logs: LogManager;
  admin: TopicAdmin;
  autoTopics: AutoTopics;
  controller: Controller;
  orders: ControllerOrders;
  replicas: ReplicaManager;
  producerIds: ProducerIds;
  allocateProducerIdBlock: (brokerId: number) => Promise<ProducerIdBlock>;
  groups: GroupCoordinator;
  coordinatorFinder: CoordinatorFinder;
  legacyOffsets: LegacyOffsets;
  quotaStore: QuotaStore;
  randomInt: (below: number) => number;
  logger: Logger;
}

/** A fetch session that nobody used for so long may go when others need its place (`MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS`). */
const FETCH_SESSION_EVICTION_MS = 120_000;

export function createHandlers(deps: HandlerDependencies): AnyHandler[] {
  const { quotaStore, settings, cache, controller, replicas, groups, admin, orders, logger, legacyOffsets } = deps;
  const isController = (): boolean => controller.isActive;
  const partitionExists = (topic: string, partition: number): boolean => cache.hasPartition(topic, partition);
  const sessions = new FetchSessionCache({
    slots: settings.maxIncrementalFetchSessionCacheSlots,
    evictionMs: FETCH_SESSION_EVICTION_MS,
    randomSessionId: () => 1 + deps.randomInt(0x7fff_fffe),
  });
  const configs = { brokerId: deps.brokerId, client: deps.client, cache, settings: deps.dynamicSettings, logger };
  const handlers: AnyHandler[] = [
    // A produce is in the log, in order, before its handler returns; only the answer waits, so the next one need not.
    overlapping(new ProduceHandler(replicas)),
    new FetchHandler({
      replicas,
      sessions,
      // Leadership comes before the metadata: followers may ask for a topic that the cache has not heard of.
      topicName: (topicId) => cache.topicName(topicId) ?? replicas.topicName(topicId),
      clock: deps.clock,
      fetchMaxBytes: settings.fetchMaxBytes,
    }),
    new ListOffsetsHandler(replicas),
    new MetadataHandler({
      cache,
      clusterId: deps.clusterId,
      isAutoCreationEnabled: settings.autoCreateTopicsEnable,
      autoCreate: (topic, mayMutate) => deps.autoTopics.create(topic, mayMutate),
    }),
    clusterAction(new LeaderAndIsrHandler(orders)),
    clusterAction(new StopReplicaHandler(orders)),
    clusterAction(new UpdateMetadataHandler(orders)),
    clusterAction(new ControlledShutdownHandler(controller)),
    offsetCommitHandler({
      groups,
      legacyOffsets,
      offsetMetadataMaxBytes: settings.offsetMetadataMaxBytes,
      partitionExists,
      wallMs: () => deps.clock.wallMs(),
    }),
    offsetFetchHandler({ groups, legacyOffsets, partitionExists }),
    findCoordinatorHandler(deps.coordinatorFinder),
    joinGroupHandler(groups),
    heartbeatHandler(groups),
    leaveGroupHandler(groups),
    syncGroupHandler(groups),
    describeGroupsHandler(groups),
    listGroupsHandler(groups),
    new ApiVersionsHandler(() => handlers.map(({ api }) => api).sort((a, b) => a.key - b.key)),
    new CreateTopicsHandler({ admin, isController, settings: deps.dynamicSettings, logger }),
    new DeleteTopicsHandler({ admin, cache, isController, isDeletionEnabled: settings.deleteTopicEnable, logger }),
    new DeleteRecordsHandler(replicas),
    new InitProducerIdHandler(deps.producerIds),
    new OffsetForLeaderEpochHandler(replicas),
    new DescribeConfigsHandler({
      brokerId: deps.brokerId,
      cache,
      settings: deps.dynamicSettings,
      topicConfigs: deps.topicConfigs,
    }),
    alterConfigsHandler(configs),
    alterReplicaLogDirsHandler(deps.logs),
    describeLogDirsHandler(deps.logs),
    new CreatePartitionsHandler({
      admin,
      isController,
      isBeingDeleted: (topic) => controller.state?.deletions.has(topic) ?? false,
      logger,
    }),
    deleteGroupsHandler(groups),
    electLeadersHandler({ controller, cache }),
    incrementalAlterConfigsHandler(configs),
    alterPartitionReassignmentsHandler(controller),
    listPartitionReassignmentsHandler(controller),
    offsetDeleteHandler({ groups, partitionExists }),
    describeClientQuotasHandler(quotaStore),
    alterClientQuotasHandler(quotaStore, logger),
    describeUserScramCredentialsHandler(quotaStore),
    alterUserScramCredentialsHandler({ store: quotaStore, isController, logger }),
    clusterAction(new AlterPartitionHandler(controller)),
    updateFeaturesHandler(controller),
    new DescribeClusterHandler(cache, deps.clusterId),
    new AllocateProducerIdsHandler({
      isActiveController: isController,
      brokerEpoch: (brokerId) => controller.state?.liveBrokers.get(brokerId)?.brokerEpoch ?? null,
      allocateProducerIdBlock: deps.allocateProducerIdBlock,
    }),
  ];
  return handlers;
}

function clusterAction<H extends AnyHandler>(handler: H): AnyHandler {
  return Object.assign(handler, { isClusterAction: true });
}

function overlapping<H extends AnyHandler>(handler: H): AnyHandler {
  return Object.assign(handler, { overlaps: true });
}
