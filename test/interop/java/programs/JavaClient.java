import static org.apache.zookeeper.ZooDefs.Ids.CREATOR_ALL_ACL;
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.AsyncCallback;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZKUtil;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ConnectStringParser;
import org.apache.zookeeper.client.StaticHostProvider;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

/**
 * What users of ZooKeeper's Java client do most, told line by line: two servers that behave alike make it say the same. The server has
 * short ticks, TTL znodes, and SASL with a user bob; this JVM's login configuration is bob's.
 */
public final class JavaClient {

    private static final int SESSION_TIMEOUT_MS = 10_000;
    private static final int SHORT_SESSION_TIMEOUT_MS = 2_000;
    private static final int PATIENCE_S = 30;

    private final String server;

    private JavaClient(String server) {
        this.server = server;
    }

    public static void main(String[] args) throws Exception {
        JavaClient client = new JavaClient(args[0]);
        client.section("node kinds", client::nodeKinds);
        client.section("watches", client::watches);
        client.section("multi", client::multi);
        client.section("access lists", client::accessLists);
        client.section("a connection that breaks", client::reconnect);
        client.section("a session on two connections", client::moved);
        client.section("expiry", client::expiry);
        client.section("order of asynchronous calls", client::order);
        client.section("chroot", client::chroot);
        client.section("jute.maxbuffer", client::maxBuffer);
        client.section("SASL", client::sasl);
        System.exit(0); // Threads of failed clients may live.
    }

    private interface Part {
        void play() throws Exception;
    }

    private void section(String title, Part part) throws Exception {
        say("# " + title);
        try (ZooKeeper zk = connect(server).zk) {
            for (String child : zk.getChildren("/", false)) {
                if (!child.equals("zookeeper")) {
                    ZKUtil.deleteRecursive(zk, "/" + child);
                }
            }
            zk.create("/j", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        }
        part.play();
    }

    private static void say(Object line) {
        System.out.println(line);
    }

    /** A client and the events that its watchers were told. */
    private static final class Handle implements Watcher, AutoCloseable {
        final BlockingQueue<WatchedEvent> states = new LinkedBlockingQueue<>();
        final BlockingQueue<String> events = new LinkedBlockingQueue<>();
        ZooKeeper zk;

        @Override
        public void process(WatchedEvent event) {
            if (event.getType() == Event.EventType.None) {
                states.add(event);
            } else {
                events.add(event.getType() + " " + event.getPath());
            }
        }

        /** Waits for a state, whatever comes before. */
        void until(Event.KeeperState state) throws InterruptedException {
            for (WatchedEvent event = next(states); event.getState() != state; event = next(states)) {
                // Another one on the way there.
            }
        }

        void sayEvents(int count) throws InterruptedException {
            for (int i = 0; i < count; i++) {
                say("  event " + next(events));
            }
        }

        /** Nothing was told that nobody asked for. */
        void sayNoMore() {
            say("  further events " + events);
        }

        private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
            T item = queue.poll(PATIENCE_S, TimeUnit.SECONDS);
            if (item == null) {
                throw new IllegalStateException("Nothing came in " + PATIENCE_S + " s");
            }
            return item;
        }

        @Override
        public void close() throws InterruptedException {
            zk.close();
        }
    }

    private Handle connect(String where) throws Exception {
        return connect(where, false, SESSION_TIMEOUT_MS);
    }

    private Handle connect(String where, boolean sasl, int sessionTimeoutMs) throws Exception {
        Handle handle = new Handle();
        ZKClientConfig config = new ZKClientConfig();
        config.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, String.valueOf(sasl));
        handle.zk = new ZooKeeper(where, sessionTimeoutMs, handle, config);
        handle.until(sasl ? Watcher.Event.KeeperState.SaslAuthenticated : Watcher.Event.KeeperState.SyncConnected);
        return handle;
    }

    /** Goes on with a session that another handle opened. */
    private Handle takeUp(long sessionId, byte[] password) throws Exception {
        Handle handle = new Handle();
        ZKClientConfig config = new ZKClientConfig();
        config.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, "false");
        StaticHostProvider hosts = new StaticHostProvider(new ConnectStringParser(server).getServerAddresses());
        handle.zk = new ZooKeeper(server, SESSION_TIMEOUT_MS, handle, sessionId, password, false, hosts, config);
        return handle;
    }

    private interface Call {
        Object make() throws KeeperException, InterruptedException;
    }

    /** What a call gives, or the code of its failure and its path. */
    private static void tell(String what, Call call) throws InterruptedException {
        try {
            say(what + " -> " + show(call.make()));
        } catch (KeeperException e) {
            say(what + " -> " + e.code() + " " + e.getPath());
        } catch (IllegalArgumentException e) {
            say(what + " -> " + e.getMessage());
        }
    }

    private static String show(Object value) {
        if (value instanceof byte[]) {
            return "'" + new String((byte[]) value) + "'";
        }
        if (value instanceof Stat) {
            Stat stat = (Stat) value;
            return "v" + stat.getVersion() + " c" + stat.getCversion() + " a" + stat.getAversion() + " length " + stat.getDataLength() + " children " + stat.getNumChildren()
                + (stat.getEphemeralOwner() == 0 ? "" : stat.getEphemeralOwner() < 0 ? " container or ttl " + Long.toHexString(stat.getEphemeralOwner()) : " ephemeral");
        }
        if (value instanceof List && !((List<?>) value).isEmpty() && ((List<?>) value).get(0) instanceof String) {
            return new TreeSet<>((List<?>) value).toString();
        }
        return String.valueOf(value).trim();
    }

    private static byte[] bytes(String text) {
        return text.getBytes();
    }

    private void nodeKinds() throws Exception {
        try (Handle handle = connect(server)) {
            ZooKeeper zk = handle.zk;
            for (CreateMode mode : CreateMode.values()) {
                Stat stat = new Stat();
                String name = "/j/" + mode.name().toLowerCase();
                if (mode.isTTL()) {
                    tell("create " + mode, () -> zk.create(name, bytes("x"), OPEN_ACL_UNSAFE, mode, stat, 60_000));
                } else {
                    tell("create " + mode, () -> zk.create(name, bytes("x"), OPEN_ACL_UNSAFE, mode, stat));
                }
                say("  " + show(stat));
            }
            tell("without TTL", () -> zk.create("/j/ttl", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL));
            tell("null data", () -> zk.create("/j/null", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            tell("again", () -> zk.create("/j/null", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            tell("under an ephemeral", () -> zk.create("/j/ephemeral/x", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            tell("without a parent", () -> zk.create("/j/no/x", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            tell("getData of null", () -> zk.getData("/j/null", false, null));
            tell("set", () -> zk.setData("/j/null", bytes("now"), 0));
            tell("set an old version", () -> zk.setData("/j/null", bytes("late"), 0));
            tell("delete a parent", () -> {
                zk.delete("/j", -1);
                return "gone";
            });
            tell("children", () -> zk.getChildren("/j", false));
            tell("all children", () -> zk.getAllChildrenNumber("/j"));
            tell("ephemerals", () -> zk.getEphemerals());
            tell("ephemerals of a prefix", () -> zk.getEphemerals("/j/ephemeral_"));
            tell("sync", () -> {
                CountDownLatch synced = new CountDownLatch(1);
                zk.sync("/j", (rc, path, context) -> {
                    say("  synced " + KeeperException.Code.get(rc) + " " + path);
                    synced.countDown();
                }, null);
                return synced.await(PATIENCE_S, TimeUnit.SECONDS);
            });
        }
        try (Handle handle = connect(server)) {
            tell("ephemerals after close", () -> handle.zk.getChildren("/j", false));
        }
    }

    private void watches() throws Exception {
        try (Handle handle = connect(server); Handle data = connect(server); Handle recursive = connect(server)) {
            ZooKeeper zk = handle.zk;
            zk.create("/j/a", bytes("1"), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            // One of each kind on one client; whoever changes things is another.
            data.zk.getData("/j/a", data, null);
            data.zk.exists("/j/new", data);
            data.zk.getChildren("/j/a", data);
            recursive.zk.addWatch("/j", recursive, AddWatchMode.PERSISTENT_RECURSIVE);
            zk.setData("/j/a", bytes("2"), -1);
            zk.create("/j/a/child", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            zk.create("/j/new", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            zk.setData("/j/a", bytes("3"), -1);
            zk.setData("/j/new", bytes("3"), -1);
            zk.delete("/j/a/child", -1);
            zk.delete("/j/a", -1);
            say("one-shot");
            data.sayEvents(3);
            data.zk.exists("/j", false);
            data.sayNoMore();
            say("persistent recursive");
            recursive.sayEvents(7);
            say("persistent");
            data.zk.addWatch("/j/p", data, AddWatchMode.PERSISTENT);
            zk.create("/j/p", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            zk.setData("/j/p", null, -1);
            zk.create("/j/p/c", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            zk.setData("/j/p/c", null, -1);
            zk.delete("/j/p/c", -1);
            zk.delete("/j/p", -1);
            zk.create("/j/p", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            data.sayEvents(6);
            tell("remove the persistent one", () -> {
                data.zk.removeWatches("/j/p", data, Watcher.WatcherType.Any, false);
                return "done";
            });
            tell("remove it again", () -> {
                data.zk.removeWatches("/j/p", data, Watcher.WatcherType.Any, false);
                return "done";
            });
            data.zk.getData("/j/p", data, null);
            data.zk.getChildren("/j/p", data);
            tell("remove the data watch", () -> {
                data.zk.removeWatches("/j/p", data, Watcher.WatcherType.Data, false);
                return "done";
            });
            zk.setData("/j/p", null, -1);
            zk.create("/j/p/c", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            data.sayEvents(3);
            data.zk.exists("/j", false);
            data.sayNoMore();
            tell("remove all, recursive", () -> {
                recursive.zk.removeAllWatches("/j", Watcher.WatcherType.Any, false);
                return "done";
            });
            zk.setData("/j/p", null, -1);
            recursive.sayEvents(9);
            recursive.zk.exists("/j", false);
            recursive.sayNoMore();
            tell("a watch on nothing", () -> data.zk.getData("/j/nothing", data, null));
        }
    }

    private void multi() throws Exception {
        try (Handle handle = connect(server)) {
            ZooKeeper zk = handle.zk;
            tell("all succeed", () -> zk.multi(Arrays.asList(
                Op.create("/j/m", bytes("m"), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
                Op.create("/j/m/s-", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL),
                Op.create("/j/box", null, OPEN_ACL_UNSAFE, CreateMode.CONTAINER),
                Op.create("/j/ttl", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, 60_000),
                Op.setData("/j/m", bytes("n"), 0),
                Op.check("/j/m", 1),
                Op.delete("/j/m/s-0000000000", 0))).stream().map(JavaClient::result).collect(Collectors.joining(", ")));
            List<Op> failing = Arrays.asList(
                Op.setData("/j/m", bytes("never"), -1),
                Op.delete("/j/none", -1),
                Op.create("/j/never", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            try {
                zk.multi(failing);
            } catch (KeeperException e) {
                say("one fails -> " + e.code() + " " + e.getPath() + " " + e.getResults().stream().map(JavaClient::result).collect(Collectors.joining(", ")));
            }
            tell("nothing happened", () -> zk.getData("/j/m", false, null));
            tell("an empty one", () -> zk.multi(Collections.emptyList()));
            tell("reads", () -> zk.multi(Arrays.asList(Op.getData("/j/m"), Op.getChildren("/j"), Op.getData("/j/none"), Op.getChildren("/j/m")))
                .stream().map(JavaClient::result).collect(Collectors.joining(", ")));
            tell("a transaction", () -> zk.transaction().check("/j/m", 1).setData("/j/m", bytes("t"), 1).create("/j/t", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL)
                .commit().stream().map(JavaClient::result).collect(Collectors.joining(", ")));
        }
    }

    private static String result(OpResult result) {
        if (result instanceof OpResult.ErrorResult) {
            return "error " + KeeperException.Code.get(((OpResult.ErrorResult) result).getErr());
        }
        if (result instanceof OpResult.CreateResult) {
            OpResult.CreateResult created = (OpResult.CreateResult) result;
            return "created " + created.getPath() + (created.getStat() == null ? "" : " " + show(created.getStat()));
        }
        if (result instanceof OpResult.SetDataResult) {
            return "set " + show(((OpResult.SetDataResult) result).getStat());
        }
        if (result instanceof OpResult.GetDataResult) {
            return "data " + show(((OpResult.GetDataResult) result).getData());
        }
        if (result instanceof OpResult.GetChildrenResult) {
            return "children " + show(((OpResult.GetChildrenResult) result).getChildren());
        }
        return result.getClass().getSimpleName();
    }

    private void accessLists() throws Exception {
        try (Handle handle = connect(server); Handle stranger = connect(server)) {
            ZooKeeper zk = handle.zk;
            tell("CREATOR_ALL without an identity", () -> zk.create("/j/mine", null, CREATOR_ALL_ACL, CreateMode.PERSISTENT));
            zk.addAuthInfo("digest", bytes("ann:secret"));
            tell("who", () -> zk.whoAmI().stream().map(info -> info.getAuthScheme() + ":" + info.getUser()).sorted().collect(Collectors.toList()));
            tell("CREATOR_ALL", () -> zk.create("/j/mine", bytes("m"), CREATOR_ALL_ACL, CreateMode.PERSISTENT));
            tell("its list", () -> zk.getACL("/j/mine", new Stat()));
            tell("a stranger reads", () -> stranger.zk.getData("/j/mine", false, null));
            tell("a stranger looks", () -> stranger.zk.exists("/j/mine", false));
            tell("a stranger asks for the list", () -> stranger.zk.getACL("/j/mine", null));
            tell("a stranger makes a child", () -> stranger.zk.create("/j/mine/x", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            List<ACL> some = Arrays.asList(
                new ACL(Perms.READ, new Id("world", "anyone")),
                new ACL(Perms.ALL, new Id("auth", "")),
                new ACL(Perms.WRITE, new Id("ip", "127.0.0.0/8")),
                new ACL(Perms.DELETE, new Id("ip", "10.0.0.1")));
            tell("setACL", () -> zk.setACL("/j/mine", some, 0));
            tell("setACL of an old version", () -> zk.setACL("/j/mine", some, 0));
            tell("the new list", () -> zk.getACL("/j/mine", null));
            tell("a stranger reads", () -> stranger.zk.getData("/j/mine", false, null));
            tell("a stranger writes", () -> stranger.zk.setData("/j/mine", null, -1));
            tell("a stranger changes the list", () -> stranger.zk.setACL("/j/mine", OPEN_ACL_UNSAFE, -1));
            stranger.zk.addAuthInfo("digest", bytes("ann:wrong"));
            tell("with another password", () -> stranger.zk.setACL("/j/mine", OPEN_ACL_UNSAFE, -1));
            stranger.zk.addAuthInfo("digest", bytes("ann:secret"));
            tell("with the password", () -> stranger.zk.setACL("/j/mine", OPEN_ACL_UNSAFE, -1));
            tell("no such scheme", () -> zk.create("/j/x", null, Collections.singletonList(new ACL(Perms.ALL, new Id("no", "x"))), CreateMode.PERSISTENT));
            tell("no list", () -> zk.create("/j/x", null, Collections.emptyList(), CreateMode.PERSISTENT));
        }
        Handle failing = connect(server);
        failing.zk.addAuthInfo("nonsense", bytes("x"));
        failing.until(Watcher.Event.KeeperState.AuthFailed);
        tell("after a failed authentication", () -> failing.zk.exists("/", false));
        failing.close();
    }

    private void reconnect() throws Exception {
        try (Cutter cutter = new Cutter(server); Handle handle = connect(cutter.address()); Handle other = connect(server)) {
            ZooKeeper zk = handle.zk;
            long session = zk.getSessionId();
            zk.addAuthInfo("digest", bytes("ann:secret"));
            zk.create("/j/e", null, CREATOR_ALL_ACL, CreateMode.EPHEMERAL);
            zk.create("/j/a", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            zk.create("/j/b", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            zk.getData("/j/a", handle, null);
            zk.getData("/j/b", handle, null);
            zk.exists("/j/new", handle);
            zk.getChildren("/j/a", handle);
            zk.addWatch("/j", handle, AddWatchMode.PERSISTENT_RECURSIVE);
            cutter.block();
            handle.until(Watcher.Event.KeeperState.Disconnected);
            tell("while it is away", () -> zk.exists("/j", false));
            // Changes that the watches must tell of when it is back; a persistent one tells of those after.
            other.zk.setData("/j/a", bytes("x"), -1);
            other.zk.delete("/j/b", -1);
            other.zk.create("/j/new", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            cutter.restore();
            handle.until(Watcher.Event.KeeperState.SyncConnected);
            tell("the same session", () -> zk.getSessionId() == session);
            tell("its ephemeral, its identity", () -> zk.getData("/j/e", false, null));
            TreeSet<String> missed = new TreeSet<>();
            for (int i = 0; i < 3; i++) {
                missed.add(Handle.next(handle.events));
            }
            say("missed " + missed);
            other.zk.create("/j/a/after", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            TreeSet<String> after = new TreeSet<>(Arrays.asList(Handle.next(handle.events), Handle.next(handle.events)));
            say("after " + after);
            handle.sayNoMore();
            for (int i = 0; i < 5; i++) {
                cutter.cut();
                handle.until(Watcher.Event.KeeperState.SyncConnected);
            }
            tell("after five more cuts", () -> zk.getSessionId() == session && zk.exists("/j/e", false) != null);
        }
    }

    private void moved() throws Exception {
        try (Cutter cutter = new Cutter(server); Handle first = connect(cutter.address()); Handle watcher = connect(server)) {
            first.zk.create("/j/e", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
            watcher.zk.exists("/j/e", watcher);
            cutter.block();
            first.until(Watcher.Event.KeeperState.Disconnected);
            Handle second = takeUp(first.zk.getSessionId(), first.zk.getSessionPasswd());
            second.until(Watcher.Event.KeeperState.SyncConnected);
            tell("the session goes on elsewhere", () -> second.zk.getSessionId() == first.zk.getSessionId());
            tell("with its ephemerals", () -> second.zk.getEphemerals());
            second.zk.setData("/j/e", bytes("moved"), -1);
            watcher.sayEvents(1);
            watcher.zk.exists("/j/e", watcher);
            second.close();
            watcher.sayEvents(1);
            cutter.restore();
            first.until(Watcher.Event.KeeperState.Expired);
            tell("who comes back to a closed session", () -> first.zk.exists("/j", false));
            // A session with another password is nobody's.
            Handle thief = takeUp(watcher.zk.getSessionId(), new byte[16]);
            thief.until(Watcher.Event.KeeperState.Expired);
            thief.close();
            // The original breaks the connection of the robbed one, which comes back; ours leaves it in peace.
            tell("the robbed one", () -> {
                while (true) {
                    try {
                        return watcher.zk.exists("/j", false);
                    } catch (KeeperException.ConnectionLossException e) {
                        // It will be back.
                    }
                }
            });
        }
    }

    private void expiry() throws Exception {
        try (Cutter cutter = new Cutter(server); Handle handle = connect(cutter.address(), false, SHORT_SESSION_TIMEOUT_MS); Handle other = connect(server)) {
            handle.zk.create("/j/e", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
            handle.zk.create("/j/e-", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL_SEQUENTIAL);
            other.zk.addWatch("/j", other, AddWatchMode.PERSISTENT_RECURSIVE);
            say("granted " + handle.zk.getSessionTimeout());
            long start = System.nanoTime();
            cutter.block();
            TreeSet<String> gone = new TreeSet<>(Arrays.asList(Handle.next(other.events), Handle.next(other.events)));
            long tookMs = (System.nanoTime() - start) / 1_000_000;
            say("gone " + gone + ", not before its time: " + (tookMs >= SHORT_SESSION_TIMEOUT_MS / 3));
            cutter.restore();
            handle.until(Watcher.Event.KeeperState.Expired);
            tell("afterwards", () -> handle.zk.exists("/j", false));
        }
    }

    /** Answers in the order of the calls, each event before the answer that shows its change. */
    private void order() throws Exception {
        try (Handle handle = connect(server)) {
            ZooKeeper zk = handle.zk;
            int rounds = 300;
            List<String> told = Collections.synchronizedList(new ArrayList<>());
            CountDownLatch done = new CountDownLatch(rounds * 4);
            zk.create("/j/o", bytes("start"), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            zk.addWatch("/j/o", event -> told.add("event"), AddWatchMode.PERSISTENT);
            for (int i = 0; i < rounds; i++) {
                int round = i;
                AsyncCallback.StatCallback set = (rc, path, context, stat) -> note(told, done, "set " + rc + " " + round + " v" + stat.getVersion());
                AsyncCallback.DataCallback get = (rc, path, context, data, stat) -> note(told, done, "get " + rc + " " + round + " " + new String(data));
                zk.setData("/j/o", bytes("" + round), -1, set, null);
                zk.getData("/j/o", false, get, null);
                zk.create("/j/o-" + round, null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, (rc, path, context, name) -> note(told, done, "create " + rc + " " + name), null);
                zk.delete("/j/o-" + round, -1, (rc, path, context) -> note(told, done, "delete " + rc + " " + path), null);
            }
            if (!done.await(PATIENCE_S, TimeUnit.SECONDS)) {
                throw new IllegalStateException("Not all was answered");
            }
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < rounds; i++) {
                expected.addAll(Arrays.asList("event", "set 0 " + i + " v" + (i + 1), "get 0 " + i + " " + i, "create 0 /j/o-" + i, "delete 0 /j/o-" + i));
            }
            say("in order: " + told.equals(expected));
            if (!told.equals(expected)) {
                say(told);
            }
        }
    }

    private static void note(List<String> told, CountDownLatch done, String line) {
        told.add(line);
        done.countDown();
    }

    private void chroot() throws Exception {
        try (Handle handle = connect(server); Handle inside = connect(server + "/j/app/deep")) {
            tell("before it exists", () -> inside.zk.create("/x", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            handle.zk.create("/j/app", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            handle.zk.create("/j/app/deep", bytes("root"), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            tell("its root", () -> inside.zk.getData("/", inside, null));
            tell("create", () -> inside.zk.create("/s-", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL_SEQUENTIAL));
            tell("again", () -> inside.zk.create("/s-0000000000", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL));
            tell("its ephemerals", () -> inside.zk.getEphemerals());
            tell("from outside", () -> handle.zk.getChildren("/j/app/deep", false));
            inside.zk.addWatch("/", inside, AddWatchMode.PERSISTENT_RECURSIVE);
            handle.zk.setData("/j/app/deep", null, -1);
            handle.zk.create("/j/app/deep/x", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            inside.sayEvents(2);
            tell("multi", () -> inside.zk.multi(Arrays.asList(Op.create("/m", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT), Op.delete("/x", -1)))
                .stream().map(JavaClient::result).collect(Collectors.joining(", ")));
        }
    }

    private void maxBuffer() throws Exception {
        try (Handle handle = connect(server)) {
            ZooKeeper zk = handle.zk;
            long session = zk.getSessionId();
            int limit = 0xfffff; // Of a packet: header, path, data, version.
            int fits = limit - 8 - 4 - "/j/big".length() - 4 - 4;
            zk.create("/j/big", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            tell("as large as may be", () -> zk.setData("/j/big", new byte[fits], -1));
            tell("a byte more", () -> zk.setData("/j/big", new byte[fits + 1], -1));
            handle.until(Watcher.Event.KeeperState.Disconnected);
            handle.until(Watcher.Event.KeeperState.SyncConnected);
            tell("the session goes on", () -> zk.getSessionId() == session);
            tell("what is there", () -> zk.getData("/j/big", false, null).length - fits);
        }
    }

    private void sasl() throws Exception {
        try (Handle bob = connect(server, true, SESSION_TIMEOUT_MS); Handle stranger = connect(server)) {
            tell("who", () -> bob.zk.whoAmI().stream().map(info -> info.getAuthScheme() + ":" + info.getUser()).sorted().collect(Collectors.toList()));
            tell("bob's", () -> bob.zk.create("/j/bobs", bytes("b"), CREATOR_ALL_ACL, CreateMode.PERSISTENT));
            tell("its list", () -> bob.zk.getACL("/j/bobs", null));
            tell("bob reads", () -> bob.zk.getData("/j/bobs", false, null));
            tell("a stranger reads", () -> stranger.zk.getData("/j/bobs", false, null));
            tell("bob deletes", () -> {
                bob.zk.delete("/j/bobs", -1);
                return "gone";
            });
        }
    }
}
