/** Replication, elections, the controller and the way a broker leaves. */
import { atLeast } from '../../shared/settings/schema.ts';
import { bool, inapplicable, int, long, optionalString, string } from './kinds.ts';
import { metadataVersion, replicaSelector } from './validators.ts';

export const replicationSettings = {
  interBrokerProtocolVersion: string(
    'inter.broker.protocol.version',
    '3.4-IV0',
    'Release whose requests brokers use among themselves.',
    metadataVersion,
  ),
  replicaLagTimeMaxMs: long('replica.lag.time.max.ms', 30000, 'A follower that has been behind for so long leaves the ISR.'),
  replicaSocketTimeoutMs: int('replica.socket.timeout.ms', 30000, "Limit for an answer to a follower's fetch."),
  replicaSocketReceiveBufferBytes: inapplicable(
    int('replica.socket.receive.buffer.bytes', 65536, "SO_RCVBUF of a follower's socket."),
  ),
  replicaFetchMaxBytes: int('replica.fetch.max.bytes', 1048576, "Bytes of one partition in a follower's fetch.", atLeast(0)),
  replicaFetchWaitMaxMs: int('replica.fetch.wait.max.ms', 500, "How long a leader may hold a follower's fetch."),
  replicaFetchBackoffMs: int('replica.fetch.backoff.ms', 1000, 'Pause after a failed fetch.', atLeast(0)),
  replicaFetchMinBytes: int('replica.fetch.min.bytes', 1, 'Bytes a leader waits for before it answers.'),
  replicaFetchResponseMaxBytes: int('replica.fetch.response.max.bytes', 10485760, 'Bytes of a whole answer to a follower.', atLeast(0)),
  numReplicaFetchers: int('num.replica.fetchers', 1, 'Fetchers per leader.'),
  replicaHighWatermarkCheckpointIntervalMs: long(
    'replica.high.watermark.checkpoint.interval.ms',
    5000,
    'How often high watermarks are written down.',
  ),
  replicaSelectorClass: optionalString(
    'replica.selector.class',
    'What chooses the replica a consumer reads from: a selector of the original, by its class name.',
    replicaSelector,
  ),
  fetchPurgatoryPurgeIntervalRequests: inapplicable(
    int('fetch.purgatory.purge.interval.requests', 1000, 'Waiting fetches between sweeps of the waiting list.'),
  ),
  producerPurgatoryPurgeIntervalRequests: inapplicable(
    int('producer.purgatory.purge.interval.requests', 1000, 'Waiting produces between sweeps of the waiting list.'),
  ),
  deleteRecordsPurgatoryPurgeIntervalRequests: inapplicable(
    int('delete.records.purgatory.purge.interval.requests', 1, 'Waiting deletions between sweeps of the waiting list.'),
  ),
  maxIncrementalFetchSessionCacheSlots: int(
    'max.incremental.fetch.session.cache.slots',
    1000,
    'Fetch sessions remembered.',
    atLeast(0),
  ),
  fetchMaxBytes: int('fetch.max.bytes', 57671680, 'Largest answer to a fetch, whatever the client asks.', atLeast(1024)),

  controllerSocketTimeoutMs: int('controller.socket.timeout.ms', 30000, "Limit for a broker's answer to the controller."),
  uncleanLeaderElectionEnable: bool(
    'unclean.leader.election.enable',
    false,
    'Whether a replica outside the ISR may lead when no other is left (loses records).',
  ),
  autoLeaderRebalanceEnable: bool(
    'auto.leader.rebalance.enable',
    true,
    'Whether leadership returns to preferred replicas by itself.',
  ),
  leaderImbalancePerBrokerPercentage: int(
    'leader.imbalance.per.broker.percentage',
    10,
    'Share of not preferred leaders per broker that starts a rebalance.',
  ),
  leaderImbalanceCheckIntervalSeconds: long(
    'leader.imbalance.check.interval.seconds',
    300,
    'How often that share is looked at.',
    atLeast(1),
  ),
  controlledShutdownEnable: bool(
    'controlled.shutdown.enable',
    true,
    'Whether a stopping broker first hands its partitions over.',
  ),
  controlledShutdownMaxRetries: int('controlled.shutdown.max.retries', 3, 'Tries to hand partitions over.'),
  controlledShutdownRetryBackoffMs: long('controlled.shutdown.retry.backoff.ms', 5000, 'Pause between these tries.'),
};
