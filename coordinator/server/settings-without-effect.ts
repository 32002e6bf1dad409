/**
 * Keys of the 3.8 administrator's guide that do nothing here, each group with its reason: a file that has them is taken, and one line
 * for each says so. What the server acts on is in `settings.ts`.
 */
const REASONS: Readonly<Record<string, string>> = {
  'One event loop serves all connections.':
    'nio.shutdownTimeout nio.directBufferBytes commitProcessor.numWorkerThreads commitProcessor.maxReadBatchSize commitProcessor.maxCommitBatchSize ' +
    'netty.advancedFlowControl.enabled advancedFlowControlEnabled netty.server.earlyDropSecureConnectionHandshakes ' +
    'metricsProvider.numWorkerThreads metricsProvider.maxQueueSize metricsProvider.workerShutdownTimeoutMs request_throttler.shutdownTimeout',
  'Transactions that wait are written together as soon as the disk is free.': 'flushDelay maxWriteQueuePollTime maxBatchSize',
  'Answers are made when they are asked for, without a cache.': 'maxResponseCacheSize maxGetChildrenResponseCacheSize',
  'Watches go with their connection, at once.': 'bitHashCacheSize watcherCleanThreshold watcherCleanIntervalInSeconds watcherCleanThreadsNum maxInProcessingDeadWatchers',
  'Znodes may be larger than requests by what the server adds to them.': 'jute.maxbuffer.extrasize',
  'A log without a snapshot is read from its beginning.': 'snapshot.trust.empty initialize',
  'A transaction is checked where it is made.': 'enableEagerACLCheck',
  'The AdminServer speaks plain HTTP: let it listen where only operators reach it (admin.serverAddress).': 'admin.portUnification admin.forceHttps',
  'There is no JVM to configure.': 'fips-mode admin.portUnification admin.forceHttps jvm.pause.monitor jvm.pause.warn-threshold.ms jvm.pause.info-threshold.ms jvm.pause.sleep.time.ms',
};

/** Understood, and not done yet. */
const UNSUPPORTED = new Set(
  (
    'audit.enable audit.impl.class largeRequestMaxBytes largeRequestThreshold ' +
    'ensembleAuthName messageTracker.BufferSize messageTracker.Enabled ' +
    'sslQuorumReloadCertFiles ssl.keyStore.passwordPath ssl.keyStore.type ' +
    'ssl.trustStore.passwordPath ssl.trustStore.type ssl.protocol ssl.enabledProtocols ssl.ciphersuites ssl.context.supplier.class ssl.hostnameVerification ' +
    'ssl.allowReverseDnsLookup ssl.crl ssl.ocsp ssl.handshakeDetectionTimeoutMillis kerberos.removeHostFromPrincipal kerberos.removeRealmFromPrincipal ' +
    'kerberos.canonicalizeHostNames quorum.cnxn.threads.size quorumCnxnTimeoutMs tcpKeepAlive maxTimeToWaitForEpoch fastleader.minNotificationInterval ' +
    'fastleader.maxNotificationInterval multiAddress.reachabilityCheckTimeoutMs observer.reconnectDelayMs observer.election.DelayMs leader.closeSocketAsync ' +
    'learner.closeSocketAsync learner.asyncSending forward_learner_requests_to_commit_processor_disabled follower.skipLearnerRequestToNextProcessor ' +
    'maxConcurrentSnapSyncs maxConcurrentDiffSyncs quorum.auth.learner.saslLoginContext quorum.auth.server.saslLoginContext quorum.auth.kerberos.servicePrincipal'
  ).split(' '),
);

const REASON_OF = new Map(Object.entries(REASONS).flatMap(([reason, keys]) => keys.split(' ').map((key) => [key, reason] as const)));

/** The line about a key that nobody acts on. `ssl.quorum.…` are the same keys once more, for members among themselves. */
export function explainKey(key: string): string {
  const reason = REASON_OF.get(key);
  if (reason !== undefined) return `${key} has no meaning here and is ignored: ${reason}`;
  if (UNSUPPORTED.has(key.replace(/^ssl\.quorum\./, 'ssl.'))) return `${key} is understood but not supported yet; it has no effect`;
  return `${key} is not a known key; it is kept as the system property zookeeper.${key} and has no effect`;
}
