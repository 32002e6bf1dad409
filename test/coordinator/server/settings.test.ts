import { expect } from 'chai';
import { loadServerSettings } from '../../../coordinator/server/settings.ts';
import { tlsFile } from '../../support/tls-files.ts';

const load = (more: Record<string, string>) => loadServerSettings(new Map(Object.entries({ dataDir: '/d', clientPort: '2181', ...more })));

/** From the 3.8 guide's lists of options, but for those of an ensemble's members. */
const ADMIN_GUIDE_KEYS =
  '4lw.commands.whitelist DigestAuthenticationProvider.digestAlg DigestAuthenticationProvider.enabled DigestAuthenticationProvider.superDigest X509AuthenticationProvider.superUser ' +
  'admin.commandURL admin.enableServer admin.forceHttps admin.idleTimeout admin.portUnification admin.serverAddress admin.serverPort advancedFlowControlEnabled audit.enable audit.impl.class ' +
  'autopurge.purgeInterval autopurge.snapRetainCount bitHashCacheSize client.certReload client.portUnification clientPort clientPortAddress clientPortListenBacklog clientTcpKeepAlive ' +
  'cnxTimeout commitLogCount connectToLearnerMasterLimit connectionDecreaseRatio connectionDropDecrease connectionDropIncrease connectionFreezeTime connectionMaxTokens connectionTokenFillCount ' +
  'connectionTokenFillTime dataDir dataLogDir digest.enabled electionAlg electionPortBindRetry emulate353TTLNodes enableEagerACLCheck enforceQuota extendedTypesEnabled ' +
  'fastleader.maxNotificationInterval fastleader.minNotificationInterval fips-mode flushDelay forceSync forward_learner_requests_to_commit_processor_disabled fsync.warningthresholdms ' +
  'globalOutstandingLimit initLimit initialize jute.maxbuffer jute.maxbuffer.extrasize kerberos.canonicalizeHostNames kerberos.removeHostFromPrincipal kerberos.removeRealmFromPrincipal ' +
  'largeRequestMaxBytes largeRequestThreshold leader.closeSocketAsync leaderServes learner.asyncSending learner.closeSocketAsync localSessionsEnabled maxBatchSize maxClientCnxns maxCnxns ' +
  'maxConcurrentDiffSyncs maxConcurrentSnapSyncs maxGetChildrenResponseCacheSize maxInProcessingDeadWatchers maxResponseCacheSize maxSessionTimeout maxTimeToWaitForEpoch maxWriteQueuePollTime ' +
  'metricsProvider.className metricsProvider.exportJvmInfo metricsProvider.httpHost metricsProvider.httpPort metricsProvider.maxQueueSize metricsProvider.numWorkerThreads ' +
  'metricsProvider.workerShutdownTimeoutMs minSessionTimeout multiAddress.enabled multiAddress.reachabilityCheckEnabled multiAddress.reachabilityCheckTimeoutMs ' +
  'netty.server.earlyDropSecureConnectionHandshakes observer.election.DelayMs observer.reconnectDelayMs observerMasterPort outstandingHandshake.limit preAllocSize quorumCnxnTimeoutMs ' +
  'quorumListenOnAllIPs reconfigEnabled requestStaleConnectionCheck requestStaleLatencyCheck requestThrottleDropStale requestThrottleLimit requestThrottleStallTime secureClientPort ' +
  'serverCnxnFactory skipACL snapCount snapSizeLimitInKb snapshot.compression.method snapshot.trust.empty ssl.allowReverseDnsLookup ssl.authProvider ssl.ciphersuites ssl.clientAuth ' +
  'ssl.context.supplier.class ssl.crl ssl.enabledProtocols ssl.handshakeDetectionTimeoutMillis ssl.hostnameVerification ssl.keyStore.passwordPath ssl.keyStore.type ssl.ocsp ssl.protocol ' +
  'ssl.quorum.protocol ssl.trustStore.location ssl.trustStore.passwordPath ssl.trustStore.type sslQuorum sslQuorumReloadCertFiles standaloneEnabled syncEnabled syncLimit tcpKeepAlive ' +
  'throttledOpWaitTime tickTime txnLogSizeLimitInKb watchManagerName watcherCleanIntervalInSeconds watcherCleanThreadsNum watcherCleanThreshold znode.container.checkIntervalMs ' +
  'znode.container.maxNeverUsedIntervalMs znode.container.maxPerMinute zookeeper.commitProcessor.maxCommitBatchSize zookeeper.commitProcessor.maxReadBatchSize ' +
  'zookeeper.commitProcessor.numWorkerThreads zookeeper.connection_throttle_global_session_weight zookeeper.connection_throttle_weight_enabled zookeeper.ensembleAuthName ' +
  'zookeeper.follower.skipLearnerRequestToNextProcessor zookeeper.messageTracker.BufferSize zookeeper.nio.numSelectorThreads zookeeper.nio.numWorkerThreads ' +
  'zookeeper.request_throttler.shutdownTimeout zookeeper.superUser';
const STORES = { 'ssl.keyStore.location': tlsFile('server.pem'), 'ssl.trustStore.location': tlsFile('authority.pem') };
/** Values for keys that don't take a 1. */
const VALUES: Readonly<Record<string, string>> = Object.fromEntries(
  (
    'DigestAuthenticationProvider.digestAlg=SHA256 DigestAuthenticationProvider.enabled=true admin.enableServer=true clientTcpKeepAlive=true digest.enabled=true electionAlg=3 emulate353TTLNodes=true ' +
    'enforceQuota=true extendedTypesEnabled=true forceSync=yes jute.maxbuffer=4194304 leaderServes=yes localSessionsEnabled=true maxSessionTimeout=90000 minSessionTimeout=2000 ' +
    'metricsProvider.exportJvmInfo=true multiAddress.enabled=true multiAddress.reachabilityCheckEnabled=true quorumListenOnAllIPs=true reconfigEnabled=true skipACL=yes snapCount=100 ssl.clientAuth=want ' +
    'sslQuorum=true standaloneEnabled=true syncEnabled=true autopurge.snapRetainCount=3 ' +
    'client.portUnification=true client.certReload=true ssl.authProvider=x509 ssl.crl=false ssl.ocsp=false ssl.hostnameVerification=true requestThrottleDropStale=true requestStaleLatencyCheck=true requestStaleConnectionCheck=true ' +
    'zookeeper.connection_throttle_weight_enabled=true'
  )
    .split(' ')
    .map((pair) => pair.split('=') as [string, string]),
);

describe('loadServerSettings', () => {
  it('takes the stock file of Kafka without a word', () => {
    const { settings, warnings } = load({ maxClientCnxns: '0', 'admin.enableServer': 'false' });
    expect(warnings).to.deep.equal([]);
    expect(settings).to.include({ maxClientCnxns: 0, tickTime: 3000, minSessionTimeoutMs: 6000, maxSessionTimeoutMs: 60000 });
    expect(settings.snapDir).to.equal('/d/version-2');
    expect(settings.logDir).to.equal('/d/version-2');
  });
  it('answers isro where clients may ask for a read-only server', () => {
    expect(load({ 'readonlymode.enabled': 'true', '4lw.commands.whitelist': 'stat' }).settings.fourLetterWords).to.deep.equal(['stat', 'isro']);
    expect(load({}).settings.fourLetterWords).to.deep.equal(['srvr']);
  });
  it('derives bounds and folders', () => {
    const { settings } = load({ tickTime: '2000', maxSessionTimeout: '90000', dataLogDir: '/l' });
    expect(settings).to.include({ minSessionTimeoutMs: 4000, maxSessionTimeoutMs: 90000, snapDir: '/d/version-2', logDir: '/l/version-2' });
  });
  it('says one line for each key that has no effect', () => {
    const { warnings } = load({ preAllocSize: '1', observerMasterPort: '9', foo: 'bar', 'zookeeper.sslQuorum': 'true' });
    expect(warnings).to.have.length(4);
    for (const key of ['preAllocSize', 'observerMasterPort=9', 'foo', 'sslQuorum=true']) expect(warnings.join('\n')).to.contain(key);
  });
  it('takes every key of the administrator\'s guide: it acts on it, or says why not', () => {
    for (const key of ADMIN_GUIDE_KEYS.split(' ')) {
      const tls = key === 'secureClientPort' || key === 'client.portUnification' ? STORES : {};
      const { warnings } = load({ ...tls, [key]: VALUES[key] ?? '1' });
      expect(warnings.length, key).to.be.lessThan(2);
      expect(warnings.join(), key).not.to.contain('not a known key');
    }
  });
  it('takes system properties under their full names', () => {
    const { settings, warnings } = load({ 'zookeeper.snapCount': '7', 'zookeeper.DigestAuthenticationProvider.superDigest': 'super:x' });
    expect(settings).to.include({ snapCount: 7, superDigest: 'super:x' });
    expect(warnings).to.deep.equal([]);
  });
  const refused: [Record<string, string>, RegExp][] = [
    [{ tickTime: 'x' }, /Invalid value x for configuration tickTime: Not a number of type INT/],
    [{ tickTime: '0' }, /Invalid value 0 for configuration tickTime: Value must be at least 1/],
    [{ clientPort: '70000' }, /clientPort: Value must be no more than 65535/],
    [{ maxClientCnxns: '-1' }, /maxClientCnxns/],
    [{ forceSync: 'maybe' }, /forceSync: String must be one of: yes, no/],
    [{ extendedTypesEnabled: '1' }, /extendedTypesEnabled: Expected value to be either true or false/],
    [{ secureClientPort: '1' }, /"ssl.keyStore.location": secureClientPort needs a key/],
    [{ ...STORES, 'client.portUnification': 'true', 'ssl.trustStore.location': tlsFile('trust.jks') }, /ssl.trustStore.location: it does not open with this password/],
    [{ secureClientPort: '1', 'ssl.keyStore.location': tlsFile('server.pem') }, /"ssl.trustStore.location": ssl.clientAuth=need needs to know/],
    [{ ...STORES, secureClientPort: '1', 'ssl.clientAuth': 'maybe' }, /ssl.clientAuth: String must be one of: none, want, need/],
    [{ dataDir: '' }, /dataDir: String must be non-empty/],
    [{ minSessionTimeout: '9000', maxSessionTimeout: '8000' }, /minSessionTimeout: Value must be no more than maxSessionTimeout, which is 8000/],
  ];
  for (const [more, why] of refused) {
    it(`refuses ${JSON.stringify(more)}`, () => expect(() => load(more)).to.throw(why));
  }
  it('names a key that is missing', () => {
    expect(() => loadServerSettings(new Map([['clientPort', '1']]))).to.throw(/"dataDir"/);
    expect(() => loadServerSettings(new Map([['dataDir', '/d']]))).to.throw(/"clientPort"/);
  });
});
