"""kazoo against a coordinator: one case a run, as `support/client-cases.ts` describes.

    kazoo_cases.py CASE DIRECT PROXIED

Every case works below a path of its own and looks at what it finds by `assert`.
"""

import datetime
import logging
import sys
import threading
import time
import uuid

from kazoo.client import KazooClient
from kazoo.exceptions import (
    AuthFailedError,
    BadVersionError,
    NoAuthError,
    NoChildrenForEphemeralsError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
    RuntimeInconsistency,
)
from kazoo.protocol.states import EventType, KazooState
from kazoo.security import make_acl, make_digest_acl, make_digest_acl_credential
from kazoo.recipe.barrier import Barrier, DoubleBarrier
from kazoo.recipe.cache import TreeCache, TreeEvent

WAIT_S = 30
SUPER = "super:test"
BOB, BOBS_PASSWORD = "bob", "builder"


def ask(wish):
    """Asks the test to do something to the line or the server, and waits until it is done."""
    print("@" + wish, flush=True)
    assert sys.stdin.readline(), "the test has gone"


class World:
    def __init__(self, direct, proxied):
        self.direct, self.proxied = direct, proxied
        self.root = "/kazoo-" + uuid.uuid4().hex
        self.clients = []

    def client(self, hosts=None, **options):
        options.setdefault("timeout", 10)
        client = KazooClient(hosts=hosts or self.direct, **options)
        client.start(timeout=WAIT_S)
        self.clients.append(client)
        return client

    def close(self):
        for client in self.clients:
            client.stop()
            client.close()


def in_threads(*jobs):
    """Runs the jobs together; the first failure is the caller's."""
    failures = []

    def guarded(job):
        try:
            job()
        except BaseException as failure:  # handed to the caller's thread
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
        assert not thread.is_alive(), "a job hangs"
    if failures:
        raise failures[0]


def refused(error, job, *args, **options):
    try:
        job(*args, **options)
    except error:
        return
    raise AssertionError("%r was not raised" % (error,))


class Events:
    """Watch events as they come."""

    def __init__(self):
        self.seen = []
        self.changed = threading.Condition()

    def __call__(self, event):
        with self.changed:
            self.seen.append(event)
            self.changed.notify_all()

    def wait(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.seen) >= count, WAIT_S), "only %r" % self.seen
        return [(event.type, event.path) for event in self.seen]


def nodes(world):
    zk, root = world.client(), world.root
    assert zk.create(root, b"top") == root
    refused(NodeExistsError, zk.create, root)
    refused(NoNodeError, zk.create, root + "/a/b")
    assert zk.create(root + "/a/b", b"x", makepath=True) == root + "/a/b"
    assert zk.create(root + "/e", ephemeral=True) == root + "/e"
    refused(NoChildrenForEphemeralsError, zk.create, root + "/e/x")
    names = [zk.create(root + "/a/s-", sequence=True) for _ in range(3)]
    assert [name[-10:] for name in names] == ["0000000001", "0000000002", "0000000003"], names
    both = zk.create(root + "/a/es-", ephemeral=True, sequence=True)
    assert both.endswith("es-0000000004"), both
    path, stat = zk.create(root + "/data", b"12345", include_data=True)
    assert (path, stat.data_length, stat.version, stat.children_count) == (root + "/data", 5, 0, 0)
    assert zk.exists(root + "/e").owner_session_id == zk.client_id[0]

    data, stat = zk.get(root)
    assert (data, stat.version, stat.numChildren, stat.cversion) == (b"top", 0, 3, 3), (data, stat)
    assert zk.set(root, b"new", version=0).version == 1
    refused(BadVersionError, zk.set, root, b"old", version=0)
    refused(NoNodeError, zk.get, root + "/no")
    assert zk.exists(root + "/no") is None
    assert sorted(zk.get_children(root)) == ["a", "data", "e"]
    children, stat = zk.get_children(root, include_data=True)
    assert sorted(children) == ["a", "data", "e"] and stat.version == 1
    assert zk.sync(root) == root
    refused(NotEmptyError, zk.delete, root)
    refused(BadVersionError, zk.delete, root + "/data", version=7)
    refused(NoNodeError, zk.delete, root + "/no")
    zk.set(root + "/data", None)
    assert zk.get(root + "/data")[0] in (b"", None)
    big = bytes(range(256)) * 4000
    zk.set(root + "/data", big)
    assert zk.get(root + "/data")[0] == big
    zk.delete(root, recursive=True)
    assert zk.exists(root) is None


def many_at_once(world):
    zk, root = world.client(), world.root
    zk.ensure_path(root)
    made = [zk.create_async("%s/%04d" % (root, i), str(i).encode()) for i in range(300)]
    read = [zk.get_async("%s/%04d" % (root, i)) for i in range(300)]
    assert [result.get(timeout=WAIT_S) for result in made] == ["%s/%04d" % (root, i) for i in range(300)]
    assert [result.get(timeout=WAIT_S)[0] for result in read] == [str(i).encode() for i in range(300)]
    assert sorted(zk.get_children(root)) == ["%04d" % i for i in range(300)]
    zk.delete(root, recursive=True)


def watches(world):
    zk, other, root = world.client(), world.client(), world.root
    seen = Events()
    zk.create(root, b"0")
    zk.get(root, watch=seen)
    other.set(root, b"1")
    assert seen.wait(1) == [(EventType.CHANGED, root)]
    other.set(root, b"2")  # fired once, forgotten
    zk.get_children(root, watch=seen)
    other.create(root + "/x")
    zk.exists(root + "/y", watch=seen)
    other.create(root + "/y")
    zk.exists(root + "/y", watch=seen)
    other.delete(root + "/y")
    assert seen.wait(4)[1:] == [(EventType.CHILD, root), (EventType.CREATED, root + "/y"), (EventType.DELETED, root + "/y")]

    # An event comes before the answer to a later read that shows the change: as the thread that reads the socket meets them, since
    # kazoo tells its program of events and of answers from a thread each.
    order = []
    hand_over, make_result = zk.handler.dispatch_callback, zk.handler.async_result

    def noted_event(callback):
        order.append("event")
        hand_over(callback)

    def noted_result(*args):
        result = make_result(*args)
        done = result.set

        def noted_answer(value=None):
            if isinstance(value, tuple):  # a get's data and stat
                order.append(value[0])
            done(value)

        result.set = noted_answer
        return result

    zk.get(root + "/x", watch=lambda event: None)
    zk.handler.dispatch_callback, zk.handler.async_result = noted_event, noted_result
    other.set(root + "/x", b"1")
    zk.sync(root)
    zk.get(root + "/x")
    assert order == ["event", b"1"], order


def data_and_children_watch(world):
    zk, other, root = world.client(), world.client(), world.root
    other.create(root, b"0")
    data, children, changed = [], [], threading.Condition()

    @zk.DataWatch(root)
    def on_data(value, stat, event):
        with changed:
            data.append((value, event and event.type))
            changed.notify_all()

    @zk.ChildrenWatch(root)
    def on_children(names):
        with changed:
            children.append(sorted(names))
            changed.notify_all()

    def until(what):
        with changed:
            assert changed.wait_for(what, WAIT_S), (data, children)

    until(lambda: data and children)
    for i in range(1, 4):
        other.set(root, str(i).encode())
        until(lambda: data[-1][0] == str(i).encode())
        other.create("%s/%d" % (root, i))
        until(lambda: children[-1] == [str(n) for n in range(1, i + 1)])
    other.delete(root, recursive=True)
    until(lambda: data[-1] == (None, EventType.DELETED))
    other.create(root, b"again")
    until(lambda: data[-1] == (b"again", EventType.CREATED))


def transactions(world):
    zk, root = world.client(), world.root
    transaction = zk.transaction()
    transaction.create(root, b"1")
    transaction.create(root + "/s-", b"x", sequence=True)
    transaction.check(root, 0)
    transaction.set_data(root, b"2", version=0)
    transaction.create(root + "/e", ephemeral=True)
    transaction.delete(root + "/e")
    results = transaction.commit()
    assert results[:3] == [root, root + "/s-0000000000", True], results
    assert results[3].version == 1 and results[4:] == [root + "/e", True], results
    transaction = zk.transaction()
    transaction.create(root + "/no", b"")
    transaction.check(root, 9)
    transaction.delete(root)
    kinds = [type(result) for result in transaction.commit()]
    assert kinds == [RolledBackError, BadVersionError, RuntimeInconsistency], kinds
    assert zk.exists(root + "/no") is None


def access_lists(world):
    root = world.root
    stranger = world.client()
    alice = world.client(auth_data=[("digest", "alice:secret")])
    digest = make_digest_acl("alice", "secret", all=True)
    assert digest.id.id == make_digest_acl_credential("alice", "secret")
    alice.create(root, b"mine", acl=[digest, make_acl("world", "anyone", read=True)])
    acls, stat = alice.get_acls(root)
    assert sorted((acl.perms, acl.id.scheme, acl.id.id) for acl in acls) == sorted(
        [(31, "digest", digest.id.id), (1, "world", "anyone")]
    ), acls
    assert stat.aversion == 0
    assert stranger.get(root)[0] == b"mine"
    refused(NoAuthError, stranger.set, root, b"")
    refused(NoAuthError, stranger.create, root + "/x")
    refused(NoAuthError, stranger.set_acls, root, acls)
    assert alice.set_acls(root, [make_acl("auth", "", all=True)], version=0).aversion == 1
    refused(BadVersionError, alice.set_acls, root, acls, version=0)
    refused(NoAuthError, stranger.get, root)
    refused(NoAuthError, stranger.get_children, root)
    stranger.add_auth("digest", "alice:secret")
    assert stranger.get(root)[0] == b"mine"

    near = [make_acl("ip", "127.0.0.0/8", all=True)]
    alice.create(root + "/near", acl=near)
    alice.create(root + "/far", b"far", acl=[make_acl("ip", "10.0.0.0/8", all=True)])
    stranger.set(root + "/near", b"x")
    refused(NoAuthError, stranger.get, root + "/far")
    boss = world.client(auth_data=[("digest", SUPER)])
    assert boss.get(root + "/far")[0] == b"far"

    default = world.client(default_acl=[digest], auth_data=[("digest", "alice:secret")])
    default.create(root + "/default")
    refused(NoAuthError, world.client().get, root + "/default")


def wrong_auth(world):
    zk = world.client()
    lost = threading.Event()
    zk.add_listener(lambda state: state == KazooState.LOST and lost.set())
    refused(AuthFailedError, zk.add_auth, "nosuch", "x:y")
    assert lost.wait(WAIT_S)


def sasl(world):
    options = {"mechanism": "DIGEST-MD5", "username": BOB, "password": BOBS_PASSWORD}
    bob = world.client(sasl_options=options)
    bob.create(world.root, b"bobs", acl=[make_acl("sasl", BOB, all=True)])
    assert bob.get(world.root)[0] == b"bobs"
    refused(NoAuthError, world.client().get, world.root)
    told = threading.Event()

    class Listener(logging.Handler):
        def emit(self, record):
            if record.getMessage().startswith("AUTH_FAILED"):
                told.set()

    logger = logging.getLogger("eve")
    logger.addHandler(Listener())
    eve = KazooClient(hosts=world.direct, sasl_options={**options, "password": "guess"}, timeout=10, logger=logger)
    eve.start_async()
    assert told.wait(WAIT_S)
    deadline = time.monotonic() + WAIT_S
    while eve.connected:  # it says so just before it goes
        assert time.monotonic() < deadline
        time.sleep(0.01)
    eve.stop()
    eve.close()


def cut_line(world):
    zk, other, root = world.client(world.proxied), world.client(), world.root
    states, connected = [], threading.Event()

    def listen(state):
        states.append(state)
        if state == KazooState.CONNECTED:
            connected.set()

    zk.create(root, b"0")
    zk.create(root + "/e", ephemeral=True)
    zk.add_auth("digest", "alice:secret")
    zk.create(root + "/mine", b"m", acl=[make_acl("auth", "", all=True)])
    zk.add_listener(listen)
    session = zk.client_id
    # kazoo ends plain watches with the line; DataWatch and ChildrenWatch come back by themselves.
    ended, data, children, changed = Events(), [], [], threading.Condition()
    zk.exists(root + "/later", watch=ended)

    def note(list_):
        def noted(value, *_):
            with changed:
                list_.append(value)
                changed.notify_all()

        return noted

    zk.DataWatch(root, note(data))
    zk.ChildrenWatch(root, note(children))
    ask("refuse")
    other.set(root, b"missed")
    ask("welcome")
    assert connected.wait(WAIT_S)
    assert states == [KazooState.SUSPENDED, KazooState.CONNECTED], states
    assert zk.client_id == session and other.exists(root + "/e")
    assert zk.retry(zk.get, root + "/mine")[0] == b"m"
    assert ended.wait(1) == [(EventType.NONE, None)]
    with changed:
        assert changed.wait_for(lambda: data[-1] == b"missed", WAIT_S), data
    other.create(root + "/later")
    with changed:
        assert changed.wait_for(lambda: sorted(children[-1]) == ["e", "later", "mine"], WAIT_S), children


def killed_server(world):
    zk, root = world.client(timeout=20), world.root
    zk.create(root, b"durable")
    zk.create(root + "/e", ephemeral=True)
    session = zk.client_id
    data, changed = [], threading.Condition()

    @zk.DataWatch(root)
    def on_data(value, _stat):
        with changed:
            data.append(value)
            changed.notify_all()

    back = threading.Event()
    zk.add_listener(lambda state: state == KazooState.CONNECTED and back.set())
    ask("kill")
    ask("start")
    assert back.wait(WAIT_S)
    assert zk.client_id == session
    assert zk.retry(zk.get, root)[0] == b"durable"
    assert zk.exists(root + "/e").owner_session_id == session[0]
    zk.set(root, b"1")
    with changed:
        assert changed.wait_for(lambda: data[-1] == b"1", WAIT_S), data


def expiry(world):
    zk, other, root = world.client(world.proxied, timeout=1.5), world.client(), world.root
    zk.create(root)
    zk.create(root + "/e", ephemeral=True)
    session = zk.client_id
    gone = Events()
    other.exists(root + "/e", watch=gone)
    states, connected = [], threading.Event()

    def listen(state):
        states.append(state)
        if state == KazooState.CONNECTED:
            connected.set()

    zk.add_listener(listen)
    ask("refuse")
    assert gone.wait(1) == [(EventType.DELETED, root + "/e")]
    ask("welcome")
    assert connected.wait(WAIT_S)
    assert states == [KazooState.SUSPENDED, KazooState.LOST, KazooState.CONNECTED], states
    assert zk.client_id != session


def stop_ends_session(world):
    zk, other, root = world.client(timeout=30), world.client(), world.root
    other.create(root)
    zk.create(root + "/e", ephemeral=True)
    gone = Events()
    other.exists(root + "/e", watch=gone)
    zk.stop()
    assert gone.wait(1) == [(EventType.DELETED, root + "/e")]


def locks(world):
    root, inside, order = world.root, [], []

    def worker(name):
        client = world.client()

        def job():
            with client.Lock(root + "/lock", name):
                assert not inside
                inside.append(name)
                order.append(name)
                client.sync("/")
                inside.remove(name)

        return job

    in_threads(*[worker("w%d" % i) for i in range(5)])
    assert len(order) == 5

    one, two = world.client(), world.client()
    lock, second = one.Lock(root + "/lock", "one"), two.Lock(root + "/lock", "two")
    assert lock.acquire() and lock.contenders() == ["one"]
    assert not second.acquire(blocking=False)
    taken = threading.Thread(target=second.acquire, daemon=True)
    taken.start()
    one.stop()  # the holder's session ends, the next one has it
    taken.join(WAIT_S)
    assert second.is_acquired
    second.release()


def read_write_locks(world):
    a, b, c = world.client(), world.client(), world.client()
    path = world.root + "/rw"
    read_a, read_b, write_c = a.ReadLock(path, "a"), b.ReadLock(path, "b"), c.WriteLock(path, "c")
    assert read_a.acquire(timeout=WAIT_S) and read_b.acquire(timeout=WAIT_S)
    assert not write_c.acquire(blocking=False)
    writing = threading.Thread(target=write_c.acquire, daemon=True)
    writing.start()
    read_a.release()
    read_b.release()
    writing.join(WAIT_S)
    assert write_c.is_acquired
    assert not read_a.acquire(blocking=False)
    write_c.release()
    assert read_a.acquire(timeout=WAIT_S)
    read_a.release()


def semaphores(world):
    a, b, c = world.client(), world.client(), world.client()
    path = world.root + "/sem"
    holders = [client.Semaphore(path, name, max_leases=2) for client, name in ((a, "a"), (b, "b"), (c, "c"))]
    assert holders[0].acquire() and holders[1].acquire()
    assert holders[0].lease_holders() in (["a", "b"], ["b", "a"])
    assert not holders[2].acquire(blocking=False)
    waiting = threading.Thread(target=holders[2].acquire, daemon=True)
    waiting.start()
    holders[0].release()
    waiting.join(WAIT_S)
    assert sorted(holders[2].lease_holders()) == ["b", "c"]


def elections(world):
    path, leaders, changed = world.root + "/election", [], threading.Condition()
    candidates = []
    for name in ("a", "b", "c"):
        client = world.client()
        resign = threading.Event()

        def lead(name=name, resign=resign):
            with changed:
                leaders.append(name)
                changed.notify_all()
            assert resign.wait(WAIT_S)

        election = client.Election(path, name)
        thread = threading.Thread(target=election.run, args=(lead,), daemon=True)
        candidates.append((name, election, resign, thread))
    for _, _, _, thread in candidates:
        thread.start()
    by_name = {name: (election, resign, thread) for name, election, resign, thread in candidates}
    for turn in range(3):
        with changed:
            assert changed.wait_for(lambda: len(leaders) == turn + 1, WAIT_S), leaders
        election, resign, thread = by_name[leaders[turn]]
        resign.set()
        thread.join(WAIT_S)
    assert sorted(leaders) == ["a", "b", "c"]


def barriers(world):
    root = world.root
    zk, other = world.client(), world.client()
    barrier = Barrier(zk, root + "/barrier")
    barrier.create()
    assert Barrier(other, root + "/barrier").wait(0.1) is False
    through = []
    in_threads(
        lambda: through.append(Barrier(other, root + "/barrier").wait(WAIT_S)),
        lambda: through.append(barrier.remove()),
    )
    assert through == [True, True], through

    entered = []
    together = threading.Barrier(3)

    def party(client):
        def job():
            double = DoubleBarrier(client, root + "/double", 3)
            double.enter()
            entered.append(1)
            together.wait(WAIT_S)
            assert len(entered) == 3
            double.leave()

        return job

    in_threads(*[party(world.client()) for _ in range(3)])


def parties(world):
    path = world.root + "/party"
    a, b, watcher = world.client(), world.client(), world.client()
    party_a, party_b = a.Party(path, "a"), b.Party(path, "b")
    party_a.join()
    party_b.join()
    assert sorted(watcher.Party(path)) == ["a", "b"] and len(party_a) == 2
    shallow = watcher.ShallowParty(world.root + "/shallow", "s")
    shallow.join()
    assert list(shallow) == ["s"]
    changed = Events()
    watcher.get_children(path, watch=changed)
    b.stop()
    changed.wait(1)
    assert sorted(watcher.Party(path)) == ["a"]
    party_a.leave()
    assert len(watcher.Party(path)) == 0


def queues(world):
    producer, consumer = world.client(), world.client()
    queue = producer.Queue(world.root + "/queue")
    for i in range(5):
        queue.put(str(i).encode(), priority=50 if i == 4 else 100)
    taking = consumer.Queue(world.root + "/queue")
    assert len(taking) == 5
    assert [taking.get() for _ in range(6)] == [b"4", b"0", b"1", b"2", b"3", None]

    locking = producer.LockingQueue(world.root + "/locking")
    locking.put_all([b"a", b"b"])
    one, two = consumer.LockingQueue(world.root + "/locking"), world.client().LockingQueue(world.root + "/locking")
    assert one.get(WAIT_S) == b"a" and two.get(WAIT_S) == b"b"
    assert one.consume() and two.release()
    assert one.get(WAIT_S) == b"b" and one.consume()
    assert len(locking) == 0


def counting(world):
    path = world.root + "/counter"
    counters = [world.client().Counter(path) for _ in range(4)]

    def count(counter):
        def job():
            mine = counter
            for _ in range(10):
                mine += 1

        return job

    in_threads(*[count(counter) for counter in counters])
    assert counters[0].value == 40
    counters[0] -= 15
    assert counters[1].value == 25


def leases(world):
    zk, other = world.client(), world.client()
    hour = datetime.timedelta(hours=1)
    assert zk.NonBlockingLease(world.root + "/lease", hour, identifier="a")
    assert not other.NonBlockingLease(world.root + "/lease", hour, identifier="b")


def tree_cache(world):
    zk, other, root = world.client(), world.client(), world.root
    other.ensure_path(root + "/a/b")
    seen, changed = [], threading.Condition()

    def listen(event):
        with changed:
            seen.append((event.event_type, event.event_data and event.event_data.path))
            changed.notify_all()

    def until(event):
        with changed:
            assert changed.wait_for(lambda: event in seen, WAIT_S), seen

    cache = TreeCache(zk, root)
    cache.listen(listen)
    cache.start()
    until((TreeEvent.INITIALIZED, None))
    other.create(root + "/a/b/c", b"1")
    until((TreeEvent.NODE_ADDED, root + "/a/b/c"))
    assert cache.get_data(root + "/a/b/c").data == b"1" and sorted(cache.get_children(root + "/a/b")) == ["c"]
    other.set(root + "/a/b/c", b"2")
    until((TreeEvent.NODE_UPDATED, root + "/a/b/c"))
    other.delete(root + "/a/b/c")
    until((TreeEvent.NODE_REMOVED, root + "/a/b/c"))
    cache.close()


def chroot(world):
    outside = world.client()
    outside.create(world.root)
    inside = world.client(world.direct + world.root)
    assert inside.create("/x", b"1") == "/x"
    assert inside.create("/s-", sequence=True) == "/s-0000000001"
    assert outside.get(world.root + "/x")[0] == b"1"
    seen = Events()
    inside.get("/x", watch=seen)
    outside.set(world.root + "/x", b"2")
    assert seen.wait(1) == [(EventType.CHANGED, "/x")]
    assert sorted(inside.get_children("/")) == ["s-0000000001", "x"]
    with inside.Lock("/lock"):
        assert len(outside.get_children(world.root + "/lock")) == 1
    fresh = world.client(world.direct + world.root + "/fresh")
    fresh.ensure_path("/")
    assert outside.exists(world.root + "/fresh")


def four_letters(world):
    zk = world.client()
    assert zk.command(b"ruok") == "imok"
    assert zk.server_version()[:2] == (3, 8)
    assert "zk_version" in zk.command(b"mntr")


def main():
    name, direct, proxied = sys.argv[1:]
    logging.basicConfig(level=logging.WARNING)
    world = World(direct, proxied)
    try:
        globals()[name](world)
    finally:
        world.close()


if __name__ == "__main__":
    main()
