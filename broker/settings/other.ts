/** Metrics, quotas, and the keys of a mode without a coordinator (`process.roles`), which this broker doesn't have. */
import { atLeast, eachOf } from '../../shared/settings/schema.ts';
import { bool, inapplicable, int, list, long, optionalClass, optionalString, planned, string } from './kinds.ts';

export const metricSettings = {
  metricsNumSamples: planned(int('metrics.num.samples', 2, 'Samples of a rate.', atLeast(1))),
  metricsSampleWindowMs: planned(long('metrics.sample.window.ms', 30000, 'Time of one sample.', atLeast(1))),
  metricReporters: inapplicable(list('metric.reporters', [], 'Java classes that get the metrics.')),
  metricsRecordingLevel: planned(string('metrics.recording.level', 'INFO', 'Metrics that are kept.')),
  autoIncludeJmxReporter: inapplicable(bool('auto.include.jmx.reporter', true, 'Whether metrics go to JMX by themselves.')),
  kafkaMetricsReporters: inapplicable(list('kafka.metrics.reporters', [], 'Java classes that get the older metrics.')),
  kafkaMetricsPollingIntervalSecs: inapplicable(
    int('kafka.metrics.polling.interval.secs', 10, 'How often they get them.', atLeast(1)),
  ),
};

export const quotaSettings = {
  quotaWindowNum: int('quota.window.num', 11, 'Samples of a client quota.', atLeast(1)),
  replicationQuotaWindowNum: int('replication.quota.window.num', 11, 'Samples of a replication quota.', atLeast(1)),
  alterLogDirsReplicationQuotaWindowNum: planned(
    int(
      'alter.log.dirs.replication.quota.window.num',
      11,
      'Samples of the quota for moves between directories.',
      atLeast(1),
    ),
  ),
  controllerQuotaWindowNum: int('controller.quota.window.num', 11, 'Samples of the quota for changes of topics.', atLeast(1)),
  quotaWindowSizeSeconds: int('quota.window.size.seconds', 1, 'Time of one sample of a client quota.', atLeast(1)),
  replicationQuotaWindowSizeSeconds: int(
    'replication.quota.window.size.seconds',
    1,
    'Time of one sample of a replication quota.',
    atLeast(1),
  ),
  alterLogDirsReplicationQuotaWindowSizeSeconds: planned(
    int(
      'alter.log.dirs.replication.quota.window.size.seconds',
      1,
      'Time of one sample of the quota for moves between directories.',
      atLeast(1),
    ),
  ),
  controllerQuotaWindowSizeSeconds: int(
    'controller.quota.window.size.seconds',
    1,
    'Time of one sample of the quota for changes of topics.',
    atLeast(1),
  ),
  clientQuotaCallbackClass: inapplicable(
    optionalClass('client.quota.callback.class', 'Java class that decides about quotas.'),
  ),
};

export const kraftSettings = {
  processRoles: list(
    'process.roles',
    [],
    'Roles of a server without a coordinator; must stay empty here.',
    eachOf('broker', 'controller'),
  ),
  nodeId: int('node.id', -1, 'Other name of broker.id.'),
  initialBrokerRegistrationTimeoutMs: inapplicable(
    int('initial.broker.registration.timeout.ms', 60000, 'process.roles only.'),
  ),
  brokerHeartbeatIntervalMs: inapplicable(int('broker.heartbeat.interval.ms', 2000, 'process.roles only.')),
  brokerSessionTimeoutMs: inapplicable(int('broker.session.timeout.ms', 9000, 'process.roles only.')),
  controllerListenerNames: optionalString('controller.listener.names', 'process.roles only; must stay empty here.'),
  saslMechanismControllerProtocol: inapplicable(
    string('sasl.mechanism.controller.protocol', 'GSSAPI', 'process.roles only.'),
  ),
  metadataLogDir: inapplicable(optionalString('metadata.log.dir', 'process.roles only.')),
  metadataLogSegmentBytes: inapplicable(int('metadata.log.segment.bytes', 1073741824, 'process.roles only.', atLeast(12))),
  metadataLogSegmentMs: inapplicable(long('metadata.log.segment.ms', 604800000, 'process.roles only.')),
  metadataLogMaxRecordBytesBetweenSnapshots: inapplicable(
    long('metadata.log.max.record.bytes.between.snapshots', 20971520, 'process.roles only.', atLeast(1)),
  ),
  metadataLogMaxSnapshotIntervalMs: inapplicable(
    long('metadata.log.max.snapshot.interval.ms', 3600000, 'process.roles only.', atLeast(0)),
  ),
  metadataMaxRetentionBytes: inapplicable(long('metadata.max.retention.bytes', 104857600, 'process.roles only.')),
  metadataMaxRetentionMs: inapplicable(long('metadata.max.retention.ms', 604800000, 'process.roles only.')),
  metadataMaxIdleIntervalMs: inapplicable(int('metadata.max.idle.interval.ms', 500, 'process.roles only.', atLeast(0))),
  zookeeperMetadataMigrationEnable: planned(
    bool('zookeeper.metadata.migration.enable', false, 'Whether the cluster is leaving its coordinator.'),
  ),
  controllerQuorumVoters: inapplicable(list('controller.quorum.voters', [], 'process.roles only.')),
  controllerQuorumElectionTimeoutMs: inapplicable(int('controller.quorum.election.timeout.ms', 1000, 'process.roles only.')),
  controllerQuorumFetchTimeoutMs: inapplicable(int('controller.quorum.fetch.timeout.ms', 2000, 'process.roles only.')),
  controllerQuorumElectionBackoffMaxMs: inapplicable(
    int('controller.quorum.election.backoff.max.ms', 1000, 'process.roles only.'),
  ),
  controllerQuorumAppendLingerMs: inapplicable(int('controller.quorum.append.linger.ms', 25, 'process.roles only.')),
  controllerQuorumRequestTimeoutMs: inapplicable(int('controller.quorum.request.timeout.ms', 2000, 'process.roles only.')),
  controllerQuorumRetryBackoffMs: inapplicable(int('controller.quorum.retry.backoff.ms', 20, 'process.roles only.')),
};
