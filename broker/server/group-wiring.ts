/** The group coordinator of a broker with what it needs of the other rooms: its log, the clock, the internal topic, old offsets. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../shared/base/clock.ts';
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { getDataOrNull } from '../controller/read-state.ts';
import { topicZnode } from '../controller/znodes.ts';
import { CoordinatorFinder } from '../group/coordinator-finder.ts';
import { OFFSETS_TOPIC } from '../protocol/internal-topics.ts';
import { GroupCoordinator } from '../group/group-coordinator.ts';
import { ZnodeOffsets } from '../group/legacy-offsets.ts';
import { followLeadership, ReplicatedOffsetsLog } from '../group/replicated-offsets-log.ts';
import { systemScheduler } from '../log/scheduler.ts';
import type { ReplicaManager } from '../replication/replica-manager.ts';
import type { AutoTopics } from './auto-topics.ts';
import type { MetadataCache } from './metadata-cache.ts';
import type { BrokerSettings } from '../settings/settings.ts';

export interface GroupWiring {
  readonly brokerId: number;
  readonly settings: BrokerSettings;
  readonly clock: Clock;
  readonly replicas: ReplicaManager;
  readonly cache: MetadataCache;
  readonly autoTopics: AutoTopics;
  /** Of the session that stands. */
  readonly client: () => CoordinatorClient;
}

export interface Groups {
  readonly groups: GroupCoordinator;
  readonly finder: CoordinatorFinder;
  readonly legacyOffsets: ZnodeOffsets;
}

/** A group coordinator that has begun to serve: it hears which partitions of `__consumer_offsets` this broker leads. */
export async function createGroups(wiring: GroupWiring): Promise<Groups> {
  const { brokerId, settings, clock, replicas, cache, autoTopics, client } = wiring;
  const groups = new GroupCoordinator({
    config: settings,
    log: new ReplicatedOffsetsLog(replicas),
    clock,
    timers: systemScheduler,
    randomUuid: () => randomUUID(),
    logger: createLogger('kafka.coordinator.group.GroupCoordinator', `[GroupCoordinator ${brokerId}]: `),
  });
  replicas.onLeadership(followLeadership(groups));
  const finder = new CoordinatorFinder({
    config: settings,
    cluster: cache,
    partitionFor: (groupId) => groups.partitionFor(groupId),
    ensureTopic: ({ name, numPartitions, replicationFactor, configs }, mayMutate) =>
      autoTopics.ensure(
        {
          name,
          partitionCount: numPartitions,
          replicationFactor,
          assignment: new Map(),
          configs: new Map(Object.entries(configs)),
        },
        mayMutate,
      ),
  });
  const legacyOffsets = new ZnodeOffsets({
    create: (path, data, options) => client().create(path, data, options),
    getData: (path, options) => client().getData(path, options),
    setData: (path, data, version) => client().setData(path, data, version),
  });
  groups.start(await offsetsPartitionCount(client(), settings));
  return { groups, finder, legacyOffsets };
}

async function offsetsPartitionCount(client: CoordinatorClient, settings: BrokerSettings): Promise<number> {
  const znode = await getDataOrNull(client, topicZnode.path(OFFSETS_TOPIC));
  return znode === null ? settings.offsetsTopicNumPartitions : topicZnode.decode(OFFSETS_TOPIC, znode.data).partitions.size;
}
