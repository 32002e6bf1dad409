import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.NodeCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;

/**
 * Curator's recipes, all at once and for as long as one likes, while whoever started this kills servers. What a recipe promises is
 * checked at every step and in the end; a line for each says how much it did. The end is announced by {@code verified}; a broken
 * promise ends the program with code 1.
 *
 * <p>Arguments: connect string, seconds. {@code started} is printed when all recipes work.
 */
public final class CuratorRecipes {

    private static final int CLIENTS = 3;
    private static final int SESSION_TIMEOUT_MS = 40_000;
    private static final int PATIENCE_S = 60;

    private final List<CuratorFramework> clients = new ArrayList<>();
    private final AtomicInteger lostSessions = new AtomicInteger();
    private final AtomicInteger suspensions = new AtomicInteger();
    private final AtomicReference<Throwable> broken = new AtomicReference<>();
    private final TreeMap<String, AtomicInteger> counts = new TreeMap<>();
    private volatile boolean stopping;

    public static void main(String[] args) throws Exception {
        new CuratorRecipes().play(args[0], Integer.parseInt(args[1]));
        System.exit(0); // Threads that retry may live.
    }

    private void play(String servers, int seconds) throws Exception {
        for (int i = 0; i < CLIENTS; i++) {
            CuratorFramework client = CuratorFrameworkFactory.builder().connectString(servers).sessionTimeoutMs(SESSION_TIMEOUT_MS)
                .connectionTimeoutMs(10_000).retryPolicy(new RetryNTimes(300, 100)).namespace("recipes").build();
            client.getConnectionStateListenable().addListener((which, state) -> {
                if (state == ConnectionState.LOST) {
                    lostSessions.incrementAndGet();
                } else if (state == ConnectionState.SUSPENDED) {
                    suspensions.incrementAndGet();
                }
            });
            client.start();
            clients.add(client);
        }
        for (CuratorFramework client : clients) {
            require(client.blockUntilConnected(PATIENCE_S, TimeUnit.SECONDS), "a client connects");
        }
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            CuratorFramework client = clients.get(i);
            threads.add(repeat("mutex", mutex(client)));
            threads.add(repeat("read-write lock", readWriteLock(client, i)));
            threads.add(repeat("semaphore", semaphore(client)));
            threads.add(repeat("counter", counter(client)));
            threads.add(repeat("double barrier", doubleBarrier(client)));
        }
        threads.add(repeat("queue producer", producer(clients.get(0))));
        threads.add(repeat("queue consumer", consumer(clients.get(1))));
        threads.add(repeat("transaction", transaction(clients.get(2))));
        List<LeaderLatch> latches = latches();
        threads.add(repeat("leader latch", () -> {
            // Each by its own word: who is cut off takes it back before another is told.
            require(latches.stream().filter(LeaderLatch::hasLeadership).count() <= 1, "at most one latch leads");
            Thread.sleep(5);
        }));
        List<LeaderSelector> selectors = selectors();
        PersistentNode node = new PersistentNode(clients.get(0), CreateMode.EPHEMERAL, false, "/persistent", "here".getBytes());
        node.start();
        List<GroupMember> members = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            GroupMember member = new GroupMember(clients.get(i), "/group", "member-" + i);
            member.start();
            members.add(member);
        }
        Caches caches = new Caches(clients.get(1));
        threads.add(repeat("cached znodes", changes(clients.get(2))));
        awaitAll();
        System.out.println("started");

        Thread.sleep(seconds * 1_000L);
        stopping = true;
        for (Thread thread : threads) {
            thread.join(PATIENCE_S * 1_000L);
            require(!thread.isAlive(), thread.getName() + " came to its end");
        }
        checkBroken();
        finish(latches, selectors, node, members, caches);
        counts.forEach((name, count) -> System.out.println(name + ": " + count));
        System.out.println("suspended: " + suspensions + ", sessions lost: " + lostSessions);
        require(lostSessions.get() == 0, "no session is lost: each was back before its timeout");
        System.out.println("verified");
    }

    // --- What is repeated ---

    private interface Step {
        void play() throws Exception;
    }

    /**
     * A call that was cut off, and may have happened: what every user of ZooKeeper has to reckon with. Where Curator tried it again
     * by itself, the second try finds what the first one did.
     */
    private boolean isCutOff(Throwable error) {
        return error instanceof KeeperException.ConnectionLossException || error instanceof KeeperException.OperationTimeoutException
            || (suspensions.get() > 0 && (error instanceof KeeperException.NodeExistsException || error instanceof KeeperException.NoNodeException))
            || (error.getCause() != null && isCutOff(error.getCause()));
    }

    private AtomicInteger count(String name) {
        synchronized (counts) {
            return counts.computeIfAbsent(name, unused -> new AtomicInteger());
        }
    }

    private Thread repeat(String name, Step step) {
        AtomicInteger done = count(name);
        Thread thread = new Thread(() -> {
            while (!stopping && broken.get() == null) {
                try {
                    step.play();
                    done.incrementAndGet();
                } catch (Throwable e) {
                    if (isCutOff(e)) {
                        count(name + ", cut off").incrementAndGet();
                    } else {
                        broken.compareAndSet(null, new IllegalStateException(name + ": " + e, e));
                    }
                }
            }
        }, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void require(boolean holds, String promise) {
        if (!holds) {
            throw new IllegalStateException("Broken: " + promise);
        }
    }

    private void checkBroken() {
        if (broken.get() != null) {
            throw new IllegalStateException(broken.get());
        }
    }

    /** Waits until every recipe has done something. */
    private void awaitAll() throws InterruptedException {
        for (int i = 0; i < PATIENCE_S * 10; i++) {
            checkBroken();
            synchronized (counts) {
                if (counts.values().stream().allMatch(count -> count.get() > 0)) {
                    return;
                }
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException("Not all recipes work: " + counts);
    }

    private final AtomicInteger mutexHolders = new AtomicInteger();

    private Step mutex(CuratorFramework client) {
        InterProcessMutex mutex = new InterProcessMutex(client, "/mutex");
        return () -> {
            if (!mutex.acquire(PATIENCE_S, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the mutex was not to be had for " + PATIENCE_S + " s");
            }
            try {
                require(mutexHolders.incrementAndGet() == 1, "one holds the mutex");
                Thread.sleep(1);
            } finally {
                mutexHolders.decrementAndGet();
                mutex.release();
            }
        };
    }

    private final AtomicInteger readers = new AtomicInteger();
    private final AtomicInteger writers = new AtomicInteger();

    private Step readWriteLock(CuratorFramework client, int which) {
        InterProcessReadWriteLock lock = new InterProcessReadWriteLock(client, "/rw");
        InterProcessMutex half = which == 0 ? lock.writeLock() : lock.readLock();
        AtomicInteger own = which == 0 ? writers : readers;
        return () -> {
            if (!half.acquire(PATIENCE_S, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the lock was not to be had for " + PATIENCE_S + " s");
            }
            try {
                own.incrementAndGet();
                require(writers.get() == 0 || (writers.get() == 1 && readers.get() == 0), "a writer is alone");
                Thread.sleep(1);
            } finally {
                own.decrementAndGet();
                half.release();
            }
        };
    }

    private final AtomicInteger leaseHolders = new AtomicInteger();

    private Step semaphore(CuratorFramework client) {
        InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(client, "/semaphore", 2);
        return () -> {
            Lease lease = semaphore.acquire(PATIENCE_S, TimeUnit.SECONDS);
            require(lease != null, "a lease is to be had");
            try {
                require(leaseHolders.incrementAndGet() <= 2, "two hold a lease");
                Thread.sleep(1);
            } finally {
                leaseHolders.decrementAndGet();
                semaphore.returnLease(lease);
            }
        };
    }

    private final AtomicInteger increments = new AtomicInteger();
    private final AtomicInteger unknownIncrements = new AtomicInteger();

    private Step counter(CuratorFramework client) {
        DistributedAtomicLong counter = new DistributedAtomicLong(client, "/counter", new RetryNTimes(1_000, 5));
        return () -> {
            try {
                AtomicValue<Long> value = counter.increment();
                if (value.succeeded()) {
                    increments.incrementAndGet();
                }
            } catch (Exception e) {
                unknownIncrements.incrementAndGet();
                throw e;
            }
        };
    }

    private final AtomicInteger inside = new AtomicInteger();

    private Step doubleBarrier(CuratorFramework client) {
        return () -> {
            // Nobody goes alone: who would find the others gone does not begin.
            DistributedDoubleBarrier barrier = new DistributedDoubleBarrier(client, "/barrier", CLIENTS);
            boolean all = barrier.enter(2, TimeUnit.SECONDS);
            if (all) {
                inside.incrementAndGet();
            }
            barrier.leave(2, TimeUnit.SECONDS);
        };
    }

    private final Set<String> offered = ConcurrentHashMap.newKeySet();
    private final Set<String> taken = ConcurrentHashMap.newKeySet();

    private Step producer(CuratorFramework client) {
        SimpleDistributedQueue queue = new SimpleDistributedQueue(client, "/queue");
        AtomicInteger next = new AtomicInteger();
        return () -> {
            String item = "item " + next.getAndIncrement();
            if (queue.offer(item.getBytes())) {
                offered.add(item);
            }
            while (!stopping && offered.size() > taken.size() + 100) {
                Thread.sleep(1);
            }
        };
    }

    private Step consumer(CuratorFramework client) {
        SimpleDistributedQueue queue = new SimpleDistributedQueue(client, "/queue");
        return () -> {
            byte[] item = queue.poll(100, TimeUnit.MILLISECONDS);
            if (item != null) {
                taken.add(new String(item));
            }
        };
    }

    /** Two znodes that change together or not at all. */
    private Step transaction(CuratorFramework client) throws Exception {
        client.create().orSetData().creatingParentsIfNeeded().forPath("/pair/a", "0".getBytes());
        client.create().orSetData().creatingParentsIfNeeded().forPath("/pair/b", "0".getBytes());
        AtomicInteger next = new AtomicInteger();
        return () -> {
            byte[] value = String.valueOf(next.incrementAndGet()).getBytes();
            client.transaction().forOperations(
                client.transactionOp().check().forPath("/pair"),
                client.transactionOp().setData().forPath("/pair/a", value),
                client.transactionOp().setData().forPath("/pair/b", value));
        };
    }

    private Step changes(CuratorFramework client) throws Exception {
        client.create().orSetData().creatingParentsIfNeeded().forPath("/cached", "0".getBytes());
        AtomicInteger next = new AtomicInteger();
        return () -> {
            int i = next.incrementAndGet();
            client.setData().forPath("/cached", String.valueOf(i).getBytes());
            client.create().orSetData().forPath("/cached/" + i % 20, String.valueOf(i).getBytes());
            client.delete().quietly().forPath("/cached/" + (i + 7) % 20);
            Thread.sleep(2);
        };
    }

    private List<LeaderLatch> latches() throws Exception {
        List<LeaderLatch> latches = new ArrayList<>();
        for (CuratorFramework client : clients) {
            LeaderLatch latch = new LeaderLatch(client, "/latch");
            latch.start();
            latches.add(latch);
        }
        return latches;
    }

    private final AtomicInteger leaders = new AtomicInteger();

    private List<LeaderSelector> selectors() {
        List<LeaderSelector> selectors = new ArrayList<>();
        for (CuratorFramework client : clients) {
            LeaderSelector selector = new LeaderSelector(client, "/selector", new LeaderSelectorListenerAdapter() {
                @Override
                public void takeLeadership(CuratorFramework unused) throws Exception {
                    try {
                        require(leaders.incrementAndGet() == 1, "one leads");
                        Thread.sleep(2);
                        count("leader selector").incrementAndGet();
                    } catch (IllegalStateException e) {
                        broken.compareAndSet(null, e);
                    } finally {
                        leaders.decrementAndGet();
                    }
                }
            });
            count("leader selector");
            selector.autoRequeue();
            selector.start();
            selectors.add(selector);
        }
        return selectors;
    }

    /** All kinds of caches on one part of the tree. */
    private static final class Caches {
        final NodeCache node;
        final PathChildrenCache children;
        final TreeCache tree;
        final CuratorCache cache;

        Caches(CuratorFramework client) throws Exception {
            node = new NodeCache(client, "/cached");
            children = new PathChildrenCache(client, "/cached", true);
            tree = new TreeCache(client, "/cached");
            cache = CuratorCache.build(client, "/cached");
            node.start(true);
            children.start();
            tree.start();
            cache.start();
        }

        /** What they say is there: `path=data`. */
        List<Set<String>> contents() {
            Set<String> fromChildren = new TreeSet<>();
            children.getCurrentData().forEach(child -> fromChildren.add(child.getPath() + "=" + new String(child.getData())));
            Set<String> fromTree = new TreeSet<>();
            if (tree.getCurrentChildren("/cached") != null) {
                tree.getCurrentChildren("/cached").forEach((name, child) -> fromTree.add(child.getPath() + "=" + new String(child.getData())));
            }
            Set<String> fromCache = new TreeSet<>();
            cache.stream().filter(child -> !child.getPath().equals("/cached")).forEach(child -> fromCache.add(child.getPath() + "=" + new String(child.getData())));
            return Arrays.asList(fromChildren, fromTree, fromCache);
        }
    }

    // --- In the end ---

    private interface Probe {
        boolean holds() throws Exception;
    }

    private static void eventually(String promise, Probe probe) throws Exception {
        for (int i = 0; i < PATIENCE_S * 10; i++) {
            try {
                if (probe.holds()) {
                    return;
                }
            } catch (KeeperException e) {
                // It has the time to come back.
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException("Broken: in the end, " + promise);
    }

    private void finish(List<LeaderLatch> latches, List<LeaderSelector> selectors, PersistentNode node, List<GroupMember> members, Caches caches) throws Exception {
        CuratorFramework client = clients.get(0);
        eventually("one latch leads", () -> latches.stream().filter(LeaderLatch::hasLeadership).count() == 1);
        selectors.forEach(LeaderSelector::close);
        eventually("the persistent node is there", () -> client.checkExists().forPath("/persistent") != null);
        node.close();
        for (GroupMember member : members) {
            eventually("every member sees all", () -> member.getCurrentMembers().size() == CLIENTS);
        }
        AtomicValue<Long> counted = new DistributedAtomicLong(client, "/counter", new RetryNTimes(10, 100)).get();
        require(counted.postValue() >= increments.get(), "every acknowledged increment counts: " + counted.postValue() + " of " + increments);
        // Each cut-off one may have been tried again by the client, and so may count more than once: that is not promised.
        require(counted.postValue() <= increments.get() + 301L * suspensions.get() + unknownIncrements.get(), "no increment is made up");
        SimpleDistributedQueue queue = new SimpleDistributedQueue(clients.get(1), "/queue");
        for (byte[] item = queue.poll(1, TimeUnit.SECONDS); item != null; item = queue.poll(1, TimeUnit.SECONDS)) {
            taken.add(new String(item));
        }
        Set<String> missing = new TreeSet<>(offered);
        missing.removeAll(taken);
        // When the deletion of an item is cut off, and happened, Curator's next try takes it for somebody else's, and hands out another.
        require(missing.size() <= suspensions.get(), "every offered item is taken: " + missing);
        client.sync().forPath("/pair");
        require(Arrays.equals(client.getData().forPath("/pair/a"), client.getData().forPath("/pair/b")), "the pair is equal");
        require(inside.get() > 0, "the double barrier let all in");

        CountDownLatch synced = new CountDownLatch(1);
        clients.get(1).sync().inBackground((unused, event) -> synced.countDown()).forPath("/cached");
        require(synced.await(PATIENCE_S, TimeUnit.SECONDS), "sync answers");
        Set<String> there = new TreeSet<>();
        for (String child : client.getChildren().forPath("/cached")) {
            there.add("/cached/" + child + "=" + new String(client.getData().forPath("/cached/" + child)));
        }
        try {
            eventually("every cache has what is there", () -> caches.contents().stream().allMatch(there::equals));
        } catch (IllegalStateException e) {
            throw new IllegalStateException(e.getMessage() + ": " + there + ", but path, tree and Curator's cache have " + caches.contents());
        }
        byte[] data = client.getData().forPath("/cached");
        eventually("the node's cache, too", () -> Arrays.equals(caches.node.getCurrentData().getData(), data));
        checkBroken();
    }
}
