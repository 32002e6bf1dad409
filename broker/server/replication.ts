/** The replica manager of a broker: its settings, its way to leaders it follows, and to the controller. */
import type { Clock } from '../../shared/base/clock.ts';
import type { LogManager } from '../log/log-manager.ts';
import { systemScheduler } from '../log/scheduler.ts';
import { connectToLeader } from '../replication/leader-connection.ts';
import { ReplicaManager } from '../replication/replica-manager.ts';
import { namesReplica, ReplicationThrottle } from '../replication/replication-throttle.ts';
import { replicaSelectorOf } from '../replication/replica-selector.ts';
import type { DynamicSettings } from '../settings/dynamic-settings.ts';
import type { ControllerChannel } from './controller-channel.ts';
import type { MetadataCache } from './metadata-cache.ts';
import type { PeerAddresses } from './peer-addresses.ts';
import type { BrokerSettings } from '../settings/settings.ts';
import type { TopicConfigs } from './topic-configs.ts';

export interface ReplicationWiring {
  readonly brokerId: number;
  readonly brokerEpoch: () => number;
  readonly settings: BrokerSettings;
  readonly dynamicSettings: DynamicSettings;
  readonly topicConfigs: TopicConfigs;
  readonly clock: Clock;
  readonly logs: LogManager;
  readonly cache: MetadataCache;
  readonly peers: PeerAddresses;
  readonly controller: ControllerChannel;
  /** See `ReplicaManagerOptions`. */
  readonly isFenced: () => boolean;
}

export function createReplicaManager(wiring: ReplicationWiring): ReplicaManager {
  const { brokerId, brokerEpoch, settings, clock, logs, cache, peers, controller, isFenced } = wiring;
  const throttle = (side: 'leader' | 'follower'): ReplicationThrottle =>
    new ReplicationThrottle({
      rate: () => wiring.dynamicSettings.rate(`${side}.replication.throttled.rate`),
      isNamed: (topic, partition) => {
        const list = wiring.topicConfigs.getKnown(topic).get(`${side}.replication.throttled.replicas`);
        return list !== undefined && namesReplica(list, partition, brokerId);
      },
      windows: { count: settings.replicationQuotaWindowNum, sizeMs: settings.replicationQuotaWindowSizeSeconds * 1000 },
      monotonicMs: () => clock.monotonicMs(),
    });
  const select = replicaSelectorOf(settings.replicaSelectorClass);
  const rackOf = (id: number, listenerName: string): string | null => cache.endpoint(id, listenerName)?.rack ?? null;
  return new ReplicaManager({
    ...(select === null ? {} : { readFrom: { select, rackOf } }),
    brokerId,
    isFenced,
    logs,
    cluster: cache,
    clock,
    scheduler: systemScheduler,
    replicaLagTimeMaxMs: settings.replicaLagTimeMaxMs,
    highWatermarkCheckpointIntervalMs: settings.replicaHighWatermarkCheckpointIntervalMs,
    replication: {
      fetchersPerLeader: Math.max(1, settings.numReplicaFetchers),
      limits: {
        maxWaitMs: settings.replicaFetchWaitMaxMs,
        minBytes: settings.replicaFetchMinBytes,
        maxBytes: settings.replicaFetchResponseMaxBytes,
        partitionMaxBytes: settings.replicaFetchMaxBytes,
        backoffMs: settings.replicaFetchBackoffMs,
      },
      connect: async (leaderId, clientId) =>
        await connectToLeader(peers.find(leaderId), clientId, settings.replicaSocketTimeoutMs),
      alterPartition: (request, versionMax) => controller.alterPartition(request, versionMax),
      brokerEpoch,
      throttle: throttle('follower'),
      leaderThrottle: throttle('leader'),
    },
  });
}
