/**
 * The published tests of ZooKeeper 3.8.3 (`zookeeper-tests`) and Curator 5.5.0 (`curator-recipes-tests`) that a server in a process
 * of its own can be put under, and which of their cases can't speak of such a server.
 */

/** Why a case is not counted. */
const INSIDE = 'it looks into the server object of its own JVM, replaces a part of it, or sets one of its properties after its start';
const ROOT = 'it expects that a file cannot be read, and root reads every file';
const RACE = 'it looks at what is set after what it waits for: it fails now and then on the original, too';
const ORIGINAL = 'it fails on the original too, run like this';

export interface Suite {
  readonly name: string;
  /** One JVM each: the classes of one entry don't disturb each other. */
  readonly jvms: readonly (readonly string[])[];
  /** Further JVMs of the whole run (INTEROP_SUITES=all); the others are those that `make interop` has time for. */
  readonly more: readonly (readonly string[])[];
  /** `Class.case`, or `Class` for all of its cases: not counted, and why. */
  readonly aside: Readonly<Record<string, string>>;
}

const inPackage = (name: string, classes: string): string[] => classes.split(' ').map((each) => `${name}.${each}`);
const zookeeper = (classes: string): string[] => inPackage('org.apache.zookeeper', classes);
const curator = (classes: string): string[] => inPackage('org.apache.curator.framework.recipes', classes);
/** Classes that set properties of their JVM for good. */
const apart = (classes: readonly string[]): string[][] => classes.map((each) => [each]);

export const ZOOKEEPER: Suite = {
  name: "ZooKeeper's own client tests",
  jvms: [
    zookeeper('test.StatTest test.WatcherFuncTest test.ChrootTest test.SyncCallTest'),
    zookeeper('test.AsyncOpsTest test.AuthTest test.CreateTest test.PersistentRecursiveWatcherTest test.SessionInvalidationTest'),
    zookeeper('test.ClientTest test.NullDataTest test.GetChildren2Test GetAllChildrenNumberTest GetEphemeralsTest test.MultiAsyncTransactionTest'),
    zookeeper('test.PersistentWatcherTest RemoveWatchesCmdTest test.SessionTimeoutTest test.ACLRootTest test.FourLetterWordsTest test.ServerCnxnTest'),
    ...apart(zookeeper('SaslAuthTest test.EnsembleAuthTest test.SaslAuthRequiredFailWrongSASLTest')),
  ],
  more: [
    zookeeper('test.MultiOperationTest test.ClientRetryTest test.MaxCnxnsTest test.FourLetterWordsWhiteListTest ZKUtilTest'),
    zookeeper('ZooKeeperTest'),
    zookeeper('RemoveWatchesTest test.WatcherTest test.DisconnectedWatcherTest'),
    ...apart(
      zookeeper(
        'server.CreateTTLTest server.CreateContainerTest test.EnforceQuotaTest test.ZooKeeperQuotaTest test.DigestAuthDisabledTest test.SaslAuthDesignatedServerTest ' +
          'test.SaslAuthMissingClientConfigTest test.SaslAuthRequiredFailNoSASLTest test.SaslAuthRequiredTest test.SaslAuthFailTest test.SaslAuthDesignatedClientTest ' +
          'test.SaslAuthFailDesignatedClientTest test.SaslSuperUserTest test.KeyAuthClientTest test.UnsupportedAddWatcherTest server.ServerIdTest',
      ),
    ),
  ],
  aside: {
    'ClientTest.testPathValidation': INSIDE,
    'WatcherTest.testWatcherCount': INSIDE,
    'CreateTTLTest.testModifying': INSIDE,
    'CreateTTLTest.testMulti': INSIDE,
    'CreateTTLTest.testCreateAsync': INSIDE,
    'CreateTTLTest.testCreateSequential': INSIDE,
    'CreateTTLTest.testCreate': INSIDE,
    'CreateContainerTest.testMaxNeverUsedInterval': INSIDE,
    'CreateContainerTest.testFalseEmpty': INSIDE,
    'CreateContainerTest.testSimpleDeletionAsync': INSIDE,
    'CreateContainerTest.testMultiWithContainer': INSIDE,
    'CreateContainerTest.testCascadingDeletion': INSIDE,
    'CreateContainerTest.testSimpleDeletion': INSIDE,
    'CreateContainerTest.testMultiWithContainerSimple': INSIDE,
    ZooKeeperQuotaTest: INSIDE,
    'RemoveWatchesTest.testRemoveAllDataWatchesOnAPath': INSIDE,
    'RemoveWatchesTest.testRemoveAllChildWatchesOnAPath': INSIDE,
    'RemoveWatchesTest.testRemoveAllWatchesOnAPath': INSIDE,
    'KeyAuthClientTest.testAuth': INSIDE,
    'UnsupportedAddWatcherTest.testBehavior': INSIDE,
    'SaslAuthDesignatedClientTest.testReadAccessUser': INSIDE,
    'SaslSuperUserTest.testOtherSuperIsSuper': INSIDE,
    'ChrootTest.testChrootWithZooKeeperPathWatcher': ORIGINAL,
    'ZKUtilTest.testUnreadableFileInput': ROOT,
  },
};

export const CURATOR: Suite = {
  name: "Curator's tests of its recipes",
  jvms: [
    curator('locks.TestLockACLs locks.TestInterProcessMultiMutex barriers.TestDistributedBarrier atomic.TestDistributedAtomicLong leader.TestLeaderAcls nodes.TestGroupMember'),
    curator('queue.TestSimpleDistributedQueue queue.TestDistributedIdQueue queue.TestDistributedPriorityQueue cache.TestNodeCache leader.TestLeaderSelectorParticipants'),
    curator('shared.TestSharedCount watch.TestPersistentWatcher cache.TestCuratorCache nodes.TestPersistentEphemeralNodeListener'),
  ],
  more: [
    curator('locks.TestInterProcessMutex locks.TestInterProcessSemaphoreMutex locks.TestLockCleanlinessWithFaults'),
    curator('locks.TestInterProcessReadWriteLock locks.TestInterProcessSemaphore barriers.TestDistributedDoubleBarrier atomic.TestCachedAtomicCounter'),
    curator('leader.TestLeaderLatch leader.TestLeaderSelector leader.TestLeaderSelectorEdges leader.TestLeaderSelectorWithExecutor'),
    curator('nodes.TestPersistentEphemeralNode nodes.TestPersistentNode nodes.TestPersistentTtlNode queue.TestQueueItem'),
    curator('cache.TestPathChildrenCache cache.TestPathChildrenCacheEventOrdering cache.TestTreeCache cache.TestTreeCacheEventOrdering cache.TestWrappedNodeCache'),
    curator('cache.TestTreeCacheIteratorAndSize cache.TestTreeCacheRandomTree cache.TestCuratorCacheBridge cache.TestCuratorCacheConsistency cache.TestCuratorCacheEventOrdering'),
    curator('cache.TestCuratorCacheWrappers queue.TestBoundedDistributedQueue queue.TestDistributedQueue queue.TestQueueSharder queue.TestDistributedDelayQueue'),
    curator('queue.TestLongNetworkPartition'),
    // With ensembles of several servers, some of which are killed.
    curator('cache.TestCuratorCacheEdges cache.TestPathChildrenCacheInCluster leader.TestLeaderLatchCluster leader.TestLeaderSelectorCluster locks.TestInterProcessSemaphoreCluster'),
  ],
  aside: {
    TestLeaderSelectorEdges: INSIDE,
    'TestInterProcessMutex.testReentrantSingleLock': RACE,
    'TestInterProcessSemaphoreMutex.testReentrantSingleLock': RACE,
    'TestLeaderLatch.testCallbackNotifyLeader': RACE,
    'TestLeaderLatch.testNoServerAtStart': RACE,
  },
};
